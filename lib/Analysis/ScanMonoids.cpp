// Steps that are a known associative operation and not affine:
//
//   h' = max(h + d, s)                         and min, and, or, xor: join(h + d, s)
//   h' = log(exp(h + d) + exp(s))              log-sum-exp in its stable spellings
//   m' = max(m + d, s), u' = u exp(m + d - m') + c exp(s - m')   softmax, any number of u
//   n' = n + w, μ' = μ + w (x - μ) / n', v' = v + w (x - μ) (x - μ')   Welford's moments
//
// They are recognised by what the expressions compute, not by names. Terms of sums and factors of
// products are compared as multisets. Combinations are safe where both sides are empty (-∞).
#include "ScanGroup.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace seqc;

/// Adds `sign` times the terms of `e` to `sum`.
static void addTerms(const Expr *e, int sign, DenseMap<const Expr *, int> &sum) {
  if (e->isOp("arith.addf") || e->isOp("arith.subf")) {
    addTerms(e->operands[0], sign, sum);
    addTerms(e->operands[1], e->isOp("arith.addf") ? sign : -sign, sum);
  } else if (e->isOp("arith.negf")) {
    addTerms(e->operands[0], -sign, sum);
  } else if (!isNumber(e, 0)) {
    sum[e] += sign;
  }
}

/// True if e = a - b as sums of the same terms.
static bool isDifference(const Expr *e, const Expr *a, const Expr *b) {
  DenseMap<const Expr *, int> sum;
  addTerms(e, 1, sum);
  addTerms(a, -1, sum);
  addTerms(b, 1, sum);
  return llvm::all_of(sum, [](auto &term) { return term.second == 0; });
}

/// The factors of `e`, above and below the line, sorted; ones are left out. Returns the sign.
static int factors(const Expr *e, bool below, Exprs &above, Exprs &under) {
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

/// True if `e` is the product of `above` over the product of `under`.
static bool isQuotient(const Expr *e, const Exprs &above, const Exprs &under) {
  Exprs a, b, wantedA, wantedB;
  for (const Expr *x : above)
    factors(x, false, wantedA, wantedB);
  for (const Expr *x : under)
    factors(x, true, wantedA, wantedB);
  return factors(e, false, a, b) == 1 && a == wantedA && b == wantedB;
}

/// For e = x + y in either order: calls `f` with both orders until it is true.
template <typename F> static bool eitherOrder(const Expr *e, StringRef name, F f) {
  return e->isOp(name) && (f(e->operands[0], e->operands[1]) || f(e->operands[1], e->operands[0]));
}

static bool isMaximum(const Expr *e) {
  return e->isOp("arith.maximumf") || e->isOp("arith.maxnumf");
}
static bool isMinimum(const Expr *e) {
  return e->isOp("arith.minimumf") || e->isOp("arith.minnumf");
}

/// True if r = -|x - y|, in one of its spellings.
static bool isMinusDistance(const Expr *r, const Expr *x, const Expr *y, const Expr *maximum) {
  if (r->isOp("arith.negf") && r->operands[0]->isOp("math.absf")) {
    const Expr *d = r->operands[0]->operands[0];
    return isDifference(d, x, y) || isDifference(d, y, x);
  }
  return r->isOp("arith.subf") && r->operands[1] == maximum && isMinimum(r->operands[0]) &&
         r->operands[0]->operands == maximum->operands;
}

/// The two arguments of a log-sum-exp.
static std::optional<std::pair<const Expr *, const Expr *>> matchLogSumExp(const Expr *e) {
  std::optional<std::pair<const Expr *, const Expr *>> found;
  eitherOrder(e, "arith.addf", [&](const Expr *maximum, const Expr *rest) {
    if (!isMaximum(maximum))
      return false;
    const Expr *x = maximum->operands[0], *y = maximum->operands[1];
    bool matches = false;
    auto isExp = [](const Expr *a) { return a->isOp("math.exp"); };
    if (rest->isOp("math.log1p") && isExp(rest->operands[0]))
      matches = isMinusDistance(rest->operands[0]->operands[0], x, y, maximum);
    else if (rest->isOp("math.log"))
      matches = eitherOrder(rest->operands[0], "arith.addf", [&](const Expr *a, const Expr *b) {
        if (isNumber(a, 1) && isExp(b))
          return isMinusDistance(b->operands[0], x, y, maximum);
        return isExp(a) && isExp(b) && isDifference(a->operands[0], x, maximum) &&
               isDifference(b->operands[0], y, maximum);
      });
    if (matches)
      found.emplace(x, y);
    return matches;
  });
  return found;
}

static constexpr StringRef logSumExp = "log-sum-exp";

/// The arguments of a join of kind `kind`; an empty kind is set to the one found.
static std::optional<std::pair<const Expr *, const Expr *>> matchJoin(const Expr *e,
                                                                      StringRef &kind) {
  if (kind.empty() || kind == logSumExp)
    if (auto arguments = matchLogSumExp(e)) {
      kind = logSumExp;
      return arguments;
    }
  static constexpr StringRef joins[] = {"arith.maximumf", "arith.maxnumf", "arith.minimumf",
                                        "arith.minnumf",  "arith.maxsi",   "arith.maxui",
                                        "arith.minsi",    "arith.minui",   "arith.andi",
                                        "arith.ori",      "arith.xori"};
  if (!e->name || !llvm::is_contained(joins, e->name->getStringRef()))
    return std::nullopt;
  if (!kind.empty() && kind != e->name->getStringRef())
    return std::nullopt;
  kind = e->name->getStringRef();
  return std::make_pair(e->operands[0], e->operands[1]);
}

namespace {
/// join(h + shift, value); null parts are absent.
struct Joined {
  const Expr *shift = nullptr, *value = nullptr;
};
} // namespace

/// min(hi, lo) - max is not a number where both are the same infinity; then the result is it.
static const Expr *join(ExprPool &pool, StringRef kind, const Expr *a, const Expr *b) {
  if (kind != logSumExp)
    return pool.op(kind, {a, b});
  const Expr *high = pool.op("arith.maximumf", {a, b});
  const Expr *low = pool.op("arith.minimumf", {a, b});
  const Expr *distance =
      pool.select(pool.isInfinite(high), pool.number(0, a->type), pool.sub(low, high));
  return pool.add(high, pool.op("math.log1p", {pool.op("math.exp", {distance})}));
}

static std::optional<Joined> matchJoined(ExprPool &pool, const Expr *e, StringRef &kind) {
  if (e->kind == Expr::Kind::State)
    return Joined();
  bool sum = e->isOp("arith.addf"), difference = e->isOp("arith.subf");
  auto arguments = matchJoin(e, kind);
  if (!arguments && (sum || (difference && !e->operands[1]->states))) {
    bool first = e->operands[0]->states != 0;
    const Expr *shift = e->operands[first ? 1 : 0];
    std::optional<Joined> inner = matchJoined(pool, e->operands[first ? 0 : 1], kind);
    if (shift->states || !inner)
      return std::nullopt;
    auto shifted = [&](const Expr *x) { return sum ? pool.add(x, shift) : pool.sub(x, shift); };
    inner->shift = inner->shift ? shifted(inner->shift) : sum ? shift : pool.neg(shift);
    inner->value = inner->value ? shifted(inner->value) : nullptr;
    return inner;
  }
  if (!arguments)
    return std::nullopt;
  auto [x, y] = *arguments;
  if (x->states && y->states)
    return std::nullopt;
  if (!x->states)
    std::swap(x, y);
  std::optional<Joined> inner = matchJoined(pool, x, kind);
  if (!inner)
    return std::nullopt;
  inner->value = inner->value ? join(pool, kind, inner->value, y) : y;
  return inner;
}

static std::string joinName(StringRef kind, bool shifted) {
  StringRef name =
      llvm::StringSwitch<StringRef>(kind)
          .Cases({"arith.maximumf", "arith.maxnumf", "arith.maxsi", "arith.maxui"}, "max")
          .Cases({"arith.minimumf", "arith.minnumf", "arith.minsi", "arith.minui"}, "min")
          .Case("log-sum-exp", logSumExp)
          .Default(kind.drop_front(StringRef("arith.").size()).drop_back());
  if (!shifted)
    return kind == logSumExp ? name.str() : "running " + name.str();
  return name.str() + (kind == logSumExp ? " with shift" : "-plus");
}

static std::optional<GroupForm> proveJoin(ExprPool &pool, const StateGroup &group) {
  if (group.states.size() != 1)
    return std::nullopt;
  StringRef kind;
  std::optional<Joined> joined = matchJoined(pool, group.next[0], kind);
  if (!joined || !joined->value)
    return std::nullopt;
  bool shifted = joined->shift != nullptr;
  // Only maxima, minima and log-sum-exp of floats distribute over additions.
  bool orders = kind == logSumExp || kind.contains(".max") || kind.contains(".min");
  if (shifted && (!orders || !isa<FloatType>(group.next[0]->type)))
    return std::nullopt;
  GroupForm form;
  form.name = joinName(kind, shifted);
  form.lifted = {joined->value};
  if (shifted) {
    form.lifted.push_back(joined->shift);
    form.initial.push_back(0);
  }
  form.combine = [&pool, kind, shifted](auto earlier, auto later) {
    if (!shifted)
      return Exprs{join(pool, kind, earlier[0], later[0])};
    return Exprs{join(pool, kind, pool.add(earlier[0], later[1]), later[0]),
                 pool.add(earlier[1], later[1])};
  };
  return form;
}

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

static std::optional<GroupForm> proveSoftmax(ExprPool &pool, const StateGroup &group) {
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

namespace {
/// Positions in the group of count, mean and sum of squared distances (-1 without), and what is
/// added: `value`, `weight` times.
struct Moments {
  int count = -1, mean = -1, squares = -1;
  const Expr *value = nullptr, *weight = nullptr;
};
} // namespace

/// next = state + increment: the increment, or null.
static const Expr *increment(const Expr *next, unsigned state) {
  const Expr *found = nullptr;
  eitherOrder(next, "arith.addf", [&](const Expr *a, const Expr *b) {
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
    if (delta && isQuotient(added, {factor, m.weight}, {group.next[m.count]})) {
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
  if (!isQuotient(added, {before, after, m.weight}, {}))
    return false;
  m.squares = i;
  return true;
}

/// Chan's rule for two samples.
static Exprs mergeMoments(ExprPool &pool, const Moments &m, ArrayRef<const Expr *> earlier,
                          ArrayRef<const Expr *> later) {
  const Expr *n = pool.add(earlier[m.count], later[m.count]);
  const Expr *one = pool.number(1, n->type);
  auto predicate = arith::CmpFPredicateAttr::get(n->type.getContext(), arith::CmpFPredicate::OEQ);
  const Expr *empty =
      pool.op(OperationName("arith.cmpf", n->type.getContext()),
              DictionaryAttr::get(n->type.getContext(), NamedAttribute("predicate", predicate)),
              {n, pool.number(0, n->type)}, IntegerType::get(n->type.getContext(), 1));
  const Expr *share = pool.op("arith.divf", {later[m.count], pool.select(empty, one, n)});
  const Expr *distance = pool.sub(later[m.mean], earlier[m.mean]);
  Exprs result(earlier.size(), nullptr);
  result[m.count] = n;
  result[m.mean] = pool.add(earlier[m.mean], pool.mul(distance, share));
  if (m.squares >= 0) {
    const Expr *between = pool.mul(pool.mul(distance, distance), pool.mul(earlier[m.count], share));
    result[m.squares] = pool.add(pool.add(earlier[m.squares], later[m.squares]), between);
  }
  return result;
}

static std::optional<GroupForm> proveMoments(ExprPool &pool, const StateGroup &group) {
  unsigned size = group.states.size();
  if (size != 2 && size != 3)
    return std::nullopt;
  Moments m;
  for (unsigned i = 0; i < size; ++i)
    if (const Expr *w = increment(group.next[i], group.states[i]); w && !w->states && m.count < 0) {
      m.count = i;
      m.weight = w;
    }
  if (m.count < 0 || !isa<FloatType>(m.weight->type))
    return std::nullopt;
  for (unsigned i = 0; i < size && m.mean < 0; ++i)
    if (int(i) != m.count)
      matchMean(group, m, i);
  if (m.mean < 0)
    return std::nullopt;
  for (unsigned i = 0; i < size; ++i)
    if (int(i) != m.count && int(i) != m.mean && !matchSquares(pool, group, m, i))
      return std::nullopt;
  GroupForm form;
  form.name = size == 3 ? "Welford" : "running mean";
  form.lifted.assign(size, pool.number(0, m.weight->type));
  form.lifted[m.count] = m.weight;
  form.lifted[m.mean] = m.value;
  form.combine = [&pool, m](auto earlier, auto later) {
    return mergeMoments(pool, m, earlier, later);
  };
  return form;
}

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
  for (auto prove : {proveJoin, proveSoftmax, proveMoments})
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
