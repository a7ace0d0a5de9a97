// seq.combine as the ops of its region, for plans that evaluate a step after
// the other.
#include "seqc/Dialect/Seq/IR/Seq.h"
#include "seqc/Dialect/Seq/Transforms/Passes.h"

namespace seqc {
#define GEN_PASS_DEF_INLINECOMBINEPASS
#include "seqc/Dialect/Seq/Transforms/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

static void inlineCombine(seq::CombineOp op) {
  Block *body = op.getBody();
  for (auto [arg, operand] : llvm::zip_equal(body->getArguments(), op->getOperands()))
    arg.replaceAllUsesWith(operand);
  seq::YieldOp yield = op.getYield();
  op->replaceAllUsesWith(yield.getNext());
  yield.erase();
  op->getBlock()->getOperations().splice(op->getIterator(), body->getOperations());
  op.erase();
}

namespace {
struct InlineCombinePass : seqc::impl::InlineCombinePassBase<InlineCombinePass> {
  void runOnOperation() override {
    getOperation()->walk([](seq::CombineOp op) { inlineCombine(op); }); // inner ones first
  }
};
} // namespace
