// Loads and stores of pairs: the last size of a buffer is 2, as in complex numbers. And prefetches,
// which ask for both.
#include "VectorEval.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

/// Elements of two vectors in turns.
static Value inTurns(OpBuilder &b, Location loc, Value even, Value odd) {
  int64_t lanes = cast<VectorType>(even.getType()).getNumElements();
  SmallVector<int64_t> picks;
  for (int64_t l = 0; l < lanes; ++l)
    picks.append({l, lanes + l});
  return vector::ShuffleOp::create(b, loc, even, odd, picks);
}

/// True for lane l at pair l.
static bool inOrder(const Distances &distances) {
  for (auto [l, distance] : llvm::enumerate(distances))
    if (distance != 2 * int64_t(l))
      return false;
  return true;
}

/// True if each lane is the first (or the second) of one of the `lanes` pairs that begin at lane
/// 0's.
bool VectorEval::isHalfOfPairs(MemRefType type, const Index &idx,
                               const Distances &distances) const {
  const Idx &half = idx.back();
  if (type.getDimSize(type.getRank() - 1) != 2 || type.getElementType().isInteger(1) || half.base ||
      half.varies() || (mask && !inOrder(distances)))
    return false;
  return llvm::all_of(distances, [&](int64_t d) { return d >= 0 && d < 2 * lanes && d % 2 == 0; });
}

/// Whole pairs are read and one of each is kept.
Value VectorEval::loadHalf(Value buffer, ValueRange at, const Distances &distances, int64_t half) {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  auto wide = VectorType::get(2 * lanes, element);
  SmallVector<Value> start(at);
  start.back() = constant(0);
  int64_t count = *llvm::max_element(distances) + 2;
  Value some = mask ? inTurns(b, loc, mask, mask) : Value();
  if (!mask && count < 2 * lanes)
    some = vector::CreateMaskOp::create(b, loc, VectorType::get(2 * lanes, b.getI1Type()),
                                        constant(count));
  Value pairs;
  if (some) {
    Value zero =
        arith::ConstantOp::create(b, loc, DenseElementsAttr::get(wide, b.getZeroAttr(element)));
    pairs = vector::MaskedLoadOp::create(b, loc, wide, buffer, start, some, zero);
  } else {
    pairs = vector::LoadOp::create(b, loc, wide, buffer, start);
  }
  SmallVector<int64_t> picks =
      llvm::map_to_vector(distances, [&](int64_t distance) { return distance + half; });
  return vector::ShuffleOp::create(b, loc, pairs, pairs, picks);
}

void VectorEval::storePairs(Value even, Value odd, Value buffer, const Index &idx, int64_t count,
                            bool streaming) {
  std::optional<Distances> known = distances(cast<MemRefType>(buffer.getType()), idx);
  SmallVector<int64_t> picks(2 * lanes, 0);
  bool near = known && (!mask || inOrder(*known));
  for (int64_t l = 0; near && l < count; ++l) {
    int64_t to = (*known)[l];
    near = to >= 0 && to < 2 * count && to % 2 == 0;
    if (near) {
      picks[to] = l;
      picks[to + 1] = lanes + l;
    }
  }
  if (!near) {
    Index second = idx;
    second.back().offset += 1;
    for (auto [vec, at] : {std::pair(even, idx), std::pair(odd, second)})
      mask ? store(vec, buffer, at, false) : spread(vec, buffer, at, count, false);
    return;
  }
  SmallVector<Value> at;
  for (const Idx &i : idx)
    at.push_back(value(i));
  Value pairs = vector::ShuffleOp::create(b, loc, even, odd, picks);
  Value some = mask ? inTurns(b, loc, mask, mask) : Value();
  if (!mask && count < lanes)
    some = vector::CreateMaskOp::create(b, loc, VectorType::get(2 * lanes, b.getI1Type()),
                                        constant(2 * count));
  storeInOrder(pairs, buffer, at, some, streaming);
}

/// What `at`, which has time as dimension `time`, will be some steps later.
void VectorEval::prefetch(Value buffer, Index at, int64_t time) {
  at[time].offset += recurrence.getReverse() ? -prefetchSteps : prefetchSteps;
  int64_t rank = at.size(), along = rank - 1;
  // Of two halves the first one asks, for both.
  bool pairs = rank > 1 && at[rank - 2].lane == 1 && at.back() == fixed(0) &&
               cast<MemRefType>(buffer.getType()).getDimSize(rank - 1) == 2;
  if (pairs)
    along = rank - 2;
  else if (at.back().lane != 1)
    return;
  for (int64_t part = 0; part < (pairs ? 2 : 1); ++part) {
    SmallVector<Value> indices;
    for (const Idx &i : at)
      indices.push_back(value(i));
    memref::PrefetchOp::create(b, loc, buffer, indices, /*isWrite=*/false, /*localityHint=*/3,
                               /*isDataCache=*/true);
    at[along].offset += lanes / 2;
  }
}
