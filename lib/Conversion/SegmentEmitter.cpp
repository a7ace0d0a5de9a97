// Plan `segments`: rounds over all segments of a row. See SegmentEmitter.h for the idea.
#include "SegmentEmitter.h"
#include "seqc/Analysis/Interleaved.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

SegmentEmitter::SegmentEmitter(Group group, Weakness weakness)
    : group(group), weakness(weakness), op(group.recurrence), b(op), loc(op.getLoc()),
      e(b, loc, op.getScheduleAttr().getVectorBits() / 32), schedule(op.getScheduleAttr()),
      groups(schedule.getRows()), bundles(std::max<int64_t>(1, schedule.getBatchTile())),
      guessesSteps(schedule.getPlan() == seq::Plan::Newton) {
  auto type = typeOf(op.getStateArgs().front());
  channels = type.hasStaticShape() ? type.getNumElements() : 0;
  if (channels >= 1 && channels <= e.lanes)
    units = std::min<int64_t>(llvm::bit_floor<uint64_t>(e.lanes / channels), blockSteps);
}

/// Least and greatest in the order of signed numbers.
static Value least(OpBuilder &b, Location loc, Value a, Value c) {
  return arith::MinSIOp::create(b, loc, a, c);
}

static Value isLess(OpBuilder &b, Location loc, Value a, Value c) {
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, a, c);
}

static Value plus(OpBuilder &b, Location loc, Value a, Value c) {
  return arith::AddIOp::create(b, loc, a, c);
}

static Value times(OpBuilder &b, Location loc, Value a, Value c) {
  return arith::MulIOp::create(b, loc, a, c);
}

static Value both(OpBuilder &b, Location loc, Value a, Value c) {
  return arith::AndIOp::create(b, loc, a, c);
}

static Value either(OpBuilder &b, Location loc, Value a, Value c) {
  return arith::OrIOp::create(b, loc, a, c);
}

static Value truth(OpBuilder &b, Location loc, bool v) {
  return arith::ConstantIntOp::create(b, loc, v, 1);
}

static SmallVector<Value> joined(Value first, ValueRange more) {
  SmallVector<Value> all = {first};
  llvm::append_range(all, more);
  return all;
}

static SmallVector<Type> typesOf(ValueRange values) { return llvm::to_vector(values.getTypes()); }

//===-----------------------------------------------------------------------===//
// Memory and sizes
//===-----------------------------------------------------------------------===//

/// Blocks of time, and how many of them segments have.
void SegmentEmitter::computeBlocks() {
  blocks = arith::DivUIOp::create(b, loc, steps, e.constant(blockSteps));
  Value count = e.constant(segments());
  whole = arith::DivUIOp::create(b, loc, blocks, count);
  longer = arith::RemUIOp::create(b, loc, blocks, count);
  longest = arith::CeilDivUIOp::create(b, loc, blocks, count);
}

void SegmentEmitter::allocate(Value rows) {
  auto make = [&](Value v) -> Value {
    SmallVector<Value> dynamic;
    for (int64_t d = 0; d < typeOf(v).getRank(); ++d)
      if (typeOf(v).isDynamicDim(d))
        dynamic.push_back(e.sizeOf(v, d));
    auto type = MemRefType::get(typeOf(v).getShape(), typeOf(v).getElementType());
    return memref::AllocOp::create(b, loc, type, dynamic);
  };
  for (Value out : op.getOuts())
    outBuffers.push_back(out.use_empty() ? Value() : make(out));
  for (auto [final, initial] : llvm::zip_equal(op.getFinals(), op.getInitial()))
    finalBuffers.push_back(final.use_empty() ? Value() : make(initial));

  auto typesOf = [&](ValueRange values) {
    return llvm::map_to_vector(values, [&](Value v) -> Type { return vectorOf(v); });
  };
  SmallVector<Type> states = typesOf(op.getStateArgs());
  // Rows are tasks of their own where one bundle is a whole row.
  Value each = bundles == 1 ? rows : one;
  constexpr int64_t dynamic = ShapedType::kDynamic;
  starts = shelf(states, {dynamic, bundles * groups}, {each}, false);
  ends = shelf(states, {dynamic, bundles * groups}, {each}, false);
  points = shelf(states, {dynamic, dynamic, bundles * groups}, {each, longest}, false);
  if (linearized) {
    int64_t count = op.getNumStates();
    guessedEnds = shelf(states, {dynamic, bundles * groups}, {each}, false);
    slopes = shelf(SmallVector<Type>(count * count, states.front()), {dynamic, bundles * groups},
                   {each}, false);
    if (guessesSteps)
      allocateTrajectory(states, each);
  }
  elementRows =
      shelf(typesOf(llvm::map_to_vector(elements, [](const Read &r) { return r.value; })),
            {blockSteps, groups}, {}, true);
  outRows = shelf(typesOf(outs), {blockSteps, groups}, {}, true);
  Type index = b.getIndexType();
  counts = memref::AllocOp::create(b, loc, MemRefType::get({dynamic, bundles}, index), each);
  if (bundles > 1)
    where = memref::AllocOp::create(b, loc, MemRefType::get({2}, index));
}

//===-----------------------------------------------------------------------===//
// A block of every segment
//===-----------------------------------------------------------------------===//

/// Elements of block `block` of a bundle's segments, turned from how they lie in memory to one
/// vector for each step. A segment without such a block reads some other one.
void SegmentEmitter::emitLoads(Value bundle, Value block) {
  Value last = plus(b, loc, blocks, e.constant(-1));
  forUnitsOfBlock(bundle, [&](Value g, Value sub, Value firstSegment) {
    SmallVector<Value> firsts;
    for (int64_t u = 0; u < units; ++u) {
      Value segment = plus(b, loc, firstSegment, e.constant(u));
      Value number = least(b, loc, plus(b, loc, firstBlock(segment), block), last);
      firsts.push_back(plus(b, loc, times(b, loc, number, e.constant(blockSteps)), sub));
    }
    for (const Stream &stream : streams)
      loadStream(stream, firsts, sub, g);
    for (auto [i, read] : llvm::enumerate(elements))
      if (!llvm::is_contained(streamed, i))
        loadElement(i, firsts, sub, g);
  });
}

/// Element `i` of the steps from `firsts` on, one of each unit's segment.
void SegmentEmitter::loadElement(unsigned i, ArrayRef<Value> firsts, Value sub, Value g) {
  const Read &read = elements[i];
  SmallVector<Value> rows;
  for (Value first : firsts) {
    e.openScope();
    setTime(first, false);
    Value v = e.eval(read.value, read.at);
    rows.push_back(holdsBools(read.value) ? arith::ExtUIOp::create(b, loc, vectorOf(read.value), v)
                                          : v);
    e.closeScope();
  }
  transpose(rows);
  for (auto [j, row] : llvm::enumerate(rows))
    put(elementRows, i, row, {plus(b, loc, sub, e.constant(j)), g});
}

/// All of an input's elements at the steps from `firsts` on: some vectors that follow each other.
void SegmentEmitter::loadStream(const Stream &stream, ArrayRef<Value> firsts, Value sub, Value g) {
  int64_t each = stream.elements.size(); // units of lanes in a step
  for (int64_t w = 0; w < each; ++w) {
    SmallVector<Value> rows;
    for (Value first : firsts) {
      Index at = e.place.batch;
      at.push_back({first, 0, 0});
      at.append(stream.rank, VectorEval::fixed(0));
      at.back().offset += w * e.lanes;
      at.back().lane = 1;
      rows.push_back(e.load(stream.buffer, at));
    }
    transpose(rows);
    for (auto [j, row] : llvm::enumerate(rows)) {
      int64_t unit = w * units + int64_t(j);
      for (unsigned i : stream.elements[unit % each])
        put(elementRows, i, row, {plus(b, loc, sub, e.constant(unit / each)), g});
    }
  }
}

/// For each group of a bundle and each part of a block that fills a vector of time: the group, the
/// part's first step in the block, and the group's first segment.
void SegmentEmitter::forUnitsOfBlock(Value bundle,
                                     llvm::function_ref<void(Value, Value, Value)> body) {
  OpBuilder::InsertionGuard guard(b);
  auto overGroups = scf::ForOp::create(b, loc, zero, e.constant(groups), one);
  b.setInsertionPointToStart(overGroups.getBody());
  auto overParts =
      scf::ForOp::create(b, loc, zero, e.constant(blockSteps), e.constant(units));
  b.setInsertionPointToStart(overParts.getBody());
  e.openScope();
  Value g = overGroups.getInductionVar();
  Value vector = plus(b, loc, times(b, loc, bundle, e.constant(groups)), g);
  body(g, overParts.getInductionVar(), times(b, loc, vector, e.constant(units)));
  e.closeScope();
}

/// Defines what the step reads at step `t` of a block, for group `g`.
void SegmentEmitter::defineElements(Value t, Value g) {
  Tuple values = get(elementRows, {t, g});
  for (auto [read, v] : llvm::zip_equal(elements, values)) {
    if (holdsBools(read.value)) {
      Value none = arith::ConstantOp::create(b, loc, b.getZeroAttr(v.getType()));
      v = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, v, none);
    }
    e.define(read.value, read.at, v);
  }
}

/// Takes the ops after `marks` (each the last one before a group's) in turns: one group is a chain
/// of dependent operations, and a core looks ahead less far than that chain is long.
static void interleave(ArrayRef<Operation *> marks, Operation *end) {
  SmallVector<SmallVector<Operation *>> queues;
  for (auto [i, mark] : llvm::enumerate(marks)) {
    Operation *stop = i + 1 < marks.size() ? marks[i + 1] : end;
    SmallVector<Operation *> queue;
    for (Operation *op = mark->getNextNode(); op != stop->getNextNode(); op = op->getNextNode())
      queue.push_back(op);
    queues.push_back(queue);
  }
  Operation *last = marks.front();
  for (size_t i = 0; llvm::any_of(queues, [&](auto &queue) { return i < queue.size(); }); ++i)
    for (SmallVector<Operation *> &queue : queues)
      if (i < queue.size()) {
        queue[i]->moveAfter(last);
        last = queue[i];
      }
}

/// The steps of a block from `carry`, the states of all groups: the states after it. Outs are left
/// in outRows.
SegmentEmitter::Tuple SegmentEmitter::emitBlock(const Tuple &carry) {
  OpBuilder::InsertionGuard guard(b);
  auto loop = scf::ForOp::create(b, loc, zero, e.constant(blockSteps), one, carry);
  b.setInsertionPointToStart(loop.getBody());
  Tuple next;
  SmallVector<Operation *> marks;
  int64_t count = op.getNumStates();
  for (int64_t g = 0; g < groups; ++g) {
    e.openScope();
    Value group = arith::ConstantIndexOp::create(b, loc, g);
    marks.push_back(group.getDefiningOp());
    defineElements(loop.getInductionVar(), group);
    auto own = loop.getRegionIterArgs().slice(g * count, count);
    auto [states, results] = step(Tuple(own.begin(), own.end()));
    llvm::append_range(next, states);
    put(outRows, results, {loop.getInductionVar(), group});
    e.closeScope();
  }
  interleave(marks, &loop.getBody()->back());
  scf::YieldOp::create(b, loc, next);
  return loop.getResults();
}

/// The states after `carry`, and the outs.
std::pair<SegmentEmitter::Tuple, SegmentEmitter::Tuple>
SegmentEmitter::step(const Tuple &carry) {
  Index at = channelIndex();
  for (auto [state, v] : llvm::zip_equal(op.getStateArgs(), carry))
    e.define(state, at, v);
  auto evaluate = [&](ValueRange values) {
    return llvm::map_to_vector(values,
                               [&](Value v) { return e.eval(v, channelIndex(typeOf(v))); });
  };
  Tuple next = evaluate(op.getYield().getNext());
  return {next, evaluate(outs)};
}

/// Outs of block `block`, of those segments that have one, to where they belong.
void SegmentEmitter::emitStores(Value bundle, Value block) {
  if (outs.empty())
    return;
  forUnitsOfBlock(bundle, [&](Value g, Value sub, Value firstSegment) {
    SmallVector<SmallVector<Value>> rows(outs.size());
    for (int64_t j = 0; j < units; ++j)
      for (auto [o, v] : llvm::enumerate(get(outRows, {plus(b, loc, sub, e.constant(j)), g})))
        rows[o].push_back(v);
    for (SmallVector<Value> &row : rows)
      transpose(row);
    for (int64_t u = 0; u < units; ++u) {
      Value segment = plus(b, loc, firstSegment, e.constant(u));
      inside(isLess(b, loc, block, lengthOf(segment)), [&] {
        Value number = plus(b, loc, firstBlock(segment), block);
        setTime(plus(b, loc, times(b, loc, number, e.constant(blockSteps)), sub), false);
        storeOuts(llvm::map_to_vector(rows, [&](auto &row) { return row[u]; }),
                  units * channels);
      });
    }
  });
}

void SegmentEmitter::inside(Value condition, llvm::function_ref<void()> body) {
  auto choice = scf::IfOp::create(b, loc, condition, /*withElse=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  e.openScope();
  body();
  e.closeScope();
}

/// Lanes of group `g` of a bundle whose segment is one of the longer ones.
Value SegmentEmitter::longerLanes(Value bundle, int64_t g) {
  SmallVector<int32_t> numbers;
  for (int64_t l = 0; l < e.lanes; ++l)
    numbers.push_back(int32_t(g * units + std::min(l / channels, units - 1)));
  Type i32 = b.getI32Type();
  auto type = VectorType::get(e.lanes, i32);
  Value segment = arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, ArrayRef(numbers)));
  auto everywhere = [&](Value v) {
    return vector::BroadcastOp::create(b, loc, type, arith::IndexCastOp::create(b, loc, i32, v))
        .getResult();
  };
  segment = plus(b, loc, segment, everywhere(times(b, loc, bundle, e.constant(groups * units))));
  return isLess(b, loc, segment, everywhere(longer));
}

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
/// for the vector before (0 for the first), the vector's number, these, and what they did start from.
Value SegmentEmitter::forStarts(Value row, const Tuple &initial,
                                llvm::function_ref<Value(Value, Value, Tuple, Tuple)> body) {
  OpBuilder::InsertionGuard guard(b);
  SmallVector<Value> init = joined(zero, initial);
  auto loop = scf::ForOp::create(b, loc, zero, e.constant(bundles * groups), one, init);
  b.setInsertionPointToStart(loop.getBody());
  e.openScope();
  Value q = loop.getInductionVar();
  Tuple end = get(ends, {row, q}), used = get(starts, {row, q}), right, last;
  for (auto [v, before] :
       llvm::zip_equal(end, loop.getRegionIterArgs().drop_front())) {
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
    Value slow = isLess(b, loc, e.constant(segments() * channels / slowShare), lanes);
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
  scf::YieldOp::create(b, loc,
                       getSegment(ends, {row, e.constant(bundles * groups - 1)},
                                  e.constant(units - 1)));
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

//===-----------------------------------------------------------------------===//
// Rows
//===-----------------------------------------------------------------------===//

SegmentEmitter::Tuple SegmentEmitter::initialCarry() {
  return llvm::map_to_vector(op.getStateArgs(),
                             [&](Value state) { return e.eval(state, channelIndex()); });
}

/// Stores the vectors `values` of outs for the current place.
void SegmentEmitter::storeOuts(ArrayRef<Value> values, int64_t count) {
  for (auto [out, buffer] : llvm::zip_equal(op.getYield().getOut(), outBuffers)) {
    std::optional<Interleaved> parts = interleaved(out);
    ArrayRef<Value> own = values.take_front(parts ? 2 : 1);
    values = values.drop_front(own.size());
    if (!buffer)
      continue;
    Leaf leaf{buffer, Leaf::Sequence};
    Index at = channelIndex(typeOf(parts ? parts->even : out));
    if (parts) {
      at.push_back(VectorEval::fixed(0));
      e.storePairs(own[0], own[1], buffer, e.leafIndex(leaf, at), count, false);
    } else {
      e.spread(own[0], buffer, e.leafIndex(leaf, at), count, false);
    }
  }
}

void SegmentEmitter::storeFinals(const Tuple &carry) {
  for (auto [buffer, v] : llvm::zip_equal(finalBuffers, carry))
    if (buffer)
      e.spread(v, buffer, e.leafIndex({buffer, Leaf::Batch}, channelIndex()), channels, false);
}

void SegmentEmitter::emitRow(Value row, Value place, Bundles forBundles) {
  setRow(row);
  Tuple initial = initialCarry();
  emitFirstStarts(place, initial);
  if (guessesSteps)
    emitTrajectory(place, initial, forBundles);
  Value wrong = emitRounds(place, initial, forBundles);
  Tuple carry = emitRest(place, wrong, initial);
  storeFinals(emitSteps(times(b, loc, blocks, e.constant(blockSteps)), steps, carry));
  e.resetTile();
}

/// A parallel loop over `count` tasks.
void SegmentEmitter::parallel(Value count, llvm::function_ref<void(Value)> body) {
  auto loop =
      scf::ForallOp::create(b, loc, ArrayRef<OpFoldResult>{count}, ValueRange{}, std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar(0));
}

/// Rows are tasks.
void SegmentEmitter::emitRows(Value rows) {
  parallel(rows, [&](Value row) {
    emitRow(row, row, [&](Value round, InBundle body) { body(row, zero, round); });
  });
}

/// The bundles of a row are tasks, one row after the other. A task finds the row and the round in
/// memory.
void SegmentEmitter::emitBundles(Value rows) {
  auto loop = scf::ForOp::create(b, loc, zero, rows, one);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value row = loop.getInductionVar();
  memref::StoreOp::create(b, loc, row, where, ValueRange{zero});
  emitRow(row, zero, [&](Value round, InBundle body) {
    memref::StoreOp::create(b, loc, round, where, ValueRange{one});
    e.isolate([&] {
      parallel(e.constant(bundles), [&](Value bundle) {
        setRow(memref::LoadOp::create(b, loc, where, ValueRange{zero}));
        body(zero, bundle, memref::LoadOp::create(b, loc, where, ValueRange{one}));
      });
    });
  });
}

void SegmentEmitter::replaceResults() {
  for (auto [v, buffer] : llvm::zip_equal(op.getOuts(), outBuffers))
    if (buffer)
      replaceByBuffer(b, v, buffer);
  for (auto [v, buffer] : llvm::zip_equal(op.getFinals(), finalBuffers))
    if (buffer)
      replaceByBuffer(b, v, buffer);
  op.erase();
  for (Operation *member : llvm::reverse(group.before.getArrayRef()))
    member->erase();
}

void SegmentEmitter::run() {
  e.isMember = [this](Operation *o) { return group.contains(o); };
  e.entry = &entry;
  zero = e.constant(0);
  one = e.constant(1);
  for (int64_t d = 0; d < op.getBatchRank(); ++d)
    batchSizes.push_back(e.sizeOf(op.getInitial().front(), d));
  steps = e.sizeOfSteps();
  Value rows = one;
  for (Value size : batchSizes)
    rows = times(b, loc, rows, size);
  computeBlocks();
  allocate(rows);
  Operation *anchor = arith::ConstantIndexOp::create(b, loc, 0);
  entry = OpBuilder::InsertPoint(anchor->getBlock(), Block::iterator(anchor));
  findStreams();
  if (bundles > 1)
    emitBundles(rows);
  else
    emitRows(rows);
  b.setInsertionPoint(op);
  replaceResults();
}
