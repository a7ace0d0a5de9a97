// Plan `segments`: rounds over all segments of a row, and what is left step by step.
#include "SegmentArithmetic.h"
#include "SegmentEmitter.h"

using namespace mlir;
using namespace seqc;

//===-----------------------------------------------------------------------===//
// Rounds
//===-----------------------------------------------------------------------===//

/// The segments of a bundle from their starts, until all carries are what they were in the round
/// before.
void SegmentEmitter::emitBundle(Value row, Value bundle, Value round) {
  OpBuilder::InsertionGuard guard(b);
  Value firstVector = times(b, loc, bundle, e.constant(groups));
  SmallVector<Value> vectors, longerOnes;
  Tuple carry;
  for (int64_t g = 0; g < groups; ++g) {
    vectors.push_back(plus(b, loc, firstVector, e.constant(g)));
    longerOnes.push_back(longerLanes(bundle, g));
    llvm::append_range(carry, get(starts, ValueRange{row, vectors.back()}));
  }
  Value isFirst = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, round, zero);
  SmallVector<Value> init = joined(zero, joined(truth(b, loc, true), carry));
  SmallVector<Type> types = typesOf(init);
  auto loop = scf::WhileOp::create(b, loc, types, init);
  SmallVector<Location> places(types.size(), loc);
  Block *before = b.createBlock(&loop.getBefore(), {}, types, places);
  Value left = isLess(b, loc, before->getArgument(0), longest);
  scf::ConditionOp::create(b, loc, both(b, loc, left, before->getArgument(1)),
                           before->getArguments());
  Block *body = b.createBlock(&loop.getAfter(), {}, types, places);
  e.openScope();
  Value block = body->getArgument(0);
  emitLoads(bundle, block);
  Tuple old(body->getArguments().drop_front(2));
  Tuple next = emitBlock(old);
  if (weakness == Weakness::TailBit) {
    Value following = plus(b, loc, block, one);
    next[0] = flipLastBit(
        next[0], arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, following, longest));
  }
  emitStores(bundle, block);
  Value all = isLess(b, loc, block, whole), changed = isFirst;
  int64_t count = op.getNumStates();
  for (int64_t g = 0; g < groups; ++g) {
    auto type = cast<VectorType>(longerOnes[g].getType());
    Value has = either(b, loc, vector::BroadcastOp::create(b, loc, type, all), longerOnes[g]);
    for (int64_t c = g * count; c < (g + 1) * count; ++c)
      next[c] = arith::SelectOp::create(b, loc, has, next[c], old[c]);
    Tuple own(ArrayRef(next).slice(g * count, count));
    SmallVector<Value> at = {row, block, vectors[g]};
    changed = either(b, loc, changed, differs(own, get(points, at), /*merging=*/true));
    put(points, own, at);
  }
  e.closeScope();
  scf::YieldOp::create(b, loc, joined(plus(b, loc, block, one), joined(changed, next)));
  b.setInsertionPointAfter(loop);
  inside(loop.getResult(1), [&] {
    for (int64_t g = 0; g < groups; ++g)
      put(ends, loop.getResults().slice(2 + g * count, count), {row, vectors[g]});
  });
  memref::StoreOp::create(b, loc, loop.getResult(0), counts, ValueRange{row, bundle});
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
  SmallVector<Value> init = joined(zero, initial);
  auto loop = scf::ForOp::create(b, loc, zero, e.constant(bundles * groups), one, init);
  b.setInsertionPointToStart(loop.getBody());
  e.openScope();
  Value q = loop.getInductionVar();
  Tuple end = get(ends, {row, q}), used = get(starts, {row, q}), right, last;
  for (auto [v, before] : llvm::zip_equal(end, loop.getRegionIterArgs().drop_front())) {
    Value moved = shuffle(v, [&](int64_t l) { return l >= channels ? l - channels : l; });
    right.push_back(select([&](int64_t l) { return l < channels; }, before, moved));
    last.push_back(shuffle(v, [&](int64_t l) { return (units - 1) * channels + l % channels; }));
  }
  Value result = body(loop.getRegionIterArgs().front(), q, right, used);
  e.closeScope();
  scf::YieldOp::create(b, loc, joined(result, last));
  return loop.getResult(0);
}

SegmentEmitter::Tuple SegmentEmitter::usedStarts(const Tuple &stored) {
  if (weakness != Weakness::Guess)
    return stored;
  return llvm::map_to_vector(stored, [&](Value v) -> Value {
    return arith::ConstantOp::create(b, loc, b.getZeroAttr(v.getType()));
  });
}

/// Lanes whose segment did not start where the one before it ends.
Value SegmentEmitter::emitCheck(Value row, const Tuple &initial) {
  return forStarts(row, initial, [&](Value wrong, Value, const Tuple &right, const Tuple &used) {
    auto numbers = VectorType::get(e.lanes, b.getI32Type());
    Value lanes = arith::ExtUIOp::create(b, loc, numbers, differingLanes(right, usedStarts(used)));
    Value count = vector::ReductionOp::create(b, loc, vector::CombiningKind::ADD, lanes);
    return plus(b, loc, wrong, arith::IndexCastOp::create(b, loc, b.getIndexType(), count));
  });
}

void SegmentEmitter::emitNextStarts(Value row, const Tuple &initial) {
  forStarts(row, initial, [&](Value none, Value q, const Tuple &right, const Tuple &) {
    put(starts, right, {row, q});
    return none;
  });
}

/// Blocks that the bundles have been through in this round.
Value SegmentEmitter::roundLength(Value row) {
  OpBuilder::InsertionGuard guard(b);
  auto loop = scf::ForOp::create(b, loc, zero, e.constant(bundles), one, zero);
  b.setInsertionPointToStart(loop.getBody());
  Value count = memref::LoadOp::create(b, loc, counts, ValueRange{row, loop.getInductionVar()});
  Value most = arith::MaxSIOp::create(b, loc, count, loop.getRegionIterArgs().front());
  scf::YieldOp::create(b, loc, most);
  return loop.getResult(0);
}

/// Rounds until ends and starts meet (false), or too much was spent (true).
Value SegmentEmitter::emitRounds(Value row, const Tuple &initial, Bundles forBundles) {
  OpBuilder::InsertionGuard guard(b);
  // Each round makes one segment right at least.
  Value most = e.constant(segments() + 1);
  Value budget = arith::DivUIOp::create(b, loc, times(b, loc, blocks, e.constant(budgetParts)),
                                        e.constant(32));
  auto loop = scf::ForOp::create(b, loc, zero, most, one,
                                 ValueRange{truth(b, loc, true), truth(b, loc, false), zero});
  b.setInsertionPointToStart(loop.getBody());
  auto args = loop.getRegionIterArgs();
  auto choice = scf::IfOp::create(b, loc, typesOf(args), args[0], /*withElse=*/true);
  scf::YieldOp::create(b, loc, choice.getResults());
  b.setInsertionPointToStart(choice.elseBlock());
  scf::YieldOp::create(b, loc, args);
  b.setInsertionPointToStart(choice.thenBlock());
  e.openScope();
  Value round = loop.getInductionVar();
  forBundles(round, [&](Value row, Value bundle, Value round) { emitBundle(row, bundle, round); });
  Value lanes = emitCheck(row, initial);
  Value wrong = weakness == Weakness::NoRepair ? truth(b, loc, false) : isLess(b, loc, zero, lanes);
  Value spent = plus(b, loc, args[2], roundLength(row));
  Value again = both(b, loc, wrong, isLess(b, loc, spent, budget));
  inside(again, [&] { emitNextStarts(row, initial); });
  if (linearized) {
    Value slow = both(b, loc, isLess(b, loc, e.constant(segments() * channels / slowShare), lanes),
                      isLess(b, loc, e.constant(shortBlocks), longest));
    Value isSecond = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, round, one);
    auto newton = scf::IfOp::create(b, loc, b.getIndexType(),
                                    both(b, loc, again, both(b, loc, slow, isSecond)), true);
    OpBuilder::InsertionGuard inner(b);
    b.setInsertionPointToStart(newton.elseBlock());
    scf::YieldOp::create(b, loc, zero);
    b.setInsertionPointToStart(newton.thenBlock());
    e.openScope();
    scf::YieldOp::create(b, loc, emitNewton(row, initial, forBundles));
    e.closeScope();
    b.setInsertionPointAfter(newton);
    spent = plus(b, loc, spent, newton.getResult(0));
  }
  scf::YieldOp::create(b, loc, ValueRange{again, wrong, spent});
  e.closeScope();
  b.setInsertionPointAfter(loop);
  return weakness == Weakness::NoRest ? truth(b, loc, false) : loop.getResult(1);
}

//===-----------------------------------------------------------------------===//
// Step by step
//===-----------------------------------------------------------------------===//

SegmentEmitter::Tuple SegmentEmitter::emitSteps(Value first, Value end, const Tuple &carry) {
  OpBuilder::InsertionGuard guard(b);
  auto loop = scf::ForOp::create(b, loc, first, end, one, carry);
  b.setInsertionPointToStart(loop.getBody());
  e.openScope();
  setTime(loop.getInductionVar(), true);
  auto args = loop.getRegionIterArgs();
  auto [next, results] = step(Tuple(args.begin(), args.end()));
  storeOuts(results, channels);
  e.closeScope();
  scf::YieldOp::create(b, loc, next);
  return loop.getResults();
}

/// The end of a segment from `carry`: step by step until the carry is what some round left.
SegmentEmitter::Tuple SegmentEmitter::emitSegment(Value row, Value segment, const Tuple &carry) {
  OpBuilder::InsertionGuard guard(b);
  Value vector = arith::DivUIOp::create(b, loc, segment, e.constant(units));
  Value unit = arith::RemUIOp::create(b, loc, segment, e.constant(units));
  Value length = lengthOf(segment), from = firstBlock(segment);
  SmallVector<Value> init = joined(zero, joined(truth(b, loc, true), carry));
  SmallVector<Type> types = typesOf(init);
  auto loop = scf::WhileOp::create(b, loc, types, init);
  SmallVector<Location> places(types.size(), loc);
  Block *before = b.createBlock(&loop.getBefore(), {}, types, places);
  Value left = isLess(b, loc, before->getArgument(0), length);
  scf::ConditionOp::create(b, loc, both(b, loc, left, before->getArgument(1)),
                           before->getArguments());
  Block *body = b.createBlock(&loop.getAfter(), {}, types, places);
  e.openScope();
  Value block = body->getArgument(0);
  Value first = times(b, loc, plus(b, loc, from, block), e.constant(blockSteps));
  Tuple states = emitSteps(first, plus(b, loc, first, e.constant(blockSteps)),
                           Tuple(body->getArguments().drop_front(2)));
  Value changed = differs(states, getSegment(points, {row, block, vector}, unit), true);
  e.closeScope();
  scf::YieldOp::create(b, loc, joined(plus(b, loc, block, one), joined(changed, states)));
  b.setInsertionPointAfter(loop);
  Tuple end = getSegment(ends, {row, vector}, unit);
  for (auto [v, stepped] : llvm::zip_equal(end, loop.getResults().drop_front(2)))
    v = arith::SelectOp::create(b, loc, loop.getResult(1), stepped, v);
  return end;
}

/// The states after all segments; where some were wrong they are made right one after the other.
SegmentEmitter::Tuple SegmentEmitter::emitRest(Value row, Value wrong, const Tuple &initial) {
  OpBuilder::InsertionGuard guard(b);
  auto choice = scf::IfOp::create(b, loc, typesOf(initial), wrong, /*withElse=*/true);
  b.setInsertionPointToStart(choice.elseBlock());
  e.openScope();
  scf::YieldOp::create(
      b, loc, getSegment(ends, {row, e.constant(bundles * groups - 1)}, e.constant(units - 1)));
  e.closeScope();
  b.setInsertionPointToStart(choice.thenBlock());
  e.openScope();
  auto loop = scf::ForOp::create(b, loc, zero, e.constant(segments()), one, initial);
  scf::YieldOp::create(b, loc, loop.getResults());
  b.setInsertionPointToStart(loop.getBody());
  Value segment = loop.getInductionVar();
  auto args = loop.getRegionIterArgs();
  Tuple carry(args.begin(), args.end());
  Value vector = arith::DivUIOp::create(b, loc, segment, e.constant(units));
  Value unit = arith::RemUIOp::create(b, loc, segment, e.constant(units));
  Value wasWrong = differs(carry, usedStarts(getSegment(starts, {row, vector}, unit)));
  auto repair = scf::IfOp::create(b, loc, typesOf(carry), wasWrong, /*withElse=*/true);
  scf::YieldOp::create(b, loc, repair.getResults());
  b.setInsertionPointToStart(repair.thenBlock());
  scf::YieldOp::create(b, loc, emitSegment(row, segment, carry));
  b.setInsertionPointToStart(repair.elseBlock());
  e.openScope();
  scf::YieldOp::create(b, loc, getSegment(ends, {row, vector}, unit));
  e.closeScope();
  e.closeScope();
  return choice.getResults();
}
