// The contract of stage 4.
#include "seqc/Conversion/Passes.h"
#include "seqc/Schedule/Passes.h"

namespace seqc {
#define GEN_PASS_DEF_CHECKLOWEREDPASS
#include "seqc/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

/// Why `op` may not be left after stage 4, or an empty string.
static StringRef objection(Operation *op) {
  if (isa<seq::SeqDialect>(op->getDialect()))
    return "a seq op";
  if (isa<memref::AllocOp>(op))
    return "an allocation";
  if (isa<memref::CopyOp>(op))
    return "a call of a copy routine";
  auto isTensor = [](Type type) { return isa<TensorType>(type); };
  if (llvm::any_of(op->getOperandTypes(), isTensor) || llvm::any_of(op->getResultTypes(), isTensor))
    return "a tensor";
  return {};
}

namespace {
struct CheckLoweredPass : seqc::impl::CheckLoweredPassBase<CheckLoweredPass> {
  void runOnOperation() override {
    WalkResult result = getOperation().walk([](Operation *op) {
      StringRef what = objection(op);
      if (what.empty())
        return WalkResult::advance();
      op->emitOpError("expected neither seq op, tensor, allocation nor copy routine after stage "
                      "'lowered', but got ")
          << what;
      return WalkResult::interrupt();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    if (!isGpu(getOperation()))
      return;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      StringRef name = function.getName();
      if (!name.starts_with("seqc_body_") && !name.starts_with("seqc_fill_"))
        continue;
      result = function.walk([](Operation *op) {
        if (op->getNumRegions() || runsOnHostOfGpu(op))
          return WalkResult::advance();
        op->emitOpError("expected work that is parallel over channels or sequences for a GPU, but "
                        "got some that is not, which GPUs do not have yet");
        return WalkResult::interrupt();
      });
      if (result.wasInterrupted())
        return signalPassFailure();
    }
  }
};
} // namespace
