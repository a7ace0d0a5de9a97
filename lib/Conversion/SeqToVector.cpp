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
//       sunk contractions of the strip
//     final values ← states
//
// Elementwise work before the recurrence has no loop of its own: it is evaluated where it is
// read. What cannot be expressed stays for the naive lowering.
#include "VectorGroup.h"
#include "VectorNest.h"
#include "seqc/Analysis/Channels.h"
#include "seqc/Conversion/ExpandMath.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/Utils/Utils.h"

namespace seqc {
#define GEN_PASS_DEF_CONVERTSEQTOVECTORPASS
#include "seqc/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

//===-----------------------------------------------------------------------===//
// Emission
//===-----------------------------------------------------------------------===//

namespace {
struct GroupEmitter {
  Group group;
  seq::RecurrenceOp op;
  OpBuilder b;
  Location loc;
  VectorEval e;
  seq::ScheduleAttr schedule;
  OpBuilder::InsertPoint prologue;

  int64_t batchRank, timeAxis;
  SmallVector<Value> batchSizes;
  Value steps, tileRows, tasks, stripSteps;
  int64_t channelTile = 0; ///< 0 where a step is done for all channels at once
  Channels channels;       ///< where there are tiles of them
  bool hasStrips = false, contractions = false;
  Value zero, one;

  SmallVector<Nest> beforeNests, stepNests, afterNests;
  SmallVector<Value> stateBuffers;
  SmallVector<Leaf> tileStates; ///< of a tile of channels
  SmallVector<Leaf> nextStates; ///< the tile's new values of a state that is still read, or none
  llvm::MapVector<Value, Value> wholeBuffers; ///< results that others need
  llvm::MapVector<Value, Leaf> tileWeights;
  DenseMap<Value, Leaf> baseLeaves;

  explicit GroupEmitter(Group group)
      : group(group), op(group.recurrence), b(op), loc(op.getLoc()),
        e(b, loc, op.getScheduleAttr().getVectorBits() / 32), schedule(op.getScheduleAttr()) {}

  void computeSizes();
  Value allocate(ArrayRef<OpFoldResult> sizes, Type element);
  Value allocateLike(Value v, SmallVector<OpFoldResult> leading, int64_t skip);
  bool isOfTile(Value v) const;
  Leaf ofTile(Value v);
  Leaf ofStep(Value v, SmallVector<OpFoldResult> leading, Leaf::Prefix prefix);
  void planWeights();
  bool hasDoubleStates() const;
  void copy(Value v, Leaf from, Leaf to, const Frame &f);
  void emitTiles(Frame f, Value first, Value count, bool streaming);
  void planStrips(ArrayRef<Operation *> ops, SmallVector<Nest> &nests);
  void planStep();
  SmallVector<bool> statesReadLate(ArrayRef<Nest> nests);
  /// Where the step leaves the new value of state `i`.
  Leaf current(unsigned i) const {
    return channelTile ? tileStates[i] : Leaf{stateBuffers[i], Leaf::NextState};
  }
  void emitDelayFinals();
  Frame frame(Value rows, Value firstRow, const Index &outerBatch);
  void emitTask(Value task);
  Value emitTime(Frame f, bool streaming);
  scf::ForOp emitSteps(Frame f, Value first, Value count, Value parity, bool streaming);
  Value streamingCondition();
  void replaceResults();
  void run();
};
} // namespace

Value GroupEmitter::allocate(ArrayRef<OpFoldResult> sizes, Type element) {
  SmallVector<int64_t> shape;
  SmallVector<Value> dynamic;
  for (OpFoldResult size : sizes) {
    std::optional<int64_t> known = getConstantIntValue(size);
    shape.push_back(known.value_or(ShapedType::kDynamic));
    if (!known)
      dynamic.push_back(cast<Value>(size));
  }
  return memref::AllocOp::create(b, loc, MemRefType::get(shape, element), dynamic);
}

/// A buffer for `v` whose first `skip` sizes are replaced by `leading`.
Value GroupEmitter::allocateLike(Value v, SmallVector<OpFoldResult> leading, int64_t skip) {
  for (int64_t d = skip; d < typeOf(v).getRank(); ++d)
    leading.push_back(e.mixedSizeOf(v, d));
  return allocate(leading, typeOf(v).getElementType());
}

/// More vectors are not kept by a tile of channels: its code would be too long.
static constexpr int64_t mostTileVectors = 64;

/// True if a tile of channels keeps its own part of `v`, a value of the step or a weight.
bool GroupEmitter::isOfTile(Value v) const {
  return channelTile && typeOf(v).hasStaticShape() && typeOf(v).getRank() &&
         typeOf(v).getShape().back() == channels.size &&
         typeOf(v).getNumElements() / channels.size * channelTile <= mostTileVectors * e.lanes;
}

/// A place for a tile's channels of `v`. Where all its indices are constants, LLVM makes registers
/// of it, so the loops inside of the one over time are unrolled.
Leaf GroupEmitter::ofTile(Value v) {
  SmallVector<int64_t> shape(typeOf(v).getShape());
  shape.back() = channelTile;
  auto type = MemRefType::get(shape, typeOf(v).getElementType());
  return {memref::AllocaOp::create(b, loc, type, b.getI64IntegerAttr(64)), Leaf::Tile};
}

/// A buffer for `v`, a value of the step.
Leaf GroupEmitter::ofStep(Value v, SmallVector<OpFoldResult> leading, Leaf::Prefix prefix) {
  if (isOfTile(v))
    return ofTile(v);
  return {allocateLike(v, leading, 0), prefix};
}

/// Elements of the widest state of one sequence, or a guess.
static int64_t rowElements(seq::RecurrenceOp op) {
  int64_t most = 1;
  for (Value v : op.getStateArgs())
    most = std::max(most, typeOf(v).hasStaticShape() ? typeOf(v).getNumElements() : 512);
  return most;
}

void GroupEmitter::computeSizes() {
  zero = arith::ConstantIndexOp::create(b, loc, 0);
  one = arith::ConstantIndexOp::create(b, loc, 1);
  batchRank = op.getBatchRank();
  timeAxis = op.getTimeAxis();
  for (int64_t d = 0; d < batchRank; ++d)
    batchSizes.push_back(e.sizeOf(op.getInitial().front(), d));
  steps = e.sizeOfSteps();
  for (Operation &inner : *op.getBody())
    contractions |= isReductionOp(&inner);
  tasks = one;
  tileRows = one;
  channelTile = schedule.getChannelTile();
  if (channelTile)
    channels = analyzeChannels(op);
  if (batchRank == 0)
    return;
  // Dense steps share weights between rows; elementwise ones need a few independent vectors.
  int64_t rows = channelTile ? 1 : schedule.getBatchTile();
  if (!rows)
    rows = contractions ? 64 : std::clamp<int64_t>(8 * e.lanes / rowElements(op), 1, 16);
  Value wanted = arith::ConstantIndexOp::create(b, loc, rows);
  tileRows =
      rows == 1 ? one : arith::MinSIOp::create(b, loc, batchSizes.back(), wanted).getResult();
  tileRows = rows == 1 ? one : arith::MaxSIOp::create(b, loc, tileRows, one).getResult();
  tasks = rows == 1 ? batchSizes.back()
                    : arith::CeilDivUIOp::create(b, loc, batchSizes.back(), tileRows).getResult();
  for (Value size : ArrayRef<Value>(batchSizes).drop_back())
    tasks = arith::MulIOp::create(b, loc, tasks, size);
}

/// Buffers and nests of time-parallel work, strip by strip.
void GroupEmitter::planStrips(ArrayRef<Operation *> ops, SmallVector<Nest> &nests) {
  auto isMember = [&](Operation *o) { return group.contains(o); };
  SetVector<Value> buffered = valuesWithBuffers(ops, isMember);
  SmallVector<Store> stores;
  for (Operation *member : ops)
    for (Value v : member->getResults()) {
      auto delay = dyn_cast<seq::DelayOp>(member);
      if (delay && v == delay.getFinal())
        continue;
      bool outside = llvm::any_of(v.getUsers(),
                                  [&](Operation *user) { return !isMember(user) && user != op; });
      if (!outside && !buffered.contains(v))
        continue;
      Store store{v, piecesOf(e, v), {}};
      if (outside) {
        wholeBuffers[v] = allocateLike(v, {}, 0);
        store.targets.push_back({wholeBuffers[v], Leaf::Whole});
      } else {
        Value buffer = allocateLike(v, {tasks, tileRows, stripSteps}, batchRank + 1);
        store.targets.push_back({buffer, Leaf::Strip});
      }
      stores.push_back(store);
    }
  nests = makeNests(stores, isMember);
}

/// Which states must keep their old value while the new one is written.
SmallVector<bool> GroupEmitter::statesReadLate(ArrayRef<Nest> nests) {
  auto isMember = [&](Operation *o) { return group.contains(o); };
  auto next = op.getYield().getNext();
  SmallVector<bool> late(op.getNumStates(), false);
  for (auto [i, state] : llvm::enumerate(op.getStateArgs())) {
    int64_t writer = -1;
    for (auto [n, nest] : llvm::enumerate(nests))
      for (const Store &store : nest.stores)
        for (const Leaf &target : store.targets)
          if (target.buffer == current(i).buffer)
            writer = n;
    if (writer < 0)
      continue;
    for (int64_t n = writer; n < int64_t(nests.size()); ++n)
      for (const Store &store : nests[n].stores)
        for (const Piece &piece : store.pieces)
          if (piece.source)
            visitReads(
                piece.source, isMember, [&, state = state, i = i](Value v, bool elementwise) {
                  late[i] = late[i] ||
                            (v == state && (n > writer || !elementwise || store.pieces.size() > 1));
                  return true;
                });
    (void)next;
  }
  return late;
}

/// True for what later nests of the step read, false for outputs.
static bool isReadInStep(const Leaf &leaf) {
  return leaf.prefix == Leaf::Step || leaf.prefix == Leaf::NextState || leaf.prefix == Leaf::Tile;
}

/// Buffers, targets and nests of the step.
void GroupEmitter::planStep() {
  auto isMember = [&](Operation *o) { return group.contains(o); };
  SmallVector<Operation *> ops;
  for (Operation &inner : op.getBody()->without_terminator())
    ops.push_back(&inner);
  SetVector<Value> buffered = valuesWithBuffers(ops, isMember);
  seq::YieldOp yield = op.getYield();

  // Provisional single buffers; those that need two are allocated again below.
  SmallVector<OpFoldResult> leading = {tasks, b.getIndexAttr(1), tileRows};
  for (Value state : op.getStateArgs()) {
    stateBuffers.push_back(allocateLike(state, leading, 0));
    if (channelTile)
      tileStates.push_back(ofTile(state));
  }

  llvm::MapVector<Value, SmallVector<Leaf>> targets;
  for (Operation *inner : ops) // in program order
    for (Value v : inner->getResults())
      if (isa<RankedTensorType>(v.getType()))
        targets[v];
  for (auto [i, next, state] : llvm::enumerate(yield.getNext(), op.getStateArgs()))
    if (next != state)
      targets[next].push_back(current(i));
  for (auto [out, result] : llvm::zip_equal(yield.getOut(), op.getOuts())) {
    bool outside =
        llvm::any_of(result.getUsers(), [&](Operation *user) { return !isMember(user); });
    if (outside) {
      SmallVector<OpFoldResult> sizes(batchSizes.begin(), batchSizes.end());
      sizes.insert(sizes.begin() + timeAxis, OpFoldResult(steps));
      wholeBuffers[result] = allocateLike(out, sizes, 0);
      targets[out].push_back({wholeBuffers[result], Leaf::Sequence});
      baseLeaves[result] = {wholeBuffers[result], Leaf::Whole};
    } else if (!result.use_empty()) {
      Value buffer = allocateLike(out, {tasks, tileRows, stripSteps}, 0);
      targets[out].push_back({buffer, Leaf::StripOfStep});
      baseLeaves[result] = {buffer, Leaf::Strip};
    }
  }
  for (Value v : buffered)
    if (llvm::none_of(targets[v], isReadInStep))
      targets[v].push_back(ofStep(v, {tasks, tileRows}, Leaf::Step));

  SmallVector<Store> stores;
  for (auto &[v, leaves] : targets)
    if (!leaves.empty()) {
      // What later nests read comes last in the list.
      SmallVector<Leaf> ordered;
      for (bool last : {false, true})
        for (const Leaf &leaf : leaves)
          if (isReadInStep(leaf) == last)
            ordered.push_back(leaf);
      stores.push_back({v, piecesOf(e, v), ordered});
    }
  stepNests = makeNests(stores, isMember);
  SmallVector<bool> late = statesReadLate(stepNests);
  nextStates.resize(late.size());
  leading[1] = b.getIndexAttr(2);
  for (auto [i, state] : llvm::enumerate(op.getStateArgs())) {
    if (!late[i])
      continue;
    Value old = current(i).buffer;
    Value fresh = channelTile ? ofTile(state).buffer : allocateLike(state, leading, 0);
    for (Nest &nest : stepNests)
      for (Store &store : nest.stores)
        for (Leaf &target : store.targets)
          if (target.buffer == old)
            target.buffer = fresh;
    if (channelTile) {
      nextStates[i] = {fresh, Leaf::Tile};
      continue;
    }
    old.getDefiningOp()->erase();
    stateBuffers[i] = fresh;
  }
}

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
    t = arith::SubIOp::create(b, loc, arith::SubIOp::create(b, loc, steps, one), t);
  f.firstStep = t;
  e.parity = twice ? loop.getRegionIterArgs().front() : Value();
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

/// True if some state has two buffers that take turns.
bool GroupEmitter::hasDoubleStates() const {
  return llvm::any_of(stateBuffers, [](Value buffer) {
    return cast<MemRefType>(buffer.getType()).getDimSize(1) == 2;
  });
}

/// Copies `v` from one of its places to another.
void GroupEmitter::copy(Value v, Leaf from, Leaf to, const Frame &f) {
  e.leaves[v] = from;
  emitNest(e, Nest{{Store{v, {Piece{v, {}, {}, {}}}, {to}}}, v}, f, schedule, prologue, false);
}

/// Gives the loops inside of `timeLoop`, and those next to it, constant indices.
static void unrollInner(Block *block, scf::ForOp timeLoop) {
  SmallVector<scf::ForOp> loops;
  block->walk([&](scf::ForOp loop) { // inner ones first
    std::optional<APInt> count = loop.getStaticTripCount();
    if (loop != timeLoop && count && count->ule(mostTileVectors))
      loops.push_back(loop);
  });
  for (scf::ForOp loop : loops)
    (void)loopUnrollFull(loop);
}

/// A strip of time, one tile of channels after the other.
void GroupEmitter::emitTiles(Frame f, Value first, Value count, bool streaming) {
  Value tiles = e.constant(llvm::divideCeil(channels.size, channelTile));
  auto loop = scf::ForOp::create(b, loc, zero, tiles, one);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value tile = loop.getInductionVar();
  e.firstChannel = arith::MulIOp::create(b, loc, tile, e.constant(channelTile));
  f.allChannels = channels.size;
  f.channelTile = channelTile;
  DenseMap<Value, Leaf> saved = e.leaves;
  for (auto &[v, leaf] : tileWeights) {
    copy(v, *e.leafOf(v), leaf, f);
    e.leaves[v] = leaf;
  }
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
  if (!hasStrips && !channelTile) {
    scf::ForOp loop = emitSteps(f, zero, steps, twice ? zero : Value(), streaming);
    return twice ? loop.getResult(0) : Value();
  }
  auto loop =
      scf::ForOp::create(b, loc, zero, steps, stripSteps, twice ? ValueRange{zero} : ValueRange{});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value t0 = loop.getInductionVar();
  Value left = arith::SubIOp::create(b, loc, steps, t0);
  Value count = arith::MinSIOp::create(b, loc, left, stripSteps);
  Frame strip = f;
  strip.steps = count;
  strip.firstStep = t0;
  strip.lastStep = arith::SubIOp::create(b, loc, arith::SubIOp::create(b, loc, steps, one), t0);
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

/// True at run time if the outs are large and aligned: then they go past the caches.
Value GroupEmitter::streamingCondition() {
  Value condition;
  if (!schedule.getStreamBytes() || contractions || hasStrips)
    return {};
  for (Value out : op.getOuts()) {
    auto it = wholeBuffers.find(out);
    auto type = typeOf(out);
    if (it == wholeBuffers.end() || type.getRank() == 0 || type.isDynamicDim(type.getRank() - 1) ||
        type.getDimSize(type.getRank() - 1) % e.lanes || type.getElementTypeBitWidth() != 32)
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

/// What the step captures is read once for a tile of channels and a strip.
void GroupEmitter::planWeights() {
  for (Value v : channels.weights)
    if (isOfTile(v) && e.leafOf(v))
      tileWeights[v] = ofTile(v);
}

void GroupEmitter::emitTask(Value task) {
  e.task = task;
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
  Frame f = frame(rows, firstRow, outerBatch);
  e.leaves = baseLeaves;
  e.parity = {};
  // The initial value of a state is what its argument means before the first step.
  for (auto [state, buffer] : llvm::zip_equal(op.getStateArgs(), stateBuffers)) {
    Nest nest{{Store{state, {Piece{state, {}, {}, {}}}, {Leaf{buffer, Leaf::State}}}}, state};
    emitNest(e, nest, f, schedule, prologue, false);
  }
  baseLeaves = e.leaves; // buffers of outer values that were made on the way
  for (auto [state, buffer] : llvm::zip_equal(op.getStateArgs(), stateBuffers))
    e.leaves[state] = {buffer, Leaf::State};
  Value streaming = streamingCondition();
  Value parity;
  e.prefetchSteps = contractions || hasStrips || channelTile ? 0 : schedule.getPrefetch();
  if (streaming) {
    SmallVector<Type> types;
    bool twice = hasDoubleStates();
    if (twice)
      types.push_back(b.getIndexType());
    auto choice = scf::IfOp::create(b, loc, types, streaming, /*withElse=*/true);
    DenseMap<Value, Leaf> saved = e.leaves;
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
    if (twice)
      parity = choice.getResult(0);
  } else {
    parity = emitTime(f, false);
  }
  e.prefetchSteps = 0;
  e.parity = parity;
  for (auto [state, buffer, final] :
       llvm::zip_equal(op.getStateArgs(), stateBuffers, op.getFinals())) {
    e.leaves[state] = {buffer, Leaf::State};
    if (final.use_empty())
      continue;
    Nest nest{{Store{state, {Piece{state, {}, {}, {}}}, {Leaf{wholeBuffers[final], Leaf::Batch}}}},
              state};
    emitNest(e, nest, f, schedule, prologue, false);
  }
  e.parity = {};
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
  for (auto &[v, buffer] : wholeBuffers) {
    Value tensor = bufferization::ToTensorOp::create(
        b, loc,
        RankedTensorType::get(cast<MemRefType>(buffer.getType()).getShape(),
                              typeOf(v).getElementType()),
        buffer, /*restrict=*/true, /*writable=*/true);
    if (tensor.getType() != v.getType())
      tensor = tensor::CastOp::create(b, loc, v.getType(), tensor);
    v.replaceAllUsesWith(tensor);
  }
  for (Operation *member : llvm::reverse(group.after.getArrayRef()))
    member->erase();
  op.erase();
  for (Operation *member : llvm::reverse(group.before.getArrayRef()))
    member->erase();
}

void GroupEmitter::run() {
  e.recurrence = op;
  e.isMember = [this](Operation *o) { return group.contains(o); };
  e.prologue = &prologue;
  computeSizes();
  SmallVector<Operation *> before(group.before.begin(), group.before.end());
  SmallVector<Operation *> after(group.after.begin(), group.after.end());
  auto isMember = [&](Operation *o) { return group.contains(o); };
  hasStrips = !after.empty() || !valuesWithBuffers(before, isMember).empty();
  Value wanted = arith::ConstantIndexOp::create(b, loc, schedule.getStrip());
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
  auto loop =
      scf::ForallOp::create(b, loc, ArrayRef<OpFoldResult>{tasks}, ValueRange{}, std::nullopt);
  b.setInsertionPointAfter(anchor);
  planWeights();
  prologue = b.saveInsertionPoint();
  b.setInsertionPointToStart(loop.getBody());
  emitTask(loop.getInductionVar(0));
  b.setInsertionPoint(op);
  e.leaves = baseLeaves;
  emitDelayFinals();
  replaceResults();
}

//===-----------------------------------------------------------------------===//
// Ops outside of recurrences
//===-----------------------------------------------------------------------===//

/// One linalg op on whole tensors as a vector loop nest.
static void emitWhole(linalg::GenericOp op, seq::ScheduleAttr schedule) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  VectorEval e(b, loc, schedule.getVectorBits() / 32);
  e.isMember = [&](Operation *o) { return o == op || isa<linalg::FillOp, tensor::EmptyOp>(o); };
  SmallVector<Store> stores;
  SmallVector<Value> buffers;
  for (Value v : op->getResults()) {
    SmallVector<int64_t> shape(typeOf(v).getShape());
    SmallVector<Value> dynamic;
    for (int64_t d = 0; d < typeOf(v).getRank(); ++d)
      if (typeOf(v).isDynamicDim(d))
        dynamic.push_back(e.sizeOf(v, d));
    buffers.push_back(memref::AllocOp::create(
        b, loc, MemRefType::get(shape, typeOf(v).getElementType()), dynamic));
    stores.push_back({v, {Piece{v, {}, {}, {}}}, {Leaf{buffers.back(), Leaf::Whole}}});
  }
  // What the nest needs at its beginning is put before this constant.
  Operation *anchor = arith::ConstantIndexOp::create(b, loc, 0);
  OpBuilder::InsertPoint prologue(anchor->getBlock(), Block::iterator(anchor));
  e.prologue = &prologue;
  Frame f;
  f.whole = true;
  emitNest(e, Nest{stores, op->getResult(0)}, f, schedule, prologue, false);
  for (auto [v, buffer] : llvm::zip_equal(op->getResults(), buffers))
    v.replaceAllUsesWith(bufferization::ToTensorOp::create(b, loc, v.getType(), buffer,
                                                           /*restrict=*/true, /*writable=*/true));
  op.erase();
}

static bool canEmitWhole(linalg::GenericOp op) {
  if (!canEvaluate(op) || op->getNumResults() == 0)
    return false;
  auto hasBool = [](Value v) { return holdsBools(v); };
  return llvm::none_of(op->getOperands(), hasBool) && llvm::none_of(op->getResults(), hasBool);
}

//===-----------------------------------------------------------------------===//
// The pass
//===-----------------------------------------------------------------------===//

namespace {
struct ConvertSeqToVectorPass : seqc::impl::ConvertSeqToVectorPassBase<ConvertSeqToVectorPass> {
  /// Recurrences outside of others, in program order.
  SmallVector<seq::RecurrenceOp> outermost() {
    SmallVector<seq::RecurrenceOp> ops;
    getOperation().walk([&](seq::RecurrenceOp op) {
      auto schedule = op.getScheduleAttr();
      if (!op->getParentOfType<seq::RecurrenceOp>() && schedule &&
          schedule.getPlan() == seq::Plan::Fused && !op->hasAttr("seqc.scalar"))
        ops.push_back(op);
    });
    return ops;
  }

  void runOnOperation() override {
    while (true) {
      SmallVector<seq::RecurrenceOp> ops = outermost();
      if (ops.empty())
        break;
      for (seq::RecurrenceOp op : ops)
        if (failed(convert(op)))
          return signalPassFailure();
    }
    SmallVector<linalg::GenericOp> rest;
    getOperation().walk([&](linalg::GenericOp op) {
      if (isa<func::FuncOp>(op->getParentOp()) && !op->getParentOfType<seq::RecurrenceOp>())
        rest.push_back(op);
    });
    for (linalg::GenericOp op : rest)
      if (auto schedule = op->getParentOp()->getAttrOfType<seq::ScheduleAttr>("seq.schedule"))
        if (schedule.getPlan() == seq::Plan::Fused && canEmitWhole(op))
          emitWhole(op, schedule);
  }

  /// What was not expanded before is called element by element.
  static void remarkOnLibm(seq::RecurrenceOp op) {
    llvm::SmallSetVector<OperationName, 2> names;
    op.getStep().walk([&](Operation *inner) {
      if (needsLibm(inner, /*precise=*/true))
        names.insert(inner->getName());
    });
    for (OperationName name : names)
      op.emitRemark("this step calls the C library for each element of '")
          << name << "', which has no vector form here";
  }

  LogicalResult convert(seq::RecurrenceOp op) {
    if (Operation *obstacle = firstObstacle(op)) {
      op.emitRemark("this step runs as scalar code: '")
          << obstacle->getName() << "' has no vector form here";
      if (op.getStep()
              .walk([](seq::RecurrenceOp) { return WalkResult::interrupt(); })
              .wasInterrupted())
        return lowerRecurrenceToLoops(op);
      op->setAttr("seqc.scalar", UnitAttr::get(op.getContext()));
      return success();
    }
    remarkOnLibm(op);
    Group group{op, {}, {}};
    addProducers(group, op.getBatchRank() + 1);
    addConsumers(group, op.getBatchRank() + 1);
    GroupEmitter(group).run();
    return success();
  }
};
} // namespace
