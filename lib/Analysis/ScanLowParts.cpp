// What rounding took from coefficients: 1 - k of a moving average h + k (x - h) is rounded, the
// step as written rounds no such thing. The same error in each step adds up over 1/k steps.
//
// Each rounded sum and product gives what it lost, in f32 without other error (Knuth's sum of two,
// the product of two by fma), and hands on what its operands lost.
#include "seqc/Analysis/ScanForm.h"

using namespace mlir;
using namespace seqc;

namespace {
class LowParts {
public:
  explicit LowParts(ExprPool &pool) : pool(pool) {}
  /// What `e` lacks of its exact value, null for nothing. Other ops than sums and products of f32
  /// are taken as exact: single steps round them in the same way.
  const Expr *of(const Expr *e) {
    auto known = found.find(e);
    return known != found.end() ? known->second : found[e] = compute(e);
  }

private:
  const Expr *compute(const Expr *e);
  const Expr *ofSum(const Expr *x, const Expr *y, const Expr *sum);
  const Expr *ofProduct(const Expr *x, const Expr *y, const Expr *product);
  /// x · y; null is 0.
  const Expr *times(const Expr *x, const Expr *y) { return x && y ? pool.mul(x, y) : nullptr; }
  const Expr *plus(const Expr *x, const Expr *y) { return x && y ? pool.add(x, y) : x ? x : y; }
  const Expr *orZero(const Expr *x, Type type) { return x ? x : pool.number(0, type); }
  ExprPool &pool;
  DenseMap<const Expr *, const Expr *> found;
};
} // namespace

const Expr *LowParts::ofSum(const Expr *x, const Expr *y, const Expr *sum) {
  const Expr *second = pool.sub(sum, x), *first = pool.sub(sum, second);
  return pool.add(pool.sub(x, first), pool.sub(y, second));
}

const Expr *LowParts::ofProduct(const Expr *x, const Expr *y, const Expr *product) {
  auto isSign = [](const Expr *e) { return isNumber(e, 1) || isNumber(e, -1); };
  if (isSign(x) || isSign(y))
    return nullptr;
  return pool.op("math.fma", {x, y, pool.op("arith.negf", {product})});
}

const Expr *LowParts::compute(const Expr *e) {
  auto at = [&](unsigned i) { return e->operands[i]; };
  auto low = [&](unsigned i) { return of(e->operands[i]); };
  if (e->isOp("arith.negf"))
    return low(0) ? pool.neg(low(0)) : nullptr;
  if (e->isOp("arith.select"))
    return low(1) || low(2) ? pool.select(at(0), orZero(low(1), e->type), orZero(low(2), e->type))
                            : nullptr;
  if (e->isOp("arith.addf"))
    return plus(ofSum(at(0), at(1), e), plus(low(0), low(1)));
  if (e->isOp("arith.subf")) {
    const Expr *right = low(1) ? pool.neg(low(1)) : nullptr;
    return plus(ofSum(at(0), pool.neg(at(1)), e), plus(low(0), right));
  }
  if (!e->isOp("arith.mulf"))
    return nullptr;
  return plus(ofProduct(at(0), at(1), e), plus(times(at(0), low(1)), times(low(0), at(1))));
}

void seqc::addLowParts(ScanForm &form) {
  LowParts lows(form.exprs->pool);
  for (auto [c, e] : llvm::enumerate(llvm::to_vector(form.lifted))) {
    const Expr *low = form.factors[c] && e->type.isF32() ? lows.of(e) : nullptr;
    if (!low)
      continue;
    form.lows.push_back(c);
    form.lifted.push_back(low);
    form.combined.push_back(
        form.exprs->pool.leaf(Expr::Kind::Later, form.combined.size(), e->type));
    form.initial.push_back(0);
    form.factors.push_back(0);
  }
}
