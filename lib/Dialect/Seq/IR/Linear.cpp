// seq.affine_recurrence and seq.delay: shapes and constraints.
#include "Shapes.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace seqc::seq;

#define GET_OP_CLASSES
#include "seqc/Dialect/Seq/IR/SeqOps.cpp.inc"

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

//===-----------------------------------------------------------------------===//
// seq.affine_recurrence
//===-----------------------------------------------------------------------===//

int64_t AffineRecurrenceOp::getBatchRank() {
  return typeOf(getInput()).getRank() - 1 - getStateRank();
}
int64_t AffineRecurrenceOp::getTimeAxis() { return getTime().value_or(getBatchRank()); }

LogicalResult AffineRecurrenceOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                                   Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType input = typeOf(adaptor.getInput()), initial = typeOf(adaptor.getInitial());
  int64_t batchRank = input.getRank() - 1 - adaptor.getStateRank();
  if (batchRank < 0 || initial.getRank() + 1 != input.getRank())
    return failure();
  SmallVector<int64_t> shape(input.getShape());
  if (adaptor.getReadout()) {
    if (input.getRank() < batchRank + 2)
      return failure();
    shape.erase(shape.begin() + batchRank + 1);
  }
  types.push_back(RankedTensorType::get(shape, initial.getElementType()));
  types.push_back(initial);
  return success();
}

/// C2, C8: the shape of a coefficient for one step, or none where the state's rank is wrong.
static std::optional<SmallVector<int64_t>> coefficientShape(Structure structure,
                                                            ArrayRef<int64_t> state) {
  SmallVector<int64_t> shape(state);
  switch (structure) {
  case Structure::Scalar:
    return SmallVector<int64_t>();
  case Structure::Diagonal:
    return shape;
  case Structure::Block:
    if (state.empty())
      return std::nullopt;
    shape.insert(shape.begin(), state.front());
    return shape;
  case Structure::HeadDense:
  case Structure::Dense:
    if (state.size() != (structure == Structure::Dense ? 1 : 2))
      return std::nullopt;
    shape.push_back(state.back());
    return shape;
  }
  llvm_unreachable("all structures are above");
}

LogicalResult AffineRecurrenceOp::verify() {
  RankedTensorType input = typeOf(getInput()), initial = typeOf(getInitial());
  int64_t batchRank = getBatchRank();
  Type element = initial.getElementType();
  if (!element.isF32() && !element.isF64()) // C1
    return emitOpError("expected 'initial' to be f32 or f64, but got ") << initial;
  if (getStateRank() < 0 || batchRank < 0) // C8
    return emitOpError() << "expected 'state_rank' between 0 and " << input.getRank() - 1
                         << ", but got " << int64_t(getStateRank());
  if (input.getRank() != initial.getRank() + 1)
    return emitOpError(
               "expected 'input' to be [batch…, T, S…] and 'initial' [batch…, S…], but got ")
           << input << " and " << initial;
  if (getTime() && (getTimeAxis() < 0 || getTimeAxis() > batchRank)) // C7
    return emitOpError() << "expected 'time' between 0 and " << batchRank
                         << " (the number of batch dimensions), but got " << getTimeAxis();
  SmallVector<int64_t> whole(initial.getShape()),
      leading(input.getShape().take_front(batchRank + 1));
  whole.insert(whole.begin() + getTimeAxis(), input.getDimSize(getTimeAxis()));
  ArrayRef<int64_t> state = initial.getShape().drop_front(batchRank);
  if (failed(expectShape(*this, "input", getInput(), whole)))
    return failure();
  std::optional<SmallVector<int64_t>> decay = coefficientShape(getStructure(), state);
  if (!decay) // C8
    return emitOpError() << "expected a 'state_rank' of "
                         << (getStructure() == Structure::Block       ? "1 or more"
                             : getStructure() == Structure::HeadDense ? "2"
                                                                      : "1")
                         << " with '" << stringifyStructure(getStructure()) << "', but got "
                         << state.size();
  if (!getConstant())
    decay->insert(decay->begin(), leading.begin(), leading.end());
  if (failed(expectShape(*this, "decay", getDecay(), *decay))) // C2
    return failure();
  if (Value readout = getReadout()) { // C3
    if (getStructure() == Structure::HeadDense)
      return emitOpError("expected no 'readout' with 'head_dense'");
    if (state.empty())
      return emitOpError("expected a state of rank 1 or more for 'readout', but got ") << initial;
    SmallVector<int64_t> shape(leading);
    shape.push_back(state.front());
    if (failed(expectShape(*this, "readout", readout, shape)))
      return failure();
  }
  if (Value resets = getResets()) { // C4
    if (!typeOf(resets).getElementType().isInteger(1))
      return emitOpError("expected 'resets' to be of i1, but got ") << resets.getType();
    if (failed(expectShape(*this, "resets", resets, leading)))
      return failure();
  }
  SmallVector<std::pair<StringRef, Value>> floats = {{"decay", getDecay()}, {"input", getInput()}};
  if (getReadout())
    floats.push_back({"readout", getReadout()});
  for (auto [name, v] : floats) { // C6
    if (failed(expectNarrowFloat(*this, name, v, element)))
      return failure();
  }
  return success();
}

//===-----------------------------------------------------------------------===//
// seq.delay
//===-----------------------------------------------------------------------===//

LogicalResult DelayOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                        SmallVectorImpl<Type> &types) {
  RankedTensorType input = typeOf(adaptor.getInput()), initial = typeOf(adaptor.getInitial());
  int64_t time = adaptor.getTime();
  if (time < 0 || time >= input.getRank() || initial.getRank() != input.getRank())
    return failure();
  SmallVector<int64_t> shape(input.getShape());
  shape.insert(shape.begin() + time + 1, initial.getDimSize(time));
  types.push_back(RankedTensorType::get(shape, input.getElementType()));
  types.push_back(initial);
  return success();
}

LogicalResult DelayOp::verify() {
  RankedTensorType input = typeOf(getInput()), initial = typeOf(getInitial());
  int64_t time = getTime();
  if (input.getRank() != initial.getRank() || input.getElementType() != initial.getElementType() ||
      time < 0 || time >= input.getRank()) // C1
    return emitOpError("expected 'initial' with the rank and element type of ")
           << input << " and 'time' as a position in it, but got " << initial << " and " << time;
  if (initial.isDynamicDim(time) || initial.getDimSize(time) < 1) // C2
    return emitOpError("expected a static, positive size of 'initial' at position ")
           << time << ", but got " << initial;
  if (getReverse() && initial.getDimSize(time) != 1) // C4
    return emitOpError("expected a window of one value with 'reverse', but got ")
           << initial.getDimSize(time);
  SmallVector<int64_t> want(input.getShape()); // C3
  want[time] = initial.getDimSize(time);
  return expectShape(*this, "initial", getInitial(), want);
}
