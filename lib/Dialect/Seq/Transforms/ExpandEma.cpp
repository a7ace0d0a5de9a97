// seq.ema as a seq.recurrence. What follows from parameters that are constant
// over time is computed once, before the recurrence, and captured.
#include "Expand.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

namespace {
/// Writes the step of one op.
struct EmaExpansion {
  seq::EmaOp op;
  OpBuilder b;
  StepWriter w;
  /// Values of the step.
  Value x, decay;
  SmallVector<Value> states, next;
  Value out;
  /// Captured: coefficient of the state, real and imaginary part, and of the input.
  Value keep, keepImaginary, take;
  SmallVector<Value> project;

  explicit EmaExpansion(seq::EmaOp op)
      : op(op), b(op), w{b, op.getLoc(), typeOf(op.getInitial().front()).getElementType()} {}

  void computeParameters();
  void average();
  void averageDamped();
  void averageComplex();
  void run();
};
} // namespace

template <typename Op> static Value binary(StepWriter &w, Value a, Value c) {
  return Op::create(w.b, w.loc, a, c);
}

/// 1 - v, element by element.
static Value complement(StepWriter &w, Value v) {
  return w.map(v, v, [](OpBuilder &b, Location l, ValueRange args) -> Value {
    Value one = arith::ConstantOp::create(b, l, b.getFloatAttr(args[0].getType(), 1.0));
    return arith::SubFOp::create(b, l, one, args[0]);
  });
}

/// a b + c d, element by element, where a and c may be smaller.
static Value sumOfProducts(StepWriter &w, ValueRange factors, Value like) {
  return w.map(factors, like, [](OpBuilder &b, Location l, ValueRange args) -> Value {
    Value first = arith::MulFOp::create(b, l, args[0], args[1]);
    Value second = arith::MulFOp::create(b, l, args[2], args[3]);
    return arith::AddFOp::create(b, l, first, second);
  });
}

void EmaExpansion::computeParameters() {
  for (Value v : op.getProject())
    project.push_back(w.widen(v));
  if (!op.hasModes()) {
    if (op.getConstant()) {
      keep = w.widen(op.getDecay());
      take = complement(w, keep);
    }
    return;
  }
  take = w.widen(op.getAlpha());
  keep = complement(w, binary<arith::MulFOp>(w, take, w.widen(op.getDelta())));
  if (op.getKind() == seq::Average::Damped) {
    take = binary<arith::MulFOp>(w, take, w.widen(op.getExpand()));
    return;
  }
  Value angle = w.widen(op.getAngle());
  Value cosine = math::CosOp::create(b, w.loc, angle), sine = math::SinOp::create(b, w.loc, angle);
  keepImaginary = binary<arith::MulFOp>(w, keep, sine);
  keep = binary<arith::MulFOp>(w, keep, cosine);
}

/// h = β h + (1 - β) x, divided by 1 - Π β where that is asked for.
void EmaExpansion::average() {
  if (!op.getConstant()) {
    keep = w.widen(decay);
    take = complement(w, keep);
  }
  out = sumOfProducts(w, {keep, states[0], take, x}, states[0]);
  next.push_back(out);
  if (!op.getCorrected())
    return;
  next.push_back(binary<arith::MulFOp>(w, keep, states[1]));
  out = w.map({out, complement(w, next[1])}, out,
              [](OpBuilder &nested, Location l, ValueRange args) -> Value {
                return arith::DivFOp::create(nested, l, args[0], args[1]);
              });
}

void EmaExpansion::averageDamped() {
  next.push_back(sumOfProducts(w, {keep, states[0], take, x}, states[0]));
  out = w.sumModes(project[0], next[0]);
}

/// The real and the imaginary part of h = q h + α x, and the real part of Σ γ h.
void EmaExpansion::averageComplex() {
  next.push_back(w.map({keep, states[0], keepImaginary, states[1], take, x}, states[0],
                       [](OpBuilder &nested, Location l, ValueRange v) -> Value {
                         Value a = arith::MulFOp::create(nested, l, v[0], v[1]);
                         Value c = arith::MulFOp::create(nested, l, v[2], v[3]);
                         Value turned = arith::SubFOp::create(nested, l, a, c);
                         Value taken = arith::MulFOp::create(nested, l, v[4], v[5]);
                         return arith::AddFOp::create(nested, l, turned, taken);
                       }));
  next.push_back(sumOfProducts(w, {keep, states[1], keepImaginary, states[0]}, states[0]));
  Value real = w.sumModes(project[0], next[0]), imaginary = w.sumModes(project[1], next[1]);
  out = binary<arith::SubFOp>(w, real, imaginary);
}

void EmaExpansion::run() {
  computeParameters();
  int64_t batchRank = op.getBatchRank();
  SmallVector<Value> inputs = {op.getInput()};
  if (op.getDecay() && !op.getConstant())
    inputs.push_back(op.getDecay());
  auto fresh = seq::RecurrenceOp::create(
      b, w.loc, op->getResultTypes(), inputs, ValueRange{}, ValueRange{}, op.getResets(), Value(),
      op.getInitial(), op.getReverseAttr(), UnitAttr(), op.getTimeAttr(), op.getScheduleAttr());
  fresh->setDiscardableAttrs(llvm::to_vector(op->getDiscardableAttrs()));
  Block &step = fresh.getStep().emplaceBlock();
  for (Value v : inputs)
    decay = step.addArgument(stepType(v, batchRank + 1), w.loc);
  for (Value v : op.getInitial())
    states.push_back(step.addArgument(stepType(v, batchRank), w.loc));
  b.setInsertionPointToStart(&step);
  x = w.widen(step.getArgument(0));
  if (op.getKind() == seq::Average::Damped)
    averageDamped();
  else if (op.getKind() == seq::Average::Complex)
    averageComplex();
  else
    average();
  seq::YieldOp::create(b, w.loc, next, out);
  op->replaceAllUsesWith(fresh);
  op->erase();
}

void seqc::expandEma(seq::EmaOp op) { EmaExpansion(op).run(); }
