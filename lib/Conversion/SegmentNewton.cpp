// Plan `segments`, where states forget slowly: starts of segments by Newton's method.
//
// The unknowns are the starts b. A pass evaluates all segments from them, and the product J of the
// step's derivatives along each; one sweep over the segments gives
//
//   b'[s + 1] = e[s] + J[s] (b'[s] - b[s])            e: the ends
//
// clamped to the states' invariant boxes. A start is a guess whatever it is: rounds follow.
#include "SegmentEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace seqc;

static Value fma(OpBuilder &b, Location loc, Value x, Value y, Value z) {
  return math::FmaOp::create(b, loc, x, y, z);
}

/// The ends of a bundle's segments, and the products of derivatives along them.
void SegmentEmitter::emitLinearPass(Value row, Value bundle) {
  int64_t count = op.getNumStates(), each = count + count * count;
  SmallVector<Value> vectors = vectorsOf(bundle), init;
  for (Value vector : vectors) {
    Tuple carry = get(starts, ValueRange{row, vector});
    llvm::append_range(init, carry);
    llvm::append_range(init, identity(carry.front().getType()));
  }
  auto step = [&](Value, Value, int64_t, ArrayRef<Value> own) {
    Linear linear = linearStep(own.take_front(count));
    Tuple next = linear.next;
    llvm::append_range(next, multiply(linear.partials, own.drop_front(count), count));
    return next;
  };
  Tuple results = forBlocks(bundle, init, /*loads=*/true, step);
  for (int64_t g = 0; g < groups; ++g) {
    ArrayRef<Value> own = ArrayRef(results).slice(g * each, each);
    put(guessedEnds, own.take_front(count), {row, vectors[g]});
    put(slopes, own.drop_front(count), {row, vectors[g]});
  }
}

/// All steps of a bundle's segments, with elements loaded or without: `step` gets the block, the
/// step within it, the group and what the group's last step handed on.
SegmentEmitter::Tuple SegmentEmitter::forBlocks(Value bundle, ArrayRef<Value> init, bool loads,
                                                InStep step) {
  OpBuilder::InsertionGuard guard(b);
  int64_t each = init.size() / groups;
  SmallVector<Value> longerOnes = longerLanes(bundle);
  auto overBlocks = scf::ForOp::create(b, loc, zero, longest, one, init);
  b.setInsertionPointToStart(overBlocks.getBody());
  e.openScope();
  Value block = overBlocks.getInductionVar();
  if (loads)
    emitLoads(bundle, block);
  auto old = overBlocks.getRegionIterArgs();
  auto loop = scf::ForOp::create(b, loc, zero, e.constant(blockSteps), one, old);
  {
    OpBuilder::InsertionGuard inner(b);
    b.setInsertionPointToStart(loop.getBody());
    auto args = loop.getRegionIterArgs();
    SmallVector<Value> all(args.begin(), args.end()), next;
    for (int64_t g = 0; g < groups; ++g) {
      e.openScope();
      if (loads)
        defineElements(loop.getInductionVar(), e.constant(g));
      llvm::append_range(
          next, step(block, loop.getInductionVar(), g, ArrayRef(all).slice(g * each, each)));
      e.closeScope();
    }
    scf::YieldOp::create(b, loc, next);
  }
  Tuple next = loop.getResults();
  keepBehindEnds(block, longerOnes, next, old);
  e.closeScope();
  scf::YieldOp::create(b, loc, next);
  return overBlocks.getResults();
}

/// Better starts from `guessedEnds` and `slopes`; by how much the worst one moved.
Value SegmentEmitter::emitSeams(Value row, const Tuple &initial) {
  int64_t count = op.getNumStates();
  Type element = cast<VectorType>(initial.front().getType()).getElementType();
  SmallVector<Value> init(initial);
  init.push_back(arith::ConstantOp::create(b, loc, FloatAttr::get(element, 0)));
  auto move = [&](const Segment &segment, ValueRange before) {
    Tuple used = getSegment(starts, segment), end = getSegment(guessedEnds, segment),
          slope = getSegment(slopes, segment), moves;
    for (int64_t c = 0; c < count; ++c)
      moves.push_back(arith::SubFOp::create(b, loc, before[c], used[c]));
    SmallVector<Value> next;
    Value worst = before.back();
    for (int64_t i = 0; i < count; ++i) {
      Value v = end[i];
      for (int64_t j = 0; j < count; ++j)
        v = fma(b, loc, slope[i * count + j], moves[j], v);
      next.push_back(bounded(v, end[i], i));
      Value size = vector::ReductionOp::create(b, loc, vector::CombiningKind::MAXIMUMF,
                                               math::AbsFOp::create(b, loc, moves[i]));
      worst = arith::MaximumFOp::create(b, loc, worst, size);
    }
    putSegment(starts, before.drop_back(), segment);
    next.push_back(worst);
    return next;
  };
  return forSegments(row, init, move).back();
}

/// Passes until the starts hardly move, or do not move less and less; the blocks that this took.
Value SegmentEmitter::emitNewton(Value row, const Tuple &initial, Bundles forBundles) {
  Type element = cast<VectorType>(initial.front().getType()).getElementType();
  auto number = [&](double v) {
    return arith::ConstantOp::create(b, loc, FloatAttr::get(element, v)).getResult();
  };
  auto less = [&](Value a, Value c) {
    return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, a, c).getResult();
  };
  auto pass = [&](Value, ValueRange before) -> SmallVector<Value> {
    forBundles(zero, [&](Value row, Value bundle, Value) { emitLinearPass(row, bundle); });
    stats.add(row, Stat::Passes, one);
    stats.add(row, Stat::Evaluated, times(blocks, e.constant(blockSteps)));
    Value worst = emitSeams(row, initial);
    Value most = arith::MulFOp::create(b, loc, number(0.3), before[1]);
    Value again = both(less(number(stillMove), worst), less(worst, most));
    return {again, worst, plus(before[2], longest)};
  };
  return repeat(mostNewtonPasses, {truth(true), number(1e30), zero}, pass)[2];
}
