// seq.ema: constraints.
#include "Shapes.h"

using namespace mlir;
using namespace seqc::seq;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

int64_t EmaOp::getBatchRank() { return typeOf(getInput()).getRank() - 1 - getValueRank(); }

/// C3, C4: which parameters the kind has.
static LogicalResult checkParameters(EmaOp op) {
  bool modes = op.hasModes(), damped = op.getKind() == Average::Damped;
  bool complex = op.getKind() == Average::Complex;
  StringRef kind = stringifyAverage(op.getKind());
  auto expectGiven = [&](StringRef name, bool given, bool wanted) -> LogicalResult {
    if (given == wanted)
      return success();
    return op.emitOpError("expected ") << (wanted ? "'" : "no '") << name << "' with '" << kind
                                       << "', but got " << (wanted ? "none" : "one");
  };
  if (failed(expectGiven("decay", bool(op.getDecay()), !modes)) ||
      failed(expectGiven("alpha", bool(op.getAlpha()), modes)) ||
      failed(expectGiven("delta", bool(op.getDelta()), modes)) ||
      failed(expectGiven("angle", bool(op.getAngle()), complex)) ||
      failed(expectGiven("expand", bool(op.getExpand()), damped)))
    return failure();
  if (modes && op.getConstant())
    return op.emitOpError() << "expected no 'constant' with '" << kind
                            << "', whose parameters are constant";
  if (modes && op.getCorrected()) // C2
    return op.emitOpError() << "expected no 'corrected' with '" << kind << "'";
  size_t projections = complex ? 2 : damped ? 1 : 0;
  if (op.getProject().size() != projections)
    return op.emitOpError() << "expected " << projections << " 'project' with '" << kind
                            << "', but got " << op.getProject().size();
  size_t states = complex || op.getCorrected() ? 2 : 1; // C2
  if (op.getInitial().size() != states)
    return op.emitOpError() << "expected " << states << " initial value(s), but got "
                            << op.getInitial().size();
  return success();
}

/// C1, C6: element types.
static LogicalResult checkElements(EmaOp op) {
  Type element = typeOf(op.getInitial().front()).getElementType();
  for (Value v : op.getInitial())
    if (Type got = typeOf(v).getElementType(); got != element || !(got.isF32() || got.isF64()))
      return op.emitOpError("expected initial values of f32 or of f64, but got ") << v.getType();
  SmallVector<std::pair<StringRef, Value>> floats = {
      {"input", op.getInput()}, {"decay", op.getDecay()}, {"alpha", op.getAlpha()},
      {"delta", op.getDelta()}, {"angle", op.getAngle()}, {"expand", op.getExpand()}};
  for (Value v : op.getProject())
    floats.push_back({"project", v});
  for (auto [name, v] : floats)
    if (v && failed(expectNarrowFloat(op, name, v, element)))
      return failure();
  return success();
}

/// C1, C3, C4, C5, C7, C9: shapes. `batch` and `value` are those of the input.
static LogicalResult checkShapes(EmaOp op, ArrayRef<int64_t> batch, ArrayRef<int64_t> leading,
                                 ArrayRef<int64_t> value) {
  auto joined = [](ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
    SmallVector<int64_t> shape(a);
    llvm::append_range(shape, b);
    return shape;
  };
  SmallVector<int64_t> state(value);
  if (op.hasModes()) {
    RankedTensorType alpha = typeOf(op.getAlpha());
    state.insert(state.begin(), alpha.getRank() ? alpha.getDimSize(0) : ShapedType::kDynamic);
    SmallVector<std::pair<StringRef, Value>> parameters = {{"alpha", op.getAlpha()},
                                                           {"delta", op.getDelta()},
                                                           {"angle", op.getAngle()},
                                                           {"expand", op.getExpand()}};
    for (Value v : op.getProject())
      parameters.push_back({"project", v});
    for (auto [name, v] : parameters)
      if (v && failed(expectShape(op, name, v, state)))
        return failure();
  }
  ArrayRef<int64_t> beta = op.getKind() == Average::Diagonal ? value : ArrayRef<int64_t>();
  if (Value decay = op.getDecay();
      decay &&
      failed(expectShape(op, "decay", decay,
                         op.getConstant() ? SmallVector<int64_t>(beta) : joined(leading, beta))))
    return failure();
  for (auto [i, v] : llvm::enumerate(op.getInitial()))
    if (failed(expectShape(
            op, "initial", v,
            joined(batch, i == 1 && op.getCorrected() ? beta : ArrayRef<int64_t>(state)))))
      return failure();
  if (Value resets = op.getResets()) {
    if (!typeOf(resets).getElementType().isInteger(1))
      return op.emitOpError("expected 'resets' to be of i1, but got ") << resets.getType();
    if (failed(expectShape(op, "resets", resets, leading)))
      return failure();
  }
  return success();
}

LogicalResult EmaOp::verify() {
  RankedTensorType input = typeOf(getInput());
  int64_t valueRank = getValueRank(), batchRank = getBatchRank();
  if (valueRank < 0 || batchRank < 0) // C5
    return emitOpError() << "expected 'value_rank' between 0 and " << input.getRank() - 1
                         << ", but got " << valueRank;
  if (getTimeAxis() < 0 || getTimeAxis() > batchRank) // C8
    return emitOpError() << "expected 'time' between 0 and " << batchRank
                         << " (the number of batch dimensions), but got " << getTimeAxis();
  if (failed(checkParameters(*this)) || failed(checkElements(*this)))
    return failure();
  SmallVector<int64_t> leading(input.getShape().take_front(batchRank + 1)), batch(leading);
  batch.erase(batch.begin() + getTimeAxis());
  if (failed(checkShapes(*this, batch, leading, input.getShape().drop_front(batchRank + 1))))
    return failure();
  Type element = typeOf(getInitial().front()).getElementType(); // C9
  if (typeOf(getOutput()).getElementType() != element ||
      !agree(typeOf(getOutput()).getShape(), input.getShape()))
    return emitOpError("expected result #0 to be ")
           << input.clone(element) << ", but got " << getOutput().getType();
  if (getFinals().getTypes() != getInitial().getTypes())
    return emitOpError("expected one more result of the type of each initial value, but got ")
           << getFinals().getTypes();
  return success();
}
