// Plan `segments` where a round is dear, because a vector holds one segment: first the starts of
// all segments, from two states, until they meet.
#include "SegmentEmitter.h"

using namespace mlir;
using namespace seqc;

/// A state that is far from `v`.
static Value farFrom(OpBuilder &b, Location loc, Value v) {
  auto type = cast<VectorType>(v.getType());
  auto one = arith::ConstantOp::create(
      b, loc,
      DenseElementsAttr::get(type, isa<FloatType>(type.getElementType())
                                       ? Attribute(b.getFloatAttr(type.getElementType(), 1))
                                       : b.getIntegerAttr(type.getElementType(), 1)));
  if (isa<FloatType>(type.getElementType()))
    return arith::AddFOp::create(b, loc, v, one);
  return arith::AddIOp::create(b, loc, v, one);
}

/// The segments of a bundle from their starts and from other states: how many blocks that took, and
/// whether the two still differ in some lane.
void SegmentEmitter::tryBundle(Value row, Value bundle) {
  SmallVector<Value> longerOnes = longerLanes(bundle);
  Tuple both;
  for (Value vector : vectorsOf(bundle))
    llvm::append_range(both, get(starts, ValueRange{row, vector}));
  size_t half = both.size();
  for (size_t i = 0; i < half; ++i)
    both.push_back(farFrom(b, loc, both[i]));
  Value part = arith::DivUIOp::create(b, loc, longest, e.constant(trialShare));
  Value end = least(longest, arith::MaxUIOp::create(b, loc, part, e.constant(trialBlocks)));
  Blocks done = untilSame(end, both, [&](Value block, const Tuple &old) {
    emitLoads(bundle, block);
    // The same code for both: each time the first half goes on, and becomes the second one.
    auto loop = scf::ForOp::create(b, loc, zero, e.constant(2), one, old);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      e.openScope();
      ValueRange args = loop.getRegionIterArgs();
      Tuple own(args.take_front(half)), next = emitBlock(own);
      keepBehindEnds(block, longerOnes, next, own);
      Tuple turned(args.drop_front(half));
      llvm::append_range(turned, next);
      scf::YieldOp::create(b, loc, turned);
      e.closeScope();
    }
    Tuple now(loop.getResults()), one(ArrayRef(now).take_front(half)),
        other(ArrayRef(now).drop_front(half));
    return std::pair(differs(one, other), now);
  });
  memref::StoreOp::create(b, loc, done.count, counts, ValueRange{row, bundle});
  Value apart = arith::SelectOp::create(b, loc, done.changed, one, zero);
  memref::StoreOp::create(b, loc, apart, trials, ValueRange{row, bundle});
}

/// i1: the segments of a row do not meet soon, so that rounds would be in vain.
Value SegmentEmitter::emitTrial(Value row, Bundles forBundles) {
  forBundles(zero, [&](Value row, Value bundle, Value) { tryBundle(row, bundle); });
  auto [length, all] = roundLength(row);
  stats.add(row, Stat::Evaluated, times(all, e.constant(2 * blockSteps * groups * units)));
  OpBuilder::InsertionGuard guard(b);
  auto loop = scf::ForOp::create(b, loc, zero, e.constant(bundles), one, zero);
  b.setInsertionPointToStart(loop.getBody());
  Value apart = memref::LoadOp::create(b, loc, trials, ValueRange{row, loop.getInductionVar()});
  scf::YieldOp::create(b, loc, plus(apart, loop.getRegionIterArgs()[0]));
  b.setInsertionPointAfter(loop);
  return isLess(zero, loop.getResult(0));
}
