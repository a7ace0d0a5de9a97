// Plan `segments`: places, vectors, and memory that holds them.
#include "SegmentEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

//===-----------------------------------------------------------------------===//
// Places
//===-----------------------------------------------------------------------===//

/// Where the lanes of one unit are in a step value: all of its elements, in each unit.
Index SegmentEmitter::channelIndex(RankedTensorType step) {
  Index at;
  int64_t inner = channels;
  for (int64_t size : step.getShape()) {
    inner /= size;
    Distances distances;
    for (int64_t l = 0; l < e.lanes; ++l)
      distances.push_back(l % channels / inner % size);
    at.push_back(e.withPattern(Value(), distances));
  }
  return at;
}

Index SegmentEmitter::channelIndex() { return channelIndex(typeOf(op.getStateArgs().front())); }

/// Unit u is at step `first` + u; with `single`, all are at step `first`. Steps count in the
/// direction of time.
void SegmentEmitter::setTime(Value first, bool single) {
  Distances distances;
  for (int64_t l = 0; l < e.lanes; ++l) {
    int64_t unit = single ? 0 : std::min(l / channels, units - 1);
    distances.push_back(op.getReverse() && !single ? units - 1 - unit : unit);
  }
  if (!op.getReverse()) {
    e.place.time = e.withPattern(first, distances);
    return;
  }
  e.place.time = e.withPattern(e.subtract(e.subtract(steps, one), first), distances);
  e.place.time.offset -= single ? 0 : units - 1;
}

void SegmentEmitter::setRow(Value row) {
  e.leaves = baseLeaves;
  e.resetTile();
  Value rest = row;
  e.place.batch.assign(batchSizes.size(), Idx());
  for (int64_t d = int64_t(batchSizes.size()) - 1; d >= 0; --d) {
    Value own = d ? arith::RemUIOp::create(b, loc, rest, batchSizes[d]).getResult() : rest;
    e.place.batch[d] = {own, 0, 0};
    if (d)
      rest = arith::DivUIOp::create(b, loc, rest, batchSizes[d]);
  }
  e.place.row = e.place.stepInStrip = VectorEval::fixed(0);
  for (const Read &read : invariants) // before all loops of the row
    e.eval(read.value, read.at);
  if (linearized)
    findBounds();
}

/// The first `longer` segments have one block more than the others.
Value SegmentEmitter::firstBlock(Value segment) {
  Value before = arith::MulIOp::create(b, loc, segment, whole);
  return arith::AddIOp::create(b, loc, before, arith::MinSIOp::create(b, loc, segment, longer));
}

Value SegmentEmitter::lengthOf(Value segment) {
  Value isLonger = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, segment, longer);
  return arith::SelectOp::create(b, loc, isLonger, arith::AddIOp::create(b, loc, whole, one),
                                 whole);
}

//===-----------------------------------------------------------------------===//
// Vectors
//===-----------------------------------------------------------------------===//

/// Bools are stored as bytes.
VectorType SegmentEmitter::vectorOf(Value v) {
  Type element = typeOf(v).getElementType();
  return VectorType::get(e.lanes, element.isInteger(1) ? b.getI8Type() : element);
}

Value SegmentEmitter::shuffle(Value v, llvm::function_ref<int64_t(int64_t)> from) {
  SmallVector<int64_t> order;
  for (int64_t l = 0; l < e.lanes; ++l)
    order.push_back(from(l));
  return vector::ShuffleOp::create(b, loc, v, v, order);
}

Value SegmentEmitter::lanesWhere(llvm::function_ref<bool(int64_t)> holds) {
  SmallVector<bool> lanes;
  for (int64_t l = 0; l < e.lanes; ++l)
    lanes.push_back(holds(l));
  auto type = VectorType::get(e.lanes, b.getI1Type());
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, lanes));
}

Value SegmentEmitter::select(llvm::function_ref<bool(int64_t)> fromA, Value a, Value c) {
  return arith::SelectOp::create(b, loc, lanesWhere(fromA), a, c);
}

/// As many rows as units: afterwards row j holds in unit i what row i held in unit j.
void SegmentEmitter::transpose(MutableArrayRef<Value> rows) {
  for (int64_t bit = 1; bit < units; bit *= 2)
    for (int64_t i = 0; i < units; ++i) {
      if (i & bit)
        continue;
      SmallVector<int64_t> lows, highs;
      for (int64_t l = 0; l < e.lanes; ++l) {
        int64_t unit = l / channels, shift = bit * channels;
        bool moves = unit < units && unit & bit;
        lows.push_back(moves ? e.lanes + l - shift : l);
        highs.push_back(moves || unit >= units ? e.lanes + l : l + shift);
      }
      Value low = rows[i], high = rows[i | bit];
      rows[i] = vector::ShuffleOp::create(b, loc, low, high, lows);
      rows[i | bit] = vector::ShuffleOp::create(b, loc, low, high, highs);
    }
}

/// Compared as integers: -0 is not 0, and a NaN is one with the same bits.
Value SegmentEmitter::differingLanes(const Tuple &a, const Tuple &c, bool merging) {
  bool onlyFirst =
      weakness == Weakness::OneState || (merging && weakness == Weakness::NoCheckpoint);
  size_t count = onlyFirst ? 1 : a.size();
  Value lanes;
  for (auto [first, second] :
       llvm::zip_equal(ArrayRef(a).take_front(count), ArrayRef(c).take_front(count))) {
    Value x = first, y = second;
    auto type = cast<VectorType>(x.getType());
    if (auto element = dyn_cast<FloatType>(type.getElementType())) {
      auto bits = VectorType::get(e.lanes, b.getIntegerType(element.getWidth()));
      x = arith::BitcastOp::create(b, loc, bits, x);
      y = arith::BitcastOp::create(b, loc, bits, y);
    }
    Value here = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, x, y);
    lanes = lanes ? arith::OrIOp::create(b, loc, lanes, here).getResult() : here;
  }
  if (units * channels != e.lanes)
    lanes = arith::AndIOp::create(b, loc, lanes,
                                  lanesWhere([&](int64_t l) { return l < units * channels; }));
  return lanes;
}

Value SegmentEmitter::differs(const Tuple &a, const Tuple &c, bool merging) {
  return vector::ReductionOp::create(b, loc, vector::CombiningKind::OR,
                                     differingLanes(a, c, merging));
}

/// `v`, where `condition` holds with another last bit in the last lane of the last unit.
Value SegmentEmitter::flipLastBit(Value v, Value condition) {
  auto type = cast<VectorType>(v.getType());
  auto integer = b.getIntegerType(type.getElementTypeBitWidth());
  auto bits = VectorType::get(e.lanes, integer);
  SmallVector<APInt> mask(e.lanes, APInt(integer.getWidth(), 0));
  mask[units * channels - 1] = 1;
  Value flips = arith::ConstantOp::create(b, loc, DenseElementsAttr::get(bits, mask));
  bool isFloat = isa<FloatType>(type.getElementType());
  Value as = isFloat ? arith::BitcastOp::create(b, loc, bits, v).getResult() : v;
  Value flipped = arith::XOrIOp::create(b, loc, as, flips);
  if (isFloat)
    flipped = arith::BitcastOp::create(b, loc, type, flipped);
  return arith::SelectOp::create(b, loc, condition, flipped, v);
}

//===-----------------------------------------------------------------------===//
// Memory
//===-----------------------------------------------------------------------===//

/// One vector of each of `types` at each index of `shape`; of each task, or of all together.
SegmentEmitter::Shelf SegmentEmitter::shelf(ArrayRef<Type> types, ArrayRef<int64_t> shape,
                                            ValueRange sizes, bool ofTask) {
  Shelf made;
  SmallVector<int64_t> full(shape);
  full.push_back(e.lanes);
  for (Type type : types) {
    auto memory = MemRefType::get(full, cast<VectorType>(type).getElementType());
    Value buffer =
        ofTask ? memref::AllocaOp::create(b, loc, memory, b.getI64IntegerAttr(64)).getResult()
               : memref::AllocOp::create(b, loc, memory, sizes).getResult();
    made.buffers.push_back(buffer);
    made.types.push_back(type);
  }
  return made;
}

void SegmentEmitter::put(const Shelf &shelf, ValueRange values, ValueRange at) {
  for (auto [i, v] : llvm::enumerate(values))
    put(shelf, i, v, at);
}

void SegmentEmitter::put(const Shelf &shelf, unsigned i, Value v, ValueRange at) {
  SmallVector<Value> full(at);
  full.push_back(zero);
  vector::StoreOp::create(b, loc, v, shelf.buffers[i], full);
}

SegmentEmitter::Tuple SegmentEmitter::get(const Shelf &shelf, ValueRange at) {
  Tuple t;
  for (unsigned i = 0; i < shelf.buffers.size(); ++i)
    t.push_back(get(shelf, i, at));
  return t;
}

Value SegmentEmitter::get(const Shelf &shelf, unsigned i, ValueRange at) {
  SmallVector<Value> full(at);
  full.push_back(zero);
  return vector::LoadOp::create(b, loc, cast<VectorType>(shelf.types[i]), shelf.buffers[i], full);
}

/// Index of a unit's channels, in every unit of lanes, in a shelf's memory.
Index SegmentEmitter::unitIndex(ValueRange at, Value unit) {
  Distances distances;
  for (int64_t l = 0; l < e.lanes; ++l)
    distances.push_back(l % channels);
  Index full;
  for (Value i : at)
    full.push_back({i, 0, 0});
  full.push_back(
      e.withPattern(arith::MulIOp::create(b, loc, unit, e.constant(channels)), distances));
  return full;
}

SegmentEmitter::Tuple SegmentEmitter::getSegment(const Shelf &shelf, ValueRange at, Value unit) {
  Tuple t;
  for (Value buffer : shelf.buffers)
    t.push_back(e.load(buffer, unitIndex(at, unit)));
  return t;
}

void SegmentEmitter::putSegment(const Shelf &shelf, ValueRange values, ValueRange at, Value unit) {
  for (auto [buffer, v] : llvm::zip_equal(shelf.buffers, values))
    e.spread(v, buffer, unitIndex(at, unit), channels, false);
}
