// Scalars of a step, one for all lanes or each lane's own.
#include "VectorEval.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace seqc;

Value VectorEval::once(const Key &key, llvm::function_ref<Value()> compute) {
  if (Value *found = lookup(key))
    return *found;
  Value result = compute();
  cache.back().values[key] = result;
  return result;
}

Value VectorEval::evalScalar(Value v) {
  Operation *op = v.getDefiningOp();
  if (!op || !isMember(op))
    return v;
  Key key{v.getAsOpaquePointer(), Index{place.row, place.stepInStrip}};
  return once(key, [&] { return computeScalar(v); });
}

Value VectorEval::computeScalar(Value v) {
  Operation *op = v.getDefiningOp();
  if (auto dim = dyn_cast<tensor::DimOp>(op))
    return sizeOf(dim.getSource(), *dim.getConstantIndex());
  if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    Index idx;
    for (Value i : extract.getIndices())
      idx.push_back({evalScalar(i), 0, 0});
    Value saved = std::exchange(mask, Value());
    Value vec = eval(extract.getTensor(), idx);
    mask = saved;
    return vector::ExtractOp::create(b, loc, vec, ArrayRef<int64_t>{0});
  }
  IRMapping map;
  for (Value operand : op->getOperands())
    map.map(operand, evalScalar(operand));
  return b.clone(*op, map)->getResult(cast<OpResult>(v).getResultNumber());
}

/// `op`, which works on scalars, for vectors.
Operation *VectorEval::widened(Operation *op, llvm::function_ref<Value(Value)> of) {
  OperationState state(loc, op->getName());
  for (Value v : op->getOperands())
    state.addOperands(of(v));
  for (Type type : op->getResultTypes())
    state.addTypes(VectorType::get(lanes, type));
  state.addAttributes(op->getAttrs());
  return b.create(state);
}

Value VectorEval::evalLanes(Value v) {
  Operation *op = v.getDefiningOp();
  if (!lanesAreSteps || !op || !isMember(op))
    return broadcast(evalScalar(v));
  Key key{v.getAsOpaquePointer(), Index{place.row, place.stepInStrip, fixed(0)}};
  return once(key, [&] { return computeLanes(v); });
}

Value VectorEval::computeLanes(Value v) {
  Operation *op = v.getDefiningOp();
  if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    Index idx;
    for (Value i : extract.getIndices()) {
      std::optional<int64_t> known = getConstantIntValue(i);
      idx.push_back(known ? fixed(*known) : Idx{evalScalar(i), 0, 0});
    }
    return eval(extract.getTensor(), idx);
  }
  if (!OpTrait::hasElementwiseMappableTraits(op))
    return broadcast(evalScalar(v));
  return widened(op, [&](Value operand) { return evalLanes(operand); })
      ->getResult(cast<OpResult>(v).getResultNumber());
}
