// Forward-mode derivatives: what is copied, in which order, with which tangents. The rules of
// elementwise ops are in DerivativeRules.cpp, those of linalg ops in DerivativeLinalg.cpp, those
// of seq ops in DerivativeSeq.cpp.
#include "seqc/Dialect/Seq/Transforms/Derivative.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace seqc;

bool seqc::isDifferentiable(Type type) { return isa<FloatType>(getElementTypeOrSelf(type)); }

Value seqc::constantLike(OpBuilder &b, Location loc, Value like, double value) {
  FloatAttr scalar = b.getFloatAttr(getElementTypeOrSelf(like.getType()), value);
  auto type = dyn_cast<RankedTensorType>(like.getType());
  if (type && type.hasStaticShape())
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, scalar));
  Value constant = arith::ConstantOp::create(b, loc, scalar);
  if (!type)
    return constant;
  SmallVector<Value> sizes;
  for (int64_t d = 0; d < type.getRank(); ++d)
    if (type.isDynamicDim(d))
      sizes.push_back(tensor::DimOp::create(b, loc, like, d));
  return tensor::SplatOp::create(b, loc, type, constant, sizes);
}

void seqc::eraseUnused(Block &block, llvm::function_ref<void(Value)> erased) {
  Operation *next = block.getTerminator()->getPrevNode();
  while (Operation *op = next) {
    next = op->getPrevNode();
    if (!isOpTriviallyDead(op))
      continue;
    if (erased)
      op->walk([&](Operation *inner) {
        llvm::for_each(inner->getResults(), erased);
        for (Region &region : inner->getRegions())
          llvm::for_each(region.getArguments(), erased);
      });
    op->erase();
  }
}

//===-----------------------------------------------------------------------===//
// Tangents
//===-----------------------------------------------------------------------===//

void Derivative::bind(Value v, Value copy, ArrayRef<Value> given) {
  map.map(v, copy);
  for (auto [direction, value] : llvm::enumerate(given))
    if (value)
      add(copy, direction, value);
}

Value Derivative::tangent(Value copy, unsigned direction) const {
  auto it = tangents.find(copy);
  return it == tangents.end() ? Value() : it->second[direction];
}

Value Derivative::tangentOrZero(Value v, unsigned direction) {
  Value t = tangentOf(v, direction);
  return t ? t : constantLike(b, v.getLoc(), copyOf(v), 0);
}

void Derivative::add(Value copy, unsigned direction, Value term) {
  Tangents &all = tangents[copy];
  all.resize(directions);
  Value &sum = all[direction];
  sum = sum ? arith::AddFOp::create(b, copy.getLoc(), sum, term).getResult() : term;
}

/// Values that `op` and its regions read from outside of it.
static SetVector<Value> valuesRead(Operation *op) {
  SetVector<Value> used;
  used.insert(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), used);
  return used;
}

SmallVector<Value> Derivative::readsOf(Operation *op) const {
  return llvm::map_to_vector(valuesRead(op), [&](Value v) { return copyOf(v); });
}

SmallVector<unsigned> Derivative::activeDirections(ValueRange read) const {
  SmallVector<unsigned> active;
  for (unsigned d = 0; d < directions; ++d)
    if (llvm::any_of(read, [&](Value v) { return tangent(v, d) != nullptr; }))
      active.push_back(d);
  return active;
}

//===-----------------------------------------------------------------------===//
// Which ops have a rule
//===-----------------------------------------------------------------------===//

/// Linear in all its floats together.
static bool isLinear(Operation *op) {
  if (auto pad = dyn_cast<tensor::PadOp>(op))
    return pad.getConstantPaddingValue() != nullptr;
  return isa<tensor::CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::ExtractSliceOp,
             tensor::InsertSliceOp, tensor::ConcatOp, tensor::SplatOp, tensor::ExtractOp,
             tensor::InsertOp, tensor::FromElementsOp, seq::DelayOp>(op);
}

/// True if a rule looks into the regions of `op`.
static bool isEntered(Operation *op) {
  return isa<linalg::LinalgOp, scf::IfOp, seq::CombineOp, seq::RecurrenceOp>(op);
}

bool seqc::hasDerivative(Operation *op) {
  return llvm::none_of(op->getResultTypes(), isDifferentiable) || isLinear(op) || isEntered(op) ||
         isa<linalg::SoftmaxOp>(op) || hasElementwiseRule(op);
}

/// Adds what depends on `depends` in `block`; the first such op without a rule, or null.
static Operation *findObstacle(Block &block, DenseSet<Value> &depends) {
  for (Operation &op : block.without_terminator()) {
    auto isDependent = [&](Value v) { return depends.contains(v); };
    if (isa<seq::LinearizedOp>(op) || llvm::none_of(valuesRead(&op), isDependent))
      continue;
    if (!hasDerivative(&op))
      return &op;
    depends.insert(op.result_begin(), op.result_end());
    if (!isEntered(&op))
      continue;
    auto structured = dyn_cast<linalg::LinalgOp>(op);
    for (Region &region : op.getRegions())
      for (Block &body : region) {
        for (BlockArgument arg : body.getArguments())
          if (!structured || depends.contains(op.getOperand(arg.getArgNumber())) ||
              structured.isInitTensor(&op.getOpOperand(arg.getArgNumber())))
            depends.insert(arg);
        if (Operation *obstacle = findObstacle(body, depends))
          return obstacle;
      }
  }
  return nullptr;
}

Operation *seqc::firstWithoutDerivative(seq::RecurrenceOp op) {
  DenseSet<Value> depends(op.getStateArgs().begin(), op.getStateArgs().end());
  return findObstacle(*op.getBody(), depends);
}

//===-----------------------------------------------------------------------===//
// Copies
//===-----------------------------------------------------------------------===//

LogicalResult Derivative::copy(Operation *op) {
  SmallVector<unsigned> active = activeDirections(readsOf(op));
  if (active.empty() || llvm::none_of(op->getResultTypes(), isDifferentiable)) {
    b.clone(*op, map);
    return success();
  }
  if (!hasDerivative(op))
    return op->emitError("expected an op whose derivative is known, but got '")
           << op->getName().getStringRef() << "' of a value that has one";
  if (isLinear(op)) {
    copyLinear(op, active);
    return success();
  }
  if (auto structured = dyn_cast<linalg::LinalgOp>(op))
    return copyStructured(structured, active);
  if (auto softmax = dyn_cast<linalg::SoftmaxOp>(op))
    return copySoftmax(softmax);
  if (auto branch = dyn_cast<scf::IfOp>(op))
    return copyBranch(branch, active);
  if (auto combine = dyn_cast<seq::CombineOp>(op))
    return copyCombine(combine);
  if (auto recurrence = dyn_cast<seq::RecurrenceOp>(op))
    return copyRecurrence(recurrence, active);
  differentiate(b.clone(*op, map), active);
  return success();
}

LogicalResult Derivative::copyBody(Block *from) {
  for (Operation &op : from->without_terminator())
    if (!isa<seq::LinearizedOp>(op) && failed(copy(&op)))
      return failure();
  return success();
}

/// The same op of the tangents.
void Derivative::copyLinear(Operation *op, ArrayRef<unsigned> active) {
  Operation *value = b.clone(*op, map);
  for (unsigned d : active) {
    SmallVector<Value> operands(value->getOperands());
    for (auto [i, operand] : llvm::enumerate(op->getOperands()))
      if (isDifferentiable(operand.getType()))
        operands[i] = tangentOrZero(operand, d);
    Operation *change = b.clone(*value);
    change->setOperands(operands);
    if (auto pad = dyn_cast<tensor::PadOp>(change)) {
      Operation *yield = pad.getRegion().front().getTerminator();
      OpBuilder inside(yield);
      yield->setOperand(0, constantLike(inside, op->getLoc(), yield->getOperand(0), 0));
    }
    for (auto [result, t] : llvm::zip_equal(value->getResults(), change->getResults()))
      if (isDifferentiable(result.getType()))
        add(result, d, t);
  }
}

SmallVector<Value> Derivative::withTangents(ValueRange yielded, ArrayRef<unsigned> active) {
  SmallVector<Value> values = llvm::map_to_vector(yielded, [&](Value v) { return copyOf(v); });
  for (Value v : yielded)
    if (isDifferentiable(v.getType()))
      for (unsigned d : active)
        values.push_back(tangentOrZero(v, d));
  return values;
}

unsigned Derivative::takeResults(ValueRange results, ValueRange values, ArrayRef<unsigned> active) {
  unsigned next = results.size();
  for (auto [result, copied] : llvm::zip(results, values)) {
    map.map(result, copied);
    if (isDifferentiable(result.getType()))
      for (unsigned d : active)
        add(copied, d, values[next++]);
  }
  return next;
}

/// Each side yields its tangents behind its values.
LogicalResult Derivative::copyBranch(scf::IfOp op, ArrayRef<unsigned> active) {
  SmallVector<Type> types(op->getResultTypes());
  for (Type type : op->getResultTypes())
    if (isDifferentiable(type))
      types.append(active.size(), type);
  auto fresh = scf::IfOp::create(b, op.getLoc(), types, copyOf(op.getCondition()),
                                 /*addThenBlock=*/true, /*addElseBlock=*/true);
  for (auto [from, to] : llvm::zip_equal(op->getRegions(), fresh->getRegions())) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&to.front());
    if (failed(copyBody(&from.front())))
      return failure();
    scf::YieldOp::create(b, op.getLoc(),
                         withTangents(from.front().getTerminator()->getOperands(), active));
  }
  takeResults(op->getResults(), fresh->getResults(), active);
  return success();
}
