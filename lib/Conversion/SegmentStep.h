// Plans `segments` and `newton`: what a step reads and computes, on CPUs and on GPUs.
#ifndef SEQC_LIB_CONVERSION_SEGMENTSTEP_H
#define SEQC_LIB_CONVERSION_SEGMENTSTEP_H

#include "TimeLanes.h"
#include "Weakness.h"
#include "seqc/Support/GpuShape.h"

#include "llvm/ADT/SetVector.h"

namespace seqc {

/// One recurrence whose channels are independent and of one shape. Its step is evaluated for a
/// vector at a time; what it reads beside the states is evaluated before.
class SegmentStep : protected TimeLanes {
public:
  /// Steps between two checks of the carry.
  static constexpr int64_t blockSteps = SegmentKernels::blockSteps;
  /// Where more of the segments than one in so many are wrong after the first repair, the gates are
  /// slow: then starts come from Newton's method.
  /// Segments of a few blocks are repaired as fast.
  static constexpr int64_t slowShare = 8, shortBlocks = SegmentKernels::shortBlocks;
  /// A move of states that needs no other pass of Newton's method.
  static constexpr double stillMove = 2e-6;

protected:
  SegmentStep(Group group, Weakness weakness);

  /// A value that the step reads, at an index within the step.
  struct Read {
    mlir::Value value;
    Index at;
  };

  Weakness weakness;
  bool guessesSteps; ///< plan `newton`

  /// What the step's state-dependent work reads: per step, and the same at every step.
  llvm::SmallVector<Read> elements, invariants;
  /// Vectors of outs, both parts of those that are interleaved.
  llvm::SmallVector<mlir::Value> outs;

  /// The step's derivative, for Newton's method: null where it has none.
  seq::LinearizedOp linearized;
  llvm::SmallVector<mlir::Value> lows, highs; ///< of guesses in the current row; null for none
  struct Linear {
    Tuple next, partials;
  };

  // --- what the step reads -----------------------------------------------------------------
  /// True if the step can be evaluated here; else nothing has changed.
  bool canEvaluateStep();
  /// Adds what the step reads, or its derivative, to `elements` and `invariants`, for the current
  /// channels; false where a state is read at another channel, or where an op does not work element
  /// by element.
  bool collectStep();
  bool collectDerivative();
  /// Evaluates what is the same at every step, before all loops of the row.
  void evaluateInvariants();

  // --- the step ----------------------------------------------------------------------------
  Tuple initialCarry();
  /// Evaluates element `i` at the current place. Bools are stored as bytes.
  mlir::Value evaluateElement(unsigned i);
  /// Defines what the step reads: a value of each element.
  void defineElements(const Tuple &values);
  /// The states after `carry`, and the outs.
  std::pair<Tuple, Tuple> step(const Tuple &carry);
  /// Steps from `first` to `end`, one after the other; the states after them.
  Tuple emitSteps(mlir::Value first, mlir::Value end, const Tuple &carry);
  /// Stores the vectors `values` of `outs` for the current place.
  void storeOuts(const Tuple &values, int64_t count);

  // --- derivatives -------------------------------------------------------------------------
  /// The next states from `carry`, and their partials; null where there is none.
  Linear linearStep(llvm::ArrayRef<mlir::Value> carry);
  /// `partials` times the matrix `columns`, both row by row.
  Tuple multiply(llvm::ArrayRef<mlir::Value> partials, llvm::ArrayRef<mlir::Value> columns,
                 int64_t width);
  /// The unit matrix, row by row.
  Tuple identity(mlir::Type type);
  /// The invariant boxes that seq-linearize found, joined with the row's initial states.
  void findBounds();
  /// `v` where it is finite, within the box of state `c`; else `otherwise`.
  mlir::Value bounded(mlir::Value v, mlir::Value otherwise, unsigned c);
  mlir::Value finiteOr(mlir::Value v, mlir::Value otherwise);
  /// `v` where lane by lane `move` is 0, else `moved`: no bit changes where nothing moves.
  mlir::Value unlessStill(mlir::Value move, mlir::Value v, mlir::Value moved);

  // --- vectors -----------------------------------------------------------------------------
  mlir::VectorType vectorOf(mlir::Value v);
  llvm::SmallVector<mlir::Type> vectorsOfStates();
  /// Lanes that hold segments and where some bit of the states differs; i1: there are some.
  /// `merging`: what stands in memory then stays.
  mlir::Value differingLanes(const Tuple &a, const Tuple &c, bool merging = false);
  mlir::Value differs(const Tuple &a, const Tuple &c, bool merging = false);
  mlir::Value flipLastBit(mlir::Value v, mlir::Value condition);
  /// The starts that are compared with ends, of which `stored` were used.
  Tuple usedStarts(const Tuple &stored);

  // --- loops -------------------------------------------------------------------------------
  /// What `yes` or `no` yields.
  Tuple choose(mlir::Value condition, mlir::TypeRange types, llvm::function_ref<Tuple()> yes,
               llvm::function_ref<Tuple()> no);
  /// Blocks that were gone through, whether the last one changed anything, and the carry then.
  struct Blocks {
    mlir::Value count, changed;
    Tuple carry;
  };
  /// Blocks from 0 on to `end`, while `body` says that something changed: it gets a block and the
  /// carry before it, and returns i1 and the carry behind it.
  Blocks
  untilSame(mlir::Value end, const Tuple &carry,
            llvm::function_ref<std::pair<mlir::Value, Tuple>(mlir::Value, const Tuple &)> body);

private:
  llvm::DenseSet<mlir::Value> ofStates, ofTime; ///< values of the step that depend on them
  void findLinearized();
  void findDependences();
  bool addRead(mlir::Value v, const Index &at);
  bool collect(mlir::Value v, const Index &at);
  bool collectAll(mlir::ValueRange values);
};

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_SEGMENTSTEP_H
