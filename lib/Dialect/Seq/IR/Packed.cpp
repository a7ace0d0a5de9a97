// The operand `cu_seqlens`, which every op with a time axis has or may get: sequences of several
// lengths, one behind the other.
#include "seqc/Dialect/Seq/IR/Seq.h"

using namespace mlir;
using namespace seqc::seq;

Value seqc::seq::getCuSeqlens(Operation *op) {
  if (auto recurrence = dyn_cast<RecurrenceOp>(op))
    return recurrence.getCuSeqlens();
  auto affine = dyn_cast<AffineRecurrenceOp>(op);
  return affine ? affine.getCuSeqlens() : Value();
}

LogicalResult seqc::seq::verifyCuSeqlens(Operation *op, Value offsets, int64_t sequences) {
  auto type = cast<RankedTensorType>(offsets.getType());
  Type element = type.getElementType();
  if (type.getRank() != 1 ||
      !(element.isIndex() || element.isSignlessInteger(32) || element.isSignlessInteger(64)))
    return op->emitOpError("expected 'cu_seqlens' to be [N+1] of i32, i64 or index, but got ")
           << type;
  if (type.getDimSize(0) == 0 || (!type.isDynamicDim(0) && !ShapedType::isDynamic(sequences) &&
                                  type.getDimSize(0) - 1 != sequences)) {
    auto diag = op->emitOpError("expected 'cu_seqlens' to have one offset more than there are "
                                "sequences");
    if (!ShapedType::isDynamic(sequences))
      diag << " (" << sequences << ")";
    return diag << ", but got " << type;
  }
  return success();
}
