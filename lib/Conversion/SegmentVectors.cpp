// Plan `segments`: places, vectors, and memory that holds them.
#include "SegmentEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

//===-----------------------------------------------------------------------===//
// Places
//===-----------------------------------------------------------------------===//

void SegmentEmitter::setRow(Value row) {
  beginRow(row);
  for (const Read &read : invariants) // before all loops of the row
    e.eval(read.value, read.at);
  if (linearized)
    findBounds();
}

/// The first `longer` segments have one block more than the others.
Value SegmentEmitter::firstBlock(Value segment) {
  return plus(times(segment, whole), least(segment, longer));
}

Value SegmentEmitter::lengthOf(Value segment) {
  return arith::SelectOp::create(b, loc, isLess(segment, longer), plus(whole, one), whole);
}

//===-----------------------------------------------------------------------===//
// Vectors
//===-----------------------------------------------------------------------===//

/// Bools are stored as bytes.
VectorType SegmentEmitter::vectorOf(Value v) {
  Type element = typeOf(v).getElementType();
  return VectorType::get(e.lanes, element.isInteger(1) ? b.getI8Type() : element);
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

/// Index of a unit's channels, in every unit of lanes, in a shelf's memory.
Index SegmentEmitter::unitIndex(ValueRange at, Value unit) {
  Distances distances;
  for (int64_t l = 0; l < e.lanes; ++l)
    distances.push_back(l % channels);
  Index full;
  for (Value i : at)
    full.push_back({i, 0, 0});
  full.push_back(e.withPattern(times(unit, e.constant(channels)), distances));
  return full;
}

SegmentEmitter::Tuple SegmentEmitter::getUnit(const Shelf &shelf, ValueRange at, Value unit) {
  Tuple t;
  for (Value buffer : shelf.buffers)
    t.push_back(e.load(buffer, unitIndex(at, unit)));
  return t;
}

SegmentEmitter::Tuple SegmentEmitter::getSegment(const Shelf &shelf, const Segment &segment) {
  return getUnit(shelf, {segment.row, segment.vector}, segment.unit);
}

void SegmentEmitter::putSegment(const Shelf &shelf, ValueRange values, const Segment &segment) {
  for (auto [buffer, v] : llvm::zip_equal(shelf.buffers, values))
    e.spread(v, buffer, unitIndex({segment.row, segment.vector}, segment.unit), channels, false);
}
