// Plan `scan`: many time steps at once, by an associative operation.
#ifndef SEQC_LIB_CONVERSION_SCANEMITTER_H
#define SEQC_LIB_CONVERSION_SCANEMITTER_H

#include "TimeLanes.h"

#include "llvm/ADT/BitVector.h"

namespace seqc {

/// Lowers one recurrence in scan form (seq-form-scans): its next states are one seq.combine of the
/// states with values that are free of them.
///
/// All states have one shape there. A state or out of fewer sizes repeats its elements along the
/// others in lanes, and an out is stored once.
///
/// A vector holds `units` consecutive steps of all channels; a block is some groups of some of
/// them. A group:
///
///   e_t ← elements of the block, loaded as they lie in memory
///   transpose, so that each unit of lanes holds a run of consecutive steps
///   prefixes within each run                                     (one after the other)
///   prefixes of the runs' ends                                   (a tree of rotations)
///   states ← combine(what precedes the run, prefix within it)
///   transpose back, evaluate the outs, store
///
/// Where the channels are more than half of a vector, a unit is a vector: tiles of channels are
/// rows of their own, whose steps follow each other; only chunks of time are put together by
/// products.
///
/// What is left over at the end takes blocks of one vector and then single steps. A block whose
/// numbers could have hurt it (not finite, or products of coefficients that grow) is evaluated
/// step by step from its exact carry instead.
class ScanEmitter : protected TimeLanes {
public:
  explicit ScanEmitter(Group group);
  /// Null, or what keeps the recurrence from being lowered here.
  static mlir::Operation *firstObstacle(seq::RecurrenceOp op);
  /// Replaces the group's ops by loops.
  void run();

  /// What the combination adds to a state: ± the coefficient of the later element times a state.
  struct Term {
    unsigned factor, state;
    bool minus;
  };
  /// All of them, unless the later element's `flag` drops what precedes it.
  struct Terms {
    llvm::SmallVector<Term> products;
    std::optional<unsigned> flag;
  };

protected:
  /// Of a block: groups of vectors that are transposed together.
  struct Shape {
    int64_t groups = 1, vectors = 1;
    bool operator==(const Shape &) const = default;
  };

  /// A block, by groups: what was loaded; the prefixes of runs, transposed; those of runs' ends,
  /// and their low parts.
  struct Loaded {
    llvm::SmallVector<llvm::SmallVector<Tuple>> elements, rows;
    llvm::SmallVector<Tuple> ends, lows;
  };

  /// The one seq.combine that makes the next states, or null.
  static seq::CombineOp combineOf(seq::RecurrenceOp op);

  seq::CombineOp combine;
  unsigned components;
  int64_t tiles; ///< parts of the channels, which are rows
  Shape largest;
  llvm::BitVector needed; ///< components of the states that anything reads
  llvm::BitVector all;
  llvm::BitVector precise;        ///< coefficients whose products have a low part
  llvm::SmallVector<Terms> terms; ///< of each component
  bool isInvariant = false;       ///< coefficients do not vary over time
  bool readsOldStates = false;
  llvm::SmallVector<mlir::Value> watched;    ///< products of a block so far
  llvm::SmallVector<mlir::Value> conditions; ///< lanes that must be true to keep a result
  bool silent = false;                       ///< outs are not stored

  /// What is known before loops are made.
  void prepare();
  void findNeeded();
  void setRow(mlir::Value row);
  mlir::Value stepsOfLongest();
  void emitRows(mlir::Value rows);
  void emitChunks(mlir::Value rows);
  Tuple initialCarry();

  // --- chunks --------------------------------------------------------------------------------
  /// The product of some steps, the lanes where it is sound, and the least coefficients so far.
  struct Product {
    Tuple value, low;
    mlir::Value lanes;
    llvm::SmallVector<mlir::Value> least;
    Tuple flat() const;
    void assign(mlir::ValueRange values);
  };
  void append(Product &product);
  Product identity();
  void extend(Product &product, const Tuple &later, const Tuple &low);
  void multiplyBlock(mlir::Value first, Product &product, bool isFirst);
  Product startSpan(mlir::Value first, mlir::Value end, mlir::Value &start);
  Product multiplyAll(mlir::Value first, mlir::Value end, mlir::Value &sound);
  bool decaysByNumbers();
  mlir::VectorType typeOfComponent(unsigned c);
  Tuple zeros();
  mlir::Value isCalm(mlir::Value first, mlir::Value end);
  Product multiplySpan(mlir::Value first, mlir::Value end, mlir::Value &sound);
  Tuple foldProducts(mlir::Value k, const Tuple &carry,
                     llvm::function_ref<Tuple(mlir::Value, const Tuple &)> one);
  Tuple foldSound(const Tuple &carry, const Product &product, mlir::Value &sound);
  Tuple foldOne(mlir::Value sound, const Tuple &carry, const Product &product, mlir::Value first,
                mlir::Value end);

  // --- spans of time -----------------------------------------------------------------------
  Tuple emitTime(mlir::Value first, mlir::Value end, const Tuple &carry);
  Tuple emitSpan(mlir::Value first, mlir::Value end, Tuple carry, bool streaming);
  Tuple emitBlocks(mlir::Value first, mlir::Value end, Shape shape, Tuple carry, bool streaming);
  Tuple emitSteps(mlir::Value first, mlir::Value end, Tuple carry);
  Loaded loadBlock(mlir::Value first, Shape shape);
  Tuple lastUnit(const Tuple &t);
  Tuple emitBlock(mlir::Value first, Shape shape, const Tuple &carry, bool streaming);
  Tuple storeIfSound(mlir::Value first, Shape shape, const Tuple &carry, const Tuple &next,
                     llvm::SmallVector<Tuple> &states, llvm::SmallVector<Tuple> &old,
                     bool streaming);
  int64_t stepsOf(Shape shape) const { return shape.groups * shape.vectors * units; }
  Tuple emitStep(mlir::Value step, const Tuple &carry);
  mlir::Value streamingCondition();

  // --- places ------------------------------------------------------------------------------
  int64_t componentOf(mlir::Value v);
  virtual mlir::Value rearranged(mlir::Value v, const Index &idx);
  void setTime(mlir::Value first, int64_t vector, bool single);
  void storeOuts(mlir::Value first, int64_t vector, bool single, bool streaming);

  // --- soundness ---------------------------------------------------------------------------
  llvm::ArrayRef<int64_t> factors();
  llvm::SmallVector<llvm::SmallVector<unsigned>> coefficients();
  void watch(const Tuple &product);
  void watchTotal(llvm::ArrayRef<Tuple> elements, const Tuple &total);
  void watchProduct(const Tuple &product, llvm::MutableArrayRef<mlir::Value> least);
  void watchStates(const Tuple &before, const Tuple &after);
  void watchFinite(llvm::ArrayRef<Tuple> states);
  mlir::Value takeConditions();
  void watchNumbers(llvm::ArrayRef<Tuple> elements, Shape shape);
  mlir::Value soundLanes();
  mlir::Value soundProduct(const Tuple &product, llvm::ArrayRef<mlir::Value> least);
  mlir::Value greatestOf(llvm::ArrayRef<mlir::Value> vectors);
  mlir::Value inAllLanes(mlir::Value lanes);
  mlir::Value atMost(mlir::Value v, double most);
  static double mostAdded(mlir::Value v);
  mlir::Value atLeast(mlir::Value v, double least);

  // --- precision ---------------------------------------------------------------------------
  void findPrecise();
  Tuple apply(const Tuple &earlier, const Tuple &later, const Tuple &low,
              const llvm::BitVector &wanted);
  mlir::Value negated(mlir::Value v);
  mlir::Value unlessFlag(unsigned c, const Tuple &later, mlir::Value v);
  Tuple widened(const Tuple &high, const Tuple &low);
  Tuple lowOf(const Tuple &wide, const Tuple &high);
  Tuple multiplyWide(const Tuple &earlier, const Tuple &later);
  Tuple elementLows();
  mlir::Value isNearOne(llvm::ArrayRef<Tuple> ends);
  void roundTo(Tuple &high, const Tuple &wide);
  llvm::SmallVector<Tuple> lowRows(mlir::Value first, int64_t g, int64_t count);
  Tuple lowsOfGroup(mlir::Value first, int64_t g, llvm::ArrayRef<Tuple> rows, const Tuple &ends);
  void findLows(mlir::Value first, llvm::ArrayRef<llvm::SmallVector<Tuple>> rows, Loaded &block);

  // --- tuples ------------------------------------------------------------------------------
  Tuple elements();
  Tuple apply(const Tuple &earlier, const Tuple &later, const llvm::BitVector &wanted);
  using TimeLanes::shuffle;
  Tuple shuffle(const Tuple &t, llvm::function_ref<int64_t(int64_t)> from);
  Tuple moveUnits(const Tuple &t, llvm::function_ref<int64_t(int64_t)> unitFor);
  using TimeLanes::transpose;
  void transpose(llvm::MutableArrayRef<Tuple> rows);
  void prefixesOfUnits(llvm::MutableArrayRef<Tuple> tuples, Tuple *wide = nullptr);
  int64_t timeOfUnit(int64_t unit, int64_t vectors) const;
  llvm::SmallVector<int64_t> unitsOfRuns(int64_t vectors) const;
  Tuple statesBefore(const Tuple &carry, const Tuple &ends, Shape shape);
  /// The values of a tuple that are there, and such values in the places where `like` has some.
  static llvm::SmallVector<mlir::Value> present(llvm::ArrayRef<mlir::Value> t);
  static llvm::SmallVector<mlir::Value> restore(llvm::ArrayRef<mlir::Value> like,
                                                mlir::ValueRange values);
};

/// True if `v` is computed in the step of `op` from nothing that is given for each step.
bool isFreeOfTime(seq::RecurrenceOp op, mlir::Value v);

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_SCANEMITTER_H
