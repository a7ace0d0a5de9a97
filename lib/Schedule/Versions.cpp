// Versions of a function for sizes at which other plans are cheaper. Which one runs is decided by
// each call's sizes: `seq-expose-buffers` makes one function of all of them.
#include "Versions.h"

#include "seqc/Analysis/DimSymbols.h"
#include "seqc/Dialect/Seq/Transforms/OrderStates.h"

#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace seqc;

/// What a call costs whatever it does; savings below a tenth of it and of the plan are none.
static constexpr double secondsOfCall = 100e-9;
static constexpr double leastGain = 1.1;
/// How far sizes are looked at: beyond, choices are those at the end.
static constexpr int64_t fewestSteps = 1, mostSteps = 1 << 20, mostSequences = 1024;
/// Steps for which a gain counts, too, where their number is not known.
static constexpr int64_t fewSteps = 512;

namespace {
/// A size in which calls differ: of the batch or of time, and of an argument.
struct Axis {
  unsigned sizeClass;
  int64_t argument, dimension;
  bool isTime;
  std::string name;
};

/// Plans for all choices, and what they cost together.
struct Plans {
  SmallVector<seq::ScheduleAttr> schedules;
  SmallVector<Price> prices;
  double seconds = 0;

  void add(seq::ScheduleAttr schedule, const Price &price) {
    schedules.push_back(schedule);
    prices.push_back(price);
    seconds += price.seconds;
  }
};

/// At some sizes: the plans of the function itself, and the cheapest ones.
struct Comparison {
  Plans usual, cheapest;
  bool isUsual = true; ///< the cheapest are those of the function itself
  /// How much less the cheapest plans cost.
  double gain() const {
    return (usual.seconds + secondsOfCall) / (cheapest.seconds + secondsOfCall);
  }
};

/// Sizes along one axis, [from, below), and one of them at which other plans cost so much less.
struct SizeRange {
  int64_t from, below, sample;
  double gain;
};

/// Where a call's arguments have a size that nobody told.
struct AxisFinder {
  func::FuncOp function;
  const Assumptions &assumed;
  DimSymbols symbols;

  AxisFinder(func::FuncOp function, const Assumptions &assumed)
      : function(function), assumed(assumed), symbols(function) {}
  std::optional<Axis> axisOf(unsigned sizeClass, bool isTime);
  std::optional<Axis> axisOf(seq::RecurrenceOp op, bool isTime);
  SmallVector<unsigned> classesOf(seq::RecurrenceOp op, bool isTime);
};

/// Finds and makes the versions of one function.
struct VersionMaker : AxisFinder {
  ArrayRef<Choice> choices;
  seq::TargetAttr target;
  SmallVector<VersionNote> notes;
  int64_t guessedSteps = UsualSizes().steps; ///< of ops whose steps nobody told
  /// Versions so far, with their schedules.
  SmallVector<std::pair<SmallVector<seq::ScheduleAttr>, func::FuncOp>> versions;

  VersionMaker(func::FuncOp function, ArrayRef<Choice> choices, seq::TargetAttr target,
               const Assumptions &assumed)
      : AxisFinder(function, assumed), choices(choices), target(target) {}

  std::optional<Axis> findAxis(bool isTime);
  UsualSizes sizesAt(seq::RecurrenceOp op, const Axis &axis, int64_t size);
  int64_t stepsAt(seq::RecurrenceOp op, const Axis &axis) { return sizesAt(op, axis, 1).steps; }
  Comparison compareAt(const Axis &axis, int64_t size);
  std::optional<SizeRange> findRange(const Axis &axis, int64_t usual, int64_t end);
  void tryRange(const Axis &axis, int64_t usual, int64_t end);
  void addVersion(const Axis &axis, const SizeRange &range, const Plans &plans,
                  const Plans &others);
  void run();
};
} // namespace

/// The classes of the sizes of time, or of the batch, that are dynamic. Packed sequences have spans
/// of time of their own.
SmallVector<unsigned> AxisFinder::classesOf(seq::RecurrenceOp op, bool isTime) {
  SmallVector<unsigned> classes;
  if (op.isPacked())
    return classes;
  if (isTime && ShapedType::isDynamic(op.getStaticSteps()) && !op.getInputs().empty())
    classes.push_back(symbols.classOf(op.getInputs().front(), op.getTimeAxis()));
  for (auto [d, size] : llvm::enumerate(op.getStaticBatch()))
    if (!isTime && ShapedType::isDynamic(size))
      classes.push_back(symbols.classOf(op.getInitial().front(), d));
  return classes;
}

/// Where a call's arguments have a size of this class, which nobody told.
std::optional<Axis> AxisFinder::axisOf(unsigned sizeClass, bool isTime) {
  std::string name = symbols.nameOf(sizeClass);
  if (symbols.staticSize(sizeClass) || assumed.sizes.contains(name))
    return std::nullopt;
  for (BlockArgument argument : function.getArguments()) {
    int64_t number = argument.getArgNumber();
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (name.empty())
      name = isTime ? "T" : "B";
    if (argument.getType().isIndex() && symbols.same(symbols.classOfIndex(argument), sizeClass))
      return Axis{sizeClass, number, 0, isTime, name};
    for (int64_t d = 0; type && d < type.getRank(); ++d)
      if (type.isDynamicDim(d) && symbols.same(symbols.classOf(argument, d), sizeClass))
        return Axis{sizeClass, number, d, isTime, name};
  }
  return std::nullopt;
}

std::optional<Axis> AxisFinder::axisOf(seq::RecurrenceOp op, bool isTime) {
  for (unsigned sizeClass : classesOf(op, isTime))
    if (std::optional<Axis> axis = axisOf(sizeClass, isTime))
      return axis;
  return std::nullopt;
}

std::optional<Axis> VersionMaker::findAxis(bool isTime) {
  for (const Choice &choice : choices)
    if (std::optional<Axis> axis = axisOf(choice.op, isTime))
      return axis;
  return std::nullopt;
}

/// The sizes of `op` where that of `axis` is `size`, and the others are the usual ones.
UsualSizes VersionMaker::sizesAt(seq::RecurrenceOp op, const Axis &axis, int64_t size) {
  UsualSizes sizes = usualSizes(op, assumed);
  if (sizes.guessedSteps && !op.isPacked())
    sizes.steps = guessedSteps;
  for (unsigned c : classesOf(op, axis.isTime)) {
    if (!symbols.same(c, axis.sizeClass))
      continue;
    // A batch that nobody told counts as 1 among the others.
    (axis.isTime ? sizes.steps : sizes.batch) = axis.isTime ? size : sizes.batch * size;
    (axis.isTime ? sizes.guessedSteps : sizes.guessedBatch) = false;
  }
  return sizes;
}

Comparison VersionMaker::compareAt(const Axis &axis, int64_t size) {
  Comparison found;
  for (const Choice &choice : choices) {
    Assumptions there = assumed;
    there.usual = sizesAt(choice.op, axis, size);
    auto options = pricedAnew(choice.options, choice.op, target, there);
    seq::ScheduleAttr own = seq::RecurrenceOp(choice.op).getScheduleAttr();
    const PlanOption *usual = llvm::find_if(
        options, [&](const PlanOption &option) { return option.plan == own.getPlan(); });
    const PlanOption &best = cheapest(options);
    found.usual.add(own, usual->price);
    found.cheapest.add(best.schedule, best.price);
    found.isUsual &= best.plan == own.getPlan();
  }
  return found;
}

/// From `usual` towards `end`, by factors of two: the sizes from where on other plans are cheaper,
/// and one of the next ones, where they save most.
std::optional<SizeRange> VersionMaker::findRange(const Axis &axis, int64_t usual, int64_t end) {
  bool up = end > usual;
  int64_t near = usual;
  auto next = [&](int64_t size) { return up ? 2 * size : size / 2; };
  auto isBeyond = [&](int64_t size) { return up ? size > end : size < end; };
  while (!isBeyond(next(near)) && compareAt(axis, next(near)).isUsual)
    near = next(near);
  if (isBeyond(next(near)))
    return std::nullopt;
  SizeRange range = up ? SizeRange{next(near), INT64_MAX, 0, 0} : SizeRange{0, near, 0, 0};
  for (int64_t size = next(near), i = 0; i < 4 && !isBeyond(size); size = next(size), ++i)
    if (double gain = compareAt(axis, size).gain(); gain > range.gain)
      range.sample = size, range.gain = gain;
  return range;
}

static std::string whereOf(const Axis &axis, const SizeRange &range) {
  return range.from ? axis.name + " >= " + std::to_string(range.from)
                    : axis.name + " < " + std::to_string(range.below);
}

static SmallVector<seq::RecurrenceOp> recurrencesOf(func::FuncOp function) {
  SmallVector<seq::RecurrenceOp> ops;
  function.walk([&](seq::RecurrenceOp op) { ops.push_back(op); });
  return ops;
}

static Attribute guardOf(func::FuncOp function, const Axis &axis, const SizeRange &range) {
  return seq::VersionAttr::get(function.getContext(), FlatSymbolRefAttr::get(function),
                               axis.argument, axis.dimension, range.from, range.below);
}

/// A private copy of `function` behind its other versions, for calls whose sizes are in `where`.
static func::FuncOp copyFor(func::FuncOp function, Attribute where) {
  Operation *last = function;
  unsigned number = 1;
  auto isVersion = [](Operation *op) { return op && op->hasAttr("seq.version"); };
  for (; isVersion(last->getNextNode()); ++number)
    last = last->getNextNode();
  OpBuilder b(function.getContext());
  b.setInsertionPointAfter(last);
  auto version = cast<func::FuncOp>(b.clone(*function));
  version.setName((function.getName() + ".version" + Twine(number)).str());
  version.setPrivate();
  version->setAttr("seq.version", b.getArrayAttr(where));
  return version;
}

void VersionMaker::addVersion(const Axis &axis, const SizeRange &range, const Plans &plans,
                              const Plans &others) {
  Builder b(function.getContext());
  Attribute where = guardOf(function, axis, range);
  for (auto [i, choice] : llvm::enumerate(choices))
    notes.push_back({choice.op, whereOf(axis, range),
                     axis.name + " = " + std::to_string(range.sample) +
                         (axis.isTime ? "" : ", T = " + std::to_string(stepsAt(choice.op, axis))),
                     plans.schedules[i], plans.prices[i], others.prices[i]});
  for (auto &[known, version] : versions)
    if (known == plans.schedules) {
      SmallVector<Attribute> ranges(version->getAttrOfType<ArrayAttr>("seq.version").getValue());
      ranges.push_back(where);
      version->setAttr("seq.version", b.getArrayAttr(ranges));
      return;
    }
  func::FuncOp version = copyFor(function, where);
  SmallVector<seq::RecurrenceOp> own = recurrencesOf(function), copies = recurrencesOf(version);
  for (auto [i, choice] : llvm::enumerate(choices)) {
    seq::RecurrenceOp copy = copies[llvm::find(own, choice.op) - own.begin()];
    copy.setScheduleAttr(plans.schedules[i]);
  }
  versions.push_back({plans.schedules, version});
}

void VersionMaker::tryRange(const Axis &axis, int64_t usual, int64_t end) {
  guessedSteps = UsualSizes().steps;
  std::optional<SizeRange> range = findRange(axis, usual, end);
  if (!range)
    return;
  // What many steps hide, memory's time, fewer may show.
  if (range->gain <= leastGain)
    guessedSteps = fewSteps;
  Comparison found = compareAt(axis, range->sample);
  if (found.gain() > leastGain)
    addVersion(axis, *range, found.cheapest, found.usual);
}

void VersionMaker::run() {
  if (std::optional<Axis> batch = findAxis(/*isTime=*/false))
    tryRange(*batch, 1, mostSequences);
  if (std::optional<Axis> time = findAxis(/*isTime=*/true)) {
    tryRange(*time, UsualSizes().steps, fewestSteps);
    tryRange(*time, UsualSizes().steps, mostSteps);
  }
}

SmallVector<VersionNote> seqc::addVersions(func::FuncOp function, ArrayRef<Choice> choices,
                                           seq::TargetAttr target, const Assumptions &assumed) {
  VersionMaker maker(function, choices, target, assumed);
  maker.run();
  return std::move(maker.notes);
}

//===-----------------------------------------------------------------------===//
// Orders of states
//===-----------------------------------------------------------------------===//

/// Steps for which moving states and weights costs as much as it saves.
static constexpr int64_t stepsOfMove = 8;

void seqc::orderStates(ModuleOp module, const Assumptions &assumed, bool versions) {
  for (auto function : llvm::to_vector(module.getOps<func::FuncOp>())) {
    SmallVector<seq::RecurrenceOp> ops;
    for (auto op : function.getOps<seq::RecurrenceOp>())
      if (function.isPublic() && !op.getScheduleAttr() &&
          usualSizes(op, assumed).steps >= stepsOfMove && hasModesInnermost(op))
        ops.push_back(op);
    std::optional<Axis> time;
    for (seq::RecurrenceOp op : ops)
      if (versions && !time)
        time = AxisFinder(function, assumed).axisOf(op, /*isTime=*/true);
    if (time)
      copyFor(function, guardOf(function, *time, {0, stepsOfMove, 0, 0}));
    for (seq::RecurrenceOp op : ops) {
      remark::passed(
          op.getLoc(),
          remark::RemarkOpts::name("order").category("seqc.plan").function(function.getName()))
          << remark::reason("states have their channels innermost, so that vectors hold channels");
      putChannelsInnermost(op);
    }
  }
}
