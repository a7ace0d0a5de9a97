//===- Passes.h - Stage 3: decide once ------------------------------------===//
#ifndef SEQC_SCHEDULE_PASSES_H
#define SEQC_SCHEDULE_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "seqc/Dialect/Seq/IR/Seq.h"

namespace seqc {

#define GEN_PASS_DECL
#include "seqc/Schedule/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "seqc/Schedule/Passes.h.inc"

/// True for targets whose vectors are threads: one lane each, and many of them.
inline bool isGpu(seq::TargetAttr target) {
  return target && target.getTriple().getValue().starts_with("nvptx");
}

inline bool isGpu(mlir::ModuleOp module) {
  return isGpu(module->getAttrOfType<seq::TargetAttr>("seqc.target"));
}

/// Threads of a block that share a task of plan `fused` on a GPU, or 0 where each has its own.
inline int64_t threadsOfBlock(seq::ScheduleAttr schedule) {
  bool shares = schedule.getVectorBits() == 32 && schedule.getVectors() > 1;
  return shares ? schedule.getVectors() : 0;
}

/// True where plan `fused` on a GPU is kernels for each step, which the host starts one after the
/// other, in place of threads or blocks that go over all of time.
inline bool startsEachStep(seq::ScheduleAttr schedule) {
  return schedule.getPlan() == seq::Plan::Fused && schedule.getVectorBits() == 32 &&
         schedule.getChunk() == 1;
}

/// The numbers of plan `fused` on `target`, for any step: see docs/Schedule.md.
seq::ScheduleAttr fusedSchedule(seq::TargetAttr target);

} // namespace seqc

#endif // SEQC_SCHEDULE_PASSES_H
