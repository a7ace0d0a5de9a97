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
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/EquivalenceClasses.h"

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
  void conditional(scf::IfOp op);
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
          arith::TruncFOp, linalg::YieldOp>(op))
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

/// One side or the other, if the condition is free of the states.
void Interpreter::conditional(scf::IfOp op) {
  for (Region &region : op->getRegions())
    for (Operation &inner : region.front().without_terminator())
      visit(&inner);
  bool free = !dependsOnAny(of(op.getCondition()));
  for (auto [result, yes, no] : llvm::zip_equal(op->getResults(), op.thenYield().getOperands(),
                                                op.elseYield().getOperands())) {
    Info info = join({op.getCondition(), yes, no});
    infos[result] = free ? info : madeDense(broken(info, op));
  }
}

/// Only gives its operand another shape.
static bool reshapes(Operation *op) {
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return slice.getType().hasStaticShape() && slice.getSourceType().hasStaticShape() &&
           slice.getType().getNumElements() == slice.getSourceType().getNumElements();
  return isa<tensor::CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op);
}

void Interpreter::visit(Operation *op) {
  if (auto structured = dyn_cast<linalg::LinalgOp>(op))
    return linalgOp(structured);
  if (auto association = dyn_cast<seq::CombineOp>(op))
    return combine(association);
  if (auto branch = dyn_cast<scf::IfOp>(op); branch && branch->getNumResults())
    return conditional(branch);
  if (isa<tensor::EmptyOp, tensor::DimOp>(op))
    return;
  Info info;
  if (reshapes(op)) {
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

std::string seqc::stringify(DependenceClass c, unsigned block) {
  std::string size = "(" + std::to_string(block) + ")";
  switch (c) {
  case DependenceClass::None:
    return "none";
  case DependenceClass::AffineElementwise:
    return "affine-elementwise";
  case DependenceClass::AffineBlock:
    return "affine-block" + size;
  case DependenceClass::AffineContraction:
    return "affine-contraction";
  case DependenceClass::NonlinearElementwise:
    return "nonlinear-elementwise";
  case DependenceClass::NonlinearBlock:
    return "nonlinear-block" + size;
  case DependenceClass::NonlinearDense:
    return "nonlinear-dense";
  }
  return "";
}

static DependenceClass kindOf(const Dependence &d) {
  if (!d.depends)
    return DependenceClass::None;
  if (d.breaker)
    return d.dense ? DependenceClass::NonlinearDense : DependenceClass::NonlinearElementwise;
  return d.dense ? DependenceClass::AffineContraction : DependenceClass::AffineElementwise;
}

/// States that depend on each other, and only at the same element, are one block.
static void findBlocks(unsigned states, StepClass &step) {
  llvm::EquivalenceClasses<unsigned> groups;
  for (unsigned i = 0; i < states; ++i)
    groups.insert(i);
  for (const StateDependence &pair : step.pairs)
    if (pair.kind != DependenceClass::None)
      groups.unionSets(pair.to, pair.from);
  auto size = [&](unsigned state) {
    return unsigned(std::distance(groups.findLeader(state), groups.member_end()));
  };
  auto mixes = [&](unsigned state) {
    return llvm::any_of(step.pairs, [&](const StateDependence &pair) {
      return groups.isEquivalent(pair.to, state) &&
             (pair.kind == DependenceClass::AffineContraction ||
              pair.kind == DependenceClass::NonlinearDense);
    });
  };
  for (StateDependence &pair : step.pairs) {
    if (pair.kind == DependenceClass::None || size(pair.to) == 1 || mixes(pair.to))
      continue;
    pair.block = size(pair.to);
    pair.kind = pair.breaker ? DependenceClass::NonlinearBlock : DependenceClass::AffineBlock;
  }
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
      dense |= d.dense;
      nonlinear |= d.breaker != nullptr;
      step.pairs.push_back({unsigned(to), unsigned(from), kindOf(d), 1, d.breaker});
    }
  findBlocks(op.getNumStates(), step);
  for (const StateDependence &pair : step.pairs) {
    step.block = pair.kind > step.overall   ? pair.block
                 : pair.kind < step.overall ? step.block
                                            : std::max(step.block, pair.block);
    step.overall = std::max(step.overall, pair.kind);
  }
  // Nonlinear in one state and mixing the elements of another: both.
  if (dense && nonlinear)
    step.overall = DependenceClass::NonlinearDense;
  return step;
}

std::string seqc::nameOfState(seq::RecurrenceOp op, unsigned state) {
  if (auto name = dyn_cast<NameLoc>(op.getStateArgs()[state].getLoc()))
    return "%" + name.getName().str();
  return op.getNumStates() == 1 ? "%h" : "state #" + std::to_string(state);
}

std::string seqc::describe(seq::RecurrenceOp op, const StepClass &step) {
  for (const StateDependence &pair : step.pairs)
    if (Operation *breaker = pair.breaker) {
      std::string name = "`" + nameOfState(op, pair.from) + "`";
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
  case DependenceClass::AffineBlock:
    return "affine in every state, mixing " + std::to_string(step.block) +
           " states at the same element";
  case DependenceClass::AffineContraction:
    return "affine in every state, mixing its elements";
  default:
    return "affine and elementwise in every state";
  }
}
