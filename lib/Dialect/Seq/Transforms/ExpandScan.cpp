// seq.scan as a seq.recurrence whose step lifts, combines once, and reads:
//   e = lift(x),  n = combine(s, e),  y = read(x, n)   (exclusive: read(x, s)).
#include "Expand.h"
#include "seqc/Dialect/Seq/IR/Captures.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace seqc;

/// Copies the one block of `region` to where `b` stands, its arguments replaced by `args`.
/// Returns the copy's operands of seq.yield.
static SmallVector<Value> inlineBody(OpBuilder &b, Region &region, ValueRange args) {
  IRMapping mapping;
  mapping.map(region.getArguments(), args);
  for (Operation &op : region.front().without_terminator())
    b.clone(op, mapping);
  return llvm::map_to_vector(region.front().getTerminator()->getOperands(),
                             [&](Value v) { return mapping.lookupOrDefault(v); });
}

/// Moves `rule` into `to`, which must not see outside: constants that it uses are copied.
static void isolate(Region &rule, Region &to) {
  SetVector<Operation *> constants;
  seq::collectConstants(rule, constants);
  to.takeBody(rule);
  OpBuilder b = OpBuilder::atBlockBegin(&to.front());
  IRMapping mapping;
  for (Operation *op : constants)
    b.clone(*op, mapping);
  for (Operation *op : constants)
    for (auto [old, copy] : llvm::zip_equal(op->getResults(), mapping.lookup(op)->getResults()))
      old.replaceUsesWithIf(
          copy, [&](OpOperand &use) { return to.isAncestor(use.getOwner()->getParentRegion()); });
}

void seqc::expandScan(seq::ScanOp op) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  auto fresh = seq::RecurrenceOp::create(
      b, loc, op->getResultTypes(), op.getInputs(), op.getShared(), op.getGiven(), op.getResets(),
      op.getSteps(), op.getInitial(), op.getReverseAttr(), op.getNarrowStateAttr(),
      op.getTimeAttr(), op.getScheduleAttr());
  fresh->setDiscardableAttrs(llvm::to_vector(op->getDiscardableAttrs()));
  Block &step = fresh.getStep().emplaceBlock();
  SmallVector<Value> seen, states;
  for (BlockArgument arg : op.getLift().getArguments())
    seen.push_back(step.addArgument(arg.getType(), arg.getLoc()));
  for (BlockArgument arg : op.getEarlierArgs())
    states.push_back(step.addArgument(arg.getType(), arg.getLoc()));
  b.setInsertionPointToStart(&step);
  SmallVector<Value> lifted = inlineBody(b, op.getLift(), seen);
  auto combine = seq::CombineOp::create(b, loc, TypeRange(ValueRange(states)), states, lifted);
  isolate(op.getCombine(), combine.getRule());
  SmallVector<Value> next(combine.getResults());
  SmallVector<Value> outs = op.getExclusive() ? states : next;
  if (!op.getRead().empty()) {
    llvm::append_range(seen, outs);
    outs = inlineBody(b, op.getRead(), seen);
  }
  seq::YieldOp::create(b, loc, next, outs);
  op->replaceAllUsesWith(fresh);
  op->erase();
}
