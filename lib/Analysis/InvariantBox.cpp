// Where states stay: interval analysis of the step at one element.
//
// What is known of a value is an interval that holds whatever the states are, and a hull: a set of
// numbers and states of which the value is a mean with weights that may vary. A mean is
//
//   w a + (1 - w) b,   b + w (a - b),   a choice between a and b,   w a (a mean of a and 0)
//
// for any w in [0, 1]. If the next value of a state is in the hull of an interval and states that
// have boxes, its own among them, that hull with the initial values is a box: a step from inside
// leads inside. Nothing else is claimed. In particular, a sum of products with two gates that do
// not know of each other, like an LSTM's memory, has no box.
#include "seqc/Analysis/InvariantBox.h"
#include "seqc/Analysis/StepClass.h"
#include "seqc/Analysis/StepExpr.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace seqc;

namespace {
constexpr double infinity = std::numeric_limits<double>::infinity();

/// Numbers between `lo` and `hi`; empty if lo > hi.
struct Interval {
  double lo = -infinity, hi = infinity;
  bool isBounded() const { return lo > -infinity && hi < infinity; }
  bool isWithin(double from, double to) const { return lo >= from && hi <= to; }
};

/// Means of the numbers of an interval and of states, one bit each.
struct Hull {
  Interval numbers{infinity, -infinity};
  uint64_t states = 0;
};

struct Bounds {
  Interval interval;
  std::optional<Hull> hull;
};

/// A product, negated or not.
struct Term {
  SmallVector<const Expr *, 3> factors;
  bool negative = false;
};

class BoundsOf {
public:
  Bounds of(const Expr *e);
  /// Of what `e` is a mean, if of anything bounded or of states.
  std::optional<Hull> hullOf(const Expr *e);

private:
  Bounds compute(const Expr *e);
  Interval arithmetic(const Expr *e);
  Interval product(ArrayRef<const Expr *> factors);
  std::optional<Hull> mean(const Expr *e);
  std::optional<Hull> meanOfProducts(const Term &x, const Term &y);
  std::optional<Hull> meanByDifference(const Term &x, const Term &y);
  std::optional<Hull> hullOfRest(const Term &term, unsigned without);
  DenseMap<const Expr *, Bounds> known;
};
} // namespace

static Interval join(Interval a, Interval b) {
  return {std::min(a.lo, b.lo), std::max(a.hi, b.hi)};
}

static std::optional<Hull> join(std::optional<Hull> a, std::optional<Hull> b) {
  if (!a || !b)
    return {};
  return Hull{join(a->numbers, b->numbers), a->states | b->states};
}

//===-----------------------------------------------------------------------===//
// Interval arithmetic. NaN is left out: ∞ - ∞ and 0·∞ make no number.
//===-----------------------------------------------------------------------===//

static Interval add(Interval a, Interval b) { return {a.lo + b.lo, a.hi + b.hi}; }

static Interval negate(Interval a) { return {-a.hi, -a.lo}; }

static Interval multiply(Interval a, Interval b) {
  Interval result{infinity, -infinity};
  for (double x : {a.lo, a.hi})
    for (double y : {b.lo, b.hi}) {
      double corner = x == 0 || y == 0 ? 0 : x * y;
      result = join(result, {corner, corner});
    }
  return result;
}

static Interval invert(Interval a) {
  if (a.lo <= 0 && a.hi >= 0 && (a.lo < 0 || a.hi == 0))
    return {};
  return {1 / a.hi, a.lo == 0 ? infinity : 1 / a.lo};
}

/// Of a function that rises.
template <double (*f)(double)> static Interval rising(Interval a) { return {f(a.lo), f(a.hi)}; }

static Interval magnitude(Interval a) {
  if (a.lo >= 0)
    return a;
  return a.hi <= 0 ? negate(a) : Interval{0, std::max(-a.lo, a.hi)};
}

static Interval logarithm(Interval a) {
  return {std::log(std::max(0.0, a.lo)), std::log(std::max(0.0, a.hi))};
}

static Interval waves(Interval) { return {-1, 1}; }
static Interval nonNegative(Interval) { return {0, infinity}; }
static Interval same(Interval a) { return a; }

/// Functions of one operand. Rounding of a function is covered by the margin of a box.
static const llvm::StringMap<Interval (*)(Interval)> &functions() {
  static const llvm::StringMap<Interval (*)(Interval)> table = {
      {"arith.negf", negate},
      {"arith.extf", same},
      {"arith.truncf", same},
      {"math.absf", magnitude},
      {"math.tanh", rising<std::tanh>},
      {"math.erf", rising<std::erf>},
      {"math.atan", rising<std::atan>},
      {"math.exp", rising<std::exp>},
      {"math.exp2", rising<std::exp2>},
      {"math.expm1", rising<std::expm1>},
      {"math.log", logarithm},
      {"math.log1p", [](Interval a) { return logarithm(add(a, {1, 1})); }},
      {"math.floor", rising<std::floor>},
      {"math.ceil", rising<std::ceil>},
      {"math.trunc", rising<std::trunc>},
      {"math.sin", waves},
      {"math.cos", waves},
      {"math.sqrt", nonNegative},
      {"math.rsqrt", nonNegative},
      {"math.cosh", [](Interval) { return Interval{1, infinity}; }},
      {"math.erfc", [](Interval) { return Interval{0, 2}; }},
      {"arith.uitofp", nonNegative},
  };
  return table;
}

Interval BoundsOf::product(ArrayRef<const Expr *> factors) {
  Interval result{1, 1};
  for (const Expr *factor : factors)
    result = multiply(result, of(factor).interval);
  return result;
}

static bool isOneOf(const Expr *e, std::initializer_list<StringRef> names) {
  return llvm::any_of(names, [&](StringRef name) { return e->isOp(name); });
}

Interval BoundsOf::arithmetic(const Expr *e) {
  auto operand = [&](unsigned i) { return of(e->operands[i]).interval; };
  if (auto function = functions().lookup(e->name->getStringRef()))
    return function(operand(0));
  if (e->isOp("arith.addf"))
    return add(operand(0), operand(1));
  if (e->isOp("arith.subf"))
    return add(operand(0), negate(operand(1)));
  if (e->isOp("arith.mulf")) {
    Interval result = multiply(operand(0), operand(1));
    return e->operands[0] == e->operands[1] ? Interval{std::max(0.0, result.lo), result.hi}
                                            : result;
  }
  if (e->isOp("arith.divf")) {
    const Expr *sum = e->operands[1];
    bool share = sum->isOp("arith.addf") && llvm::is_contained(sum->operands, e->operands[0]) &&
                 of(sum->operands[0]).interval.lo >= 0 && of(sum->operands[1]).interval.lo >= 0;
    return share ? Interval{0, 1} : multiply(operand(0), invert(operand(1)));
  }
  if (e->isOp("math.fma"))
    return add(multiply(operand(0), operand(1)), operand(2));
  if (e->isOp("arith.select"))
    return join(operand(1), operand(2));
  bool largest = isOneOf(e, {"arith.maximumf", "arith.maxnumf"});
  if (!largest && !isOneOf(e, {"arith.minimumf", "arith.minnumf"}))
    return {};
  Interval a = operand(0), b = operand(1);
  Interval result = largest ? Interval{std::max(a.lo, b.lo), std::max(a.hi, b.hi)}
                            : Interval{std::min(a.lo, b.lo), std::min(a.hi, b.hi)};
  if (isOneOf(e, {"arith.maximumf", "arith.minimumf"})) // NaN of a NaN
    return result;
  // Of a NaN and a number these make the number.
  for (unsigned i = 0; i < 2; ++i)
    if (e->operands[i]->kind != Expr::Kind::Constant)
      result = join(result, operand(1 - i));
  return result;
}

//===-----------------------------------------------------------------------===//
// Means
//===-----------------------------------------------------------------------===//

static Term termOf(const Expr *e) {
  Term term;
  SmallVector<const Expr *> work = {e};
  while (!work.empty()) {
    const Expr *at = work.pop_back_val();
    if (at->isOp("arith.negf")) {
      term.negative = !term.negative;
      work.push_back(at->operands[0]);
    } else if (at->isOp("arith.mulf")) {
      work.append({at->operands[0], at->operands[1]});
    } else {
      term.factors.push_back(at);
    }
  }
  return term;
}

/// The two terms of a sum, a difference or a fused multiply-add.
static std::optional<std::pair<Term, Term>> termsOf(const Expr *e) {
  if (e->isOp("math.fma")) {
    Term product = termOf(e->operands[0]), second = termOf(e->operands[1]);
    product.factors.append(second.factors);
    product.negative ^= second.negative;
    return std::pair(product, termOf(e->operands[2]));
  }
  if (!isOneOf(e, {"arith.addf", "arith.subf"}))
    return {};
  Term x = termOf(e->operands[0]), y = termOf(e->operands[1]);
  y.negative ^= e->isOp("arith.subf");
  return std::pair(x, y);
}

/// True if `a` is -b.
static bool areOpposite(const Expr *a, const Expr *b) {
  return (a->isOp("arith.negf") && a->operands[0] == b) ||
         (b->isOp("arith.negf") && b->operands[0] == a);
}

/// u where `e` is n/(1 + exp(u)), with n = 1.
static const Expr *logisticOperand(const Expr *e) {
  if (!e->isOp("arith.divf") || !isNumber(e->operands[0], 1) || !e->operands[1]->isOp("arith.addf"))
    return nullptr;
  auto parts = e->operands[1]->operands;
  for (unsigned i = 0; i < 2; ++i)
    if (isNumber(parts[i], 1) && parts[1 - i]->isOp("math.exp"))
      return parts[1 - i]->operands[0];
  return nullptr;
}

/// True if `e` is the share of operand `part` in `sum`: x/(x + y).
static bool isShare(const Expr *e, const Expr *sum, unsigned part) {
  return e->isOp("arith.divf") && e->operands[1] == sum && sum->isOp("arith.addf") &&
         e->operands[0] == sum->operands[part];
}

/// True if w + v = 1 by how they are made.
static bool areComplementary(const Expr *w, const Expr *v) {
  for (auto [x, y] : {std::pair(w, v), std::pair(v, w)}) {
    if (y->isOp("arith.subf") && isNumber(y->operands[0], 1) && y->operands[1] == x)
      return true;
    if (y->isOp("arith.addf"))
      for (unsigned i = 0; i < 2; ++i)
        if (isNumber(y->operands[i], 1) && areOpposite(y->operands[1 - i], x))
          return true;
    if (x->isOp("arith.divf") && isShare(x, x->operands[1], 0) && isShare(y, x->operands[1], 1))
      return true;
  }
  const Expr *u = logisticOperand(w), *t = logisticOperand(v);
  return u && t && areOpposite(u, t);
}

std::optional<Hull> BoundsOf::hullOf(const Expr *e) {
  Bounds bounds = of(e);
  if (bounds.interval.isBounded())
    return Hull{bounds.interval, 0};
  return bounds.hull;
}

/// Of a product without one of its factors, and without its sign.
std::optional<Hull> BoundsOf::hullOfRest(const Term &term, unsigned without) {
  SmallVector<const Expr *, 3> rest = term.factors;
  rest.erase(rest.begin() + without);
  if (rest.size() == 1)
    return hullOf(rest.front());
  Interval interval = product(rest);
  return interval.isBounded() ? std::optional(Hull{interval, 0}) : std::nullopt;
}

/// w a + v b where w + v is 1, or at most 1: then 0 is in the mean as well.
std::optional<Hull> BoundsOf::meanOfProducts(const Term &x, const Term &y) {
  if (x.negative || y.negative)
    return {};
  for (auto [i, w] : llvm::enumerate(x.factors))
    for (auto [k, v] : llvm::enumerate(y.factors)) {
      Interval first = of(w).interval, second = of(v).interval;
      bool one = areComplementary(w, v) && (first.isWithin(0, 1) || second.isWithin(0, 1));
      bool less = first.lo >= 0 && second.lo >= 0 && first.hi + second.hi <= 1;
      if (!one && !less)
        continue;
      std::optional<Hull> mean = join(hullOfRest(x, i), hullOfRest(y, k));
      if (mean && !one)
        mean = join(mean, Hull{{0, 0}, 0});
      if (mean)
        return mean;
    }
  return {};
}

/// b + w (a - b) or b - w (b - a), where `x` is b and `y` the rest.
std::optional<Hull> BoundsOf::meanByDifference(const Term &x, const Term &y) {
  if (x.negative || x.factors.size() != 1)
    return {};
  const Expr *b = x.factors.front();
  for (auto [i, difference] : llvm::enumerate(y.factors)) {
    unsigned other = y.negative ? 1 : 0; // where a stands
    if (!difference->isOp("arith.subf") || difference->operands[1 - other] != b)
      continue;
    SmallVector<const Expr *, 3> weights = y.factors;
    weights.erase(weights.begin() + i);
    if (product(weights).isWithin(0, 1))
      return join(hullOf(difference->operands[other]), hullOf(b));
  }
  return {};
}

std::optional<Hull> BoundsOf::mean(const Expr *e) {
  if (isOneOf(e, {"arith.maximumf", "arith.minimumf", "arith.maxnumf", "arith.minnumf"}))
    return join(hullOf(e->operands[0]), hullOf(e->operands[1]));
  if (e->isOp("arith.select"))
    return join(hullOf(e->operands[1]), hullOf(e->operands[2]));
  if (isOneOf(e, {"arith.extf", "arith.truncf"}))
    return hullOf(e->operands[0]);
  if (e->isOp("arith.mulf"))
    for (unsigned i = 0; i < 2; ++i)
      if (of(e->operands[i]).interval.isWithin(0, 1))
        if (auto scaled = join(hullOf(e->operands[1 - i]), Hull{{0, 0}, 0}))
          return scaled;
  auto terms = termsOf(e);
  if (!terms)
    return {};
  auto [x, y] = *terms;
  if (auto found = meanOfProducts(x, y))
    return found;
  if (auto found = meanByDifference(x, y))
    return found;
  return meanByDifference(y, x);
}

Bounds BoundsOf::compute(const Expr *e) {
  if (e->kind == Expr::Kind::State)
    return {{}, Hull{{infinity, -infinity}, uint64_t(1) << e->index}};
  if (auto number = dyn_cast_if_present<FloatAttr>(e->constant)) {
    double value = number.getValueAsDouble();
    return std::isnan(value) ? Bounds() : Bounds{{value, value}, {}};
  }
  if (e->kind != Expr::Kind::Op || !isa<FloatType>(e->type))
    return {};
  Bounds bounds;
  bounds.interval = arithmetic(e);
  if (!bounds.interval.isBounded())
    bounds.hull = mean(e);
  return bounds;
}

Bounds BoundsOf::of(const Expr *e) {
  auto it = known.find(e);
  if (it != known.end())
    return it->second;
  Bounds bounds = compute(e); // changes the map
  return known[e] = bounds;
}

//===-----------------------------------------------------------------------===//
// Boxes
//===-----------------------------------------------------------------------===//

/// A hull is closed if it names states with hulls only; then it takes in what theirs do.
static void close(MutableArrayRef<std::optional<Hull>> hulls) {
  bool changed = true;
  while (std::exchange(changed, false))
    for (std::optional<Hull> &hull : hulls) {
      if (!hull)
        continue;
      Hull before = *hull;
      for (unsigned j = 0; hull && j < hulls.size(); ++j)
        if (hull->states >> j & 1) {
          hull = join(hull, hulls[j]);
          changed |= !hull;
        }
      changed |= hull && (hull->states != before.states || hull->numbers.lo != before.numbers.lo ||
                          hull->numbers.hi != before.numbers.hi);
    }
}

SmallVector<std::optional<InvariantBox>> seqc::findInvariantBoxes(seq::RecurrenceOp op) {
  SmallVector<std::optional<InvariantBox>> boxes(op.getNumStates());
  if (op.getNumStates() > 64)
    return boxes;
  StepExprs exprs(op, /*wholeStep=*/true);
  BoundsOf bounds;
  SmallVector<std::optional<Hull>> hulls;
  for (Value next : op.getYield().getNext()) {
    const Expr *e = exprs.of(next);
    hulls.push_back(isa<FloatType>(e->type) ? bounds.hullOf(e) : std::nullopt);
  }
  close(hulls);
  for (auto [box, hull] : llvm::zip_equal(boxes, hulls))
    if (hull) {
      box = InvariantBox{hull->numbers.lo, hull->numbers.hi, {}};
      for (unsigned j = 0; j < hulls.size(); ++j)
        if (hull->states >> j & 1)
          box->initial.push_back(j);
    }
  return boxes;
}

std::string seqc::describe(seq::RecurrenceOp op, ArrayRef<std::optional<InvariantBox>> boxes) {
  std::string text;
  llvm::raw_string_ostream out(text);
  for (auto [i, box] : llvm::enumerate(boxes)) {
    out << (i ? ", " : "") << nameOfState(op, i);
    if (!box) {
      out << " has no box";
      continue;
    }
    SmallVector<std::string> parts;
    if (box->lo <= box->hi)
      parts.push_back(
          llvm::formatv("[{0}, {1}]", llvm::format("%g", box->lo), llvm::format("%g", box->hi)));
    for (unsigned state : box->initial)
      parts.push_back("the initial value of " + nameOfState(op, state));
    out << " stays in " << (parts.size() > 1 ? "the hull of " : "") << llvm::join(parts, " and ");
  }
  return text;
}
