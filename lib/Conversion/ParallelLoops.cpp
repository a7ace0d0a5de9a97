// Linalg ops on buffers as loops: parallel ones for machines whose threads are many and alone are
// slow.
#include "ParallelLoops.h"
#include "seqc/Schedule/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

static LogicalResult lowerInParallel(IRRewriter &rewriter, linalg::LinalgOp op) {
  Location loc = op.getLoc();
  SmallVector<OpFoldResult> ranges;
  for (Range range : op.createLoopRanges(rewriter, loc))
    ranges.push_back(range.size);
  SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
  auto asValue = [&](OpFoldResult size) {
    return getValueOrCreateConstantIndexOp(rewriter, loc, size);
  };
  Value one = arith::ConstantIndexOp::create(rewriter, loc, 1), items = one;
  for (auto [size, kind] : llvm::zip_equal(ranges, kinds))
    if (kind == utils::IteratorType::parallel)
      items = arith::MulIOp::create(rewriter, loc, items, asValue(size));
  auto all = scf::ForallOp::create(rewriter, loc, ArrayRef<OpFoldResult>{items}, ValueRange{},
                                   std::nullopt);
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointToStart(all.getBody());
  // The item's place in each parallel dimension, the last one fastest.
  SmallVector<Value> places(ranges.size());
  Value rest = all.getInductionVar(0);
  for (int64_t d = int64_t(ranges.size()) - 1; d >= 0; --d)
    if (kinds[d] == utils::IteratorType::parallel) {
      places[d] = arith::RemUIOp::create(rewriter, loc, rest, asValue(ranges[d]));
      rest = arith::DivUIOp::create(rewriter, loc, rest, asValue(ranges[d]));
    }
  Value zero = arith::ConstantIndexOp::create(rewriter, loc, 0);
  for (auto [d, size] : llvm::enumerate(ranges))
    if (kinds[d] != utils::IteratorType::parallel) {
      auto loop = scf::ForOp::create(rewriter, loc, zero, asValue(size), one);
      places[d] = loop.getInductionVar();
      rewriter.setInsertionPointToStart(loop.getBody());
    }
  auto indices = [&](OpOperand &operand) {
    SmallVector<Value> at;
    for (AffineExpr e : op.getMatchingIndexingMap(&operand).getResults()) {
      if (auto dim = dyn_cast<AffineDimExpr>(e))
        at.push_back(places[dim.getPosition()]);
      else if (auto constant = dyn_cast<AffineConstantExpr>(e))
        at.push_back(arith::ConstantIndexOp::create(rewriter, loc, constant.getValue()));
      else
        return SmallVector<Value>();
    }
    return at;
  };
  IRMapping map;
  for (OpOperand &operand : op->getOpOperands()) {
    BlockArgument arg = op.getMatchingBlockArgument(&operand);
    if (!isa<MemRefType>(operand.get().getType())) {
      map.map(arg, operand.get());
      continue;
    }
    SmallVector<Value> at = indices(operand);
    if (int64_t(at.size()) != cast<MemRefType>(operand.get().getType()).getRank())
      return op.emitOpError("expected an op whose operands are read at its own indices for a GPU");
    map.map(arg, memref::LoadOp::create(rewriter, loc, operand.get(), at));
  }
  for (Operation &inner : op.getBlock()->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner))
      map.map(index.getResult(), places[index.getDim()]);
    else
      rewriter.clone(inner, map);
  }
  Operation *yield = op.getBlock()->getTerminator();
  for (auto [init, v] : llvm::zip_equal(op.getDpsInitsMutable(), yield->getOperands()))
    memref::StoreOp::create(rewriter, loc, map.lookupOrDefault(v), init.get(), indices(init));
  rewriter.eraseOp(op);
  return success();
}

LogicalResult seqc::lowerOnBuffers(IRRewriter &rewriter, linalg::LinalgOp op) {
  if (isGpu(op->getParentOfType<ModuleOp>()) && isa<func::FuncOp>(op->getParentOp()))
    return lowerInParallel(rewriter, op);
  if (failed(linalg::linalgOpToLoops(rewriter, op)))
    return op.emitOpError("expected an op that loops can express");
  rewriter.eraseOp(op);
  return success();
}
