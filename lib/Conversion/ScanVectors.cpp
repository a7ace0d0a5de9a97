// Plan `scan`: arithmetic on tuples of vectors.
#include "ScanEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace seqc;

/// Of products of blocks: their entries may pass 1 and come back, as a resonance's do.
static constexpr double mostGrowth = 32;

SmallVector<Value> ScanEmitter::present(ArrayRef<Value> t) {
  SmallVector<Value> values;
  llvm::copy_if(t, std::back_inserter(values), [](Value v) { return bool(v); });
  return values;
}

SmallVector<Value> ScanEmitter::restore(ArrayRef<Value> like, ValueRange values) {
  SmallVector<Value> t(like.size());
  unsigned next = 0;
  for (auto [i, v] : llvm::enumerate(like))
    if (v)
      t[i] = values[next++];
  return t;
}

Value ScanEmitter::splat(Type type, double v) {
  auto vector = cast<VectorType>(type);
  auto element = FloatAttr::get(vector.getElementType(), v);
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vector, element));
}

/// What this step adds, for the current place.
ScanEmitter::Tuple ScanEmitter::elements() {
  Tuple t;
  for (Value later : combine.getLater())
    t.push_back(e.eval(later, channelIndex()));
  return t;
}

/// combine(earlier, later), component by component where `wanted`.
ScanEmitter::Tuple ScanEmitter::apply(const Tuple &earlier, const Tuple &later,
                                      const llvm::BitVector &wanted) {
  e.openScope();
  Index at = channelIndex();
  for (unsigned c = 0; c < components; ++c) {
    if (earlier[c])
      e.define(combine.getBody()->getArgument(c), at, earlier[c]);
    e.define(combine.getBody()->getArgument(components + c), at, later[c]);
  }
  Tuple result(components);
  for (unsigned c : wanted.set_bits())
    result[c] = e.eval(combine.getYield().getNext()[c], at);
  e.closeScope();
  return result;
}

static bool isSplat(Value v) {
  DenseElementsAttr elements;
  return v.getDefiningOp<vector::BroadcastOp>() ||
         (matchPattern(v, m_Constant(&elements)) && elements.isSplat());
}

Value ScanEmitter::shuffle(Value v, llvm::function_ref<int64_t(int64_t)> from) {
  SmallVector<int64_t> order;
  bool same = true;
  for (int64_t l = 0; l < e.lanes; ++l) {
    order.push_back(from(l));
    same &= order.back() == l;
  }
  return same || isSplat(v) ? v : vector::ShuffleOp::create(b, loc, v, v, order).getResult();
}

ScanEmitter::Tuple ScanEmitter::shuffle(const Tuple &t, llvm::function_ref<int64_t(int64_t)> from) {
  return llvm::to_vector(
      llvm::map_range(t, [&](Value v) { return v ? shuffle(v, from) : Value(); }));
}

Value ScanEmitter::select(llvm::function_ref<bool(int64_t)> fromA, Value a, Value c) {
  SmallVector<bool> lanes;
  for (int64_t l = 0; l < e.lanes; ++l)
    lanes.push_back(fromA(l));
  auto type = VectorType::get(e.lanes, b.getI1Type());
  Value mask = arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, lanes));
  return arith::SelectOp::create(b, loc, mask, a, c);
}

/// Rows of as many units as there are rows (or a multiple): afterwards row j holds in unit
/// (h, i) what row i held in unit (h, j), where i and j are the low bits of a unit's number.
void ScanEmitter::transposeComponent(MutableArrayRef<Value> rows) {
  if (llvm::all_of(rows, isSplat))
    return;
  for (int64_t bit = 1; bit < int64_t(rows.size()); bit *= 2)
    for (int64_t i = 0; i < int64_t(rows.size()); ++i) {
      if (i & bit)
        continue;
      Value low = rows[i], high = rows[i | bit];
      SmallVector<int64_t> lows, highs;
      for (int64_t l = 0; l < e.lanes; ++l) {
        int64_t unit = l / channels, shift = bit * channels;
        lows.push_back(unit & bit ? e.lanes + l - shift : l);
        highs.push_back(unit & bit ? e.lanes + l : l + shift);
      }
      rows[i] = vector::ShuffleOp::create(b, loc, low, high, lows);
      rows[i | bit] = vector::ShuffleOp::create(b, loc, low, high, highs);
    }
}

void ScanEmitter::transpose(MutableArrayRef<Tuple> rows) {
  if (rows.size() == 1)
    return;
  for (unsigned c = 0; c < components; ++c) {
    if (!rows.front()[c])
      continue;
    SmallVector<Value> column = llvm::to_vector(llvm::map_range(rows, [&](Tuple &t) { return t[c]; }));
    transposeComponent(column);
    for (auto [row, v] : llvm::zip_equal(rows, column))
      row[c] = v;
  }
}

/// After a transposition, the number in time of the run that a unit of lanes holds.
int64_t ScanEmitter::timeOfUnit(int64_t unit, int64_t vectors) const {
  return unit % vectors * (units / vectors) + unit / vectors;
}

/// Prefixes along the units of each vector, whose order is that of time.
void ScanEmitter::prefixesOfUnits(MutableArrayRef<Tuple> tuples) {
  for (int64_t distance = 1; distance < units; distance *= 2) {
    int64_t shift = distance * channels;
    for (Tuple &t : tuples) {
      Tuple before = shuffle(t, [&](int64_t l) { return l >= shift ? l - shift : l; });
      Tuple both = apply(before, t, all);
      watch(both);
      for (unsigned c = 0; c < components; ++c)
        t[c] = select([&](int64_t l) { return l >= shift; }, both[c], t[c]);
    }
  }
}

/// The greatest magnitude in `vectors`.
static Value greatest(OpBuilder &b, Location loc, ArrayRef<Value> vectors) {
  Value most;
  for (Value v : vectors) {
    Value size = math::AbsFOp::create(b, loc, v);
    if (!most) {
      most = size;
      continue;
    }
    Value more = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, size, most);
    most = arith::SelectOp::create(b, loc, more, size, most);
  }
  return most;
}

/// Sizes of the blocks that components are coefficients of, 0 for others.
ArrayRef<int64_t> ScanEmitter::factors() {
  if (auto attr = combine->getAttrOfType<DenseI64ArrayAttr>("factors"))
    return attr.asArrayRef();
  return {};
}

/// Products of coefficients, where single ones tell too little of them.
void ScanEmitter::watch(const Tuple &product) {
  for (auto [c, size] : llvm::enumerate(factors()))
    if (size > 1 && product[c])
      watched.push_back(product[c]);
}

/// True at run time if the block's results can be kept: its states are finite, and no product of
/// coefficients has grown, so that nothing overflowed, vanished and grew again, or cancelled on the
/// way. A number's products are bounded by the numbers; those of a block are looked at.
Value ScanEmitter::isSound(ArrayRef<Tuple> elements, ArrayRef<Tuple> states, Shape shape) {
  Value sound;
  auto also = [&](Value lanes) {
    sound = sound ? arith::AndIOp::create(b, loc, sound, lanes).getResult() : lanes;
  };
  auto atMost = [&](ArrayRef<Value> vectors, double most) {
    if (!vectors.empty())
      also(arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLE, greatest(b, loc, vectors),
                                 splat(vectors.front().getType(), most)));
  };
  for (unsigned c = 0; c < components; ++c) {
    Type type = elements.front()[c].getType();
    if (!isa<FloatType>(getElementTypeOrSelf(type)))
      continue;
    if (needed[c] && !states.empty()) {
      Value none = splat(type, 0.0), sum = none;
      for (const Tuple &t : states)
        sum = math::FmaOp::create(b, loc, t[c], none, sum);
      also(arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, sum, none));
    }
    if (factors().empty() || factors()[c] != 1)
      continue;
    SmallVector<Value> numbers;
    for (const Tuple &t : elements)
      if (!llvm::is_contained(numbers, t[c]))
        numbers.push_back(t[c]);
    atMost(numbers, std::exp2(1 / double(shape.vectors * units)));
  }
  for (Type type : {Type(b.getF32Type()), Type(b.getF64Type())}) {
    SmallVector<Value> products;
    llvm::copy_if(watched, std::back_inserter(products),
                  [&](Value v) { return getElementTypeOrSelf(v.getType()) == type; });
    atMost(products, mostGrowth);
  }
  watched.clear();
  if (!sound)
    return {};
  return vector::ReductionOp::create(b, loc, vector::CombiningKind::AND, sound);
}

/// The same for the product of a chunk, which stands for any number of steps.
Value ScanEmitter::isSoundProduct(const Tuple &product) {
  Value sound = arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
  for (unsigned c = 0; c < components; ++c) {
    Type type = product[c].getType();
    if (!isa<FloatType>(getElementTypeOrSelf(type)))
      continue;
    int64_t block = factors().empty() ? 0 : factors()[c];
    double most = block == 1  ? 2
                  : block > 1 ? mostGrowth
                              : std::numeric_limits<double>::max();
    if (!cast<VectorType>(type).getElementType().isF64())
      most = std::min<double>(most, std::numeric_limits<float>::max());
    Value size = math::AbsFOp::create(b, loc, product[c]);
    Value fine =
        arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLE, size, splat(type, most));
    fine = vector::ReductionOp::create(b, loc, vector::CombiningKind::AND, fine);
    sound = arith::AndIOp::create(b, loc, sound, fine);
  }
  return sound;
}
