// What rounding took from coefficients: 1 - k of a moving average h + k (x - h) is rounded, the
// step as written rounds no such thing. The same error in each step adds up over 1/k steps.
//
// A coefficient of one or two operations on f32 is nearly exact in f64, so that
//
//   low = f32(coefficient in f64 - coefficient in f32)
#include "seqc/Analysis/ScanForm.h"

using namespace mlir;
using namespace seqc;

static bool isArithmetic(const Expr *e) {
  return e->isOp("arith.addf") || e->isOp("arith.subf") || e->isOp("arith.mulf") ||
         e->isOp("math.fma");
}

/// True if `e` is a rounded result, whatever its sign, or one of two such.
static bool isRounded(const Expr *e) {
  if (e->isOp("arith.negf"))
    return isRounded(e->operands[0]);
  if (e->isOp("arith.select"))
    return isRounded(e->operands[1]) || isRounded(e->operands[2]);
  return isArithmetic(e);
}

/// `e` in f64, where what is not arithmetic stays as it is rounded.
static const Expr *widened(ExprPool &pool, const Expr *e, Type wide) {
  if (auto number = dyn_cast_if_present<FloatAttr>(e->constant))
    return pool.number(number.getValueAsDouble(), wide);
  auto of = [&](unsigned i) { return widened(pool, e->operands[i], wide); };
  if (e->isOp("arith.select"))
    return pool.select(e->operands[0], of(1), of(2));
  if (!isArithmetic(e) && !e->isOp("arith.negf"))
    return pool.op("arith.extf", {e}, wide);
  SmallVector<const Expr *> operands;
  for (unsigned i = 0; i < e->operands.size(); ++i)
    operands.push_back(of(i));
  return pool.op(*e->name, e->attributes, operands, wide);
}

void seqc::addLowParts(ScanForm &form) {
  ExprPool &pool = form.exprs->pool;
  SmallVector<const Expr *> lifted(form.lifted);
  for (auto [c, e] : llvm::enumerate(lifted)) {
    if (form.factors[c] == 0 || !e->type.isF32() || !isRounded(e))
      continue;
    Type wide = Float64Type::get(e->type.getContext());
    const Expr *rounded = pool.op("arith.extf", {e}, wide);
    const Expr *low = pool.op("arith.subf", {widened(pool, e, wide), rounded});
    form.lows.push_back(c);
    form.lifted.push_back(pool.op("arith.truncf", {low}, e->type));
    form.combined.push_back(pool.leaf(Expr::Kind::Later, form.combined.size(), e->type));
    form.initial.push_back(0);
    form.factors.push_back(0);
  }
}
