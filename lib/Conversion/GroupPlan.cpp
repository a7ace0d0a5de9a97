// The plan of a group: its tasks and strips, buffers, and nests of loops.
#include "BlockThreads.h"
#include "GroupEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "seqc/Analysis/Interleaved.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

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

/// A buffer for a task's `v`, behind `leading` sizes: shared memory where a task is a block.
Value GroupEmitter::allocateOfTask(Value v, SmallVector<OpFoldResult> leading) {
  auto type = typeOf(v);
  SmallVector<int64_t> shape = {1};
  for (OpFoldResult size : leading)
    shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  llvm::append_range(shape, type.getShape());
  if (e.threads && !llvm::any_of(shape, ShapedType::isDynamic))
    if (int64_t bytes = sharedBytesOf(shape, type.getElementType()); bytes <= e.sharedBytesLeft) {
      e.sharedBytesLeft -= bytes;
      return sharedBuffer(b, loc, shape, type.getElementType());
    }
  leading.insert(leading.begin(), tasks);
  return allocateLike(v, leading, 0);
}

/// Takes back the buffer of a task.
void GroupEmitter::releaseOfTask(Value buffer) {
  if (buffer.getDefiningOp<memref::GetGlobalOp>()) {
    auto type = cast<MemRefType>(buffer.getType());
    e.sharedBytesLeft += sharedBytesOf(type.getShape(), type.getElementType());
    eraseSharedBuffer(buffer);
    return;
  }
  buffer.getDefiningOp()->erase();
}

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
  return {allocateOfTask(v, leading), prefix};
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
  if (eachStep) { // all rows are one tile
    for (Value size : batchSizes)
      tileRows = tileRows == one ? size : arith::MulIOp::create(b, loc, tileRows, size).getResult();
    return;
  }
  // Packed sequences have lengths of their own: a task is one of them.
  int64_t rows = channelTile || op.isPacked() ? 1 : std::max<int64_t>(1, schedule.getBatchTile());
  Value wanted = arith::ConstantIndexOp::create(b, loc, rows);
  tileRows =
      rows == 1 ? one : arith::MinSIOp::create(b, loc, batchSizes.back(), wanted).getResult();
  tileRows = rows == 1 ? one : arith::MaxSIOp::create(b, loc, tileRows, one).getResult();
  tasks = rows == 1 ? batchSizes.back()
                    : arith::CeilDivUIOp::create(b, loc, batchSizes.back(), tileRows).getResult();
  for (Value size : ArrayRef<Value>(batchSizes).drop_back())
    tasks = arith::MulIOp::create(b, loc, tasks, size);
}

/// Tiles of channels as tasks: without strips, and where no other tile writes what one does.
void GroupEmitter::planTileTasks() {
  auto isOfChannels = [&](Value v) {
    std::optional<Interleaved> parts = interleaved(v);
    ArrayRef<int64_t> shape = typeOf(parts ? parts->even : v).getShape();
    return !shape.empty() && shape.back() == channels.size;
  };
  tileTasks = channelTile && !schedule.getStrip() && !hasStrips &&
              llvm::all_of(op.getYield().getOut(), isOfChannels);
  if (tileTasks)
    tasks = arith::MulIOp::create(b, loc, tasks, e.constant(countTiles()));
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
        Value buffer = allocateLike(v, {tasks, tileRows, stripSteps}, op.getSequenceRank());
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
    DenseSet<Value> written; // by earlier nests: read where it was put
    for (int64_t n = 0; n < int64_t(nests.size()); ++n) {
      auto isLate = [&](Value root, bool inParts) {
        bool found = false;
        visitReads(root, isMember, [&, state = state](Value v, bool elementwise) {
          found |= v == state && (n > writer || !elementwise || inParts);
          return !written.contains(v);
        });
        return found;
      };
      for (const Store &store : nests[n].stores)
        for (const Piece &piece : store.pieces)
          for (Value source : {piece.source, piece.odd})
            late[i] = late[i] || (n >= writer && source && isLate(source, store.pieces.size() > 1));
      for (const Store &store : nests[n].stores)
        written.insert(store.value);
    }
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
  SmallVector<OpFoldResult> leading = {b.getIndexAttr(1), tileRows};
  for (Value state : op.getStateArgs()) {
    stateBuffers.push_back(allocateOfTask(state, leading));
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
      SmallVector<OpFoldResult> sizes;
      if (!op.isPacked())
        sizes.append(batchSizes.begin(), batchSizes.end());
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
      targets[v].push_back(ofStep(v, {tileRows}, Leaf::Step));

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
  leading[0] = b.getIndexAttr(2);
  for (auto [i, state] : llvm::enumerate(op.getStateArgs())) {
    if (!late[i])
      continue;
    Value old = current(i).buffer;
    Value fresh = channelTile ? ofTile(state).buffer : allocateOfTask(state, leading);
    for (Nest &nest : stepNests)
      for (Store &store : nest.stores)
        for (Leaf &target : store.targets)
          if (target.buffer == old)
            target.buffer = fresh;
    if (channelTile) {
      nextStates[i] = {fresh, Leaf::Tile};
      continue;
    }
    releaseOfTask(old);
    stateBuffers[i] = fresh;
  }
}

/// True if some state has two buffers that take turns.
bool GroupEmitter::hasDoubleStates() const {
  return llvm::any_of(stateBuffers, [](Value buffer) {
    return cast<MemRefType>(buffer.getType()).getDimSize(1) == 2;
  });
}

/// What the step captures is read once for a tile of channels and a strip.
/// The op of the function's body that holds the group's, if that is another one and holds none of
/// the tensors that the group reads from outside: what does not change is prepared before it.
Operation *GroupEmitter::outermostLoop() {
  Operation *outer = op;
  while (outer->getParentOp() && !isa<func::FuncOp>(outer->getParentOp()))
    outer = outer->getParentOp();
  if (outer == op)
    return nullptr;
  auto isInside = [&](Value v) {
    Operation *def = v.getDefiningOp();
    return isa<RankedTensorType>(v.getType()) &&
           outer->isAncestor(v.getParentBlock()->getParentOp()) &&
           !op.getStep().isAncestor(v.getParentRegion()) && !(def && group.contains(def));
  };
  auto readsInside = [&](Operation *reader) {
    return reader
        ->walk([&](Operation *inner) {
          return llvm::any_of(inner->getOperands(), isInside) ? WalkResult::interrupt()
                                                              : WalkResult::advance();
        })
        .wasInterrupted();
  };
  bool changes = readsInside(op) || llvm::any_of(group.before, readsInside) ||
                 llvm::any_of(group.after, readsInside);
  return changes ? nullptr : outer;
}

void GroupEmitter::planWeights() {
  for (Value v : channels.weights)
    if (isOfTile(v) && (e.leafOf(v) || v.getDefiningOp<tensor::ExtractSliceOp>()))
      tileWeights[v] = ofTile(v);
}
