//===- ExpandMathFormula.cpp - Arithmetic on a float type -----------------===//
//
// The only algorithm here is the division. A wide vector division takes 16
// cycles on some machines, a fused multiply-add half a cycle, so 1/d starts
// from an integer subtraction: the bits of a float are its logarithm, piecewise
// linear, so C - bits(d) is 1/d within 5 % after the best choice of C. One
// quadratic polynomial of m = d·y0, (m - h)² + k with coefficients chosen
// together with C, brings that to 3.3e-5 (y1); then z = n·y1 and one residual
// step z - (d·z - n)·y1 gives the quotient almost always correctly rounded, -0
// included.
//
//===----------------------------------------------------------------------===//
#include "ExpandMathFormula.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace seqc {

static Type withElement(Type shape, Type element) {
  if (auto vector = dyn_cast<VectorType>(shape))
    return vector.clone(element);
  return element;
}

Formula::Formula(OpBuilder &builder, Location loc, Type type, bool fastDivision)
    : mantissa(getElementTypeOrSelf(type).isF64() ? 52 : 23), bias(mantissa == 52 ? 1023 : 127),
      magic(1.5 * double(1ull << mantissa)), b(loc, builder), type(type),
      fastDivision(fastDivision) {
  intType = withElement(type, b.getIntegerType(mantissa == 52 ? 64 : 32));
}

Formula Formula::asDouble() const {
  OpBuilder builder(b);
  return Formula(builder, b.getLoc(), withElement(type, builder.getF64Type()), fastDivision);
}

static Value constant(ImplicitLocOpBuilder &b, Type type, TypedAttr element) {
  if (auto vector = dyn_cast<VectorType>(type))
    return arith::ConstantOp::create(b, DenseElementsAttr::get(vector, Attribute(element)));
  return arith::ConstantOp::create(b, element);
}

Value Formula::c(double value) {
  return constant(b, type, b.getFloatAttr(getElementTypeOrSelf(type), value));
}

Value Formula::i(uint64_t value) {
  auto element = cast<IntegerType>(getElementTypeOrSelf(intType));
  APInt bits(element.getWidth(), value, /*isSigned=*/false,
             /*implicitTrunc=*/true);
  return constant(b, intType, b.getIntegerAttr(element, bits));
}

Value Formula::add(Value x, Value y) { return arith::AddFOp::create(b, x, y); }
Value Formula::sub(Value x, Value y) { return arith::SubFOp::create(b, x, y); }
Value Formula::mul(Value x, Value y) { return arith::MulFOp::create(b, x, y); }
Value Formula::neg(Value x) { return arith::NegFOp::create(b, x); }
Value Formula::abs(Value x) { return math::AbsFOp::create(b, x); }
Value Formula::fma(Value x, Value y, Value z) { return math::FmaOp::create(b, x, y, z); }
Value Formula::copysign(Value magnitude, Value sign) {
  return math::CopySignOp::create(b, magnitude, sign);
}
Value Formula::roundEven(Value x) { return math::RoundEvenOp::create(b, x); }
Value Formula::squareRoot(Value x) { return math::SqrtOp::create(b, x); }
Value Formula::exactQuotient(Value x, Value y) { return arith::DivFOp::create(b, x, y); }
Value Formula::floor(Value x) { return math::FloorOp::create(b, x); }

Value Formula::bits(Value x) { return arith::BitcastOp::create(b, intType, x); }
Value Formula::fromBits(Value x) { return arith::BitcastOp::create(b, type, x); }
Value Formula::iadd(Value x, Value y) { return arith::AddIOp::create(b, x, y); }
Value Formula::isub(Value x, Value y) { return arith::SubIOp::create(b, x, y); }
Value Formula::iand(Value x, Value y) { return arith::AndIOp::create(b, x, y); }
Value Formula::ixor(Value x, Value y) { return arith::XOrIOp::create(b, x, y); }
Value Formula::shiftLeft(Value x, unsigned by) { return arith::ShLIOp::create(b, x, i(by)); }
Value Formula::shiftRight(Value x, unsigned by) { return arith::ShRSIOp::create(b, x, i(by)); }
Value Formula::toFloat(Value x) { return arith::SIToFPOp::create(b, type, x); }
Value Formula::toDouble(Value x) {
  return arith::ExtFOp::create(b, withElement(type, b.getF64Type()), x);
}
Value Formula::toSingle(Value x) {
  return arith::TruncFOp::create(b, withElement(type, b.getF32Type()), x);
}

Value Formula::compare(arith::CmpFPredicate p, Value x, Value y) {
  return arith::CmpFOp::create(b, p, x, y);
}
Value Formula::isZero(Value x) {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, x, i(0));
}
Value Formula::select(Value condition, Value x, Value y) {
  return arith::SelectOp::create(b, condition, x, y);
}
Value Formula::either(Value x, Value y) { return arith::OrIOp::create(b, x, y); }
Value Formula::both(Value x, Value y) { return arith::AndIOp::create(b, x, y); }

Value Formula::atMost(Value x, double limit) {
  Value l = c(limit);
  return select(compare(arith::CmpFPredicate::OLT, l, x), l, x);
}

Value Formula::atLeast(Value x, double limit) {
  Value l = c(limit);
  return select(compare(arith::CmpFPredicate::OGT, l, x), l, x);
}

Value Formula::polynomial(Value x, ArrayRef<double> coefficients) {
  Value sum = c(coefficients.back());
  for (double coefficient : llvm::reverse(coefficients.drop_back()))
    sum = fma(sum, x, c(coefficient));
  return sum;
}

Value Formula::divide(Value n, Value d) {
  if (fastDivision)
    return arith::DivFOp::create(b, n, d);
  Value guess = fromBits(isub(i(isDouble() ? 0x7fde66817126dc00 : 0x7ef3340c), bits(d)));
  Value s = fma(d, guess, c(-0x1.803efep+0));
  Value y = mul(guess, fma(s, s, c(0x1.7f820ep-1)));
  if (isDouble())
    y = fma(y, fma(neg(d), y, c(1)), y);
  Value z = mul(n, y);
  return fma(neg(fma(d, z, neg(n))), y, z);
}

} // namespace seqc
