// Plan `segments`: rows, and the memory of their rounds. See SegmentEmitter.h for the idea.
#include "SegmentEmitter.h"
#include "SegmentArithmetic.h"
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
  elementRows = shelf(typesOf(llvm::map_to_vector(elements, [](const Read &r) { return r.value; })),
                      {blockSteps, groups}, {}, true);
  outRows = shelf(typesOf(outs), {blockSteps, groups}, {}, true);
  Type index = b.getIndexType();
  counts = memref::AllocOp::create(b, loc, MemRefType::get({dynamic, bundles}, index), each);
  if (bundles > 1)
    where = memref::AllocOp::create(b, loc, MemRefType::get({2}, index));
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
