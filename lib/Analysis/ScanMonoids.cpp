// Steps that are a known associative operation and not affine, or one with resets. They are
// recognised by what the expressions compute, not by names.
#include "ScanTerms.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace seqc;

GroupForm seqc::withFlag(ExprPool &pool, GroupForm form, const Expr *flag, const Exprs &restart,
                         bool before) {
  unsigned states = restart.size();
  Exprs start = restart;
  for (unsigned i = 0; i < form.initial.size(); ++i)
    start.push_back(pool.number(form.initial[i], form.lifted[states + i]->type));
  Exprs restarted = before ? form.combine(start, form.lifted) : restart;
  GroupForm flagged = form;
  flagged.name += " with resets";
  for (unsigned i = 0; i < states; ++i)
    flagged.lifted[i] = pool.select(flag, restarted[i], form.lifted[i]);
  flagged.lifted.push_back(flag);
  flagged.initial.push_back(0);
  flagged.combine = [&pool, states, inner = form.combine](auto earlier, auto later) {
    Exprs result = inner(earlier.drop_back(), later.drop_back());
    for (unsigned i = 0; i < states; ++i)
      result[i] = pool.select(later.back(), later[i], result[i]);
    result.push_back(pool.either(earlier.back(), later.back()));
    return result;
  };
  return flagged;
}

namespace {
/// Takes selections between the states and restart values off, where all have one flag.
struct ResetPeeler {
  ResetPeeler(ExprPool &pool, const StateGroup &group) : pool(pool), group(group) {}
  ExprPool &pool;
  const StateGroup &group;
  const Expr *flag = nullptr;
  Exprs restart;
  bool failed = false;
  DenseMap<const Expr *, const Expr *> done;

  /// The parts of a selection with a side that is free of the states: flag, that side, the other.
  std::optional<std::array<const Expr *, 3>> selection(const Expr *e);
  void record(unsigned at, const std::array<const Expr *, 3> &parts);
  const Expr *rewrite(const Expr *e);
  std::optional<StateGroup> before();
  std::optional<StateGroup> after();
};
} // namespace

std::optional<std::array<const Expr *, 3>> ResetPeeler::selection(const Expr *e) {
  if (!e->isOp("arith.select") || e->operands[0]->states)
    return std::nullopt;
  const Expr *c = e->operands[0], *a = e->operands[1], *b = e->operands[2];
  if (!a->states)
    return {{c, a, b}};
  if (!b->states)
    return {{pool.op("arith.xori", {c, pool.number(1, c->type)}), b, a}};
  return std::nullopt;
}

void ResetPeeler::record(unsigned at, const std::array<const Expr *, 3> &parts) {
  failed |= (flag && flag != parts[0]) || (restart[at] && restart[at] != parts[1]);
  flag = parts[0];
  restart[at] = parts[1];
}

const Expr *ResetPeeler::rewrite(const Expr *e) {
  if (!e->states)
    return e;
  failed |= e->kind == Expr::Kind::State;
  if (failed)
    return e;
  auto it = done.find(e);
  if (it != done.end())
    return it->second;
  auto parts = selection(e);
  if (parts && (*parts)[2]->kind == Expr::Kind::State) {
    record(llvm::find(group.states, (*parts)[2]->index) - group.states.begin(), *parts);
    return done[e] = (*parts)[2];
  }
  Exprs operands = llvm::map_to_vector(e->operands, [&](const Expr *x) { return rewrite(x); });
  const Expr *result = pool.op(*e->name, e->attributes, operands, e->type, e->origin);
  return done[e] = result;
}

std::optional<StateGroup> ResetPeeler::before() {
  restart.assign(group.states.size(), nullptr);
  StateGroup peeled{group.states, {}};
  for (const Expr *next : group.next)
    peeled.next.push_back(rewrite(next));
  if (failed || !flag)
    return std::nullopt;
  for (auto [value, next] : llvm::zip_equal(restart, group.next))
    value = value ? value : pool.number(0, next->type);
  return peeled;
}

std::optional<StateGroup> ResetPeeler::after() {
  restart.assign(group.states.size(), nullptr);
  StateGroup peeled{group.states, {}};
  for (auto [i, next] : llvm::enumerate(group.next)) {
    if (!next->states) {
      restart[i] = next;
      peeled.next.push_back(next);
      continue;
    }
    auto parts = selection(next);
    if (!parts)
      return std::nullopt;
    record(i, *parts);
    peeled.next.push_back((*parts)[2]);
  }
  if (failed || !flag)
    return std::nullopt;
  return peeled;
}

std::optional<GroupForm> seqc::proveMonoid(ExprPool &pool, const StateGroup &group) {
  for (auto prove : {proveJoin, proveIndex, proveSoftmax, proveMoments})
    if (auto form = prove(pool, group))
      return form;
  for (bool before : {true, false}) {
    ResetPeeler peeler(pool, group);
    std::optional<StateGroup> inner = before ? peeler.before() : peeler.after();
    if (!inner)
      continue;
    if (auto form = proveMonoid(pool, *inner))
      return withFlag(pool, std::move(*form), peeler.flag, peeler.restart, before);
  }
  return std::nullopt;
}
