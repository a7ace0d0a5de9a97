// Plan `fused`: one pass over time.
//
// A group is a recurrence with the work before and after it that is independent along time:
//
//   parallel over tiles of the batch:
//     states ← initial values
//     for strips of time:
//       hoisted contractions of the strip            (many rows: weights are read once a strip)
//       for tiles of channels:                       (if scheduled: their states are in registers)
//         for each step of the strip: nests of the step (states stay in cache)
//       (tiles of channels are parallel, and go over all of time, where the schedule has no strips)
//       sunk contractions of the strip
//     final values ← states
//
// Elementwise work before the recurrence has no loop of its own: it is evaluated where it is
// read. What cannot be expressed stays for the naive lowering.
//
// Of packed sequences (`cu_seqlens`) each is a task, with time its own steps.
//
// On a GPU a task is a thread, or, where channels meet, a block: its threads share the points of
// each nest, with a barrier behind it, and the task's buffers are in memory that they share. Or the
// host has the loop over steps, and each nest is a parallel loop over all sequences.
#include "GroupEmitter.h"
#include "BlockThreads.h"
#include "seqc/Analysis/Interleaved.h"
#include "seqc/Conversion/Passes.h"
#include "seqc/Schedule/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/Utils/Utils.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

Frame GroupEmitter::frame(Value rows, Value firstRow, const Index &outerBatch) {
  Frame f;
  f.rows = rows;
  f.firstRow = firstRow;
  f.outerBatch = outerBatch;
  f.hasBatch = batchRank > 0;
  f.reverse = op.getReverse();
  f.timeAxis = timeAxis;
  f.stepInStrip = zero;
  f.firstStep = zero;
  return f;
}

/// Makes what a nest wrote readable for the nests after it.
static void publish(VectorEval &e, const Nest &nest) {
  for (const Store &store : nest.stores)
    if (store.value.getDefiningOp())
      e.leaves[store.value] = store.targets.back();
}

/// The loop over steps [first, first + count) of the strip that starts at f.firstStep; its result
/// is the parity.
scf::ForOp GroupEmitter::emitSteps(Frame f, Value first, Value count, Value parity,
                                   bool streaming) {
  bool twice = parity != nullptr;
  auto loop =
      scf::ForOp::create(b, loc, zero, count, one, twice ? ValueRange{parity} : ValueRange{});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value s = loop.getInductionVar();
  f.steps = {};
  f.stepInStrip = s;
  Value t = arith::AddIOp::create(b, loc, first, s);
  if (f.reverse)
    t = arith::SubIOp::create(b, loc, arith::SubIOp::create(b, loc, taskSteps, one), t);
  f.firstStep = fromFirst(t);
  e.parity = twice ? loop.getRegionIterArgs().front() : eachStep ? parityOf(s) : Value();
  DenseMap<Value, Leaf> saved = e.leaves;
  for (const Nest &nest : stepNests) {
    emitNest(e, nest, f, schedule, prologue, streaming);
    publish(e, nest);
  }
  for (auto [i, state] : llvm::enumerate(op.getStateArgs()))
    if (nextStates[i].buffer)
      copy(state, nextStates[i], tileStates[i], f);
  for (auto &[v, leaf] : saved)
    e.leaves[v] = leaf;
  for (const Nest &nest : stepNests)
    for (const Store &store : nest.stores)
      if (!saved.contains(store.value))
        e.leaves.erase(store.value);
  if (twice)
    scf::YieldOp::create(
        b, loc, Value(arith::SubIOp::create(b, loc, one, loop.getRegionIterArgs().front())));
  return loop;
}

/// Which of a state's two buffers holds it before step `step` of all, where the host counts steps.
Value GroupEmitter::parityOf(Value step) { return arith::AndIOp::create(b, loc, step, one); }

/// The steps of the task: those of its sequence, if sequences are packed.
void GroupEmitter::findSteps(Value task) {
  taskSteps = steps;
  if (op.isPacked())
    std::tie(taskFirst, taskSteps) = e.spanOfPacked(task);
}

/// Step `step` of the task, among all.
Value GroupEmitter::fromFirst(Value step) {
  return taskFirst ? arith::AddIOp::create(b, loc, taskFirst, step).getResult() : step;
}

/// Copies `v` from one of its places to another.
void GroupEmitter::copy(Value v, Leaf from, Leaf to, const Frame &f) {
  e.leaves[v] = from;
  emitNest(e, Nest{{Store{v, {Piece{v, {}, {}, {}}}, {to}}}, v}, f, schedule, prologue, false);
}

/// Gives the loops of `block`, except those over time and around them, constant indices.
static void unrollInner(Block *block, ArrayRef<scf::ForOp> timeLoops) {
  SmallVector<scf::ForOp> loops;
  block->walk([&](scf::ForOp loop) { // inner ones first
    std::optional<APInt> count = loop.getStaticTripCount();
    if (!llvm::is_contained(timeLoops, loop) && count && count->ule(mostTileVectors))
      loops.push_back(loop);
  });
  for (scf::ForOp loop : loops)
    (void)loopUnrollFull(loop);
}

/// Makes `f` that of a tile of channels, and copies the tile's weights.
void GroupEmitter::enterTile(Frame &f, Value tile) {
  e.firstChannel = arith::MulIOp::create(b, loc, tile, e.constant(channelTile));
  f.allChannels = channels.size;
  f.channelTile = channelTile;
  for (auto &[v, leaf] : tileWeights) {
    if (const Leaf *from = e.leafOf(v))
      copy(v, *from, leaf, f);
    else // a slice of what has a buffer
      emitNest(e, Nest{{Store{v, {Piece{v, {}, {}, {}}}, {leaf}}}, v}, f, schedule, prologue,
               false);
    e.leaves[v] = leaf;
  }
}

/// A strip of time, one tile of channels after the other.
void GroupEmitter::emitTiles(Frame f, Value first, Value count, bool streaming) {
  auto loop = scf::ForOp::create(b, loc, zero, e.constant(countTiles()), one);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  DenseMap<Value, Leaf> saved = e.leaves;
  enterTile(f, loop.getInductionVar());
  for (auto [state, buffer, leaf] : llvm::zip_equal(op.getStateArgs(), stateBuffers, tileStates)) {
    copy(state, {buffer, Leaf::State}, leaf, f);
    e.leaves[state] = leaf;
  }
  scf::ForOp timeLoop = emitSteps(f, first, count, {}, streaming);
  for (auto [state, buffer, leaf] : llvm::zip_equal(op.getStateArgs(), stateBuffers, tileStates))
    copy(state, leaf, {buffer, Leaf::State}, f);
  e.leaves = saved;
  e.firstChannel = {};
  unrollInner(loop.getBody(), timeLoop);
}

/// All of time for one tile of the batch; returns the parity of the final states.
Value GroupEmitter::emitTime(Frame f, bool streaming) {
  bool twice = hasDoubleStates();
  if (tileTasks) {
    timeLoops.push_back(emitSteps(f, zero, taskSteps, {}, streaming));
    return {};
  }
  if (!hasStrips && !channelTile) {
    scf::ForOp loop = emitSteps(f, zero, taskSteps, twice ? zero : Value(), streaming);
    return twice ? loop.getResult(0) : Value();
  }
  auto loop = scf::ForOp::create(b, loc, zero, taskSteps, stripSteps,
                                 twice ? ValueRange{zero} : ValueRange{});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value t0 = loop.getInductionVar();
  Value left = arith::SubIOp::create(b, loc, taskSteps, t0);
  Value count = arith::MinSIOp::create(b, loc, left, stripSteps);
  Frame strip = f;
  strip.steps = count;
  strip.firstStep = fromFirst(t0);
  strip.lastStep =
      fromFirst(arith::SubIOp::create(b, loc, arith::SubIOp::create(b, loc, taskSteps, one), t0));
  for (const Nest &nest : beforeNests) {
    emitNest(e, nest, strip, schedule, prologue, false);
    publish(e, nest);
  }
  Value parity;
  if (channelTile) {
    emitTiles(f, t0, count, streaming);
  } else {
    parity = twice ? loop.getRegionIterArgs().front() : Value();
    scf::ForOp timeLoop = emitSteps(f, t0, count, parity, streaming);
    if (twice)
      parity = timeLoop.getResult(0);
  }
  for (const Nest &nest : afterNests) {
    emitNest(e, nest, strip, schedule, prologue, false);
    publish(e, nest);
  }
  if (twice)
    scf::YieldOp::create(b, loc, parity);
  return twice ? loop.getResult(0) : Value();
}

/// The sequences that a task has.
Frame GroupEmitter::frameOfTask(Value task) {
  Value rows = one, firstRow = zero, rest = task;
  Index outerBatch(batchRank ? batchRank - 1 : 0);
  if (batchRank) {
    Value tiles = arith::CeilDivUIOp::create(b, loc, batchSizes.back(), tileRows);
    Value tile = batchRank == 1 ? task : arith::RemUIOp::create(b, loc, task, tiles).getResult();
    if (batchRank > 1)
      rest = arith::DivUIOp::create(b, loc, task, tiles);
    firstRow = arith::MulIOp::create(b, loc, tile, tileRows);
    Value left = arith::SubIOp::create(b, loc, batchSizes.back(), firstRow);
    rows = getConstantIntValue(tileRows) == 1
               ? one
               : arith::MinSIOp::create(b, loc, left, tileRows).getResult();
    for (int64_t d = batchRank - 2; d >= 0; --d) {
      outerBatch[d] = {d ? arith::RemUIOp::create(b, loc, rest, batchSizes[d]).getResult() : rest,
                       0, 0};
      if (d)
        rest = arith::DivUIOp::create(b, loc, rest, batchSizes[d]);
    }
  }
  return frame(rows, firstRow, outerBatch);
}

/// All of time, with or without stores past the caches: what emitTime() returns.
Value GroupEmitter::emitAllTime(const Frame &f) {
  Value streaming = streamingCondition();
  if (!streaming)
    return emitTime(f, false);
  SmallVector<Type> types;
  bool twice = hasDoubleStates();
  if (twice)
    types.push_back(b.getIndexType());
  auto choice = scf::IfOp::create(b, loc, types, streaming, /*withElse=*/true);
  for (bool first : {true, false}) {
    OpBuilder::InsertionGuard guard(b);
    Block *block = first ? choice.thenBlock() : choice.elseBlock();
    b.setInsertionPointToStart(block);
    Value p = emitTime(f, first);
    if (twice) {
      b.setInsertionPointToEnd(block);
      scf::YieldOp::create(b, loc, p);
    }
  }
  return twice ? choice.getResult(0) : Value();
}

/// True at run time if the outs are large and aligned: then they go past the caches.
Value GroupEmitter::streamingCondition() {
  Value condition;
  if (!schedule.getStreamBytes() || contractions || hasStrips)
    return {};
  for (auto [v, out] : llvm::zip_equal(op.getYield().getOut(), op.getOuts())) {
    auto it = wholeBuffers.find(out);
    auto type = typeOf(out);
    // Along lanes.
    std::optional<Interleaved> parts = interleaved(v);
    ArrayRef<int64_t> step = typeOf(parts ? parts->even : v).getShape();
    if (it == wholeBuffers.end() || step.empty() || ShapedType::isDynamic(step.back()) ||
        step.back() % e.lanes || type.getElementTypeBitWidth() != 32)
      return {};
    Value bytes = arith::ConstantIndexOp::create(b, loc, 4);
    for (int64_t d = 0; d < type.getRank(); ++d)
      bytes = arith::MulIOp::create(b, loc, bytes, memref::DimOp::create(b, loc, it->second, d));
    Value large =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, bytes,
                              arith::ConstantIndexOp::create(b, loc, schedule.getStreamBytes()));
    Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, loc, it->second);
    Value low = arith::AndIOp::create(b, loc, address, arith::ConstantIndexOp::create(b, loc, 63));
    Value aligned = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, low, zero);
    Value both = arith::AndIOp::create(b, loc, large, aligned);
    condition = condition ? arith::AndIOp::create(b, loc, condition, both).getResult() : both;
  }
  return condition;
}

void GroupEmitter::emitTask(Value task) {
  e.task = task;
  if (e.threads) {
    e.thread = threadOfBlock(b, loc);
    Operation *anchor = arith::ConstantIndexOp::create(b, loc, 0);
    e.threadEntry = OpBuilder::InsertPoint(anchor->getBlock(), Block::iterator(anchor));
    e.registersLeft = registersKept(e.threads);
  }
  Value tile;
  if (tileTasks) {
    Value tiles = e.constant(countTiles());
    tile = arith::RemUIOp::create(b, loc, task, tiles);
    task = arith::DivUIOp::create(b, loc, task, tiles);
  }
  Frame f = frameOfTask(task);
  e.leaves = baseLeaves;
  e.parity = {};
  findSteps(task);
  if (tileTasks)
    enterTile(f, tile);
  // The initial value of a state is what its argument means before the first step.
  auto placeOf = [&](unsigned i) {
    return tileTasks ? tileStates[i] : Leaf{stateBuffers[i], Leaf::State};
  };
  for (auto [i, state] : llvm::enumerate(op.getStateArgs())) {
    Nest nest{{Store{state, {Piece{state, {}, {}, {}}}, {placeOf(i)}}}, state};
    emitNest(e, nest, f, schedule, prologue, false);
  }
  baseLeaves = e.leaves; // buffers of outer values that were made on the way
  for (auto [i, state] : llvm::enumerate(op.getStateArgs()))
    e.leaves[state] = placeOf(i);
  e.prefetchSteps = contractions || hasStrips || channelTile ? 0 : schedule.getPrefetch();
  Value parity = emitAllTime(f);
  e.prefetchSteps = 0;
  e.parity = parity;
  for (auto [i, state, final] : llvm::enumerate(op.getStateArgs(), op.getFinals()))
    if (!final.use_empty())
      copy(state, placeOf(i), {wholeBuffers[final], Leaf::Batch}, f);
  e.parity = {};
  e.firstChannel = {};
  if (tileTasks)
    unrollInner(b.getInsertionBlock(), timeLoops);
}

/// Copies each state to its place of `targets` (those without a buffer stay where they are), states
/// of the same sizes together.
void GroupEmitter::copyStates(ArrayRef<Leaf> targets, const Frame &f) {
  SmallVector<Nest> nests;
  for (auto [state, target] : llvm::zip_equal(op.getStateArgs(), targets)) {
    if (!target.buffer)
      continue;
    auto *same = llvm::find_if(nests, [&, state = state](const Nest &nest) {
      return typeOf(nest.shape).getShape() == typeOf(state).getShape();
    });
    if (same == nests.end())
      same = nests.insert(nests.end(), Nest{{}, state});
    same->stores.push_back({state, {Piece{state, {}, {}, {}}}, {target}});
  }
  for (const Nest &nest : nests)
    emitNest(e, nest, f, schedule, prologue, false);
}

/// Kernels that the host starts for each step, one for each nest: a nest that reads what all
/// threads of another one wrote begins behind it.
void GroupEmitter::emitLaunches() {
  Operation *anchor = arith::ConstantIndexOp::create(b, loc, 0);
  prologue = OpBuilder::InsertPoint(anchor->getBlock(), Block::iterator(anchor));
  e.acrossGrid = true;
  e.task = zero;
  Frame f = frame(tileRows, zero, {});
  if (batchRank > 1)
    f.batchSizes = batchSizes;
  findSteps(e.task);
  e.leaves = baseLeaves;
  // The initial value of a state is what its argument means before the first step.
  SmallVector<Leaf> places, finals;
  for (Value buffer : stateBuffers)
    places.push_back({buffer, Leaf::State});
  e.parity = zero;
  copyStates(places, f);
  baseLeaves = e.leaves; // buffers of outer values that were made on the way
  for (auto [state, place] : llvm::zip_equal(op.getStateArgs(), places))
    e.leaves[state] = place;
  emitSteps(f, zero, taskSteps, {}, /*streaming=*/false);
  e.parity = parityOf(taskSteps);
  for (Value final : op.getFinals())
    finals.push_back(final.use_empty() ? Leaf() : Leaf{wholeBuffers[final], Leaf::Batch});
  copyStates(finals, f);
  e.parity = {};
  e.acrossGrid = false;
}

/// The last k values of a delayed sequence: its window at the step after the last.
void GroupEmitter::emitDelayFinals() {
  for (Operation *member : group.before) {
    auto delay = dyn_cast<seq::DelayOp>(member);
    if (!delay || delay.getFinal().use_empty())
      continue;
    Value buffer = allocateLike(delay.getFinal(), {}, 0);
    wholeBuffers[delay.getFinal()] = buffer;
    Frame f;
    f.whole = true;
    f.timeAxis = timeAxis;
    f.fixedTime = delay.getReverse() ? VectorEval::fixed(-1) : Idx{steps, 0, 0};
    Nest nest{{Store{delay.getFinal(),
                     {Piece{delay.getWindow(), {}, {}, {}}},
                     {Leaf{buffer, Leaf::Whole}}}},
              delay.getFinal()};
    emitNest(e, nest, f, schedule, prologue, false);
  }
}

void GroupEmitter::replaceResults() {
  for (auto &[v, buffer] : wholeBuffers)
    replaceByBuffer(b, v, buffer);
  for (Operation *member : llvm::reverse(group.after.getArrayRef()))
    member->erase();
  op.erase();
  for (Operation *member : llvm::reverse(group.before.getArrayRef()))
    member->erase();
}

/// True for the recurrence of a step whose sequences are tasks: a task has one thread.
static bool isInTask(Operation *op) {
  for (auto loop = op->getParentOfType<scf::ForOp>(); loop;
       loop = loop->getParentOfType<scf::ForOp>())
    if (loop->hasAttr(sequencesAttr))
      return true;
  return false;
}

/// The parallel loop over tasks; `anchor` stands where what it needs can be prepared.
void GroupEmitter::emitAllTasks(Operation *anchor) {
  auto loop =
      scf::ForallOp::create(b, loc, ArrayRef<OpFoldResult>{tasks}, ValueRange{}, std::nullopt);
  b.setInsertionPointAfter(anchor);
  planWeights();
  prologue = b.saveInsertionPoint();
  if (e.threads)
    makeBlocks(loop, e.threads);
  b.setInsertionPointToStart(loop.getBody());
  emitTask(loop.getInductionVar(0));
  e.threads = 0;
}

/// Bytes that the threads of a block may share where `op` runs.
static int64_t sharedBytesFor(seq::RecurrenceOp op) {
  auto target = op->getParentOfType<ModuleOp>()->getAttrOfType<seq::TargetAttr>("seqc.target");
  return target ? sharedBytesOfBlock(target.getCpu().getValue()) : 0;
}

void GroupEmitter::run() {
  eraseLinearized(op);
  e.recurrence = op;
  e.isMember = [this](Operation *o) { return group.contains(o); };
  e.entry = &entry;
  e.sharedBytesLeft = sharedBytesFor(op);
  e.threads = isInTask(op) ? 0 : threadsOfBlock(schedule);
  eachStep = startsEachStep(schedule) && isa<func::FuncOp>(op->getParentOp());
  computeSizes();
  SmallVector<Operation *> before(group.before.begin(), group.before.end());
  SmallVector<Operation *> after(group.after.begin(), group.after.end());
  auto isMember = [&](Operation *o) { return group.contains(o); };
  hasStrips = !after.empty() || !valuesWithBuffers(before, isMember).empty();
  planTileTasks();
  int64_t strip = schedule.getStrip() ? schedule.getStrip() : stripOfTiles;
  Value wanted = arith::ConstantIndexOp::create(b, loc, strip);
  stripSteps = hasStrips || channelTile
                   ? arith::CeilDivUIOp::create(b, loc, wanted, tileRows).getResult()
                   : one;
  planStrips(before, beforeNests);
  planStep();
  planStrips(after, afterNests);
  for (auto [final, buffer] : llvm::zip_equal(op.getFinals(), stateBuffers))
    if (!final.use_empty())
      wholeBuffers[final] =
          allocateLike(op.getInitial()[final.getResultNumber() - op.getNumOuts()], {}, 0);

  Operation *anchor = arith::ConstantIndexOp::create(b, loc, 0);
  if (Operation *outer = outermostLoop())
    anchor->moveBefore(outer);
  entry = OpBuilder::InsertPoint(anchor->getBlock(), Block::iterator(anchor));
  if (eachStep)
    emitLaunches();
  else
    emitAllTasks(anchor);
  b.setInsertionPoint(op);
  e.leaves = baseLeaves;
  emitDelayFinals();
  replaceResults();
}
