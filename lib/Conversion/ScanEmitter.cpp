// Plan `scan`: rows, spans of time and blocks. See ScanEmitter.h for the idea.
#include "ScanEmitter.h"
#include "seqc/Analysis/Interleaved.h"
#include "seqc/Analysis/ScanForm.h"
#include "seqc/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

seq::CombineOp ScanEmitter::combineOf(seq::RecurrenceOp op) {
  auto combine = op.getYield().getNext().front().getDefiningOp<seq::CombineOp>();
  if (!combine || !llvm::equal(combine.getResults(), op.getYield().getNext()) ||
      !llvm::equal(combine.getEarlier(), op.getStateArgs()))
    return {};
  return combine;
}

static ArrayRef<int64_t> shapeOf(seq::RecurrenceOp op) {
  return typeOf(op.getStateArgs().front()).getShape();
}

static int64_t channelsOf(seq::RecurrenceOp op) {
  bool isStatic = llvm::none_of(shapeOf(op), ShapedType::isDynamic);
  return isStatic ? ShapedType::getNumElements(shapeOf(op)) : ShapedType::kDynamic;
}

/// Components but the low parts of coefficients, which are the last.
static unsigned componentsOf(seq::CombineOp combine) {
  auto lows = combine->getAttrOfType<DenseI64ArrayAttr>("lows");
  return combine.getNumResults() - (lows ? lows.size() : 0);
}

Operation *ScanEmitter::firstObstacle(seq::RecurrenceOp op) {
  int64_t lanes = op.getScheduleAttr().getVectorBits() / 32;
  if (!combineOf(op) || channelsOf(op) < 1 || !channelsOfVector(shapeOf(op), lanes))
    return op;
  for (Value v : op.getStateArgs())
    if (typeOf(v).getShape() != shapeOf(op))
      return op;
  for (Value v : op.getYield().getOut())
    if (!hasShapeInParts(v, shapeOf(op)) && !hasLeadingSizes(typeOf(v).getShape(), shapeOf(op)))
      return op;
  if (Operation *inner = firstNotByElement(*op.getBody()))
    return inner;
  for (Operation &inner : combineOf(op).getBody()->without_terminator())
    if (!canEvaluate(&inner) || isReductionOp(&inner))
      return &inner;
  return nullptr;
}

ScanEmitter::ScanEmitter(Group group)
    : TimeLanes(group), combine(combineOf(op)), components(componentsOf(combine)),
      all(components, true) {
  channels = channelsOfVector(shapeOf(op), e.lanes); // side by side in a vector
  tiles = channelsOf(op) / channels;
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
    llvm::BitVector before = needed; // the loop changes it
    for (unsigned c : before.set_bits()) {
      DenseSet<Value> seen;
      addReads(combine.getYield().getNext()[c], combine.getBody(), nullptr, seen);
      for (unsigned from = 0; from < components; ++from)
        if (!needed[from] && seen.contains(combine.getBody()->getArgument(from)))
          needed[from] = changed = true;
    }
  }
}

//===-----------------------------------------------------------------------===//
// Spans of time
//===-----------------------------------------------------------------------===//

/// One step from `carry`, in every unit of lanes alike.
ScanEmitter::Tuple ScanEmitter::emitStep(Value step, const Tuple &carry) {
  e.openScope();
  setTime(step, 0, true);
  Tuple element = elements(), states = apply(carry, element, elementLows(), needed);
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

/// Elements and products of the block at `first`. What does not vary over time is computed in f64.
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
  SmallVector<SmallVector<Tuple>> transposed = block.rows;
  SmallVector<Tuple> lows;
  Tuple wide; // of all groups alike, in front of the loops
  if (isInvariant) {
    lows = lowRows(first, 0, perGroup);
    wide = widened(transposed[0][0], lows[0]);
  }
  // Groups side by side: each is one chain of dependent operations.
  for (int64_t j = 1; j < perGroup; ++j) {
    if (isInvariant)
      wide = multiplyWide(wide, widened(transposed[0][j], lows[j]));
    for (SmallVector<Tuple> &rows : block.rows) {
      rows[j] = apply(rows[j - 1], rows[j], all);
      if (isInvariant)
        roundTo(rows[j], wide);
      watch(rows[j]);
    }
  }
  SmallVector<int64_t> unitOfRun = unitsOfRuns(perGroup);
  auto inOrder = [&](const Tuple &t) {
    return moveUnits(t, [&](int64_t u) { return unitOfRun[u]; });
  };
  for (const SmallVector<Tuple> &rows : block.rows)
    block.ends.push_back(inOrder(rows.back()));
  if (isInvariant) {
    Tuple end = inOrder(wide);
    prefixesOfUnits(block.ends, &end);
    block.lows.assign(groups, lowOf(end, block.ends.front()));
  } else {
    prefixesOfUnits(block.ends);
    findLows(first, transposed, block);
  }
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
    Tuple after = apply(next, block.ends[g], block.lows[g], needed), before(components);
    if (perGroup > 1 || readsOldStates)
      before = statesBefore(next, after, shape);
    old.push_back(before);
    for (const Tuple &row : ArrayRef(block.rows[g]).drop_back())
      states.push_back(apply(before, row, needed));
    // The runs' ends are states already.
    states.push_back(moveUnits(after, [&](int64_t u) { return timeOfUnit(u, perGroup); }));
    old.append(states.end() - perGroup, states.end() - 1);
    // The last state of the group, bit for bit what its out shows.
    Tuple last = lastUnit(after);
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
  if (units == 1)
    return emitSteps(first, end, carry);
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

//===-----------------------------------------------------------------------===//
// Rows
//===-----------------------------------------------------------------------===//

ScanEmitter::Tuple ScanEmitter::initialCarry() {
  Tuple carry(components);
  for (unsigned c : needed.set_bits())
    carry[c] = e.eval(op.getStateArgs()[c], channelIndex());
  return carry;
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

void ScanEmitter::prepare() {
  eraseLinearized(op);
  e.rearranged = [this](Value v, const Index &idx) { return rearranged(v, idx); };
  e.lanesAreSteps = true;
  findNeeded();
  findPrecise();
  findSizes();
  allocateResults();
  markEntry();
}

void ScanEmitter::run() {
  prepare();
  Value rows = countRows(tiles);
  if (schedule.getChunk())
    emitChunks(rows);
  else
    emitRows(rows);
  replaceResults();
}
