// Contractions that only feed outs move behind the recurrence.
//
// The "tail" of a step is what reaches its outs and no next state. A
// contraction of the tail is moved together with everything that uses it; the
// step yields what these ops read instead. That pays if the values to yield are
// not larger than the weights that the step then no longer reads plus the outs
// that it no longer writes: a decoder W·relu(h) goes, a readout c_t·h_t over a
// state of 16 columns per channel stays, because it reads no weights.
#include "Rebuild.h"
#include "seqc/Dialect/Seq/Transforms/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/SmallBitVector.h"

namespace seqc {
#define GEN_PASS_DEF_SINKPASS
#include "seqc/Dialect/Seq/Transforms/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {
/// Finds and moves one contraction with its users.
struct Sinker {
  seq::RecurrenceOp op;
  OpBuilder b;
  Lifter lifter;
  /// Ops that reach outs alone.
  DenseSet<Operation *> tail;
  /// What moves, and the values of the step that it reads.
  SetVector<Operation *> moved;
  SetVector<Value> cut;

  explicit Sinker(seq::RecurrenceOp op) : op(op), b(op), lifter(op, b) {}

  void findTail();
  bool collect(Operation *anchor);
  void findCut();
  void growUpwards();
  bool pays();
  bool isFree(Value v);
  seq::RecurrenceOp move();
};
} // namespace

/// A value that the outside has anyway, or can compute without the states.
bool Sinker::isFree(Value v) { return lifter.canLift(v).has_value(); }

void Sinker::findTail() {
  seq::YieldOp yield = op.getYield();
  for (Operation &inner : llvm::reverse(op.getBody()->without_terminator())) {
    bool only = inner.getNumResults() > 0 && !inner.use_empty();
    for (OpOperand &use : inner.getUses()) {
      Operation *user = op.getBody()->findAncestorOpInBlock(*use.getOwner());
      bool isOut = user == yield && use.getOperandNumber() >= yield.getNext().size();
      only &= isOut || tail.contains(user);
    }
    if (only)
      tail.insert(&inner);
  }
}

/// The anchor and everything after it; false if one of these ops cannot be
/// lifted.
bool Sinker::collect(Operation *anchor) {
  moved.clear();
  moved.insert(anchor);
  for (Operation *inner = anchor->getNextNode(); inner != op.getYield();
       inner = inner->getNextNode())
    if (llvm::any_of(readBy(inner), [&](Value v) {
          return v.getDefiningOp() && moved.contains(v.getDefiningOp());
        }))
      moved.insert(inner);
  findCut();
  // With the cut values known outside, is there a form for everything?
  OpBuilder probe(op);
  Lifter lifterWithCut(op, probe);
  for (Value v : cut)
    if (isa<RankedTensorType>(v.getType()))
      lifterWithCut.bind(v, v, lifterWithCut.allLeads());
  return llvm::all_of(moved, [&](Operation *inner) {
    return inner->getNumResults() == 1 && lifterWithCut.canLift(inner->getResult(0)).has_value();
  });
}

void Sinker::findCut() {
  cut.clear();
  for (Operation *inner : moved)
    for (Value v : readBy(inner))
      if (!isFree(v) && !(v.getDefiningOp() && moved.contains(v.getDefiningOp())))
        cut.insert(v);
}

/// Elementwise ops before the anchor go along if that leaves less to yield
/// (relu of an out).
void Sinker::growUpwards() {
  auto cost = [&] {
    int64_t bytes = 0;
    for (Value v : cut)
      if (!llvm::is_contained(op.getYield().getOut(), v))
        bytes += stepBytes(v).value_or(0);
    return bytes;
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (Value v : llvm::to_vector(cut)) {
      Operation *def = v.getDefiningOp();
      if (!def || !tail.contains(def) || !OpTrait::hasElementwiseMappableTraits(def) ||
          llvm::any_of(v.getUsers(), [&](Operation *user) { return !moved.contains(user); }))
        continue;
      int64_t before = cost();
      moved.insert(def);
      findCut();
      if (cost() < before) {
        changed = true;
        break;
      }
      moved.remove(def);
      findCut();
    }
  }
}

/// True if `weights` has an element for each one of another operand, and none is used twice: a sum
/// of a few products for each channel, as cheap in the step as behind it.
static bool weighsOneByOne(Operation *op, Value weights) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp)
    return false;
  auto loopsOf = [&](OpOperand &operand) {
    llvm::SmallBitVector loops(linalgOp.getNumLoops());
    AffineMap map = linalgOp.getMatchingIndexingMap(&operand);
    for (unsigned loop = 0; loop < linalgOp.getNumLoops(); ++loop)
      loops[loop] = map.isFunctionOfDim(loop);
    return loops;
  };
  llvm::SmallBitVector parallel(linalgOp.getNumLoops());
  for (auto [loop, kind] : llvm::enumerate(linalgOp.getIteratorTypesArray()))
    parallel[loop] = kind == utils::IteratorType::parallel;
  for (OpOperand &operand : op->getOpOperands())
    for (OpOperand &other : op->getOpOperands())
      if (operand.get() == weights && other.get() != weights &&
          loopsOf(operand).anyCommon(parallel) && !loopsOf(operand).test(loopsOf(other)))
        return true;
  return false;
}

bool Sinker::pays() {
  int64_t yielded = 0, saved = 0;
  for (Value v : cut) {
    if (!isa<RankedTensorType>(v.getType()))
      return false;
    if (llvm::is_contained(op.getYield().getOut(), v))
      continue;
    std::optional<int64_t> bytes = stepBytes(v);
    if (!bytes)
      return false;
    yielded += *bytes;
  }
  for (Operation *inner : moved) {
    for (Value v : readBy(inner))
      if (isReduction(inner) && lifter.canLift(v) == Leads(0) && !weighsOneByOne(inner, v))
        saved += stepBytes(v).value_or(yielded);
    for (Value v : inner->getResults())
      if (llvm::is_contained(op.getYield().getOut(), v))
        saved += stepBytes(v).value_or(0);
  }
  return yielded <= saved;
}

seq::RecurrenceOp Sinker::move() {
  SmallVector<Value> fresh;
  for (Value v : cut)
    if (!llvm::is_contained(op.getYield().getOut(), v))
      fresh.push_back(v);
  SmallVector<Operation *> ops(moved.begin(), moved.end());
  seq::RecurrenceOp rebuilt = appendOuts(op, fresh);
  OpBuilder after(rebuilt->getContext());
  after.setInsertionPointAfter(rebuilt);
  Lifter outside(rebuilt, after);
  for (auto [v, result] : llvm::zip_equal(rebuilt.getYield().getOut(), rebuilt.getOuts()))
    if (cut.contains(v))
      outside.bind(v, result, outside.allLeads());
  for (auto [v, result] : llvm::zip_equal(rebuilt.getYield().getOut(), rebuilt.getOuts())) {
    if (!v.getDefiningOp() || !llvm::is_contained(ops, v.getDefiningOp()) || result.use_empty())
      continue;
    Value whole = outside.liftTo(v, outside.allLeads());
    if (whole.getType() != result.getType())
      whole = tensor::CastOp::create(after, rebuilt.getLoc(), result.getType(), whole);
    result.replaceAllUsesWith(whole);
  }
  return rebuilt;
}

/// Sinks one contraction of `op`; null if there is none. Outs that nobody uses
/// any more are removed before the next.
static seq::RecurrenceOp sinkOne(seq::RecurrenceOp op) {
  Sinker sinker(op);
  sinker.findTail();
  for (Operation &inner : op.getBody()->without_terminator()) {
    if (!sinker.tail.contains(&inner) || !isReduction(&inner) ||
        sinker.isFree(inner.getResult(0)) || !sinker.collect(&inner))
      continue;
    sinker.growUpwards();
    if (!sinker.pays())
      continue;
    remark::passed(inner.getLoc(), remark::RemarkOpts::name("sink").category("seqc.simplify"))
        << remark::add("`{0}` feeds outs alone: evaluated for all steps at once",
                       inner.getName().getStringRef().str());
    return sinker.move();
  }
  return nullptr;
}

namespace {
struct SinkPass : seqc::impl::SinkPassBase<SinkPass> {
  void runOnOperation() override {
    for (seq::RecurrenceOp op : innerFirst(getOperation()))
      while (seq::RecurrenceOp next = sinkOne(op)) {
        op = removeUnusedOuts(next);
        eraseUnused(op);
      }
  }
};
} // namespace
