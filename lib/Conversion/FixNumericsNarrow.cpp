//===- FixNumericsNarrow.cpp - Arithmetic on bf16 and f16 -----------------===//
//
// An op on bf16 or f16 is computed in f32 and rounded to its type, one op at a
// time: what the program says, and the same on machines with and without such
// instructions. bf16 is the upper half of an f32, so its conversions are
// integer arithmetic; hardware conversions flush denormals. (f16 conversions
// are exact in hardware and stay.)
//
//===----------------------------------------------------------------------===//
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/TypeUtilities.h"
#include "seqc/Conversion/FixNumerics.h"

using namespace mlir;

namespace seqc {

static Type withElement(Type shape, Type element) {
  if (auto vector = dyn_cast<VectorType>(shape))
    return vector.clone(element);
  return element;
}

static bool isNarrow(Type type) {
  if (isa<ShapedType>(type) && !isa<VectorType>(type))
    return false;
  Type element = getElementTypeOrSelf(type);
  return element.isBF16() || element.isF16();
}

static Value integer(ImplicitLocOpBuilder &b, Type type, int64_t value) {
  TypedAttr attribute = b.getIntegerAttr(getElementTypeOrSelf(type), value);
  if (auto vector = dyn_cast<VectorType>(type))
    attribute = DenseElementsAttr::get(vector, Attribute(attribute));
  return arith::ConstantOp::create(b, attribute);
}

static Value extendBF16(ImplicitLocOpBuilder &b, Value x) {
  Type shape = x.getType(), word = withElement(shape, b.getI32Type());
  Value half = arith::BitcastOp::create(b, withElement(shape, b.getI16Type()), x);
  Value bits = arith::ExtUIOp::create(b, word, half);
  bits = arith::ShLIOp::create(b, bits, integer(b, word, 16));
  return arith::BitcastOp::create(b, withElement(shape, b.getF32Type()), bits);
}

/// Round to nearest even: add half a unit less one bit, and one more where the
/// kept part is odd. NaNs keep their sign and upper bits and are made quiet.
static Value truncateToBF16(ImplicitLocOpBuilder &b, Value x) {
  Type shape = x.getType(), word = withElement(shape, b.getI32Type());
  Value bits = arith::BitcastOp::create(b, word, x);
  Value sixteen = integer(b, word, 16);
  Value upper = arith::ShRUIOp::create(b, bits, sixteen);
  Value isOdd = arith::AndIOp::create(b, upper, integer(b, word, 1));
  Value sum = arith::AddIOp::create(b, bits, integer(b, word, 0x7fff));
  Value rounded = arith::ShRUIOp::create(b, arith::AddIOp::create(b, sum, isOdd), sixteen);
  Value quiet = arith::OrIOp::create(b, upper, integer(b, word, 0x40));
  Value isNaN = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, x, x);
  Value kept = arith::SelectOp::create(b, isNaN, quiet, rounded);
  Value half = arith::TruncIOp::create(b, withElement(shape, b.getI16Type()), kept);
  return arith::BitcastOp::create(b, withElement(shape, b.getBF16Type()), half);
}

static Value toSingle(ImplicitLocOpBuilder &b, Value x) {
  if (getElementTypeOrSelf(x.getType()).isBF16())
    return extendBF16(b, x);
  return arith::ExtFOp::create(b, withElement(x.getType(), b.getF32Type()), x);
}

static Value toNarrow(ImplicitLocOpBuilder &b, Value x, Type type) {
  if (getElementTypeOrSelf(type).isBF16())
    return truncateToBF16(b, x);
  return arith::TruncFOp::create(b, type, x);
}

/// bf16 to f32 or f64 and back. f64 goes through f32.
static bool expandConversion(Operation *op) {
  ImplicitLocOpBuilder b(op->getLoc(), op);
  Value x = op->getOperand(0);
  Type type = op->getResult(0).getType();
  Value result;
  if (isa<arith::ExtFOp>(op) && getElementTypeOrSelf(x.getType()).isBF16()) {
    result = extendBF16(b, x);
    if (result.getType() != type)
      result = arith::ExtFOp::create(b, type, result);
  } else if (isa<arith::TruncFOp>(op) && getElementTypeOrSelf(type).isBF16()) {
    if (!getElementTypeOrSelf(x.getType()).isF32())
      x = arith::TruncFOp::create(b, withElement(type, b.getF32Type()), x);
    result = truncateToBF16(b, x);
  }
  if (!result)
    return isa<arith::ExtFOp, arith::TruncFOp>(op);
  op->replaceAllUsesWith(ValueRange{result});
  op->erase();
  return true;
}

/// Computes `op` on f32 operands and rounds its results.
static void computeInSingle(Operation *op) {
  ImplicitLocOpBuilder b(op->getLoc(), op);
  SmallVector<Value> operands = llvm::map_to_vector(op->getOperands(), [&](Value operand) {
    return isNarrow(operand.getType()) ? toSingle(b, operand) : operand;
  });
  SmallVector<Type> types = llvm::map_to_vector(op->getResultTypes(), [&](Type type) {
    return isNarrow(type) ? withElement(type, b.getF32Type()) : type;
  });
  Operation *wide =
      b.create(op->getLoc(), op->getName().getIdentifier(), operands, types, op->getAttrs());
  SmallVector<Value> results;
  for (auto [value, type] : llvm::zip(wide->getResults(), op->getResultTypes()))
    results.push_back(isNarrow(type) ? toNarrow(b, value, type) : value);
  op->replaceAllUsesWith(results);
  op->erase();
}

void widenNarrowFloats(Operation *root) {
  SmallVector<Operation *> ops;
  root->walk([&](Operation *op) {
    // These move bits and do not compute.
    if (isa<arith::ConstantOp, arith::SelectOp, arith::BitcastOp>(op) ||
        !isa_and_present<arith::ArithDialect, math::MathDialect>(op->getDialect()))
      return;
    if (llvm::any_of(op->getOperandTypes(), isNarrow) ||
        llvm::any_of(op->getResultTypes(), isNarrow))
      ops.push_back(op);
  });
  for (Operation *op : ops)
    if (!expandConversion(op))
      computeInSingle(op);
}

} // namespace seqc
