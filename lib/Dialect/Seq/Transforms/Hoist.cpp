// Contractions that do not need the state leave the step.
//
// Candidates ("anchors") are linalg ops with a reduction that depend on no
// state. An anchor is hoisted if its result is not larger than everything it
// reads: a matrix-vector product gives less than it reads, an outer product or
// a broadcast exponential more. With it goes whatever leads to it. The step
// then reads the anchors' results; ops between an anchor and the step's own
// work stay inside, unless moving one makes what crosses the border smaller
// (the magnitude of a complex spectrum). What depends on captured values alone
// is computed once.
#include "Rebuild.h"
#include "seqc/Analysis/Place.h"
#include "seqc/Dialect/Seq/Transforms/Passes.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"

namespace seqc {
#define GEN_PASS_DEF_HOISTPASS
#include "seqc/Dialect/Seq/Transforms/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {
/// Hoists out of one recurrence.
struct Hoister {
  seq::RecurrenceOp op;
  OpBuilder b;
  Lifter lifter;
  /// Ops whose results are computed outside.
  SetVector<Operation *> hoisted;

  explicit Hoister(seq::RecurrenceOp op) : op(op), b(op), lifter(op, b) {}

  bool shrinks(Operation *anchor);
  bool isUniformWork(Operation *inner);
  void findAnchors();
  /// Moves the border behind ops that make what crosses it smaller.
  void extend();
  bool extendBy(Operation *inner);
  void replaceOuts();
  void replaceUses();
  void run();
};
} // namespace

static bool isDestination(Operation *op) {
  return isa<tensor::EmptyOp, linalg::FillOp, tensor::DimOp>(op) ||
         op->hasTrait<OpTrait::ConstantLike>();
}

bool Hoister::shrinks(Operation *anchor) {
  int64_t reads = 0, writes = 0;
  for (Value v : readBy(anchor)) {
    std::optional<int64_t> bytes = stepBytes(v);
    if (!bytes)
      return true;
    reads += *bytes;
  }
  for (Value v : anchor->getResults())
    writes += stepBytes(v).value_or(0);
  return writes <= reads;
}

/// Work on captured values alone, worth doing once. Destinations stay with
/// their users.
bool Hoister::isUniformWork(Operation *inner) {
  return !isDestination(inner) && inner->getNumResults() > 0 &&
         llvm::all_of(inner->getResultTypes(), llvm::IsaPred<RankedTensorType>) &&
         lifter.canLift(inner->getResult(0)) == Leads(0);
}

void Hoister::findAnchors() {
  for (Operation &inner : op.getBody()->without_terminator())
    if (inner.getNumResults() > 0 && lifter.canLift(inner.getResult(0)))
      if (isUniformWork(&inner) || (isReduction(&inner) && shrinks(&inner)))
        hoisted.insert(&inner);
}

/// True if hoisting `inner` too lets fewer bytes enter the step.
bool Hoister::extendBy(Operation *inner) {
  if (hoisted.contains(inner) || isDestination(inner) || inner->getNumResults() != 1 ||
      !lifter.canLift(inner->getResult(0)))
    return false;
  // Fewer leading dimensions (`given`, `shared`) are cheaper than any value per
  // step.
  std::optional<Leads> leads = lifter.canLift(inner->getResult(0));
  std::optional<int64_t> after = stepBytes(inner->getResult(0));
  int64_t before = 0;
  for (Value v : readBy(inner)) {
    Operation *def = v.getDefiningOp();
    bool only = llvm::all_of(v.getUsers(), [&](Operation *user) {
      return user == inner || inner->isAncestor(user) || hoisted.contains(user);
    });
    if (def && hoisted.contains(def) && only && lifter.canLift(v) == leads)
      before += stepBytes(v).value_or(0);
  }
  return after && *after < before;
}

void Hoister::extend() {
  for (Operation &inner : op.getBody()->without_terminator())
    if (extendBy(&inner))
      hoisted.insert(&inner);
}

/// An out that needs no state and ends a hoisted chain is not an out of the
/// recurrence (but one per packed sequence has no form per step outside of it).
void Hoister::replaceOuts() {
  for (auto [out, result] : llvm::zip_equal(op.getYield().getOut(), op.getOuts())) {
    Operation *def = out.getDefiningOp();
    if (!def || !hoisted.contains(def) || result.use_empty() ||
        (*lifter.canLift(out) & ~lifter.allLeads()))
      continue;
    Value whole = lifter.liftTo(out, lifter.allLeads());
    if (whole.getType() != result.getType())
      whole = tensor::CastOp::create(b, op.getLoc(), result.getType(), whole);
    result.replaceAllUsesWith(whole);
  }
}

void Hoister::replaceUses() {
  SmallVector<Value> crossing;
  for (Operation *inner : hoisted)
    for (Value v : inner->getResults())
      if (llvm::any_of(v.getUsers(), [&](Operation *user) {
            Operation *top = op.getBody()->findAncestorOpInBlock(*user);
            return top && !hoisted.contains(top);
          }))
        crossing.push_back(v);
  // All are lifted before any is replaced: lifting reads the step as it was.
  SmallVector<Lifted> wholes =
      llvm::map_to_vector(crossing, [&](Value v) { return lifter.lift(v); });
  for (auto [v, whole] : llvm::zip_equal(crossing, wholes)) {
    auto step = cast<RankedTensorType>(v.getType());
    v.replaceAllUsesWith(addOperand(op, lifter, whole, step));
  }
}

void Hoister::run() {
  findAnchors();
  if (hoisted.empty())
    return;
  for (Operation *inner : hoisted)
    if (isReduction(inner))
      remark::passed(inner->getLoc(), remark::RemarkOpts::name("hoist").category("seqc.simplify"))
          << remark::add("`{0}` needs no state: evaluated for all steps at once",
                         inner->getName().getStringRef().str());
  extend();
  replaceOuts();
  replaceUses();
  eraseUnused(op);
}

namespace {
struct HoistPass : seqc::impl::HoistPassBase<HoistPass> {
  void runOnOperation() override {
    for (seq::RecurrenceOp op : innerFirst(getOperation()))
      Hoister(op).run();
  }
};
} // namespace
