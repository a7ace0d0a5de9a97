// Which states a function has, and whether it has a step form. The states are
// the initial and final values of the recurrences and delays that stand
// directly in the function; TimeFlow decides whether what stands between them
// is independent along time.
#include "seqc/Analysis/Streaming.h"
#include "TimeFlow.h"
#include "seqc/Dialect/Seq/IR/Seq.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace seqc;

static Value behindCasts(Value v) {
  while (auto cast = v.getDefiningOp<tensor::CastOp>())
    v = cast.getSource();
  return v;
}

int32_t seqc::argumentBehind(Value value) {
  auto arg = dyn_cast<BlockArgument>(behindCasts(value));
  if (!arg || !isa<func::FuncOp>(arg.getOwner()->getParentOp()))
    return -1;
  return arg.getArgNumber();
}

/// True if `use` hands an initial value to a recurrence or delay outside of any
/// step.
static bool isInitialUse(OpOperand &use) {
  Operation *op = use.getOwner();
  if (op->getParentOfType<seq::RecurrenceOp>())
    return false;
  if (auto recurrence = dyn_cast<seq::RecurrenceOp>(op)) {
    unsigned begin = recurrence.getInitial().getBeginOperandIndex();
    return use.getOperandNumber() >= begin;
  }
  if (auto delay = dyn_cast<seq::DelayOp>(op))
    return use.getOperandNumber() == delay.getInitialMutable().getOperandNumber();
  return false;
}

/// Shape changes that only add or drop sizes of 1 or static knowledge: a
/// delay's window of one value and the state that it replaces differ by those.
static bool isReshapeOfUnits(Operation *op) {
  return isa<tensor::CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op);
}

static bool onlyInitialUses(Value v) {
  for (OpOperand &use : v.getUses()) {
    if (isReshapeOfUnits(use.getOwner()) && use.getOperandNumber() == 0) {
      if (!onlyInitialUses(use.getOwner()->getResult(0)))
        return false;
    } else if (!isInitialUse(use) && !isa<tensor::DimOp>(use.getOwner())) {
      return false;
    }
  }
  return true;
}

bool seqc::isStateArgument(func::FuncOp function, unsigned argument) {
  if (function.getArgAttr(argument, "seqc.state"))
    return true;
  BlockArgument arg = function.getArgument(argument);
  return isa<RankedTensorType>(arg.getType()) && !arg.use_empty() && onlyInitialUses(arg);
}

/// The function argument behind `v` through casts and unit reshapes, or -1.
static int32_t stateArgumentBehind(func::FuncOp function, Value v) {
  while (v.getDefiningOp() && isReshapeOfUnits(v.getDefiningOp()))
    v = v.getDefiningOp()->getOperand(0);
  int32_t arg = argumentBehind(v);
  return arg >= 0 && isStateArgument(function, arg) ? arg : -1;
}

/// The position of the result that returns `final`, or -1. `taken` results
/// belong to others.
static int32_t resultOf(func::FuncOp function, Value final, llvm::SmallBitVector &taken) {
  for (OpOperand &ret : function.front().getTerminator()->getOpOperands()) {
    Value v = ret.get();
    while (v != final && v.getDefiningOp() && isReshapeOfUnits(v.getDefiningOp()))
      v = v.getDefiningOp()->getOperand(0);
    if (v == final && !taken.test(ret.getOperandNumber())) {
      taken.set(ret.getOperandNumber());
      return ret.getOperandNumber();
    }
  }
  return -1;
}

/// Adds the states of the recurrences and delays of `function`.
static void collectStates(func::FuncOp function, SmallVectorImpl<StreamState> &states) {
  auto add = [&](OpOperand &initial, Value final) {
    StreamState state;
    state.initial = &initial;
    state.final = final;
    states.push_back(state);
  };
  for (Operation &op : function.front()) {
    if (auto recurrence = dyn_cast<seq::RecurrenceOp>(op)) {
      for (auto [initial, final] :
           llvm::zip(recurrence.getInitialMutable(), recurrence.getFinals()))
        add(initial, final);
    } else if (auto delay = dyn_cast<seq::DelayOp>(op)) {
      add(delay.getInitialMutable(), delay.getFinal());
    }
  }
}

/// Finds the public argument and result of each state. An argument belongs to
/// one state, by preference to one whose final value is returned.
static void matchInterface(func::FuncOp function, SmallVectorImpl<StreamState> &states) {
  llvm::SmallBitVector results(function.getNumResults()), arguments(function.getNumArguments());
  for (StreamState &state : states)
    state.result = resultOf(function, state.final, results);
  for (bool returned : {true, false})
    for (StreamState &state : states) {
      int32_t arg = stateArgumentBehind(function, state.initial->get());
      if (returned != (state.result >= 0) || arg < 0 || arguments.test(arg))
        continue;
      arguments.set(arg);
      state.argument = arg;
    }
}

/// The class of the number of steps, or the reason why there is no single one.
static std::string findTime(func::FuncOp function, DimSymbols &symbols,
                            std::optional<unsigned> &time) {
  std::string reason;
  auto meet = [&](unsigned c) {
    if (time && !symbols.same(*time, c))
      reason = "its recurrences run along several time axes";
    time = c;
  };
  for (Operation &op : function.front()) {
    if (auto r = dyn_cast<seq::RecurrenceOp>(op)) {
      if (r.getSteps())
        meet(symbols.classOfIndex(r.getSteps()));
      else if (!r.getShared().empty())
        meet(symbols.classOf(r.getShared().front(), 0));
      else
        meet(symbols.classOf(r.getInputs().empty() ? r.getResets() : r.getInputs().front(),
                             r.getTimeAxis()));
    } else if (auto delay = dyn_cast<seq::DelayOp>(op)) {
      meet(symbols.classOf(delay.getInput(), delay.getTime()));
    }
  }
  return time ? reason : "it holds no recurrence";
}

/// When a stream starts, sizes and state arguments are known, and nothing else:
/// a hidden state must not start with a value that follows from another
/// argument.
static std::string checkInitials(func::FuncOp function, ArrayRef<StreamState> states) {
  SmallVector<Value> work;
  for (const StreamState &state : states)
    if (state.argument < 0)
      work.push_back(state.initial->get());
  DenseSet<Value> seen;
  while (!work.empty()) {
    Value v = work.pop_back_val();
    if (!seen.insert(v).second)
      continue;
    auto arg = dyn_cast<BlockArgument>(v);
    if (arg && arg.getOwner() == &function.front() &&
        !isStateArgument(function, arg.getArgNumber()))
      return "an initial value follows from argument #" + std::to_string(arg.getArgNumber()) +
             ", which is not known when a stream starts";
    Operation *def = v.getDefiningOp();
    if (!def || isa<tensor::DimOp>(def))
      continue;
    SetVector<Value> captured;
    getUsedValuesDefinedAbove(def->getRegions(), captured);
    llvm::append_range(work, def->getOperands());
    llvm::append_range(work, captured);
  }
  return "";
}

Streaming seqc::analyzeStreaming(func::FuncOp function, DimSymbols &symbols) {
  Streaming streaming;
  if (!llvm::hasSingleElement(function.getBody())) {
    streaming.obstacle = "it is not a single block";
    return streaming;
  }
  collectStates(function, streaming.states);
  matchInterface(function, streaming.states);
  streaming.obstacle = findTime(function, symbols, streaming.time);
  if (streaming.obstacle.empty())
    streaming.obstacle = TimeFlow(symbols, *streaming.time).run(function);
  if (streaming.obstacle.empty())
    streaming.obstacle = checkInitials(function, streaming.states);
  return streaming;
}
