//===- ExplainGpu.h - What the compiler tells of plans on a GPU -----------===//
#ifndef SEQC_LIB_SCHEDULE_EXPLAINGPU_H
#define SEQC_LIB_SCHEDULE_EXPLAINGPU_H

#include "seqc/Schedule/ScheduleSpace.h"

#include "mlir/IR/Remarks.h"

namespace seqc {

/// "one line": why `best` of `options` for `op` on a GPU, with times that are called predicted.
std::string reasonOnGpu(seq::RecurrenceOp op, llvm::ArrayRef<PlanOption> options,
                        const PlanOption &best, const UsualSizes &sizes);

/// The remark `opts` with the price of `option` for `op`: its parts, and what it was computed from.
void explainPriceOnGpu(seq::RecurrenceOp op, const PlanOption &option, const UsualSizes &sizes,
                       mlir::remark::RemarkOpts opts);

} // namespace seqc

#endif // SEQC_LIB_SCHEDULE_EXPLAINGPU_H
