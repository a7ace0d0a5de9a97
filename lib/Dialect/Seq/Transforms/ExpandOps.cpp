// Named ops become seq.recurrence before anything else looks at them.
#include "Expand.h"
#include "seqc/Dialect/Seq/Transforms/Passes.h"

#include "mlir/Dialect/Math/IR/Math.h"

namespace seqc {
#define GEN_PASS_DEF_EXPANDOPSPASS
#include "seqc/Dialect/Seq/Transforms/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {
struct ExpandOpsPass : seqc::impl::ExpandOpsPassBase<ExpandOpsPass> {
  void runOnOperation() override {
    getOperation()->walk([](Operation *op) { // inner ones first
      if (auto affine = dyn_cast<seq::AffineRecurrenceOp>(op))
        expandAffine(affine);
      else if (auto ema = dyn_cast<seq::EmaOp>(op))
        expandEma(ema);
      else if (auto scan = dyn_cast<seq::ScanOp>(op))
        expandScan(scan);
    });
  }
};
} // namespace
