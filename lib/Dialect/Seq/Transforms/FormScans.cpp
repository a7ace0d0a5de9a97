// At the start of stage `lowered`: steps in the form that their plan wants.
#include "seqc/Dialect/Seq/Transforms/FormScan.h"
#include "seqc/Dialect/Seq/Transforms/Passes.h"

namespace seqc {
#define GEN_PASS_DEF_FORMSCANSPASS
#include "seqc/Dialect/Seq/Transforms/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {
struct FormScansPass : seqc::impl::FormScansPassBase<FormScansPass> {
  void runOnOperation() override {
    SmallVector<seq::RecurrenceOp> ops;
    getOperation()->walk([&](seq::RecurrenceOp op) { ops.push_back(op); });
    for (seq::RecurrenceOp op : ops) {
      seq::ScheduleAttr schedule = op.getScheduleAttr();
      if (!schedule || schedule.getPlan() != seq::Plan::Scan) {
        inlineCombines(op);
        continue;
      }
      Location loc = op.getLoc();
      if (ScanFormed formed = formScan(op); !formed.op) {
        emitError(loc, "expected a step for which plan 'scan' is legal, but ") << formed.refusal;
        return signalPassFailure();
      }
    }
  }
};
} // namespace
