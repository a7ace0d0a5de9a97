// Many steps of one recurrence in the lanes of vectors: what plans that are parallel in time share.
#ifndef SEQC_LIB_CONVERSION_TIMELANES_H
#define SEQC_LIB_CONVERSION_TIMELANES_H

#include "LoopWords.h"
#include "VectorGroup.h"

namespace seqc {

/// A unit of lanes holds `channels` elements of the states at one step, a vector `units` of them.
/// Lanes behind the last unit hold what that one holds, or anything.
class TimeLanes : protected LoopWords {
protected:
  explicit TimeLanes(Group group);

  /// A vector for each state (or element, or out); null where it is not needed.
  using Tuple = llvm::SmallVector<mlir::Value>;
  /// Memory with one vector of each type at some leading indices; null where a type is.
  struct Shelf {
    llvm::SmallVector<mlir::Value> buffers;
    llvm::SmallVector<mlir::Type> types;
  };

  Group group;
  seq::RecurrenceOp op;
  VectorEval e;
  seq::ScheduleAttr schedule;
  int64_t channels = 0, units = 0;              ///< set by the plan
  llvm::SmallVector<mlir::Value> firstChannels; ///< of the row, for each size; null: 0
  /// Of the row: how many steps it has, and the first one (null: 0), which packed sequences have.
  mlir::Value steps, rowFirst;
  llvm::SmallVector<mlir::Value> batchSizes, outBuffers, finalBuffers;
  llvm::DenseMap<mlir::Value, Leaf> baseLeaves; ///< what all rows know
  mlir::OpBuilder::InsertPoint entry;

  // --- the recurrence as a whole -----------------------------------------------------------
  void findSizes();
  /// `each` times the sequences of the batch.
  mlir::Value countRows(int64_t each);
  void allocateResults();
  /// Buffers of tensors from outside are taken here; rows follow.
  void markEntry();
  /// Behind the rows: their results are those of the op, which goes.
  void replaceResults();
  /// A parallel loop over `count` tasks.
  void parallel(mlir::Value count, llvm::function_ref<void(mlir::Value)> body);
  void inside(mlir::Value condition, llvm::function_ref<void()> body);

  // --- places ------------------------------------------------------------------------------
  /// Forgets what other rows know; the current one is sequence `row` of the batch.
  void beginRow(mlir::Value row);
  /// The row's channels begin with number `first` (null: 0) in a state. Along a dimension a vector
  /// has all channels or a part of them, never the end of one row and the start of the next.
  void setFirstChannels(mlir::Value first);
  /// Where the lanes of one unit are in a state: the row's channels, in each unit.
  Index channelIndex();
  /// The same in a step value that has the leading sizes of a state.
  Index channelIndex(mlir::RankedTensorType step);
  /// Unit u is at step `first` + `vector` · units + u; with `single`, all are at step `first`.
  /// Steps count in the direction of time.
  void setTime(mlir::Value first, int64_t vector, bool single);
  /// Stores the first `count` lanes of the outs that anything reads; `valueOf` has the vector of an
  /// out, or of each of two that take turns in it.
  void storeOuts(llvm::function_ref<mlir::Value(mlir::Value)> valueOf, int64_t count,
                 bool streaming);
  void storeFinals(const Tuple &carry);

  // --- vectors -----------------------------------------------------------------------------
  mlir::Value splat(mlir::Type type, double v);
  mlir::Value shuffle(mlir::Value v, llvm::function_ref<int64_t(int64_t)> from);
  mlir::Value lanesWhere(llvm::function_ref<bool(int64_t)> holds);
  mlir::Value select(llvm::function_ref<bool(int64_t)> fromA, mlir::Value a, mlir::Value c);
  /// Rows of as many units as there are rows (or a multiple): afterwards row j holds in unit
  /// (h, i) what row i held in unit (h, j), where i and j are the low bits of a unit's number.
  void transpose(llvm::MutableArrayRef<mlir::Value> rows);

  // --- memory ------------------------------------------------------------------------------
  /// One vector of each of `types` at each index of `shape`, whose dynamic sizes are `sizes`: of
  /// each task where `ofTask`, else of all together.
  Shelf shelf(llvm::ArrayRef<mlir::Type> types, llvm::ArrayRef<int64_t> shape,
              mlir::ValueRange sizes, bool ofTask = false);
  void put(const Shelf &shelf, mlir::ValueRange values, mlir::ValueRange at);
  void put(const Shelf &shelf, unsigned i, mlir::Value v, mlir::ValueRange at);
  Tuple get(const Shelf &shelf, mlir::ValueRange at);
  mlir::Value get(const Shelf &shelf, unsigned i, mlir::ValueRange at);
};

/// The first op of `body`, a step's, that does not work element by element, or null.
mlir::Operation *firstNotByElement(mlir::Block &body);

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_TIMELANES_H
