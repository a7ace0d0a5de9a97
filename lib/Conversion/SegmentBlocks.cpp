// Plan `segments`: a block of every segment, from memory and back.
#include "SegmentArithmetic.h"
#include "SegmentEmitter.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

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
  auto overParts = scf::ForOp::create(b, loc, zero, e.constant(blockSteps), e.constant(units));
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
std::pair<SegmentEmitter::Tuple, SegmentEmitter::Tuple> SegmentEmitter::step(const Tuple &carry) {
  Index at = channelIndex();
  for (auto [state, v] : llvm::zip_equal(op.getStateArgs(), carry))
    e.define(state, at, v);
  auto evaluate = [&](ValueRange values) {
    return llvm::map_to_vector(values, [&](Value v) { return e.eval(v, channelIndex(typeOf(v))); });
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
        storeOuts(llvm::map_to_vector(rows, [&](auto &row) { return row[u]; }), units * channels);
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
  Value segment =
      arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, ArrayRef(numbers)));
  auto everywhere = [&](Value v) {
    return vector::BroadcastOp::create(b, loc, type, arith::IndexCastOp::create(b, loc, i32, v))
        .getResult();
  };
  segment = plus(b, loc, segment, everywhere(times(b, loc, bundle, e.constant(groups * units))));
  return isLess(b, loc, segment, everywhere(longer));
}
