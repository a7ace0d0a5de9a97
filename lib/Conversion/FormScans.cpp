// The proof that a step is a scan, written into the step.
//
//   step = {values free of the states} seq.combine(states) with(values) {what reads its results}
//
// All states have the sizes of the largest one there. Components that are no states (coefficients,
// flags) become states whose final values nobody reads. Where another plan runs, combinations are
// inlined and nothing else changes.
#include "WidenStates.h"
#include "seqc/Analysis/ScanForm.h"
#include "seqc/Conversion/Passes.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

namespace seqc {
#define GEN_PASS_DEF_FORMSCANSPASS
#include "seqc/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

static void inlineCombines(seq::RecurrenceOp op) {
  SmallVector<seq::CombineOp> combines;
  op.getStep().walk([&](seq::CombineOp combine) { combines.push_back(combine); });
  for (seq::CombineOp combine : combines) {
    OpBuilder b(combine);
    combine->replaceAllUsesWith(inlined(b, combine, combine.getEarlier(), combine.getLater()));
    combine->erase();
  }
}

namespace {
/// Writes expressions as ops on tensors of one shape.
class Writer {
public:
  Writer(OpBuilder &b, Location loc, ArrayRef<int64_t> shape) : b(b), loc(loc), shape(shape) {}
  /// What Earlier and Later components are.
  ValueRange tuple;
  Value of(const Expr *e);

private:
  Value write(const Expr *e);
  Value free(const Expr *e);
  Value reshaped(Value v);
  Value splat(Value scalar, RankedTensorType type);
  OpBuilder &b;
  Location loc;
  ArrayRef<int64_t> shape;
  DenseMap<const Expr *, Value> done;
};
} // namespace

Value Writer::of(const Expr *e) {
  if (Value v = done.lookup(e))
    return v;
  // Two steps: the recursion changes the map.
  Value v = write(e);
  return done[e] = v;
}

Value Writer::splat(Value scalar, RankedTensorType type) {
  return tensor::SplatOp::create(b, loc, scalar, type);
}

/// `v` in the shape of the states; both have the same elements in the same order.
Value Writer::reshaped(Value v) {
  RankedTensorType type = typeOf(v), want = type.clone(shape);
  if (type == want)
    return v;
  auto all = [](int64_t rank) {
    SmallVector<ReassociationIndices> groups;
    if (rank)
      groups.push_back(llvm::to_vector(llvm::seq<int64_t>(0, rank)));
    return groups;
  };
  if (type.getRank() > 1 || want.getRank() == 0) {
    SmallVector<int64_t> flat;
    if (want.getRank())
      flat.push_back(type.getNumElements());
    SmallVector<ReassociationIndices> groups;
    if (want.getRank())
      groups = all(type.getRank());
    v = tensor::CollapseShapeOp::create(b, loc, type.clone(flat), v, groups);
  }
  if (v.getType() == want)
    return v;
  return tensor::ExpandShapeOp::create(b, loc, want, v,
                                       typeOf(v).getRank() ? all(want.getRank())
                                                           : SmallVector<ReassociationIndices>());
}

Value Writer::free(const Expr *e) {
  if (!e->map)
    return splat(e->value, RankedTensorType::get(shape, e->type));
  RankedTensorType domain = e->domain;
  AffineMap map = e->map;
  if (shape.take_front(domain.getRank()) == domain.getShape()) { // the same along the others
    domain = RankedTensorType::get(shape, e->type);
    map = AffineMap::get(shape.size(), 0, map.getResults(), b.getContext());
  }
  if (map.isIdentity() && e->value.getType() == domain)
    return reshaped(e->value);
  SmallVector<utils::IteratorType> loops(domain.getRank(), utils::IteratorType::parallel);
  Value empty = tensor::EmptyOp::create(b, loc, domain.getShape(), e->type);
  AffineMap out = b.getMultiDimIdentityMap(domain.getRank());
  auto copy =
      linalg::GenericOp::create(b, loc, domain, ValueRange(e->value), ValueRange(empty), {map, out},
                                loops, [](OpBuilder &nested, Location l, ValueRange args) {
                                  linalg::YieldOp::create(nested, l, args[0]);
                                });
  return reshaped(copy.getResult(0));
}

Value Writer::write(const Expr *e) {
  RankedTensorType type = RankedTensorType::get(shape, e->type);
  switch (e->kind) {
  case Expr::Kind::Free:
    return free(e);
  case Expr::Kind::State:
    llvm_unreachable("expected an expression that is free of the states");
  case Expr::Kind::Earlier:
    return tuple[e->index];
  case Expr::Kind::Later:
    return tuple[tuple.size() / 2 + e->index];
  case Expr::Kind::Constant:
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, e->constant));
  case Expr::Kind::Op:
    break;
  }
  OperationState state(e->origin ? e->origin->getLoc() : loc, *e->name);
  for (const Expr *operand : e->operands)
    state.operands.push_back(of(operand));
  state.addTypes(type);
  state.addAttributes(e->attributes.getValue());
  return b.create(state)->getResult(0);
}

/// `condition` ? `yes` : `no`, for a scalar condition.
static Value choose(OpBuilder &b, Location loc, Value condition, Value yes, Value no) {
  if (auto type = dyn_cast<RankedTensorType>(yes.getType()))
    condition = tensor::SplatOp::create(b, loc, condition, type.clone(b.getI1Type()));
  return arith::SelectOp::create(b, loc, condition, yes, no);
}

/// Puts the ops of conditions in front of them, where the other values of the step are, and
/// selects: steps side by side take both branches.
static void speculate(seq::RecurrenceOp op) {
  SmallVector<scf::IfOp> branches;
  op.getStep().walk<WalkOrder::PreOrder>([&](scf::IfOp branch) {
    if (llvm::all_of(branch->getRegions(), [](Region &region) {
          return region.empty() || llvm::all_of(region.front().without_terminator(),
                                                [](Operation &inner) { return isPure(&inner); });
        }))
      branches.push_back(branch);
  });
  for (scf::IfOp branch : branches)
    for (Region &region : branch->getRegions())
      if (!region.empty())
        for (Operation &inner : llvm::make_early_inc_range(region.front().without_terminator()))
          inner.moveBefore(branch);
  for (scf::IfOp branch : branches) {
    OpBuilder b(branch);
    if (!branch.getElseRegion().empty())
      for (auto [result, yes, no] :
           llvm::zip_equal(branch.getResults(), branch.thenYield().getOperands(),
                           branch.elseYield().getOperands()))
        result.replaceAllUsesWith(choose(b, branch.getLoc(), branch.getCondition(), yes, no));
    branch.erase();
  }
}

/// Initial value of an added component: `value` everywhere.
static Value initialOf(OpBuilder &b, seq::RecurrenceOp op, ArrayRef<int64_t> shape, Type element,
                       double value) {
  SmallVector<OpFoldResult> sizes = op.getBatchSizes(b);
  for (int64_t size : shape)
    sizes.push_back(b.getIndexAttr(size));
  TypedAttr number = isa<FloatType>(element) ? TypedAttr(b.getFloatAttr(element, value))
                                             : TypedAttr(b.getIntegerAttr(element, int64_t(value)));
  Value scalar = arith::ConstantOp::create(b, op.getLoc(), number);
  Value empty = tensor::EmptyOp::create(b, op.getLoc(), sizes, element);
  return linalg::FillOp::create(b, op.getLoc(), scalar, empty).getResult(0);
}

/// `op` with more states at the end; their arguments are new.
static seq::RecurrenceOp withStates(seq::RecurrenceOp op, ArrayRef<Value> initial,
                                    ArrayRef<RankedTensorType> stepTypes) {
  SmallVector<Type> types(op.getResultTypes());
  for (auto [value, type] : llvm::zip_equal(initial, stepTypes)) {
    op.getInitialMutable().append(value);
    op.getBody()->addArgument(type, op.getLoc());
    types.push_back(value.getType());
  }
  seq::RecurrenceOp fresh = seq::recreate(op, types);
  for (auto [old, result] : llvm::zip(op.getResults(), fresh.getResults()))
    old.replaceAllUsesWith(result);
  op.erase();
  return fresh;
}

/// Moves what reads the states or the results of `combine` behind it, and erases what nobody reads.
static void settle(seq::RecurrenceOp op, seq::CombineOp combine) {
  DenseSet<Value> after(op.getStateArgs().begin(), op.getStateArgs().end());
  after.insert(combine.result_begin(), combine.result_end());
  SmallVector<Operation *> moved;
  for (Operation &inner : op.getBody()->without_terminator()) {
    if (&inner == combine.getOperation())
      continue;
    SetVector<Value> used;
    used.insert(inner.operand_begin(), inner.operand_end());
    getUsedValuesDefinedAbove(inner.getRegions(), used);
    if (llvm::none_of(used, [&](Value v) { return after.contains(v); }))
      continue;
    after.insert(inner.result_begin(), inner.result_end());
    moved.push_back(&inner);
  }
  Operation *yield = op.getYield();
  for (Operation *inner : moved)
    inner->moveBefore(yield);
  for (Operation *inner = yield->getPrevNode(); inner;) {
    Operation *previous = inner->getPrevNode();
    if (inner != combine.getOperation() && isOpTriviallyDead(inner))
      inner->erase();
    inner = previous;
  }
}

/// `v` is what the elements of `wide`, a result of the combination, begin with.
static void replaceByFirst(Value v, Value wide) {
  OpBuilder b(wide.getContext());
  b.setInsertionPointAfterValue(wide);
  v.replaceAllUsesWith(firstOfRepeated(b, wide.getLoc(), wide, 0, typeOf(v).getShape()));
}

/// Everything that is the next value of a state becomes the combination's result.
static void readResults(seq::RecurrenceOp op, StepExprs &exprs, seq::CombineOp combine) {
  for (auto [i, next] : llvm::enumerate(llvm::to_vector(op.getYield().getNext()))) {
    if (i >= combine.getNumResults())
      break;
    const Expr *e = exprs.of(next);
    if (!e || e->states == 0 || e->kind == Expr::Kind::State)
      continue;
    for (Operation &inner : llvm::make_early_inc_range(op.getBody()->without_terminator()))
      for (Value v : inner.getResults())
        if (&inner != combine.getOperation() && v.getType() == next.getType() && exprs.touched(v) &&
            exprs.of(v) == e)
          replaceByFirst(v, combine.getResult(i));
  }
}

static seq::CombineOp writeCombine(OpBuilder &b, Location loc, const ScanForm &form,
                                   ValueRange earlier, ValueRange later, ArrayRef<int64_t> shape) {
  SmallVector<Type> types(earlier.getTypes());
  auto combine = seq::CombineOp::create(b, loc, types, earlier, later);
  Block *body = b.createBlock(&combine.getRule());
  for (unsigned side = 0; side < 2; ++side)
    for (Type type : types)
      body->addArgument(type, loc);
  Writer writer(b, loc, shape);
  writer.tuple = body->getArguments();
  SmallVector<Value> results;
  for (const Expr *e : form.combined)
    results.push_back(writer.of(e));
  seq::YieldOp::create(b, loc, results, ValueRange());
  b.setInsertionPointAfter(combine);
  return combine;
}

/// For each component of a declared combination: 1 if it is a product, earlier times later, that
/// other components are computed from, -1 if nothing else is, and 0 if it is no product.
static SmallVector<int64_t> declaredFactors(seq::CombineOp combine) {
  unsigned count = combine.getNumResults();
  Block *body = combine.getBody();
  SmallVector<int64_t> factors(count, 0);
  for (unsigned c = 0; c < count; ++c) {
    Value earlier = body->getArgument(c), later = body->getArgument(count + c);
    auto product = combine.getYield().getNext()[c].getDefiningOp<arith::MulFOp>();
    if (!product || !((product.getLhs() == earlier && product.getRhs() == later) ||
                      (product.getLhs() == later && product.getRhs() == earlier)))
      continue;
    auto isElsewhere = [&](Operation *user) { return user != product.getOperation(); };
    factors[c] =
        llvm::any_of(earlier.getUsers(), isElsewhere) || llvm::any_of(later.getUsers(), isElsewhere)
            ? 1
            : -1;
  }
  return factors;
}

/// Products of these may grow, vanish or overflow where the states do not: lowering watches them.
static void setFactors(seq::CombineOp combine, ArrayRef<int64_t> factors) {
  if (llvm::any_of(factors, [](int64_t size) { return size != 0; }))
    combine->setAttr("factors", Builder(combine.getContext()).getDenseI64ArrayAttr(factors));
}

/// Rewrites a proved step whose combination is not declared.
static seq::RecurrenceOp materialize(seq::RecurrenceOp op, ScanForm &form,
                                     ArrayRef<int64_t> shape) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  unsigned states = op.getNumStates();
  addLowParts(form);
  SmallVector<Value> initial;
  SmallVector<RankedTensorType> types;
  for (auto [i, value] : llvm::enumerate(form.initial)) {
    Type element = form.lifted[states + i]->type;
    initial.push_back(initialOf(b, op, shape, element, value));
    types.push_back(RankedTensorType::get(shape, element));
  }
  op = withStates(op, initial, types);
  b.setInsertionPoint(op.getYield());
  Writer writer(b, loc, shape);
  SmallVector<Value> later;
  for (const Expr *e : form.lifted)
    later.push_back(writer.of(e));
  SmallVector<Value> earlier(op.getStateArgs().begin(), op.getStateArgs().end());
  seq::CombineOp combine = writeCombine(b, loc, form, earlier, later, shape);
  setFactors(combine, form.factors);
  if (!form.lows.empty())
    combine->setAttr("lows", b.getDenseI64ArrayAttr(form.lows));
  readResults(op, *form.exprs, combine);
  op.getYield().getNextMutable().assign(combine.getResults());
  settle(op, combine);
  return op;
}

/// A declared combination that starts over where a flag is set, which becomes the last component:
///   element  flag ? combine(restart, later) : later,      combine  flag2 ? later : combine
static seq::RecurrenceOp addFlag(seq::RecurrenceOp op, ScanForm &form, ArrayRef<int64_t> shape) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  auto flagType = RankedTensorType::get(shape, b.getI1Type());
  op = withStates(op, initialOf(b, op, shape, b.getI1Type(), 0), flagType);
  seq::CombineOp old = declaredCombine(op);
  b.setInsertionPoint(old);
  Writer writer(b, loc, shape);
  Value flag = writer.of(form.flag);
  SmallVector<Value> restart, later, earlier(op.getStateArgs().begin(), op.getStateArgs().end());
  for (const Expr *e : form.restart)
    restart.push_back(writer.of(e));
  SmallVector<Value> restarted = inlined(b, old, restart, old.getLater());
  auto choose = [&](Value c, Value x, Value y) -> Value {
    return arith::SelectOp::create(b, loc, c, x, y);
  };
  for (auto [x, y] : llvm::zip_equal(restarted, old.getLater()))
    later.push_back(choose(flag, x, y));
  later.push_back(flag);
  SmallVector<Type> types(ValueRange(earlier).getTypes());
  auto combine = seq::CombineOp::create(b, loc, types, earlier, later);
  Block *body = b.createBlock(&combine.getRule());
  for (unsigned side = 0; side < 2; ++side)
    for (Type type : types)
      body->addArgument(type, loc);
  unsigned states = form.restart.size();
  ValueRange args = body->getArguments();
  ValueRange first = args.take_front(states), second = args.drop_front(states + 1).drop_back();
  SmallVector<Value> results;
  for (auto [x, y] : llvm::zip_equal(second, inlined(b, old, first, second)))
    results.push_back(choose(args.back(), x, y));
  results.push_back(arith::OrIOp::create(b, loc, args[states], args.back()));
  seq::YieldOp::create(b, loc, results, ValueRange());
  old->replaceAllUsesWith(combine.getResults().take_front(states));
  old.erase();
  op.getYield().getNextMutable().assign(combine.getResults());
  settle(op, combine);
  return op;
}

/// How many elements of each component differ where some are repeated: lowering need not move them
/// between lanes.
static void setDistinct(seq::CombineOp combine, ArrayRef<SmallVector<int64_t>> shapes) {
  SmallVector<int64_t> distinct;
  for (Value v : combine.getResults())
    distinct.push_back(distinct.size() < shapes.size()
                           ? ShapedType::getNumElements(shapes[distinct.size()])
                           : typeOf(v).getNumElements());
  combine->setAttr("distinct", Builder(combine.getContext()).getDenseI64ArrayAttr(distinct));
}

/// `op` in scan form, or the sentence why it has none in `proof`.
static FailureOr<seq::RecurrenceOp> formScan(seq::RecurrenceOp op, ScanProof &proof) {
  proof = proveScan(op);
  if (!proof.ok)
    return failure();
  speculate(op);
  std::optional<ScanForm> form = analyzeScan(op, proof);
  SmallVector<SmallVector<int64_t>> shapes;
  for (Value state : op.getStateArgs())
    shapes.emplace_back(typeOf(state).getShape());
  bool mixed = llvm::any_of(shapes, [&](auto &own) { return own != proof.shape; });
  SmallVector<int64_t> factors;
  if (seq::CombineOp combine = form ? seq::CombineOp() : declaredCombine(op))
    factors = declaredFactors(combine);
  if (mixed)
    op = widenStates(op, proof.shape);
  seq::CombineOp declared = declaredCombine(op);
  if (mixed && declared)
    declared = widenCombine(op, declared, shapes);
  if (form && form->flag) {
    op = addFlag(op, *form, proof.shape);
  } else if (form) {
    op = materialize(op, *form, proof.shape);
  } else {
    setFactors(declared, factors);
    settle(op, declared);
  }
  if (mixed)
    setDistinct(declaredCombine(op), shapes);
  return op;
}

namespace {
struct FormScansPass : seqc::impl::FormScansPassBase<FormScansPass> {
  using FormScansPassBase::FormScansPassBase;
  void runOnOperation() override {
    SmallVector<seq::RecurrenceOp> ops;
    getOperation()->walk([&](seq::RecurrenceOp op) { ops.push_back(op); });
    bool ok = true;
    for (seq::RecurrenceOp op : ops)
      ok &= succeeded(run(op));
    if (!ok)
      signalPassFailure();
  }

  LogicalResult run(seq::RecurrenceOp op) {
    seq::ScheduleAttr schedule = op.getScheduleAttr();
    bool planned = schedule && schedule.getPlan() == seq::Plan::Scan;
    if (planned || all) {
      ScanProof proof;
      FailureOr<seq::RecurrenceOp> formed = formScan(op, proof);
      if (failed(formed) && planned)
        return op.emitOpError("expected a step that is a scan for plan 'scan', but ")
               << proof.refusal;
      if (succeeded(formed))
        op = *formed;
    }
    if (inlines || !(planned || all))
      inlineCombines(op);
    return success();
  }
};
} // namespace
