// Softmax with a running maximum, with and without decay:
//
//   m' = max(m + d, s), u' = u exp(m + d - m') + c exp(s - m')   any number of u
//
// The combination is safe where both sides are empty (-∞).
#include "ScanTerms.h"

using namespace mlir;
using namespace seqc;

namespace {
/// The running maximum of a softmax: next = max(before, score), before = m + shift.
struct RunningMaximum {
  unsigned at = 0; // in the group
  const Expr *next = nullptr, *before = nullptr, *score = nullptr, *shift = nullptr;
};
} // namespace

static std::optional<RunningMaximum> findMaximum(ExprPool &pool, const StateGroup &group) {
  for (auto [i, next] : llvm::enumerate(group.next)) {
    if (next->states != uint64_t(1) << group.states[i] || !isMaximum(next))
      continue;
    RunningMaximum m{unsigned(i), next, next->operands[0], next->operands[1]};
    if (!m.before->states)
      std::swap(m.before, m.score);
    StringRef none;
    std::optional<Joined> before = matchJoined(pool, m.before, none);
    if (m.score->states || !before || before->value)
      continue;
    m.shift = before->shift;
    return m;
  }
  return std::nullopt;
}

/// u' = u exp(before - m') + c exp(score - m'): returns c, or null.
static const Expr *matchWeighted(ExprPool &pool, const Expr *next, unsigned state,
                                 const RunningMaximum &m) {
  SmallVector<const Expr *> terms;
  if (next->isOp("arith.addf"))
    terms.assign(next->operands.begin(), next->operands.end());
  else if (next->isOp("math.fma"))
    terms = {pool.mul(next->operands[0], next->operands[1]), next->operands[2]};
  else
    return nullptr;
  const Expr *c = nullptr;
  bool carries = false;
  for (const Expr *term : terms) {
    Exprs above, under;
    int sign = factors(term, false, above, under);
    auto exponential =
        llvm::find_if(above, [](const Expr *e) { return e->isOp("math.exp") && e->states != 0; });
    if (!under.empty() || exponential == above.end())
      return nullptr;
    const Expr *power = (*exponential)->operands[0];
    above.erase(exponential);
    if (above.size() == 1 && above[0]->kind == Expr::Kind::State && above[0]->index == state) {
      carries |= sign == 1 && isDifference(power, m.before, m.next);
      continue;
    }
    if (c || !isDifference(power, m.score, m.next))
      return nullptr;
    c = pool.number(sign, next->type);
    for (const Expr *factor : above) {
      if (factor->states)
        return nullptr;
      c = isNumber(c, -1) ? pool.neg(factor) : pool.mul(c, factor);
    }
  }
  return carries ? c : nullptr;
}

std::optional<GroupForm> seqc::proveSoftmax(ExprPool &pool, const StateGroup &group) {
  std::optional<RunningMaximum> m = findMaximum(pool, group);
  if (!m || group.states.size() < 2)
    return std::nullopt;
  GroupForm form;
  form.name = m->shift ? "softmax with decay" : "softmax";
  for (auto [i, next] : llvm::enumerate(group.next)) {
    const Expr *element = i == m->at ? m->score : matchWeighted(pool, next, group.states[i], *m);
    if (!element)
      return std::nullopt;
    form.lifted.push_back(element);
  }
  if (m->shift) {
    form.lifted.push_back(m->shift);
    form.initial.push_back(0);
  }
  form.combine = [&pool, at = m->at, shifted = m->shift != nullptr,
                  kind = m->next->name->getStringRef()](auto earlier, auto later) {
    const Expr *before = shifted ? pool.add(earlier[at], later.back()) : earlier[at];
    const Expr *maximum = pool.op(kind, {before, later[at]});
    // Empty on both sides, -∞ - -∞: weights exp(-∞ - 0) = 0.
    const Expr *safe =
        pool.select(pool.isInfinite(maximum), pool.number(0, maximum->type), maximum);
    const Expr *left = pool.op("math.exp", {pool.sub(before, safe)});
    const Expr *right = pool.op("math.exp", {pool.sub(later[at], safe)});
    Exprs result;
    for (unsigned i = 0; i < earlier.size() - shifted; ++i)
      result.push_back(i == at ? maximum
                               : pool.add(pool.mul(earlier[i], left), pool.mul(later[i], right)));
    if (shifted)
      result.push_back(pool.add(earlier.back(), later.back()));
    return result;
  };
  return form;
}
