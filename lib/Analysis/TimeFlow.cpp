// Is everything outside of the recurrences independent along time?
//
// If it is, then running the first n steps and then the rest, with the states
// handed over, gives the values that one run gives: a recurrence's outs at time
// t need only its inputs up to t, and every other op maps step t of its
// operands to step t of its result. Values that are known only after the last
// step (final states and what is computed from them) may be returned, but must
// not flow back into a sequence, because a later call would change them.
#include "TimeFlow.h"
#include "seqc/Dialect/Seq/IR/Seq.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace seqc;

static std::string named(Operation *op) { return ("`" + op->getName().getStringRef() + "`").str(); }

static std::string complain(Operation *op, StringRef what) {
  return named(op) + " at " + describePlace(op->getLoc()) + " " + what.str();
}

int64_t TimeFlow::timeAxis(Value v) {
  auto type = dyn_cast<RankedTensorType>(v.getType());
  int64_t found = -1;
  for (int64_t i = 0, e = type ? type.getRank() : 0; i < e; ++i)
    if (symbols.same(symbols.classOf(v, i), time))
      found = found == -1 ? i : -2;
  return found;
}

std::string TimeFlow::run(func::FuncOp function) {
  for (BlockArgument arg : function.getArguments()) {
    int64_t axis = timeAxis(arg);
    if (axis == -2)
      return "argument #" + std::to_string(arg.getArgNumber()) + " has several time axes";
    if (axis >= 0)
      setSequence(arg, axis);
  }
  for (Operation &op : function.front().without_terminator())
    if (std::string reason = visit(&op); !reason.empty())
      return reason;
  for (Value v : function.front().getTerminator()->getOperands())
    if (of(v).kind == Kind::StepCount)
      return "it returns the number of steps of the call";
  return "";
}

std::string TimeFlow::expectUniform(Operation *op, ValueRange values, StringRef what) {
  for (Value v : values) {
    Kind kind = of(v).kind;
    if (kind == Kind::Sequence)
      return complain(op, ("needs the whole sequence as " + what).str());
    if (kind == Kind::AfterLast)
      return complain(op,
                      ("needs a value that is known only after the last step as " + what).str());
    if (kind == Kind::StepCount)
      return complain(op, ("needs the number of steps as " + what).str());
  }
  return "";
}

std::string TimeFlow::expectSequence(Operation *op, Value v, int64_t axis) {
  Info info = of(v);
  if (info.kind == Kind::Sequence && info.axis == axis)
    return "";
  if (info.kind == Kind::AfterLast)
    return complain(op, "runs along a value that is known only after the last step");
  return complain(op, "runs along another time axis");
}

std::string TimeFlow::visit(Operation *op) {
  if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    if (symbols.same(symbols.classOfIndex(dim.getResult()), time))
      infos[dim.getResult()] = {Kind::StepCount, -1};
    return "";
  }
  if (auto empty = dyn_cast<tensor::EmptyOp>(op)) {
    if (int64_t axis = timeAxis(empty.getResult()); axis >= 0)
      setSequence(empty.getResult(), axis);
    return timeAxis(empty.getResult()) == -2 ? complain(op, "has several time axes") : "";
  }
  if (isa<linalg::LinalgOp>(op))
    return visitLinalg(op);
  if (OpTrait::hasElementwiseMappableTraits(op))
    return visitElementwise(op);
  if (isa<tensor::ExtractSliceOp, tensor::InsertSliceOp, tensor::PadOp>(op))
    return visitSlice(op);
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::CastOp>(op))
    return visitShape(op);
  if (isa<tensor::ConcatOp>(op))
    return visitConcat(op);
  if (isa<seq::RecurrenceOp>(op))
    return visitRecurrence(op);
  if (isa<seq::DelayOp>(op))
    return visitDelay(op);
  return visitOther(op);
}

std::string TimeFlow::visitLinalg(Operation *op) {
  auto linalgOp = cast<linalg::LinalgOp>(op);
  std::optional<unsigned> loop;
  bool afterLast = false;
  for (OpOperand &operand : op->getOpOperands()) {
    Info info = of(operand.get());
    afterLast |= info.kind == Kind::AfterLast;
    if (info.kind == Kind::StepCount)
      return complain(op, "uses the number of steps as a value");
    if (info.kind != Kind::Sequence)
      continue;
    auto d =
        dyn_cast<AffineDimExpr>(linalgOp.getMatchingIndexingMap(&operand).getResult(info.axis));
    if (!d || (loop && *loop != d.getPosition()))
      return complain(op, "mixes time steps");
    loop = d.getPosition();
  }
  if (!loop) {
    for (Value result : op->getResults())
      infos[result].kind = afterLast ? Kind::AfterLast : Kind::Uniform;
    return "";
  }
  if (afterLast)
    return complain(op, "uses a value that is known only after the last step along time");
  if (linalgOp.getIteratorTypesArray()[*loop] != utils::IteratorType::parallel)
    return complain(op, "reduces along time");
  bool indexed = false;
  op->walk([&](linalg::IndexOp index) { indexed |= index.getDim() == *loop; });
  if (indexed)
    return complain(op, "uses the position in time");
  for (auto [i, result] : llvm::enumerate(op->getResults())) {
    AffineMap map = linalgOp.getMatchingIndexingMap(linalgOp.getDpsInitOperand(i));
    for (auto [axis, expr] : llvm::enumerate(map.getResults()))
      if (auto d = dyn_cast<AffineDimExpr>(expr); d && d.getPosition() == *loop)
        setSequence(result, axis);
  }
  return "";
}

std::string TimeFlow::visitElementwise(Operation *op) {
  Info joined;
  for (Value operand : op->getOperands()) {
    Info info = of(operand);
    if (info.kind == Kind::StepCount)
      return complain(op, "uses the number of steps as a value");
    if (info.kind == Kind::Uniform)
      continue;
    if (joined.kind == Kind::Uniform)
      joined = info;
    else if (joined.kind != info.kind)
      return complain(op, "uses a value that is known only after the last step along time");
    else if (joined.axis != info.axis)
      return complain(op, "mixes time steps");
  }
  for (Value result : op->getResults())
    infos[result] = joined;
  return "";
}

std::string TimeFlow::visitSlice(Operation *op) {
  Value result = op->getResult(0);
  int64_t axis = timeAxis(result);
  bool sequence = false, afterLast = false;
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    Info info = of(operand);
    afterLast |= info.kind == Kind::AfterLast;
    if (info.kind != Kind::Sequence)
      continue;
    sequence = true;
    // A slice that keeps all steps keeps their number.
    if (axis < 0)
      return complain(op, "takes a part of the steps");
  }
  if (sequence && afterLast)
    return complain(op, "uses a value that is known only after the last step along time");
  if (!sequence && axis >= 0)
    return complain(op, "makes a sequence from a value that is the same for all steps");
  if (sequence) {
    for (Value operand : op->getOperands())
      if (isa<RankedTensorType>(operand.getType()) && of(operand).kind != Kind::Sequence)
        return complain(op, "makes a sequence from a value that is the same for all steps");
    setSequence(result, axis);
  } else if (afterLast) {
    infos[result].kind = Kind::AfterLast;
  }
  return "";
}

std::string TimeFlow::visitShape(Operation *op) {
  Value result = op->getResult(0);
  Info info = of(op->getOperand(0));
  if (info.kind == Kind::Sequence) {
    info.axis = timeAxis(result);
    if (info.axis < 0)
      return complain(op, "merges or splits the time axis");
  } else if (info.kind == Kind::Uniform && timeAxis(result) >= 0) {
    return complain(op, "makes a sequence from a value that is the same for all steps");
  }
  infos[result] = info;
  return "";
}

std::string TimeFlow::visitConcat(Operation *op) {
  auto concat = cast<tensor::ConcatOp>(op);
  for (Value operand : op->getOperands())
    if (Info info = of(operand);
        info.kind == Kind::Sequence && info.axis == int64_t(concat.getDim()))
      return complain(op, "appends along time");
  return visitElementwise(op);
}

std::string TimeFlow::visitRecurrence(Operation *op) {
  auto recurrence = cast<seq::RecurrenceOp>(op);
  if (recurrence.getReverse())
    return complain(op, "runs backwards (`reverse`)");
  int64_t axis = recurrence.getTimeAxis();
  SmallVector<std::pair<Value, int64_t>> sequences;
  for (Value v : recurrence.getInputs())
    sequences.push_back({v, axis});
  for (Value v : recurrence.getShared())
    sequences.push_back({v, 0});
  if (recurrence.getResets())
    sequences.push_back({recurrence.getResets(), axis});
  for (auto [v, at] : sequences)
    if (std::string reason = expectSequence(op, v, at); !reason.empty())
      return reason;
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(recurrence.getStep(), captured);
  for (auto [values, what] :
       {std::pair<ValueRange, StringRef>{recurrence.getInitial(), "an initial value"},
        {recurrence.getGiven(), "a `given` value"},
        {captured.getArrayRef(), "a captured value"}})
    if (std::string reason = expectUniform(op, values, what); !reason.empty())
      return reason;
  for (Value v : recurrence.getOuts())
    setSequence(v, axis);
  for (Value v : recurrence.getFinals())
    infos[v].kind = Kind::AfterLast;
  return "";
}

std::string TimeFlow::visitDelay(Operation *op) {
  auto delay = cast<seq::DelayOp>(op);
  int64_t axis = delay.getTime();
  if (delay.getReverse())
    return complain(op, "runs backwards (`reverse`)");
  if (std::string reason = expectSequence(op, delay.getInput(), axis); !reason.empty())
    return reason;
  if (std::string reason = expectUniform(op, delay.getInitial(), "an initial value");
      !reason.empty())
    return reason;
  setSequence(delay.getWindow(), axis);
  infos[delay.getFinal()].kind = Kind::AfterLast;
  return "";
}

std::string TimeFlow::visitOther(Operation *op) {
  SetVector<Value> used;
  used.insert(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), used);
  bool afterLast = false;
  for (Value v : used) {
    Kind kind = of(v).kind;
    if (kind == Kind::Sequence || kind == Kind::StepCount)
      return complain(op, "is not known to treat all time steps alike");
    afterLast |= kind == Kind::AfterLast;
  }
  auto constant = op->hasTrait<OpTrait::ConstantLike>();
  for (Value result : op->getResults()) {
    // A constant with one row per step is a position in time; one value for all
    // is not.
    if (int64_t axis = timeAxis(result); axis >= 0) {
      DenseElementsAttr elements;
      if (!constant || !matchPattern(result, m_Constant(&elements)) || !elements.isSplat())
        return complain(op, "has one value per step that does not come from an argument");
      setSequence(result, axis);
    } else if (afterLast) {
      infos[result].kind = Kind::AfterLast;
    }
  }
  return "";
}
