// Plan `segments`: what a step reads.
#include "SegmentEmitter.h"
#include "seqc/Analysis/Interleaved.h"

#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// All values that `op` reads, those of its regions from outside of it as well.
static SetVector<Value> readsOf(Operation *op) {
  SetVector<Value> reads;
  getUsedValuesDefinedAbove(op->getRegions(), reads);
  reads.insert(op->operand_begin(), op->operand_end());
  return reads;
}

void SegmentEmitter::findDependences() {
  ofStates.insert_range(op.getStateArgs());
  for (BlockArgument arg : op.getBody()->getArguments())
    if (arg.getArgNumber() < op.getInputs().size() + op.getShared().size())
      ofTime.insert(arg);
  for (Operation &inner : op.getBody()->without_terminator())
    for (Value read : readsOf(&inner)) {
      if (ofStates.contains(read))
        ofStates.insert_range(inner.getResults());
      if (ofTime.contains(read))
        ofTime.insert_range(inner.getResults());
    }
}

/// Notes that the step reads `v`, which is free of the states, at `at`.
bool SegmentEmitter::addRead(Value v, const Index &at) {
  SmallVector<Read> &reads = ofTime.contains(v) ? elements : invariants;
  if (llvm::none_of(reads, [&](const Read &r) { return r.value == v && r.at == at; }))
    reads.push_back({v, at});
  return true;
}

/// Notes what `v` at `at` is made of; false where a state is read at another channel, or where an
/// op does not work element by element.
bool SegmentEmitter::collect(Value v, const Index &at) {
  if (!isa<RankedTensorType>(v.getType()))
    return !ofStates.contains(v) && !ofTime.contains(v);
  if (!ofStates.contains(v))
    return addRead(v, at);
  if (isa<BlockArgument>(v))
    return at == channelIndex();
  if (auto generic = v.getDefiningOp<linalg::GenericOp>()) {
    if (isReductionOp(generic))
      return false;
    SetVector<Value> captured;
    getUsedValuesDefinedAbove(generic.getRegion(), captured);
    if (!llvm::all_of(captured, [&](Value c) { return collect(c, {}); }))
      return false;
    Index dims = VectorEval::loopDims(generic, cast<OpResult>(v).getResultNumber(), at);
    for (OpOperand &operand : generic->getOpOperands())
      if (!collect(operand.get(), e.operandIndex(generic, operand, dims)))
        return false;
    return true;
  }
  if (auto moved = e.step(v, at))
    return collect(moved->first, moved->second);
  return false;
}

bool SegmentEmitter::canRun() {
  auto shape = typeOf(op.getStateArgs().front()).getShape();
  if (op.isPacked() || ShapedType::isDynamicShape(shape) || channels < 1 || channels > e.lanes)
    return false;
  auto fits = [&](Value v) { return typeOf(v).getShape() == shape && !holdsBools(v); };
  if (!llvm::all_of(op.getStateArgs(), fits))
    return false;
  for (Operation &inner : op.getBody()->without_terminator())
    if (!isInterleaving(&inner) &&
        (!canEvaluate(&inner) || isReductionOp(&inner) ||
         isa<tensor::PadOp, tensor::ConcatOp, tensor::InsertSliceOp>(inner)))
      return false;
  for (Value out : op.getYield().getOut()) {
    std::optional<Interleaved> parts = interleaved(out);
    for (Value v : parts ? SmallVector<Value>{parts->even, parts->odd} : SmallVector<Value>{out}) {
      if (!fits(v))
        return false;
      outs.push_back(v);
    }
  }
  e.recurrence = op;
  findDependences();
  SmallVector<Value> results(op.getYield().getNext());
  results.append(outs);
  return llvm::all_of(results, [&](Value v) { return collect(v, channelIndex(typeOf(v))); });
}
