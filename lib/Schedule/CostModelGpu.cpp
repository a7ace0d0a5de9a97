// Prices of plans on a GPU, without a GPU: model v1 of docs/Targets.md.
#include "seqc/Schedule/CostModelGpu.h"

#include "seqc/Analysis/Channels.h"
#include "seqc/Analysis/Footprint.h"
#include "seqc/Analysis/ScanModes.h"
#include "seqc/Schedule/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include <cmath>

using namespace mlir;
using namespace seqc;

std::string seqc::describe(const Interval &seconds) {
  return duration(seconds.least) + " to " + duration(seconds.most);
}

//===-----------------------------------------------------------------------===//
// The model
//===-----------------------------------------------------------------------===//

/// An H100 SXM. Bandwidth, SMs and clock are NVIDIA's figures; no number was measured by seqc.
static constexpr double bandwidth = 3.35e12, sms = 132, hertz = 1.755e9;
/// Warp instructions that an SM starts in a cycle, and its lanes for special functions.
static constexpr double issues = 4, specialLanes = 16;
/// The most that an SM holds.
static constexpr double smThreads = 2048, smBlocks = 32;
/// Of the bandwidth: what copies and scans reach.
static constexpr Interval efficiency = {0.70, 0.90};
/// Seconds of a launch.
static constexpr Interval launch = {3e-6, 5e-6};
/// Cycles until what was read from memory is there.
static constexpr Interval memoryCycles = {550, 650};
/// Counts of instructions and cycles are those of ops: machine code may have half as many more.
static constexpr Interval counted = {1, 1.5};

/// Rounds in which all `blocks` run where so many are on an SM at once.
static double roundsOf(double blocks, double onSm) { return std::ceil(blocks / (sms * onSm)); }

GpuPrice seqc::predictGpu(const GpuWork &work) {
  auto scaled = [](double seconds, Interval by) {
    return Interval{seconds * by.least, seconds * by.most};
  };
  GpuPrice price;
  price.fixed = scaled(work.launches, launch);
  price.memory = {work.bytes.least / (bandwidth * efficiency.most),
                  work.bytes.most / (bandwidth * efficiency.least)};
  double busy = std::clamp(work.blocks, 1.0, sms);
  price.issue = scaled(work.instructions / 32 / (busy * issues * hertz), counted);
  price.special = scaled(work.special / (busy * specialLanes * hertz), counted);
  double mostOnSm = std::max(1.0, std::min(smBlocks, std::floor(smThreads / work.blockThreads)));
  double onSm = std::clamp(work.blocksOnSm, 1.0, mostOnSm);
  double cycles = work.steps * work.chain / hertz, waits = work.waits / hertz;
  price.chain = {roundsOf(work.blocks, mostOnSm) *
                     (cycles * counted.least + waits * memoryCycles.least),
                 roundsOf(work.blocks, onSm) * (cycles * counted.most + waits * memoryCycles.most)};
  return price;
}

Interval GpuPrice::total() const {
  auto longest = [&](double Interval::*end) {
    return fixed.*end + std::max({memory.*end, issue.*end, special.*end, chain.*end});
  };
  return {longest(&Interval::least), longest(&Interval::most)};
}

StringRef GpuPrice::limit() const {
  std::pair<double, StringRef> largest{fixed.middle(), "launches"};
  for (auto [part, name] : {std::pair(&memory, "memory"),
                            {&issue, "issue"},
                            {&special, "special functions"},
                            {&chain, "chain"}})
    if (part->middle() > largest.first)
      largest = {part->middle(), name};
  return largest.second;
}

//===-----------------------------------------------------------------------===//
// Counts of plans
//===-----------------------------------------------------------------------===//

double seqc::leastBytes(seq::RecurrenceOp op, const UsualSizes &sizes) {
  double sequences = double(sizes.batch), steps = double(sizes.steps);
  if (std::optional<Footprint> least = footprint(op))
    return sequences * steps * double(least->perStep) + steps * double(least->perSharedStep) +
           sequences * double(least->perSequence) + double(least->once);
  return sequences * steps * countWork(op, /*lanes=*/1).bytes;
}

/// Elements of `type`, or those of one channel of it. What is not known is one.
static double elementsOf(Type type, int64_t channels) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape())
    return 1;
  bool apart = channels && tensor.getRank() && tensor.getShape().back() == channels;
  return double(tensor.getNumElements()) / double(apart ? channels : 1);
}

/// The instructions of an access, which has an address, and of a step's turn of the loop.
static constexpr double ofAccess = 1.5, ofTurn = 1;
/// Bytes that a request of one thread alone moves, a sector, where it wants a word of 4.
static constexpr double sectorWords = 8;

static GpuWork workOfThreads(seq::RecurrenceOp op, const UsualSizes &sizes) {
  StepWork step = countWork(op, /*lanes=*/1, Core::Gpu);
  Channels channels = analyzeChannels(op);
  double together = std::max<double>(1, double(channels.size)); // threads of a sequence
  double inputs = 0, accesses = 0, kept = 0;
  for (Value v : op.getInputArgs())
    inputs += elementsOf(v.getType(), channels.size);
  for (Value v : op.getSharedArgs())
    inputs += elementsOf(v.getType(), channels.size);
  accesses = inputs;
  for (Value v : op.getYield().getOut())
    accesses += elementsOf(v.getType(), channels.size);
  for (Value v : op.getStateArgs())
    kept += elementsOf(v.getType(), channels.size);
  if (!channels.size) // states are in scratch
    accesses += 2 * kept;
  for (Value v : channels.weights)
    kept += elementsOf(v.getType(), channels.size);
  GpuWork work;
  double threads = double(sizes.batch) * together, steps = double(sizes.steps);
  double perStep = step.operations / together + ofAccess * accesses + ofTurn;
  work.blocks = std::ceil(threads / threadsPerBlock);
  work.blocksOnSm = blocksOnSmAlone(channels.size ? uint64_t(kept) : 0);
  double bytes = leastBytes(op, sizes);
  work.bytes = {bytes, channels.size ? bytes : sectorWords * bytes};
  work.instructions = threads * steps * perStep;
  work.special = double(sizes.batch) * steps * step.special;
  work.steps = steps;
  work.chain = step.chain;
  bool isAhead = step.special == 0 && perStep <= mostInstructionsAhead;
  work.waits = inputs == 0 ? 0 : isAhead ? std::ceil(steps / stepsAhead) : steps;
  return work;
}

/// Cycles of a barrier, and until what was written to shared memory is read; bytes of weights that
/// an SM gets from its cache in a cycle, and from shared memory; cycles until they are there from
/// the second-level cache.
static constexpr double barrier = 30, sharedCycles = 30, cacheBytes = 64, sharedBytes = 128,
                        cacheCycles = 250;

namespace {
/// The contractions of a step that the threads of a block share.
struct Contractions {
  double count = 0;
  double products = 0;            ///< of all of them
  double cycles = 0, longest = 0; ///< sums run in order, and one contraction after the other
};
} // namespace

/// Points of `op`, and terms of the sum of each. What is not known is one.
static std::pair<double, double> sizesOf(linalg::LinalgOp op) {
  double points = 1, reduced = 1;
  for (auto [kind, range] : llvm::zip_equal(op.getIteratorTypesArray(), op.getStaticLoopRanges()))
    (kind == utils::IteratorType::parallel ? points : reduced) *=
        double(ShapedType::isDynamic(range) ? 1 : range);
  return {points, reduced};
}

static Contractions contractionsOf(seq::RecurrenceOp op, double threads) {
  Contractions found;
  op.getStep().walk([&](linalg::LinalgOp inner) {
    if (!inner.getNumReductionLoops())
      return;
    auto [points, reduced] = sizesOf(inner);
    // A thread's sums advance side by side, each in order.
    double cycles = std::max(4.0, std::ceil(points / threads)) * reduced;
    found.count += 1;
    found.products += points * reduced;
    found.cycles += cycles;
    found.longest = std::max(found.longest, cycles);
  });
  return found;
}

/// Bytes of shared memory for weights, beside states and values of the step.
static double sharedForWeights(seq::RecurrenceOp op) {
  auto target = op->getParentOfType<ModuleOp>()->getAttrOfType<seq::TargetAttr>("seqc.target");
  double left = double(sharedBytesOfBlock(target ? target.getCpu().getValue() : ""));
  for (Value v : op.getStateArgs())
    left -= 2 * 4 * elementsOf(v.getType(), 0);
  return std::max(0.0, left);
}

/// A block carries a sequence: its threads share the points of each nest, with a barrier behind it,
/// and keep weights in registers and shared memory as far as there are some.
static GpuWork workOfBlocks(seq::RecurrenceOp op, double threads, const UsualSizes &sizes) {
  StepWork step = countWork(op, /*lanes=*/1, Core::Gpu);
  Contractions contractions = contractionsOf(op, threads);
  double steps = double(sizes.steps), sequences = double(sizes.batch);
  GpuWork work;
  work.blocks = sequences;
  work.blockThreads = threads;
  work.blocksOnSm = blocksOnSm(unsigned(threads));
  double bytes = leastBytes(op, sizes);
  work.bytes = {bytes, bytes};
  double kept = 4 * threads * double(registersKept(int64_t(threads)));
  double weights = std::max(0.0, step.weights - kept);
  double shared = std::min(weights, sharedForWeights(op)), rest = weights - shared;
  work.blocksOnSm = std::clamp(std::floor(double(sharedBytesOfSm) / (shared + sharedBytesBeside)),
                               1.0, work.blocksOnSm);
  // Four states are read together, for some sums each. Warps run as one, also with few points.
  double accesses = step.bytes / 4 + weights / 4 + contractions.products / 16;
  double perStep = std::max(step.operations + ofAccess * accesses, step.chain / 4 * threads);
  work.instructions = sequences * steps * (perStep + ofTurn * threads);
  work.special = sequences * steps * step.special;
  work.steps = steps;
  work.chain = step.chain + contractions.cycles - contractions.longest +
               (barrier + sharedCycles) * contractions.count + shared / sharedBytes +
               rest / cacheBytes;
  work.waits = op.getInputArgs().empty() && op.getSharedArgs().empty() ? 0 : steps;
  return work;
}

/// Kernels of one step, about: a sum of what a sum was needed for waits for the kernel that has
/// that, which waits for the one that has the first sum.
static double kernelsOfStep(seq::RecurrenceOp op) {
  DenseMap<Value, unsigned> sumsBefore;
  unsigned most = 1;
  for (Operation &inner : op.getBody()->without_terminator()) {
    unsigned sums = 0;
    for (Value v : inner.getOperands())
      sums = std::max(sums, sumsBefore.lookup(v));
    auto linalgOp = dyn_cast<linalg::LinalgOp>(inner);
    sums += linalgOp && linalgOp.getNumReductionLoops();
    for (Value v : inner.getResults())
      sumsBefore[v] = sums;
    most = std::max(most, sums);
  }
  return 2 * most - 1;
}

/// The host starts kernels for each step, in which a thread computes one channel of some sequences:
/// it reads weights of some k together, and waits for the second-level cache, or, if that is more,
/// for what its SM gets from there in a cycle.
static GpuWork workOfLaunches(seq::RecurrenceOp op, seq::ScheduleAttr schedule,
                              const UsualSizes &sizes) {
  StepWork step = countWork(op, /*lanes=*/1, Core::Gpu);
  double channels = 1, steps = double(sizes.steps), sequences = double(sizes.batch);
  for (Value v : op.getStateArgs())
    channels = std::max(channels, elementsOf(v.getType(), 0));
  double rows = std::min(double(schedule.getRows()), std::max(1.0, sequences));
  GpuWork work;
  double kernels = kernelsOfStep(op), perStep = step.operations + ofAccess * step.bytes / 4;
  work.launches = steps * kernels + 2; // states at first and at last
  work.blocks = std::ceil(std::ceil(sequences / rows) * channels / threadsPerBlock);
  work.blocksOnSm = double(blocksOfStepOnSm);
  double bytes = leastBytes(op, sizes);
  work.bytes = {bytes, bytes};
  work.chain = step.chain;
  op.getStep().walk([&](linalg::LinalgOp inner) {
    if (!inner.getNumReductionLoops())
      return;
    auto [points, reduced] = sizesOf(inner);
    double sums = std::max(1.0, points / channels); // of a row
    work.chain += std::max(4.0, sums * rows) * reduced +
                  std::max(std::ceil(reduced / double(weightsTogether)) * cacheCycles,
                           4 * sums * double(warpSize) * reduced / cacheBytes);
    perStep += ofAccess * points * reduced * (1 / rows + 1 / sums);
  });
  work.instructions = sequences * steps * perStep;
  work.special = sequences * steps * step.special;
  work.steps = steps;
  work.waits = steps * kernels;
  return work;
}

/// Instructions that a step of a scan takes besides its own ops, which it does thrice: for a
/// product, for the same in f64, and for the states.
static constexpr double ofScanStep = 40, timesInScan = 3;
/// Waits of a block for memory and for what other blocks tell it; steps that one thread does for
/// each warp of its block.
static constexpr double waitsOfBlock = 4, stepsOfWarp = 4;
/// Bytes of a scan, at most, for each that it must move: blocks tell each other products and
/// states.
static constexpr double scanBytes = 1.1;

/// Bytes that tiles tell each other of a mode of a channel: four times a word, the parts of a
/// product that are written, and of states, which are read as well.
static constexpr double wordBytes = 16, bytesOfState = 20;

/// Elements that a step moves for each channel.
static double accessesOf(seq::RecurrenceOp op, double channels) {
  double accesses = 0;
  for (ValueRange values : {ValueRange(op.getInputArgs()), ValueRange(op.getYield().getOut())})
    for (Value v : values)
      accesses += elementsOf(v.getType(), 0) / channels;
  return accesses;
}

/// What a scan's block does for the modes of its channels: `work` is that of one mode of each.
static void addModes(GpuWork &work, seq::RecurrenceOp op, const ScanModes &form,
                     seq::ScheduleAttr schedule, const StepWork &step, const UsualSizes &sizes,
                     const ScanShape &shape) {
  double modes = double(form.modes()), warps = double(schedule.getRows());
  double rounds = std::ceil(modes / warps);
  double each = double(sizes.batch) * double(sizes.steps);
  // Elements are evaluated for the product and again for the states, and what all modes share once.
  work.instructions =
      each * ((timesInScan + 1) * step.operations +
              double(form.channels()) *
                  (ofAccess * accessesOf(op, double(form.channels())) + modes * ofScanStep));
  work.special *= 2;
  work.steps = 2 * modes * double(schedule.getChunk()) + rounds * stepsOfWarp * warps;
  work.waits += 2 * (rounds - 1);
  double rows = double(sizes.batch) * double(shape.groups), tiles = work.blocks / rows;
  if (!op.isPacked() && rows >= double(rowsCarriedOn)) { // a block has all tiles of its row
    work.blocks = rows;
    work.steps *= tiles;
    work.waits = 2 * rounds * tiles;
    return;
  }
  work.bytes.most += work.blocks * double(shape.width) * modes *
                     (wordBytes + bytesOfState * double(op.getNumStates()));
}

static GpuWork workOfScan(seq::RecurrenceOp op, seq::ScheduleAttr schedule,
                          const UsualSizes &sizes) {
  StepWork step = countWork(op, /*lanes=*/1, Core::Gpu);
  ScanModes modes = analyzeScanModes(op);
  double channels = modes.refusal.empty() ? double(modes.channels()) : 1;
  for (Value v : op.getStateArgs())
    if (!modes.refusal.empty())
      channels = std::max(channels, elementsOf(v.getType(), 0));
  ScanShape shape(int64_t(channels), schedule.getChunk(), schedule.getRows(),
                  schedule.getChannelTile());
  double steps = double(sizes.steps), tiles = std::max(1.0, std::ceil(steps / double(shape.steps)));
  GpuWork work;
  work.launches = 2; // words of blocks are cleared first
  work.blocks = double(sizes.batch) * double(shape.groups) * tiles;
  work.blockThreads = double(shape.threads);
  work.blocksOnSm = blocksOfScanOnSm(unsigned(shape.threads));
  double bytes = leastBytes(op, sizes);
  work.bytes = {bytes, scanBytes * bytes};
  work.instructions = double(sizes.batch) * steps *
                      (timesInScan * step.operations +
                       channels * (ofAccess * accessesOf(op, channels) + ofScanStep));
  work.special = double(sizes.batch) * steps * step.special;
  work.steps = 2 * double(schedule.getChunk()) + stepsOfWarp * double(schedule.getRows());
  work.chain = step.chain;
  // The states after a tile are known one wait after those before it, whatever else is done.
  double rounds = roundsOf(work.blocks, work.blocksOnSm);
  work.waits = std::max(waitsOfBlock, tiles / rounds);
  if (modes.refusal.empty())
    addModes(work, op, modes, schedule, step, sizes, shape);
  return work;
}

/// Steps until two states that were far apart are the same bits (of a cell with usual gates), in
/// whole blocks. What a step of Newton's method costs, measured in steps, and passes over the
/// states of all steps that are enough most often.
static constexpr double mergeSteps = 48, startCost = 1.5, stateCost = 3, usualPasses = 4;

static GpuWork workOfSegments(seq::RecurrenceOp op, seq::ScheduleAttr schedule,
                              const UsualSizes &sizes, bool forget) {
  GpuWork work = workOfThreads(op, sizes);
  bool newton = schedule.getPlan() == seq::Plan::Newton;
  double steps = double(sizes.steps), length = std::min(steps, double(schedule.getChunk()));
  using Kernels = SegmentKernels;
  bool byStarts = !newton && length > double(Kernels::shortBlocks * Kernels::blockSteps);
  int64_t ofNewton = newton     ? 1 + Kernels::statePasses * Kernels::kernelsOfStatePass
                     : byStarts ? Kernels::startPasses * Kernels::kernelsOfStartPass
                                : 0;
  work.launches = double(1 + Kernels::repairs + ofNewton + 1);
  // Steps that each segment goes through, and all threads together for each step of the sequence.
  double passes = 1 + (newton ? usualPasses * stateCost : 0);
  double again = forget ? std::min(mergeSteps, steps - length) : double(Kernels::repairs) * length;
  if (!forget)
    passes += byStarts ? double(Kernels::startPasses) * startCost : 0;
  double segments = std::max(1.0, std::ceil(steps / std::max(length, 1.0)));
  double perThread = passes * length + again + std::fmod(steps, double(Kernels::blockSteps));
  double share = passes + again / std::max(length, 1.0);
  double warp = double(warpSize), threads = double(sizes.batch) * segments *
                                            std::max<double>(1, double(analyzeChannels(op).size));
  work.blockThreads = warp * double(schedule.getRows());
  work.blocks = std::ceil(threads / work.blockThreads);
  work.blocksOnSm = blocksOfSegmentsOnSm(unsigned(work.blockThreads));
  work.instructions *= share;
  work.special *= share;
  work.bytes = {work.bytes.least * share, work.bytes.most * share};
  work.steps = perThread + (forget ? 0 : steps);
  work.waits = std::ceil(perThread / double(schedule.getStrip())) + (forget ? 0 : steps);
  return work;
}

GpuWork seqc::gpuWorkOf(seq::RecurrenceOp op, seq::ScheduleAttr schedule, const UsualSizes &sizes,
                        bool forget) {
  if (schedule.getPlan() == seq::Plan::Scan)
    return workOfScan(op, schedule, sizes);
  if (schedule.getPlan() == seq::Plan::Segments || schedule.getPlan() == seq::Plan::Newton)
    return workOfSegments(op, schedule, sizes, forget);
  if (startsEachStep(schedule))
    return workOfLaunches(op, schedule, sizes);
  if (int64_t threads = threadsOfBlock(schedule))
    return workOfBlocks(op, double(threads), sizes);
  return workOfThreads(op, sizes);
}
