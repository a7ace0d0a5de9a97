// Shapes that agree where both are static.
#include "Shapes.h"

using namespace mlir;

bool seqc::seq::agree(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  return a.size() == b.size() && llvm::all_of(llvm::zip(a, b), [](auto it) {
           auto [x, y] = it;
           return ShapedType::isDynamic(x) || ShapedType::isDynamic(y) || x == y;
         });
}

LogicalResult seqc::seq::expectShape(Operation *op, StringRef name, Value value,
                                     ArrayRef<int64_t> shape) {
  if (agree(cast<RankedTensorType>(value.getType()).getShape(), shape))
    return success();
  auto diag = op->emitOpError("expected '") << name << "' to have shape [";
  llvm::interleaveComma(shape, diag,
                        [&](int64_t s) { ShapedType::isDynamic(s) ? diag << "?" : diag << s; });
  diag << "], but got " << value.getType();
  return diag;
}

LogicalResult seqc::seq::expectNarrowFloat(Operation *op, StringRef name, Value value,
                                           Type element) {
  auto type = dyn_cast<FloatType>(cast<RankedTensorType>(value.getType()).getElementType());
  if (type && type.getWidth() <= element.getIntOrFloatBitWidth())
    return success();
  return op->emitOpError("expected '")
         << name << "' to hold " << element << " or a narrower float, but got " << value.getType();
}
