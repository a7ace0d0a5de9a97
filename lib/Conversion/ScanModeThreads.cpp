// Plan `scan` on a GPU: modes of channels. See ScanModeThreads.h for the idea.
#include "ScanModeThreads.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

ScanModeThreads::ScanModeThreads(Group group, ScanModes form)
    : ScanThreads(group, form.channels(), /*exchanges=*/false), form(std::move(form)),
      modes(this->form.modes()) {
  makeTerms();
}

Operation *ScanModeThreads::firstObstacle(seq::RecurrenceOp op) {
  if (!combineOf(op))
    return op;
  ScanModes form = analyzeScanModes(op);
  if (!form.refusal.empty())
    return op;
  for (linalg::LinalgOp sum : form.sums)
    if (!isa<linalg::GenericOp>(sum))
      return sum;
  for (OpOperand *operand : form.shared)
    if (!isa<linalg::GenericOp>(operand->getOwner()))
      return operand->getOwner();
  for (Operation &inner : op.getBody()->without_terminator())
    if (!isa<seq::CombineOp, seq::LinearizedOp>(inner) && !canEvaluate(&inner))
      return &inner;
  for (Operation &inner : combineOf(op).getBody()->without_terminator())
    if (!canEvaluate(&inner) || isReductionOp(&inner))
      return &inner;
  return nullptr;
}

/// The ops `terms`, beside the sums: with the same inputs, and the sum so far in place of what it
/// begins with.
void ScanModeThreads::makeTerms() {
  OpBuilder::InsertionGuard guard(b);
  for (linalg::LinalgOp sum : form.sums) {
    b.setInsertionPointAfter(sum);
    int64_t loops = sum.getNumLoops();
    SmallVector<Value> inputs = sum.getDpsInputs();
    inputs.push_back(sum->getResult(0));
    SmallVector<AffineMap> maps = sum.getIndexingMapsArray();
    maps.push_back(b.getMultiDimIdentityMap(loops));
    Value empty = tensor::EmptyOp::create(b, loc, sum.getStaticLoopRanges(),
                                          typeOf(sum->getResult(0)).getElementType());
    SmallVector<utils::IteratorType> kinds(loops, utils::IteratorType::parallel);
    auto term = linalg::GenericOp::create(b, loc, empty.getType(), inputs, empty, maps, kinds);
    IRMapping mapping;
    sum->getRegion(0).cloneInto(&term.getRegion(), mapping);
    term.getRegion().front().addArgument(typeOf(empty).getElementType(), loc);
    terms.push_back(term);
  }
}

//===-----------------------------------------------------------------------===//
// Places
//===-----------------------------------------------------------------------===//

/// The indices of states along modes, or along channels, are those of number `number`.
void ScanModeThreads::setIndices(Value number, bool ofModes) {
  int64_t inner = ShapedType::getNumElements(form.sizes(ofModes));
  bool isFirst = true;
  for (auto [dim, size] : llvm::enumerate(form.shape)) {
    if (form.isMode(dim) != ofModes)
      continue;
    inner /= size;
    Value at = number;
    if (inner > 1)
      at = arith::DivUIOp::create(b, loc, at, e.constant(inner));
    if (!isFirst)
      at = arith::RemUIOp::create(b, loc, at, e.constant(size));
    firstChannels[dim] = size == 1 ? Value() : at;
    isFirst = false;
  }
}

void ScanModeThreads::setChannel(Value number) {
  channel = number;
  setIndices(channel, /*ofModes=*/false);
  setMode(zero, zero);
}

void ScanModeThreads::setMode(Value number, Value inRound) {
  mode = number;
  modeOfRound = inRound;
  setIndices(number, /*ofModes=*/true);
}

/// Where an op of the current mode and channel reads a shared value.
Index ScanModeThreads::sharedIndex(OpOperand &operand) {
  auto reader = cast<linalg::GenericOp>(operand.getOwner());
  Index loops;
  if (auto at = llvm::find(form.sums, operand.getOwner()); at != form.sums.end())
    loops = form.loopsAt(at - form.sums.begin(), channelIndex());
  else
    loops = VectorEval::loopDims(reader, 0, channelIndex());
  return e.operandIndex(reader, operand, loops);
}

/// Where this thread's channel is in a sum.
Index ScanModeThreads::sumIndex() {
  Index at, state = channelIndex();
  for (auto [dim, i] : llvm::enumerate(state))
    if (!form.isMode(dim))
      at.push_back(i);
  return at;
}

Index ScanModeThreads::outIndex(Value out) {
  return typeOf(out).getShape() == ArrayRef(form.shape) ? channelIndex() : sumIndex();
}

/// How many steps the run has, asked anew for each mode: else the conditions of all of its steps
/// would be kept over all modes, in a register each.
void ScanModeThreads::countRun() {
  if (isWhole)
    return;
  Value left =
      least(arith::MaxSIOp::create(b, loc, minus(steps, runFirst), zero), e.constant(runSteps));
  left = arith::IndexCastOp::create(b, loc, b.getI32Type(), left);
  runCount = seqc::fromLane(b, loc, left, lanes.laneOf(lanes.unit));
}

Value ScanModeThreads::inRun(int64_t step) {
  if (isWhole)
    return truth(true);
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt,
                               arith::ConstantIntOp::create(b, loc, step, 32), runCount);
}

/// What `yes` gives at that step, if there is one.
ScanModeThreads::Tuple ScanModeThreads::atStep(int64_t step, llvm::function_ref<Tuple()> yes,
                                               llvm::function_ref<Tuple()> no) {
  auto found = [&] {
    setTime(plus(runFirst, e.constant(step)), 0, true);
    if (step < int64_t(shared.size()))
      for (auto [operand, v] : llvm::zip_equal(form.shared, shared[step]))
        e.define(operand->get(), sharedIndex(*operand), v);
    currentStep = step;
    Tuple values = yes();
    currentStep = -1;
    return values;
  };
  return ifElse(inRun(step), found, no);
}

//===-----------------------------------------------------------------------===//
// Memory that threads share
//===-----------------------------------------------------------------------===//

static int64_t bytesOf(ArrayRef<Type> types) {
  int64_t bytes = 0;
  for (Type type : types)
    bytes += type ? llvm::divideCeil(getElementTypeOrSelf(type).getIntOrFloatBitWidth(), 8) : 0;
  return bytes;
}

/// Bytes of the states of all modes behind a tile.
int64_t ScanModeThreads::bytesOfEnds() { return modes * width * bytesOf(typesOfStates()); }

void ScanModeThreads::shareMemory() {
  SmallVector<Type> products = typesOfProduct(), states = typesOfStates();
  int64_t products1 = warps * width * runs, states1 = warps * width;
  // Arrays are aligned, and there is one for a ticket.
  constexpr int64_t rest = 1024;
  int64_t left = mostNamedBytes - rest;
  if (carriesRow) {
    ends = sharedShelf(states, modes * width);
    left -= bytesOfEnds();
  }
  reads.clear();
  modesKept = modes;
  findReads();
  left -= keepWeights();
  int64_t each = products1 * bytesOf(products) + states1 * bytesOf(states);
  together = std::clamp<int64_t>(left / each, 1, std::min(warps, modes));
  keepInputs(left - together * each);
  for (Read &read : reads)
    read.kept = sharedShelf(VectorType::get(1, read.elementType()), elementsOf(read));
  totals = sharedShelf(products, together * products1);
  carries = sharedShelf(states, together * states1);
  loadWeights();
}

//===-----------------------------------------------------------------------===//
// Rows that one block carries
//===-----------------------------------------------------------------------===//

Value ScanModeThreads::carriesOn() {
  if (op.isPacked() || bytesOfEnds() > mostBytesOfModes)
    return {};
  return isLess(e.constant(rowsCarriedOn - 1), rows);
}

void ScanModeThreads::publishProduct(const Product &product) {
  if (!carriesRow)
    ScanThreads::publishProduct(product);
}

void ScanModeThreads::publishStates(const Tuple &states) {
  if (carriesRow)
    put(ends, states, ofMode(mode));
  else
    ScanThreads::publishStates(states);
}

ScanModeThreads::Tuple ScanModeThreads::lookBack() {
  if (!carriesRow)
    return ScanThreads::lookBack();
  return ifElse(
      isLess(zero, tile), [&] { return get(ends, ofMode(mode)); }, [&] { return initialCarry(); });
}

/// Where this thread's channel has something of each mode.
Value ScanModeThreads::ofMode(Value number) {
  return plus(times(number, e.constant(width)), lanes.place);
}

Value ScanModeThreads::ofWarp(Value number) {
  Value at = plus(times(modeOfRound, e.constant(warps)), number);
  return plus(times(at, e.constant(width)), lanes.place);
}

/// Where this thread's channel has the product up to the end of a run of its own warp.
Value ScanModeThreads::placeOfRun(Value run) {
  Value at = plus(times(modeOfRound, e.constant(warps)), lanes.warp);
  at = plus(times(at, e.constant(runs)), run);
  return plus(times(at, e.constant(width)), lanes.place);
}

Value ScanModeThreads::ofTotal(Value number) {
  Value at = plus(times(modeOfRound, e.constant(warps)), number);
  at = plus(times(at, e.constant(runs)), e.constant(runs - 1));
  return plus(times(at, e.constant(width)), lanes.place);
}

//===-----------------------------------------------------------------------===//
// Tiles
//===-----------------------------------------------------------------------===//

void ScanModeThreads::forEach(Value count, llvm::function_ref<void(Value)> body) {
  auto loop = scf::ForOp::create(b, loc, zero, count, one);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  e.openScope();
  body(loop.getInductionVar());
  e.closeScope();
}

void ScanModeThreads::loadShared() {
  shared.clear();
  SmallVector<Tuple> loaded;
  for (int64_t step = 0; step < runSteps; ++step)
    loaded.push_back(atStep(step, [&] {
      return llvm::map_to_vector(form.shared, [&](OpOperand *operand) {
        return e.eval(operand->get(), sharedIndex(*operand));
      });
    }));
  shared = loaded;
}

ScanModeThreads::Element ScanModeThreads::elementOf(int64_t step) {
  Tuple parts = atStep(step, [&] {
    Tuple found = elements();
    found.append(elementLows());
    return found;
  });
  return {Tuple(ArrayRef(parts).take_front(components)),
          Tuple(ArrayRef(parts).drop_front(components))};
}

/// The product of the warp's runs up to this one, of the current mode.
void ScanModeThreads::storeProduct() {
  Product product = inclusive(productOfRun([&](int64_t step) { return elementOf(step); }));
  inside(isChannel, [&] { put(totals, product.flat(), placeOfRun(runNumber)); });
}

/// `sums` with a term of the current mode, whose states are `next` after this step and `old`
/// before.
ScanModeThreads::Tuple ScanModeThreads::addTerms(int64_t step, const Tuple &old, const Tuple &next,
                                                 const Tuple &sums) {
  Index at = channelIndex();
  Tuple after;
  for (unsigned c : needed.set_bits()) {
    e.define(combine.getResult(c), at, next[c]);
    e.define(op.getStateArgs()[c], at, old[c]);
  }
  for (auto [k, sum] : llvm::enumerate(form.sums)) {
    e.define(sum->getResult(0), sumIndex(), sums[k * runSteps + step]);
    after.push_back(e.eval(terms[k]->getResult(0), form.loopsAt(k, at)));
  }
  for (auto [out, buffer] : llvm::zip_equal(op.getYield().getOut(), outBuffers))
    if (buffer && typeOf(out).getShape() == ArrayRef(form.shape))
      inside(isChannel, [&, out = out, buffer = buffer] { storeOut(out, buffer); });
  return after;
}

/// `sums` after the current mode, of all steps of each sum.
ScanModeThreads::Tuple ScanModeThreads::addMode(const Tuple &sums) {
  Tuple after = sums, state = statesBefore([&](Value run) {
                        Product prefix = identity();
                        prefix.least.clear();
                        prefix.assign(get(totals, placeOfRun(run)));
                        return prefix;
                      });
  for (int64_t step = 0; step < runSteps; ++step) {
    auto some = [&](const Tuple &states, ArrayRef<Value> added) {
      Tuple both = states;
      both.append(added.begin(), added.end());
      return both;
    };
    Tuple unchanged;
    for (size_t k = 0; k < form.sums.size(); ++k)
      unchanged.push_back(sums[k * runSteps + step]);
    Tuple found = atStep(
        step,
        [&] {
          Tuple next = apply(state, elements(), elementLows(), needed);
          return some(next, addTerms(step, state, next, sums));
        },
        [&] { return some(state, unchanged); });
    state = Tuple(ArrayRef(found).take_front(components));
    for (size_t k = 0; k < form.sums.size(); ++k)
      after[k * runSteps + step] = found[components + k];
  }
  inside(both(isChannel, isLastRun()), [&] { storeFinals(state); });
  return after;
}

void ScanModeThreads::storeOut(Value out, Value buffer) {
  Index at = outIndex(out);
  e.spread(e.eval(out, at), buffer, e.leafIndex({buffer, Leaf::Sequence}, at), 1, false);
}

/// `sums` after the modes from `first` on that are taken together, of `left` ones.
ScanModeThreads::Tuple ScanModeThreads::emitRound(Value first, Value left, const Tuple &sums) {
  Value count = least(e.constant(together), left);
  auto take = [&](Value number) { setMode(plus(first, number), number); };
  forEach(count, [&](Value number) {
    take(number);
    countRun();
    storeProduct();
  });
  waitForBlock(b, loc);
  inside(both(both(isChannel, isSame(lanes.unit, zero)), isLess(lanes.warp, count)), [&] {
    take(lanes.warp);
    emitCarries();
  });
  waitForBlock(b, loc);
  Tuple after = foldProducts(count, sums, [&](Value number, const Tuple &so_far) {
    take(number);
    countRun();
    return addMode(so_far);
  });
  if (modes > together && runs > 1) // the next round writes what others read here
    waitForBlock(b, loc);
  return after;
}

/// `sums` after the modes from `firstKept` on whose inputs are kept together.
ScanModeThreads::Tuple ScanModeThreads::emitStage(const Tuple &sums) {
  if (readsInputs()) {
    loadInputs();
    waitForBlock(b, loc);
  }
  Value count = least(e.constant(modesKept), minus(e.constant(modes), firstKept));
  Value rounds = arith::CeilDivUIOp::create(b, loc, count, e.constant(together));
  Tuple after = foldProducts(rounds, sums, [&](Value number, const Tuple &so_far) {
    Value first = times(number, e.constant(together));
    return emitRound(plus(firstKept, first), minus(count, first), so_far);
  });
  if (modesKept < modes) // the next stage's inputs replace these
    waitForBlock(b, loc);
  return after;
}

void ScanModeThreads::emitTile() {
  countRun();
  loadShared();
  Tuple sums;
  for (linalg::LinalgOp sum : form.sums)
    for (int64_t step = 0; step < runSteps; ++step)
      sums.append(atStep(step, [&] { return Tuple{e.eval(sum.getDpsInits()[0], sumIndex())}; }));
  Value stages = e.constant(llvm::divideCeil(modes, modesKept));
  sums = foldProducts(stages, sums, [&](Value number, const Tuple &so_far) {
    firstKept = times(number, e.constant(modesKept));
    return emitStage(so_far);
  });
  countRun();
  storeSums(sums);
  shared.clear();
}

/// Outs of channels.
void ScanModeThreads::storeSums(const Tuple &sums) {
  for (int64_t step = 0; step < runSteps; ++step)
    inside(isChannel, [&] {
      atStep(step, [&] {
        for (auto [k, sum] : llvm::enumerate(form.sums))
          e.define(sum->getResult(0), sumIndex(), sums[k * runSteps + step]);
        for (auto [out, buffer] : llvm::zip_equal(op.getYield().getOut(), outBuffers))
          if (buffer && typeOf(out).getShape() != ArrayRef(form.shape))
            storeOut(out, buffer);
        return Tuple();
      });
    });
}

void ScanModeThreads::emitNothing() {
  inside(isCarrier(), [&] {
    forEach(e.constant(modes), [&](Value number) {
      setMode(number, zero);
      storeFinals(initialCarry());
    });
  });
}
