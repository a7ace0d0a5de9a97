// Plan `scan`: arithmetic on tuples of vectors.
#include "ScanEmitter.h"

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

ScanEmitter::Tuple ScanEmitter::shuffle(const Tuple &t, llvm::function_ref<int64_t(int64_t)> from) {
  return llvm::to_vector(
      llvm::map_range(t, [&](Value v) { return v ? shuffle(v, from) : Value(); }));
}

void ScanEmitter::transpose(MutableArrayRef<Tuple> rows) {
  if (rows.size() == 1)
    return;
  for (unsigned c = 0; c < components; ++c) {
    if (!rows.front()[c])
      continue;
    SmallVector<Value> column =
        llvm::to_vector(llvm::map_range(rows, [&](Tuple &t) { return t[c]; }));
    transpose(MutableArrayRef<Value>(column));
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
