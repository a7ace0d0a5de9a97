// Plan `scan`: arithmetic on tuples of vectors.
#include "ScanEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

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
  for (Value later : combine.getLater().take_front(components))
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
    e.define(combine.getBody()->getArgument(combine.getNumResults() + c), at, later[c]);
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
    SmallVector<Value> column =
        llvm::to_vector(llvm::map_range(rows, [&](Tuple &t) { return t[c]; }));
    transposeComponent(column);
    for (auto [row, v] : llvm::zip_equal(rows, column))
      row[c] = v;
  }
}

/// After a transposition, the number in time of the run that a unit of lanes holds.
int64_t ScanEmitter::timeOfUnit(int64_t unit, int64_t vectors) const {
  return unit % vectors * (units / vectors) + unit / vectors;
}

/// The opposite: the unit that holds a run.
SmallVector<int64_t> ScanEmitter::unitsOfRuns(int64_t vectors) const {
  SmallVector<int64_t> unitOf(units);
  for (int64_t u = 0; u < units; ++u)
    unitOf[timeOfUnit(u, vectors)] = u;
  return unitOf;
}

/// Prefixes along the units of each vector, whose order is that of time. The coefficients are those
/// of `wide`, if that is not null, rounded.
void ScanEmitter::prefixesOfUnits(MutableArrayRef<Tuple> tuples, Tuple *wide) {
  for (int64_t distance = 1; distance < units; distance *= 2) {
    int64_t shift = distance * channels;
    auto shifted = [&](const Tuple &t) {
      return shuffle(t, [&](int64_t l) { return l >= shift ? l - shift : l; });
    };
    auto choose = [&](Tuple &t, const Tuple &both) {
      for (auto [to, v] : llvm::zip_equal(t, both))
        if (v)
          to = select([&](int64_t l) { return l >= shift; }, v, to);
    };
    if (wide)
      choose(*wide, multiplyWide(shifted(*wide), *wide));
    for (Tuple &t : tuples) {
      Tuple both = apply(shifted(t), t, all);
      watch(both);
      choose(t, both);
      if (wide)
        roundTo(t, *wide);
    }
  }
}
