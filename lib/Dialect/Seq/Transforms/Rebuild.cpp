// Changing what goes into and comes out of a recurrence.
#include "Rebuild.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace seqc;

std::optional<int64_t> seqc::stepBytes(Value v) {
  auto type = dyn_cast<RankedTensorType>(v.getType());
  if (!type)
    return 8;
  if (!type.hasStaticShape())
    return std::nullopt;
  Type element = type.getElementType();
  int64_t bits = element.isIntOrFloat() ? element.getIntOrFloatBitWidth() : 64;
  return type.getNumElements() * ((bits + 7) / 8);
}

SetVector<Value> seqc::readBy(Operation *op) {
  SetVector<Value> used;
  used.insert(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), used);
  return used;
}

bool seqc::isReduction(Operation *op) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  return linalgOp && linalgOp.getNumReductionLoops() > 0;
}

Value seqc::addOperand(seq::RecurrenceOp op, Lifter &lifter, Lifted whole, RankedTensorType step) {
  if (whole.leads == 0)
    return whole.whole;
  Block *body = op.getBody();
  Location loc = op.getLoc();
  unsigned position = op.getInputs().size();
  if (whole.leads == lifter.allLeads()) {
    op.getInputsMutable().append(whole.whole);
  } else if (whole.leads == lifter.timeLead()) {
    position += op.getShared().size();
    op.getSharedMutable().append(whole.whole);
  } else {
    position += op.getShared().size() + op.getGiven().size();
    op.getGivenMutable().append(whole.whole);
    return body->insertArgument(position, step, loc);
  }
  if (op.getSteps())
    op.getStepsMutable().clear();
  return body->insertArgument(position, step, loc);
}

void seqc::eraseDead(Block &block) {
  SmallVector<Operation *> ops =
      llvm::map_to_vector(block.without_terminator(), [](Operation &inner) { return &inner; });
  for (Operation *inner : llvm::reverse(ops))
    if (isOpTriviallyDead(inner))
      inner->erase();
}

void seqc::eraseUnused(seq::RecurrenceOp op) {
  eraseDead(*op.getBody());
  auto timed = [&] { return op.getInputs().size() + op.getShared().size() + bool(op.getResets()); };
  unsigned inputs = op.getInputs().size(), shared = op.getShared().size();
  for (unsigned i = inputs + shared + op.getGiven().size(); i-- > 0;) {
    if (!op.getBody()->getArgument(i).use_empty() || (i < inputs + shared && timed() == 1))
      continue;
    if (i < inputs)
      op.getInputsMutable().erase(i);
    else if (i < inputs + shared)
      op.getSharedMutable().erase(i - inputs);
    else
      op.getGivenMutable().erase(i - inputs - shared);
    op.getBody()->eraseArgument(i);
  }
}

seq::RecurrenceOp seqc::appendOuts(seq::RecurrenceOp op, ValueRange outs) {
  unsigned before = op.getNumOuts();
  SmallVector<Type> types(op.getOuts().getTypes());
  for (Value v : outs)
    types.push_back(op.getSequenceType(cast<RankedTensorType>(v.getType())));
  llvm::append_range(types, op.getFinals().getTypes());
  op.getYield().getOutMutable().append(outs);
  seq::RecurrenceOp fresh = recreate(op, types);
  for (auto [i, result] : llvm::enumerate(op.getResults()))
    result.replaceAllUsesWith(fresh.getResult(i < before ? i : i + outs.size()));
  op.erase();
  return fresh;
}

seq::RecurrenceOp seqc::removeUnusedOuts(seq::RecurrenceOp op) {
  SmallVector<Value> outs;
  SmallVector<Value> kept;
  for (auto [v, result] : llvm::zip_equal(op.getYield().getOut(), op.getOuts()))
    if (!result.use_empty()) {
      outs.push_back(v);
      kept.push_back(result);
    }
  if (kept.size() == op.getNumOuts())
    return op;
  llvm::append_range(kept, op.getFinals());
  op.getYield().getOutMutable().assign(outs);
  seq::RecurrenceOp fresh = recreate(op, ValueRange(kept).getTypes());
  for (auto [old, result] : llvm::zip_equal(kept, fresh.getResults()))
    old.replaceAllUsesWith(result);
  op.erase();
  return fresh;
}

seq::RecurrenceOp seqc::removeState(seq::RecurrenceOp op, unsigned state) {
  unsigned removed = op.getNumOuts() + state;
  SmallVector<Type> types(op.getResultTypes());
  types.erase(types.begin() + removed);
  op.getYield().getNextMutable().erase(state);
  op.getBody()->eraseArgument(op.getStateArgs()[state].getArgNumber());
  op.getInitialMutable().erase(state);
  seq::RecurrenceOp fresh = recreate(op, types);
  for (auto [i, result] : llvm::enumerate(op.getResults()))
    if (i != removed)
      result.replaceAllUsesWith(fresh.getResult(i < removed ? i : i - 1));
  op.erase();
  return fresh;
}

SmallVector<seq::RecurrenceOp> seqc::innerFirst(Operation *root) {
  SmallVector<seq::RecurrenceOp> ops;
  root->walk<WalkOrder::PostOrder>([&](seq::RecurrenceOp op) { ops.push_back(op); });
  return ops;
}
