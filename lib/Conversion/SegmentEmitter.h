// Plan `segments`: stretches of time side by side, each from a guess, until their ends meet.
#ifndef SEQC_LIB_CONVERSION_SEGMENTEMITTER_H
#define SEQC_LIB_CONVERSION_SEGMENTEMITTER_H

#include "VectorGroup.h"

#include "llvm/ADT/SetVector.h"

namespace seqc {

/// A part of the certificate that is left out, to test that tests notice (--test-weaken).
enum class Weakness {
  None,
  OneState,     ///< states after the first are not compared
  NoCheckpoint, ///< nor are they where a repair looks whether it has met what stands
  Guess,        ///< a segment's start is compared with the first guess, not with what it used
  TailBit,      ///< the last block of a vector's last segment ends with another last bit
  NoRepair,     ///< the first round is taken as it is
  NoRest,       ///< what is wrong when the budget is spent stays wrong
};

/// Lowers one recurrence whose channels are independent, with the bits of plan `fused`.
///
/// Time is cut in blocks of `blockSteps` steps and the blocks in segments, whose numbers of blocks
/// differ by one at most. A unit of lanes holds all channels of one segment, a vector `units`
/// segments, and `groups` vectors advance side by side, in each of `bundles` tasks:
///
///   starts ← a guess; the first segment's is the initial state
///   repeat:
///     every segment, block by block from its start: outs, and the carry at each block's end,
///       until no carry of the vectors differs from what the round before left there
///     done if each segment's end is the next one's start, bit for bit
///     over the budget: one segment after the other, skipping what is right already; done
///     starts ← the ends of the segments before
///
/// What a round leaves is always consistent: each block's outs follow from the carry before it. So
/// once ends and starts meet, all of it is the sequential evaluation.
class SegmentEmitter {
public:
  SegmentEmitter(Group group, Weakness weakness);
  /// True if the recurrence can be lowered here; else nothing has changed.
  bool canRun();
  /// Replaces the group's ops by loops.
  void run();

  /// Steps between two checks of the carry.
  static constexpr int64_t blockSteps = 16;
  /// Blocks that each vector goes through before the plan gives up, in 32nds of all blocks.
  static constexpr int64_t budgetParts = 5;

private:
  /// A vector for each state.
  using Tuple = llvm::SmallVector<mlir::Value>;
  /// A value that the step reads, at an index within the step.
  struct Read {
    mlir::Value value;
    Index at;
  };
  /// Memory with one vector for each state (or read, or out) at some leading indices.
  struct Shelf {
    llvm::SmallVector<mlir::Value> buffers;
    llvm::SmallVector<mlir::Type> types; ///< of the vectors
  };

  Group group;
  Weakness weakness;
  seq::RecurrenceOp op;
  mlir::OpBuilder b;
  mlir::Location loc;
  VectorEval e;
  seq::ScheduleAttr schedule;
  mlir::OpBuilder::InsertPoint entry;
  int64_t channels, units, groups, bundles;

  /// What the step's state-dependent work reads: per step, and the same at every step.
  llvm::SmallVector<Read> elements, invariants;
  /// Vectors of outs, both parts of those that are interleaved.
  llvm::SmallVector<mlir::Value> outs;

  mlir::Value zero, one, steps;
  mlir::Value blocks, whole, longer, rounds, longest; ///< of time; of segments; see computeBlocks
  llvm::SmallVector<mlir::Value> batchSizes, outBuffers, finalBuffers;
  llvm::DenseMap<mlir::Value, Leaf> baseLeaves;
  Shelf starts, ends, points, elementRows, outRows;
  mlir::Value where, counts;

  // --- what the step reads -----------------------------------------------------------------
  llvm::DenseSet<mlir::Value> ofStates, ofTime; ///< values of the step that depend on them
  void findDependences();
  bool addRead(mlir::Value v, const Index &at);
  bool collect(mlir::Value v, const Index &at);

  // --- places ------------------------------------------------------------------------------
  int64_t segments() const { return bundles * groups * units; }
  Index channelIndex(mlir::RankedTensorType step);
  Index channelIndex();
  Index channelsFrom(mlir::Value first);
  void setTime(mlir::Value first, bool single);
  void setRow(mlir::Value row);
  mlir::Value firstBlock(mlir::Value segment);
  mlir::Value lengthOf(mlir::Value segment);

  // --- vectors -----------------------------------------------------------------------------
  mlir::VectorType vectorOf(mlir::Value v);
  mlir::Value shuffle(mlir::Value v, llvm::function_ref<int64_t(int64_t)> from);
  mlir::Value select(llvm::function_ref<bool(int64_t)> fromA, mlir::Value a, mlir::Value c);
  mlir::Value lanesWhere(llvm::function_ref<bool(int64_t)> holds);
  void transpose(llvm::MutableArrayRef<mlir::Value> rows);
  /// i1: some bit of the states in lanes that hold segments differs. `merging`: what stands in
  /// memory then stays.
  mlir::Value differs(const Tuple &a, const Tuple &c, bool merging = false);
  mlir::Value flipLastBit(mlir::Value v, mlir::Value condition);
  Shelf shelf(llvm::ArrayRef<mlir::Type> types, llvm::ArrayRef<int64_t> shape,
              mlir::ValueRange sizes, bool ofTask);
  void put(const Shelf &shelf, mlir::ValueRange values, mlir::ValueRange at);
  Tuple get(const Shelf &shelf, mlir::ValueRange at);
  /// All channels of one segment, in every unit.
  Tuple getSegment(const Shelf &shelf, mlir::ValueRange at, mlir::Value unit);

  // --- code --------------------------------------------------------------------------------
  void allocate(mlir::Value rows);
  void computeBlocks();
  void parallel(mlir::Value count, llvm::function_ref<void(mlir::Value)> body);
  void inside(mlir::Value condition, llvm::function_ref<void()> body);
  void emitRows(mlir::Value rows);
  void emitBundles(mlir::Value rows);
  /// `place` is the row's index in the memory of rounds.
  void emitRow(mlir::Value row, mlir::Value place,
               llvm::function_ref<void(mlir::Value)> runBundles);
  mlir::Value emitRounds(mlir::Value row, const Tuple &initial,
                         llvm::function_ref<void(mlir::Value)> runBundles);
  void emitFirstStarts(mlir::Value row, const Tuple &initial);
  void emitBundle(mlir::Value row, mlir::Value bundle, mlir::Value round);
  void forUnitsOfBlock(mlir::Value bundle,
                       llvm::function_ref<void(mlir::Value, mlir::Value, mlir::Value)> body);
  void emitLoads(mlir::Value bundle, mlir::Value block);
  void defineElements(mlir::Value t, mlir::Value g);
  Tuple emitBlock(const Tuple &carry);
  std::pair<Tuple, Tuple> step(const Tuple &carry);
  void emitStores(mlir::Value bundle, mlir::Value block);
  mlir::Value longerLanes(mlir::Value bundle, int64_t g);
  mlir::Value
  forStarts(mlir::Value row, const Tuple &initial,
            llvm::function_ref<mlir::Value(mlir::Value, mlir::Value, Tuple, Tuple)> body);
  Tuple usedStarts(const Tuple &stored);
  mlir::Value emitCheck(mlir::Value row, const Tuple &initial);
  void emitNextStarts(mlir::Value row, const Tuple &initial);
  mlir::Value roundLength(mlir::Value row);
  Tuple emitRest(mlir::Value row, mlir::Value wrong, const Tuple &initial);
  Tuple emitSegment(mlir::Value row, mlir::Value segment, const Tuple &carry);
  Tuple emitSteps(mlir::Value first, mlir::Value end, const Tuple &carry);
  Tuple initialCarry();
  void storeOuts(llvm::ArrayRef<mlir::Value> values, int64_t count);
  void storeFinals(const Tuple &carry);
  void replaceResults();
};

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_SEGMENTEMITTER_H
