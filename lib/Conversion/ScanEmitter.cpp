// Plan `scan`: rows, spans of time and blocks. See ScanEmitter.h for the idea.
#include "ScanEmitter.h"
#include "seqc/Analysis/Interleaved.h"
#include "seqc/Analysis/ScanForm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// The one seq.combine that makes the next states, or null.
static seq::CombineOp combineOf(seq::RecurrenceOp op) {
  auto combine = op.getYield().getNext().front().getDefiningOp<seq::CombineOp>();
  if (!combine || !llvm::equal(combine.getResults(), op.getYield().getNext()) ||
      !llvm::equal(combine.getEarlier(), op.getStateArgs()))
    return {};
  return combine;
}

static int64_t channelsOf(seq::RecurrenceOp op) {
  auto type = typeOf(op.getStateArgs().front());
  return type.hasStaticShape() ? type.getNumElements() : ShapedType::kDynamic;
}

Operation *ScanEmitter::firstObstacle(seq::RecurrenceOp op) {
  int64_t lanes = op.getScheduleAttr().getVectorBits() / 32;
  if (!combineOf(op) || channelsOf(op) < 1 || 2 * channelsOf(op) > lanes)
    return op;
  for (Value v : op.getStateArgs())
    if (typeOf(v).getShape() != typeOf(op.getStateArgs().front()).getShape())
      return op;
  for (Value v : op.getYield().getOut())
    if (auto shape = typeOf(op.getStateArgs().front()).getShape();
        !hasShapeInParts(v, shape) && !hasLeadingSizes(typeOf(v).getShape(), shape))
      return op;
  for (Operation &inner : op.getBody()->without_terminator())
    if (!isa<seq::CombineOp>(inner) && !isInterleaving(&inner) &&
        (!canEvaluate(&inner) || isReductionOp(&inner) ||
         isa<tensor::PadOp, tensor::ConcatOp, tensor::InsertSliceOp>(inner)))
      return &inner;
  for (Operation &inner : combineOf(op).getBody()->without_terminator())
    if (!canEvaluate(&inner) || isReductionOp(&inner))
      return &inner;
  return nullptr;
}

ScanEmitter::ScanEmitter(Group group)
    : group(group), op(group.recurrence), combine(combineOf(op)), b(op), loc(op.getLoc()),
      e(b, loc, op.getScheduleAttr().getVectorBits() / 32), schedule(op.getScheduleAttr()),
      components(op.getNumStates()), channels(channelsOf(op)), all(components, true) {
  units = e.lanes / channels;
  bool even = units * channels == e.lanes && llvm::isPowerOf2_64(units);
  largest.groups = schedule.getRows();
  if (even) // else runs would not fill whole units
    largest.vectors = std::min<int64_t>(units, llvm::bit_floor<uint64_t>(schedule.getVectors()));
}

/// Adds what `v` is computed from by ops of `block`, but not what `stop` is computed from.
static void addReads(Value v, Block *block, Operation *stop, DenseSet<Value> &read) {
  SmallVector<Value> work = {v};
  while (!work.empty()) {
    Value at = work.pop_back_val();
    Operation *def = at.getDefiningOp();
    if (read.insert(at).second && def && def != stop && def->getBlock() == block)
      def->walk([&](Operation *inner) { llvm::append_range(work, inner->getOperands()); });
  }
}

void ScanEmitter::findNeeded() {
  needed.resize(components);
  DenseSet<Value> read;
  for (Value out : op.getYield().getOut()) // what the combination itself needs is found below
    addReads(out, op.getBody(), combine, read);
  for (unsigned c = 0; c < components; ++c) {
    bool old = read.contains(op.getStateArgs()[c]);
    readsOldStates |= old;
    needed[c] = old || read.contains(combine.getResult(c)) || !op.getFinals()[c].use_empty();
  }
  // What the needed ones are made of.
  for (bool changed = true; changed;) {
    changed = false;
    for (unsigned c : llvm::BitVector(needed).set_bits()) {
      DenseSet<Value> seen;
      addReads(combine.getYield().getNext()[c], combine.getBody(), nullptr, seen);
      for (unsigned from = 0; from < components; ++from)
        if (!needed[from] && seen.contains(combine.getBody()->getArgument(from)))
          needed[from] = changed = true;
    }
  }
}

void ScanEmitter::allocate() {
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
}

//===-----------------------------------------------------------------------===//
// Places
//===-----------------------------------------------------------------------===//

/// Where the lanes of one unit are in a step value: all of its elements, in each unit.
Index ScanEmitter::channelIndex(RankedTensorType step) {
  Index at;
  int64_t inner = channels;
  for (int64_t size : step.getShape()) {
    inner /= size;
    Distances distances;
    for (int64_t l = 0; l < e.lanes; ++l)
      distances.push_back(l % channels / inner % size);
    at.push_back(e.withPattern(Value(), distances));
  }
  return at;
}

Index ScanEmitter::channelIndex() { return channelIndex(typeOf(op.getStateArgs().front())); }

/// The component that `v` is a state, a result or an argument of the combination of, or -1.
int64_t ScanEmitter::componentOf(Value v) {
  for (ValueRange values :
       {ValueRange(combine.getResults()), ValueRange(op.getStateArgs()),
        ValueRange(combine.getBody()->getArguments().take_front(components)),
        ValueRange(combine.getBody()->getArguments().drop_front(components))})
    if (auto at = llvm::find(values, v); at != values.end())
      return at - values.begin();
  return -1;
}

/// What each lane's unit holds of a component at `idx`, where that is not the lane's own channel.
Value ScanEmitter::rearranged(Value v, const Index &idx) {
  int64_t c = componentOf(v);
  if (c < 0 || idx == channelIndex())
    return {};
  Value own = e.eval(v, channelIndex());
  auto distinct = combine->getAttrOfType<DenseI64ArrayAttr>("distinct");
  int64_t repeats = distinct ? channels / distinct[c] : 1;
  SmallVector<int64_t> from(e.lanes, 0);
  for (auto [i, size] : llvm::zip_equal(idx, typeOf(v).getShape()))
    for (int64_t l = 0; l < e.lanes; ++l)
      from[l] = from[l] * size + i.offset + (i.pattern ? (*i.pattern)[l] : l * i.lane);
  bool isOwn = true;
  for (int64_t l = 0; l < e.lanes; ++l)
    isOwn &= from[l] / repeats == l % channels / repeats;
  return isOwn ? own : shuffle(own, [&](int64_t l) {
    return std::min(l / channels, units - 1) * channels + from[l];
  });
}

/// Lane l is at step `first` + vector · units + its unit; with `single`, all are at step `first`.
/// Steps count in the direction of time.
void ScanEmitter::setTime(Value first, int64_t vector, bool single) {
  Distances distances;
  for (int64_t l = 0; l < e.lanes; ++l) {
    int64_t unit = single ? 0 : std::min(l / channels, units - 1);
    distances.push_back(op.getReverse() && !single ? units - 1 - unit : unit);
  }
  // What is known of a block's vectors does not hold for a single step.
  e.place.stepInStrip = VectorEval::fixed(single ? -1 : vector);
  if (!op.getReverse()) {
    e.place.time = e.withPattern(first, distances);
    e.place.time.offset += vector * units;
  } else {
    Value last = e.subtract(e.subtract(steps, one), first);
    e.place.time = e.withPattern(last, distances);
    e.place.time.offset -= single ? 0 : vector * units + units - 1;
  }
  if (rowFirst)
    e.place.time = e.add({rowFirst}, e.place.time);
}

void ScanEmitter::storeOuts(Value first, int64_t vector, bool single, bool streaming) {
  if (silent)
    return;
  setTime(first, vector, single);
  for (auto [out, buffer] : llvm::zip_equal(op.getYield().getOut(), outBuffers)) {
    if (!buffer)
      continue;
    int64_t count = single ? channels : units * channels;
    Leaf leaf{buffer, Leaf::Sequence};
    if (std::optional<Interleaved> parts = interleaved(out)) {
      Index at = channelIndex(typeOf(parts->even));
      Value even = e.eval(parts->even, at), odd = e.eval(parts->odd, at);
      at.push_back(VectorEval::fixed(0));
      e.storePairs(even, odd, buffer, e.leafIndex(leaf, at), count, streaming);
      continue;
    }
    Index at = channelIndex(typeOf(out));
    e.spread(e.eval(out, at), buffer, e.leafIndex(leaf, at), count, streaming);
  }
}

//===-----------------------------------------------------------------------===//
// Spans of time
//===-----------------------------------------------------------------------===//

/// One step from `carry`, in every unit of lanes alike.
ScanEmitter::Tuple ScanEmitter::emitStep(Value step, const Tuple &carry) {
  e.openScope();
  setTime(step, 0, true);
  Tuple states = apply(carry, elements(), needed);
  Index at = channelIndex();
  for (unsigned c : needed.set_bits()) {
    e.define(combine.getResult(c), at, states[c]);
    e.define(op.getStateArgs()[c], at, carry[c]);
  }
  storeOuts(step, 0, true, false);
  e.closeScope();
  return states;
}

ScanEmitter::Tuple ScanEmitter::emitSteps(Value first, Value end, Tuple carry) {
  auto loop = scf::ForOp::create(b, loc, first, end, one, present(carry));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  e.openScope();
  Tuple states = emitStep(loop.getInductionVar(), restore(carry, loop.getRegionIterArgs()));
  e.closeScope();
  scf::YieldOp::create(b, loc, present(states));
  return restore(carry, loop.getResults());
}

/// Which lane of the same channel a lane takes its value from.
ScanEmitter::Tuple ScanEmitter::moveUnits(const Tuple &t,
                                          llvm::function_ref<int64_t(int64_t)> unitFor) {
  return shuffle(t, [&](int64_t l) {
    return unitFor(std::min(l / channels, units - 1)) * channels + l % channels;
  });
}

/// What precedes each run of a group: `carry`, then the states at the ends of the runs before.
ScanEmitter::Tuple ScanEmitter::statesBefore(const Tuple &carry, const Tuple &ends, Shape shape) {
  Tuple before(components);
  for (unsigned c : needed.set_bits()) {
    Value shifted = shuffle(ends[c], [&](int64_t l) { return l >= channels ? l - channels : l; });
    before[c] = select([&](int64_t l) { return l < channels; }, carry[c], shifted);
  }
  return moveUnits(before, [&](int64_t u) { return timeOfUnit(u, shape.vectors); });
}

/// Elements and products of the block at `first`.
ScanEmitter::Loaded ScanEmitter::loadBlock(Value first, Shape shape) {
  int64_t groups = shape.groups, perGroup = shape.vectors;
  Loaded block;
  block.rows.resize(groups);
  for (int64_t g = 0; g < groups; ++g) {
    SmallVector<Tuple> &rows = block.rows[g];
    for (int64_t i = 0; i < perGroup; ++i) {
      setTime(first, g * perGroup + i, false);
      rows.push_back(elements());
    }
    block.elements.push_back(rows);
    watchNumbers(rows, shape); // while they are in registers
    transpose(rows);
    watch(rows.front());
  }
  // Groups side by side: each is one chain of dependent operations.
  for (int64_t j = 1; j < perGroup; ++j)
    for (SmallVector<Tuple> &rows : block.rows) {
      rows[j] = apply(rows[j - 1], rows[j], all);
      watch(rows[j]);
    }
  SmallVector<int64_t> unitOfRun(units);
  for (int64_t u = 0; u < units; ++u)
    unitOfRun[timeOfUnit(u, perGroup)] = u;
  for (const SmallVector<Tuple> &rows : block.rows)
    block.ends.push_back(moveUnits(rows.back(), [&](int64_t u) { return unitOfRun[u]; }));
  prefixesOfUnits(block.ends);
  return block;
}

/// What the last unit of `t` holds, in every unit.
ScanEmitter::Tuple ScanEmitter::lastUnit(const Tuple &t) {
  return moveUnits(t, [&](int64_t) { return units - 1; });
}

/// One block from step `first`; returns the states after it.
ScanEmitter::Tuple ScanEmitter::emitBlock(Value first, Shape shape, const Tuple &carry,
                                          bool streaming) {
  e.openScope();
  int64_t perGroup = shape.vectors;
  Loaded block = loadBlock(first, shape);
  Tuple next = carry;
  SmallVector<Tuple> states, old;
  for (int64_t g = 0; g < shape.groups; ++g) {
    Tuple after = apply(next, block.ends[g], needed), before(components);
    if (perGroup > 1 || readsOldStates)
      before = statesBefore(next, after, shape);
    old.push_back(before);
    for (const Tuple &row : block.rows[g])
      states.push_back(perGroup == 1 ? after : apply(before, row, needed));
    old.append(states.end() - perGroup, states.end() - 1);
    // The last state of the group, bit for bit what its out shows.
    Tuple last = lastUnit(states.back());
    watchTotal(block.elements[g], lastUnit(block.ends[g]));
    if (llvm::is_contained(factors(), -1))
      watchStates(next, last);
    next = last;
  }
  if (!llvm::is_contained(factors(), -1)) // else groups may grow without bound
    watchStates(carry, next);
  return storeIfSound(first, shape, carry, next, states, old, streaming);
}

/// The outs of a block whose states are `states`, or its evaluation step by step.
ScanEmitter::Tuple ScanEmitter::storeIfSound(Value first, Shape shape, const Tuple &carry,
                                             const Tuple &next, SmallVector<Tuple> &states,
                                             SmallVector<Tuple> &old, bool streaming) {
  watchFinite(states);
  Value lanes = soundLanes(), sound = lanes ? inAllLanes(lanes) : Value();
  Tuple result = next;
  OpBuilder::InsertionGuard guard(b);
  if (sound) {
    SmallVector<Type> types =
        llvm::map_to_vector(present(next), [](Value v) { return v.getType(); });
    auto choice = scf::IfOp::create(b, loc, types, sound, /*withElse=*/true);
    b.setInsertionPointToStart(choice.elseBlock());
    e.openScope();
    Value end = arith::AddIOp::create(b, loc, first, e.constant(stepsOf(shape)));
    scf::YieldOp::create(b, loc, present(emitSteps(first, end, carry)));
    e.closeScope();
    b.setInsertionPointToStart(choice.thenBlock());
    result = restore(next, choice.getResults());
  }
  e.openScope();
  for (int64_t g = 0; g < shape.groups; ++g) {
    transpose(MutableArrayRef(states).slice(g * shape.vectors, shape.vectors));
    if (readsOldStates)
      transpose(MutableArrayRef(old).slice(g * shape.vectors, shape.vectors));
  }
  Index at = channelIndex();
  for (auto [i, row] : llvm::enumerate(states)) {
    setTime(first, i, false);
    for (unsigned c : needed.set_bits()) {
      e.define(combine.getResult(c), at, row[c]);
      if (readsOldStates)
        e.define(op.getStateArgs()[c], at, old[i][c]);
    }
    storeOuts(first, i, false, streaming);
  }
  e.closeScope();
  if (sound)
    scf::YieldOp::create(b, loc, present(next));
  e.closeScope();
  return result;
}

/// Whole blocks from step `first` on to `end`.
ScanEmitter::Tuple ScanEmitter::emitBlocks(Value first, Value end, Shape shape, Tuple carry,
                                           bool streaming) {
  auto loop = scf::ForOp::create(b, loc, first, end, e.constant(stepsOf(shape)), present(carry));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Tuple inside = restore(carry, loop.getRegionIterArgs());
  Tuple next = emitBlock(loop.getInductionVar(), shape, inside, streaming);
  scf::YieldOp::create(b, loc, present(next));
  return restore(carry, loop.getResults());
}

/// Steps [first, end) from `carry`.
ScanEmitter::Tuple ScanEmitter::emitSpan(Value first, Value end, Tuple carry, bool streaming) {
  SmallVector<Shape> shapes = {largest};
  if (stepsOf(largest) > units)
    shapes.push_back({1, 1});
  for (Shape shape : shapes) {
    Value left = arith::SubIOp::create(b, loc, end, first);
    left = arith::MaxSIOp::create(b, loc, left, zero);
    Value rest = arith::RemUIOp::create(b, loc, left, e.constant(stepsOf(shape)));
    Value last = arith::SubIOp::create(b, loc, end, rest);
    carry = emitBlocks(first, last, shape, carry, streaming && shape == largest);
    first = last;
  }
  return emitSteps(first, end, carry);
}

/// True at run time if the row's outs are large and aligned: then they go past the caches.
Value ScanEmitter::streamingCondition() {
  Value condition;
  if (!schedule.getStreamBytes() || units * channels != e.lanes || op.getReverse() ||
      op.getTimeAxis() + 1 != op.getSequenceRank())
    return {};
  for (auto [out, buffer] : llvm::zip_equal(op.getYield().getOut(), outBuffers)) {
    if (!buffer)
      continue;
    auto type = cast<MemRefType>(buffer.getType());
    if (type.getElementTypeBitWidth() != 32)
      return {};
    Value bytes = e.constant(4);
    for (int64_t d = 0; d < type.getRank(); ++d)
      bytes = arith::MulIOp::create(b, loc, bytes, memref::DimOp::create(b, loc, buffer, d));
    Value large = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, bytes,
                                        e.constant(schedule.getStreamBytes()));
    // The row begins at a multiple of its own size behind the buffer, or behind the packed ones.
    Value before = rowFirst ? rowFirst : steps;
    Value rowBytes =
        arith::MulIOp::create(b, loc, before, e.constant(4 * typeOf(out).getNumElements()));
    Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, loc, buffer);
    Value bits = arith::OrIOp::create(b, loc, address, rowBytes);
    if (op.getBatchRank() == 0 && !rowFirst)
      bits = address;
    Value low = arith::AndIOp::create(b, loc, bits, e.constant(e.lanes * 4 - 1));
    Value aligned = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, low, zero);
    Value both = arith::AndIOp::create(b, loc, large, aligned);
    condition = condition ? arith::AndIOp::create(b, loc, condition, both).getResult() : both;
  }
  return condition;
}

//===-----------------------------------------------------------------------===//
// Rows
//===-----------------------------------------------------------------------===//

ScanEmitter::Tuple ScanEmitter::initialCarry() {
  Tuple carry(components);
  for (unsigned c : needed.set_bits())
    carry[c] = e.eval(op.getStateArgs()[c], channelIndex());
  return carry;
}

void ScanEmitter::storeFinals(const Tuple &carry) {
  Index at = channelIndex();
  for (auto [buffer, v] : llvm::zip_equal(finalBuffers, carry))
    if (buffer)
      e.spread(v, buffer, e.leafIndex({buffer, Leaf::Batch}, at), channels, false);
}

/// Steps [first, end) of a row, past the caches where that pays.
ScanEmitter::Tuple ScanEmitter::emitTime(Value first, Value end, const Tuple &carry) {
  Value streaming = streamingCondition();
  if (!streaming)
    return emitSpan(first, end, carry, false);
  SmallVector<Type> types =
      llvm::map_to_vector(present(carry), [](Value v) { return v.getType(); });
  auto choice = scf::IfOp::create(b, loc, types, streaming, /*withElse=*/true);
  for (bool past : {true, false}) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(past ? choice.thenBlock() : choice.elseBlock());
    e.openScope();
    scf::YieldOp::create(b, loc, present(emitSpan(first, end, carry, past)));
    e.closeScope();
  }
  return restore(carry, choice.getResults());
}

void ScanEmitter::replaceResults() {
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

void ScanEmitter::run() {
  e.recurrence = op;
  e.isMember = [this](Operation *o) { return group.contains(o); };
  e.rearranged = [this](Value v, const Index &idx) { return rearranged(v, idx); };
  e.lanesAreSteps = true;
  e.entry = &entry;
  findNeeded();
  zero = e.constant(0);
  one = e.constant(1);
  for (int64_t d = 0; d < op.getBatchRank(); ++d)
    batchSizes.push_back(e.sizeOf(op.getInitial().front(), d));
  steps = e.sizeOfSteps();
  Value rows = one;
  for (Value size : batchSizes)
    rows = arith::MulIOp::create(b, loc, rows, size);
  allocate();
  Operation *anchor = arith::ConstantIndexOp::create(b, loc, 0);
  entry = OpBuilder::InsertPoint(anchor->getBlock(), Block::iterator(anchor));
  if (schedule.getChunk())
    emitChunks(rows);
  else
    emitRows(rows);
  b.setInsertionPoint(op);
  replaceResults();
}
