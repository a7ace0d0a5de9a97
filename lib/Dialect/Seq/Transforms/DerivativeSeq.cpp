// Derivatives of seq ops, and of a step.
#include "seqc/Dialect/Seq/Transforms/Derivative.h"

#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace seqc;

/// Its rule, written out.
LogicalResult Derivative::copyCombine(seq::CombineOp op) {
  for (auto [arg, operand] : llvm::zip_equal(op.getBody()->getArguments(), op->getOperands()))
    map.map(arg, copyOf(operand)); // tangents belong to the copy
  if (failed(copyBody(op.getBody())))
    return failure();
  for (auto [result, next] : llvm::zip_equal(op.getResults(), op.getYield().getNext()))
    map.map(result, copyOf(next));
  return success();
}

namespace {
/// Operands of one kind of a recurrence that also carries tangents: the copies, then the tangents.
struct Carried {
  SmallVector<Value> operands;
  /// The argument of the step and the direction of each tangent.
  SmallVector<std::pair<BlockArgument, unsigned>> changes;
};
} // namespace

/// One recurrence whose states, inputs and outs are those of `op` and their tangents. Tangents of a
/// state start, are reset and run backwards like the state.
LogicalResult Derivative::copyRecurrence(seq::RecurrenceOp op, ArrayRef<unsigned> active) {
  auto carry = [&](OperandRange operands, Block::BlockArgListType args, bool isState) {
    Carried carried;
    for (Value v : operands)
      carried.operands.push_back(copyOf(v));
    for (auto [v, arg] : llvm::zip_equal(operands, args))
      for (unsigned d : active)
        if (isDifferentiable(v.getType()) && (isState || tangentOf(v, d))) {
          carried.operands.push_back(tangentOrZero(v, d));
          carried.changes.push_back({arg, d});
        }
    return carried;
  };
  Carried inputs = carry(op.getInputs(), op.getInputArgs(), false);
  Carried shared = carry(op.getShared(), op.getSharedArgs(), false);
  Carried given = carry(op.getGiven(), op.getGivenArgs(), false);
  Carried states = carry(op.getInitial(), op.getStateArgs(), true);
  SmallVector<Type> types;
  for (ValueRange results : {ValueRange(op.getOuts()), ValueRange(op.getFinals())}) {
    llvm::append_range(types, results.getTypes());
    for (Type type : results.getTypes())
      if (isDifferentiable(type))
        types.append(active.size(), type);
  }
  auto optional = [&](Value v) { return v ? copyOf(v) : Value(); };
  auto fresh = seq::RecurrenceOp::create(
      b, op.getLoc(), types, inputs.operands, shared.operands, given.operands,
      optional(op.getResets()), optional(op.getCuSeqlens()), optional(op.getSteps()),
      states.operands, op.getReverseAttr(), op.getNarrowStateAttr(), op.getTimeAttr(),
      seq::ScheduleAttr());
  OpBuilder::InsertionGuard guard(b);
  Block *body = b.createBlock(&fresh.getStep());
  auto addArguments = [&](Block::BlockArgListType args, const Carried &carried) {
    DenseMap<Value, Tangents> changes;
    for (BlockArgument arg : args)
      map.map(arg, body->addArgument(arg.getType(), arg.getLoc()));
    for (auto [arg, d] : carried.changes) {
      changes[arg].resize(directions);
      changes[arg][d] = body->addArgument(arg.getType(), arg.getLoc());
    }
    for (auto &[arg, values] : changes)
      bind(arg, copyOf(arg), values);
  };
  addArguments(op.getInputArgs(), inputs);
  addArguments(op.getSharedArgs(), shared);
  addArguments(op.getGivenArgs(), given);
  addArguments(op.getStateArgs(), states);
  if (failed(copyBody(op.getBody())))
    return failure();
  seq::YieldOp::create(b, op.getLoc(), withTangents(op.getYield().getNext(), active),
                       withTangents(op.getYield().getOut(), active));
  eraseUnused(*body, [&](Value v) { forget(v); });
  unsigned at = 0;
  for (ValueRange results : {ValueRange(op.getOuts()), ValueRange(op.getFinals())})
    at += takeResults(results, fresh->getResults().drop_front(at), active);
  return success();
}

/// Ops of the step that its next states are computed from, and with `recompute` false, those only
/// that read a state. In program order.
static SmallVector<Operation *> neededOps(seq::RecurrenceOp op, bool recompute) {
  Block *body = op.getBody();
  DenseSet<Value> reads(op.getStateArgs().begin(), op.getStateArgs().end());
  DenseSet<Value> needed(op.getYield().getNext().begin(), op.getYield().getNext().end());
  DenseMap<Operation *, SetVector<Value>> used;
  for (Operation &inner : body->without_terminator()) {
    SetVector<Value> &values = used[&inner];
    values.insert(inner.operand_begin(), inner.operand_end());
    getUsedValuesDefinedAbove(inner.getRegions(), values);
    if (recompute || llvm::any_of(values, [&](Value v) { return reads.contains(v); }))
      reads.insert(inner.result_begin(), inner.result_end());
  }
  SmallVector<Operation *> ops;
  for (Operation &inner : llvm::reverse(body->without_terminator())) {
    if (llvm::none_of(inner.getResults(),
                      [&](Value v) { return needed.contains(v) && reads.contains(v); }))
      continue;
    needed.insert(used[&inner].begin(), used[&inner].end());
    ops.push_back(&inner);
  }
  return SmallVector<Operation *>(llvm::reverse(ops));
}

FailureOr<StepDerivative> seqc::jvp(OpBuilder &b, seq::RecurrenceOp op, ValueRange states,
                                    ArrayRef<Derivative::Tangents> directions, bool recompute) {
  Derivative derivative(b, directions.size());
  for (auto [i, arg] : llvm::enumerate(op.getStateArgs())) {
    Derivative::Tangents given;
    for (const Derivative::Tangents &direction : directions)
      given.push_back(direction[i]);
    derivative.bind(arg, states[i], given);
  }
  for (Operation *inner : neededOps(op, recompute))
    if (failed(derivative.copy(inner)))
      return failure();
  StepDerivative result;
  for (Value next : op.getYield().getNext()) {
    result.next.push_back(derivative.copyOf(next));
    Derivative::Tangents &changes = result.tangents.emplace_back();
    for (unsigned d = 0; d < directions.size(); ++d)
      changes.push_back(derivative.tangentOf(next, d));
  }
  return result;
}
