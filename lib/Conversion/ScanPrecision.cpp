// Plan `scan`: products of coefficients in two parts.
//
// A decay that is the same in every group of steps rounds the same way in every group, and what
// carries a state from group to group would have an error that adds up. So a product is two floats:
//
//   high   the product in f32, as the tree of prefixes has it: 0 stays 0
//   low    f32(the same product in f64 - high)
//   states after ← combine(before, (high, u)) + low · before
//
// What varies over time has low parts only where some group's product is not small: else errors
// vanish faster than they add up. What does not vary is computed in front of the loops, and then
// the whole tree takes its coefficients from f64.
#include "ScanEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace seqc;

/// Where products of n <= 64 coefficients are at most this, (n - 1) roundings of each add up to
/// (n - 1) p / (1 - p) < 4.3 ulp of the largest state over all groups.
static constexpr double farFromOne = 0.0625;

namespace {
/// A leaf of the combination's rule: a component of its earlier or later tuple.
struct RuleLeaf {
  bool later = false;
  unsigned component = 0;
};

/// Reads the rule of a combination, element by element.
class RuleReader {
public:
  explicit RuleReader(seq::CombineOp combine) : combine(combine) {}
  /// `v`, a tensor or an element of one, behind what only hands it on.
  static Value source(Value v);
  std::optional<RuleLeaf> leaf(Value v) const;

private:
  mutable seq::CombineOp combine;
};
} // namespace

/// The operand of a generic op on equal shapes that its block argument `arg` is, or null.
static Value operandOf(BlockArgument arg) {
  auto generic = dyn_cast<linalg::GenericOp>(arg.getOwner()->getParentOp());
  if (!generic || arg.getArgNumber() >= generic.getNumDpsInputs() ||
      !llvm::all_of(generic.getIndexingMapsArray(), [](AffineMap m) { return m.isIdentity(); }))
    return {};
  return generic.getInputs()[arg.getArgNumber()];
}

Value RuleReader::source(Value v) {
  while (true) {
    Value next;
    if (auto arg = dyn_cast<BlockArgument>(v))
      next = operandOf(arg);
    else if (auto generic = v.getDefiningOp<linalg::GenericOp>())
      next = generic.getBody()->getTerminator()->getOperand(cast<OpResult>(v).getResultNumber());
    if (!next)
      return v;
    v = next;
  }
}

std::optional<RuleLeaf> RuleReader::leaf(Value v) const {
  auto arg = dyn_cast<BlockArgument>(source(v));
  if (!arg || arg.getOwner() != combine.getBody())
    return std::nullopt;
  unsigned count = combine.getNumResults(), at = arg.getArgNumber();
  return RuleLeaf{at >= count, at % count};
}

namespace {
/// Reads the next value of one state as   own + Σ ± coefficient · state   of later coefficients
/// and own, and of earlier states.
struct TermReader {
  RuleReader rule;
  ArrayRef<int64_t> factors;
  unsigned state;
  ScanEmitter::Terms found = {};
  unsigned own = 0;

  bool root(Value v);
  bool sum(Value v, bool minus);
  bool product(Value x, Value y, bool minus);
};
} // namespace

bool TermReader::root(Value v) {
  auto choice = RuleReader::source(v).getDefiningOp<arith::SelectOp>();
  auto isSum = [&](Value terms) {
    return sum(terms, false) && (factors[state] == 0 ? own == 1 : found.products.size() == 1);
  };
  if (!choice)
    return isSum(v);
  std::optional<RuleLeaf> flag = rule.leaf(choice.getCondition());
  std::optional<RuleLeaf> kept = rule.leaf(choice.getTrueValue());
  if (!flag || !flag->later || !kept || !kept->later || kept->component != state)
    return false;
  found.flag = flag->component;
  return isSum(choice.getFalseValue());
}

bool TermReader::sum(Value v, bool minus) {
  v = RuleReader::source(v);
  if (std::optional<RuleLeaf> at = rule.leaf(v)) {
    bool isOwn = at->later && at->component == state && !minus;
    own += isOwn;
    return isOwn || (!at->later && factors[at->component] == 0);
  }
  if (auto op = v.getDefiningOp<arith::AddFOp>())
    return sum(op.getLhs(), minus) && sum(op.getRhs(), minus);
  if (auto op = v.getDefiningOp<arith::SubFOp>())
    return sum(op.getLhs(), minus) && sum(op.getRhs(), !minus);
  if (auto op = v.getDefiningOp<arith::NegFOp>())
    return sum(op.getOperand(), !minus);
  if (auto op = v.getDefiningOp<arith::MulFOp>())
    return product(op.getLhs(), op.getRhs(), minus);
  if (auto op = v.getDefiningOp<math::FmaOp>())
    return product(op.getA(), op.getB(), minus) && sum(op.getC(), minus);
  return false;
}

bool TermReader::product(Value x, Value y, bool minus) {
  auto behindSign = [&](Value v) {
    v = RuleReader::source(v);
    while (auto op = v.getDefiningOp<arith::NegFOp>()) {
      v = RuleReader::source(op.getOperand());
      minus = !minus;
    }
    return rule.leaf(v);
  };
  std::optional<RuleLeaf> a = behindSign(x), c = behindSign(y);
  if (!a || !c || a->later == c->later)
    return false;
  if (!a->later)
    std::swap(a, c);
  if (factors[a->component] == 0 || factors[c->component] > 0)
    return false;
  found.products.push_back({a->component, c->component, minus});
  return true;
}

/// True if `v` is computed from floats in `precise` and flags, by ops that widen() knows.
static bool canWiden(const RuleReader &rule, Value v, const llvm::BitVector &precise) {
  v = RuleReader::source(v);
  if (std::optional<RuleLeaf> leaf = rule.leaf(v))
    return precise[leaf->component] || getElementTypeOrSelf(v.getType()).isInteger(1);
  Operation *def = v.getDefiningOp();
  if (def && matchPattern(v, m_Constant()))
    return true;
  return isa_and_present<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::NegFOp,
                         arith::SelectOp, arith::OrIOp, math::FmaOp>(def) &&
         llvm::all_of(def->getOperands(), [&](Value o) { return canWiden(rule, o, precise); });
}

bool seqc::isFreeOfTime(seq::RecurrenceOp op, Value v) {
  SmallVector<Value> work = {v};
  DenseSet<Value> seen;
  while (!work.empty()) {
    Value at = work.pop_back_val();
    if (isa<BlockArgument>(at) && at.getParentBlock() == op.getBody())
      return false;
    Operation *def = at.getDefiningOp();
    if (seen.insert(at).second && def && op.getStep().isAncestor(def->getParentRegion()))
      def->walk([&](Operation *inner) { llvm::append_range(work, inner->getOperands()); });
  }
  return true;
}

/// Which coefficients are kept in two parts, and which products of them the states are made of.
void ScanEmitter::findPrecise() {
  precise.resize(components);
  terms.resize(components);
  if (factors().empty())
    return;
  RuleReader rule(combine);
  for (unsigned c = 0; c < components; ++c)
    precise[c] = factors()[c] != 0 && getElementTypeOrSelf(combine.getResult(c).getType()).isF32();
  if (!llvm::all_of(precise.set_bits(), [&](unsigned c) {
        return canWiden(rule, combine.getYield().getNext()[c], precise);
      }))
    precise.reset();
  isInvariant = precise.any();
  for (unsigned c = 0; c < components; ++c)
    if (precise[c] || getElementTypeOrSelf(combine.getResult(c).getType()).isInteger(1))
      isInvariant &= isFreeOfTime(op, combine.getLater()[c]);
  for (unsigned c : needed.set_bits()) {
    TermReader reader{rule, factors(), c};
    if (factors()[c] <= 0 && reader.root(combine.getYield().getNext()[c]))
      terms[c] = reader.found;
  }
}

/// combine(earlier, later) where coefficients of the later element have low parts as well. What
/// they give is added first to what the later element adds: after the sum it would round away.
ScanEmitter::Tuple ScanEmitter::apply(const Tuple &earlier, const Tuple &later, const Tuple &low,
                                      const llvm::BitVector &wanted) {
  Tuple adjusted = later;
  for (unsigned c : wanted.set_bits()) {
    if (factors().empty() || factors()[c] != 0)
      continue;
    for (const Term &term : terms[c].products)
      if (Value part = low[term.factor])
        adjusted[c] = math::FmaOp::create(b, loc, term.minus ? negated(part) : part,
                                          earlier[term.state], adjusted[c]);
    adjusted[c] = unlessFlag(c, later, adjusted[c]);
  }
  Tuple result = apply(earlier, adjusted, wanted);
  for (unsigned c : wanted.set_bits()) {
    if (factors().empty() || factors()[c] >= 0 || terms[c].products.empty() || !low[c])
      continue;
    Value rest = arith::MulFOp::create(b, loc, low[c], earlier[c]);
    result[c] = unlessFlag(c, later, math::FmaOp::create(b, loc, later[c], earlier[c], rest));
  }
  return result;
}

Value ScanEmitter::negated(Value v) { return arith::NegFOp::create(b, loc, v); }

/// `v`, or component `c` of `later` where its flag is set.
Value ScanEmitter::unlessFlag(unsigned c, const Tuple &later, Value v) {
  if (!terms[c].flag || v == later[c])
    return v;
  return arith::SelectOp::create(b, loc, later[*terms[c].flag], later[c], v);
}

static Type wideType(OpBuilder &b, Value v) {
  return cast<VectorType>(v.getType()).clone(b.getF64Type());
}

/// high + low in f64, for the coefficients; flags as they are.
ScanEmitter::Tuple ScanEmitter::widened(const Tuple &high, const Tuple &low) {
  Tuple wide(components);
  for (unsigned c = 0; c < components; ++c) {
    if (getElementTypeOrSelf(high[c].getType()).isInteger(1))
      wide[c] = high[c];
    if (!precise[c])
      continue;
    Type type = wideType(b, high[c]);
    wide[c] = arith::ExtFOp::create(b, loc, type, high[c]);
    if (low[c])
      wide[c] = arith::AddFOp::create(b, loc, wide[c], arith::ExtFOp::create(b, loc, type, low[c]));
  }
  return wide;
}

/// What f32 `high` lacks of `wide`.
ScanEmitter::Tuple ScanEmitter::lowOf(const Tuple &wide, const Tuple &high) {
  Tuple low(components);
  for (unsigned c : precise.set_bits()) {
    Value rest = arith::SubFOp::create(b, loc, wide[c],
                                       arith::ExtFOp::create(b, loc, wide[c].getType(), high[c]));
    low[c] = arith::TruncFOp::create(b, loc, high[c].getType(), rest);
  }
  return low;
}

/// The product of coefficients in f64; flags as well.
ScanEmitter::Tuple ScanEmitter::multiplyWide(const Tuple &earlier, const Tuple &later) {
  RuleReader rule(combine);
  DenseMap<Value, Value> done;
  Type wide = VectorType::get(e.lanes, b.getF64Type());
  std::function<Value(Value)> of = [&](Value v) -> Value {
    v = RuleReader::source(v);
    if (std::optional<RuleLeaf> leaf = rule.leaf(v))
      return (leaf->later ? later : earlier)[leaf->component];
    if (Value known = done.lookup(v))
      return known;
    Attribute constant;
    if (matchPattern(v, m_Constant(&constant))) {
      if (auto dense = dyn_cast<DenseElementsAttr>(constant))
        constant = dense.getSplatValue<Attribute>();
      return splat(wide, cast<FloatAttr>(constant).getValueAsDouble());
    }
    Operation *def = v.getDefiningOp();
    OperationState state(loc, def->getName());
    for (Value operand : def->getOperands())
      state.operands.push_back(of(operand));
    state.addTypes(state.operands.back().getType());
    Value made = b.create(state)->getResult(0);
    return done[v] = made;
  };
  Tuple product(components);
  for (unsigned c = 0; c < components; ++c)
    if (earlier[c])
      product[c] = of(combine.getYield().getNext()[c]);
  return product;
}

/// What rounding took from this step's coefficients, for the current place.
ScanEmitter::Tuple ScanEmitter::elementLows() {
  Tuple low(components);
  if (auto lows = combine->getAttrOfType<DenseI64ArrayAttr>("lows"))
    for (auto [i, c] : llvm::enumerate(lows.asArrayRef()))
      if (precise[c])
        low[c] = e.eval(combine.getLater()[components + i], channelIndex());
  return low;
}

/// True if in some channel the product of some group is so large that errors could add up.
Value ScanEmitter::isNearOne(ArrayRef<Tuple> ends) {
  SmallVector<Value> products;
  for (const Tuple &end : ends) {
    Tuple total = precise.count() == 1 ? end : lastUnit(end); // at hand, see watchTotal
    SmallVector<Value> ofGroup;
    for (unsigned c : precise.set_bits())
      ofGroup.push_back(total[c]);
    products.push_back(greatestOf(ofGroup));
  }
  // A NaN counts as large; such blocks are not kept.
  Value small = atMost(greatestOf(products), farFromOne);
  Value yes = arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(cast<VectorType>(small.getType()), true));
  small = inAllLanes(select([&](int64_t l) { return l / channels != units - 1; }, yes, small));
  return arith::XOrIOp::create(b, loc, small, arith::ConstantIntOp::create(b, loc, 1, 1));
}

/// The coefficients of `high` become those of `wide`, rounded.
void ScanEmitter::roundTo(Tuple &high, const Tuple &wide) {
  for (unsigned c : precise.set_bits())
    high[c] = arith::TruncFOp::create(b, loc, high[c].getType(), wide[c]);
}

/// Low parts of the elements of group `g`, transposed.
SmallVector<ScanEmitter::Tuple> ScanEmitter::lowRows(Value first, int64_t g, int64_t count) {
  SmallVector<Tuple> lows;
  for (int64_t i = 0; i < count; ++i) {
    setTime(first, g * count + i, false);
    lows.push_back(elementLows());
  }
  transpose(lows);
  return lows;
}

/// The low parts of the ends of runs in group `g`, whose elements are `rows`, transposed.
ScanEmitter::Tuple ScanEmitter::lowsOfGroup(Value first, int64_t g, ArrayRef<Tuple> rows,
                                            const Tuple &ends) {
  SmallVector<Tuple> lows = lowRows(first, g, rows.size());
  Tuple end = widened(rows[0], lows[0]);
  for (size_t j = 1; j < rows.size(); ++j) // row by row: registers are few
    end = multiplyWide(end, widened(rows[j], lows[j]));
  SmallVector<int64_t> unitOfRun = unitsOfRuns(rows.size());
  end = moveUnits(end, [&](int64_t u) { return unitOfRun[u]; });
  prefixesOfUnits({}, &end);
  return lowOf(end, ends);
}

/// The low parts of the ends of `block` at `first`, whose elements are `rows`, transposed.
void ScanEmitter::findLows(Value first, ArrayRef<SmallVector<Tuple>> rows, Loaded &block) {
  block.lows.assign(rows.size(), Tuple(components));
  if (precise.none())
    return;
  Type type = VectorType::get(e.lanes, b.getF32Type());
  SmallVector<Type> types(rows.size() * precise.count(), type);
  auto choice = scf::IfOp::create(b, loc, types, isNearOne(block.ends), /*withElse=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.elseBlock());
  scf::YieldOp::create(b, loc, SmallVector<Value>(types.size(), splat(type, 0)));
  b.setInsertionPointToStart(choice.thenBlock());
  e.openScope();
  SmallVector<Value> found;
  for (auto [g, ofGroup] : llvm::enumerate(rows)) {
    Tuple low = lowsOfGroup(first, g, ofGroup, block.ends[g]);
    found.append(present(low));
    block.lows[g] = restore(low, choice.getResults().slice(g * precise.count(), precise.count()));
  }
  scf::YieldOp::create(b, loc, found);
  e.closeScope();
}
