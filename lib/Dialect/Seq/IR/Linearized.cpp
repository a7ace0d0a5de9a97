// seq.linearized: constraints.
#include "seqc/Dialect/Seq/IR/Seq.h"

#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace seqc::seq;

YieldOp LinearizedOp::getYield() { return cast<YieldOp>(getBody().front().getTerminator()); }

/// C3, C4: which partials there are, and their types.
static LogicalResult verifyPairs(LinearizedOp op, YieldOp yield) {
  ArrayRef<int64_t> to = op.getTo(), from = op.getFrom();
  if (to.size() != from.size() || to.size() != yield.getOut().size())
    return op.emitOpError("expected as many 'to', 'from' and partials, but got ")
           << to.size() << ", " << from.size() << " and " << yield.getOut().size();
  auto states = op.getBody().front().getArguments();
  for (unsigned k = 0; k < to.size(); ++k) {
    int64_t count = states.size();
    if (std::min(to[k], from[k]) < 0 || std::max(to[k], from[k]) >= count)
      return op.emitOpError("expected pairs of numbers of the ")
             << count << " state(s), but got " << to[k] << " and " << from[k];
    if (k && std::pair(to[k - 1], from[k - 1]) >= std::pair(to[k], from[k]))
      return op.emitOpError("expected pairs that ascend, but got ")
             << to[k] << " and " << from[k] << " after " << to[k - 1] << " and " << from[k - 1];
    if (Type type = yield.getOut()[k].getType(); type != states[to[k]].getType())
      return op.emitOpError("expected partial #")
             << k << " to be " << states[to[k]].getType() << ", but got " << type;
  }
  return success();
}

/// C6: bounds of guesses.
static LogicalResult verifyBounds(LinearizedOp op, size_t count) {
  DenseF64ArrayAttr low = op.getLowAttr(), high = op.getHighAttr();
  ArrayAttr initial = op.getInitialAttr();
  if (!low && !high && !initial)
    return success();
  if (!low || !high || !initial)
    return op.emitOpError("expected 'low', 'high' and 'initial' together");
  for (size_t size : {size_t(low.size()), size_t(high.size()), initial.size()})
    if (size != count)
      return op.emitOpError("expected bounds of ") << count << " state(s), but got " << size;
  for (Attribute listed : initial) {
    auto states = dyn_cast<DenseI64ArrayAttr>(listed);
    if (!states)
      return op.emitOpError("expected lists of states in 'initial', but got ") << listed;
    for (int64_t state : states.asArrayRef())
      if (state < 0 || state >= int64_t(count))
        return op.emitOpError("expected numbers of the ")
               << count << " state(s) in 'initial', but got " << state;
  }
  return success();
}

/// C5.
static LogicalResult verifyUses(LinearizedOp op, RecurrenceOp recurrence) {
  for (auto other : recurrence.getBody()->getOps<LinearizedOp>())
    if (other != op)
      return op.emitOpError("expected one seq.linearized in a step, but got another")
                 .attachNote(other.getLoc())
             << "the other one";
  SetVector<Value> used;
  getUsedValuesDefinedAbove(op->getRegions(), used);
  for (Value v : used)
    if (v.getDefiningOp() && v.getParentBlock() == recurrence.getBody())
      return op.emitOpError("expected a region that uses no op of the step, but got '")
                 .append(v.getDefiningOp()->getName().getStringRef(), "'")
                 .attachNote(v.getLoc())
             << "which is here";
  return success();
}

LogicalResult LinearizedOp::verifyRegions() {
  auto recurrence = cast<RecurrenceOp>((*this)->getParentOp());
  auto yield = dyn_cast<YieldOp>(getBody().front().getTerminator());
  if (!yield)
    return emitOpError("expected a region that ends in seq.yield");
  // C1, C2
  unsigned count = recurrence.getNumStates();
  if (getBody().getNumArguments() != count || yield.getNext().size() != count)
    return emitOpError("expected ")
           << count << " argument(s) and next states, but got " << getBody().getNumArguments()
           << " and " << yield.getNext().size();
  auto first = cast<RankedTensorType>(recurrence.getStateArgs().front().getType());
  for (auto [i, state] : llvm::enumerate(recurrence.getStateArgs())) {
    auto wanted = cast<RankedTensorType>(state.getType());
    if (wanted.getShape() != first.getShape())
      return emitOpError("expected states of one shape, but got ") << first << " and " << wanted;
    for (Type type : {getBody().getArgument(i).getType(), yield.getNext()[i].getType()})
      if (type != wanted)
        return emitOpError("expected state #") << i << " to be " << wanted << ", but got " << type;
  }
  if (failed(verifyPairs(*this, yield)) || failed(verifyBounds(*this, count)))
    return failure();
  return verifyUses(*this, recurrence);
}
