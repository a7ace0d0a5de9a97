// Plan `segments`: rows, and the memory of their rounds. See SegmentEmitter.h for the idea.
#include "SegmentEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

SegmentEmitter::SegmentEmitter(Group group, Weakness weakness)
    : SegmentStep(group, weakness), stats(b, loc), groups(schedule.getRows()),
      bundles(std::max<int64_t>(1, schedule.getBatchTile())) {
  auto type = typeOf(op.getStateArgs().front());
  channels = type.hasStaticShape() ? type.getNumElements() : 0;
  if (channels >= 1 && channels <= e.lanes)
    units = std::min<int64_t>(llvm::bit_floor<uint64_t>(e.lanes / channels), blockSteps);
  tries = units == 1 && !guessesSteps;
}

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
  auto typesOf = [&](ValueRange values) {
    return llvm::map_to_vector(values, [&](Value v) -> Type { return vectorOf(v); });
  };
  SmallVector<Type> states = vectorsOfStates();
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
  elementRows = shelf(typesOf(llvm::map_to_vector(elements, [](const Read &r) { return r.value; })),
                      {blockSteps, groups}, {}, true);
  outRows = shelf(typesOf(outs), {blockSteps, groups}, {}, true);
  stats.allocate(each);
  Type index = b.getIndexType();
  counts = memref::AllocOp::create(b, loc, MemRefType::get({dynamic, bundles}, index), each);
  if (tries)
    trials = memref::AllocOp::create(b, loc, MemRefType::get({dynamic, bundles}, index), each);
  if (bundles > 1)
    where = memref::AllocOp::create(b, loc, MemRefType::get({2}, index));
}

//===-----------------------------------------------------------------------===//
// Rows
//===-----------------------------------------------------------------------===//

void SegmentEmitter::emitRow(Value row, Value place, Bundles forBundles) {
  setRow(row);
  Tuple initial = initialCarry();
  stats.add(place, Stat::Sequences, one);
  stats.add(place, Stat::Steps, steps);
  emitFirstStarts(place, initial);
  if (guessesSteps)
    emitTrajectory(place, initial, forBundles);
  auto inRounds = [&] {
    Value wrong = emitRounds(place, initial, forBundles);
    Tuple carry = emitRest(place, wrong, initial);
    carry.push_back(times(blocks, e.constant(blockSteps)));
    return carry;
  };
  auto atOnce = [&] { // all of the row is its rest
    stats.add(place, Stat::OneByOne, one);
    Tuple carry = initial;
    carry.push_back(zero);
    return carry;
  };
  Tuple carry;
  if (tries) {
    SmallVector<Type> types(ValueRange(initial).getTypes());
    types.push_back(b.getIndexType());
    carry = choose(emitTrial(place, forBundles), types, atOnce, inRounds);
  } else {
    carry = inRounds();
  }
  Value first = carry.pop_back_val();
  stats.add(place, Stat::Evaluated, arith::SubIOp::create(b, loc, steps, first));
  storeFinals(emitSteps(first, steps, carry));
  e.resetTile();
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
    auto bounds = std::pair(lows, highs); // a task has its own
    e.isolate([&] {
      parallel(e.constant(bundles), [&](Value bundle) {
        setRow(memref::LoadOp::create(b, loc, where, ValueRange{zero}));
        body(zero, bundle, memref::LoadOp::create(b, loc, where, ValueRange{one}));
      });
    });
    std::tie(lows, highs) = bounds;
  });
}

void SegmentEmitter::run() {
  findSizes();
  Value rows = countRows(1);
  computeBlocks();
  allocateResults();
  allocate(rows);
  markEntry();
  findStreams();
  if (bundles > 1)
    emitBundles(rows);
  else
    emitRows(rows);
  b.setInsertionPoint(op);
  stats.report(op->getParentOfType<func::FuncOp>());
  replaceResults();
}
