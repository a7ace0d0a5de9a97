//===- ParallelLoops.h - Linalg ops on buffers as parallel work -----------===//
#ifndef SEQC_LIB_CONVERSION_PARALLELLOOPS_H
#define SEQC_LIB_CONVERSION_PARALLELLOOPS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"

namespace seqc {

/// Replaces `op`, on buffers, by loops in the order of its dimensions; for a GPU, outside of any
/// loop, by one parallel loop over all elements of its parallel dimensions, in each of which sums
/// run in order.
llvm::LogicalResult lowerOnBuffers(mlir::IRRewriter &rewriter, mlir::linalg::LinalgOp op);

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_PARALLELLOOPS_H
