// Tensors in which two others take turns.
#include "seqc/Analysis/Interleaved.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace seqc;

/// True if `insert` writes all of [.., N, half] of a tensor [.., N, 2].
static bool writesHalf(tensor::InsertSliceOp insert, int64_t half) {
  RankedTensorType dest = insert.getDestType(), source = insert.getSourceType();
  int64_t last = dest.getRank() - 1;
  if (last < 1 || dest.getDimSize(last) != 2 || source.getRank() != last ||
      source.getShape() != dest.getShape().drop_back() || !insert.hasUnitStride() ||
      !isConstantIntValue(insert.getMixedSizes()[last], 1))
    return false;
  SmallVector<OpFoldResult> offsets = insert.getMixedOffsets();
  return isConstantIntValue(offsets[last], half) &&
         llvm::all_of(ArrayRef<OpFoldResult>(offsets).drop_back(),
                      [](OpFoldResult offset) { return isZeroInteger(offset); });
}

std::optional<Interleaved> seqc::interleaved(Value v) {
  auto second = v.getDefiningOp<tensor::InsertSliceOp>();
  if (!second || !writesHalf(second, 1))
    return std::nullopt;
  auto first = second.getDest().getDefiningOp<tensor::InsertSliceOp>();
  if (!first || !first->hasOneUse() || !writesHalf(first, 0) ||
      !first.getDest().getDefiningOp<tensor::EmptyOp>())
    return std::nullopt;
  return Interleaved{first.getSource(), second.getSource()};
}

bool seqc::isFirstHalf(Operation *op) {
  if (!isa<tensor::InsertSliceOp>(op) || !op->hasOneUse())
    return false;
  auto second = dyn_cast<tensor::InsertSliceOp>(*op->user_begin());
  return second && second.getDest() == op->getResult(0) && interleaved(second.getResult());
}

bool seqc::isInterleaving(Operation *op) {
  return isFirstHalf(op) || (isa<tensor::InsertSliceOp>(op) && interleaved(op->getResult(0)));
}

bool seqc::hasShapeInParts(Value v, ArrayRef<int64_t> shape) {
  auto shapeOf = [](Value part) { return cast<RankedTensorType>(part.getType()).getShape(); };
  std::optional<Interleaved> parts = interleaved(v);
  return parts ? shapeOf(parts->even) == shape : shapeOf(v) == shape;
}
