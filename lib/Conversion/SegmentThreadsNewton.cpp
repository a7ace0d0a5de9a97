// Plans `segments` and `newton` on a GPU: guesses by Newton's method. See SegmentThreads.h.
//
// A *move* is what is added to a guess. With d[s] the move of segment s's start,
//
//   d[s + 1] = v[s] + J[s] d[s]
//
// where v is the move that the next start needs if this one stays, and J the product of the step's
// derivatives along the segment. A warp has a channel: each lane some segments that follow each
// other, whose v and J it puts together; then lanes exchange these.
#include "SegmentThreads.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace seqc;

/// True for a move that asks for another pass.
Value SegmentThreads::isLong(const Tuple &move) {
  Value any = truth(false);
  for (Value v : move) {
    Value size = math::AbsFOp::create(b, loc, v), still = splat(v.getType(), stillMove);
    Value here = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, size, still);
    any = either(any, vector::ReductionOp::create(b, loc, vector::CombiningKind::OR, here));
  }
  return any;
}

/// v + J d, where d does move.
SegmentThreads::Tuple SegmentThreads::moveOf(const Tuple &v, const Tuple &slope, const Tuple &d) {
  Tuple moved = multiply(slope, d, 1);
  for (auto [own, move, sum] : llvm::zip_equal(v, d, moved)) {
    Value all = arith::AddFOp::create(b, loc, own, sum);
    sum = finiteOr(all, splat(all.getType(), 0));
  }
  return moved;
}

/// What starts move by: of a warp's channel, if it `works`. `use` gets a segment and its move.
void SegmentThreads::emitMoves(Value works, Value &anyLong,
                               llvm::function_ref<void(Value, const Tuple &)> use) {
  int64_t count = op.getNumStates();
  Value lane = threadOfBlock(b, loc);
  // Moves go from one segment to the next: one less than there are segments.
  Value last = minus(segments, one);
  Value each = arith::CeilDivUIOp::create(b, loc, last, e.constant(warpSize));
  Value first = least(times(lane, each), last), end = least(plus(first, each), last);
  end = arith::SelectOp::create(b, loc, works, end, first);
  Tuple still(count, splat(vectorsOfStates().front(), 0)), init = still;
  init.append(identity(still.front().getType()));
  auto along = scf::ForOp::create(b, loc, first, end, one, init);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(along.getBody());
    Tuple now(along.getRegionIterArgs());
    Value s = along.getInductionVar();
    Tuple slope = get(slopes, at(s));
    Tuple next = moveOf(get(moves, at(s)), slope, Tuple(ArrayRef(now).take_front(count)));
    next.append(multiply(slope, ArrayRef(now).drop_front(count), count));
    scf::YieldOp::create(b, loc, next);
  }
  Tuple before = movesBefore(lane, Tuple(along.getResults()));
  before.push_back(truth(false));
  auto again = scf::ForOp::create(b, loc, first, end, one, before);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(again.getBody());
    e.openScope();
    Tuple now(again.getRegionIterArgs().drop_back());
    Value s = again.getInductionVar();
    Tuple next = moveOf(get(moves, at(s)), get(slopes, at(s)), now);
    use(plus(s, one), next);
    Value some = either(again.getRegionIterArgs().back(), isLong(next));
    e.closeScope();
    next.push_back(some);
    scf::YieldOp::create(b, loc, next);
  }
  Value lanesWithLong = seqc::lanesWhere(b, loc, again.getResults().back());
  anyLong = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, lanesWithLong, number(0));
}

/// The move of the first start of this lane, from the moves and products of all lanes.
SegmentThreads::Tuple SegmentThreads::movesBefore(Value lane, Tuple own) {
  int64_t count = op.getNumStates();
  auto fromBefore = [&](const Tuple &values, int64_t distance) {
    Value there = arith::MaxSIOp::create(b, loc, minus(lane, e.constant(distance)), zero);
    Value from = arith::IndexCastOp::create(b, loc, b.getI32Type(), there);
    return llvm::map_to_vector(values, [&](Value v) { return fromLane(b, loc, v, from); });
  };
  for (int64_t distance = 1; distance < warpSize; distance *= 2) {
    Tuple earlier(fromBefore(own, distance));
    Value reaches = isLess(e.constant(distance - 1), lane);
    Tuple slope(ArrayRef(own).drop_front(count));
    Tuple all = moveOf(Tuple(ArrayRef(own).take_front(count)), slope,
                       Tuple(ArrayRef(earlier).take_front(count)));
    all.append(multiply(slope, ArrayRef(earlier).drop_front(count), count));
    for (auto [v, joined] : llvm::zip_equal(own, all))
      v = arith::SelectOp::create(b, loc, reaches, joined, v);
  }
  Tuple before(fromBefore(Tuple(ArrayRef(own).take_front(count)), 1));
  for (Value &v : before)
    v = arith::SelectOp::create(b, loc, isSame(lane, zero), splat(v.getType(), 0), v);
  return before;
}

//===-----------------------------------------------------------------------===//
// Starts of segments
//===-----------------------------------------------------------------------===//

/// True where the ends of many segments of the channel changed in the first repair, and starts
/// still move.
Value SegmentThreads::isSlow() {
  Value many = arith::IndexCastOp::create(
      b, loc, b.getI32Type(), arith::DivUIOp::create(b, loc, segments, e.constant(slowShare)));
  return both(isLess(many, word(slow)), isSet(moving));
}

/// Products of derivatives along all segments, from the starts that they are offered, and by how
/// much the next offer differs from the end.
void SegmentThreads::emitDerivatives() {
  int64_t count = op.getNumStates();
  forAllSegments(/*derivative=*/true, [&] {
    Value works = both(both(exists, hasNext()), isSlow());
    Tuple init = startOffered(works);
    init.append(identity(init.front().getType()));
    Tuple end = forAllSteps(works, init, [&](Value, Value, Value, const Tuple &now) {
      Linear linear = linearStep(ArrayRef(now).take_front(count));
      Tuple next = linear.next;
      next.append(multiply(linear.partials, ArrayRef(now).drop_front(count), count));
      return next;
    });
    inside(works, [&] {
      Tuple offered = get(offers[1], at(plus(segment, one))), move;
      for (auto [v, from] : llvm::zip_equal(ArrayRef(end).take_front(count), offered))
        move.push_back(arith::SubFOp::create(b, loc, v, from));
      put(moves, move, at(segment));
      put(slopes, ArrayRef(end).drop_front(count), at(segment));
    });
  });
}

/// The start that this thread's segment is offered, if it `works`.
SegmentThreads::Tuple SegmentThreads::startOffered(Value works) {
  Value isFirst = isSame(segment, zero);
  return choose(
      isFirst, vectorsOfStates(), [&] { return getIf(works, starts, at(segment)); },
      [&] { return getIf(works, offers[1], at(segment)); });
}

/// Better offers.
void SegmentThreads::emitOffers() {
  forAllChannels(/*asWarps=*/true, /*derivative=*/true, [&] {
    Value works = isSlow(), again;
    emitMoves(works, again, [&](Value ofSegment, const Tuple &move) {
      Tuple offer = get(offers[1], at(ofSegment));
      for (auto [c, v] : llvm::enumerate(offer))
        v = bounded(arith::AddFOp::create(b, loc, v, move[c]), v, c);
      put(offers[1], offer, at(ofSegment));
    });
    setMoving(works, again);
  });
}

/// One lane of a warp notes whether its channel's starts still move, once all have read that.
void SegmentThreads::setMoving(Value works, Value again) {
  waitForBlock(b, loc);
  inside(both(works, isSame(threadOfBlock(b, loc), zero)),
         [&] { setWord(moving, arith::ExtUIOp::create(b, loc, b.getI32Type(), again)); });
}

//===-----------------------------------------------------------------------===//
// The states of all steps
//===-----------------------------------------------------------------------===//

/// Guesses that are 0.
void SegmentThreads::beginTrajectory() {
  forAllSegments(/*derivative=*/true, [&] {
    Tuple start = choose(
        isSame(segment, zero), vectorsOfStates(), [&] { return initialCarry(); },
        [&] { return guess(); });
    inside(exists, [&] {
      put(starts, start, at(segment));
      auto overBlocks = scf::ForOp::create(b, loc, zero, length, one);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(overBlocks.getBody());
      auto overSteps = scf::ForOp::create(b, loc, zero, e.constant(blockSteps), one);
      b.setInsertionPointToStart(overSteps.getBody());
      put(trajectory, this->guess(),
          stepAt(overBlocks.getInductionVar(), overSteps.getInductionVar()));
    });
    inside(both(exists, isSame(segment, zero)), [&] { setWord(moving, number(1)); });
  });
}

SmallVector<Value> SegmentThreads::stepAt(Value block, Value inBlock) {
  return {sequence, block, inBlock, segment, channel};
}

/// The states of the pass before at a step, of lanes that are at work.
SegmentThreads::Tuple SegmentThreads::oldStates(Value works, Value block, Value inBlock) {
  return getIf(works, trajectory, stepAt(block, inBlock));
}

/// First kernel of a pass: what the steps of each segment make of its start's move.
void SegmentThreads::emitResiduals() {
  int64_t count = op.getNumStates();
  forAllSegments(/*derivative=*/true, [&] {
    Value works = both(exists, isSet(moving));
    Tuple init = getIf(works, starts, at(segment));
    init.append(count, splat(init.front().getType(), 0));
    init.append(identity(init.front().getType()));
    auto step = [&](Value atWork, Value block, Value inBlock, const Tuple &now) {
      Linear linear = linearStep(ArrayRef(now).take_front(count));
      Tuple next = oldStates(atWork, block, inBlock);
      Tuple moved = multiply(linear.partials, ArrayRef(now).slice(count, count), 1);
      for (auto [v, f, old] : llvm::zip_equal(moved, linear.next, next))
        v = arith::AddFOp::create(b, loc, arith::SubFOp::create(b, loc, f, old), v);
      next.append(moved);
      next.append(multiply(linear.partials, ArrayRef(now).drop_front(2 * count), count));
      return next;
    };
    Tuple end = forAllSteps(works, init, step);
    inside(works, [&] {
      put(moves, ArrayRef(end).slice(count, count), at(segment));
      put(slopes, ArrayRef(end).drop_front(2 * count), at(segment));
    });
  });
}

/// Second kernel: the moves of starts. Third: the new states of all steps.
void SegmentThreads::emitTrajectoryPass() {
  emitResiduals();
  forAllChannels(/*asWarps=*/true, /*derivative=*/true, [&] {
    Value before = word(moving), works = isSet(moving), again;
    emitMoves(works, again,
              [&](Value ofSegment, const Tuple &move) { put(startMoves, move, at(ofSegment)); });
    waitForBlock(b, loc);
    inside(isSame(threadOfBlock(b, loc), zero), [&] {
      setWord(passing, before);
      setWord(moving, number(0));
    });
  });
  emitNewStates();
}

void SegmentThreads::emitNewStates() {
  forAllSegments(/*derivative=*/true, [&] {
    Value works = both(exists, isSet(passing));
    Tuple start = getIf(works, starts, at(segment));
    Tuple move = getIf(both(works, isLess(zero, segment)), startMoves, at(segment));
    inside(works, [&] {
      Tuple moved;
      for (auto [v, d] : llvm::zip_equal(start, move))
        moved.push_back(unlessStill(d, v, arith::AddFOp::create(b, loc, v, d)));
      put(starts, moved, at(segment));
    });
    Tuple init = start;
    init.append(move);
    init.push_back(isLong(move));
    Tuple end =
        forAllSteps(works, init, [&](Value w, Value block, Value inBlock, const Tuple &now) {
          return moveStep(w, block, inBlock, now);
        });
    inside(both(works, end.back()), [&] { writeWord(b, loc, number(1), moving, inOrder); });
  });
}

/// A step's new state: hands on the old state, its move, and whether any move was long.
SegmentThreads::Tuple SegmentThreads::moveStep(Value works, Value block, Value inBlock,
                                               const Tuple &now) {
  int64_t count = op.getNumStates();
  Linear linear = linearStep(ArrayRef(now).take_front(count));
  Tuple next = oldStates(works, block, inBlock), states, moved;
  Tuple along = multiply(linear.partials, ArrayRef(now).slice(count, count), 1);
  for (int64_t i = 0; i < count; ++i) {
    Value v = arith::AddFOp::create(b, loc, linear.next[i], along[i]);
    states.push_back(bounded(unlessStill(along[i], linear.next[i], v), linear.next[i], i));
    moved.push_back(arith::SubFOp::create(b, loc, states[i], next[i]));
  }
  inside(works, [&] { put(trajectory, states, stepAt(block, inBlock)); });
  next.append(moved);
  next.push_back(either(now.back(), isLong(moved)));
  return next;
}
