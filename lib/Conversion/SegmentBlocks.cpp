// Plan `segments`: a block of every segment, from memory and back.
#include "SegmentEmitter.h"

using namespace mlir;
using namespace seqc;

/// Elements of block `block` of a bundle's segments, turned from how they lie in memory to one
/// vector for each step. A segment without such a block reads some other one.
void SegmentEmitter::emitLoads(Value bundle, Value block) {
  Value last = plus(blocks, e.constant(-1));
  forUnitsOfBlock(bundle, [&](Value g, Value sub, Value firstSegment) {
    SmallVector<Value> firsts;
    for (int64_t u = 0; u < units; ++u) {
      Value segment = plus(firstSegment, e.constant(u));
      Value number = least(plus(firstBlock(segment), block), last);
      firsts.push_back(plus(times(number, e.constant(blockSteps)), sub));
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
  SmallVector<Value> rows;
  for (Value first : firsts) {
    e.openScope();
    setTime(first, 0, false);
    rows.push_back(evaluateElement(i));
    e.closeScope();
  }
  transpose(rows);
  for (auto [j, row] : llvm::enumerate(rows))
    put(elementRows, i, row, {plus(sub, e.constant(j)), g});
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
        put(elementRows, i, row, {plus(sub, e.constant(unit / each)), g});
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
  auto overParts = scf::ForOp::create(b, loc, zero, e.constant(blockSteps), e.constant(units));
  b.setInsertionPointToStart(overParts.getBody());
  e.openScope();
  Value g = overGroups.getInductionVar();
  Value vector = plus(times(bundle, e.constant(groups)), g);
  body(g, overParts.getInductionVar(), times(vector, e.constant(units)));
  e.closeScope();
}

/// Defines what the step reads at step `t` of a block, for group `g`.
void SegmentEmitter::defineElements(Value t, Value g) {
  SegmentStep::defineElements(get(elementRows, {t, g}));
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

/// Outs of block `block`, of those segments that have one, to where they belong.
void SegmentEmitter::emitStores(Value bundle, Value block) {
  if (outs.empty())
    return;
  forUnitsOfBlock(bundle, [&](Value g, Value sub, Value firstSegment) {
    SmallVector<SmallVector<Value>> rows(outs.size());
    for (int64_t j = 0; j < units; ++j)
      for (auto [o, v] : llvm::enumerate(get(outRows, {plus(sub, e.constant(j)), g})))
        rows[o].push_back(v);
    for (SmallVector<Value> &row : rows)
      transpose(row);
    for (int64_t u = 0; u < units; ++u) {
      Value segment = plus(firstSegment, e.constant(u));
      inside(isLess(block, lengthOf(segment)), [&] {
        Value number = plus(firstBlock(segment), block);
        setTime(plus(times(number, e.constant(blockSteps)), sub), 0, false);
        storeOuts(llvm::map_to_vector(rows, [&](auto &row) { return row[u]; }), units * channels);
      });
    }
  });
}

/// For each group of a bundle the lanes whose segment is one of the longer ones.
SmallVector<Value> SegmentEmitter::longerLanes(Value bundle) {
  Type i32 = b.getI32Type();
  auto type = VectorType::get(e.lanes, i32);
  auto everywhere = [&](Value v) {
    return vector::BroadcastOp::create(b, loc, type, arith::IndexCastOp::create(b, loc, i32, v))
        .getResult();
  };
  Value first = everywhere(times(bundle, e.constant(groups * units))), end = everywhere(longer);
  SmallVector<Value> lanes;
  for (int64_t g = 0; g < groups; ++g) {
    SmallVector<int32_t> numbers;
    for (int64_t l = 0; l < e.lanes; ++l)
      numbers.push_back(int32_t(g * units + std::min(l / channels, units - 1)));
    Value segment =
        arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, ArrayRef(numbers)));
    lanes.push_back(isLess(plus(segment, first), end));
  }
  return lanes;
}

/// What lies behind a segment's end changes nothing: there `next`, values of all groups, stay
/// `old`.
void SegmentEmitter::keepBehindEnds(Value block, ArrayRef<Value> longerOnes, Tuple &next,
                                    ValueRange old) {
  size_t each = next.size() / groups;
  Value all = isLess(block, whole), has;
  for (auto [i, v] : llvm::enumerate(next)) {
    Value lanes = longerOnes[i / each];
    if (i % each == 0)
      has = either(vector::BroadcastOp::create(b, loc, lanes.getType(), all), lanes);
    v = arith::SelectOp::create(b, loc, has, v, old[i]);
  }
}
