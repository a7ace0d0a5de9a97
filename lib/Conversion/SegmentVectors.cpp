// Plan `segments`: places, vectors, and memory that holds them.
#include "SegmentEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

//===-----------------------------------------------------------------------===//
// Places
//===-----------------------------------------------------------------------===//

void SegmentEmitter::setRow(Value row) {
  beginRow(row);
  evaluateInvariants();
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
