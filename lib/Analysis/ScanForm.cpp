// Is a step a scan? The states fall into groups that depend on each other; each group must be
// affine at each element, or one of the known associative operations (ScanAffine, ScanMonoids).
// The combination of the whole state is the tuple of the groups' combinations.
#include "seqc/Analysis/ScanForm.h"
#include "ScanGroup.h"
#include "seqc/Analysis/Interleaved.h"
#include "seqc/Analysis/Place.h"
#include "seqc/Analysis/StepClass.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/EquivalenceClasses.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType stateType(seq::RecurrenceOp op, unsigned i) {
  return cast<RankedTensorType>(op.getStateArgs()[i].getType());
}

seq::CombineOp seqc::declaredCombine(seq::RecurrenceOp op) {
  auto combines = op.getBody()->getOps<seq::CombineOp>();
  return combines.empty() ? seq::CombineOp() : *combines.begin();
}

static bool refuse(ScanProof &proof, Location place, const Twine &why) {
  proof.refusal = why.str();
  proof.place = place;
  return false;
}

static std::string quoted(Operation *op) {
  return "`" + op->getName().getStringRef().str() + "` at " + describePlace(op->getLoc());
}

/// Values that read a state.
static DenseSet<Value> dependentValues(seq::RecurrenceOp op) {
  DenseSet<Value> dependent(op.getStateArgs().begin(), op.getStateArgs().end());
  for (Operation &inner : op.getBody()->without_terminator())
    if (inner
            .walk([&](Operation *nested) {
              return llvm::any_of(nested->getOperands(),
                                  [&](Value v) { return dependent.contains(v); })
                         ? WalkResult::interrupt()
                         : WalkResult::advance();
            })
            .wasInterrupted())
      dependent.insert(inner.result_begin(), inner.result_end());
  return dependent;
}

static bool checkSizes(seq::RecurrenceOp op, ScanProof &proof) {
  for (unsigned i = 0, e = op.getNumStates(); i < e; ++i)
    if (!stateType(op, i).hasStaticShape())
      return refuse(proof, op.getLoc(), "state #" + Twine(i) + " has a dynamic size in the step");
  return op.getNumStates() <= 64 || refuse(proof, op.getLoc(), "it has more than 64 states");
}

bool seqc::hasLeadingSizes(ArrayRef<int64_t> shape, ArrayRef<int64_t> whole) {
  bool ended = false;
  if (shape.size() > whole.size())
    return false;
  for (auto [size, other] : llvm::zip(shape, whole)) {
    ended |= size != other;
    if (ended && size != 1)
      return false;
  }
  return true;
}

int64_t seqc::channelsOfVector(ArrayRef<int64_t> shape, int64_t lanes) {
  int64_t all = ShapedType::getNumElements(shape);
  if (all <= lanes)
    return all;
  for (int64_t width = lanes; 2 * width > lanes; --width) {
    int64_t inner = 1;
    for (int64_t size : llvm::reverse(shape)) { // a part of this size, with all inner ones
      if (width % inner == 0 && inner * size % width == 0)
        return width;
      inner *= size;
    }
  }
  return 0;
}

std::string seqc::describeSizes(ArrayRef<int64_t> shape) {
  std::string text;
  for (int64_t size : shape)
    text += (text.empty() ? "" : ", ") + (size < 0 ? "?" : std::to_string(size));
  return "sizes [" + text + "]";
}

/// The largest state's sizes, or an out's that go on from there.
static SmallVector<int64_t> largestShape(seq::RecurrenceOp op) {
  ArrayRef<int64_t> largest = stateType(op, 0).getShape();
  auto size = [](ArrayRef<int64_t> shape) {
    return std::pair(ShapedType::getNumElements(shape), shape.size());
  };
  for (unsigned i = 1; i < op.getNumStates(); ++i)
    if (stateType(op, i).hasStaticShape() && size(stateType(op, i).getShape()) > size(largest))
      largest = stateType(op, i).getShape();
  for (Value out : op.getYield().getOut()) {
    auto type = cast<RankedTensorType>(out.getType());
    if (type.hasStaticShape() && !interleaved(out) && hasLeadingSizes(largest, type.getShape()) &&
        size(type.getShape()) > size(largest))
      largest = type.getShape();
  }
  return llvm::to_vector(largest);
}

static bool checkShapes(seq::RecurrenceOp op, ScanProof &proof) {
  for (unsigned i = 0, e = op.getNumStates(); i < e; ++i)
    if (!hasLeadingSizes(stateType(op, i).getShape(), proof.shape))
      return refuse(proof, op.getLoc(),
                    "state #" + Twine(i) + " has " + describeSizes(stateType(op, i).getShape()) +
                        ", with which the largest " + describeSizes(proof.shape) + " do not begin");
  return true;
}

/// Values that are free of the states can be read at the elements of `shape`.
static bool checkReads(seq::RecurrenceOp op, ArrayRef<const Expr *> exprs, ScanProof &proof) {
  DenseSet<const Expr *> seen;
  SmallVector<const Expr *> work(exprs);
  while (!work.empty()) {
    const Expr *e = work.pop_back_val();
    if (!e || !seen.insert(e).second)
      continue;
    work.append(e->operands.begin(), e->operands.end());
    if (e->kind != Expr::Kind::Free || !e->map)
      continue;
    ArrayRef<int64_t> sizes = e->domain.getShape();
    if (e->domain.getNumElements() != ShapedType::getNumElements(proof.shape) &&
        !ArrayRef<int64_t>(proof.shape).take_front(sizes.size()).equals(sizes))
      return refuse(proof, op.getLoc(),
                    "it reads a value of " + describeSizes(sizes) + ", with which the largest " +
                        describeSizes(proof.shape) + " do not begin");
  }
  return true;
}

/// 'earlier' values that are selections between restart values and the states, with one flag.
static std::optional<ScanForm> flagOf(seq::RecurrenceOp op, seq::CombineOp combine) {
  ScanForm form;
  form.exprs = std::make_shared<StepExprs>(op);
  ExprPool &pool = form.exprs->pool;
  for (auto [i, value] : llvm::enumerate(combine.getEarlier())) {
    const Expr *e = form.exprs->of(value);
    if (!e || !e->isOp("arith.select") || e->operands[0]->states)
      return std::nullopt;
    const Expr *flag = e->operands[0], *restart = e->operands[1], *state = e->operands[2];
    if (restart->states) {
      flag = pool.op("arith.xori", {flag, pool.number(1, flag->type)});
      std::swap(restart, state);
    }
    if (restart->states || state->kind != Expr::Kind::State || state->index != i ||
        (form.flag && flag != form.flag))
      return std::nullopt;
    form.flag = flag;
    form.restart.push_back(restart);
  }
  return form;
}

/// `seq.combine(states) with(values free of the states)` yielded as it is; all states may be
/// replaced where a flag is set.
static std::optional<ScanForm> proveDeclared(seq::RecurrenceOp op, seq::CombineOp combine,
                                             ScanProof &proof) {
  std::string name = quoted(combine);
  auto stop = [&](const Twine &why) {
    refuse(proof, combine.getLoc(), name + " " + why);
    return std::nullopt;
  };
  if (combine.getEarlier().size() != op.getNumStates())
    return stop("combines " + Twine(combine.getEarlier().size()) + " value(s), but the step has " +
                Twine(op.getNumStates()) + " state(s)");
  std::optional<ScanForm> form;
  if (!llvm::equal(combine.getEarlier(), op.getStateArgs())) {
    if (!checkSizes(op, proof) || !checkShapes(op, proof))
      return std::nullopt;
    form = flagOf(op, combine);
    if (form) {
      Exprs read = llvm::to_vector(form->restart);
      read.push_back(form->flag);
      if (!checkReads(op, read, proof))
        return std::nullopt;
    }
  }
  DenseSet<Value> dependent = dependentValues(op);
  for (unsigned i = 0, e = op.getNumStates(); i < e; ++i) {
    if (!form && combine.getEarlier()[i] != op.getStateArgs()[i])
      return stop("has another op between state #" + Twine(i) + " and its 'earlier' value #" +
                  Twine(i));
    if (dependent.contains(combine.getLater()[i]))
      return stop("has a 'with' value #" + Twine(i) + " that depends on the states");
    if (op.getYield().getNext()[i] != combine.getResult(i))
      return stop("has another op between its result #" + Twine(i) + " and next state #" +
                  Twine(i));
  }
  proof.ok = true;
  proof.className = form ? "declared with resets" : "declared";
  proof.components = op.getNumStates() + (form ? 1 : 0);
  if (form) {
    proof.cost.selects += op.getNumStates();
    ++proof.cost.adds;
  }
  return form;
}

static void count(StringRef name, ScanCost &cost) {
  name.consume_front("arith.");
  name.consume_front("math.");
  if (name.starts_with("mul"))
    ++cost.muls;
  else if (name.starts_with("div"))
    ++cost.divs;
  else if (name.starts_with("exp"))
    ++cost.exps;
  else if (name.starts_with("log"))
    ++cost.logs;
  else if (name == "select")
    ++cost.selects;
  else if (name == "fma")
    ++cost.muls, ++cost.adds;
  else if (!name.starts_with("constant") && !name.contains("."))
    ++cost.adds;
}

static ScanCost costOf(ArrayRef<const Expr *> combined) {
  ScanCost cost;
  DenseSet<const Expr *> seen;
  SmallVector<const Expr *> work(combined);
  while (!work.empty()) {
    const Expr *e = work.pop_back_val();
    if (!seen.insert(e).second)
      continue;
    if (e->name)
      count(e->name->getStringRef(), cost);
    work.append(e->operands.begin(), e->operands.end());
  }
  return cost;
}

/// Groups of states that depend on each other.
static SmallVector<StateGroup> groupsOf(ArrayRef<const Expr *> next) {
  llvm::EquivalenceClasses<unsigned> classes;
  for (unsigned i = 0; i < next.size(); ++i) {
    classes.insert(i);
    for (unsigned j = 0; j < next.size(); ++j)
      if (next[i]->states >> j & 1)
        classes.unionSets(i, j);
  }
  SmallVector<StateGroup> groups;
  DenseMap<unsigned, unsigned> groupOf;
  for (unsigned i = 0; i < next.size(); ++i) {
    auto [at, isNew] = groupOf.try_emplace(classes.getLeaderValue(i), groups.size());
    if (isNew)
      groups.emplace_back();
    groups[at->second].states.push_back(i);
    groups[at->second].next.push_back(next[i]);
  }
  return groups;
}

namespace {
/// Puts the proofs of groups together.
struct Assembly {
  ScanForm form;
  std::vector<std::pair<StateGroup, GroupForm>> groups;
  SmallVector<Type> types;

  void run();
  Exprs tuple(Expr::Kind kind, ArrayRef<unsigned> at);
};
} // namespace

Exprs Assembly::tuple(Expr::Kind kind, ArrayRef<unsigned> at) {
  return llvm::map_to_vector(at,
                             [&](unsigned i) { return form.exprs->pool.leaf(kind, i, types[i]); });
}

void Assembly::run() {
  unsigned components = 0;
  for (auto &[group, proved] : groups)
    components += group.states.size();
  SmallVector<SmallVector<unsigned>> places;
  form.lifted.assign(components, nullptr);
  types.resize(components);
  for (auto &[group, proved] : groups) {
    SmallVector<unsigned> at(group.states);
    for (unsigned i = 0; i < proved.initial.size(); ++i)
      at.push_back(components++);
    form.lifted.resize(components);
    types.resize(components);
    for (auto [i, place] : llvm::enumerate(at)) {
      form.lifted[place] = proved.lifted[i];
      types[place] = proved.lifted[i]->type;
    }
    form.initial.append(proved.initial);
    form.factors.resize(components);
    for (unsigned i = 0; i < at.size(); ++i)
      if (isa<FloatType>(types[at[i]]) && (i < group.states.size()) == (proved.block < 0))
        form.factors[at[i]] = proved.block;
    places.push_back(at);
    if (!StringRef(form.className).contains(proved.name))
      form.className += (form.className.empty() ? "" : " and ") + proved.name;
  }
  form.combined.assign(components, nullptr);
  for (auto [entry, at] : llvm::zip_equal(groups, places)) {
    Exprs results =
        entry.second.combine(tuple(Expr::Kind::Earlier, at), tuple(Expr::Kind::Later, at));
    for (auto [place, e] : llvm::zip_equal(at, results))
      form.combined[place] = e;
  }
}

/// Why a group has no proof, by the classes of the step or by `breaker`.
static bool refuseGroup(seq::RecurrenceOp op, const StateGroup &group, const Expr *breaker,
                        ScanProof &proof) {
  StepClass step = classifyStep(op);
  for (const StateDependence &pair : step.pairs)
    if (pair.breaker && llvm::is_contained(group.states, pair.to))
      return refuse(proof, pair.breaker->getLoc(), describe(op, step));
  if (group.states.size() > 4)
    return refuse(proof, op.getLoc(),
                  Twine(group.states.size()) + " states depend on each other, more than the 4 of "
                                               "the largest block");
  if (breaker && breaker->origin)
    return refuse(proof, breaker->origin->getLoc(),
                  quoted(breaker->origin) + " is not affine in the states");
  return refuse(proof, op.getLoc(), describe(op, step));
}

/// Why the next value of a state is no expression of one element.
static bool refuseOpaque(seq::RecurrenceOp op, Operation *obstacle, ScanProof &proof) {
  StepClass step = classifyStep(op);
  for (const StateDependence &pair : step.pairs)
    if (pair.breaker)
      return refuse(proof, pair.breaker->getLoc(), describe(op, step));
  auto linalgOp = dyn_cast<linalg::LinalgOp>(obstacle);
  if (linalgOp && linalgOp.getNumReductionLoops()) {
    std::string size = std::to_string(ShapedType::getNumElements(proof.shape));
    return refuse(proof, obstacle->getLoc(),
                  "affine in every state, mixing its elements by a contraction, " +
                      quoted(obstacle) + " (a scan would multiply " + size + "x" + size +
                      " matrices)");
  }
  return refuse(proof, obstacle->getLoc(),
                quoted(obstacle) + " mixes the elements of a value that depends on the states");
}

std::optional<ScanForm> seqc::analyzeScan(seq::RecurrenceOp op, ScanProof &proof) {
  proof = ScanProof();
  if (op.getNumStates() == 0)
    return refuse(proof, op.getLoc(), "it has no state"), std::nullopt;
  if (stateType(op, 0).hasStaticShape())
    proof.shape = largestShape(op);
  if (seq::CombineOp combine = declaredCombine(op)) {
    std::optional<ScanForm> form = proveDeclared(op, combine, proof);
    combine.getBody()->walk(
        [&](Operation *inner) { count(inner->getName().getStringRef(), proof.cost); });
    return form;
  }
  if (!checkSizes(op, proof))
    return std::nullopt;
  Assembly assembly;
  assembly.form.exprs = std::make_shared<StepExprs>(op);
  StepExprs &exprs = *assembly.form.exprs;
  SmallVector<const Expr *> next;
  for (Value v : op.getYield().getNext()) {
    next.push_back(exprs.of(v));
    if (!next.back())
      return refuseOpaque(op, exprs.obstacle(v), proof), std::nullopt;
  }
  for (const StateGroup &group : groupsOf(next)) {
    const Expr *breaker = nullptr;
    std::optional<GroupForm> form = proveAffine(exprs.pool, group, breaker);
    if (!form)
      form = proveMonoid(exprs.pool, group);
    if (!form)
      return refuseGroup(op, group, breaker, proof), std::nullopt;
    assembly.groups.emplace_back(group, std::move(*form));
  }
  assembly.run();
  proof.className = assembly.form.className;
  proof.components = assembly.form.lifted.size();
  proof.cost = costOf(assembly.form.combined);
  // Proved all the same, but not formed.
  if (!checkShapes(op, proof) || !checkReads(op, assembly.form.lifted, proof))
    return std::nullopt;
  proof.ok = true;
  return std::move(assembly.form);
}

ScanProof seqc::proveScan(seq::RecurrenceOp op) {
  ScanProof proof;
  analyzeScan(op, proof);
  return proof;
}
