// Evaluation of tensor values, one vector at a time: the heart of `fused`.
//
// A tensor value is seen as a function from an index to an element. To produce a tile of a
// result, the expression above it is evaluated at the tile's indices: slices and reshapes are
// index arithmetic, elementwise work is vector ops in registers, and only what has a buffer (a
// "leaf") is loaded. Contractions of a whole tile share one loop over k, with one accumulator
// per vector, so that each element sums in ascending k like the naive loops.
#ifndef SEQC_LIB_CONVERSION_VECTOREVAL_H
#define SEQC_LIB_CONVERSION_VECTOREVAL_H

#include "seqc/Conversion/Passes.h"
#include "seqc/Dialect/Seq/IR/Seq.h"

#include <functional>
#include <map>
#include <set>
#include <vector>

namespace seqc {

/// Distances of the lanes from the first one.
using Distances = std::vector<int64_t>;

/// One index of a vector of elements: lane l is at `base + offset + l * lane`, or, with a pattern
/// (which VectorEval owns, one of each), at `base + offset + (*pattern)[l]`.
struct Idx {
  mlir::Value base;
  int64_t offset = 0;
  int64_t lane = 0;
  const Distances *pattern = nullptr;
  bool varies() const { return lane || pattern; }
  bool operator==(const Idx &o) const {
    return base == o.base && offset == o.offset && lane == o.lane && pattern == o.pattern;
  }
  bool operator<(const Idx &o) const {
    return std::make_tuple(base.getAsOpaquePointer(), offset, lane, pattern) <
           std::make_tuple(o.base.getAsOpaquePointer(), o.offset, o.lane, o.pattern);
  }
};
using Index = llvm::SmallVector<Idx, 4>;

/// Where the current tile is: batch and time of the sequence elements that it works on.
struct Place {
  Index batch;     ///< global indices of all batch dimensions
  Idx time;        ///< global step
  Idx row;         ///< innermost batch index within the task's tile
  Idx stepInStrip; ///< step within the strip
};

/// A buffer that holds a value. `prefix` says what precedes the value's own (step) indices.
struct Leaf {
  enum Prefix {
    Whole,       ///< the buffer is indexed like the value
    Sequence,    ///< batch and time precede a step value's indices
    Batch,       ///< batch precedes them
    Strip,       ///< [task, row, step of strip] replace the value's batch and time
    StripOfStep, ///< … precede a step value's indices
    Step,        ///< [task, row] precede them
    State,       ///< [task, parity, row] precede them; parity = current
    NextState,   ///< … parity = next
    Tile         ///< the tile's channels, in place of all
  };
  mlir::Value buffer;
  Prefix prefix = Whole;
};

/// A contraction result that a tile needs, before and after its loop over k.
struct Demand {
  mlir::linalg::GenericOp op;
  Index dims; ///< indices of the op's parallel loops
  Index key;  ///< index of the result
  Place place;
  mlir::Value mask;
  unsigned level = 0;    ///< above the contractions that its initial value needs
  unsigned row = 0;      ///< row of the tile
  unsigned position = 0; ///< number among the row's demands
};

/// Weights of one nest, laid out in the order in which its tiles read them:
/// [block of lanes][k][position among a row's demands × input][lane], or, where threads share the
/// lanes, [k][position among a row's demands × input][lane]: neighbours read neighbours.
struct Pack {
  mlir::Value buffer;
  int64_t vectorsPerK = 0;
  int64_t blocks = 1; ///< consecutive blocks that one tile reads
  /// Of a thread that has one lane in all steps: its weights of the first k, as [k][position ×
  /// input], for all of time.
  mlir::Value registers;
  int64_t kept = 0;
  /// Of a block of threads: its weights of the next k, as in `buffer`, for all of time.
  mlir::Value shared;
  int64_t inShared = 0;
};

/// Evaluates values at indices. One per group of ops that are lowered together.
class VectorEval {
public:
  VectorEval(mlir::OpBuilder &b, mlir::Location loc, int64_t lanes)
      : b(b), loc(loc), lanes(lanes) {}

  mlir::OpBuilder &b;
  mlir::Location loc;
  int64_t lanes;

  // --- context, set by the nest -------------------------------------------------------
  seq::RecurrenceOp recurrence; ///< the group's recurrence, or null
  /// Ops that are evaluated here rather than read from a buffer.
  std::function<bool(mlir::Operation *)> isMember;
  llvm::DenseMap<mlir::Value, Leaf> leaves;
  /// Where the group begins: there the buffers of tensors from outside are taken.
  mlir::OpBuilder::InsertPoint *entry = nullptr;
  mlir::Value task, parity; ///< leading indices of scratch buffers; parity may be null
  mlir::Value firstChannel; ///< of the tile, where channels are tiled
  Place place;
  mlir::Value mask; ///< lanes in range, or null for all
  int64_t prefetchSteps = 0;
  unsigned currentRow = 0;
  mlir::Value packBlock; ///< index of the tile's block of lanes
  /// Of a value that is there as one vector of all channels: its elements at an index, else null.
  std::function<mlir::Value(mlir::Value, const Index &)> rearranged;
  bool lanesAreSteps = false; ///< scalars of the step differ between lanes, too
  /// On a GPU, where the threads of a block share a task: this thread, and how many there are.
  mlir::Value thread;
  int64_t threads = 0;
  /// Where such a thread begins, and what it may still keep for all of time: 32-bit registers, and
  /// bytes of memory that its block shares.
  mlir::OpBuilder::InsertPoint threadEntry;
  int64_t registersLeft = 0, sharedBytesLeft = 0;
  bool acrossGrid = false; ///< a nest is a parallel loop: each of its tiles is a thread of a GPU
  bool lanesAreThreads() const { return threads || acrossGrid; }

  // --- index arithmetic ----------------------------------------------------------------
  mlir::Value constant(int64_t v);
  mlir::Value value(const Idx &i);
  static Idx fixed(int64_t v) { return {mlir::Value(), v, 0}; }
  /// `base` plus a distance for each lane.
  Idx withPattern(mlir::Value base, Distances distances);
  // The same arithmetic on the same indices gives the same values within a tile, so that an
  // element has one index, however it is reached.
  Idx add(const Idx &a, const Idx &c);
  Idx scale(const Idx &a, int64_t factor);
  mlir::Value subtract(mlir::Value a, mlir::Value c);
  mlir::Value multiply(mlir::Value a, mlir::Value c);
  mlir::Value divide(mlir::Value a, mlir::Value c);
  Idx evalAffine(mlir::AffineExpr e, llvm::ArrayRef<Idx> dims);
  /// Size `dim` of `v` (a value inside or outside of the step) as an index value.
  mlir::Value sizeOf(mlir::Value v, int64_t dim);
  mlir::Value sizeOfResult(mlir::OpResult v, int64_t dim);
  /// The recurrence's number of steps.
  mlir::Value sizeOfSteps();
  /// First step and number of steps of packed sequence `n`.
  std::pair<mlir::Value, mlir::Value> spanOfPacked(mlir::Value n);
  /// Indices of the place in a value per step: batch and time, or time alone (packed sequences).
  Index sequenceIndex();
  mlir::OpFoldResult mixedSizeOf(mlir::Value v, int64_t dim);

  /// The buffer of `v`, if it has one or comes from outside of the group; else null.
  const Leaf *leafOf(mlir::Value v);

  // --- values --------------------------------------------------------------------------
  /// The vector of elements of `v` at `idx`.
  mlir::Value eval(mlir::Value v, const Index &idx);
  /// A scalar (not a tensor) of the step, computed in place.
  mlir::Value evalScalar(mlir::Value v);
  /// The same as a vector, of each lane's own step.
  mlir::Value evalLanes(mlir::Value v);
  /// Loads or stores `lanes` elements of `buffer`.
  mlir::Value load(mlir::Value buffer, const Index &idx);
  void store(mlir::Value vec, mlir::Value buffer, const Index &idx, bool streaming);
  /// Makes `vec` the vector of elements of `v` at `idx`, until resetTile() or the scope's end.
  void define(mlir::Value v, const Index &idx, mlir::Value vec);
  /// What is evaluated between them is forgotten afterwards.
  void openScope() { cache.push_back({}); }
  void closeScope() { cache.pop_back(); }
  /// Emits `body` as if nothing had been evaluated yet: it becomes a function of its own.
  void isolate(llvm::function_ref<void()> body);
  /// Stores the first `count` lanes of `vec`, which may have patterns; lanes with one place are
  /// equal.
  void spread(mlir::Value vec, mlir::Value buffer, const Index &idx, int64_t count, bool streaming);
  /// Stores pairs of the first `count` lanes of two vectors in a buffer [.., 2]; `idx` is where
  /// `even` belongs.
  void storePairs(mlir::Value even, mlir::Value odd, mlir::Value buffer, const Index &idx,
                  int64_t count, bool streaming);
  /// The buffer index of `leaf` for index `idx` of the value that it holds.
  Index leafIndex(const Leaf &leaf, const Index &idx);

  // --- contractions ----------------------------------------------------------------------
  /// Notes the contractions that `v` at `idx` needs; returns the level above them.
  unsigned collect(mlir::Value v, const Index &idx);
  /// Emits the loops for everything noted, with `pack` for the weights if not null.
  void emitContractions(const Pack *pack);
  std::vector<Demand> demands;
  /// Inputs of `demand` that a pack may hold: the same for every row, varying along lanes.
  llvm::SmallVector<unsigned> packableInputs(const Demand &demand);
  void resetTile();

  /// The loop dims of `op` for index `idx` of its result `result`.
  static Index loopDims(mlir::linalg::GenericOp op, unsigned result, const Index &idx);
  Index operandIndex(mlir::linalg::GenericOp op, mlir::OpOperand &operand,
                     llvm::ArrayRef<Idx> dims);
  /// For values that only move indices: the source and its index.
  std::optional<std::pair<mlir::Value, Index>> step(mlir::Value v, const Index &idx);
  static bool isReduction(mlir::linalg::GenericOp op) { return op.getNumReductionLoops() > 0; }

private:
  /// Stores a vector at consecutive places, or the lanes of it where `some` is true.
  void storeInOrder(mlir::Value vec, mlir::Value buffer, mlir::ValueRange at, mlir::Value some,
                    bool streaming);
  std::set<Distances> patterns;
  Distances lanesOf(const Idx &i) const;
  /// Distances in elements of `buffer` from its element at the first lane of `idx`; nothing where
  /// they depend on dynamic sizes.
  std::optional<Distances> distances(mlir::MemRefType type, const Index &idx) const;
  mlir::Value distancesOf(mlir::Value buffer, const Index &idx);
  mlir::Value gather(mlir::Value buffer, mlir::ValueRange at, const Index &idx);
  mlir::Value loadPart(mlir::Value buffer, mlir::ValueRange at, int64_t from, int64_t count);
  mlir::Value loadNear(mlir::Value buffer, mlir::ValueRange at, const Distances &distances);
  void prefetch(mlir::Value buffer, Index at, int64_t time);
  bool isHalfOfPairs(mlir::MemRefType type, const Index &idx, const Distances &distances) const;
  mlir::Value loadHalf(mlir::Value buffer, mlir::ValueRange at, const Distances &distances,
                       int64_t half);
  using Key = std::pair<void *, Index>;
  enum class Arithmetic { Add, AddConstant, Subtract, Multiply, Scale, Divide };
  using ArithmeticKey = std::tuple<Arithmetic, void *, void *, int64_t>;
  /// What is known in a region and those inside of it.
  struct Scope {
    std::map<Key, mlir::Value> values;
    std::map<ArithmeticKey, mlir::Value> indices;
  };
  llvm::SmallVector<Scope, 2> cache = {{}};
  llvm::SmallVector<std::map<Key, unsigned>, 1> collected = {{}};

  mlir::Value *lookup(const Key &key);
  /// What is known of `key`, or from now on what `compute` returns.
  mlir::Value once(const Key &key, llvm::function_ref<mlir::Value()> compute);
  mlir::Value compute(Arithmetic kind, mlir::Value a, mlir::Value c, int64_t number = 0);
  mlir::Value computeScalar(mlir::Value v);
  mlir::Value computeLanes(mlir::Value v);
  mlir::Operation *widened(mlir::Operation *op, llvm::function_ref<mlir::Value(mlir::Value)> of);
  mlir::Value broadcast(mlir::Value scalar);
  mlir::Value splat(mlir::TypedAttr element);
  mlir::Value loopIndexVector(const Idx &i);
  llvm::SmallVector<mlir::Value>
  cloneBody(mlir::linalg::GenericOp op, llvm::ArrayRef<mlir::Value> args, llvm::ArrayRef<Idx> dims);
  mlir::Value evalGeneric(mlir::linalg::GenericOp op, unsigned result, const Index &idx);
  mlir::Value evalDelay(seq::DelayOp op, const Index &idx);
  mlir::Value loadPacked(const Pack &pack, const Demand &d, int64_t input, const Idx &k);
  /// One step over k, at `ks` by reduction dim and `flat` among all; returns the new sums.
  llvm::SmallVector<mlir::Value> emitContractionStep(llvm::ArrayRef<unsigned> group,
                                                     const Pack *pack, llvm::ArrayRef<Idx> ks,
                                                     const Idx &flat, mlir::ValueRange carried);
  llvm::SmallVector<mlir::Value> emitSumsTogether(llvm::ArrayRef<unsigned> group, const Pack *pack,
                                                  int64_t size,
                                                  llvm::SmallVector<mlir::Value> carried);
  llvm::SmallVector<mlir::Value> emitContractionLoops(llvm::ArrayRef<unsigned> group,
                                                      const Pack *pack, int64_t first,
                                                      mlir::ValueRange sizes, int64_t packedAt,
                                                      llvm::SmallVector<mlir::Value> carried);
  void emitContractionLoop(llvm::ArrayRef<unsigned> group, const Pack *pack);
};

/// True if VectorEval can evaluate `op` (and, through its operands' own checks, its result).
bool canEvaluate(mlir::Operation *op);

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_VECTOREVAL_H
