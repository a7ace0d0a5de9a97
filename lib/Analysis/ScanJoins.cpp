// Steps that join the state with a value:
//
//   h' = max(h + d, s)                         and min, and, or, xor: join(h + d, s)
//   h' = log(exp(h + d) + exp(s))              log-sum-exp in its stable spellings
#include "ScanTerms.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace seqc;

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
  eitherOrder(e, "arith.addf", [&](const Expr *shift, const Expr *rest) {
    const Expr *maximum = unguarded(shift);
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

std::optional<Joined> seqc::matchJoined(ExprPool &pool, const Expr *e, StringRef &kind) {
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

std::optional<GroupForm> seqc::proveJoin(ExprPool &pool, const StateGroup &group) {
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
