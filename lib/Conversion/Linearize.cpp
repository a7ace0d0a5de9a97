// The derivative of a step, written into the step, for plans that guess states.
//
// A tangent of ones in one state shows, element by element, what the next states change by: states
// mix at the same element only, so that every Jacobian is a diagonal. There is one direction for
// each state.
//
// The region is a copy with everything that it needs from the step: a value of the step that got a
// use here would no longer be fused into its only reader, and other multiply-adds would be formed
// (FixNumericsFusion.cpp). What was computed twice is one value again in LLVM.
#include "SegmentRows.h"
#include "seqc/Analysis/InvariantBox.h"
#include "seqc/Analysis/Place.h"
#include "seqc/Analysis/StepClass.h"
#include "seqc/Conversion/Passes.h"
#include "seqc/Dialect/Seq/Transforms/Derivative.h"

namespace seqc {
#define GEN_PASS_DEF_LINEARIZEPASS
#include "seqc/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

void seqc::eraseLinearized(seq::RecurrenceOp op) {
  for (auto inner : llvm::make_early_inc_range(op.getBody()->getOps<seq::LinearizedOp>()))
    inner.erase();
}

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// Why the step cannot be linearized, as the end of a sentence, or empty.
static std::string whyNot(seq::RecurrenceOp op, const StepClass &step) {
  RankedTensorType first = typeOf(op.getStateArgs().front());
  for (Value state : op.getStateArgs()) {
    if (!isDifferentiable(state.getType()))
      return "a state is no float";
    if (typeOf(state).getShape() != first.getShape())
      return "its states have different shapes";
  }
  for (const StateDependence &pair : step.pairs)
    if (pair.kind == DependenceClass::AffineContraction ||
        pair.kind == DependenceClass::NonlinearDense)
      return "it mixes the elements of its states";
  if (Operation *obstacle = firstWithoutDerivative(op))
    return "the derivative of '" + obstacle->getName().getStringRef().str() + "' at " +
           describePlace(obstacle->getLoc()) + " is not known";
  return {};
}

/// The bounds of guesses. Functions are still whole here; later they are formulas, in which none
/// would be found.
static void setBoxes(seq::RecurrenceOp op, seq::LinearizedOp linearized) {
  SmallVector<double> low, high;
  SmallVector<Attribute> initial;
  Builder b(op.getContext());
  for (const std::optional<InvariantBox> &box : findInvariantBoxes(op)) {
    double margin = box ? boxMargin * std::max(std::abs(box->lo), std::abs(box->hi)) : 0;
    bool bounded = box && box->lo <= box->hi;
    low.push_back(bounded ? box->lo - margin : 1);
    high.push_back(bounded ? box->hi + margin : -1);
    SmallVector<int64_t> states;
    if (bounded)
      states.append(box->initial.begin(), box->initial.end());
    initial.push_back(b.getDenseI64ArrayAttr(states));
  }
  linearized.setLow(low);
  linearized.setHigh(high);
  linearized.setInitialAttr(b.getArrayAttr(initial));
}

/// The scales of states that may jump: a bound of their magnitudes, where there is one.
static void setScales(seq::RecurrenceOp op) {
  SmallVector<double> scales;
  for (const std::optional<InvariantBox> &box : findInvariantBoxes(op)) {
    double scale = box && box->lo <= box->hi ? std::max(std::abs(box->lo), std::abs(box->hi)) : 0;
    scales.push_back(scale > 0 ? scale : SegmentRows::usualScale);
  }
  op->setAttr(SegmentRows::scalesName, Builder(op.getContext()).getDenseF64ArrayAttr(scales));
}

static LogicalResult linearize(seq::RecurrenceOp op, const StepClass &step) {
  OpBuilder b(op.getYield());
  Location loc = op.getLoc();
  unsigned count = op.getNumStates();
  auto linearized = seq::LinearizedOp::create(b, loc, ArrayRef<int64_t>(), ArrayRef<int64_t>());
  Block *body = b.createBlock(&linearized.getBody());
  SmallVector<Derivative::Tangents> directions(count, Derivative::Tangents(count));
  for (auto [i, state] : llvm::enumerate(op.getStateArgs())) {
    Value arg = body->addArgument(state.getType(), state.getLoc());
    directions[i][i] = constantLike(b, loc, arg, 1);
  }
  FailureOr<StepDerivative> derivative =
      jvp(b, op, body->getArguments(), directions, /*recompute=*/true);
  if (failed(derivative))
    return failure();
  SmallVector<int64_t> to, from;
  SmallVector<Value> partials;
  for (const StateDependence &pair : step.pairs)
    if (Value partial = derivative->tangents[pair.to][pair.from];
        partial && pair.kind != DependenceClass::None) {
      to.push_back(pair.to);
      from.push_back(pair.from);
      partials.push_back(partial);
    }
  seq::YieldOp::create(b, loc, derivative->next, partials);
  eraseUnused(*body);
  linearized.setTo(to);
  linearized.setFrom(from);
  setBoxes(op, linearized);
  return success();
}

namespace {
struct LinearizePass : seqc::impl::LinearizePassBase<LinearizePass> {
  using LinearizePassBase::LinearizePassBase;

  void runOnOperation() override {
    auto status = getOperation()->walk([&](seq::RecurrenceOp op) {
      return failed(run(op)) ? WalkResult::interrupt() : WalkResult::advance();
    });
    if (status.wasInterrupted())
      signalPassFailure();
  }

  LogicalResult run(seq::RecurrenceOp op) {
    seq::ScheduleAttr schedule = op.getScheduleAttr();
    bool newton = schedule && schedule.getPlan() == seq::Plan::Newton;
    bool segments = schedule && schedule.getPlan() == seq::Plan::Segments;
    if (!newton && !segments && !all)
      return success();
    if (segments && schedule.getCertificate() == seq::Certificate::Backward) {
      setScales(op);
      return success();
    }
    StepClass step = classifyStep(op);
    std::string reason = whyNot(op, step);
    if (reason.empty())
      return linearize(op, step);
    if (newton)
      return op.emitOpError("expected a step that has a derivative element by element for plan "
                            "'newton', but ")
             << reason;
    return success();
  }
};
} // namespace
