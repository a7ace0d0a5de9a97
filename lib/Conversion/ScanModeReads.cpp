// Plan `scan` on a GPU with modes: what a block reads once and its threads share. See
// ScanModeThreads.h for the idea.
#include "ScanModeThreads.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

//===-----------------------------------------------------------------------===//
// Which values
//===-----------------------------------------------------------------------===//

/// Elements and terms of some mode and step are evaluated once, in code that is dropped.
void ScanModeThreads::findReads() {
  auto dropped = scf::IfOp::create(b, loc, truth(false));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(dropped.thenBlock());
  auto zeroOf = [&](Type type) -> Value {
    return arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
  };
  findsReads = true;
  e.isolate([&] {
    Value any = e.constant(0); // values of their own, so that indices tell what they are along
    setMode(any, any);
    setTime(e.constant(0), 0, true);
    elements();
    elementLows();
    Index at = channelIndex();
    for (unsigned c : needed.set_bits()) {
      Value state = zeroOf(typeOfComponent(c));
      e.define(combine.getResult(c), at, state);
      e.define(op.getStateArgs()[c], at, state);
    }
    for (auto [k, sum] : llvm::enumerate(form.sums)) {
      Type type = VectorType::get(1, typeOf(sum->getResult(0)).getElementType());
      e.define(sum->getResult(0), sumIndex(), zeroOf(type));
      e.eval(terms[k]->getResult(0), form.loopsAt(k, at));
    }
  });
  findsReads = false;
  setMode(zero, zero);
  dropped.erase();
}

/// Notes that an op reads `v` at `idx`, if shared memory may keep it.
void ScanModeThreads::noteRead(Value v, const Index &idx) {
  Read read{v, {}};
  bool ofModes = false;
  for (const Idx &i : idx) {
    std::optional<int> dim;
    for (int at = alongBatch + 1 - int(e.place.batch.size());
         !dim && at < int(firstChannels.size()); ++at)
      if (i == indexAlong(at))
        dim = at;
    if (!dim)
      return;
    read.dims.push_back(*dim);
    read.overTime |= *dim == alongTime;
    ofModes |= *dim >= 0 && form.isMode(*dim);
    read.ofChannels |= *dim >= 0 && !form.isMode(*dim);
  }
  if (!ofModes || (read.overTime && read.ofChannels) || !isa<FloatType>(read.elementType()))
    return;
  auto isSame = [&](const Read &other) { return other.value == v && other.dims == read.dims; };
  if (llvm::none_of(reads, isSame))
    reads.push_back(read);
}

Value ScanModeThreads::rearranged(Value v, const Index &idx) {
  if (findsReads) {
    if (e.leafOf(v))
      noteRead(v, idx);
  } else {
    for (const Read &read : reads)
      if (read.value == v && (!read.overTime || currentStep >= 0) && idx == indexOf(read))
        return get(read.kept, 0, placeOf(read));
  }
  return ScanThreads::rearranged(v, idx);
}

/// The current index along a dimension of a value.
Idx ScanModeThreads::indexAlong(int dim) {
  if (dim >= 0)
    return {firstChannels[dim]};
  if (dim == alongNothing)
    return VectorEval::fixed(0);
  return dim == alongTime ? e.place.time : e.place.batch[alongBatch - dim];
}

/// Where ops of the current mode, channel and step read it.
Index ScanModeThreads::indexOf(const Read &read) {
  Index at;
  for (int dim : read.dims)
    at.push_back(indexAlong(dim));
  return at;
}

//===-----------------------------------------------------------------------===//
// Where they are
//===-----------------------------------------------------------------------===//

// Weights are [mode][channel of the block] or [mode]. Inputs are [unit][step of its run][mode], as
// they lie in memory but for one element more of each unit where a warp has some: else these would
// meet in a bank.

/// Elements of an input from one unit of lanes to the next.
int64_t ScanModeThreads::unitOfInput() const { return runSteps * modesKept + (runs > 1); }

int64_t ScanModeThreads::elementsOf(const Read &read) const {
  if (read.overTime)
    return warps * runs * unitOfInput();
  return modes * (read.ofChannels ? width : 1);
}

Value ScanModeThreads::placeOf(const Read &read) {
  if (!read.overTime)
    return read.ofChannels ? ofMode(mode) : mode;
  Value unit = plus(times(lanes.warp, e.constant(runs)), runNumber);
  Value first = plus(times(unit, e.constant(unitOfInput())), minus(mode, firstKept));
  return plus(first, e.constant(currentStep * modesKept));
}

bool ScanModeThreads::readsInputs() const {
  return llvm::any_of(reads, [](const Read &read) { return read.overTime; });
}

/// Takes shared memory for weights, as far as they have some, and forgets others. Returns its
/// bytes.
int64_t ScanModeThreads::keepWeights() {
  int64_t bytes = 0;
  llvm::erase_if(reads, [&](const Read &read) {
    if (read.overTime)
      return false;
    int64_t own = sharedBytesOf(elementsOf(read), read.elementType());
    bool hasRoom = bytes + own <= mostBytesOfModes;
    bytes += hasRoom ? own : 0;
    return !hasRoom;
  });
  return bytes;
}

/// Takes up to `bytes` for inputs of as many modes as these are enough for, of whole sectors if
/// possible.
void ScanModeThreads::keepInputs(int64_t bytes) {
  constexpr int64_t modesOfSector = 8;
  int64_t ofMode = 0;
  for (const Read &read : reads)
    if (read.overTime)
      ofMode += (warps * runs * runSteps + 1) * read.elementType().getIntOrFloatBitWidth() / 8;
  if (ofMode == 0)
    return;
  modesKept = std::min(modes, bytes / ofMode);
  if (modesKept == 0) {
    llvm::erase_if(reads, [](const Read &read) { return read.overTime; });
    modesKept = modes;
  } else if (modesKept < modes && modesKept > modesOfSector) {
    modesKept = modesKept / modesOfSector * modesOfSector;
  }
}

//===-----------------------------------------------------------------------===//
// Reading
//===-----------------------------------------------------------------------===//

/// The block's threads take turns at `count` items.
void ScanModeThreads::forThreads(int64_t count, llvm::function_ref<void(Value)> body) {
  auto loop = scf::ForOp::create(b, loc, thread, e.constant(count), e.constant(warps * warpSize));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  e.openScope();
  body(loop.getInductionVar());
  e.closeScope();
}

Value ScanModeThreads::loadFromMemory(const Read &read) {
  const Leaf &leaf = *e.leafOf(read.value);
  return e.load(leaf.buffer, e.leafIndex(leaf, indexOf(read)));
}

void ScanModeThreads::loadWeights() {
  Value own = channel;
  for (Read &read : reads)
    if (!read.overTime)
      forThreads(elementsOf(read), [&](Value at) {
        Value of = at;
        if (read.ofChannels) {
          of = arith::DivUIOp::create(b, loc, at, e.constant(width));
          Value place = arith::RemUIOp::create(b, loc, at, e.constant(width));
          setIndices(least(plus(firstChannel, place), e.constant(channelCount - 1)),
                     /*ofModes=*/false);
        }
        setMode(of, zero);
        put(read.kept, loadFromMemory(read), at);
      });
  setChannel(own);
  if (llvm::any_of(reads, [](const Read &read) { return !read.overTime; }))
    waitForBlock(b, loc);
}

/// Those of the tile, of the modes from `firstKept` on.
void ScanModeThreads::loadInputs() {
  int64_t steps1 = warps * runs * runSteps;
  Value first = times(tile, e.constant(steps1));
  for (Read &read : reads)
    if (read.overTime)
      forThreads(steps1 * modesKept, [&](Value item) {
        Value step = arith::DivUIOp::create(b, loc, item, e.constant(modesKept));
        Value of = arith::RemUIOp::create(b, loc, item, e.constant(modesKept)), at = item;
        if (runs > 1)
          at = plus(at, arith::DivUIOp::create(b, loc, step, e.constant(runSteps)));
        inside(isWhole ? truth(true) : isLess(plus(first, step), steps), [&] {
          setMode(least(plus(firstKept, of), e.constant(modes - 1)), zero);
          setTime(plus(first, step), 0, true);
          put(read.kept, loadFromMemory(read), at);
        });
      });
}
