// A step of many vectors, such as a state-space model's with 16 modes, fills what a core looks
// ahead. A chain of operations at its beginning, the softplus of a step size, then delays each step
// by its latency. For a strip of time such chains are independent.
#include "ComputeAhead.h"
#include "VectorNest.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// True for what is the same at every step.
static bool isOutside(seq::RecurrenceOp op, Value v) {
  return !op.getStep().isAncestor(v.getParentRegion());
}

static bool isConstant(Value v) { return v.getDefiningOp<arith::ConstantOp>() != nullptr; }

/// True if each operand of `generic` is an input of this step or from outside.
static bool canMove(seq::RecurrenceOp op, linalg::GenericOp generic) {
  bool reads = false;
  for (OpOperand *operand : generic.getDpsInputOperands()) {
    bool isInput = llvm::is_contained(op.getInputArgs(), operand->get());
    reads |= isInput;
    if (!isInput && !isOutside(op, operand->get()))
      return false;
  }
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(generic->getRegions(), captured);
  auto isInit = [&](Value v) { return v.getDefiningOp<tensor::EmptyOp>() != nullptr; };
  return reads && !generic.hasIndexSemantics() &&
         llvm::all_of(captured, [&](Value v) { return isOutside(op, v) || isConstant(v); }) &&
         llvm::all_of(generic.getDpsInits(), isInit) &&
         generic.getNumParallelLoops() == generic.getNumLoops();
}

/// True if a longer loop reads `v` again and again.
static bool isReadByMore(Value v) {
  return llvm::any_of(v.getUses(), [](OpOperand &use) {
    auto user = dyn_cast<linalg::GenericOp>(use.getOwner());
    return user && user.getMatchingIndexingMap(&use).getNumResults() < user.getNumLoops();
  });
}

/// `generic`, an op of the step, for all of time: its value in front of the recurrence.
static Value lift(seq::RecurrenceOp op, linalg::GenericOp generic) {
  OpBuilder b(op);
  Location loc = generic.getLoc();
  int64_t leading = op.getSequenceRank();
  unsigned loops = generic.getNumLoops() + leading;
  auto lifted = [&](AffineMap map, bool everyStep) {
    SmallVector<AffineExpr> results;
    for (int64_t d = 0; everyStep && d < leading; ++d)
      results.push_back(b.getAffineDimExpr(d));
    AffineMap moved = map.shiftDims(leading);
    llvm::append_range(results, moved.getResults());
    return AffineMap::get(loops, 0, results, b.getContext());
  };
  SmallVector<Value> operands;
  SmallVector<AffineMap> maps;
  for (OpOperand *operand : generic.getDpsInputOperands()) {
    auto args = op.getInputArgs();
    const auto *at = llvm::find(args, operand->get());
    bool everyStep = at != args.end();
    operands.push_back(everyStep ? op.getInputs()[at - args.begin()] : operand->get());
    maps.push_back(lifted(generic.getMatchingIndexingMap(operand), everyStep));
  }
  maps.push_back(lifted(generic.getIndexingMapsArray().back(), /*everyStep=*/true));
  RankedTensorType step = typeOf(generic->getResult(0));
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, op.getInputs().front());
  sizes.truncate(leading);
  for (int64_t size : step.getShape())
    sizes.push_back(b.getIndexAttr(size));
  Value init = tensor::EmptyOp::create(b, loc, sizes, step.getElementType());
  SmallVector<utils::IteratorType> kinds(loops, utils::IteratorType::parallel);
  auto whole = linalg::GenericOp::create(b, loc, init.getType(), operands, init, maps, kinds);
  IRMapping map;
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(generic->getRegions(), captured);
  for (Value v : captured)
    if (!isOutside(op, v)) {
      b.setInsertionPoint(whole);
      map.map(v, b.clone(*v.getDefiningOp())->getResult(0));
    }
  generic.getRegion().cloneInto(&whole.getRegion(), map);
  whole->setAttr(aheadAttr, b.getUnitAttr());
  return whole->getResult(0);
}

void seqc::computeAhead(seq::RecurrenceOp op) {
  for (auto generic : llvm::to_vector(op.getBody()->getOps<linalg::GenericOp>())) {
    Value v = generic.getNumResults() == 1 ? generic->getResult(0) : Value();
    auto type = v ? dyn_cast<RankedTensorType>(v.getType()) : RankedTensorType();
    if (!type || !type.hasStaticShape() || type.getRank() != 1 ||
        type.getElementType().isInteger(1) || !isHeavy(generic) || !canMove(op, generic) ||
        !isReadByMore(v))
      continue;
    Value whole = lift(op, generic);
    unsigned position = op.getInputs().size();
    op.getInputsMutable().append(whole);
    v.replaceAllUsesWith(op.getBody()->insertArgument(position, type, v.getLoc()));
    generic.erase();
  }
}
