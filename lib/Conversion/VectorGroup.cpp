// Which ops share a recurrence's loop over time: those that keep batch and time where they are.
#include "VectorGroup.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

/// True if the first `leading` dimensions of all results and operands of `op` pass through it
/// unchanged (or an operand lacks them altogether).
static bool keepsLeading(Operation *op, int64_t leading, int64_t timeAxis) {
  if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
    AffineMap out = generic.getMatchingIndexingMap(generic.getDpsInitOperand(0));
    if (out.getNumResults() < leading)
      return false;
    SmallVector<unsigned> dims;
    for (int64_t i = 0; i < leading; ++i) {
      dims.push_back(out.getDimPosition(i));
      if (generic.getIteratorTypesArray()[dims.back()] != utils::IteratorType::parallel)
        return false;
    }
    for (AffineMap map : generic.getIndexingMapsArray()) {
      bool uses = false, same = map.getNumResults() >= leading;
      for (unsigned d : dims)
        uses |= map.isFunctionOfDim(d);
      for (int64_t i = 0; same && i < leading; ++i)
        same = map.getResult(i) == getAffineDimExpr(dims[i], map.getContext());
      for (int64_t i = leading; same && i < map.getNumResults(); ++i)
        for (unsigned d : dims)
          same &= !map.getResult(i).isFunctionOfDim(d);
      if (uses && !same)
        return false;
    }
    return true;
  }
  auto zeros = [&](ArrayRef<OpFoldResult> values) {
    return llvm::all_of(values.take_front(leading),
                        [](OpFoldResult v) { return isZeroInteger(v); });
  };
  auto fullSizes = [&](RankedTensorType a, RankedTensorType c) {
    return a.getShape().take_front(leading) == c.getShape().take_front(leading);
  };
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    for (int64_t i = 0; i < leading; ++i)
      if (dropped.test(i))
        return false;
    return zeros(slice.getMixedOffsets()) &&
           fullSizes(slice.getSourceType(), slice.getResultType());
  }
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
    llvm::SmallBitVector dropped = insert.getDroppedDims();
    for (int64_t i = 0; i < leading; ++i)
      if (dropped.test(i))
        return false;
    return zeros(insert.getMixedOffsets()) &&
           fullSizes(insert.getSourceType(), insert.getDestType());
  }
  if (auto pad = dyn_cast<tensor::PadOp>(op))
    return zeros(pad.getMixedLowPad()) && zeros(pad.getMixedHighPad());
  if (auto concat = dyn_cast<tensor::ConcatOp>(op))
    return int64_t(concat.getDim()) >= leading;
  // Leading dimensions stay by themselves, but for sizes of 1 that a step's scalar was given.
  auto singles = [&](ArrayRef<ReassociationIndices> groups, RankedTensorType wide) {
    return int64_t(groups.size()) >= leading &&
           llvm::all_of(groups.take_front(leading),
                        [&](const ReassociationIndices &group) {
                          return llvm::all_of(ArrayRef<int64_t>(group).drop_front(),
                                              [&](int64_t d) { return wide.getDimSize(d) == 1; });
                        }) &&
           llvm::all_of(groups.take_front(leading - 1),
                        [](const ReassociationIndices &group) { return group.size() == 1; });
  };
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return singles(expand.getReassociationIndices(), expand.getResultType());
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
    return singles(collapse.getReassociationIndices(), collapse.getSrcType());
  if (auto delay = dyn_cast<seq::DelayOp>(op))
    return int64_t(delay.getTime()) == timeAxis && timeAxis == leading - 1;
  return isa<tensor::CastOp>(op);
}

/// Scalars that `op` captures must be there where the group begins.
static bool scalarsAvailable(Operation *op, Operation *at) {
  bool ok = true;
  auto check = [&](Value v) {
    Operation *def = v.getDefiningOp();
    if (!def || isa<TensorType>(v.getType()) || matchPattern(v, m_Constant()))
      return;
    if (def->getBlock() == at->getBlock() && !def->isBeforeInBlock(at))
      ok = false;
  };
  llvm::for_each(op->getOperands(), check);
  op->walk([&](Operation *inner) {
    if (inner != op)
      llvm::for_each(inner->getOperands(), check);
  });
  return ok;
}

bool seqc::isReductionOp(Operation *op) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  return generic && VectorEval::isReduction(generic);
}

void seqc::addProducers(Group &group, int64_t leading) {
  seq::RecurrenceOp op = group.recurrence;
  DenseSet<Value> underDelay; // no buffer per strip: read at other steps, too
  for (Operation *at = op->getPrevNode(); at; at = at->getPrevNode()) {
    if (at->getNumResults() == 0 || !isa<RankedTensorType>(at->getResult(0).getType()) ||
        isa<linalg::FillOp, tensor::EmptyOp, arith::ConstantOp>(at) || !canEvaluate(at) ||
        !keepsLeading(at, leading, op.getTimeAxis()))
      continue;
    bool used = false, ours = true;
    auto consider = [&](Value result) {
      for (OpOperand &use : result.getUses()) {
        used = true;
        bool isInput = use.getOwner() == op && use.getOperandNumber() < op.getInputs().size();
        ours &= isInput || group.before.contains(use.getOwner());
      }
    };
    auto delay = dyn_cast<seq::DelayOp>(at);
    if (delay)
      consider(delay.getWindow());
    else
      for (Value result : at->getResults())
        consider(result);
    bool shifted = llvm::any_of(at->getResults(), [&](Value v) { return underDelay.contains(v); });
    bool buffered = isReductionOp(at) || isa<tensor::PadOp, tensor::ConcatOp, tensor::InsertSliceOp,
                                             tensor::CollapseShapeOp, seq::DelayOp>(at);
    if (!used || !ours || (shifted && buffered))
      continue;
    group.before.insert(at);
    for (Value operand : at->getOperands())
      if (delay ? operand == delay.getInput() : shifted)
        underDelay.insert(operand);
  }
  SmallVector<Operation *> ordered(group.before.rbegin(), group.before.rend());
  group.before = SetVector<Operation *>(ordered.begin(), ordered.end());
}

void seqc::addConsumers(Group &group, int64_t leading) {
  seq::RecurrenceOp op = group.recurrence;
  for (Operation *at = op->getNextNode(); at; at = at->getNextNode()) {
    if (at->getNumResults() == 0 || !isa<RankedTensorType>(at->getResult(0).getType()) ||
        isa<linalg::FillOp, tensor::EmptyOp, arith::ConstantOp, seq::DelayOp>(at) ||
        !canEvaluate(at) || !keepsLeading(at, leading, op.getTimeAxis()) ||
        !scalarsAvailable(at, op))
      continue;
    bool ours = false, available = true;
    for (Value operand : at->getOperands()) {
      Operation *def = operand.getDefiningOp();
      if (!isa<RankedTensorType>(operand.getType()) || !def)
        continue;
      if (def == op && cast<OpResult>(operand).getResultNumber() < op.getNumOuts())
        ours = true;
      else if (group.after.contains(def))
        ours = true;
      else if (def == op || (!isa<linalg::FillOp, tensor::EmptyOp, arith::ConstantOp>(def) &&
                             def->getBlock() == op->getBlock() && !def->isBeforeInBlock(op)))
        available = false;
    }
    if (ours && available)
      group.after.insert(at);
  }
}

void seqc::replaceByBuffer(OpBuilder &b, Value v, Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  Value tensor = bufferization::ToTensorOp::create(
      b, v.getLoc(), RankedTensorType::get(type.getShape(), type.getElementType()), buffer,
      /*restrict=*/true, /*writable=*/true);
  if (tensor.getType() != v.getType())
    tensor = tensor::CastOp::create(b, v.getLoc(), v.getType(), tensor);
  v.replaceAllUsesWith(tensor);
}

bool seqc::holdsBools(Value v) {
  auto type = dyn_cast<RankedTensorType>(v.getType());
  return type && type.getElementType().isInteger(1);
}

Operation *seqc::firstObstacle(seq::RecurrenceOp op) {
  for (Value v : op.getStateArgs())
    if (holdsBools(v))
      return op;
  for (Operation &inner : op.getBody()->without_terminator()) {
    if (isa<seq::LinearizedOp>(inner))
      continue;
    if (!canEvaluate(&inner))
      return &inner;
    bool assembled =
        isReductionOp(&inner) || isa<tensor::PadOp, tensor::ConcatOp, tensor::InsertSliceOp>(inner);
    if (assembled && holdsBools(inner.getResult(0)))
      return &inner;
  }
  return nullptr;
}
