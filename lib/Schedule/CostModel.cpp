// Prices of plans: operations, latency chains and bytes, counted on the step.
//
// The unit is a vector operation. A core starts two of them a cycle; a transcendental function is
// as many as its expansion has. The constants were measured with docs/Benchmarks.md's grid, whose
// table shows how far the choice is from the best.
#include "seqc/Schedule/CostModel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Format.h"
#include <cmath>

using namespace mlir;
using namespace seqc;

static constexpr double perCycle = 2;
/// Cycles until a state that was stored under a mask can be loaded again.
static constexpr double forwarding = 16;
/// Cycles of a row's turn in a step, and of loading and storing a vector of its states; cycles
/// until several states, which compilers leave in memory, can be loaded again.
static constexpr double rowTurn = 6, stateMove = 2, severalStates = 8;
/// Seconds until a sequence of several vectors of states is under way.
static constexpr double manyVectors = 25e-9;
/// Seconds of a call and of handing a task to another thread.
static constexpr double callSeconds = 150e-9, regionSeconds = 600e-9;
/// Size of a dimension that is not known.
static constexpr int64_t guessedSize = 256;

std::string seqc::duration(double seconds) {
  auto [factor, unit] = seconds < 1e-6   ? std::pair(1e9, "ns")
                        : seconds < 1e-3 ? std::pair(1e6, "us")
                        : seconds < 1    ? std::pair(1e3, "ms")
                                         : std::pair(1.0, "s");
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.3g ", seconds * factor) << unit;
  return text;
}

std::string seqc::describe(const UsualSizes &sizes) {
  return "B = " + std::to_string(sizes.batch) + (sizes.guessedBatch ? " (a guess)" : "") +
         ", T = " + std::to_string(sizes.steps) + (sizes.guessedSteps ? " (a guess)" : "");
}

MachineModel::MachineModel(seq::TargetAttr target) : lanes(target.getVectorBits() / 32) {
  auto known = [](int64_t fact, double usual) { return fact ? double(fact) * 1e6 : usual; };
  hertz = known(target.getClockMhz(), 3.8e9);
  memory = known(target.getMemoryMbps(), 30e9);
  cache = known(target.getL2Mbps(), lanes >= 16 ? 200e9 : 100e9);
  allMemory = known(target.getAllMemoryMbps(), 1.3 * memory);
  cacheBytes = double(target.getL2Bytes());
}

namespace {
/// Operations and latency of one scalar op in a vector; of the operations, those that a GPU has a
/// unit of its own for.
struct OpCost {
  double operations, latency, special = 0;
};
} // namespace

/// True for a product that seq-fix-numerics will make part of the sum that reads it.
static bool isPartOfFma(Operation *op) {
  return isa<arith::MulFOp>(op) && op->hasOneUse() &&
         isa<arith::AddFOp, arith::SubFOp>(*op->user_begin());
}

/// A thread of a GPU: a quotient or a root that rounds right is a guess, made better by products.
static OpCost costOnGpu(Operation *op) {
  return llvm::TypeSwitch<Operation *, OpCost>(op)
      .Case<arith::AddFOp, arith::SubFOp, arith::MulFOp, math::FmaOp>(
          [](auto) { return OpCost{1, 4}; })
      .Case<arith::DivFOp>([](auto) { return OpCost{10, 48, 1}; })
      .Case<math::SqrtOp>([](auto) { return OpCost{9, 44, 1}; })
      .Case<math::RsqrtOp>([](auto) { return OpCost{20, 92, 2}; })
      .Case<math::ExpOp, math::Exp2Op, math::ExpM1Op>([](auto) { return OpCost{16, 52}; })
      .Case<math::LogOp, math::Log1pOp, math::Log2Op, math::Log10Op, math::SinOp, math::CosOp>(
          [](auto) { return OpCost{26, 72}; })
      .Case<math::TanhOp>([](auto) { return OpCost{22, 80, 1}; })
      .Case<math::ErfOp>([](auto) { return OpCost{45, 110}; })
      .Case<math::PowFOp, math::Atan2Op, math::SinhOp, math::CoshOp, math::AtanOp, math::TanOp>(
          [](auto) { return OpCost{60, 150, 1}; })
      .Case<arith::ConstantOp, linalg::YieldOp, linalg::IndexOp, tensor::EmptyOp, tensor::DimOp,
            linalg::FillOp, tensor::CastOp>([](auto) { return OpCost{0, 0}; })
      .Default([](auto) { return OpCost{1, 4}; });
}

static OpCost costOf(Operation *op, Core core) {
  if (isPartOfFma(op))
    return {0, 0};
  if (core == Core::Gpu)
    return costOnGpu(op);
  return llvm::TypeSwitch<Operation *, OpCost>(op)
      .Case<arith::AddFOp, arith::SubFOp, arith::MulFOp, math::FmaOp>(
          [](auto) { return OpCost{1, 4}; })
      .Case<arith::DivFOp>([](auto) { return OpCost{5, 12}; })
      .Case<math::SqrtOp, math::RsqrtOp>([](auto) { return OpCost{8, 18}; })
      .Case<math::ExpOp, math::Exp2Op, math::ExpM1Op>([](auto) { return OpCost{18, 42}; })
      .Case<math::LogOp, math::Log1pOp, math::Log2Op, math::Log10Op>(
          [](auto) { return OpCost{26, 50}; })
      .Case<math::TanhOp, math::ErfOp, math::SinOp, math::CosOp, math::TanOp, math::SinhOp,
            math::CoshOp, math::AtanOp>([](auto) { return OpCost{28, 60}; })
      .Case<math::PowFOp, math::Atan2Op>([](auto) { return OpCost{60, 100}; })
      .Case<arith::ConstantOp, linalg::YieldOp, linalg::IndexOp, tensor::EmptyOp, tensor::DimOp,
            linalg::FillOp, tensor::CastOp>([](auto) { return OpCost{0, 0}; })
      .Default([](auto) { return OpCost{1, 2}; });
}

static double elementsOf(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  if (!shaped)
    return 1;
  double count = 1;
  for (int64_t size : shaped.getShape())
    count *= double(ShapedType::isDynamic(size) ? guessedSize : size);
  return count;
}

static double bytesOf(Type type) {
  Type element = getElementTypeOrSelf(type);
  double each = element.isIntOrFloat() ? (element.getIntOrFloatBitWidth() + 7) / 8 : 8;
  return elementsOf(type) * each;
}

static double vectorsOf(double elements, int64_t lanes) {
  return std::max(1.0, std::ceil(elements / double(lanes)));
}

namespace {
/// Adds up a block; `chain` of a value is the latency from the states.
struct Counter {
  Counter(int64_t lanes, Core core) : lanes(lanes), core(core) {}
  int64_t lanes;
  Core core;
  double operations = 0, special = 0;
  DenseMap<Value, double> chain;

  double chainOf(ValueRange values) {
    double longest = -1; // does not depend on a state
    for (Value v : values)
      if (auto it = chain.find(v); it != chain.end())
        longest = std::max(longest, it->second);
    return longest;
  }
  void visit(Operation *op) {
    double operationsHere = 0, specialHere = 0, latency = 0;
    if (auto structured = dyn_cast<linalg::LinalgOp>(op); structured && op->getNumRegions()) {
      double loops = 1;
      for (int64_t range : structured.getStaticLoopRanges())
        loops *= double(ShapedType::isDynamic(range) ? guessedSize : range);
      double reduced = loops / std::max(1.0, elementsOf(op->getResult(0).getType()));
      for (Operation &inner : *structured.getBlock()) {
        OpCost cost = costOf(&inner, core);
        operationsHere += cost.operations * vectorsOf(loops, lanes);
        specialHere += cost.special * vectorsOf(loops, lanes);
        latency += cost.latency;
      }
      // On a CPU a few sums stand side by side.
      latency *= std::max(1.0, core == Core::Cpu ? reduced / 4 : reduced);
    } else if (auto combine = dyn_cast<seq::CombineOp>(op)) {
      Counter inner(lanes, core);
      for (unsigned i = 0; i < combine.getEarlier().size(); ++i)
        inner.chain[combine.getBody()->getArgument(i)] = 0;
      for (Operation &nested : combine.getBody()->without_terminator())
        inner.visit(&nested);
      operationsHere = inner.operations;
      specialHere = inner.special;
      latency = std::max(0.0, inner.chainOf(combine.getYield().getNext()));
    } else {
      OpCost cost = costOf(op, core);
      double elements = op->getNumResults() ? elementsOf(op->getResult(0).getType()) : 1;
      operationsHere = cost.operations * vectorsOf(elements, lanes);
      specialHere = cost.special * vectorsOf(elements, lanes);
      latency = cost.latency;
    }
    operations += operationsHere;
    special += specialHere;
    double before = chainOf(op->getOperands());
    if (before >= 0)
      for (Value result : op->getResults())
        chain[result] = before + latency;
  }
};
} // namespace

StepWork seqc::countWork(seq::RecurrenceOp op, int64_t lanes, Core core) {
  Counter counter(lanes, core);
  StepWork work;
  for (Value state : op.getStateArgs()) {
    counter.chain[state] = 0;
    work.vectors = std::max(work.vectors, vectorsOf(elementsOf(state.getType()), lanes));
    work.partial |= elementsOf(state.getType()) < double(lanes);
  }
  for (Operation &inner : op.getBody()->without_terminator())
    counter.visit(&inner);
  for (auto structured : op.getBody()->getOps<linalg::LinalgOp>())
    for (OpOperand *operand : structured.getDpsInputOperands())
      if (structured.getNumReductionLoops() &&
          !op.getStep().isAncestor(operand->get().getParentRegion()))
        work.weights += bytesOf(operand->get().getType());
  work.operations = counter.operations;
  work.special = counter.special;
  work.chain = std::max(0.0, counter.chainOf(op.getYield().getNext()));
  for (Value v : op.getInputArgs())
    work.bytes += bytesOf(v.getType());
  for (auto [out, result] : llvm::zip_equal(op.getYield().getOut(), op.getOuts()))
    if (!result.use_empty())
      work.bytes += bytesOf(out.getType());
  return work;
}

/// Rows that read weights together.
static double rowsOfTile(seq::ScheduleAttr schedule, double rows) {
  return std::min(rows, double(std::max<int64_t>(1, schedule.getRows())));
}

/// Seconds in which a step of `rows` sequences that advance together reads its weights.
static double weightSeconds(const StepWork &work, seq::ScheduleAttr schedule, double rows,
                            const MachineModel &machine) {
  double times = std::ceil(rows / rowsOfTile(schedule, rows));
  return times * work.weights /
         (work.weights <= machine.cacheBytes ? machine.cache : machine.memory);
}

/// The part of a last cache that one core finds for itself, in L2 caches.
static constexpr double lastCache = 16;

/// Seconds that moving `bytes` takes. Between L2 and memory there is a cache whose speed is between
/// theirs.
static double movingSeconds(double bytes, const MachineModel &machine, double bandwidth) {
  if (bytes <= machine.cacheBytes)
    return bytes / machine.cache;
  if (bytes <= lastCache * machine.cacheBytes)
    return bytes / std::max(bandwidth, std::sqrt(machine.cache * machine.memory));
  return bytes / bandwidth;
}

/// Of moving and computing, what hides behind the other one still shows: this part of it.
static constexpr double hidden = 0.1;

static Price greatest(double memory, double arithmetic, double latency) {
  double computing = std::max(arithmetic, latency);
  Price price{callSeconds + std::max(memory, computing) + hidden * std::min(memory, computing),
              "memory"};
  if (arithmetic >= memory && arithmetic >= latency)
    price.term = "arithmetic";
  else if (latency >= memory)
    price.term = "latency";
  return price;
}

Price seqc::priceOfFused(seq::RecurrenceOp op, seq::ScheduleAttr schedule, const UsualSizes &sizes,
                         const MachineModel &machine, int64_t threads) {
  StepWork work = countWork(op, machine.lanes);
  double steps = double(sizes.batch) * double(sizes.steps);
  double together = std::clamp(double(schedule.getBatchTile()), 1.0, double(sizes.batch));
  double turn = together > 1 ? rowTurn : 0;
  double moves = stateMove * work.vectors * double(op.getNumStates());
  double arithmetic = steps * (work.operations / perCycle + turn + moves) / machine.hertz;
  arithmetic += steps / together * weightSeconds(work, schedule, together, machine);
  // Rows of a tile advance together, unless packed, or masked stores keep each waiting for itself.
  double rows = work.partial || op.isPacked() ? 1 : std::clamp(8 / work.vectors, 1.0, together);
  double reload = work.partial ? forwarding : op.getNumStates() > 1 ? severalStates : 0;
  double chain = work.chain + reload;
  double latency = steps * chain / rows / machine.hertz;
  double tasks = double(sizes.batch);
  if (schedule.getChannelTile() && schedule.getStrip() == 0) {
    auto state = cast<RankedTensorType>(op.getStateArgs().front().getType());
    tasks *= double(llvm::divideCeil(state.getShape().back(), schedule.getChannelTile()));
  }
  double parallel = std::min(double(threads), tasks);
  double bandwidth = parallel > 1 ? machine.allMemory : machine.memory;
  double memory = movingSeconds(steps * work.bytes, machine, bandwidth);
  if (steps * work.bytes > machine.cacheBytes) // more rows than prefetchers follow
    memory *= together > 2 ? 1.6 : together > 1 ? 1.1 : 1;
  if (work.vectors > 1)
    arithmetic += double(sizes.batch) * manyVectors;
  return greatest(memory, arithmetic / parallel, latency / double(std::min(threads, sizes.batch)));
}

/// Vector operations of one combination of all components.
static double operationsOf(const ScanCost &cost) {
  return cost.adds + cost.muls + 5 * cost.divs + 18 * cost.exps + 26 * cost.logs + cost.selects;
}

/// Steps one after the other, a vector of channels at a time: `tiles` of them are rows.
static Price priceOfTiles(const StepWork &work, seq::ScheduleAttr schedule, const UsualSizes &sizes,
                          const MachineModel &machine, double tiles, int64_t threads) {
  double rows = double(sizes.batch) * tiles, steps = double(sizes.steps);
  bool chunked = schedule.getChunk() && rows < double(threads) && sizes.steps > schedule.getChunk();
  double parallel = chunked ? double(threads) : std::min(double(threads), rows);
  double cycles = std::max((work.operations / tiles + 4) / perCycle, work.chain);
  if (double(sizes.batch) * steps * work.bytes > machine.cacheBytes)
    cycles += tiles > 1 ? 2 : 0; // a row is some columns
  double bandwidth = parallel > 1 ? machine.allMemory : machine.memory;
  // Columns of rows: more than the prefetchers follow.
  double memory = movingSeconds(double(sizes.batch) * steps * work.bytes, machine, bandwidth) *
                  std::min(5.0, 1 + (tiles - 1) / 4);
  Price price = greatest(memory, rows * steps * cycles / machine.hertz / parallel, 0);
  if (parallel > 1)
    price.seconds += regionSeconds;
  if (chunked) // products of chunks first
    price.seconds += 1.2 * (price.seconds - callSeconds) +
                     2 * regionSeconds * std::ceil(steps / double(schedule.getChunk() * threads));
  return price;
}

/// What the product of a chunk costs, in evaluations of the chunk.
static constexpr double productOfChunk = 0.7;

Price seqc::priceOfScan(seq::RecurrenceOp op, const ScanProof &proof, seq::ScheduleAttr schedule,
                        const UsualSizes &sizes, const MachineModel &machine, int64_t threads) {
  int64_t all = ShapedType::getNumElements(proof.shape);
  int64_t channels = channelsOfVector(proof.shape, machine.lanes);
  if (2 * channels > machine.lanes)
    return priceOfTiles(countWork(op, machine.lanes), schedule, sizes, machine,
                        double(all / channels), threads);
  double units = std::max<double>(1, double(machine.lanes / channels));
  StepWork work = countWork(op, machine.lanes);
  double both = operationsOf(proof.cost), components = double(proof.components);
  double around = work.operations; // elements and outs, in ops of the step as written
  double vectors = double(std::clamp<int64_t>(schedule.getVectors(), 1, int64_t(units)));
  double levels = std::log2(units);
  // One vector of steps: its elements and outs, its share of the tree, its states, moving units.
  double tree = levels * (both + 2 * components) / vectors;
  double states = both * (1 - 1 / vectors) + 0.75 * both * (1 + 1 / vectors);
  double moves = vectors > 1 ? 1.5 * components * std::log2(vectors) : components;
  double perVector = around + tree + states + moves + components + 3;
  double block = units * vectors * double(std::max<int64_t>(1, schedule.getRows()));
  double blocks = std::floor(double(sizes.steps) / block);
  double rest = double(sizes.steps) - blocks * block;
  double restVectors = std::floor(rest / units), single = rest - restVectors * units;
  double single_ = (work.chain + 4) / machine.hertz;
  double perRest = (around + levels * (both + 2 * components) + both + 6) / perCycle + levels * 12;
  double arithmetic =
      (blocks * block / units * perVector / perCycle + restVectors * perRest) / machine.hertz +
      single * single_;
  double rows = double(sizes.batch);
  bool chunked = schedule.getChunk() && sizes.batch < threads && sizes.steps > schedule.getChunk();
  // All threads but one compute products of chunks, too.
  double parallel = chunked ? 1 + double(threads - 1) / (1 + productOfChunk)
                            : double(std::min(threads, sizes.batch));
  arithmetic *= rows / parallel;
  double bandwidth = parallel > 1 ? machine.allMemory : machine.memory;
  double memory = movingSeconds(rows * double(sizes.steps) * work.bytes, machine, bandwidth);
  Price price = greatest(memory, arithmetic, 0);
  if (chunked)
    price.seconds += regionSeconds *
                     (1 + std::ceil(double(sizes.steps) / double(schedule.getChunk() * threads)));
  return price;
}

/// Of plan `segments`: steps until two states that were far apart are the same bits (of a cell with
/// usual gates), steps of a block, and what vectors go through before it gives up.
static constexpr double mergeSteps = 40, blockSteps = 16, budget = 5.0 / 32;
/// Of plan `newton`: passes over all steps before, each as dear as so many of plan `segments`.
static constexpr double newtonPasses = 4, newtonPass = 2;

Price seqc::priceOfSegments(seq::RecurrenceOp op, bool forgets, seq::ScheduleAttr schedule,
                            const UsualSizes &sizes, const MachineModel &machine, int64_t threads) {
  int64_t channels = int64_t(elementsOf(op.getStateArgs().front().getType()));
  double units = std::max<double>(1, double(machine.lanes / channels));
  StepWork work = countWork(op, machine.lanes);
  double vectors = double(schedule.getRows());
  double bundles = double(std::max<int64_t>(1, schedule.getBatchTile()));
  // Each element goes through memory and a transposition, and so does each out.
  double moved = work.bytes / 4 / double(channels);
  double moves = moved * (4 + std::log2(units));
  double turned = units > 1 ? 1.3 : 1;
  double perStep = std::max(turned * vectors * (work.operations + moves) / perCycle, work.chain);
  double steps = double(sizes.steps), blocks = std::floor(steps / blockSteps);
  double merge = forgets ? mergeSteps : steps;
  // A round that begins within the budget is finished; then what has not met goes step by step.
  double length = blockSteps * std::ceil(blocks / (units * vectors * bundles));
  double most = length * std::max(1.0, std::ceil(budget * steps / std::max(length, blockSteps)));
  double spent = std::min(length + merge, most);
  double single = std::fmod(steps, blockSteps);
  if (units == 1 && schedule.getPlan() == seq::Plan::Segments) {
    // A vector holds one segment: a trial shows whether rounds are worth it.
    double trial = std::min(length, std::max(length / 16, 5 * blockSteps));
    bool meets = merge <= trial;
    most = 2 * trial;
    spent = 2 * std::min(merge, trial) + (meets ? length + merge : 0);
    single = meets ? single : steps;
  } else if (length + merge > most) {
    // What rounds have left of each segment's way to where it meets.
    double left = length + merge - most;
    single += std::min(steps, left * std::min(blocks, units * vectors * bundles));
  }
  double guesses = schedule.getPlan() == seq::Plan::Newton ? newtonPasses * newtonPass * length : 0;
  auto secondsOf = [&](double inVectors, double alone) {
    return ((guesses + inVectors) * perStep + alone * work.chain) / machine.hertz;
  };
  double rows = double(sizes.batch);
  if (bundles == 1)
    rows = std::ceil(rows / double(std::min(threads, sizes.batch)));
  double memory = movingSeconds(double(sizes.batch) * steps * work.bytes, machine,
                                threads > 1 ? machine.allMemory : machine.memory);
  Price price = greatest(memory, rows * secondsOf(spent, single), 0);
  price.worst = rows * secondsOf(most, steps);
  if (bundles > 1)
    price.seconds += 4 * rows * regionSeconds;
  return price;
}

/// Of segments that are rows of a matmul: how many a task has, and steps until two states that were
/// far apart are as near as they may jump (of a cell with usual gates).
static constexpr double rowsOfTask = 16, closeSteps = 80;

Price seqc::priceOfRows(seq::RecurrenceOp op, seq::ScheduleAttr schedule, const UsualSizes &sizes,
                        const MachineModel &machine, int64_t threads) {
  StepWork work = countWork(op, machine.lanes);
  double tasks = double(std::max<int64_t>(1, schedule.getBatchTile()));
  double arithmetic = work.operations / perCycle / machine.hertz;
  double single = arithmetic + weightSeconds(work, schedule, 1, machine);
  double side = rowsOfTask * arithmetic + weightSeconds(work, schedule, rowsOfTask, machine);
  side = side * std::ceil(tasks / double(threads)) + (tasks > 1 ? regionSeconds / 8 : 0);
  double steps = double(sizes.steps), length = steps / (rowsOfTask * tasks);
  // A probe goes through half of a segment at most, twice.
  bool meets = closeSteps <= length / 2;
  double probe = std::floor(std::min(closeSteps, length / 2));
  double seconds =
      meets ? 2 * probe * single + (length + closeSteps) * side : (steps + probe) * single;
  double memory = movingSeconds(double(sizes.batch) * steps * work.bytes, machine, machine.memory);
  Price price = greatest(memory, double(sizes.batch) * seconds, 0);
  price.worst = double(sizes.batch) * (steps + length / 2) * single;
  return price;
}
