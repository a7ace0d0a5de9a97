//===- ExpandMathExp.cpp - exp, sigmoid, softplus, tanh, erf --------------===//
//
// All but tanh in f32 rest on e^x = 2^n e^r with n = round(x / ln2).
// Adding 1.5·2^23 (f32) rounds x / ln2 and leaves n in the low bits of the sum,
// so a shift makes 2^n from them.
//
// - exp computes e^(x/2) and squares it: x/2 needs no care at either end of the
// range, and the
//   square overflows to infinity and underflows through the denormals by
//   itself.
// - sigmoid = 2^-26 / (2^-26 + 2^-26 e^-x): with that factor the denominator
// stays normal
//   for every x whose result is not zero, and the quotient reaches the
//   denormals.
// - tanh in f32 is x P(x²) / Q(x²), both of degree 4: relative error 3.5e-8 up
// to where tanh is 1.
//
// Coefficients: minimax on the reduced interval with rounded coefficients
// (Sollya's fpminimax).
//
//===----------------------------------------------------------------------===//
#include "ExpandMathFormula.h"
#include <cmath>

using namespace mlir;

namespace seqc {

static constexpr double log2e = 0x1.71547652b82fep+0;
static constexpr double ln2Double = 0x1.62e42fefa39efp-1;
static constexpr double ln2DoubleRest = 0x1.abc9e3b39803fp-56;
static constexpr double ln2Single = 0x1.62e43p-1;
static constexpr double ln2SingleRest = -0x1.05c610p-29;

/// 1.62 exp(-r) for |r| <= 0.35. With this factor the first coefficient, which
/// should be 1 + 7.6e-8 times it, is close to a float.
static constexpr double sigmoidFactor = 0x1.9eb852p0;
static constexpr double expNegSigmoid[] = {0x1.9eb854p0,   -0x1.9eb84ap0, 0x1.9eb5f2p-1,
                                           -0x1.147e94p-2, 0x1.1623cp-4,  -0x1.b89b74p-7};
/// exp(-r) for |r| <= 0.35.
static constexpr double expNegSingle[] = {
    0x1p0, -0x1p0, 0x1p-1, -0x1.555482p-3, 0x1.5554dap-5, -0x1.12441p-7, 0x1.6d5dcp-10};
static constexpr double expNegDouble[] = {0x1p0,
                                          -0x1p0,
                                          0x1.000000000000ep-1,
                                          -0x1.555555555556p-3,
                                          0x1.555555554f294p-5,
                                          -0x1.111111110d8efp-7,
                                          0x1.6c16c188899f8p-10,
                                          -0x1.a01a01ba48c56p-13,
                                          0x1.a0198ee027fbbp-16,
                                          -0x1.71dde099424efp-19,
                                          0x1.28b75878a3a9ep-22,
                                          -0x1.af84efb3dc2c6p-26};

/// exp(r/2) for |r| <= 0.7.
static constexpr double halfExpSingle[] = {
    0x1p0, 0x1p-1, 0x1p-3, 0x1.555482p-6, 0x1.5554dap-9, 0x1.12441p-12, 0x1.6d5dcp-16};
static constexpr double halfExpDouble[] = {0x1p0,
                                           0x1p-1,
                                           0x1p-3,
                                           0x1.555555555555cp-6,
                                           0x1.5555555555559p-9,
                                           0x1.111111110e93bp-12,
                                           0x1.6c16c16c14885p-16,
                                           0x1.a01a01b4bcd05p-20,
                                           0x1.a01a01afe8293p-24,
                                           0x1.71ddecf8aa865p-28,
                                           0x1.27e4c6dadfa7bp-32,
                                           0x1.af717610cf6d2p-37,
                                           0x1.1f93ebe6a9ccbp-41};

/// 2^(r/2) for |r| <= 1.
static constexpr double halfExp2Single[] = {0x1p0,         0x1.62e43p-2,  0x1.ebfbep-5,
                                            0x1.c6af68p-8, 0x1.3b2a4p-11, 0x1.5f14fap-15,
                                            0x1.442e64p-19};
static constexpr double halfExp2Double[] = {0x1p0,
                                            0x1.62e42fefa39efp-2,
                                            0x1.ebfbdff82c58fp-5,
                                            0x1.c6b08d704a18p-8,
                                            0x1.3b2ab6fba4d86p-11,
                                            0x1.5d87fe78898b7p-15,
                                            0x1.430912f8a6575p-19,
                                            0x1.ffcbfcd6cbddep-24,
                                            0x1.62c02172b0ff6p-28,
                                            0x1.b5242df6b5b25p-33,
                                            0x1.e4d1bdffaaafap-38,
                                            0x1.eaeb1eafa4e61p-43,
                                            0x1.c14ca0f26c3ccp-48};

/// (exp(r) - 1 - r) / r² for |r| <= 0.35.
static constexpr double expM1Single[] = {0x1p-1,        0x1.555556p-3,  0x1.5554fcp-5,
                                         0x1.110fc8p-7, 0x1.6d3798p-10, 0x1.a2c7c4p-13};
static constexpr double expM1Double[] = {0x1p-1,
                                         0x1.5555555555555p-3,
                                         0x1.5555555555557p-5,
                                         0x1.111111111136cp-7,
                                         0x1.6c16c16c15735p-10,
                                         0x1.a01a019ebdfcfp-13,
                                         0x1.a01a01ab49a84p-16,
                                         0x1.71de3fd50bc76p-19,
                                         0x1.27e4d084b61e3p-22,
                                         0x1.ae50124939f47p-26,
                                         0x1.1f8584c248006p-29,
                                         0x1.7d369b58b9f66p-33};

/// 2 atanh(s) / s in s² for s <= 1/3.
static constexpr double atanhSingle[] = {0x1p1, 0x1.5555p-1, 0x1.99d29ep-2, 0x1.1eb39ep-2,
                                         0x1.1f05a6p-2};
static constexpr double atanhDouble[] = {0x1p1,
                                         0x1.5555555555555p-1,
                                         0x1.9999999999acbp-2,
                                         0x1.2492492485441p-2,
                                         0x1.c71c71d07ad17p-3,
                                         0x1.745d153bc3eep-3,
                                         0x1.3b13fb25fca45p-3,
                                         0x1.1109fb8035f66p-3,
                                         0x1.e2d18ebc7943cp-4,
                                         0x1.a43bc1e243b19p-4,
                                         0x1.dc51c6dab42c4p-4,
                                         -0x1.4723b7f30506fp-6,
                                         0x1.91ab42f91b01ep-2,
                                         -0x1.3959d4e4f7874p-2};

/// tanh(x)/x = P(x²)/Q(x²) for |x| <= 8.35, relative error 2.1e-8.
static constexpr double tanhP[] = {0x1p0, 0x1.12e5bep-3, 0x1.d0b3a4p-9, 0x1.67c58ep-16,
                                   0x1.f40612p-27};
static constexpr double tanhQ[] = {0x1p0, 0x1.dec82ep-2, 0x1.ab0f76p-6, 0x1.61209ep-12,
                                   0x1.bb5184p-21};

/// A place at which the computed tanh is exactly 1 (with either division), and
/// not above 1 anywhere below.
static constexpr double tanhLimit = 0x1.03927ep+3;

/// n and r of x = n ln2 + r; `shifted` is magic + offset + n.
static std::pair<Value, Value> splitByLn2(Formula &f, Value x, bool negate, int64_t offset,
                                          bool fast) {
  double magic = f.magic + double(offset);
  Value shifted = f.fma(x, f.c(negate ? -log2e : log2e), f.c(magic));
  Value n = f.sub(shifted, f.c(magic));
  // With `negate` n counts -x, and what is left of it comes out as r = x + n
  // ln2.
  double sign = negate ? 1 : -1;
  Value r = f.fma(n, f.c(sign * (f.isDouble() ? ln2Double : ln2Single)), x);
  if (!fast)
    r = f.fma(n, f.c(sign * (f.isDouble() ? ln2DoubleRest : ln2SingleRest)), r);
  return {shifted, r};
}

/// 2^(n + offset) from magic + bias + offset + n.
static Value powerOfTwo(Formula &f, Value shifted) {
  return f.fromBits(f.shiftLeft(f.bits(shifted), f.mantissa));
}

ReducedExp reduceExpOfNegated(Formula &f, Value x, int64_t offset) {
  auto [shifted, r] = splitByLn2(f, x, /*negate=*/true, offset + f.bias, /*fast=*/false);
  Value power = f.isDouble() ? f.polynomial(r, expNegDouble) : f.polynomial(r, expNegSingle);
  return {power, powerOfTwo(f, shifted)};
}

/// (2^n p)², where `shifted` is magic + bias + n.
static Value scaleAndSquare(Formula &f, Value p, Value shifted) {
  Value root = f.mul(p, powerOfTwo(f, shifted));
  return f.mul(root, root);
}

Value formExp(Formula &f, Value x) {
  bool wide = f.isDouble();
  x = f.atLeast(f.atMost(x, wide ? 710 : 89), wide ? -746 : -104);
  Value shift = f.c(f.magic + double(f.bias));
  Value shifted = f.fma(x, f.c(log2e / 2), shift);
  Value n = f.sub(shifted, shift);
  Value r = f.fma(n, f.c(-2 * (wide ? ln2Double : ln2Single)), x);
  r = f.fma(n, f.c(-2 * (wide ? ln2DoubleRest : ln2SingleRest)), r);
  Value p = wide ? f.polynomial(r, halfExpDouble) : f.polynomial(r, halfExpSingle);
  return scaleAndSquare(f, p, shifted);
}

Value formExp2(Formula &f, Value x) {
  bool wide = f.isDouble();
  x = f.atLeast(f.atMost(x, wide ? 1025 : 129), wide ? -1076 : -151);
  Value shift = f.c(f.magic + double(f.bias));
  Value shifted = f.fma(x, f.c(0.5), shift);
  Value n = f.sub(shifted, shift);
  Value r = f.fma(n, f.c(-2), x);
  Value p = wide ? f.polynomial(r, halfExp2Double) : f.polynomial(r, halfExp2Single);
  return scaleAndSquare(f, p, shifted);
}

/// exp(x) - 1 = 2 (2^(n-1) (e^r - 1) + (2^(n-1) - 1/2)); the factor 2 keeps
/// 2^(n-1) finite.
static Value expM1InRange(Formula &f, Value x) {
  auto [shifted, r] = splitByLn2(f, x, /*negate=*/false, f.bias - 1, /*fast=*/false);
  Value scale = powerOfTwo(f, shifted);
  Value q = f.isDouble() ? f.polynomial(r, expM1Double) : f.polynomial(r, expM1Single);
  Value u = f.fma(f.mul(r, r), q, r);
  Value half = f.fma(scale, u, f.sub(scale, f.c(0.5)));
  return f.add(half, half);
}

Value formExpM1(Formula &f, Value x) {
  bool wide = f.isDouble();
  Value clamped = f.atLeast(f.atMost(x, wide ? 710 : 89), wide ? -40 : -20);
  Value isTiny = f.compare(arith::CmpFPredicate::OLT, f.abs(x), f.c(wide ? 0x1p-60 : 0x1p-26));
  return f.select(isTiny, x, expM1InRange(f, clamped));
}

Value formSigmoid(Formula &f, Value x) {
  bool wide = f.isDouble();
  int64_t offset = wide ? -60 : -26;
  double unit = std::ldexp(wide ? 1 : sigmoidFactor, int(offset));
  x = f.atLeast(f.atMost(x, wide ? 200 : 64), wide ? -746 : -104);
  auto [shifted, r] = splitByLn2(f, x, /*negate=*/true, offset + f.bias, /*fast=*/!wide);
  Value power = wide ? f.polynomial(r, expNegDouble) : f.polynomial(r, expNegSigmoid);
  return f.divide(f.c(unit), f.fma(power, powerOfTwo(f, shifted), f.c(unit)));
}

Value formSoftplus(Formula &f, Value x) {
  // max(x, 0) + log(1 + z) with z = exp(-|x|) and log(1 + z) = 2 atanh(z / (2 +
  // z)).
  bool wide = f.isDouble();
  int64_t shift = wide ? 512 : 64;
  Value size = f.atMost(f.abs(x), wide ? 746 : 104);
  ReducedExp e = reduceExpOfNegated(f, size, shift);
  Value z = f.mul(f.mul(e.power, e.scale), f.c(std::ldexp(1.0, -int(shift))));
  Value s = f.divide(z, f.add(z, f.c(2)));
  Value q = f.mul(s, s);
  Value p = wide ? f.polynomial(q, atanhDouble) : f.polynomial(q, atanhSingle);
  return f.fma(s, p, f.atLeast(x, 0));
}

Value formRsqrt(Formula &f, Value x) { return f.exactQuotient(f.c(1), f.squareRoot(x)); }

Value formTanh(Formula &f, Value x) {
  if (!f.isDouble()) {
    x = f.atLeast(f.atMost(x, tanhLimit), -tanhLimit);
    Value q = f.mul(x, x);
    return f.divide(f.mul(x, f.polynomial(q, tanhP)), f.polynomial(q, tanhQ));
  }
  // u / (u + 2) with u = exp(2|x|) - 1.
  Value size = f.atMost(f.abs(x), 22);
  Value u = expM1InRange(f, f.add(size, size));
  return f.copysign(f.divide(u, f.add(u, f.c(2))), x);
}

} // namespace seqc
