// Does a step keep the channels apart?
//
// A value of the step whose innermost size is the number of channels has one channel's elements at
// each of its innermost indices. That holds if every op that reads such a value (a state is one)
// reads it at the channel that it writes. Inputs and captured values may be read anywhere.
#include "seqc/Analysis/Channels.h"
#include "seqc/Analysis/Interleaved.h"
#include "seqc/Analysis/Place.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType tensorType(Value v) { return dyn_cast<RankedTensorType>(v.getType()); }

/// The innermost size of `v`, 0 for a scalar.
static int64_t innermost(Value v) {
  RankedTensorType type = tensorType(v);
  return type && type.getRank() ? type.getShape().back() : 0;
}

/// The loop of `op` that runs along the innermost dimension of `operand`, or none.
static std::optional<unsigned> innermostLoop(AffineMap map) {
  if (map.getNumResults() == 0)
    return std::nullopt;
  auto dim = dyn_cast<AffineDimExpr>(map.getResults().back());
  if (!dim)
    return std::nullopt;
  for (AffineExpr other : map.getResults().drop_back())
    if (other.isFunctionOfDim(dim.getPosition()))
      return std::nullopt;
  return dim.getPosition();
}

static bool keepsChannels(linalg::LinalgOp op, const DenseSet<Value> &values) {
  std::optional<unsigned> loop;
  for (OpOperand &operand : op->getOpOperands()) {
    if (!values.contains(operand.get()))
      continue;
    std::optional<unsigned> at = innermostLoop(op.getMatchingIndexingMap(&operand));
    if (!at || (loop && *loop != *at))
      return false;
    loop = at;
  }
  if (!loop || op.getIteratorTypesArray()[*loop] != utils::IteratorType::parallel)
    return false;
  return llvm::all_of(op->getResults(), [&](OpResult result) {
    return innermostLoop(op.getIndexingMapMatchingResult(result)) == loop;
  });
}

/// Slices, pads and the like: all of the innermost dimension goes where it was.
static bool keepsChannels(Operation *op) {
  auto last = [](ArrayRef<OpFoldResult> values) { return isZeroInteger(values.back()); };
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return last(slice.getMixedOffsets()) && isOneInteger(slice.getMixedStrides().back()) &&
           !slice.getDroppedDims().test(slice.getSourceType().getRank() - 1);
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return last(insert.getMixedOffsets()) && innermost(insert.getSource()) == innermost(insert) &&
           !insert.getDroppedDims().test(insert.getDestType().getRank() - 1);
  if (auto pad = dyn_cast<tensor::PadOp>(op))
    return last(pad.getMixedLowPad()) && last(pad.getMixedHighPad());
  if (auto concat = dyn_cast<tensor::ConcatOp>(op))
    return int64_t(concat.getDim()) + 1 < concat.getResultType().getRank();
  if (isa<tensor::CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
    return innermost(op->getOperand(0)) == innermost(op->getResult(0));
  return OpTrait::hasElementwiseMappableTraits(op);
}

/// True if `op` reads each of `values` at the channel that it writes.
static bool readsAtChannel(Operation *op, const DenseSet<Value> &values, int64_t channels) {
  SetVector<Value> inside;
  getUsedValuesDefinedAbove(op->getRegions(), inside);
  if (llvm::any_of(inside, [&](Value v) { return values.contains(v); }))
    return false;
  // What is put together from parts is written part by part, whatever it is made of.
  bool parts =
      isa<tensor::PadOp, tensor::ConcatOp, tensor::InsertSliceOp, tensor::CollapseShapeOp>(op) &&
      innermost(op->getResult(0)) == channels;
  if (!parts && llvm::none_of(op->getOperands(), [&](Value v) { return values.contains(v); }))
    return true;
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  return (linalgOp ? keepsChannels(linalgOp, values) : keepsChannels(op)) &&
         llvm::all_of(op->getResults(), [&](Value v) { return innermost(v) == channels; });
}

/// True if two tensors with `channels` as innermost size take turns in `v`.
static bool partsWith(Value v, int64_t channels) {
  std::optional<Interleaved> parts = interleaved(v);
  return parts && innermost(parts->even) == channels &&
         llvm::all_of(v.getUsers(), [](Operation *user) { return isa<seq::YieldOp>(user); });
}

Channels seqc::analyzeChannels(seq::RecurrenceOp op) {
  int64_t size = innermost(op.getStateArgs().front());
  auto stop = [](const Twine &why) {
    Channels none;
    none.obstacle = why.str();
    return none;
  };
  DenseSet<Value> ofChannels;
  Channels channels;
  for (Value state : op.getStateArgs()) {
    if (innermost(state) != size)
      return stop("the innermost sizes of its states differ");
    RankedTensorType type = tensorType(state);
    if (size == 0)
      return stop("a state is a scalar");
    if (!type.hasStaticShape())
      return stop("a state has a dynamic size");
    ofChannels.insert(state);
    channels.elements += type.getNumElements() / size;
  }
  for (Operation &inner : op.getBody()->without_terminator()) {
    // Parts of an output that take turns in memory are written channel by channel.
    if (isFirstHalf(&inner) || (inner.getNumResults() && partsWith(inner.getResult(0), size)))
      continue;
    if (!readsAtChannel(&inner, ofChannels, size))
      return stop("`" + inner.getName().getStringRef() + "` at " + describePlace(inner.getLoc()) +
                  " reads several channels, or does not keep them innermost");
    for (Value result : inner.getResults())
      if (innermost(result) == size)
        ofChannels.insert(result);
  }
  for (Value out : op.getYield().getOut())
    if (innermost(out) != size && !partsWith(out, size))
      return stop("an output has another innermost size than the states");
  channels.size = size;
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(op.getStep(), captured);
  for (Value v : captured)
    if (innermost(v) == size && tensorType(v).hasStaticShape() &&
        llvm::all_of(v.getUsers(), [&](Operation *user) {
          Operation *inner = op.getBody()->findAncestorOpInBlock(*user);
          return !inner || readsAtChannel(inner, {v}, size);
        }))
      channels.weights.push_back(v);
  return channels;
}
