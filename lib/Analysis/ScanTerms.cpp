// Sums and products of expressions as multisets of their terms and factors.
#include "ScanTerms.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

static bool isInfinity(const Expr *e, bool negative) {
  return isNumber(e, (negative ? -1 : 1) * std::numeric_limits<double>::infinity());
}

/// True if `c` is false only where `x` is infinite if `finite`, true only there if not.
static bool guards(const Expr *c, const Expr *x, bool finite) {
  auto predicate = c->attributes ? c->attributes.getAs<arith::CmpFPredicateAttr>("predicate")
                                 : arith::CmpFPredicateAttr();
  if (!c->isOp("arith.cmpf") || !predicate)
    return false;
  bool size = c->operands[0]->isOp("math.absf");
  const Expr *compared = size ? c->operands[0]->operands[0] : c->operands[0];
  if (compared != x || !isInfinity(c->operands[1], /*negative=*/!size))
    return false;
  using arith::CmpFPredicate;
  CmpFPredicate is = predicate.getValue();
  if (!finite)
    return is == CmpFPredicate::OEQ;
  // NaN takes the other side here, and stays NaN in the sum.
  return is == CmpFPredicate::UNE || is == CmpFPredicate::ONE ||
         is == (size ? CmpFPredicate::OLT : CmpFPredicate::OGT);
}

const Expr *seqc::unguarded(const Expr *e) {
  if (!e->isOp("arith.select"))
    return e;
  const Expr *c = e->operands[0], *a = e->operands[1], *b = e->operands[2];
  if (isNumber(a, 0) && guards(c, b, /*finite=*/false))
    return b;
  return isNumber(b, 0) && guards(c, a, /*finite=*/true) ? a : e;
}

/// Adds `sign` times the terms of `e` to `sum`.
static void addTerms(const Expr *e, int sign, DenseMap<const Expr *, int> &sum) {
  if (e->isOp("arith.addf") || e->isOp("arith.subf")) {
    addTerms(e->operands[0], sign, sum);
    addTerms(e->operands[1], e->isOp("arith.addf") ? sign : -sign, sum);
  } else if (e->isOp("arith.negf")) {
    addTerms(e->operands[0], -sign, sum);
  } else if (const Expr *x = unguarded(e); x != e) {
    addTerms(x, sign, sum);
  } else if (!isNumber(e, 0)) {
    sum[e] += sign;
  }
}

bool seqc::isDifference(const Expr *e, const Expr *a, const Expr *b) {
  DenseMap<const Expr *, int> sum;
  addTerms(e, 1, sum);
  addTerms(a, -1, sum);
  addTerms(b, 1, sum);
  return llvm::all_of(sum, [](auto &term) { return term.second == 0; });
}

int seqc::factors(const Expr *e, bool below, Exprs &above, Exprs &under) {
  if (e->isOp("arith.negf"))
    return -factors(e->operands[0], below, above, under);
  bool quotient = e->isOp("arith.divf");
  if (e->isOp("arith.mulf") || quotient)
    return factors(e->operands[0], below, above, under) *
           factors(e->operands[1], below != quotient, above, under);
  Exprs &side = below ? under : above;
  if (!isNumber(e, 1))
    side.insert(llvm::upper_bound(side, e, [](auto *a, auto *b) { return a->id < b->id; }), e);
  return 1;
}

bool seqc::isQuotient(const Expr *e, const Exprs &above, const Exprs &under) {
  Exprs a, b, wantedA, wantedB;
  for (const Expr *x : above)
    factors(x, false, wantedA, wantedB);
  for (const Expr *x : under)
    factors(x, true, wantedA, wantedB);
  return factors(e, false, a, b) == 1 && a == wantedA && b == wantedB;
}
