//===- CostModelGpu.h - Seconds of a plan on a GPU, predicted -------------===//
//
// Model v1 (docs/Targets.md): launches, and beside them the longest of what memory, instruction
// slots, the unit for reciprocals and roots, and the chain of a thread's steps take. Its constants
// are those of an H100 SXM and were never measured by seqc: a price is an interval.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_SCHEDULE_COSTMODELGPU_H
#define SEQC_SCHEDULE_COSTMODELGPU_H

#include "seqc/Schedule/CostModel.h"
#include "seqc/Support/GpuShape.h"

namespace seqc {

/// From the least to the most that a model allows for.
struct Interval {
  double least = 0, most = 0;
  double middle() const { return (least + most) / 2; }
};

/// What a call does on a GPU, counted without one. Numbers are of all threads together where they
/// are not said to be of one.
struct GpuWork {
  double launches = 1;                   ///< kernels, one after the other
  double blocks = 1;                     ///< of the largest launch
  double blockThreads = threadsPerBlock; ///< threads of a block
  double blocksOnSm = 1;                 ///< at least, as the kernel demands (.minnctapersm)
  Interval bytes;                        ///< moved between memory and the chip
  double instructions = 0;               ///< a warp's count 32 times
  double special = 0;                    ///< of them reciprocals and square roots
  double steps = 1;                      ///< that one thread does one after the other
  double chain = 0;                      ///< cycles of one step, from old states to new ones
  double waits = 0;                      ///< times that one thread waits for memory
};

/// Seconds of a call, by what they are spent on.
struct GpuPrice {
  Interval fixed;   ///< launches
  Interval memory;  ///< moving bytes
  Interval issue;   ///< instructions
  Interval special; ///< reciprocals and square roots
  Interval chain;   ///< a thread's steps one after the other, and its waits
  /// `fixed` and the longest of the others.
  Interval total() const;
  /// The largest part: "launches", "memory", "issue", "special functions" or "chain".
  llvm::StringRef limit() const;
  /// For a choice between plans: the middle of the interval.
  Price price() const { return {total().middle(), limit(), 0}; }
};

/// Model v1.
GpuPrice predictGpu(const GpuWork &work);

/// What a call of `op` with `schedule` does. Of plan `fused` a thread carries one channel of one
/// sequence over all of time, or a block one sequence where channels meet, or a thread one sequence
/// where all values are scalars, or kernels for each step do that of all sequences. Of plans
/// `segments` and `newton` a thread has a segment of one channel; if states do not `forget`, they
/// do all that is in vain and then plan `fused`.
GpuWork gpuWorkOf(seq::RecurrenceOp op, seq::ScheduleAttr schedule, const UsualSizes &sizes,
                  bool forget = true);

/// Bytes that `op` reads and writes at least, for these sizes.
double leastBytes(seq::RecurrenceOp op, const UsualSizes &sizes);

/// "1.07 ms to 1.37 ms".
std::string describe(const Interval &seconds);

/// What stands beside each number of this model.
constexpr llvm::StringLiteral gpuModelLabel = "predicted (model v1, H100 SXM constants, not run)";

} // namespace seqc

#endif // SEQC_SCHEDULE_COSTMODELGPU_H
