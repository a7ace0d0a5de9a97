// The operand `cu_seqlens`, which every op with a time axis has or may get: sequences of several
// lengths, one behind the other.
#include "seqc/Dialect/Seq/IR/Seq.h"

using namespace mlir;
using namespace seqc::seq;

std::optional<PackedSequences> seqc::seq::getPackedSequences(Operation *op) {
  if (auto affine = dyn_cast<AffineRecurrenceOp>(op); affine && affine.isPacked())
    return PackedSequences{affine.getCuSeqlens(), affine.getInput(), {}, affine.getInitial()};
  auto recurrence = dyn_cast<RecurrenceOp>(op);
  if (!recurrence || !recurrence.isPacked())
    return std::nullopt;
  Value perStep = !recurrence.getInputs().empty() ? Value(recurrence.getInputs().front())
                                                  : recurrence.getResets();
  return PackedSequences{recurrence.getCuSeqlens(), perStep, recurrence.getSteps(),
                         recurrence.getInitial().front()};
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
