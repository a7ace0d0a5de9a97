//===- ExpandMathErf.cpp - The error function -----------------------------===//
//
// Near zero erf(x) = x + x P(x²); further out 1 - exp(-G(|x|)), where G is a
// polynomial for -log(erfc): an error of G is damped by erfc. f64 has two such
// polynomials, up to 2.5 and up to 5.98, where erf rounds to 1.
//
//===----------------------------------------------------------------------===//
#include "ExpandMathFormula.h"

using namespace mlir;

namespace seqc {

/// erf(x)/x - 1 in x² for |x| <= 0.93.
static constexpr double nearSingle[] = {0x1.06eba6p-3, -0x1.8126e6p-2, 0x1.ce1a24p-4,
                                        -0x1.b683ap-6, 0x1.46febap-8,  -0x1.38ee02p-11};
/// -log(erfc(t)) for 0.91 <= t <= 4.
static constexpr double farSingle[] = {-0x1.34cb9ap-12, 0x1.21505ap0,   0x1.4394b8p-1,
                                       0x1.c24222p-4,   -0x1.af7dep-6,  0x1.36046ep-8,
                                       -0x1.35ba0cp-11, 0x1.7c8044p-15, -0x1.ae39b6p-20};
/// erf(x)/x - 1 in x² for |x| <= 1.
static constexpr double nearDouble[] = {
    0x1.06eba8214db69p-3,  -0x1.812746b037a02p-2,  0x1.ce2f21a043b39p-4,  -0x1.b82ce312c9046p-6,
    0x1.565bcd17e7affp-8,  -0x1.c02db5bf4fdf2p-11, 0x1.f9a35d6366c6dp-14, -0x1.f4d6e3d73802p-17,
    0x1.ba29d49a8d102p-20, -0x1.622497fd13024p-23, 0x1.112a309b7574p-26,  -0x1.fbbb16915fba8p-30,
    0x1.46ec34a256823p-32, -0x1.3737f2ec7e13bp-35};
/// -log(erfc(t)) for 0.99 <= t <= 2.6.
static constexpr double midDouble[] = {
    -0x1.0a63ec25cf39dp-26, 0x1.20dd787600f2bp0,    0x1.45f2dbae7b2efp-1,   0x1.a4fa35bb6e241p-4,
    -0x1.39a1e1a8e68d5p-6,  -0x1.789860f7fcc0dp-13, 0x1.affcbaa1a4ae9p-10,  -0x1.1473140f8b753p-11,
    -0x1.51e4e50af8ep-15,   0x1.fcb50bb95a29p-14,   -0x1.237bcc4195ef1p-14, 0x1.b2f4ed8b8e596p-16,
    -0x1.e3b60fd20c6ffp-18, 0x1.9e214645733b9p-20,  -0x1.101f693b267a2p-22, 0x1.0b28c5fb66fbp-25,
    -0x1.727ad0698b1b1p-29, 0x1.444c84a5f4512p-33,  -0x1.0dd08bd504aeep-38};
/// -log(erfc(4.25 + u)) for |u| <= 1.76.
static constexpr double farDouble[] = {
    0x1.41b96ceea4e37p4,    0x1.17292bb079c84p3,    0x1.f3c15b8b8271cp-1,   0x1.abc915e25b6dep-9,
    -0x1.f7def4b6ddb7ap-12, 0x1.2f95418d41891p-14,  -0x1.6d0c0e30573dbp-17, 0x1.af4dc5edd07aap-20,
    -0x1.ee58a24d4f64p-23,  0x1.0ef7958354246p-25,  -0x1.1657bf3fe433p-28,  0x1.022c142204549p-31,
    -0x1.8b8f7af5f7ea8p-35, 0x1.31beb1e31fbf4p-39,  0x1.09226bd8d3307p-41,  -0x1.42eee9612ddaap-43,
    0x1.ae15f6fdb0589p-46,  -0x1.8de577574a912p-47, 0x1.7a39d73c2a88bp-49};

static Value negatedLogOfErfc(Formula &f, Value t) {
  if (!f.isDouble())
    return f.polynomial(f.atMost(t, 4), farSingle);
  Value isMid = f.compare(arith::CmpFPredicate::OLT, t, f.c(2.5));
  Value mid = f.polynomial(f.atMost(t, 2.5), midDouble);
  Value far = f.polynomial(f.sub(f.atMost(t, 5.98), f.c(4.25)), farDouble);
  return f.select(isMid, mid, far);
}

Value formErf(Formula &f, Value x) {
  Value q = f.mul(x, x);
  Value p = f.isDouble() ? f.polynomial(q, nearDouble) : f.polynomial(q, nearSingle);
  Value near = f.fma(x, p, x);
  Value t = f.abs(x);
  ReducedExp e = reduceExpOfNegated(f, negatedLogOfErfc(f, t), 0);
  Value far = f.fma(f.neg(e.power), e.scale, f.c(1));
  Value isNear = f.compare(arith::CmpFPredicate::OLT, t, f.c(f.isDouble() ? 1 : 0.925));
  return f.select(isNear, near, f.copysign(far, x));
}

} // namespace seqc
