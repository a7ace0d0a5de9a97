// What no plan took: upstream's bufferization, then naive loops.
#include "ParallelLoops.h"
#include "seqc/Conversion/Passes.h"

#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace seqc {
#define GEN_PASS_DEF_BUFFERIZEPASS
#include "seqc/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

/// tensor.pad and tensor.concat have no buffer form of their own: slices and fills instead.
static LogicalResult decomposeTensorOps(ModuleOp module) {
  RewritePatternSet patterns(module.getContext());
  tensor::populateDecomposeTensorConcatPatterns(patterns);
  linalg::populateDecomposePadPatterns(patterns);
  tensor::populateFoldTensorEmptyPatterns(patterns); // a reshaped buffer is a buffer
  return applyPatternsGreedily(module, std::move(patterns));
}

static LogicalResult bufferize(ModuleOp module) {
  bufferization::OneShotBufferizationOptions options;
  options.allowReturnAllocsFromLoops = true;
  options.bufferizeFunctionBoundaries = false;
  options.memCpyFn = [](OpBuilder &b, Location loc, Value from, Value to) {
    memref::CopyOp::create(b, loc, from, to);
    return success();
  };
  bufferization::BufferizationState state;
  return bufferization::runOneShotBufferize(module, options, state);
}

/// Linalg ops on buffers become loops in the order of their dimensions.
static LogicalResult lowerToLoops(ModuleOp module) {
  SmallVector<linalg::LinalgOp> ops;
  module.walk([&](linalg::LinalgOp op) { ops.push_back(op); });
  IRRewriter rewriter(module.getContext());
  for (linalg::LinalgOp op : ops) {
    rewriter.setInsertionPoint(op);
    if (failed(lowerOnBuffers(rewriter, op)))
      return failure();
  }
  return success();
}

namespace {
struct BufferizePass : seqc::impl::BufferizePassBase<BufferizePass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(decomposeTensorOps(module)) || failed(bufferize(module)) ||
        failed(lowerToLoops(module)))
      signalPassFailure();
  }
};
} // namespace
