// Moments of all values so far. Welford's sum of squared distances:
//
//   n' = n + w, μ' = μ + w (x - μ) / n', q' = q + w (x - μ) (x - μ')
//
// or, with w = 1, a variance, to which a step adds one of its own, s:
//
//   v' = (1 - 1 / n') (v + (x - μ)² / n') + s / n'
//
// A count of integers is converted where it divides.
#include "ScanTerms.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

namespace {
/// Positions in the group of count, mean, and sum of squared distances or variance (-1 without),
/// and what is added: `value`, `weight` times, with a variance of `spread`.
struct Moments {
  int count = -1, mean = -1, squares = -1, variance = -1;
  const Expr *value = nullptr, *weight = nullptr, *spread = nullptr;
  /// The next count and the weight as floats.
  const Expr *total = nullptr, *share = nullptr;
};
} // namespace

/// next = state + increment: the increment, or null.
static const Expr *increment(const Expr *next, unsigned state) {
  const Expr *found = nullptr;
  eitherOrder(next, isa<FloatType>(next->type) ? "arith.addf" : "arith.addi",
              [&](const Expr *a, const Expr *b) {
                bool is = a->kind == Expr::Kind::State && a->index == state;
                found = is ? b : nullptr;
                return is;
              });
  return found;
}

static bool matchMean(const StateGroup &group, Moments &m, unsigned i) {
  const Expr *added = increment(group.next[i], group.states[i]);
  Exprs above, under;
  if (!added || factors(added, false, above, under) != 1)
    return false;
  for (const Expr *factor : above) {
    bool delta = factor->isOp("arith.subf") && !factor->operands[0]->states &&
                 factor->operands[1]->kind == Expr::Kind::State &&
                 factor->operands[1]->index == group.states[i];
    if (delta && isQuotient(added, {factor, m.share}, {m.total})) {
      m.value = factor->operands[0];
      m.mean = i;
      return true;
    }
  }
  return false;
}

static bool matchSquares(ExprPool &pool, const StateGroup &group, Moments &m, unsigned i) {
  const Expr *added = increment(group.next[i], group.states[i]);
  if (!added)
    return false;
  const Expr *mean = pool.leaf(Expr::Kind::State, group.states[m.mean], m.value->type);
  const Expr *before = pool.op("arith.subf", {m.value, mean});
  const Expr *after = pool.op("arith.subf", {m.value, group.next[m.mean]});
  if (!isQuotient(added, {before, after, m.share}, {}))
    return false;
  m.squares = i;
  return true;
}

/// True if e = 1 - 1 / total.
static bool isRest(const Expr *e, const Expr *total) {
  return e->isOp("arith.subf") && isNumber(e->operands[0], 1) &&
         isQuotient(e->operands[1], {}, {total});
}

static bool matchVariance(ExprPool &pool, const StateGroup &group, Moments &m, unsigned i) {
  const Expr *state = pool.leaf(Expr::Kind::State, group.states[i], group.next[i]->type);
  const Expr *mean = pool.leaf(Expr::Kind::State, group.states[m.mean], m.value->type);
  const Expr *delta = pool.op("arith.subf", {m.value, mean});
  auto isSpread = [&](const Expr *e) {
    return eitherOrder(e, "arith.addf", [&](const Expr *a, const Expr *b) {
      return a == state && isQuotient(b, {delta, delta}, {m.total});
    });
  };
  bool matches = eitherOrder(group.next[i], "arith.addf", [&](const Expr *kept, const Expr *added) {
    Exprs above, under;
    if (factors(added, false, above, under) != 1 || under != Exprs{m.total} ||
        llvm::any_of(above, [](const Expr *e) { return e->states != 0; }))
      return false;
    m.spread = pool.number(1, state->type);
    for (const Expr *factor : above)
      m.spread = pool.mul(m.spread, factor);
    return eitherOrder(kept, "arith.mulf", [&](const Expr *a, const Expr *b) {
      return isRest(a, m.total) && isSpread(b);
    });
  });
  if (matches && isNumber(m.weight, 1))
    m.variance = i;
  return m.variance >= 0;
}

static const Expr *asFloat(ExprPool &pool, const Expr *e, Type type) {
  return isa<FloatType>(e->type) ? e : pool.op("arith.sitofp", {e}, type);
}

/// Chan's rule for two samples.
static Exprs mergeMoments(ExprPool &pool, const Moments &m, ArrayRef<const Expr *> earlier,
                          ArrayRef<const Expr *> later) {
  Type type = m.value->type;
  const Expr *sum = pool.add(earlier[m.count], later[m.count]);
  const Expr *n = asFloat(pool, sum, type);
  const Expr *one = pool.number(1, type);
  auto predicate = arith::CmpFPredicateAttr::get(type.getContext(), arith::CmpFPredicate::OEQ);
  const Expr *empty =
      pool.op(OperationName("arith.cmpf", type.getContext()),
              DictionaryAttr::get(type.getContext(), NamedAttribute("predicate", predicate)),
              {n, pool.number(0, type)}, IntegerType::get(type.getContext(), 1));
  const Expr *whole = pool.select(empty, one, n);
  const Expr *before = asFloat(pool, earlier[m.count], type);
  const Expr *share = pool.op("arith.divf", {asFloat(pool, later[m.count], type), whole});
  const Expr *distance = pool.sub(later[m.mean], earlier[m.mean]);
  const Expr *square = pool.mul(distance, distance);
  Exprs result(earlier.size(), nullptr);
  result[m.count] = sum;
  result[m.mean] = pool.add(earlier[m.mean], pool.mul(distance, share));
  if (m.squares >= 0) {
    const Expr *between = pool.mul(square, pool.mul(before, share));
    result[m.squares] = pool.add(pool.add(earlier[m.squares], later[m.squares]), between);
  }
  if (m.variance >= 0) {
    const Expr *rest = pool.op("arith.divf", {before, whole});
    const Expr *moved = pool.add(earlier[m.variance], pool.mul(square, share));
    result[m.variance] = pool.add(pool.mul(rest, moved), pool.mul(share, later[m.variance]));
  }
  return result;
}

/// The state that grows by a weight that is free of the states.
static bool matchCount(ExprPool &pool, const StateGroup &group, Moments &m) {
  auto real = llvm::find_if(group.next, [](const Expr *e) { return isa<FloatType>(e->type); });
  for (unsigned i = 0; i < group.states.size() && m.count < 0; ++i)
    if (const Expr *w = increment(group.next[i], group.states[i]); w && !w->states) {
      m.count = i;
      m.weight = w;
    }
  if (m.count < 0 || real == group.next.end())
    return false;
  bool isFloat = isa<FloatType>(m.weight->type);
  m.total = asFloat(pool, group.next[m.count], (*real)->type);
  m.share = isFloat ? m.weight : pool.number(1, (*real)->type);
  return isFloat || isNumber(m.weight, 1);
}

std::optional<GroupForm> seqc::proveMoments(ExprPool &pool, const StateGroup &group) {
  unsigned size = group.states.size();
  Moments m;
  if ((size != 2 && size != 3) || !matchCount(pool, group, m))
    return std::nullopt;
  for (unsigned i = 0; i < size && m.mean < 0; ++i)
    if (int(i) != m.count)
      matchMean(group, m, i);
  if (m.mean < 0)
    return std::nullopt;
  for (unsigned i = 0; i < size; ++i)
    if (int(i) != m.count && int(i) != m.mean && !matchSquares(pool, group, m, i) &&
        !matchVariance(pool, group, m, i))
      return std::nullopt;
  GroupForm form;
  form.name = size == 2 ? "running mean" : m.squares >= 0 ? "Welford" : "running moments";
  form.lifted.assign(size, pool.number(0, m.value->type));
  form.lifted[m.count] = m.weight;
  form.lifted[m.mean] = m.value;
  if (m.variance >= 0)
    form.lifted[m.variance] = m.spread;
  form.combine = [&pool, m](auto earlier, auto later) {
    return mergeMoments(pool, m, earlier, later);
  };
  return form;
}
