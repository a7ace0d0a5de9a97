// What kind of function a step is: abstract interpretation of its ops.
//
// For each value of the step and each old state we keep how the value depends
// on that state: not at all, affinely or not, and element by element or mixing
// elements. A state itself is affine and elementwise in itself. Sums keep
// affinity; a product keeps it if one factor is free of every state; any other
// function of a dependent value breaks it, and the op that did is remembered. A
// linalg op is interpreted through its region, and mixes elements where a
// dependent operand is not read at the place that is written.
#include "seqc/Analysis/StepClass.h"
#include "seqc/Analysis/Place.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace seqc;

namespace {
/// Dependence of a value on one state.
struct Dependence {
  bool depends = false, dense = false;
  Operation *breaker = nullptr;
};
/// Dependence on each state.
using Info = SmallVector<Dependence>;

struct Interpreter {
  unsigned states = 0;
  DenseMap<Value, Info> infos;

  Info none() const { return Info(states); }
  Info of(Value v) const {
    auto it = infos.find(v);
    return it == infos.end() ? none() : it->second;
  }
  Info join(ValueRange values) const;
  Info broken(Info info, Operation *op) const;
  Info elementwise(Operation *op);
  void linalgOp(linalg::LinalgOp op);
  void combine(seq::CombineOp op);
  void visit(Operation *op);
};
} // namespace

static bool dependsOnAny(const Info &info) {
  return llvm::any_of(info, [](const Dependence &d) { return d.depends; });
}

static void joinInto(Info &to, const Info &from) {
  for (auto [a, b] : llvm::zip_equal(to, from)) {
    a.depends |= b.depends;
    a.dense |= b.dense;
    if (!a.breaker)
      a.breaker = b.breaker;
  }
}

static Info madeDense(Info info) {
  for (Dependence &d : info)
    d.dense |= d.depends;
  return info;
}

Info Interpreter::join(ValueRange values) const {
  Info joined = none();
  for (Value v : values)
    joinInto(joined, of(v));
  return joined;
}

Info Interpreter::broken(Info info, Operation *op) const {
  for (Dependence &d : info)
    if (d.depends && !d.breaker)
      d.breaker = op;
  return info;
}

Info Interpreter::elementwise(Operation *op) {
  Info joined = join(op->getOperands());
  auto free = [&](unsigned i) { return !dependsOnAny(of(op->getOperand(i))); };
  bool affine = false;
  if (isa<arith::AddFOp, arith::SubFOp, arith::NegFOp, arith::AddIOp, arith::SubIOp, arith::ExtFOp,
          linalg::YieldOp>(op))
    affine = true;
  else if (isa<arith::MulFOp, arith::MulIOp, math::FmaOp>(op))
    affine = free(0) || free(1);
  else if (isa<arith::DivFOp>(op))
    affine = free(1);
  else if (isa<arith::SelectOp>(op))
    affine = free(0);
  return affine ? joined : broken(joined, op);
}

void Interpreter::linalgOp(linalg::LinalgOp op) {
  Block *body = op.getBlock();
  // Twice: what an accumulator holds depends on what was added to it.
  for (int round = 0; round < 2; ++round) {
    for (OpOperand &operand : op->getOpOperands()) {
      Info info = of(operand.get());
      AffineMap map = op.getMatchingIndexingMap(&operand);
      bool inPlace = op.getNumReductionLoops() == 0 &&
                     llvm::all_of(op.getDpsInitsMutable(), [&](OpOperand &init) {
                       return op.getMatchingIndexingMap(&init) == map;
                     });
      BlockArgument arg = op.getMatchingBlockArgument(&operand);
      info = inPlace ? info : madeDense(info);
      if (round == 1 && op.isDpsInit(&operand)) {
        Value yielded =
            body->getTerminator()->getOperand(operand.getOperandNumber() - op.getNumDpsInputs());
        joinInto(info, of(yielded));
      }
      infos[arg] = info;
    }
    for (Operation &inner : body->without_terminator())
      visit(&inner);
    if (op.getNumReductionLoops() == 0)
      break;
  }
  for (auto [result, yielded] :
       llvm::zip_equal(op->getResults(), body->getTerminator()->getOperands()))
    infos[result] = of(yielded);
}

/// An association of ops changes nothing: what its region yields.
void Interpreter::combine(seq::CombineOp op) {
  for (auto [arg, operand] : llvm::zip_equal(op.getBody()->getArguments(), op->getOperands()))
    infos[arg] = of(operand);
  for (Operation &inner : op.getBody()->without_terminator())
    visit(&inner);
  for (auto [result, yielded] : llvm::zip_equal(op.getResults(), op.getYield().getNext()))
    infos[result] = of(yielded);
}

void Interpreter::visit(Operation *op) {
  if (auto structured = dyn_cast<linalg::LinalgOp>(op))
    return linalgOp(structured);
  if (auto association = dyn_cast<seq::CombineOp>(op))
    return combine(association);
  if (isa<tensor::EmptyOp, tensor::DimOp>(op))
    return;
  Info info;
  if (isa<tensor::CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op)) {
    info = of(op->getOperand(0));
  } else if (isa<tensor::ExtractSliceOp, tensor::InsertSliceOp, tensor::ConcatOp, tensor::PadOp,
                 tensor::ExtractOp, tensor::FromElementsOp, tensor::SplatOp>(op)) {
    info = madeDense(join(op->getOperands()));
  } else if (OpTrait::hasElementwiseMappableTraits(op)) {
    info = elementwise(op);
  } else {
    SetVector<Value> used;
    used.insert(op->operand_begin(), op->operand_end());
    getUsedValuesDefinedAbove(op->getRegions(), used);
    info = madeDense(broken(join(used.getArrayRef()), op));
  }
  for (Value result : op->getResults())
    infos[result] = info;
}

StringRef seqc::stringify(DependenceClass c) {
  switch (c) {
  case DependenceClass::None:
    return "none";
  case DependenceClass::AffineElementwise:
    return "affine-elementwise";
  case DependenceClass::AffineContraction:
    return "affine-contraction";
  case DependenceClass::NonlinearElementwise:
    return "nonlinear-elementwise";
  case DependenceClass::NonlinearDense:
    return "nonlinear-dense";
  }
  return "";
}

StepClass seqc::classifyStep(seq::RecurrenceOp op) {
  Interpreter interpreter;
  interpreter.states = op.getNumStates();
  for (auto [i, arg] : llvm::enumerate(op.getStateArgs())) {
    Info info = interpreter.none();
    info[i].depends = true;
    interpreter.infos[arg] = info;
  }
  for (Operation &inner : op.getBody()->without_terminator())
    interpreter.visit(&inner);
  StepClass step;
  bool dense = false, nonlinear = false;
  for (auto [to, next] : llvm::enumerate(op.getYield().getNext()))
    for (auto [from, d] : llvm::enumerate(interpreter.of(next))) {
      DependenceClass kind = DependenceClass::None;
      if (d.depends)
        kind = d.breaker ? (d.dense ? DependenceClass::NonlinearDense
                                    : DependenceClass::NonlinearElementwise)
                         : (d.dense ? DependenceClass::AffineContraction
                                    : DependenceClass::AffineElementwise);
      dense |= d.dense;
      nonlinear |= d.breaker != nullptr;
      step.overall = std::max(step.overall, kind);
      step.pairs.push_back({unsigned(to), unsigned(from), kind, d.breaker});
    }
  // Nonlinear in one state and mixing the elements of another: both.
  if (dense && nonlinear)
    step.overall = DependenceClass::NonlinearDense;
  return step;
}

/// The name that a state prints with.
static std::string nameOf(seq::RecurrenceOp op, unsigned state) {
  if (auto name = dyn_cast<NameLoc>(op.getStateArgs()[state].getLoc()))
    return "%" + name.getName().str();
  return op.getNumStates() == 1 ? "%h" : "state #" + std::to_string(state);
}

std::string seqc::describe(seq::RecurrenceOp op, const StepClass &step) {
  for (const StateDependence &pair : step.pairs)
    if (Operation *breaker = pair.breaker) {
      std::string name = "`" + nameOf(op, pair.from) + "`";
      std::string text = "not affine in " + name + ": `" + breaker->getName().getStringRef().str() +
                         "` at " + describePlace(breaker->getLoc());
      if (isa<arith::MulFOp, arith::MulIOp>(breaker))
        return text +
               " multiplies two values that depend on the state, one of them "
               "on " +
               name;
      return text + " is applied to a value that depends on " + name;
    }
  switch (step.overall) {
  case DependenceClass::None:
    return "the next states do not depend on the states";
  case DependenceClass::AffineContraction:
    return "affine in every state, mixing its elements";
  default:
    return "affine and elementwise in every state";
  }
}
