//===- ExpandMath.cpp - Which ops have formulas, and their element types --===//
#include "seqc/Conversion/ExpandMath.h"
#include "ExpandMathFormula.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace seqc {

using Unary = Value (*)(Formula &, Value);

/// The formula for a function of one argument; null when there is none. Those
/// of sin, cos and tan are for f32.
static Unary formulaFor(Operation *op, bool isDouble) {
  Unary none = nullptr;
  Unary common = llvm::TypeSwitch<Operation *, Unary>(op)
                     .Case([](math::ExpOp) { return formExp; })
                     .Case([](math::Exp2Op) { return formExp2; })
                     .Case([](math::ExpM1Op) { return formExpM1; })
                     .Case([](math::TanhOp) { return formTanh; })
                     .Case([](math::ErfOp) { return formErf; })
                     .Case([](math::LogOp) { return formLog; })
                     .Case([](math::Log2Op) { return formLog2; })
                     .Case([](math::Log10Op) { return formLog10; })
                     .Case([](math::Log1pOp) { return formLog1p; })
                     .Case([](math::RsqrtOp) { return formRsqrt; })
                     .Default(none);
  if (common || isDouble)
    return common;
  return llvm::TypeSwitch<Operation *, Unary>(op)
      .Case([](math::SinOp) { return formSin; })
      .Case([](math::CosOp) { return formCos; })
      .Case([](math::TanOp) { return formTan; })
      .Default(none);
}

/// f32 or f64 for scalars and vectors of floats up to f64, null for any other
/// type.
static FloatType arithmeticElement(Type type) {
  auto element = dyn_cast<FloatType>(getElementTypeOrSelf(type));
  if (isa<ShapedType>(type) && !isa<VectorType>(type))
    return {};
  if (!element || element.getWidth() > 64 || element.getWidth() == 0)
    return {};
  return element.isF64() ? element : Float32Type::get(type.getContext());
}

static Type withElement(Type shape, Type element) {
  if (auto vector = dyn_cast<VectorType>(shape))
    return vector.clone(element);
  return element;
}

/// Applies `form` in f32 or f64 to operands of any float type.
static Value inArithmeticType(OpBuilder &builder, Location loc, ValueRange operands,
                              bool fastDivision,
                              llvm::function_ref<Value(Formula &, ArrayRef<Value>)> form) {
  Type type = operands.front().getType();
  Type wide = withElement(type, arithmeticElement(type));
  Formula formula(builder, loc, wide, fastDivision);
  SmallVector<Value> widened(operands);
  if (wide == type)
    return form(formula, widened);
  for (Value &operand : widened)
    operand = arith::ExtFOp::create(builder, loc, wide, operand);
  return arith::TruncFOp::create(builder, loc, type, form(formula, widened));
}

bool isExpanded(Operation *op) {
  if (op->getNumOperands() == 0 || op->getNumResults() == 0)
    return false;
  FloatType element = arithmeticElement(op->getOperand(0).getType());
  if (!element)
    return false;
  if (isa<math::PowFOp, math::SincosOp>(op))
    return !element.isF64();
  return formulaFor(op, element.isF64()) != nullptr;
}

bool needsLibm(Operation *op, bool precise) {
  if (!op->getDialect() || op->getDialect()->getNamespace() != "math" ||
      (isExpanded(op) && !precise))
    return false;
  if (op->getNumOperands() == 0 ||
      !isa<FloatType>(getElementTypeOrSelf(op->getOperand(0).getType())))
    return false;
  return !isa<math::AbsFOp, math::CeilOp, math::ClampFOp, math::CopySignOp, math::FloorOp,
              math::FmaOp, math::IsFiniteOp, math::IsInfOp, math::IsNaNOp, math::IsNormalOp,
              math::RoundOp, math::RoundEvenOp, math::RsqrtOp, math::SqrtOp, math::TruncOp>(op);
}

SmallVector<Value> expandMathOp(OpBuilder &builder, Operation *op,
                                const ExpandMathOptions &options) {
  if (!isExpanded(op))
    return {};
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(op);
  bool isDouble = getElementTypeOrSelf(op->getOperand(0).getType()).isF64();
  auto build = [&](auto form) {
    return inArithmeticType(builder, op->getLoc(), op->getOperands(), options.fastDivision, form);
  };
  if (isa<math::PowFOp>(op))
    return {build([](Formula &f, ArrayRef<Value> x) { return formPow(f, x[0], x[1]); })};
  if (isa<math::SincosOp>(op))
    return {build([](Formula &f, ArrayRef<Value> x) { return formSin(f, x[0]); }),
            build([](Formula &f, ArrayRef<Value> x) { return formCos(f, x[0]); })};
  Unary form = formulaFor(op, isDouble);
  return {build([&](Formula &f, ArrayRef<Value> x) { return form(f, x[0]); })};
}

Value buildSigmoid(OpBuilder &builder, Location loc, Value x, const ExpandMathOptions &options) {
  return inArithmeticType(builder, loc, x, options.fastDivision,
                          [](Formula &f, ArrayRef<Value> x) { return formSigmoid(f, x[0]); });
}

Value buildSoftplus(OpBuilder &builder, Location loc, Value x, const ExpandMathOptions &options) {
  return inArithmeticType(builder, loc, x, options.fastDivision,
                          [](Formula &f, ArrayRef<Value> x) { return formSoftplus(f, x[0]); });
}

} // namespace seqc
