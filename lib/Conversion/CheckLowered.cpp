// The contract of stage 4.
#include "seqc/Conversion/Passes.h"

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
      signalPassFailure();
  }
};
} // namespace
