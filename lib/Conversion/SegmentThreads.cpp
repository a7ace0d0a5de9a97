// Plans `segments` and `newton` on a GPU: places, runs of steps, and kernels. See SegmentThreads.h
// for the idea.
#include "SegmentThreads.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

static int64_t channelsOf(seq::RecurrenceOp op) {
  auto type = cast<RankedTensorType>(op.getStateArgs().front().getType());
  return type.hasStaticShape() ? type.getNumElements() : 0;
}

SegmentThreads::SegmentThreads(Group group, Weakness weakness)
    : SegmentStep(group, weakness), allChannels(channelsOf(op)),
      blocksOfSegment(schedule.getChunk() / blockSteps), runSteps(schedule.getStrip()),
      shape(std::max<int64_t>(1, allChannels), runSteps, schedule.getRows()),
      lanes(b, loc, shape.width, shape.runs, runSteps) {
  channels = units = 1;
}

bool SegmentThreads::canRun() {
  // Indices along different dimensions must not look alike.
  auto first = cast<RankedTensorType>(op.getStateArgs().front().getType());
  if (allChannels < 1)
    return false;
  SmallVector<Operation *> marks;
  for (auto [at, size] : llvm::zip_equal(firstChannels, first.getShape()))
    if (size > 1) {
      at = arith::ConstantIndexOp::create(b, loc, 0);
      marks.push_back(at.getDefiningOp());
    }
  bool can = canEvaluateStep();
  setFirstChannels({});
  elements.clear();
  invariants.clear();
  e.resetTile();
  for (Operation *mark : marks)
    can &= mark->use_empty();
  for (Operation *mark : marks)
    if (mark->use_empty())
      mark->erase();
  return can;
}

void SegmentThreads::run() {
  findSizes();
  sequences = countRows(1);
  blocks = arith::DivUIOp::create(b, loc, steps, e.constant(blockSteps));
  segments = arith::CeilDivUIOp::create(b, loc, blocks, e.constant(blocksOfSegment));
  warpsOfRow = arith::CeilDivUIOp::create(b, loc, segments, e.constant(shape.runs));
  allocateResults();
  allocate();
  markEntry();
  if (guessesSteps) {
    beginTrajectory();
    repeat(SegmentKernels::statePasses, [&] { emitTrajectoryPass(); });
  }
  emitFirst();
  if (weakness != Weakness::NoRepair) {
    emitRepair(0);
    // Segments of a few blocks are repaired as fast.
    if (linearized && !guessesSteps && blocksOfSegment > shortBlocks)
      repeat(SegmentKernels::startPasses, [&] {
        emitDerivatives();
        emitOffers();
      });
    repeat(SegmentKernels::pairsOfRepairs, [&] {
      emitRepair(1);
      emitRepair(0);
    });
  }
  emitRest();
  replaceResults();
}

//===-----------------------------------------------------------------------===//
// Memory
//===-----------------------------------------------------------------------===//

void SegmentThreads::allocate() {
  constexpr int64_t dynamic = ShapedType::kDynamic;
  SmallVector<Type> states = vectorsOfStates();
  SmallVector<Type> matrix(states.size() * states.size(), states.front());
  auto ofSegments = [&](ArrayRef<Type> types) {
    return shelf(types, {dynamic, dynamic, allChannels}, {sequences, segments});
  };
  starts = ofSegments(states);
  points = shelf(states, {dynamic, blocksOfSegment, dynamic, allChannels}, {sequences, segments});
  for (Shelf &copy : offers)
    copy = ofSegments(states);
  if (linearized) {
    moves = ofSegments(states);
    slopes = ofSegments(matrix);
  }
  if (guessesSteps) {
    startMoves = ofSegments(states);
    trajectory = shelf(states, {dynamic, blocksOfSegment, blockSteps, dynamic, allChannels},
                       {sequences, segments});
  }
  Value all = times(sequences, e.constant(allChannels));
  auto type = MemRefType::get({dynamic}, b.getI32Type());
  for (Value *words : {&round[0], &round[1], &changed[0], &changed[1]})
    *words = memref::AllocOp::create(b, loc, type, all);
  if (linearized)
    for (Value *words : {&slow, &moving, &passing})
      *words = memref::AllocOp::create(b, loc, type, all);
}

Value SegmentThreads::number(int64_t v) { return arith::ConstantIntOp::create(b, loc, v, 32); }

/// What stands in `words` for this thread's channel.
Value SegmentThreads::word(Value words) { return memref::LoadOp::create(b, loc, words, inOrder); }

Value SegmentThreads::isSet(Value words) {
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, word(words), number(0));
}

void SegmentThreads::setWord(Value words, Value v) {
  memref::StoreOp::create(b, loc, v, words, inOrder);
}

//===-----------------------------------------------------------------------===//
// Places
//===-----------------------------------------------------------------------===//

/// From here on code is for channel `channelNumber` of sequence `sequenceNumber`.
void SegmentThreads::setChannel(Value sequenceNumber, Value channelNumber, bool derivative) {
  sequence = sequenceNumber;
  channel = channelNumber;
  inOrder = plus(times(sequence, e.constant(allChannels)), channel);
  beginRow(sequence);
  setFirstChannels(channel);
  elements.clear();
  invariants.clear();
  if (derivative)
    collectDerivative();
  else
    collectStep();
  evaluateInvariants();
  if (derivative)
    findBounds();
}

Value SegmentThreads::firstBlock(Value ofSegment) {
  return times(ofSegment, e.constant(blocksOfSegment));
}

/// In blocks: the last one may have fewer.
Value SegmentThreads::lengthOf(Value ofSegment) {
  return least(minus(blocks, firstBlock(ofSegment)), e.constant(blocksOfSegment));
}

/// Where shelves have a segment of this thread's channel, and its carry behind a block.
SmallVector<Value> SegmentThreads::at(Value ofSegment) { return {sequence, ofSegment, channel}; }
SmallVector<Value> SegmentThreads::pointAt(Value ofSegment, Value block) {
  return {sequence, block, ofSegment, channel};
}

/// What `shelf` has there if `condition` holds; else 0.
SegmentThreads::Tuple SegmentThreads::getIf(Value condition, const Shelf &shelf,
                                            ArrayRef<Value> place) {
  return choose(condition, shelf.types, [&] { return get(shelf, place); }, [&] { return guess(); });
}

Value SegmentThreads::hasNext() { return isLess(plus(segment, one), segments); }

void SegmentThreads::forAllSegments(bool derivative, llvm::function_ref<void()> body) {
  Value groups = e.constant(shape.groups);
  Value all = times(times(sequences, groups), warpsOfRow);
  Value warps = e.constant(schedule.getRows());
  Value count = arith::CeilDivUIOp::create(b, loc, all, warps);
  auto loop =
      scf::ForallOp::create(b, loc, ArrayRef<OpFoldResult>{count}, ValueRange{}, std::nullopt);
  makeBlocks(loop, shape.threads, blocksOfSegmentsOnSm(unsigned(shape.threads)));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  e.isolate([&] {
    lanes.enter(threadOfBlock(b, loc));
    Value work = plus(times(loop.getInductionVar(0), warps), lanes.warp);
    inside(isLess(work, all), [&] {
      Value width = e.constant(shape.width);
      Value row = arith::DivUIOp::create(b, loc, work, warpsOfRow);
      warpFirst = times(arith::RemUIOp::create(b, loc, work, warpsOfRow), e.constant(shape.runs));
      Value ofRow = plus(times(arith::RemUIOp::create(b, loc, row, groups), width), lanes.place);
      segment = plus(warpFirst, lanes.runOfUnit(lanes.unit));
      isChannel = both(lanes.isOwn, isLess(ofRow, e.constant(allChannels)));
      exists = both(isChannel, isLess(segment, segments));
      segment = least(segment, minus(segments, one));
      length = lengthOf(segment);
      setChannel(arith::DivUIOp::create(b, loc, row, groups),
                 least(ofRow, e.constant(allChannels - 1)), derivative);
      body();
    });
  });
}

void SegmentThreads::forAllChannels(bool asWarps, bool derivative,
                                    llvm::function_ref<void()> body) {
  Value all = e.constant(allChannels);
  parallel(times(sequences, all), [&](Value item) {
    auto loop = cast<scf::ForallOp>(b.getInsertionBlock()->getParentOp());
    if (asWarps)
      makeBlocks(loop, warpSize);
    else
      askForBlocks(loop, blocksOfSegmentsOnSm(threadsPerBlock));
    e.isolate([&] {
      setChannel(arith::DivUIOp::create(b, loc, item, all),
                 arith::RemUIOp::create(b, loc, item, all), derivative);
      if (asWarps) // of segments
        inside(isLess(zero, segments), body);
      else
        body();
    });
  });
}

/// `body` so many times: the same kernels.
void SegmentThreads::repeat(int64_t count, llvm::function_ref<void()> body) {
  auto loop = scf::ForOp::create(b, loc, zero, e.constant(count), one);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body();
}

//===-----------------------------------------------------------------------===//
// Runs of steps
//===-----------------------------------------------------------------------===//

/// The run, among those of the warp, and the step of element `row` of a run that this thread loads
/// and stores; see RunLanes.h.
std::pair<Value, Value> SegmentThreads::elementOf(int64_t row) {
  if (shape.runs == 1)
    return {zero, e.constant(row)};
  Value element = plus(lanes.unit, e.constant(row * shape.runs));
  return {arith::DivUIOp::create(b, loc, element, e.constant(runSteps)),
          arith::RemUIOp::create(b, loc, element, e.constant(runSteps))};
}

/// Goes to step `inRun` of part `part` of a block of the warp's segment `run`. A segment without
/// such a block reads some other one.
void SegmentThreads::goTo(Value run, Value block, Value part, Value inRun) {
  Value there = least(plus(warpFirst, run), minus(segments, one));
  Value blockNumber = least(plus(firstBlock(there), block), minus(blocks, one));
  Value first = plus(times(blockNumber, e.constant(blockSteps)), times(part, e.constant(runSteps)));
  setTime(plus(first, inRun), 0, true);
}

/// The elements of a run of each thread's segment, by the row in which they were loaded.
SmallVector<SegmentThreads::Tuple> SegmentThreads::loadRun(Value block, Value part) {
  SmallVector<Tuple> rows;
  for (int64_t row = 0; row < runSteps; ++row) {
    e.openScope();
    auto [run, step] = elementOf(row);
    goTo(run, block, part, step);
    rows.emplace_back();
    for (unsigned i = 0; i < elements.size(); ++i)
      rows.back().push_back(evaluateElement(i));
    e.closeScope();
  }
  lanes.exchange(rows);
  return rows;
}

/// Stores outs, one tuple for each row of a run, of those lanes that are at work.
void SegmentThreads::storeRun(Value block, Value part, Value works, MutableArrayRef<Tuple> rows) {
  if (outs.empty())
    return;
  lanes.exchange(rows, /*ofRuns=*/true);
  Value atWork = seqc::lanesWhere(b, loc, works);
  for (int64_t row = 0; row < runSteps; ++row) {
    auto [run, step] = elementOf(row);
    Value lane = lanes.laneOf(lanes.unitOfRun(run));
    Value bit =
        arith::AndIOp::create(b, loc, arith::ShRUIOp::create(b, loc, atWork, lane), number(1));
    inside(both(isChannel, isSame(bit, number(1))), [&, run = run, step = step] {
      goTo(run, block, part, step);
      storeOuts(rows[row], 1);
    });
  }
}

/// All steps of a block, from `carry` on: `step` gets a step's place in the block and what is
/// handed on. With `stores` it adds outs to what it returns: they are stored by lanes that are at
/// work.
SegmentThreads::Tuple SegmentThreads::forSteps(Value block, const Tuple &carry, Value stores,
                                               InStep step) {
  auto loop = scf::ForOp::create(b, loc, zero, e.constant(blockSteps / runSteps), one, carry);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  e.openScope();
  Value part = loop.getInductionVar();
  SmallVector<Tuple> rows = loadRun(block, part), results(runSteps);
  Tuple now(loop.getRegionIterArgs());
  for (int64_t i = 0; i < runSteps; ++i) {
    e.openScope();
    defineElements(rows[lanes.rowOfStep(i)]);
    Tuple next = step(plus(times(part, e.constant(runSteps)), e.constant(i)), now);
    now.assign(next.begin(), next.begin() + int64_t(carry.size()));
    results[lanes.rowOfStep(i)].assign(next.begin() + int64_t(carry.size()), next.end());
    e.closeScope();
  }
  if (stores)
    storeRun(block, part, stores, results);
  e.closeScope();
  scf::YieldOp::create(b, loc, now);
  return Tuple(loop.getResults());
}

/// Blocks of this thread's segment, while any lane of the warp is at work: `body` gets the block,
/// whether this lane is, and what is handed on, and returns the same of the next block.
SegmentThreads::Tuple SegmentThreads::forBlocks(Value works, const Tuple &carry, InBlock body) {
  SmallVector<Value> init = {zero, works};
  init.append(carry);
  SmallVector<Type> types(ValueRange(init).getTypes());
  SmallVector<Location> places(types.size(), loc);
  auto loop = scf::WhileOp::create(b, loc, types, init);
  OpBuilder::InsertionGuard guard(b);
  Block *before = b.createBlock(&loop.getBefore(), {}, types, places);
  Value atWork = seqc::lanesWhere(b, loc, before->getArgument(1));
  Value any = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, atWork, number(0));
  scf::ConditionOp::create(b, loc, any, before->getArguments());
  Block *after = b.createBlock(&loop.getAfter(), {}, types, places);
  e.openScope();
  Value block = after->getArgument(0), isAtWork = after->getArgument(1);
  auto [goesOn, next] = body(block, isAtWork, Tuple(after->getArguments().drop_front(2)));
  e.closeScope();
  SmallVector<Value> handedOn = {plus(block, one), goesOn};
  handedOn.append(next);
  scf::YieldOp::create(b, loc, handedOn);
  return Tuple(loop.getResults().drop_front(2));
}

/// True for a lane at work that has a block behind `block`.
Value SegmentThreads::goesOn(Value works, Value block) {
  return both(works, isLess(plus(block, one), length));
}

/// All steps of this thread's segment, if it `works`, without outs: `step` gets whether the lane is
/// at work still, the block, the step's place in it, and what is handed on.
SegmentThreads::Tuple SegmentThreads::forAllSteps(Value works, const Tuple &init, OfSegment step) {
  return forBlocks(works, init, [&](Value block, Value atWork, const Tuple &carry) {
    Tuple next = forSteps(block, carry, /*stores=*/{}, [&](Value inBlock, const Tuple &now) {
      return step(atWork, block, inBlock, now);
    });
    return std::pair(goesOn(atWork, block), next);
  });
}

/// The steps of a block from `carry`, outs stored: the states after it, of lanes at work.
SegmentThreads::Tuple SegmentThreads::evaluateBlock(Value block, Value works, const Tuple &carry) {
  Tuple next = forSteps(block, carry, works, [&](Value, const Tuple &now) {
    auto [states, results] = step(now);
    states.append(results);
    return states;
  });
  if (weakness == Weakness::TailBit)
    next[0] = flipLastBit(next[0], both(isLess(zero, segment), isSame(plus(block, one), length)));
  for (auto [v, old] : llvm::zip_equal(next, carry))
    v = arith::SelectOp::create(b, loc, works, v, old);
  return next;
}

//===-----------------------------------------------------------------------===//
// Kernels
//===-----------------------------------------------------------------------===//

SegmentThreads::Tuple SegmentThreads::guess() {
  return llvm::map_to_vector(vectorsOfStates(), [&](Type type) -> Value {
    return arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
  });
}

/// Every segment from its start.
void SegmentThreads::emitFirst() {
  forAllSegments(/*derivative=*/false, [&] {
    Value isFirst = isSame(segment, zero);
    SmallVector<Type> types = vectorsOfStates();
    Tuple start = choose(
        isFirst, types, [&] { return initialCarry(); },
        [&] { return guessesSteps ? getIf(exists, starts, at(segment)) : guess(); });
    inside(exists, [&] { put(starts, start, at(segment)); });
    inside(both(exists, isFirst), [&] {
      setWord(round[0], number(1));
      setWord(changed[0], number(0));
      setWord(changed[1], number(-1));
      if (linearized && !guessesSteps) {
        setWord(slow, number(0));
        setWord(moving, number(1));
      }
    });
    Tuple end = forBlocks(exists, start, [&](Value block, Value works, const Tuple &carry) {
      Tuple next = evaluateBlock(block, works, carry);
      inside(works, [&] { put(points, next, pointAt(segment, block)); });
      return std::pair(goesOn(works, block), next);
    });
    inside(both(exists, hasNext()), [&] { put(offers[0], end, at(plus(segment, one))); });
  });
}

/// Segments that are offered another start than they used, by those of copy `copy`.
void SegmentThreads::emitRepair(int64_t copy) {
  forAllSegments(/*derivative=*/false, [&] {
    SmallVector<Type> types = vectorsOfStates();
    Value now = word(round[copy]), before = minus(now, number(1));
    inside(both(exists, isSame(segment, zero)),
           [&] { setWord(round[1 - copy], plus(now, number(1))); });
    Value goes = both(exists, isSame(word(changed[copy]), before));
    Value offered = both(goes, isLess(zero, segment));
    Tuple start = getIf(offered, offers[copy], at(segment));
    Tuple used = usedStarts(getIf(offered, starts, at(segment)));
    Value works = both(offered, differs(start, used));
    inside(works, [&] { put(starts, start, at(segment)); });
    Tuple init = start;
    init.push_back(truth(false)); // whether the end changed
    Tuple end = forBlocks(works, init, [&](Value block, Value atWork, const Tuple &carry) {
      return repairBlock(block, atWork, carry);
    });
    Value endChanged = end.pop_back_val();
    inside(both(goes, hasNext()), [&] {
      Tuple offer = choose(endChanged, types, [&] { return end; }, [&] { return endOf(segment); });
      put(offers[1 - copy], offer, at(plus(segment, one)));
      inside(endChanged, [&] {
        writeWord(b, loc, now, changed[1 - copy], inOrder);
        if (copy == 0 && linearized && !guessesSteps)
          takeTicket(b, loc, slow, inOrder);
      });
    });
  });
}

/// A block of a repair: it goes on while the carry is another one than stood there.
std::pair<Value, SegmentThreads::Tuple> SegmentThreads::repairBlock(Value block, Value works,
                                                                    const Tuple &carry) {
  Tuple states(ArrayRef(carry).drop_back());
  Tuple next = evaluateBlock(block, works, states);
  Value isOther = choose(
      works, b.getI1Type(),
      [&]() -> Tuple {
        Value differ = differs(next, get(points, pointAt(segment, block)), /*merging=*/true);
        put(points, next, pointAt(segment, block));
        return {differ};
      },
      [&]() -> Tuple { return {truth(false)}; })[0];
  Value isLast = isSame(plus(block, one), length);
  next.push_back(arith::SelectOp::create(b, loc, isLast, isOther, carry.back()));
  return {goesOn(isOther, block), next};
}

/// The states after a segment, as they stand in memory.
SegmentThreads::Tuple SegmentThreads::endOf(Value ofSegment) {
  return get(points, pointAt(ofSegment, minus(lengthOf(ofSegment), one)));
}

/// The end of a segment from `carry`, step by step until the carry is what stood there.
SegmentThreads::Tuple SegmentThreads::emitAnew(Value ofSegment, const Tuple &carry) {
  Value from = firstBlock(ofSegment);
  Blocks done = untilSame(lengthOf(ofSegment), carry, [&](Value block, const Tuple &old) {
    Value first = times(plus(from, block), e.constant(blockSteps));
    Tuple states = emitSteps(first, plus(first, e.constant(blockSteps)), old);
    return std::pair(differs(states, get(points, pointAt(ofSegment, block)), /*merging=*/true),
                     states);
  });
  return choose(
      done.changed, ValueRange(carry).getTypes(), [&] { return done.carry; },
      [&] { return endOf(ofSegment); });
}

/// What is still wrong, one segment after the other, and the last steps.
void SegmentThreads::emitRest() {
  forAllChannels(/*asWarps=*/false, /*derivative=*/false, [&] {
    SmallVector<Type> types = vectorsOfStates();
    Tuple initial = initialCarry();
    auto walk = [&] {
      auto loop = scf::ForOp::create(b, loc, zero, segments, one, initial);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      e.openScope();
      Tuple carry(loop.getRegionIterArgs());
      Value now = loop.getInductionVar();
      Value isOther = differs(carry, usedStarts(get(starts, at(now))));
      Tuple next =
          choose(isOther, types, [&] { return emitAnew(now, carry); }, [&] { return endOf(now); });
      e.closeScope();
      scf::YieldOp::create(b, loc, next);
      return Tuple(loop.getResults());
    };
    auto afterSegments = [&] {
      Value isWrong = isSame(word(changed[1]), word(round[0]));
      if (weakness == Weakness::NoRest || weakness == Weakness::NoRepair)
        isWrong = truth(false);
      return choose(isWrong, types, walk, [&] { return endOf(minus(segments, one)); });
    };
    Tuple carry = choose(isLess(zero, segments), types, afterSegments, [&] { return initial; });
    storeFinals(emitSteps(times(blocks, e.constant(blockSteps)), steps, carry));
  });
}
