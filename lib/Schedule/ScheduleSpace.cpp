// Which plans are legal for a recurrence, with the numbers and the price of each.
#include "seqc/Schedule/ScheduleSpace.h"

#include "seqc/Analysis/Channels.h"
#include "seqc/Analysis/DimSymbols.h"
#include "seqc/Analysis/Interleaved.h"
#include "seqc/Analysis/Place.h"
#include "seqc/Analysis/ScanForm.h"
#include "seqc/Analysis/StepClass.h"
#include "seqc/Schedule/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

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

seq::ScheduleAttr seqc::fusedSchedule(seq::TargetAttr target) {
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

/// Tiles of channels, whose states fill half of the registers, replace an L1 row with all of them
/// where those are too many for L1 and the step keeps channels apart. Their strips are short: a
/// tile reads some columns of a strip's rows, and the next one finds their lines in L1.
static seq::ScheduleAttr fusedTiles(seq::RecurrenceOp op, seq::TargetAttr target,
                                    const Assumptions &assumed) {
  seq::ScheduleAttr schedule = fusedSchedule(target);
  int64_t lanes = schedule.getVectorBits() / 32, batchRank = op.getBatchRank();
  Channels channels = analyzeChannels(op);
  int64_t each = channels.elements, room = target.getVectorRegisters() / 2;
  if (channels.size && each <= room && 2 * each * channels.size * 4 > target.getL1Bytes())
    return schedule.withTiles(/*batch=*/1, room / each * lanes, /*strip=*/8);
  if (batchRank == 0)
    return schedule;
  if (op.isPacked()) // no two sequences have the same steps
    return schedule.withTiles(1, 0, schedule.getStrip());
  int64_t usual = op.getStaticBatch().back();
  if (ShapedType::isDynamic(usual))
    usual = assumedSize(op.getInitial().front(), batchRank - 1, assumed);
  bool dense = llvm::any_of(*op.getBody(), reduces);
  int64_t elements = stateElements(op.getInitial(), batchRank);
  return schedule.withTiles(batchTile(dense, elements, lanes, usual), 0, schedule.getStrip());
}

//===-----------------------------------------------------------------------===//
// The numbers of plan scan
//===-----------------------------------------------------------------------===//

/// Elements of a step's states, which all have one shape in scan form, or -1.
static int64_t channelsOf(seq::RecurrenceOp op) {
  auto type = typeOf(op.getStateArgs().front());
  return type.hasStaticShape() ? type.getNumElements() : -1;
}

/// Groups of vectors whose products fill the registers. Chunks of long rows hold half of L2.
static seq::ScheduleAttr scanSchedule(seq::TargetAttr target, int64_t channels, double bytesPerStep,
                                      int64_t threads) {
  int64_t lanes = target.getVectorBits() / 32;
  int64_t units = std::max<int64_t>(1, lanes / channels);
  int64_t vectors = std::min<int64_t>(units, 4);
  int64_t groups = target.getVectorRegisters() >= 32 ? 3 : 2;
  int64_t chunk = 0;
  if (threads > 1) {
    chunk = 64 * lanes;
    while (2 * double(chunk) * bytesPerStep <= double(target.getL2Bytes()) / 2)
      chunk *= 2;
  }
  return seq::ScheduleAttr::get(target.getContext(), seq::Plan::Scan, target.getVectorBits(),
                                /*batchTile=*/threads > 1 ? threads : 0, /*channelTile=*/0, chunk,
                                /*strip=*/16, /*rows=*/groups, vectors, /*prefetch=*/0,
                                /*streamBytes=*/target.getL2Bytes());
}

/// Why the states and outs of `op` do not fill lanes channel by channel, or empty.
static std::string whyNotInLanes(seq::RecurrenceOp op) {
  if (op->getParentOfType<seq::RecurrenceOp>())
    return "it is inside of another recurrence's step";
  if (op.isPacked())
    return "packed sequences are a pass over time each, from one offset to the next";
  auto shape = typeOf(op.getStateArgs().front()).getShape();
  for (Value state : op.getStateArgs())
    if (typeOf(state).getShape() != shape)
      return "its states have different shapes";
  if (channelsOf(op) < 1)
    return "many steps in a vector need a static number of channels, one or more";
  for (auto [i, out] : llvm::enumerate(op.getYield().getOut()))
    if (!hasShapeInParts(out, shape))
      return "out #" + std::to_string(i) + " has another shape than the states";
  for (Operation &inner : op.getBody()->without_terminator()) {
    auto structured = dyn_cast<linalg::LinalgOp>(inner);
    if (isInterleaving(&inner))
      continue;
    if ((structured && structured.getNumReductionLoops()) ||
        isa<tensor::PadOp, tensor::ConcatOp, tensor::InsertSliceOp, seq::RecurrenceOp,
            linalg::SoftmaxOp>(inner) ||
        (inner.getNumRegions() && !structured && !isa<seq::CombineOp, scf::IfOp>(inner)))
      return "'" + inner.getName().getStringRef().str() + "' at " + describePlace(inner.getLoc()) +
             " does not work element by element";
  }
  return {};
}

/// Why `op`, a scan, cannot run in vectors of `lanes`, or empty.
static std::string whyNotInVectors(seq::RecurrenceOp op, int64_t lanes) {
  std::string reason = whyNotInLanes(op);
  if (reason.empty() && 2 * channelsOf(op) > lanes)
    return "one step's " + std::to_string(channelsOf(op)) +
           " channels fill more than half of a vector of " + std::to_string(lanes) +
           ", so that one pass over time uses its lanes as well";
  return reason;
}

PlanOption seqc::scanOption(seq::RecurrenceOp op, seq::TargetAttr target,
                            const Assumptions &assumed) {
  PlanOption option{seq::Plan::Scan, "", {}, {}, proveScan(op)};
  int64_t lanes = target.getVectorBits() / 32;
  option.refusal = option.proof.ok ? whyNotInVectors(op, lanes) : option.proof.refusal;
  if (option.isLegal() && assumed.exact)
    option.refusal = "--streaming-exact asks for the bits of single steps";
  if (option.isLegal())
    option.schedule =
        scanSchedule(target, channelsOf(op), countWork(op, lanes).bytes, assumed.threads);
  return option;
}

//===-----------------------------------------------------------------------===//
// The numbers of plan segments
//===-----------------------------------------------------------------------===//

/// Why `op` cannot run in segments of time, or empty.
static std::string whyNotInSegments(seq::RecurrenceOp op, int64_t lanes) {
  StepClass step = classifyStep(op);
  if (step.overall == DependenceClass::AffineContraction ||
      step.overall == DependenceClass::NonlinearDense)
    return "its states mix channels, and such states never meet bit for bit";
  std::string reason = whyNotInLanes(op);
  if (!reason.empty())
    return reason;
  for (Value state : op.getStateArgs())
    if (typeOf(state).getElementType().isInteger(1))
      return "a state of i1 is not kept in vectors";
  for (Operation &inner : *op.getBody())
    if (isa<scf::IfOp>(inner)) // only scans choose between the values of both branches
      return "'scf.if' at " + describePlace(inner.getLoc()) + " does not work element by element";
  if (channelsOf(op) > lanes)
    return "one step's " + std::to_string(channelsOf(op)) + " channels fill more than a vector of " +
           std::to_string(lanes) + ", so that one pass over time uses its lanes as well";
  return {};
}

PlanOption seqc::segmentsOption(seq::RecurrenceOp op, seq::TargetAttr target,
                                const Assumptions &assumed) {
  PlanOption option{seq::Plan::Segments, "", {}, {}, {}};
  option.refusal = whyNotInSegments(op, target.getVectorBits() / 32);
  // Three vectors hide the latencies of a step; more make each repair dearer.
  if (option.isLegal())
    option.schedule = seq::ScheduleAttr::get(
        target.getContext(), seq::Plan::Segments, target.getVectorBits(),
        /*batchTile=*/assumed.threads > 1 ? assumed.threads : 0, /*channelTile=*/0, /*chunk=*/0,
        /*strip=*/16, /*rows=*/3, /*vectors=*/1, /*prefetch=*/0, /*streamBytes=*/0);
  return option;
}

//===-----------------------------------------------------------------------===//
// The space
//===-----------------------------------------------------------------------===//

void seqc::setPrices(MutableArrayRef<PlanOption> options, seq::RecurrenceOp op,
                     seq::TargetAttr target, const UsualSizes &sizes, int64_t threads) {
  MachineModel machine(target);
  for (PlanOption &option : options)
    if (option.isLegal())
      option.price = option.plan == seq::Plan::Scan
                         ? priceOfScan(op, option.proof, option.schedule, sizes, machine, threads)
                     : option.plan == seq::Plan::Segments
                         ? priceOfSegments(op, option.schedule, sizes, machine, threads)
                         : priceOfFused(op, sizes, machine, threads);
}

SmallVector<PlanOption> seqc::scheduleSpace(seq::RecurrenceOp op, seq::TargetAttr target,
                                            const Assumptions &assumed) {
  SmallVector<PlanOption> options = {
      {seq::Plan::Fused, "", fusedTiles(op, target, assumed), {}, {}},
      scanOption(op, target, assumed),
      segmentsOption(op, target, assumed)};
  setPrices(options, op, target, usualSizes(op, assumed), assumed.threads);
  return options;
}

const PlanOption &seqc::cheapest(ArrayRef<PlanOption> options) {
  const PlanOption *best = &options.front();
  for (const PlanOption &option : options)
    if (option.isLegal() && option.price.seconds < best->price.seconds)
      best = &option;
  return *best;
}
