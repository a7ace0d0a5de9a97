// A running maximum or minimum with what came along with it, such as its index:
//
//   p = x > m,  m' = p ? x : m,  i' = p ? v : i        any number of i
//
// v is free of the states, or counts steps by a state: v = n + k, n' = n + w. Elements count from
// the start of what they combine; the earlier count is added when the later one wins.
#include "ScanTerms.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

namespace {
/// Positions in the group. `wins` compares the state `at` with `value`.
struct Selection {
  int at = -1, count = -1;
  const Expr *wins = nullptr, *value = nullptr, *state = nullptr;
  bool greater = true;
};
} // namespace

/// Whether `e` is x > m (or ≥), x < m (or ≤); nothing where it is neither.
static std::optional<bool> isGreater(const Expr *e, const Expr *x, const Expr *m) {
  bool swapped = e->operands.size() == 2 && e->operands[0] == m && e->operands[1] == x;
  if (!swapped && (e->operands.size() != 2 || e->operands[0] != x || e->operands[1] != m))
    return std::nullopt;
  if (e->isOp("arith.cmpf")) {
    using P = arith::CmpFPredicate;
    P is = e->attributes.getAs<arith::CmpFPredicateAttr>("predicate").getValue();
    if (llvm::is_contained({P::OGT, P::OGE, P::UGT, P::UGE}, is))
      return !swapped;
    if (llvm::is_contained({P::OLT, P::OLE, P::ULT, P::ULE}, is))
      return swapped;
  } else if (e->isOp("arith.cmpi")) {
    using P = arith::CmpIPredicate;
    P is = e->attributes.getAs<arith::CmpIPredicateAttr>("predicate").getValue();
    if (llvm::is_contained({P::sgt, P::sge, P::ugt, P::uge}, is))
      return !swapped;
    if (llvm::is_contained({P::slt, P::sle, P::ult, P::ule}, is))
      return swapped;
  }
  return std::nullopt;
}

/// True if `e` is m = m, which is false for NaN only.
static bool isNotNan(const Expr *e, const Expr *m) {
  auto predicate = e->isOp("arith.cmpf")
                       ? e->attributes.getAs<arith::CmpFPredicateAttr>("predicate")
                       : arith::CmpFPredicateAttr();
  return predicate && e->operands[0] == m && e->operands[1] == m &&
         predicate.getValue() == arith::CmpFPredicate::ORD;
}

static std::optional<bool> matchWins(const Expr *e, const Expr *x, const Expr *m) {
  std::optional<bool> greater = isGreater(e, x, m);
  eitherOrder(e, "arith.andi", [&](const Expr *a, const Expr *b) {
    if (isNotNan(b, m))
      greater = isGreater(a, x, m);
    return greater.has_value();
  });
  return greater;
}

static bool isState(const Expr *e, unsigned index) {
  return e->kind == Expr::Kind::State && e->index == index;
}

/// m' = p ? x : m, or max(m, x) where some other state is p ? v : i.
static bool matchMaximum(const StateGroup &group, Selection &s) {
  for (auto [i, next] : llvm::enumerate(group.next)) {
    s = Selection();
    if (next->states != uint64_t(1) << group.states[i])
      continue;
    if (next->isOp("arith.select") && isState(next->operands[2], group.states[i]) &&
        !next->operands[1]->states) {
      s.wins = next->operands[0];
      s.value = next->operands[1];
      s.state = next->operands[2];
    } else if (isMaximum(next) || isMinimum(next)) {
      bool first = isState(next->operands[0], group.states[i]);
      s.state = next->operands[first ? 0 : 1];
      s.value = next->operands[first ? 1 : 0];
      if (!isState(s.state, group.states[i]) || s.value->states)
        continue;
      for (const Expr *other : group.next)
        if (other->isOp("arith.select"))
          s.wins = other->operands[0];
    }
    std::optional<bool> greater = s.wins ? matchWins(s.wins, s.value, s.state) : std::nullopt;
    if (!greater || (isMaximum(next) && !*greater) || (isMinimum(next) && *greater))
      continue;
    s.at = i;
    s.greater = *greater;
    return true;
  }
  return false;
}

/// p for other values.
static const Expr *wins(ExprPool &pool, const Expr *e, const Selection &s, const Expr *earlier,
                        const Expr *later) {
  if (e == s.value || e == s.state)
    return e == s.value ? later : earlier;
  Exprs operands = llvm::map_to_vector(
      e->operands, [&](const Expr *x) { return wins(pool, x, s, earlier, later); });
  return pool.op(*e->name, e->attributes, operands, e->type);
}

/// v = n + k: k, or null. Finds the counting state.
static const Expr *matchCounted(ExprPool &pool, const StateGroup &group, const Expr *v,
                                Selection &s) {
  const Expr *k = v->kind == Expr::Kind::State ? pool.number(0, v->type) : nullptr;
  const Expr *n = v;
  eitherOrder(v, "arith.addi", [&](const Expr *a, const Expr *b) {
    bool is = a->kind == Expr::Kind::State && !b->states;
    n = is ? a : n;
    k = is ? b : k;
    return is;
  });
  if (!k || isa<FloatType>(v->type))
    return nullptr;
  int at = llvm::find(group.states, n->index) - group.states.begin();
  bool grows = eitherOrder(group.next[at], "arith.addi",
                           [&](const Expr *a, const Expr *b) { return a == n && !b->states; });
  if (!grows || (s.count >= 0 && s.count != at))
    return nullptr;
  s.count = at;
  return k;
}

std::optional<GroupForm> seqc::proveIndex(ExprPool &pool, const StateGroup &group) {
  Selection s;
  unsigned size = group.states.size();
  if (size < 2 || !matchMaximum(group, s))
    return std::nullopt;
  GroupForm form;
  form.name = s.greater ? "max with index" : "min with index";
  form.lifted.assign(size, nullptr);
  form.lifted[s.at] = s.value;
  SmallVector<bool> counted(size, false);
  for (auto [i, next] : llvm::enumerate(group.next)) {
    if (int(i) == s.at || !next->isOp("arith.select"))
      continue;
    const Expr *v = next->operands[1];
    if (next->operands[0] != s.wins || !isState(next->operands[2], group.states[i]))
      return std::nullopt;
    counted[i] = v->states != 0;
    form.lifted[i] = v->states ? matchCounted(pool, group, v, s) : v;
    if (!form.lifted[i])
      return std::nullopt;
  }
  for (auto [i, next] : llvm::enumerate(group.next)) {
    if (form.lifted[i])
      continue;
    if (int(i) != s.count)
      return std::nullopt;
    bool first = isState(next->operands[0], group.states[i]);
    form.lifted[i] = next->operands[first ? 1 : 0];
  }
  form.combine = [&pool, s, counted](auto earlier, auto later) {
    const Expr *p = wins(pool, s.wins, s, earlier[s.at], later[s.at]);
    Exprs result;
    for (unsigned i = 0; i < earlier.size(); ++i) {
      if (int(i) == s.count) {
        result.push_back(pool.add(earlier[i], later[i]));
        continue;
      }
      const Expr *v = counted[i] ? pool.add(earlier[s.count], later[i]) : later[i];
      result.push_back(pool.select(p, v, earlier[i]));
    }
    return result;
  };
  return form;
}
