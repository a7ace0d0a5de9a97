// The operand `cu_seqlens`, which every op with a time axis has or may get: sequences of several
// lengths, one behind the other.
#include "seqc/Dialect/Seq/IR/Seq.h"

using namespace mlir;
using namespace seqc::seq;

/// Of an op with bindings.
template <typename Op> static std::optional<PackedSequences> packedBindings(Op op) {
  if (!op.isPacked())
    return std::nullopt;
  Value perStep = !op.getInputs().empty() ? Value(op.getInputs().front()) : op.getResets();
  return PackedSequences{op.getCuSeqlens(), perStep, op.getSteps(), op.getInitial().front()};
}

std::optional<PackedSequences> seqc::seq::getPackedSequences(Operation *op) {
  if (auto affine = dyn_cast<AffineRecurrenceOp>(op); affine && affine.isPacked())
    return PackedSequences{affine.getCuSeqlens(), affine.getInput(), {}, affine.getInitial()};
  if (auto ema = dyn_cast<EmaOp>(op); ema && ema.isPacked())
    return PackedSequences{ema.getCuSeqlens(), ema.getInput(), {}, ema.getInitial().front()};
  if (auto scan = dyn_cast<ScanOp>(op))
    return packedBindings(scan);
  if (auto recurrence = dyn_cast<RecurrenceOp>(op))
    return packedBindings(recurrence);
  return std::nullopt;
}

LogicalResult seqc::seq::verifyCuSeqlens(Operation *op, Value offsets, int64_t sequences) {
  if (auto time = op->getAttrOfType<IntegerAttr>("time"))
    return op->emitOpError("expected no 'time' with 'cu_seqlens', where time is the first "
                           "dimension, but got ")
           << time.getInt();
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
