// Loads and stores of vectors whose lanes lie next to each other, near each other or anywhere.
#include "VectorEval.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

static Value allLanes(OpBuilder &b, Location loc, int64_t lanes) {
  auto type = VectorType::get(lanes, b.getI1Type());
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, true));
}

std::optional<Distances> VectorEval::distances(MemRefType type, const Index &idx) const {
  Distances sum(lanes, 0);
  int64_t stride = 1;
  for (int64_t d = type.getRank() - 1; d >= 0; --d) {
    if (idx[d].varies() && ShapedType::isDynamic(stride))
      return std::nullopt;
    for (auto [x, y] : llvm::zip_equal(sum, lanesOf(idx[d])))
      x += idx[d].varies() ? y * stride : 0;
    bool known = !ShapedType::isDynamic(stride) && !type.isDynamicDim(d);
    stride = known ? stride * type.getDimSize(d) : ShapedType::kDynamic;
  }
  return sum;
}

/// Elements `from` to `from + lanes` behind `at` of which `count`, counted from `at`, may be read.
Value VectorEval::loadPart(Value buffer, ValueRange at, int64_t from, int64_t count) {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  auto type = VectorType::get(lanes, element);
  SmallVector<Value> first(at);
  if (from)
    first.back() = compute(Arithmetic::AddConstant, first.back(), {}, from);
  if (count - from >= lanes)
    return vector::LoadOp::create(b, loc, type, buffer, first);
  auto maskType = VectorType::get(lanes, b.getI1Type());
  Value some = vector::CreateMaskOp::create(b, loc, maskType, constant(count - from));
  Value zero = splat(b.getZeroAttr(element));
  return vector::MaskedLoadOp::create(b, loc, type, buffer, first, some, zero);
}

/// Loads lanes that are a few vectors apart at most: each of these, and what is wanted of it.
Value VectorEval::loadNear(Value buffer, ValueRange at, const Distances &distances) {
  int64_t count = *llvm::max_element(distances) + 1;
  if (count == 1)
    return broadcast(memref::LoadOp::create(b, loc, buffer, at));
  Value vec = loadPart(buffer, at, 0, count);
  SmallVector<int64_t> picks(distances.begin(), distances.end());
  bool inOrder = true;
  for (int64_t l = 0; l < lanes; ++l)
    inOrder &= distances[l] == l;
  if (count <= lanes)
    return inOrder ? vec : vector::ShuffleOp::create(b, loc, vec, vec, picks).getResult();
  for (int64_t from = lanes; from < count; from += lanes) {
    for (auto [l, pick] : llvm::enumerate(picks)) // what is in its place stays there
      pick = distances[l] < from           ? (from == lanes ? distances[l] : int64_t(l))
             : distances[l] < from + lanes ? lanes + distances[l] - from
                                           : 0;
    vec = vector::ShuffleOp::create(b, loc, vec, loadPart(buffer, at, from, count), picks);
  }
  return vec;
}

/// True for what a tile of channels keeps: it has room for whole vectors.
static bool hasAllLanes(Value buffer) { return buffer.getDefiningOp<memref::AllocaOp>(); }

Value VectorEval::load(Value buffer, const Index &idx) {
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<Value> at;
  int64_t varying = 0;
  bool patterned = false;
  for (const Idx &i : idx) {
    at.push_back(value(i));
    varying += i.varies();
    patterned |= i.pattern != nullptr;
  }
  if (varying == 0)
    return broadcast(memref::LoadOp::create(b, loc, buffer, at));
  auto vectorType = VectorType::get(lanes, type.getElementType());
  if (varying == 1 && idx.back().lane == 1) {
    if (!mask || hasAllLanes(buffer))
      return vector::LoadOp::create(b, loc, vectorType, buffer, at);
    Value zero = splat(b.getZeroAttr(type.getElementType()));
    return vector::MaskedLoadOp::create(b, loc, vectorType, buffer, at, mask, zero);
  }
  std::optional<Distances> known = distances(type, idx);
  bool near = known && !mask && *llvm::min_element(*known) >= 0;
  if (near && *llvm::max_element(*known) < lanes)
    return loadNear(buffer, at, *known);
  if (known && isHalfOfPairs(type, idx, *known))
    return loadHalf(buffer, at, *known, idx.back().offset);
  if (near && *llvm::max_element(*known) < 4 * lanes && !type.getElementType().isInteger(1))
    return loadNear(buffer, at, *known);
  if (patterned)
    return gather(buffer, at, idx);
  // Lanes that are not next to each other: distances in elements from lane 0.
  Value stride = constant(0), inner = constant(1);
  for (int64_t d = type.getRank() - 1; d >= 0; --d) {
    if (idx[d].lane) {
      Value part = arith::MulIOp::create(b, loc, inner, constant(idx[d].lane));
      stride = arith::AddIOp::create(b, loc, stride, part);
    }
    Value size = type.isDynamicDim(d) ? memref::DimOp::create(b, loc, buffer, d).getResult()
                                      : constant(type.getDimSize(d));
    inner = arith::MulIOp::create(b, loc, inner, size);
  }
  Value distances =
      arith::MulIOp::create(b, loc, loopIndexVector({Value(), 0, 1}), broadcast(stride));
  Value zero = splat(b.getZeroAttr(type.getElementType()));
  return vector::GatherOp::create(b, loc, vectorType, buffer, at, distances,
                                  mask ? mask : allLanes(b, loc, lanes), zero);
}

/// Each lane's own distance, which may depend on dynamic sizes.
Value VectorEval::distancesOf(Value buffer, const Index &idx) {
  auto type = cast<MemRefType>(buffer.getType());
  Value sum = broadcast(constant(0)), stride = constant(1);
  for (int64_t d = type.getRank() - 1; d >= 0; --d) {
    Idx own = {Value(), 0, idx[d].lane, idx[d].pattern};
    if (own.varies())
      sum = arith::AddIOp::create(
          b, loc, sum, arith::MulIOp::create(b, loc, loopIndexVector(own), broadcast(stride)));
    Value size = type.isDynamicDim(d) ? memref::DimOp::create(b, loc, buffer, d).getResult()
                                      : constant(type.getDimSize(d));
    stride = arith::MulIOp::create(b, loc, stride, size);
  }
  return sum;
}

Value VectorEval::gather(Value buffer, ValueRange at, const Index &idx) {
  auto type = cast<MemRefType>(buffer.getType());
  Value zero = splat(b.getZeroAttr(type.getElementType()));
  return vector::GatherOp::create(b, loc, VectorType::get(lanes, type.getElementType()), buffer, at,
                                  distancesOf(buffer, idx), mask ? mask : allLanes(b, loc, lanes),
                                  zero);
}

/// The other direction: `vec`, whose lanes from `count` on hold nothing, to where its lanes belong.
void VectorEval::spread(Value vec, Value buffer, const Index &idx, int64_t count, bool streaming) {
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<Value> at;
  for (const Idx &i : idx)
    at.push_back(value(i));
  std::optional<Distances> known = distances(type, idx);
  Distances order(lanes, 0);
  bool near = known.has_value(), inOrder = true;
  int64_t last = 0;
  for (int64_t l = 0; near && l < count; ++l) {
    int64_t to = (*known)[l];
    near = to >= 0 && to < count;
    inOrder &= to == l;
    if (near)
      order[to] = l;
    last = std::max(last, to);
  }
  // Every place up to the last one has a lane.
  for (int64_t to = 1; near && to <= last; ++to)
    near = (*known)[order[to]] == to;
  count = near ? last + 1 : count;
  auto maskType = VectorType::get(lanes, b.getI1Type());
  Value some =
      count == lanes ? Value() : vector::CreateMaskOp::create(b, loc, maskType, constant(count));
  if (!near) {
    Value all = some ? some : allLanes(b, loc, lanes);
    vector::ScatterOp::create(b, loc, Type(), buffer, at, distancesOf(buffer, idx), all, vec);
    return;
  }
  if (count == 1) {
    Value scalar = vector::ExtractOp::create(b, loc, vec, ArrayRef<int64_t>{0});
    memref::StoreOp::create(b, loc, scalar, buffer, at);
    return;
  }
  if (!inOrder)
    vec = vector::ShuffleOp::create(b, loc, vec, vec, order);
  storeInOrder(vec, buffer, at, some, streaming);
}

void VectorEval::storeInOrder(Value vec, Value buffer, ValueRange at, Value some, bool streaming) {
  if (some) {
    vector::MaskedStoreOp::create(b, loc, buffer, at, some, vec);
    return;
  }
  auto op = vector::StoreOp::create(b, loc, vec, buffer, at);
  if (streaming) {
    op.setNontemporal(true);
    op.setAlignment(4 * lanes);
  }
}

void VectorEval::store(Value vec, Value buffer, const Index &idx, bool streaming) {
  SmallVector<Value> at;
  int64_t varying = 0;
  for (const Idx &i : idx) {
    at.push_back(value(i));
    varying += i.varies();
  }
  if (varying == 0) {
    Value scalar = vector::ExtractOp::create(b, loc, vec, ArrayRef<int64_t>{0});
    memref::StoreOp::create(b, loc, scalar, buffer, at);
  } else if (varying != 1 || idx.back().lane != 1) {
    // Lanes that are not next to each other.
    vector::ScatterOp::create(b, loc, Type(), buffer, at, distancesOf(buffer, idx),
                              mask ? mask : allLanes(b, loc, lanes), vec);
  } else {
    storeInOrder(vec, buffer, at, hasAllLanes(buffer) ? Value() : mask, streaming);
  }
}
