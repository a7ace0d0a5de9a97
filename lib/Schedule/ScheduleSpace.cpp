// Which plans are legal for a recurrence, with the numbers and the price of each.
#include "seqc/Schedule/ScheduleSpace.h"

#include "seqc/Analysis/Channels.h"
#include "seqc/Analysis/DimSymbols.h"
#include "seqc/Analysis/Interleaved.h"
#include "seqc/Analysis/Place.h"
#include "seqc/Analysis/ScanForm.h"
#include "seqc/Analysis/ScanModes.h"
#include "seqc/Analysis/StepClass.h"
#include "seqc/Dialect/Seq/Transforms/Derivative.h"
#include "seqc/Schedule/CostModelGpu.h"
#include "seqc/Schedule/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

//===-----------------------------------------------------------------------===//
// Usual sizes
//===-----------------------------------------------------------------------===//

/// What --assume says about size `dim` of `v`, or -1.
static int64_t assumedSize(Value v, int64_t dim, const Assumptions &assumed) {
  auto function = v.getParentRegion()->getParentOfType<func::FuncOp>();
  if (assumed.sizes.empty() || !function)
    return -1;
  DimSymbols symbols(function);
  auto known = assumed.sizes.find(symbols.nameOf(symbols.classOf(v, dim)));
  return known == assumed.sizes.end() ? -1 : known->second;
}

UsualSizes seqc::usualSizes(seq::RecurrenceOp op, const Assumptions &assumed) {
  if (assumed.usual)
    return *assumed.usual;
  UsualSizes sizes;
  sizes.guessedBatch = sizes.guessedSteps = false;
  auto settle = [&](int64_t fixed, Value v, int64_t dim, int64_t guess, bool &guessed) {
    if (!ShapedType::isDynamic(fixed))
      return fixed;
    int64_t size = v ? assumedSize(v, dim, assumed) : -1;
    guessed |= size < 0;
    return size < 0 ? guess : size;
  };
  for (auto [d, size] : llvm::enumerate(op.getStaticBatch()))
    sizes.batch *= settle(size, op.getInitial().front(), d, 1, sizes.guessedBatch);
  Value sequence = op.getInputs().empty() ? Value() : op.getInputs().front();
  sizes.steps = settle(op.getStaticSteps(), sequence, op.getTimeAxis(), UsualSizes().steps,
                       sizes.guessedSteps);
  if (op.isPacked()) // those of all sequences
    sizes.steps = llvm::divideCeil(sizes.steps, std::max<int64_t>(1, sizes.batch));
  return sizes;
}

//===-----------------------------------------------------------------------===//
// The numbers of plan fused
//===-----------------------------------------------------------------------===//

/// Plan fused on a GPU, with so many threads for a task.
static seq::ScheduleAttr onThreads(seq::TargetAttr target, int64_t threads) {
  return seq::ScheduleAttr::get(target.getContext(), seq::Plan::Fused, target.getVectorBits(),
                                /*batchTile=*/1, /*channelTile=*/0, /*chunk=*/0, /*strip=*/16,
                                /*rows=*/1, /*vectors=*/threads, /*prefetch=*/0, /*streamBytes=*/0);
}

seq::ScheduleAttr seqc::fusedSchedule(seq::TargetAttr target) {
  if (isGpu(target))
    return onThreads(target, 1);
  // Accumulators plus `vectors` weights plus one broadcast fit the registers: 6·4 + 4 + 1 of 32,
  // 6·2 + 2 + 1 of 16.
  int64_t rows = 6;
  int64_t vectors = target.getVectorRegisters() >= 32 ? 4 : 2;
  return seq::ScheduleAttr::get(target.getContext(), seq::Plan::Fused, target.getVectorBits(),
                                /*batchTile=*/0, /*channelTile=*/0, /*chunk=*/0, /*strip=*/16, rows,
                                vectors, /*prefetch=*/2, /*streamBytes=*/target.getL2Bytes());
}

/// Sequences that advance together: dense steps share weights between them, elementwise ones need a
/// few independent vectors.
static int64_t batchTile(bool dense, int64_t elements, int64_t lanes, int64_t usual) {
  int64_t tile = dense ? 64 : std::clamp<int64_t>(8 * lanes / elements, 1, 16);
  return usual < 0 ? tile : std::clamp<int64_t>(usual, 1, tile);
}

/// Elements of the widest state of one sequence, or a guess.
static int64_t stateElements(ValueRange initial, int64_t batchRank) {
  int64_t most = 1;
  for (Value v : initial) {
    ArrayRef<int64_t> sizes = typeOf(v).getShape().drop_front(batchRank);
    bool isDynamic = llvm::any_of(sizes, ShapedType::isDynamic);
    most = std::max(most, isDynamic ? 512 : ShapedType::getNumElements(sizes));
  }
  return std::max<int64_t>(1, most);
}

static bool reduces(Operation &op) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  return isa<linalg::SoftmaxOp>(op) || (linalgOp && linalgOp.getNumReductionLoops());
}

/// Threads that rows of the batch leave over, as far as is known.
static int64_t threadsPerRow(seq::RecurrenceOp op, const Assumptions &assumed) {
  return assumed.threads / std::max<int64_t>(1, usualSizes(op, assumed).batch);
}

/// Vectors of states of a tile that may exceed half of the registers.
static constexpr int64_t mostSpilled = 32;

/// Tiles of channels, whose states fill half of the registers, replace an L1 row with all of them
/// where those are too many for L1 and the step keeps channels apart. Where there are more threads
/// than rows, equal tiles are tasks, as wide as will do: they read a part of each row.
static seq::ScheduleAttr fusedTiles(seq::RecurrenceOp op, seq::TargetAttr target,
                                    const Assumptions &assumed) {
  seq::ScheduleAttr schedule = fusedSchedule(target);
  int64_t lanes = schedule.getVectorBits() / 32, batchRank = op.getBatchRank();
  Channels channels = analyzeChannels(op);
  int64_t each = channels.elements, room = target.getVectorRegisters() / 2;
  // Beyond the registers they are spilled to a place in L1.
  if (channels.size && each <= mostSpilled && 2 * each * channels.size * 4 > target.getL1Bytes())
    return schedule.withTiles(/*batch=*/1, std::max<int64_t>(1, room / each) * lanes, stripOfTiles);
  // Equal tiles, else each is under a mask; one a thread, because narrow ones read slowly. Where
  // memory is the limit of whole rows, parts of rows are slower still.
  int64_t parts = threadsPerRow(op, assumed), vectors = channels.size / lanes;
  auto limit = [&] {
    return priceOfFused(op, schedule, usualSizes(op, assumed), MachineModel(target), 1).term;
  };
  if (parts > 1 && limit() != "memory" && channels.size % lanes == 0 && vectors > 1 && each <= room)
    for (int64_t tiles = std::min(parts, vectors); tiles > 1; --tiles)
      if (vectors % tiles == 0 && vectors / tiles * each <= room)
        return schedule.withTiles(1, vectors / tiles * lanes, /*strip=*/0);
  if (batchRank == 0)
    return schedule;
  if (op.isPacked()) // no two sequences have the same steps
    return schedule.withTiles(1, 0, schedule.getStrip());
  int64_t usual = op.getStaticBatch().back();
  if (ShapedType::isDynamic(usual))
    usual = assumedSize(op.getInitial().front(), batchRank - 1, assumed);
  if (assumed.usual)
    usual = assumed.usual->guessedBatch ? -1 : assumed.usual->batch;
  bool dense = llvm::any_of(*op.getBody(), reduces);
  int64_t elements = stateElements(op.getInitial(), batchRank);
  auto tiled = schedule.withTiles(batchTile(dense, elements, lanes, usual), 0, schedule.getStrip());
  if (dense)
    return tiled;
  // Rows side by side hide latencies; one after the other they are read as they lie.
  UsualSizes sizes = usualSizes(op, assumed);
  sizes.batch = sizes.guessedBatch ? 8 : sizes.batch;
  auto priceOf = [&](seq::ScheduleAttr s) {
    return priceOfFused(op, s, sizes, MachineModel(target), 1).seconds;
  };
  auto single = schedule.withTiles(1, 0, schedule.getStrip());
  return priceOf(single) < priceOf(tiled) ? single : tiled;
}

/// Threads that share a step: one for each element of the widest state or out, in whole warps.
static int64_t threadsOfStep(seq::RecurrenceOp op) {
  constexpr int64_t most = 512, guess = 128;
  int64_t widest = 1;
  seq::YieldOp yield = op.getYield();
  for (auto values : {yield.getNext(), yield.getOut()})
    for (Value v : values)
      widest = std::max(widest, typeOf(v).hasStaticShape() ? typeOf(v).getNumElements() : guess);
  auto isWide = [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.getRank() > 0;
  };
  bool hasWide = op.getStep()
                     .walk([&](Operation *inner) {
                       return llvm::any_of(inner->getOperandTypes(), isWide)
                                  ? WalkResult::interrupt()
                                  : WalkResult::advance();
                     })
                     .wasInterrupted();
  return hasWide ? std::min<int64_t>(most, llvm::alignTo(widest, warpSize)) : 1;
}

std::string seqc::whyNotEachStep(seq::RecurrenceOp op) {
  if (analyzeChannels(op).size > 0)
    return "the step keeps its channels apart, so that threads need not wait for each other";
  if (op.isPacked())
    return "packed sequences have steps of their own, which the host does not know";
  if (!isa<func::FuncOp>(op->getParentOp()))
    return "the recurrence is inside of a loop";
  if (threadsOfStep(op) == 1)
    return "all values of the step are scalars";
  return {};
}

/// Terms of the longest sum of the step that reads states; 0 where that is not known.
static int64_t widestSum(seq::RecurrenceOp op) {
  DenseSet<Value> ofStates;
  ofStates.insert_range(op.getStateArgs());
  int64_t widest = 0;
  for (Operation &inner : op.getBody()->without_terminator()) {
    auto isOfStates = [&](Value v) { return ofStates.contains(v); };
    if (!llvm::any_of(inner.getOperands(), isOfStates))
      continue;
    ofStates.insert_range(inner.getResults());
    auto sum = dyn_cast<linalg::LinalgOp>(inner);
    if (!sum || !llvm::any_of(sum.getDpsInputs(), isOfStates))
      continue;
    int64_t terms = sum.getNumReductionLoops() ? 1 : 0;
    for (auto [kind, range] :
         llvm::zip_equal(sum.getIteratorTypesArray(), sum.getStaticLoopRanges()))
      if (kind == utils::IteratorType::reduction)
        terms *= ShapedType::isDynamic(range) ? 0 : range;
    widest = std::max(widest, terms);
  }
  return widest;
}

/// Kernels for each step or, where sizes are known for which that is cheaper, blocks that carry
/// sequences over all of time.
static seq::ScheduleAttr wideSchedule(seq::RecurrenceOp op, seq::ScheduleAttr ofBlocks,
                                      const Assumptions &assumed) {
  auto eachStep = seq::ScheduleAttr::get(
      op.getContext(), seq::Plan::Fused, ofBlocks.getVectorBits(), /*batchTile=*/1,
      /*channelTile=*/0, /*chunk=*/1, ofBlocks.getStrip(), /*rows=*/rowsOfStepThread,
      /*vectors=*/1, /*prefetch=*/0, /*streamBytes=*/0);
  UsualSizes sizes = usualSizes(op, assumed);
  auto secondsOf = [&](seq::ScheduleAttr schedule) {
    return predictGpu(gpuWorkOf(op, schedule, sizes)).price().seconds;
  };
  return !sizes.guessedBatch && secondsOf(ofBlocks) < secondsOf(eachStep) ? ofBlocks : eachStep;
}

/// The numbers of plan fused on a GPU: a thread carries one channel of one sequence over time.
/// Where channels meet, a block carries a sequence, unless they are many, and where all values are
/// scalars, a thread.
static seq::ScheduleAttr threadSchedule(seq::RecurrenceOp op, seq::TargetAttr target,
                                        const Assumptions &assumed) {
  if (analyzeChannels(op).size > 0)
    return fusedSchedule(target).withTiles(/*batch=*/1, /*channels=*/1, /*strip=*/0);
  seq::ScheduleAttr ofBlocks = onThreads(target, threadsOfStep(op));
  if (widestSum(op) <= mostChannelsOfBlock || !whyNotEachStep(op).empty())
    return ofBlocks;
  return wideSchedule(op, ofBlocks, assumed);
}

/// The numbers for `op` of plan fused. Where memory is the limit, a core that follows rows by
/// itself has loads enough under way; where it computes, it does not look that far ahead.
static seq::ScheduleAttr fusedNumbers(seq::RecurrenceOp op, seq::TargetAttr target,
                                      const Assumptions &assumed) {
  if (isGpu(target))
    return threadSchedule(op, target, assumed);
  seq::ScheduleAttr schedule = fusedTiles(op, target, assumed);
  Price price = priceOfFused(op, schedule, usualSizes(op, assumed), MachineModel(target), 1);
  return target.getFollowsRows() && price.term == "memory" ? schedule.withPrefetch(0) : schedule;
}

//===-----------------------------------------------------------------------===//
// The numbers of plan scan
//===-----------------------------------------------------------------------===//

/// Groups of vectors whose products, of so many components, fill the registers. A chunk of a long
/// row fills L2 two to four times: more rounds cost more than reading it again from the next cache.
static seq::ScheduleAttr scanSchedule(seq::TargetAttr target, int64_t channels, int64_t components,
                                      double bytesPerStep, int64_t threads) {
  int64_t lanes = target.getVectorBits() / 32;
  int64_t units = std::max<int64_t>(1, lanes / channels);
  int64_t vectors = std::min<int64_t>(units, 4);
  int64_t most = target.getVectorRegisters() >= 32 ? 3 : 2;
  int64_t groups = components > 4 ? 1 : components > 3 ? 2 : most;
  int64_t chunk = 0;
  if (threads > 1) {
    chunk = 64 * lanes;
    while (double(chunk) * bytesPerStep <= 2 * double(target.getL2Bytes()))
      chunk *= 2;
  }
  return seq::ScheduleAttr::get(target.getContext(), seq::Plan::Scan, target.getVectorBits(),
                                /*batchTile=*/threads > 1 ? threads : 0, /*channelTile=*/0, chunk,
                                /*strip=*/16, /*rows=*/groups, vectors, /*prefetch=*/0,
                                /*streamBytes=*/target.getL2Bytes());
}

/// The numbers of plan scan on a GPU: steps of a thread, whose elements are in registers, and warps
/// of a block.
static seq::ScheduleAttr scanOfThreads(seq::RecurrenceOp op, seq::TargetAttr target,
                                       int64_t components) {
  constexpr int64_t registers = 24, mostSteps = 16, warps = 8;
  bool wide = llvm::any_of(op.getStateArgs(),
                           [](Value v) { return typeOf(v).getElementTypeBitWidth() > 32; });
  int64_t each = components * (wide ? 2 : 1);
  int64_t steps = llvm::bit_floor<uint64_t>(std::clamp(registers / each, int64_t(1), mostSteps));
  return seq::ScheduleAttr::get(target.getContext(), seq::Plan::Scan, target.getVectorBits(),
                                /*batchTile=*/0, /*channelTile=*/0, /*chunk=*/steps, /*strip=*/0,
                                /*rows=*/warps, /*vectors=*/1, /*prefetch=*/0, /*streamBytes=*/0);
}

/// The same where outs add up modes. A thread keeps what modes share and sums for all of its steps;
/// lanes of a warp are 8 channels, a sector of floats, where that is all that lies in memory: tiles
/// that are longer tell each other less. What each mode reads is read for as many channels as
/// possible.
static seq::ScheduleAttr scanOfModes(seq::RecurrenceOp op, seq::TargetAttr target,
                                     int64_t components, const ScanModes &modes) {
  constexpr int64_t mostSteps = 16, sector = 8;
  // Registers for the steps beside a product, and for pairs of a product's parts, as ptxas needs
  // them: few warps have more (blocksOfScanOnSm).
  constexpr int64_t ofPair = 3;
  int64_t registers = components <= 2 ? 103 : 79, warps = 4;
  // The bytes that a thread's product takes in shared memory are less.
  constexpr int64_t bytesOfComponent = 9, sharedBytes = mostNamedBytes / 2;
  bool wide = llvm::any_of(op.getStateArgs(),
                           [](Value v) { return typeOf(v).getElementTypeBitWidth() > 32; });
  int64_t words = wide ? 2 : 1, each = words * int64_t(modes.shared.size() + modes.sums.size());
  int64_t most = (registers - words * ofPair * components * components) / each;
  int64_t steps = llvm::bit_floor<uint64_t>(std::clamp(most, int64_t(1), mostSteps));
  while (warps > 1 && warps * warpSize * components * bytesOfComponent > sharedBytes)
    warps /= 2;
  return seq::ScheduleAttr::get(target.getContext(), seq::Plan::Scan, target.getVectorBits(),
                                /*batchTile=*/0,
                                /*channelTile=*/modes.readsModes ? warpSize : sector,
                                /*chunk=*/steps, /*strip=*/0, /*rows=*/warps, /*vectors=*/1,
                                /*prefetch=*/0, /*streamBytes=*/0);
}

/// Why a state or an out has no place among the channels of `shape`, or empty.
static std::string whyNotInShape(seq::RecurrenceOp op, ArrayRef<int64_t> shape) {
  auto refusal = [&](const Twine &what, Value v) {
    return what.str() + " has " + describeSizes(typeOf(v).getShape()) +
           ", with which the largest " + describeSizes(shape) + " do not begin";
  };
  for (auto [i, state] : llvm::enumerate(op.getStateArgs()))
    if (!hasLeadingSizes(typeOf(state).getShape(), shape))
      return refusal("state #" + Twine(i), state);
  for (auto [i, out] : llvm::enumerate(op.getYield().getOut()))
    if (!hasLeadingSizes(typeOf(out).getShape(), shape) && !hasShapeInParts(out, shape))
      return refusal("out #" + Twine(i), out);
  return {};
}

/// Why one of the indices at which the step reads tensors cannot be had for many steps at once, or
/// empty: it changes from step to step, or is no constant where the states are read.
static std::string whyNotInPlace(seq::RecurrenceOp op) {
  DenseSet<Value> everyStep, stateful;
  for (ValueRange args : {ValueRange(op.getInputArgs()), ValueRange(op.getSharedArgs())})
    everyStep.insert(args.begin(), args.end());
  stateful.insert(op.getStateArgs().begin(), op.getStateArgs().end());
  std::string refusal;
  op.getStep().walk<WalkOrder::PreOrder>([&](Operation *inner) {
    bool isRead = isa<tensor::ExtractSliceOp, tensor::ExtractOp>(inner);
    for (Value index : inner->getOperands().drop_front(isRead ? 1 : 0)) {
      if (!isRead)
        break;
      bool isConstant = matchPattern(index, m_Constant());
      if (everyStep.contains(index) || stateful.contains(index))
        refusal = describeOp(inner) + " reads at an index that changes from step to step";
      else if (!isConstant && stateful.contains(inner->getOperand(0)))
        refusal = describeOp(inner) + " reads the states at an index that is no constant";
    }
    for (DenseSet<Value> *set : {&everyStep, &stateful})
      if (llvm::any_of(inner->getOperands(), [&](Value v) { return set->contains(v); }))
        for (Operation *at = inner; at != op; at = at->getParentOp())
          set->insert(at->result_begin(), at->result_end());
    return refusal.empty() ? WalkResult::advance() : WalkResult::interrupt();
  });
  return refusal;
}

/// True if both branches can be taken: they have no effects, and results of static sizes.
static bool canSelect(Operation *branch) {
  return isPure(branch) && llvm::all_of(branch->getResultTypes(), [](Type type) {
           auto shaped = dyn_cast<ShapedType>(type);
           return !shaped || shaped.hasStaticShape();
         });
}

/// The first op but `sums` that does not work element by element, as a refusal, or empty.
static std::string whyNotByElement(Block *body, ArrayRef<linalg::LinalgOp> sums = {}) {
  for (Operation &inner : body->without_terminator()) {
    if (llvm::is_contained(sums, &inner))
      continue;
    auto structured = dyn_cast<linalg::LinalgOp>(inner);
    if (isInterleaving(&inner))
      continue;
    if ((structured && structured.getNumReductionLoops()) ||
        isa<tensor::PadOp, tensor::ConcatOp, tensor::InsertSliceOp, seq::RecurrenceOp,
            linalg::SoftmaxOp>(inner) ||
        (inner.getNumRegions() && !structured && !isa<seq::CombineOp, scf::IfOp>(inner)) ||
        (isa<scf::IfOp>(inner) && !canSelect(&inner)))
      return describeOp(&inner) + " does not work element by element";
    if (isa<scf::IfOp, seq::CombineOp>(inner))
      for (Region &region : inner.getRegions())
        if (!region.empty())
          if (std::string refusal = whyNotByElement(&region.front()); !refusal.empty())
            return refusal;
  }
  return {};
}

/// The first op of `block` that reads one of `values` at another element than the one it computes,
/// or null; adds the results of the others.
static Operation *firstMove(Block *block, DenseSet<Value> &values) {
  for (Operation &inner : block->without_terminator()) {
    auto linalgOp = dyn_cast<linalg::LinalgOp>(inner);
    auto isRead = [&](Value v) { return values.contains(v); };
    for (Region &region : inner.getRegions()) {
      if (linalgOp || region.empty())
        continue;
      values.insert(region.args_begin(), region.args_end());
      if (Operation *moved = firstMove(&region.front(), values))
        return moved;
    }
    if (llvm::none_of(inner.getOperands(), isRead) && inner.getNumRegions() == 0)
      continue;
    bool inPlace = isa<seq::CombineOp, scf::IfOp, tensor::DimOp>(inner) || isInterleaving(&inner) ||
                   (!linalgOp && OpTrait::hasElementwiseMappableTraits(&inner));
    if (linalgOp && linalgOp.getNumParallelLoops() == linalgOp.getNumLoops()) {
      AffineMap out = linalgOp.getMatchingIndexingMap(linalgOp.getDpsInitOperand(0));
      inPlace =
          out.isPermutation() && llvm::all_of(inner.getOpOperands(), [&](OpOperand &operand) {
            AffineMap map = linalgOp.getMatchingIndexingMap(&operand);
            return !isRead(operand.get()) || readsLeading(map.compose(inversePermutation(out)),
                                                          typeOf(operand.get()).getShape(),
                                                          typeOf(inner.getResult(0)).getShape());
          });
    }
    if (!inPlace)
      return &inner;
    values.insert(inner.result_begin(), inner.result_end());
  }
  return nullptr;
}

/// Why the channels of `shape`, if they are more than a vector's, cannot be kept apart, or empty.
static std::string whyNotInTiles(seq::RecurrenceOp op, ArrayRef<int64_t> shape, int64_t lanes) {
  int64_t width = channelsOfVector(shape, lanes), all = ShapedType::getNumElements(shape);
  if (width == all)
    return {};
  if (!width)
    return "one step's " + std::to_string(all) +
           " channels do not divide into equal parts that fill more than half of a vector of " +
           std::to_string(lanes);
  for (auto [i, out] : llvm::enumerate(op.getYield().getOut()))
    if (!hasShapeInParts(out, shape))
      return "out #" + std::to_string(i) + " has " + describeSizes(typeOf(out).getShape()) +
             ", and each part of the " + std::to_string(all) + " channels would write it";
  DenseSet<Value> values(op.getStateArgs().begin(), op.getStateArgs().end());
  if (Operation *moved = firstMove(op.getBody(), values))
    return describeOp(moved) +
           " moves elements of the states between channels, of which a vector of " +
           std::to_string(lanes) + " holds a part";
  return {};
}

/// Why `op` cannot run in vectors of any lanes, or empty.
static std::string whyNotInScans(seq::RecurrenceOp op, ArrayRef<int64_t> shape) {
  if (op->getParentOfType<seq::RecurrenceOp>())
    return "it is inside of another recurrence's step";
  for (Value state : op.getStateArgs())
    if (!typeOf(state).hasStaticShape())
      return "a scan in vectors needs a static number of channels, one or more";
  if (ShapedType::getNumElements(shape) < 1)
    return "a scan in vectors needs a static number of channels, one or more";
  return {};
}

/// Why `op`, a scan over `shape`, cannot run in vectors of `lanes`, or empty.
static std::string whyNotInVectors(seq::RecurrenceOp op, ArrayRef<int64_t> shape, int64_t lanes) {
  if (std::string refusal = whyNotInScans(op, shape); !refusal.empty())
    return refusal;
  for (std::string refusal : {whyNotInShape(op, shape), whyNotInPlace(op),
                              whyNotByElement(op.getBody()), whyNotInTiles(op, shape, lanes)})
    if (!refusal.empty())
      return refusal;
  return {};
}

/// The numbers of a scan whose outs add up modes, or why it is none that threads can have.
static std::string tryModes(seq::RecurrenceOp op, seq::TargetAttr target, PlanOption &option) {
  if (std::string refusal = whyNotInScans(op, option.proof.shape); !refusal.empty())
    return refusal;
  ScanModes modes = analyzeScanModes(op);
  if (!modes.refusal.empty())
    return modes.refusal;
  for (std::string refusal : {whyNotInPlace(op), whyNotByElement(op.getBody(), modes.sums)})
    if (!refusal.empty())
      return refusal;
  option.schedule = scanOfModes(op, target, option.proof.components, modes);
  return {};
}

PlanOption seqc::scanOption(seq::RecurrenceOp op, seq::TargetAttr target,
                            const Assumptions &assumed, int64_t vectorBits) {
  PlanOption option{seq::Plan::Scan, "", {}, {}, proveScan(op)};
  int64_t lanes = (vectorBits ? vectorBits : target.getVectorBits()) / 32;
  bool gpu = isGpu(target), hasModes = false;
  option.refusal =
      option.proof.ok ? whyNotInVectors(op, option.proof.shape, lanes) : option.proof.refusal;
  if (gpu && option.proof.ok && !option.isLegal()) {
    std::string refusal = tryModes(op, target, option);
    hasModes = refusal.empty();
    if (hasModes)
      option.refusal.clear();
    else if (refusal != option.refusal)
      option.refusal += "; nor are its outs sums over modes: " + refusal;
  }
  if (option.isLegal() && assumed.exact)
    option.refusal = "--streaming-exact asks for the bits of single steps";
  if (option.isLegal() && gpu && !hasModes)
    option.schedule = scanOfThreads(op, target, option.proof.components);
  else if (option.isLegal() && !gpu)
    option.schedule =
        scanSchedule(target, channelsOfVector(option.proof.shape, lanes), option.proof.components,
                     countWork(op, lanes).bytes, assumed.threads);
  return option;
}

//===-----------------------------------------------------------------------===//
// The numbers of plan segments
//===-----------------------------------------------------------------------===//

/// True if each state depends on itself and others at all channels: segments are rows of a matmul.
static bool mixesChannels(DependenceClass kind) {
  return kind == DependenceClass::AffineContraction || kind == DependenceClass::NonlinearDense;
}

/// Why time of `op` cannot be cut in segments, whatever its step is, or empty.
static std::string whyNotInParts(seq::RecurrenceOp op) {
  if (op->getParentOfType<seq::RecurrenceOp>())
    return "it is inside of another recurrence's step";
  if (op.isPacked())
    return "packed sequences are a pass over time each, from one offset to the next";
  return {};
}

/// Why segments of `op`, which mixes channels, cannot be rows that advance together, or empty.
static std::string whyNotInRows(seq::RecurrenceOp op, const Assumptions &assumed) {
  auto isOther = [&](Value state) {
    return typeOf(state).getShape() != typeOf(op.getStateArgs().front()).getShape();
  };
  if (assumed.certificate != seq::Certificate::Backward && llvm::any_of(op.getStateArgs(), isOther))
    return "its states have different shapes";
  if (assumed.certificate != seq::Certificate::Backward)
    return "its states mix channels, and such states never meet bit for bit "
           "(--certificate=backward lets them jump by some units in the last place)";
  if (op.getResets())
    return "'resets' go back to the initial values, which segments do not start from";
  for (auto [i, state] : llvm::enumerate(op.getStateArgs())) {
    Type element = typeOf(state).getElementType();
    if (typeOf(state).getRank() == 0 || !(element.isF32() || element.isF64()))
      return "state #" + std::to_string(i) + " is no tensor of f32 or f64 with channels";
  }
  for (ValueRange values : {ValueRange(op.getInputArgs()), ValueRange(op.getSharedArgs()),
                            ValueRange(op.getGivenArgs()), ValueRange(op.getStateArgs()),
                            ValueRange(op.getYield().getOut())})
    for (Value v : values)
      if (!typeOf(v).hasStaticShape() || typeOf(v).getElementType().isInteger(1))
        return "what a step reads and writes needs static sizes, and no elements of i1";
  bool isNested =
      op.getStep().walk([](seq::RecurrenceOp) { return WalkResult::interrupt(); }).wasInterrupted();
  if (isNested || !isa<func::FuncOp>(op->getParentOp()))
    return "its step has a recurrence of its own, or it is inside of a loop";
  return {};
}

/// Why `op` cannot run in segments of time, or empty. Vectors of `lanes` hold all channels, or, if
/// 0, threads have one each.
static std::string whyNotInSegments(seq::RecurrenceOp op, int64_t lanes) {
  RankedTensorType first = typeOf(op.getStateArgs().front());
  for (Value state : op.getStateArgs()) {
    if (typeOf(state).getShape() != first.getShape())
      return "its states have different shapes";
    if (typeOf(state).getElementType().isInteger(1))
      return "a state of i1 is not kept in vectors";
  }
  if (!first.hasStaticShape() || first.getNumElements() < 1)
    return "many steps in a vector need a static number of channels, one or more";
  for (auto [i, out] : llvm::enumerate(op.getYield().getOut()))
    if (!hasShapeInParts(out, first.getShape()))
      return "out #" + std::to_string(i) + " has another shape than the states";
  for (Operation &inner : *op.getBody())
    if (isa<scf::IfOp>(inner)) // only scans choose between the values of both branches
      return describeOp(&inner) + " does not work element by element";
  if (std::string refusal = whyNotByElement(op.getBody()); !refusal.empty())
    return refusal;
  if (lanes && first.getNumElements() > lanes)
    return "one step's " + std::to_string(first.getNumElements()) +
           " channels fill more than a vector of " + std::to_string(lanes) +
           ", so that one pass over time uses its lanes as well";
  return {};
}

/// The numbers of plan segments on a GPU: steps of a segment, the cheapest for the usual sizes, of
/// which a thread has some in registers at once, and warps of a block.
static seq::ScheduleAttr segmentsOfThreads(seq::RecurrenceOp op, seq::TargetAttr target,
                                           const Assumptions &assumed) {
  constexpr int64_t registers = 64, mostSteps = 8, warps = 4;
  double words = 0; // of a channel at each step
  for (ValueRange values : {ValueRange(op.getInputArgs()), ValueRange(op.getYield().getOut())})
    for (Value v : values)
      if (RankedTensorType type = typeOf(v); type.hasStaticShape())
        words +=
            double(type.getNumElements() * llvm::divideCeil(type.getElementTypeBitWidth(), 32));
  words /= double(typeOf(op.getStateArgs().front()).getNumElements());
  int64_t steps = int64_t(double(registers) / std::max(1.0, words));
  steps = llvm::bit_floor<uint64_t>(std::clamp(steps, int64_t(1), mostSteps));
  UsualSizes sizes = usualSizes(op, assumed);
  seq::ScheduleAttr best;
  double least = 0;
  for (int64_t chunk : {64, 128, 256, 512, 1024}) {
    auto schedule = seq::ScheduleAttr::get(target.getContext(), seq::Plan::Segments,
                                           target.getVectorBits(), /*batchTile=*/0,
                                           /*channelTile=*/0, chunk, /*strip=*/steps,
                                           /*rows=*/warps, /*vectors=*/1, /*prefetch=*/0,
                                           /*streamBytes=*/0);
    double seconds = predictGpu(gpuWorkOf(op, schedule, sizes)).price().seconds;
    if (best && seconds >= least)
      continue;
    best = schedule;
    least = seconds;
  }
  return best;
}

PlanOption seqc::segmentsOption(seq::RecurrenceOp op, seq::TargetAttr target,
                                const Assumptions &assumed) {
  PlanOption option{seq::Plan::Segments, "", {}, {}, {}};
  DependenceClass kind = classifyStep(op).overall;
  option.forgets = kind > DependenceClass::AffineContraction;
  option.refusal = whyNotInParts(op);
  if (option.isLegal() && mixesChannels(kind)) {
    option.refusal = isGpu(target) ? "its states mix channels, and such states never meet bit for "
                                     "bit (GPUs do not have the certificate 'backward' yet)"
                                   : whyNotInRows(op, assumed);
    seq::ScheduleAttr fused = fusedSchedule(target);
    if (option.isLegal())
      option.schedule =
          fused.withPlan(seq::Plan::Segments)
              .withTiles(assumed.threads > 1 ? assumed.threads : 0, 0, fused.getStrip())
              .withCertificate(seq::Certificate::Backward);
    return option;
  }
  if (option.isLegal())
    option.refusal = whyNotInSegments(op, isGpu(target) ? 0 : target.getVectorBits() / 32);
  if (option.isLegal() && isGpu(target)) {
    option.schedule = segmentsOfThreads(op, target, assumed);
    return option;
  }
  // Three vectors hide the latencies of a step; more make each repair dearer.
  if (option.isLegal())
    option.schedule = seq::ScheduleAttr::get(
        target.getContext(), seq::Plan::Segments, target.getVectorBits(),
        /*batchTile=*/assumed.threads > 1 ? assumed.threads : 0, /*channelTile=*/0, /*chunk=*/0,
        /*strip=*/16, /*rows=*/3, /*vectors=*/1, /*prefetch=*/0, /*streamBytes=*/0);
  return option;
}

/// Why Newton's method cannot guess the states of `op`, or empty.
static std::string whyNotByNewton(seq::RecurrenceOp op) {
  Type element = typeOf(op.getStateArgs().front()).getElementType();
  for (Value state : op.getStateArgs())
    if (!isDifferentiable(state.getType()) || typeOf(state).getElementType() != element)
      return "its states are not floats of one type";
  if (Operation *obstacle = firstWithoutDerivative(op))
    return "the derivative of " + describeOp(obstacle) + " is not known";
  return {};
}

PlanOption seqc::newtonOption(seq::RecurrenceOp op, PlanOption segments) {
  PlanOption option = std::move(segments);
  option.plan = seq::Plan::Newton;
  if (option.isLegal() && option.schedule.getCertificate() == seq::Certificate::Backward)
    option.refusal = "its states mix channels, so that Jacobians are no small blocks";
  if (option.isLegal())
    option.refusal = whyNotByNewton(op);
  option.schedule = option.isLegal() ? option.schedule.withPlan(seq::Plan::Newton) : nullptr;
  return option;
}

//===-----------------------------------------------------------------------===//
// The space
//===-----------------------------------------------------------------------===//

static Price priceOnGpu(seq::RecurrenceOp op, const PlanOption &option, const UsualSizes &sizes) {
  auto priceIf = [&](bool forgets) {
    return predictGpu(gpuWorkOf(op, option.schedule, sizes, forgets)).price();
  };
  Price price = priceIf(option.forgets);
  if (option.plan == seq::Plan::Segments || option.plan == seq::Plan::Newton)
    price.worst = priceIf(false).seconds;
  return price;
}

/// Prices the legal ones of `options`, plans for `op`.
static void setPrices(MutableArrayRef<PlanOption> options, seq::RecurrenceOp op,
                      seq::TargetAttr target, const UsualSizes &sizes, int64_t threads) {
  if (isGpu(target)) {
    for (PlanOption &option : options)
      if (option.isLegal())
        option.price = priceOnGpu(op, option, sizes);
    return;
  }
  MachineModel machine(target);
  for (PlanOption &option : options)
    if (option.isLegal())
      option.price =
          option.plan == seq::Plan::Scan
              ? priceOfScan(op, option.proof, option.schedule, sizes, machine, threads)
          : option.schedule.getCertificate() == seq::Certificate::Backward
              ? priceOfRows(op, option.schedule, sizes, machine, threads)
          : option.plan != seq::Plan::Fused
              ? priceOfSegments(op, option.forgets, option.schedule, sizes, machine, threads)
              : priceOfFused(op, option.schedule, sizes, machine, threads);
}

SmallVector<PlanOption, 4> seqc::scheduleSpace(seq::RecurrenceOp op, seq::TargetAttr target,
                                               const Assumptions &assumed) {
  PlanOption scan = scanOption(op, target, assumed);
  PlanOption segments = segmentsOption(op, target, assumed);
  segments.forgets &= !scan.proof.ok;
  SmallVector<PlanOption, 4> options = {
      {seq::Plan::Fused, "", fusedNumbers(op, target, assumed), {}, {}},
      scan,
      segments,
      newtonOption(op, segments)};
  setPrices(options, op, target, usualSizes(op, assumed), assumed.threads);
  return options;
}

SmallVector<PlanOption, 4> seqc::pricedAnew(ArrayRef<PlanOption> options, seq::RecurrenceOp op,
                                            seq::TargetAttr target, const Assumptions &assumed) {
  SmallVector<PlanOption, 4> anew(options);
  anew.front().schedule = fusedNumbers(op, target, assumed);
  setPrices(anew, op, target, usualSizes(op, assumed), assumed.threads);
  return anew;
}

/// How much slower than `fused` a chosen plan may be, where guesses never meet.
static constexpr double mostLoss = 1.3;
/// How much faster one must be at least: prices are no better than that.
static constexpr double leastGain = 1.02;

const PlanOption &seqc::cheapest(ArrayRef<PlanOption> options) {
  const PlanOption &fused = options.front(), *best = &fused;
  for (const PlanOption &option : options) {
    double least = best->price.seconds / (best == &fused ? leastGain : 1);
    if (option.isLegal() && option.price.worst <= mostLoss * fused.price.seconds &&
        option.price.seconds < least)
      best = &option;
  }
  return *best;
}
