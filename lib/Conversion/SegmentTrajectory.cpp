// Plan `newton`: starts of segments from Newton's method for the states of all steps.
//
// A pass evaluates every step f and its derivative P at the states h of the pass before, and then
//
//   h'[t] = f[t] + P[t] d[t - 1]                      d = h' - h
//
// along each segment, where d at a segment's start comes from products along the segments before:
// two sweeps over time and one over the segments. After k passes the first k steps are exact.
#include "SegmentEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace seqc;

static Value add(OpBuilder &b, Location loc, Value x, Value y) {
  return arith::AddFOp::create(b, loc, x, y);
}

void SegmentEmitter::allocateTrajectory(ArrayRef<Type> states, Value rows) {
  constexpr int64_t dynamic = ShapedType::kDynamic;
  int64_t vectors = bundles * groups, count = op.getNumStates();
  SmallVector<Type> matrix(count * count, states.front());
  trajectory = shelf(states, {dynamic, dynamic, blockSteps, vectors}, {rows, longest}, false);
  values = shelf(states, {dynamic, dynamic, blockSteps, vectors}, {rows, longest}, false);
  partials = shelf(matrix, {dynamic, dynamic, blockSteps, vectors}, {rows, longest}, false);
  moves = shelf(states, {dynamic, vectors}, {rows}, false);
  greatestMoves = shelf({states.front()}, {dynamic, vectors}, {rows}, false);
}

/// The states of the pass before at a step; before the first pass they are 0.
SegmentEmitter::Tuple SegmentEmitter::oldStates(Value pass, ValueRange at) {
  Value isFirst = isSame(pass, zero);
  Tuple old = get(trajectory, at);
  for (Value &v : old)
    v = arith::SelectOp::create(b, loc, isFirst, splat(v.getType(), 0), v);
  return old;
}

/// First sweep: values and partials of all steps, and what they make of a segment's first move.
void SegmentEmitter::evaluateSteps(Value row, Value bundle, Value pass) {
  int64_t count = op.getNumStates(), each = 2 * count + count * count;
  SmallVector<Value> vectors = vectorsOf(bundle), init;
  for (Value vector : vectors) {
    Tuple start = get(starts, ValueRange{row, vector});
    Value none = splat(start.front().getType(), 0);
    llvm::append_range(init, start);
    init.append(count, none);
    llvm::append_range(init, identity(none.getType()));
  }
  auto step = [&](Value block, Value t, int64_t g, ArrayRef<Value> own) {
    Linear linear = linearStep(own.take_front(count));
    SmallVector<Value> at = {row, block, t, vectors[g]};
    put(values, linear.next, at);
    for (auto [i, partial] : llvm::enumerate(linear.partials))
      if (partial)
        put(partials, i, partial, at);
    Tuple next = oldStates(pass, at);
    Tuple moved = multiply(linear.partials, own.slice(count, count), 1);
    for (int64_t i = 0; i < count; ++i) {
      Value residual = arith::SubFOp::create(b, loc, linear.next[i], next[i]);
      moved[i] = add(b, loc, residual, moved[i]);
    }
    Tuple product = multiply(linear.partials, own.drop_front(2 * count), count);
    llvm::append_range(next, moved);
    llvm::append_range(next, product);
    return next;
  };
  Tuple results = forBlocks(bundle, init, /*loads=*/true, step);
  for (int64_t g = 0; g < groups; ++g) {
    ArrayRef<Value> own = ArrayRef(results).slice(g * each, each);
    put(guessedEnds, own.slice(count, count), {row, vectors[g]});
    put(slopes, own.drop_front(2 * count), {row, vectors[g]});
  }
}

/// By how much the starts move: a sweep over the segments, the first of which does not.
void SegmentEmitter::emitMoves(Value row, const Tuple &initial) {
  int64_t count = op.getNumStates();
  Tuple still(count, splat(initial.front().getType(), 0));
  forSegments(row, still, [&](const Segment &segment, ValueRange now) -> SmallVector<Value> {
    putSegment(moves, now, segment);
    Tuple next = getSegment(guessedEnds, segment);
    Tuple moved = multiply(getSegment(slopes, segment), Tuple(now), 1);
    for (int64_t i = 0; i < count; ++i) {
      Value v = add(b, loc, next[i], unlessStill(now[i], still[i], moved[i]));
      next[i] = finiteOr(v, still[i]);
    }
    return next;
  });
}

/// Second sweep: the new states of all steps.
void SegmentEmitter::moveStates(Value row, Value bundle, Value pass) {
  int64_t count = op.getNumStates(), each = count + 1;
  SmallVector<Value> vectors = vectorsOf(bundle), init;
  for (Value vector : vectors) {
    SmallVector<Value> at = {row, vector};
    Tuple move = get(moves, at), start = get(starts, at);
    Value most = splat(move.front().getType(), 0);
    for (int64_t i = 0; i < count; ++i)
      start[i] = unlessStill(move[i], start[i], add(b, loc, start[i], move[i]));
    put(starts, start, at);
    llvm::append_range(init, move);
    init.push_back(most);
  }
  auto step = [&](Value block, Value t, int64_t g, ArrayRef<Value> own) {
    SmallVector<Value> at = {row, block, t, vectors[g]};
    Tuple next = get(values, at), old = oldStates(pass, at), matrix(count * count);
    for (auto [to, from] : llvm::zip_equal(linearized.getTo(), linearized.getFrom()))
      matrix[to * count + from] = get(partials, to * count + from, at);
    Tuple moved = multiply(matrix, own.take_front(count), 1), results;
    Value most = own.back();
    for (int64_t i = 0; i < count; ++i) {
      Value v = unlessStill(moved[i], next[i], add(b, loc, next[i], moved[i]));
      v = bounded(v, next[i], i);
      put(trajectory, i, v, at);
      results.push_back(arith::SubFOp::create(b, loc, v, old[i]));
      most = arith::MaximumFOp::create(b, loc, most, math::AbsFOp::create(b, loc, results.back()));
    }
    results.push_back(most);
    return results;
  };
  Tuple results = forBlocks(bundle, init, /*loads=*/false, step);
  for (int64_t g = 0; g < groups; ++g)
    put(greatestMoves, ValueRange{results[g * each + count]}, {row, vectors[g]});
}

/// By how much the worst state of the last pass moved.
Value SegmentEmitter::greatestMove(Value row, Type type) {
  OpBuilder::InsertionGuard guard(b);
  auto loop = scf::ForOp::create(b, loc, zero, e.constant(bundles * groups), one,
                                 ValueRange{splat(type, 0)});
  b.setInsertionPointToStart(loop.getBody());
  Tuple own = get(greatestMoves, {row, loop.getInductionVar()});
  Value most = arith::MaximumFOp::create(b, loc, own.front(), loop.getRegionIterArgs().front());
  scf::YieldOp::create(b, loc, most);
  b.setInsertionPointAfter(loop);
  return vector::ReductionOp::create(b, loc, vector::CombiningKind::MAXIMUMF, loop.getResult(0));
}

/// Passes until no state moves any more to speak of, or moves do not become smaller.
void SegmentEmitter::emitTrajectory(Value row, const Tuple &initial, Bundles forBundles) {
  Type type = initial.front().getType();
  Type element = cast<VectorType>(type).getElementType();
  auto number = [&](double v) {
    return arith::ConstantOp::create(b, loc, FloatAttr::get(element, v)).getResult();
  };
  auto greater = [&](Value x, Value y) {
    return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, x, y).getResult();
  };
  auto emitPass = [&](Value pass, ValueRange before) -> SmallVector<Value> {
    forBundles(pass,
               [&](Value row, Value bundle, Value pass) { evaluateSteps(row, bundle, pass); });
    stats.add(row, Stat::Passes, one);
    stats.add(row, Stat::Evaluated, times(blocks, e.constant(blockSteps)));
    emitMoves(row, initial);
    forBundles(pass, [&](Value row, Value bundle, Value pass) { moveStates(row, bundle, pass); });
    Value most = greatestMove(row, type);
    return {both(greater(most, number(stillMove)), greater(before[1], most)), most};
  };
  repeat(mostTrajectoryPasses, {truth(true), number(1e30)}, emitPass);
}
