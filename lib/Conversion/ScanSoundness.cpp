// Plan `scan`: when the results of products can be kept.
//
// A product of coefficients A and what was added P stand for steps h -> A h + P. Single steps round
// in proportion to the states they pass; products may round in proportion to more than that:
//
//   A grows: P = h' - A h is large where h' and h are small, and cancels; or A h is 0 times ∞
//   A vanishes, then grows: digits of A were lost for good, those of the states were not
//   A h underflows to 0 where single steps kept a small state, which may grow in the next block
//
// So products may not grow, products that vanish may not come back, and a state may not collapse.
#include "ScanEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace seqc;

/// Of products of blocks in a group of n steps: entries of size m round m states once, where n
/// steps round n states. Where entries vary over time their products are rounded as well, and what
/// errs by k in a factor errs by 2 m k in its square.
static double mostGrowth(int64_t steps, bool isInvariant) {
  return isInvariant ? 2 * std::sqrt(double(steps)) : 4;
}
/// Products of whole chunks are few.
static constexpr double mostGrowthOfChunks = 32;

namespace {
/// Magnitudes for a type of float.
struct Thresholds {
  double tiny;     ///< products below this are about to lose digits
  double collapse; ///< a state shrinks by less
  double largest;
};
} // namespace

static Thresholds thresholds(Type element) {
  if (element.isF64())
    return {0x1p-900, 0x1p-800, std::numeric_limits<double>::max()};
  return {0x1p-100, 0x1p-60, std::numeric_limits<float>::max()};
}

static Type elementOf(Value v) { return getElementTypeOrSelf(v.getType()); }

/// The greatest magnitude in `vectors`; a NaN is greater than all. Without their sign floats have
/// the order of their bits, and integers have a maximum in one instruction.
static Value greatest(OpBuilder &b, Location loc, ArrayRef<Value> vectors) {
  auto type = cast<VectorType>(vectors.front().getType());
  unsigned width = type.getElementTypeBitWidth();
  auto bitsType = VectorType::get(type.getShape(), b.getIntegerType(width));
  auto mask = IntegerAttr::get(bitsType.getElementType(), APInt::getSignedMaxValue(width));
  Value magnitude = arith::ConstantOp::create(b, loc, DenseElementsAttr::get(bitsType, mask));
  Value most;
  for (Value v : vectors) {
    Value bits = arith::BitcastOp::create(b, loc, bitsType, v);
    bits = arith::AndIOp::create(b, loc, bits, magnitude);
    most = most ? arith::MaxSIOp::create(b, loc, most, bits).getResult() : bits;
  }
  return arith::BitcastOp::create(b, loc, type, most);
}

/// Components `at` of `tuples`, each value once.
static SmallVector<Value> valuesAt(ArrayRef<SmallVector<Value>> tuples, ArrayRef<unsigned> at) {
  llvm::SetVector<Value> values;
  for (const SmallVector<Value> &t : tuples)
    for (unsigned c : at)
      values.insert(t[c]);
  return values.takeVector();
}

Value ScanEmitter::atMost(Value v, double most) {
  return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLE, v, splat(v.getType(), most));
}

Value ScanEmitter::atLeast(Value v, double least) {
  return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGE, v, splat(v.getType(), least));
}

/// What a step may add, or a state be, so that no sum of them overflows.
double ScanEmitter::mostAdded(Value v) { return elementOf(v).isF64() ? 1e280 : 1e20; }

/// What the components are coefficients of: the size of a block, -1 of a running product, else 0.
ArrayRef<int64_t> ScanEmitter::factors() {
  if (auto attr = combine->getAttrOfType<DenseI64ArrayAttr>("factors"))
    return attr.asArrayRef().take_front(components);
  return {};
}

/// Components that grow and vanish together: the entries of blocks, or single coefficients.
SmallVector<SmallVector<unsigned>> ScanEmitter::coefficients() {
  SmallVector<SmallVector<unsigned>> groups;
  ArrayRef<int64_t> sizes = factors();
  for (unsigned c = 0; c < sizes.size(); ++c) {
    if (sizes[c] == 0)
      continue;
    bool joins = sizes[c] > 1 && !groups.empty() && groups.back().back() + 1 == c &&
                 sizes[c - 1] == sizes[c] &&
                 elementOf(combine.getResult(c)) == elementOf(combine.getResult(c - 1));
    if (joins)
      groups.back().push_back(c);
    else
      groups.push_back({c});
  }
  return groups;
}

/// Products of coefficients, where single ones tell too little of them.
void ScanEmitter::watch(const Tuple &product) {
  for (auto [c, size] : llvm::enumerate(factors()))
    if (size > 1 && product[c])
      watched.push_back(product[c]);
}

/// `total`, the product of `elements`, may vanish only where none of them grows again.
void ScanEmitter::watchTotal(ArrayRef<Tuple> elements, const Tuple &total) {
  for (ArrayRef<unsigned> group : coefficients()) {
    int64_t size = factors()[group[0]];
    if (size == 1) // bounded one by one
      continue;
    Value all = greatest(b, loc, valuesAt(total, group));
    Value each = greatest(b, loc, valuesAt(elements, group));
    conditions.push_back(arith::OrIOp::create(b, loc, atLeast(all, thresholds(elementOf(all)).tiny),
                                              atMost(each, 1 / std::abs(double(size)))));
  }
}

/// The product of a chunk so far: bounds of its coefficients, and the least that they were.
void ScanEmitter::watchProduct(const Tuple &product, MutableArrayRef<Value> least) {
  for (auto [group, low] : llvm::zip_equal(coefficients(), least)) {
    int64_t size = factors()[group[0]];
    Value most = greatest(b, loc, valuesAt(product, group));
    if (size > 0)
      conditions.push_back(atMost(most, size == 1 ? 2 : mostGrowthOfChunks));
    Value less = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, most, low);
    low = arith::SelectOp::create(b, loc, less, most, low);
  }
}

/// States `after` some steps from `before` by a product.
void ScanEmitter::watchStates(const Tuple &before, const Tuple &after) {
  if (factors().empty())
    return;
  for (Type type : {Type(b.getF32Type()), Type(b.getF64Type())}) {
    SmallVector<Value> old, fresh;
    for (unsigned c : needed.set_bits())
      if (factors()[c] <= 0 && elementOf(after[c]) == type) {
        old.push_back(before[c]);
        fresh.push_back(after[c]);
      }
    if (old.empty())
      continue;
    Value size = greatest(b, loc, old);
    Value least =
        arith::MulFOp::create(b, loc, size, splat(size.getType(), thresholds(type).collapse));
    conditions.push_back(
        arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGE, greatest(b, loc, fresh), least));
  }
}

/// All states are finite.
void ScanEmitter::watchFinite(ArrayRef<Tuple> states) {
  for (unsigned c : needed.set_bits()) {
    if (states.empty() || !isa<FloatType>(elementOf(states.front()[c])))
      continue;
    Value none = splat(states.front()[c].getType(), 0.0), sum = none;
    for (const Tuple &t : states)
      sum = math::FmaOp::create(b, loc, t[c], none, sum);
    conditions.push_back(arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, sum, none));
  }
}

/// Lanes where everything that was watched is as it should be, or null if nothing was.
Value ScanEmitter::takeConditions() {
  Value sound;
  for (Value lanes : conditions)
    sound = sound ? arith::AndIOp::create(b, loc, sound, lanes).getResult() : lanes;
  conditions.clear();
  return sound;
}

/// A number's products in a block of `shape` are bounded by the numbers.
void ScanEmitter::watchNumbers(ArrayRef<Tuple> elements, Shape shape) {
  for (ArrayRef<unsigned> group : coefficients())
    if (factors()[group[0]] == 1)
      conditions.push_back(atMost(greatest(b, loc, valuesAt(elements, group)),
                                  std::exp2(1 / double(shape.vectors * units))));
}

/// Lanes where the products of blocks, which were watched, are bounded, and all conditions hold.
Value ScanEmitter::soundLanes() {
  for (Type type : {Type(b.getF32Type()), Type(b.getF64Type())}) {
    SmallVector<Value> products;
    llvm::copy_if(watched, std::back_inserter(products),
                  [&](Value v) { return elementOf(v) == type; });
    if (!products.empty())
      conditions.push_back(
          atMost(greatest(b, loc, products), mostGrowth(largest.vectors * units, isInvariant)));
  }
  watched.clear();
  return takeConditions();
}

Value ScanEmitter::greatestOf(ArrayRef<Value> vectors) { return greatest(b, loc, vectors); }

Value ScanEmitter::inAllLanes(Value lanes) {
  return vector::ReductionOp::create(b, loc, vector::CombiningKind::AND, lanes);
}

/// Lanes where the product of a chunk can stand for its steps.
Value ScanEmitter::soundProduct(const Tuple &product, ArrayRef<Value> least) {
  for (auto [group, low] : llvm::zip_equal(coefficients(), least)) {
    double tiny = thresholds(elementOf(low)).tiny;
    Value now = greatest(b, loc, valuesAt(product, group));
    conditions.push_back(
        arith::OrIOp::create(b, loc, atLeast(low, tiny), atMost(now, 1024 * tiny)));
  }
  for (unsigned c = 0; c < components; ++c)
    if (isa<FloatType>(elementOf(product[c])))
      conditions.push_back(atMost(math::AbsFOp::create(b, loc, product[c]),
                                  thresholds(elementOf(product[c])).largest));
  return takeConditions();
}
