// Plan `scan` on a GPU: runs, warps and tiles. See ScanThreads.h for the idea.
#include "ScanThreads.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

ScanThreads::ScanThreads(Group group)
    : ScanThreads(group,
                  cast<RankedTensorType>(group.recurrence.getStateArgs().front().getType())
                      .getNumElements(),
                  /*exchanges=*/true) {}

ScanThreads::ScanThreads(Group group, int64_t channelCount, bool exchanges)
    : ScanEmitter(group), warps(schedule.getRows()), runSteps(schedule.getChunk()),
      channelCount(channelCount), exchanges(exchanges),
      shape(channelCount, runSteps, warps, schedule.getChannelTile()), width(shape.width),
      runs(shape.runs), lanes(b, loc, width, runs, runSteps) {
  largest = {1, 1}; // a thread has one step at a time
}

void ScanThreads::run() {
  prepare();
  emitBlocks();
  replaceResults();
}

/// What `yes` or `no` gives; without `no` zeros in place of what `yes` gives.
ScanThreads::Tuple ScanThreads::ifElse(Value condition, llvm::function_ref<Tuple()> yes,
                                       llvm::function_ref<Tuple()> no) {
  if (matchPattern(condition, m_One())) {
    e.openScope();
    Tuple found = yes();
    e.closeScope();
    return found;
  }
  auto choice = scf::IfOp::create(b, loc, TypeRange(), condition, /*withElse=*/true);
  auto branch = [&](Block *block, llvm::function_ref<Tuple()> values) {
    OpBuilder::InsertionGuard guard(b);
    block->getTerminator()->erase();
    b.setInsertionPointToEnd(block);
    e.openScope();
    Tuple found = values();
    scf::YieldOp::create(b, loc, present(found));
    e.closeScope();
    return found;
  };
  Tuple found = branch(choice.thenBlock(), yes);
  branch(choice.elseBlock(), [&] {
    return no ? no() : llvm::map_to_vector(found, [&](Value v) -> Value {
      if (!v)
        return v;
      return arith::ConstantOp::create(b, loc, b.getZeroAttr(v.getType()));
    });
  });
  // Its results are known now.
  SmallVector<Type> types =
      llvm::map_to_vector(present(found), [](Value v) { return v.getType(); });
  auto typed = scf::IfOp::create(b, loc, types, condition, /*addThenBlock=*/false,
                                 /*addElseBlock=*/false);
  typed.getThenRegion().takeBody(choice.getThenRegion());
  typed.getElseRegion().takeBody(choice.getElseRegion());
  choice.erase();
  return restore(found, typed.getResults());
}

//===-----------------------------------------------------------------------===//
// Products
//===-----------------------------------------------------------------------===//

/// Of flat() of a sealed product.
SmallVector<Type> ScanThreads::typesOfProduct() {
  SmallVector<Type> types;
  for (unsigned c = 0; c < components; ++c)
    types.push_back(typeOfComponent(c));
  types.append(precise.count(), VectorType::get(1, b.getF32Type()));
  types.push_back(VectorType::get(1, b.getI1Type()));
  return types;
}

/// Of the states that anything reads; null where nothing does.
SmallVector<Type> ScanThreads::typesOfStates() {
  SmallVector<Type> types;
  for (unsigned c = 0; c < components; ++c)
    types.push_back(needed[c] ? typeOfComponent(c) : Type());
  return types;
}

/// From here on `lanes` says whether the product can stand for its steps.
void ScanThreads::seal(Product &product) {
  if (Value ends = soundProduct(product.value, product.least))
    product.lanes = both(product.lanes, ends);
  product.least.clear();
}

/// The product of `earlier` and `later`, both sealed.
ScanThreads::Product ScanThreads::join(const Product &earlier, const Product &later) {
  Product product = earlier;
  for (ArrayRef<unsigned> group : coefficients()) {
    SmallVector<Value> entries;
    for (unsigned c : group)
      entries.push_back(earlier.value[c]);
    product.least.push_back(greatestOf(entries));
  }
  extend(product, later.value, later.low);
  product.lanes = both(product.lanes, later.lanes);
  append(product);
  seal(product);
  return product;
}

ScanThreads::Product ScanThreads::choose(Value condition, const Product &a, const Product &c) {
  Product chosen = a;
  SmallVector<Value> values;
  for (auto [x, y] : llvm::zip_equal(a.flat(), c.flat()))
    values.push_back(arith::SelectOp::create(b, loc, condition, x, y));
  chosen.assign(values);
  return chosen;
}

ScanThreads::Product ScanThreads::fromLane(const Product &product, Value from) {
  Product there = product;
  there.assign(llvm::map_to_vector(product.flat(),
                                   [&](Value v) { return seqc::fromLane(b, loc, v, from); }));
  return there;
}

/// Shared memory for `count` values of each type.
ScanThreads::Shelf ScanThreads::sharedShelf(ArrayRef<Type> types, int64_t count) {
  Shelf made{{}, llvm::to_vector(types)};
  for (Type type : types)
    made.buffers.push_back(
        type ? sharedBuffer(b, loc, {count, 1}, cast<VectorType>(type).getElementType()) : Value());
  return made;
}

void ScanThreads::shareMemory() {
  totals = sharedShelf(typesOfProduct(), warps * width);
  carries = sharedShelf(typesOfStates(), warps * width);
}

Value ScanThreads::ofWarp(Value number) {
  return plus(times(number, e.constant(width)), lanes.place);
}

/// The product of all steps of a warp.
ScanThreads::Product ScanThreads::total(Value number) {
  Product product = identity();
  product.least.clear();
  product.assign(get(totals, ofTotal(number)));
  return product;
}

//===-----------------------------------------------------------------------===//
// Runs
//===-----------------------------------------------------------------------===//

Value ScanThreads::unitOfRun(Value run) { return exchanges ? lanes.unitOfRun(run) : run; }

/// True where the tile has step `first` + `distance`.
Value ScanThreads::isThere(Value first, int64_t distance) {
  return isWhole ? truth(true) : isLess(plus(first, e.constant(distance)), steps);
}

/// The elements of the steps that this thread loads, and their low parts, exchanged.
void ScanThreads::load(SmallVectorImpl<Tuple> &loaded, SmallVectorImpl<Tuple> &lows) {
  Value first = plus(warpFirst, lanes.unit);
  loadedSteps.clear();
  for (int64_t i = 0; i < runSteps; ++i) {
    loadedSteps.push_back(plus(first, e.constant(i * runs)));
    Tuple found = ifElse(isThere(first, i * runs), [&] {
      setTime(loadedSteps[i], 0, true);
      Tuple parts = elements();
      parts.append(elementLows());
      return parts;
    });
    loaded.emplace_back(ArrayRef(found).take_front(components));
    lows.emplace_back(ArrayRef(found).drop_front(components));
    for (unsigned c = 0; isWhole && c < components; ++c)
      if (isFreeOfTime(op, combine.getLater()[c]))
        loaded[i][c] = loaded[0][c];
  }
  lanes.exchange(loaded);
  lanes.exchange(lows);
}

/// The product of this thread's run, as far as there are steps, sealed.
ScanThreads::Product ScanThreads::productOfRun(llvm::function_ref<Element(int64_t)> elementOf) {
  Product product = identity();
  for (int64_t step = 0; step < runSteps; ++step) {
    auto [element, lows] = elementOf(step);
    if (step == 0) {
      product.value = element;
      for (auto [low, own] : llvm::zip_equal(product.low, lows))
        low = own ? own : low;
      append(product);
      continue;
    }
    Product next = product;
    extend(next, element, lows);
    watch(next.value);
    watchNumbers(element, largest);
    if (Value fine = soundLanes())
      conditions.push_back(fine);
    append(next);
    product = isWhole ? next : choose(inRun(step), next, product);
  }
  seal(product);
  return product;
}

/// The product of the warp's runs up to this one.
ScanThreads::Product ScanThreads::inclusive(Product product) {
  for (int64_t distance = 1; distance < runs; distance *= 2) {
    Value back = minus(runNumber, e.constant(distance));
    Value reaches = isLess(e.constant(distance - 1), runNumber);
    Value from = arith::SelectOp::create(b, loc, reaches, back, runNumber);
    Product before = fromLane(product, lanes.laneOf(unitOfRun(from)));
    // The steps of `product` begin so many runs before this one; there may be none.
    Value begin = arith::MaxSIOp::create(b, loc, plus(back, one), zero);
    Value hasSteps = isLess(plus(warpFirst, times(begin, e.constant(runSteps))), steps);
    Product all = join(before, product);
    if (!isWhole)
      all = choose(hasSteps, all, before);
    product = choose(reaches, all, product);
  }
  return product;
}

/// Outs of the steps that this thread loaded: `states` after them, `old` before them.
void ScanThreads::storeSteps(ArrayRef<Tuple> states, ArrayRef<Tuple> old) {
  for (auto [i, step] : llvm::enumerate(loadedSteps))
    inside(both(isChannel, isThere(step, 0)), [&, step = step] {
      setTime(step, 0, true);
      Index at = channelIndex();
      for (unsigned c : needed.set_bits()) {
        e.define(combine.getResult(c), at, states[i][c]);
        e.define(op.getStateArgs()[c], at, old[i][c]);
      }
      storeOuts(step, 0, true, false);
    });
}

//===-----------------------------------------------------------------------===//
// Blocks
//===-----------------------------------------------------------------------===//

/// The number of this block, one after those of all that have begun.
Value ScanThreads::takeNumber() {
  Value taken = sharedBuffer(b, loc, {1}, b.getI32Type());
  inside(isSame(thread, zero),
         [&] { memref::StoreOp::create(b, loc, takeTicket(b, loc, ticket, zero), taken, zero); });
  waitForBlock(b, loc);
  Value number = memref::LoadOp::create(b, loc, taken, zero);
  return arith::IndexCastUIOp::create(b, loc, b.getIndexType(), number);
}

// Packed sequences: their offsets are known on the device only. A sequence that begins at step f is
// the tiles from f / (steps of a tile) + (sequences before it) on. The next one begins behind its
// last tile, because ⌊f + n⌋ + 1 ≥ ⌊f⌋ + ⌈n⌉, also where it is empty; what is between is nobody's.

Value ScanThreads::firstTileOf(Value sequence) {
  Value first = e.spanOfPacked(sequence).first;
  return plus(arith::DivUIOp::create(b, loc, first, e.constant(shape.steps)), sequence);
}

/// The last sequence that begins at tile `number` or before it.
Value ScanThreads::sequenceOfTile(Value number) {
  Type index = b.getIndexType();
  SmallVector<Type> types(2, index);
  auto search = scf::WhileOp::create(b, loc, types, ValueRange{zero, batchSizes.front()});
  OpBuilder::InsertionGuard guard(b);
  Block *before = b.createBlock(&search.getBefore(), {}, types, {loc, loc});
  Value isWide = isLess(plus(before->getArgument(0), one), before->getArgument(1));
  scf::ConditionOp::create(b, loc, isWide, before->getArguments());
  Block *after = b.createBlock(&search.getAfter(), {}, types, {loc, loc});
  e.openScope();
  Value low = after->getArgument(0), high = after->getArgument(1);
  Value middle = arith::DivUIOp::create(b, loc, plus(low, high), e.constant(2));
  Value isBehind = isLess(number, firstTileOf(middle));
  low = arith::SelectOp::create(b, loc, isBehind, low, middle);
  high = arith::SelectOp::create(b, loc, isBehind, middle, high);
  scf::YieldOp::create(b, loc, ValueRange{low, high});
  e.closeScope();
  return search.getResult(0);
}

/// Which channel of which sequence is this thread's, of its row and tile.
void ScanThreads::findPlace() {
  Value groups = e.constant(shape.groups), sequence;
  Value group = arith::RemUIOp::create(b, loc, row, groups);
  if (op.isPacked()) {
    sequence = sequenceOfTile(tile);
    Value first = firstTileOf(sequence);
    tile = minus(tile, first);
    row = plus(times(first, groups), group);
  } else {
    sequence = arith::DivUIOp::create(b, loc, row, groups);
  }
  lanes.enter(thread);
  isChannel = lanes.isOwn;

  firstChannel = times(group, e.constant(width));
  Value channel = plus(firstChannel, lanes.place);
  if (channelCount % width) {
    isChannel = both(isChannel, isLess(channel, e.constant(channelCount)));
    channel = least(channel, e.constant(channelCount - 1));
  }
  beginRow(sequence);
  if (op.isPacked()) {
    std::tie(rowFirst, steps) = e.spanOfPacked(sequence);
    tilesOfRow = tilesOf(steps);
  }
  setChannel(channel);
}

/// The states before this thread's run; `productOfRuns` gives the warp's product up to the end of
/// another run.
ScanThreads::Tuple ScanThreads::statesBefore(llvm::function_ref<Product(Value)> productOfRuns) {
  Value works = isWhole ? isChannel : both(isChannel, isLess(warpFirst, steps));
  Tuple state = ifElse(works, [&] { return get(carries, ofWarp(lanes.warp)); });
  if (runs == 1)
    return state;
  Value isFirst = isSame(runNumber, zero);
  Value before = arith::SelectOp::create(b, loc, isFirst, zero, minus(runNumber, one));
  Product prefix = productOfRuns(before);
  Value folds = both(both(isChannel, isLess(zero, runNumber)), inRun(0));
  return ifElse(
      folds, [&] { return foldOne(inAllLanes(prefix.lanes), state, prefix, warpFirst, runFirst); },
      [&] { return state; });
}

/// True where this thread's run ends with the sequence.
Value ScanThreads::isLastRun() {
  return both(isLess(runFirst, steps), isLess(steps, plus(runFirst, e.constant(runSteps + 1))));
}

/// A tile: with all of its steps where it `isWhole`, else the last one of a row.
void ScanThreads::emitTile() {
  SmallVector<Tuple> loaded, lows;
  load(loaded, lows);
  Product product = inclusive(productOfRun([&](int64_t step) -> Element {
    return {loaded[lanes.rowOfStep(step)], lows[lanes.rowOfStep(step)]};
  }));
  inside(both(isChannel, isSame(runNumber, e.constant(runs - 1))),
         [&] { put(totals, product.flat(), ofWarp(lanes.warp)); });
  waitForBlock(b, loc);
  inside(isCarrier(), [&] { emitCarries(); });
  waitForBlock(b, loc);
  Tuple state =
      statesBefore([&](Value run) { return fromLane(product, lanes.laneOf(unitOfRun(run))); });
  SmallVector<Tuple> states(runSteps, Tuple(components)), old = states;
  for (int64_t step = 0; step < runSteps; ++step) {
    int64_t in = lanes.rowOfStep(step);
    old[in] = state;
    states[in] = apply(state, loaded[in], lows[in], needed);
    for (unsigned c : needed.set_bits())
      state[c] = isWhole ? states[in][c]
                         : arith::SelectOp::create(b, loc, isThere(runFirst, step), states[in][c],
                                                   state[c])
                               .getResult();
  }
  inside(both(isChannel, isLastRun()), [&] { storeFinals(state); });
  lanes.exchange(states, /*ofRuns=*/true);
  if (readsOldStates)
    lanes.exchange(old, /*ofRuns=*/true);
  storeSteps(states, old);
}

void ScanThreads::emitNothing() {
  inside(isCarrier(), [&] { storeFinals(initialCarry()); });
}

/// The threads that work for all of a channel of the tile.
Value ScanThreads::isCarrier() {
  return both(isChannel, both(isSame(lanes.warp, zero), isSame(lanes.unit, zero)));
}

/// What one thread of a block does that has one tile.
void ScanThreads::emitThread() {
  thread = threadOfBlock(b, loc);
  Value number = takeNumber();
  // All rows' first tiles, then all second ones: what a tile waits for was begun long ago.
  tile = arith::DivUIOp::create(b, loc, number, rows);
  row = arith::RemUIOp::create(b, loc, number, rows);
  findPlace();
  shareMemory();
  emitOneTile();
}

/// The same of one that has all tiles of row `ofBlock`.
void ScanThreads::emitThreadOfRow(Value ofBlock) {
  thread = threadOfBlock(b, loc);
  row = ofBlock;
  findPlace();
  shareMemory();
  auto loop = scf::ForOp::create(b, loc, zero, tilesOfRow, one);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  tile = loop.getInductionVar();
  e.openScope();
  emitOneTile();
  e.closeScope();
  waitForBlock(b, loc); // the next tile's values replace this one's
}

void ScanThreads::emitOneTile() {
  Value stepsOfWarp = e.constant(runs * runSteps);
  warpFirst = times(plus(times(tile, e.constant(warps)), lanes.warp), stepsOfWarp);
  runNumber = exchanges ? lanes.runOfUnit(lanes.unit) : lanes.unit;
  runFirst = plus(warpFirst, times(runNumber, e.constant(runSteps)));
  if (op.isPacked())
    inside(isLess(tile, tilesOfRow), [&] { emitSpanOfTile(); });
  else
    emitSpanOfTile();
}

/// The tile, in one of two bodies of code, or a sequence without steps.
void ScanThreads::emitSpanOfTile() {
  Value end = times(plus(tile, one), e.constant(shape.steps));
  auto choice = scf::IfOp::create(b, loc, isLess(steps, end), /*withElse=*/true);
  OpBuilder::InsertionGuard guard(b);
  for (bool whole : {true, false}) {
    b.setInsertionPointToStart(whole ? choice.elseBlock() : choice.thenBlock());
    isWhole = whole;
    e.openScope();
    if (whole) {
      emitTile();
    } else {
      auto some = scf::IfOp::create(b, loc, isLess(zero, steps), /*withElse=*/true);
      b.setInsertionPointToStart(some.elseBlock());
      emitNothing();
      b.setInsertionPointToStart(some.thenBlock());
      emitTile();
    }
    e.closeScope();
  }
}

/// How many tiles so many steps are; one, if there are none.
Value ScanThreads::tilesOf(Value steps) {
  Value count = arith::CeilDivUIOp::create(b, loc, steps, e.constant(shape.steps));
  return arith::MaxSIOp::create(b, loc, count, one);
}

/// A kernel of `count` blocks; `body` gets a block's number.
void ScanThreads::emitKernel(Value count, llvm::function_ref<void(Value)> body) {
  auto loop =
      scf::ForallOp::create(b, loc, ArrayRef<OpFoldResult>{count}, ValueRange{}, std::nullopt);
  makeBlocks(loop, shape.threads, blocksOfScanOnSm(unsigned(shape.threads)));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  e.isolate([&] { body(loop.getInductionVar(0)); });
}

/// A block for each of `count` tiles, which have `slots` words: they look back at each other.
void ScanThreads::emitTiles(Value count, Value slots) {
  parallel(slots, [&](Value at) {
    Value nothing = arith::ConstantIntOp::create(b, loc, 0, 32); // see ScanLookBack.cpp
    memref::StoreOp::create(b, loc, nothing, words, at);
    inside(isSame(at, zero), [&] { memref::StoreOp::create(b, loc, nothing, ticket, at); });
  });
  emitKernel(count, [&](Value) { emitThread(); });
}

void ScanThreads::emitBlocks() {
  if (op.isPacked()) { // see firstTileOf()
    rows = e.constant(shape.groups);
    Value whole = arith::DivUIOp::create(b, loc, steps, e.constant(shape.steps));
    tilesOfRow = plus(whole, batchSizes.front());
  } else {
    rows = countRows(shape.groups);
    tilesOfRow = tilesOf(steps);
  }
  Value count = times(rows, tilesOfRow), all = carriesOn();
  Value slots = times(count, e.constant(slotsOfTile() * width)), kept = slots;
  if (all)
    kept = arith::SelectOp::create(b, loc, all, zero, slots);
  constexpr int64_t dynamic = ShapedType::kDynamic;
  aggregates = shelf(ArrayRef(typesOfProduct()).drop_back(), {dynamic}, kept);
  inclusives = shelf(typesOfStates(), {dynamic}, kept);
  words = memref::AllocOp::create(b, loc, MemRefType::get({dynamic}, b.getI32Type()), kept);
  ticket = memref::AllocOp::create(b, loc, MemRefType::get({1}, b.getI32Type()));
  if (!all)
    return emitTiles(count, slots);
  auto choice = scf::IfOp::create(b, loc, all, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  carriesRow = true;
  emitKernel(rows, [&](Value ofBlock) { emitThreadOfRow(ofBlock); });
  carriesRow = false;
  b.setInsertionPointToStart(choice.elseBlock());
  emitTiles(count, slots);
}
