// Plan `segments`: rounds over all segments of a row, and what is left step by step.
#include "SegmentEmitter.h"

using namespace mlir;
using namespace seqc;

//===-----------------------------------------------------------------------===//
// Rounds
//===-----------------------------------------------------------------------===//

/// Up to `most` times `body`, which gets the number of the time and what is handed on, and returns
/// what it hands on itself: while the first of these values is true.
SmallVector<Value>
SegmentEmitter::repeat(int64_t most, ValueRange init,
                       llvm::function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  OpBuilder::InsertionGuard guard(b);
  auto loop = scf::ForOp::create(b, loc, zero, e.constant(most), one, init);
  b.setInsertionPointToStart(loop.getBody());
  auto args = loop.getRegionIterArgs();
  auto choice = scf::IfOp::create(b, loc, init.getTypes(), args[0], /*withElse=*/true);
  scf::YieldOp::create(b, loc, choice.getResults());
  b.setInsertionPointToStart(choice.elseBlock());
  scf::YieldOp::create(b, loc, args);
  b.setInsertionPointToStart(choice.thenBlock());
  e.openScope();
  scf::YieldOp::create(b, loc, body(loop.getInductionVar(), args));
  e.closeScope();
  return llvm::to_vector_of<Value>(loop.getResults());
}

/// All segments of a row, one after the other: `body` gets a segment and what is handed on.
SmallVector<Value> SegmentEmitter::forSegments(
    Value row, ValueRange init,
    llvm::function_ref<SmallVector<Value>(const Segment &, ValueRange)> body) {
  OpBuilder::InsertionGuard guard(b);
  auto loop = scf::ForOp::create(b, loc, zero, e.constant(segments()), one, init);
  b.setInsertionPointToStart(loop.getBody());
  e.openScope();
  Value number = loop.getInductionVar();
  Value vector = arith::DivUIOp::create(b, loc, number, e.constant(units));
  Value unit = arith::RemUIOp::create(b, loc, number, e.constant(units));
  scf::YieldOp::create(b, loc, body({number, row, vector, unit}, loop.getRegionIterArgs()));
  e.closeScope();
  return llvm::to_vector_of<Value>(loop.getResults());
}

/// The numbers of a bundle's vectors.
SmallVector<Value> SegmentEmitter::vectorsOf(Value bundle) {
  Value first = times(bundle, e.constant(groups));
  SmallVector<Value> vectors;
  for (int64_t g = 0; g < groups; ++g)
    vectors.push_back(plus(first, e.constant(g)));
  return vectors;
}

/// The segments of a bundle from their starts, until all carries are what they were in the round
/// before.
void SegmentEmitter::emitBundle(Value row, Value bundle, Value round) {
  SmallVector<Value> vectors = vectorsOf(bundle), longerOnes = longerLanes(bundle);
  Tuple carry;
  for (Value vector : vectors)
    llvm::append_range(carry, get(starts, ValueRange{row, vector}));
  Value isFirst = isSame(round, zero);
  int64_t count = op.getNumStates();
  Blocks done = untilSame(longest, carry, [&](Value block, const Tuple &old) {
    emitLoads(bundle, block);
    Tuple next = emitBlock(old);
    if (weakness == Weakness::TailBit)
      next[0] = flipLastBit(next[0], isSame(plus(block, one), longest));
    emitStores(bundle, block);
    keepBehindEnds(block, longerOnes, next, old);
    Value changed = isFirst;
    for (int64_t g = 0; g < groups; ++g) {
      Tuple own(ArrayRef(next).slice(g * count, count));
      SmallVector<Value> at = {row, block, vectors[g]};
      changed = either(changed, differs(own, get(points, at), /*merging=*/true));
      put(points, own, at);
    }
    return std::pair(changed, next);
  });
  inside(done.changed, [&] {
    for (int64_t g = 0; g < groups; ++g)
      put(ends, ArrayRef(done.carry).slice(g * count, count), {row, vectors[g]});
  });
  memref::StoreOp::create(b, loc, done.count, counts, ValueRange{row, bundle});
}

/// A segment starts anywhere, the first one where the row does.
void SegmentEmitter::emitFirstStarts(Value row, const Tuple &initial) {
  Tuple guess = llvm::map_to_vector(initial, [&](Value v) -> Value {
    return arith::ConstantOp::create(b, loc, b.getZeroAttr(v.getType()));
  });
  auto loop = scf::ForOp::create(b, loc, zero, e.constant(bundles * groups), one);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    put(starts, guess, {row, loop.getInductionVar()});
  }
  for (auto [v, first] : llvm::zip_equal(guess, initial))
    v = select([&](int64_t l) { return l < channels; }, first, v);
  put(starts, guess, {row, zero});
}

/// What the units of each vector should start from, given the ends: `body` gets what it returned
/// for the vector before (0 for the first), the vector's number, these, and what they did start
/// from.
Value SegmentEmitter::forStarts(Value row, const Tuple &initial,
                                llvm::function_ref<Value(Value, Value, Tuple, Tuple)> body) {
  OpBuilder::InsertionGuard guard(b);
  SmallVector<Value> init = {zero};
  init.append(initial);
  auto loop = scf::ForOp::create(b, loc, zero, e.constant(bundles * groups), one, init);
  b.setInsertionPointToStart(loop.getBody());
  e.openScope();
  Value q = loop.getInductionVar();
  Tuple end = get(ends, {row, q}), used = get(starts, {row, q}), right;
  SmallVector<Value> handedOn(1); // what `body` returns, then the ends of the last unit
  for (auto [v, before] : llvm::zip_equal(end, loop.getRegionIterArgs().drop_front())) {
    Value moved = shuffle(v, [&](int64_t l) { return l >= channels ? l - channels : l; });
    right.push_back(select([&](int64_t l) { return l < channels; }, before, moved));
    handedOn.push_back(
        shuffle(v, [&](int64_t l) { return (units - 1) * channels + l % channels; }));
  }
  handedOn.front() = body(loop.getRegionIterArgs().front(), q, right, used);
  e.closeScope();
  scf::YieldOp::create(b, loc, handedOn);
  return loop.getResult(0);
}

/// Lanes whose segment did not start where the one before it ends.
Value SegmentEmitter::emitCheck(Value row, const Tuple &initial) {
  return forStarts(row, initial, [&](Value wrong, Value, const Tuple &right, const Tuple &used) {
    auto numbers = VectorType::get(e.lanes, b.getI32Type());
    Value lanes = arith::ExtUIOp::create(b, loc, numbers, differingLanes(right, usedStarts(used)));
    Value count = vector::ReductionOp::create(b, loc, vector::CombiningKind::ADD, lanes);
    return plus(wrong, arith::IndexCastOp::create(b, loc, b.getIndexType(), count));
  });
}

void SegmentEmitter::emitNextStarts(Value row, const Tuple &initial) {
  forStarts(row, initial, [&](Value none, Value q, const Tuple &right, const Tuple &) {
    put(starts, right, {row, q});
    return none;
  });
}

/// Blocks that the bundles have been through in this round: of the one with most, and all.
std::pair<Value, Value> SegmentEmitter::roundLength(Value row) {
  OpBuilder::InsertionGuard guard(b);
  auto loop = scf::ForOp::create(b, loc, zero, e.constant(bundles), one, ValueRange{zero, zero});
  b.setInsertionPointToStart(loop.getBody());
  Value count = memref::LoadOp::create(b, loc, counts, ValueRange{row, loop.getInductionVar()});
  Value most = arith::MaxSIOp::create(b, loc, count, loop.getRegionIterArgs()[0]);
  scf::YieldOp::create(b, loc, ValueRange{most, plus(count, loop.getRegionIterArgs()[1])});
  return {loop.getResult(0), loop.getResult(1)};
}

/// Rounds until ends and starts meet (false), or too much was spent (true).
Value SegmentEmitter::emitRounds(Value row, const Tuple &initial, Bundles forBundles) {
  Value budget =
      arith::DivUIOp::create(b, loc, times(blocks, e.constant(budgetParts)), e.constant(32));
  auto emitRound = [&](Value round, ValueRange before) -> SmallVector<Value> {
    forBundles(round,
               [&](Value row, Value bundle, Value round) { emitBundle(row, bundle, round); });
    Value lanes = emitCheck(row, initial);
    Value wrong = weakness == Weakness::NoRepair ? truth(false) : isLess(zero, lanes);
    auto [length, all] = roundLength(row);
    Value spent = plus(before[2], length);
    stats.add(row, Stat::Evaluated, times(all, e.constant(blockSteps * groups * units)));
    Value again = both(wrong, isLess(spent, budget));
    inside(again, [&] {
      emitNextStarts(row, initial);
      stats.add(row, Stat::Repaired,
                arith::CeilDivUIOp::create(b, loc, lanes, e.constant(channels)));
    });
    if (linearized)
      spent = plus(spent, emitNewtonIfSlow(row, round, again, lanes, initial, forBundles));
    return {again, wrong, spent};
  };
  // Each round makes one segment right at least.
  SmallVector<Value> last = repeat(segments() + 1, {truth(true), truth(false), zero}, emitRound);
  return weakness == Weakness::NoRest ? truth(false) : last[1];
}

/// Better starts if, after the first repair, many `lanes` are wrong and repairs are long; the
/// blocks that this took.
Value SegmentEmitter::emitNewtonIfSlow(Value row, Value round, Value again, Value lanes,
                                       const Tuple &initial, Bundles forBundles) {
  Value many = isLess(e.constant(segments() * channels / slowShare), lanes);
  Value slow = both(many, isLess(e.constant(shortBlocks), longest));
  Value condition = both(again, both(slow, isSame(round, one)));
  auto choice = scf::IfOp::create(b, loc, b.getIndexType(), condition, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.elseBlock());
  scf::YieldOp::create(b, loc, zero);
  b.setInsertionPointToStart(choice.thenBlock());
  e.openScope();
  scf::YieldOp::create(b, loc, emitNewton(row, initial, forBundles));
  e.closeScope();
  return choice.getResult(0);
}

//===-----------------------------------------------------------------------===//
// Step by step
//===-----------------------------------------------------------------------===//

/// The end of a segment from `carry`: step by step until the carry is what some round left.
SegmentEmitter::Tuple SegmentEmitter::emitSegment(const Segment &segment, const Tuple &carry) {
  Value from = firstBlock(segment.number);
  Blocks done = untilSame(lengthOf(segment.number), carry, [&](Value block, const Tuple &old) {
    Value first = times(plus(from, block), e.constant(blockSteps));
    Tuple states = emitSteps(first, plus(first, e.constant(blockSteps)), old);
    SmallVector<Value> at = {segment.row, block, segment.vector};
    Value changed = differs(states, getUnit(points, at, segment.unit), /*merging=*/true);
    return std::pair(changed, states);
  });
  stats.add(segment.row, Stat::Evaluated, times(done.count, e.constant(blockSteps)));
  Tuple end = getSegment(ends, segment);
  for (auto [v, stepped] : llvm::zip_equal(end, done.carry))
    v = arith::SelectOp::create(b, loc, done.changed, stepped, v);
  return end;
}

/// The states after all segments; where some were wrong they are made right one after the other.
SegmentEmitter::Tuple SegmentEmitter::emitRest(Value row, Value wrong, const Tuple &initial) {
  OpBuilder::InsertionGuard guard(b);
  TypeRange types = ValueRange(initial).getTypes();
  auto repair = [&](const Segment &segment, ValueRange before) -> SmallVector<Value> {
    Tuple carry(before.begin(), before.end());
    return choose(
        differs(carry, usedStarts(getSegment(starts, segment))), types,
        [&] { return emitSegment(segment, carry); }, [&] { return getSegment(ends, segment); });
  };
  stats.add(row, Stat::OneByOne, arith::SelectOp::create(b, loc, wrong, one, zero));
  Value last = e.constant(bundles * groups - 1);
  return choose(
      wrong, types, [&]() -> Tuple { return forSegments(row, initial, repair); },
      [&] { return getUnit(ends, {row, last}, e.constant(units - 1)); });
}
