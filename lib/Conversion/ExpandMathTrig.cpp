//===- ExpandMathTrig.cpp - sin, cos, tan and powers in f32 ---------------===//
//
// Computed in f64, where a float's 24 bits leave room for exact steps.
//
// sin, cos: 1/(2 pi) is cut into pieces of 28 bits, so x · piece is exact, and
// so is what is left after its nearest integer is taken away. The sum of these
// rests is x/(2 pi) modulo 1, for every f32 up to the largest, without a table
// and without a branch.
//
// pow: exp(y log x) in f64, and the cases that IEEE 754 lists.
//
//===----------------------------------------------------------------------===//
#include "ExpandMathFormula.h"
#include <limits>

using namespace mlir;

namespace seqc {

static constexpr double inverseTwoPi[] = {0x1.45f306cp-3,  0x1.c9c882ap-31,  0x1.4fe13a8p-61,
                                          0x1.f47d4dp-88,  0x1.bb81b6cp-115, 0x1.4acc9ep-145,
                                          0x1.0e4107cp-172};
/// (sin(r)/r - 1) / r² and (cos(r) - 1) / r² in r² for |r| <= pi/4.
static constexpr double sinTerms[] = {-0x1.555555555516cp-3, 0x1.1111110fd3d7cp-7,
                                      -0x1.a019fd9b19e85p-13, 0x1.71d9a9cc54c88p-19,
                                      -0x1.aa283ed321002p-26};
static constexpr double cosTerms[] = {-0x1.fffffffffe69ap-2, 0x1.555555514f91bp-5,
                                      -0x1.6c16bae5d7a1p-10, 0x1.a01298a7bee46p-16,
                                      -0x1.2474d10afd4b9p-22};

namespace {
/// x = quadrant · pi/2 + r; the low two bits of `quadrant` count.
struct Angle {
  Value quadrant, sinOfRest, cosOfRest;
};
} // namespace

static Angle reduceAngle(Formula &d, Value x) {
  Value turns;
  for (double piece : llvm::reverse(inverseTwoPi)) {
    Value part = d.mul(x, d.c(piece));
    part = d.sub(part, d.roundEven(part));
    turns = turns ? d.add(turns, part) : part;
  }
  Value quarters = d.mul(d.sub(turns, d.roundEven(turns)), d.c(4));
  Value shifted = d.add(quarters, d.c(d.magic));
  Value r = d.mul(d.sub(quarters, d.sub(shifted, d.c(d.magic))), d.c(0x1.921fb54442d18p+0));
  Value q = d.mul(r, r);
  Value sin = d.fma(d.mul(r, q), d.polynomial(q, sinTerms), r);
  Value cos = d.fma(q, d.polynomial(q, cosTerms), d.c(1));
  return {d.bits(shifted), sin, cos};
}

/// sin(x + shift·pi/2) in f64 from the pieces.
static Value pickQuadrant(Formula &d, const Angle &angle, uint64_t shift) {
  Value quadrant = shift ? d.iadd(angle.quadrant, d.i(shift)) : angle.quadrant;
  Value isEven = d.isZero(d.iand(quadrant, d.i(1)));
  Value value = d.select(isEven, angle.sinOfRest, angle.cosOfRest);
  Value sign = d.shiftLeft(d.iand(quadrant, d.i(2)), 62);
  return d.fromBits(d.ixor(d.bits(value), sign));
}

/// `result`, but x itself where that is the value to the last bit (and keeps
/// -0).
static Value identityNearZero(Formula &f, Value x, Value result) {
  Value isTiny = f.compare(arith::CmpFPredicate::OLT, f.abs(x), f.c(0x1p-13));
  return f.select(isTiny, x, result);
}

Value formSin(Formula &f, Value x) {
  Formula d = f.asDouble();
  Angle angle = reduceAngle(d, f.toDouble(x));
  return identityNearZero(f, x, f.toSingle(pickQuadrant(d, angle, 0)));
}

Value formCos(Formula &f, Value x) {
  Formula d = f.asDouble();
  return f.toSingle(pickQuadrant(d, reduceAngle(d, f.toDouble(x)), 1));
}

Value formTan(Formula &f, Value x) {
  Formula d = f.asDouble();
  Angle angle = reduceAngle(d, f.toDouble(x));
  Value sin = pickQuadrant(d, angle, 0), cos = pickQuadrant(d, angle, 1);
  return identityNearZero(f, x, f.toSingle(d.divide(sin, cos)));
}

Value formPow(Formula &f, Value x, Value y) {
  using Predicate = arith::CmpFPredicate;
  Formula d = f.asDouble();
  Value wideX = f.toDouble(x), wideY = f.toDouble(y);
  Value log = formLog(d, d.abs(wideX));
  Value size = f.toSingle(formExp(d, d.mul(wideY, log)));

  // A negative base: the sign of odd y, NaN for a finite base and a y that is
  // no integer.
  Value isInteger = f.compare(Predicate::OEQ, f.floor(y), y);
  Value halfY = f.mul(y, f.c(0.5));
  Value isHalfInteger = f.compare(Predicate::ONE, f.floor(halfY), halfY);
  Value isOdd = f.both(isInteger, isHalfInteger);
  Value result = f.select(isOdd, f.copysign(size, x), size);
  Value isNegative =
      f.both(f.compare(Predicate::OLT, x, f.c(0)),
             f.compare(Predicate::OGT, x, f.c(-std::numeric_limits<double>::infinity())));
  Value isFractional = f.compare(Predicate::ONE, f.floor(y), y);
  result = f.select(f.both(isNegative, isFractional), f.c(std::numeric_limits<double>::quiet_NaN()),
                    result);

  // x^0 = 1^y = 1, also for NaN; (-1)^±inf = 1.
  Value infinity = f.c(std::numeric_limits<double>::infinity());
  Value isMinusOne =
      f.both(f.compare(Predicate::OEQ, x, f.c(-1)), f.compare(Predicate::OEQ, f.abs(y), infinity));
  Value isOne =
      f.either(f.compare(Predicate::OEQ, x, f.c(1)), f.compare(Predicate::OEQ, y, f.c(0)));
  return f.select(f.either(isOne, isMinusOne), f.c(1), result);
}

} // namespace seqc
