//===- ExpandMathLog.cpp - log, log2, log10, log1p ------------------------===//
//
// x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2), taken from the
// bits; then k ln2 + log(1 + f). Denormals are scaled into the normal range
// first.
//
// log1p needs no division to make up for the rounding of 1 + x: k comes from
// the rounded sum, but f = 2^-k x + (2^-k - 1) is one fma, so f is right to the
// last bit, and x itself when k = 0. (2^-k is applied as 2^(2-k) to x/4,
// because k may be 128.)
//
//===----------------------------------------------------------------------===//
#include "ExpandMathFormula.h"
#include <limits>

using namespace mlir;

namespace seqc {

static constexpr double log2e = 0x1.71547652b82fep+0;
static constexpr double infinity = std::numeric_limits<double>::infinity();

/// (log(1+f) - f + f²/2) / f³.
static constexpr double logSingle[] = {0x1.555554p-2,  -0x1.ffffe6p-3, 0x1.999d2cp-3,
                                       -0x1.55628cp-3, 0x1.23ddf4p-3,  -0x1.fbbddp-4,
                                       0x1.dc7adp-4,   -0x1.ddc016p-4, 0x1.2cb776p-4};
/// (2 atanh(s) - 2 s) / s³ in s² for s = f / (2 + f).
static constexpr double logDouble[] = {
    0x1.5555555555593p-1, 0x1.999999997fac3p-2, 0x1.2492494217a8cp-2, 0x1.c71c51eb7ec1dp-3,
    0x1.746644e0a05b6p-3, 0x1.39a122bef71a6p-3, 0x1.2f0b56dd20a5dp-3};

/// A value as head + tail, with head exact.
struct Sum {
  Value head, tail;
};

/// log(1 + f) for |f| < 0.42 with head = f.
static Sum logOfOnePlus(Formula &f, Value x) {
  Value square = f.mul(x, x);
  if (!f.isDouble())
    return {x, f.mul(square, f.fma(x, f.polynomial(x, logSingle), f.c(-0.5)))};
  // s (h + R) - h with h = f²/2, after fdlibm.
  Value s = f.divide(x, f.add(x, f.c(2)));
  Value z = f.mul(s, s);
  Value rest = f.mul(z, f.polynomial(z, logDouble));
  Value half = f.mul(square, f.c(0.5));
  return {x, f.fma(s, f.add(half, rest), f.neg(half))};
}

/// k ln2 + log(1 + f), k an integral float.
static Value logOfScaled(Formula &f, Value k, Sum log) {
  bool wide = f.isDouble();
  double head = wide ? 0x1.62e42feep-1 : 0x1.62e4p-1;
  double tail = wide ? 0x1.a39ef35793c76p-33 : 0x1.7f7d1cp-20;
  Value low = f.fma(k, f.c(tail), log.tail);
  return f.fma(k, f.c(head), f.add(log.head, low));
}

/// k of x = 2^k m with m between sqrt(1/2) and sqrt(2), as an integer; x is
/// normal and positive.
static Value exponentOf(Formula &f, Value bitsOfX) {
  uint64_t sqrtHalf = f.isDouble() ? 0x3fe6a09e667f3bcdull : 0x3f3504f3ull;
  return f.shiftRight(f.isub(bitsOfX, f.i(sqrtHalf)), f.mantissa);
}

/// -inf at 0, NaN below, x where x is infinite or NaN.
static Value atTheEnds(Formula &f, Value x, Value zero, Value result) {
  Value isSpecial = f.compare(arith::CmpFPredicate::UGE, x, f.c(infinity));
  Value isPole = f.compare(arith::CmpFPredicate::OEQ, x, zero);
  Value isBelow = f.compare(arith::CmpFPredicate::OLT, x, zero);
  result = f.select(isSpecial, x, result);
  result = f.select(isPole, f.c(-infinity), result);
  return f.select(isBelow, f.c(std::numeric_limits<double>::quiet_NaN()), result);
}

/// k and log(1 + f) of a positive x, denormals included.
static std::pair<Value, Sum> splitLog(Formula &f, Value x) {
  bool wide = f.isDouble();
  Value isTiny = f.compare(arith::CmpFPredicate::OLT, x, f.c(wide ? 0x1p-1022 : 0x1p-126));
  Value normal = f.select(isTiny, f.mul(x, f.c(wide ? 0x1p54 : 0x1p25)), x);
  Value bits = f.bits(normal);
  Value k = exponentOf(f, bits);
  Value m = f.fromBits(f.isub(bits, f.shiftLeft(k, f.mantissa)));
  Value exponent = f.add(f.toFloat(k), f.select(isTiny, f.c(wide ? -54 : -25), f.c(0)));
  return {exponent, logOfOnePlus(f, f.sub(m, f.c(1)))};
}

Value formLog(Formula &f, Value x) {
  auto [k, log] = splitLog(f, x);
  return atTheEnds(f, x, f.c(0), logOfScaled(f, k, log));
}

/// k·scale + log(1 + f)·factor; factor = head + tail.
static Value logOfBase(Formula &f, Value x, double factor, double factorTail, double scale,
                       double scaleTail) {
  auto [k, log] = splitLog(f, x);
  // Both products with the head of the factor are kept to more than one
  // rounding.
  Value product = f.mul(log.head, f.c(factor));
  Value rest = f.fma(log.head, f.c(factor), f.neg(product));
  rest = f.fma(log.head, f.c(factorTail), rest);
  rest = f.fma(log.tail, f.c(factor), rest);
  if (scaleTail != 0)
    rest = f.fma(k, f.c(scaleTail), rest);
  Value sum = f.add(product, rest);
  return atTheEnds(f, x, f.c(0), f.fma(k, f.c(scale), sum));
}

Value formLog2(Formula &f, Value x) {
  bool wide = f.isDouble();
  return logOfBase(f, x, wide ? log2e : 0x1.715476p+0, wide ? 0x1.777d0ffda0d24p-56 : 0x1.4ae0cp-26,
                   1, 0);
}

Value formLog10(Formula &f, Value x) {
  bool wide = f.isDouble();
  return logOfBase(f, x, wide ? 0x1.bcb7b1526e50ep-2 : 0x1.bcb7b2p-2,
                   wide ? 0x1.95355baaafad3p-57 : -0x1.5b235ep-27,
                   wide ? 0x1.34413509p-2 : 0x1.344p-2,
                   wide ? 0x1.ef3fde623e256p-35 : 0x1.3509f8p-18);
}

Value formLog1p(Formula &f, Value x) {
  bool wide = f.isDouble();
  Value sum = f.add(x, f.c(1));
  Value k = exponentOf(f, f.bits(sum));
  Value scale = f.fromBits(f.isub(f.bits(f.c(4)), f.shiftLeft(k, f.mantissa)));
  Value rest = f.fma(scale, f.c(0.25), f.c(-1));
  Value fraction = f.fma(f.mul(x, f.c(0.25)), scale, rest);
  Value result = logOfScaled(f, f.toFloat(k), logOfOnePlus(f, fraction));
  Value isTiny = f.compare(arith::CmpFPredicate::OLT, f.abs(x), f.c(wide ? 0x1p-60 : 0x1p-26));
  return atTheEnds(f, x, f.c(-1), f.select(isTiny, x, result));
}

} // namespace seqc
