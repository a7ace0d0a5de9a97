// Plan `segments` of steps that mix channels: segments of time are rows of one matmul.
#ifndef SEQC_LIB_CONVERSION_SEGMENTROWS_H
#define SEQC_LIB_CONVERSION_SEGMENTROWS_H

#include "CallStats.h"
#include "LoopWords.h"
#include "VectorGroup.h"
#include "Weakness.h"

namespace seqc {

/// Lowers one recurrence under the backward certificate: every step is bitwise the step of the
/// state before it, except behind listed blocks, where the state jumps by what `isClose` allows.
///
/// Time is cut in blocks of `blockSteps` steps and the blocks in segments, whose numbers of blocks
/// differ by one at most. Each segment is a row of a batch; rows advance together, a block at a
/// time, by plan `fused`. For each sequence:
///
///   probe: from the initial state and from another one until the two are close, else no rounds
///   rounds: each segment that is open, from its start on: outs, and the states behind each block
///     where these are close to what stood there, the segment goes on where it was never before
///     a segment whose start is not the end of the one before starts again from that end
///   when nothing is open or too much was spent: what is open is run one segment after the other
///   the last steps, fewer than a block
///
/// Between two rounds, the blocks of a segment before `next` follow from its start, and those from
/// `next` to `valid` from what stands before them, so that a restart forgets the latter.
class SegmentRows : LoopWords {
public:
  SegmentRows(seq::RecurrenceOp op, Weakness weakness);
  /// Replaces the recurrence, and the work before it that it alone needs, by loops around
  /// recurrences of plan `fused`.
  void run();

  /// Segments of a task, steps of a block.
  static constexpr int64_t segmentsOfTask = 16, blockSteps = 8;
  /// The attribute that has the scales of states, f64 each.
  static constexpr llvm::StringLiteral scalesName = "seqc.scales";
  /// How far states may jump: units in the last place of a state's scale, which is the scale of its
  /// box, or `usualScale`, and of the element's greatest magnitude in the last block.
  static constexpr double ulpsOfScale = 4, ulpsOfSize = 32, usualScale = 4;

private:
  seq::RecurrenceOp op;
  VectorEval e; ///< knows sizes
  CallStats stats;
  Weakness weakness;
  seq::ScheduleAttr schedule;
  int64_t segments;
  llvm::SmallVector<double> scales;                  ///< of the states
  mlir::Value steps, blocks, whole, longer, longest; ///< of time; of segments
  llvm::SmallVector<mlir::Value> batch, batchSizes;  ///< indices of the sequence; their ends

  /// Work before the recurrence that is done for each block.
  llvm::SetVector<mlir::Operation *> before;
  /// What blocks read: operands of the recurrence and of that work, per step.
  llvm::SetVector<mlir::Value> sources;
  llvm::SmallVector<mlir::Value> sourceBuffers;
  llvm::SmallVector<mlir::Value> outs, finals; ///< results' memory
  llvm::SmallVector<mlir::Value> starts;       ///< of segments, for each state
  llvm::SmallVector<mlir::Value> points;       ///< states behind each block of each segment
  llvm::SmallVector<mlir::Value> probes;       ///< another state
  mlir::Value next, valid, jumped, counts;
  enum Count { Met, Left, Alone };

  /// A recurrence over some steps of some rows, and its memory.
  struct Rows {
    int64_t rows = 1, perTask = 1;
    mlir::Value steps; ///< null: a block
    llvm::SmallVector<mlir::Value> sources, given, carry;
    llvm::SmallVector<mlir::Value> initial;                  ///< the carry as tensors
    llvm::MapVector<mlir::Value, mlir::Value> tensors;       ///< what stands for whole values
    llvm::SmallVector<mlir::Value> outs, trajectory, finals; ///< of the last emission
  };

  // --- small words -------------------------------------------------------------------------
  mlir::Value constant(int64_t v) { return e.constant(v); }
  mlir::Value load(mlir::Value buffer, mlir::ValueRange at);
  void store(mlir::Value v, mlir::Value buffer, mlir::ValueRange at);
  using Body = llvm::function_ref<void(mlir::Value)>;
  void repeat(mlir::Value from, mlir::Value to, Body body);
  void inside(mlir::Value condition, llvm::function_ref<void()> body);
  void choose(mlir::Value condition, llvm::function_ref<void()> yes, llvm::function_ref<void()> no);
  mlir::Value andThen(mlir::Value condition, llvm::function_ref<mlir::Value()> other);
  void whilst(llvm::function_ref<mlir::Value()> condition, llvm::function_ref<void()> body);
  mlir::Value any(mlir::Value count, llvm::function_ref<mlir::Value(mlir::Value)> holds);

  // --- memory ------------------------------------------------------------------------------
  mlir::Value allocate(llvm::ArrayRef<int64_t> shape, mlir::Type element,
                       mlir::ValueRange dynamic = {});
  mlir::Value bufferOf(mlir::Value tensor);
  mlir::Value part(mlir::Value buffer, llvm::ArrayRef<mlir::OpFoldResult> leading);
  mlir::Value ofSequence(mlir::Value buffer) { return part(buffer, getAsOpFoldResult(batch)); }
  bool hasBatch(mlir::Value source) { return !llvm::is_contained(op.getShared(), source); }
  mlir::Value stepsOf(mlir::Value buffer, mlir::Value first, mlir::OpFoldResult count,
                      bool hasBatch);
  void copy(mlir::Value from, mlir::Value to);
  mlir::Value elements(mlir::Value buffer, int64_t leading);
  void findProducers();
  void allocateAll();
  Rows makeRows(int64_t rows, int64_t perTask, mlir::Value steps = {});

  // --- segments ----------------------------------------------------------------------------
  mlir::Value firstBlock(mlir::Value segment);
  mlir::Value lengthOf(mlir::Value segment);
  mlir::OpFoldResult countOf(const Rows &r);
  mlir::Value timeOf(mlir::Value block, mlir::OpFoldResult count);
  void gather(Rows &r, mlir::Value row, mlir::Value block);
  void emit(Rows &r);
  void keepOuts(Rows &r, mlir::Value row, mlir::Value block);
  void setCarry(Rows &r, mlir::Value row, mlir::Value segment, mlir::Value block);
  void keepStates(Rows &r, mlir::Value row, llvm::ArrayRef<mlir::Value> point);
  void settle(Rows &r, mlir::Value row, mlir::Value segment, mlir::Value block);
  mlir::Value differing(llvm::ArrayRef<mlir::Value> a, mlir::ValueRange atA,
                        llvm::ArrayRef<mlir::Value> c, mlir::ValueRange atC);
  mlir::Value isClose(Rows &r, mlir::Value row, mlir::ValueRange point);
  void advance(Rows &r, llvm::function_ref<mlir::Value(mlir::Value)> segmentOf);
  void restart(mlir::Value segment);
  mlir::Value isWrong(mlir::Value segment);
  void repairIfWrong(mlir::Value segment);

  // --- the plan ----------------------------------------------------------------------------
  void begin(llvm::ArrayRef<Rows *> all);
  void emitProbe(Rows &r);
  void emitRounds(Rows &r);
  void emitRest(Rows &single, Rows &last);
  void emitSequence(Rows &side, Rows &single, Rows &last);
};

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_SEGMENTROWS_H
