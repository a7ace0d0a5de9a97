// linalg.generic on complex elements: one op on real elements for each real result, so that a
// reader of one half computes no more than that half.
#include "ExpandComplex.h"

using namespace mlir;
using namespace seqc;

namespace {
/// Writes the op for one real result of `op`.
struct GenericExpansion {
  linalg::GenericOp op;
  ComplexValues &values;
  OpBuilder b;
  Location loc;
  unsigned out, half;
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  /// Which argument of the old body, and which half of it, each input is.
  SmallVector<std::pair<unsigned, unsigned>> meaning;

  GenericExpansion(linalg::GenericOp op, ComplexValues &values, unsigned out, unsigned half)
      : op(op), values(values), b(op), loc(op.getLoc()), out(out), half(half) {}

  void addInput(OpOperand &operand, unsigned part);
  void collectInputs();
  LogicalResult fillBody(Block *body);
  LogicalResult checkPartialResults(Block *body);
  static void dropUnused(linalg::GenericOp fresh);
  FailureOr<Value> run();
};
} // namespace

static unsigned partsOf(Value v) { return isComplex(v.getType()) ? 2 : 1; }

void GenericExpansion::addInput(OpOperand &operand, unsigned part) {
  Value v = operand.get();
  inputs.push_back(isComplex(v.getType()) ? values.half(v, part)
                                          : values.others.lookupOrDefault(v));
  maps.push_back(op.getMatchingIndexingMap(&operand));
  meaning.push_back({operand.getOperandNumber(), part});
}

void GenericExpansion::collectInputs() {
  for (OpOperand *operand : op.getDpsInputOperands())
    for (unsigned part = 0; part < partsOf(operand->get()); ++part)
      addInput(*operand, part);
  // What other results start from, where the body reads it.
  for (auto [i, init] : llvm::enumerate(op.getDpsInitsMutable())) {
    if (!op.payloadUsesValueFromOperand(&init))
      continue;
    for (unsigned part = 0; part < partsOf(init.get()); ++part)
      if (i != out || part != half)
        addInput(init, part);
  }
}

/// The body of the old op on halves; yields the one result.
LogicalResult GenericExpansion::fillBody(Block *body) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(body);
  Block *old = op.getBody();
  auto bind = [&](BlockArgument arg, unsigned part, Value v) {
    if (isComplex(arg.getType()))
      values.halves[arg][part] = v;
    else
      values.others.map(arg, v);
  };
  for (auto [i, what] : llvm::enumerate(meaning))
    bind(old->getArgument(what.first), what.second, body->getArgument(i));
  bind(old->getArgument(op.getNumDpsInputs() + out), half, body->getArguments().back());
  for (Operation &inner : old->without_terminator()) {
    if (!touchesComplex(&inner)) {
      b.clone(inner, values.others);
      continue;
    }
    if (inner.getNumRegions())
      return inner.emitError() << "expected complex numbers in ops without regions, but got '"
                               << inner.getName() << "'";
    if (failed(expandComplexScalar(b, &inner, values)))
      return failure();
  }
  Value yielded = old->getTerminator()->getOperand(out);
  Value result = isComplex(yielded.getType()) ? values.half(yielded, half)
                                              : values.others.lookupOrDefault(yielded);
  linalg::YieldOp::create(b, loc, result);
  return success();
}

/// Erases inputs that the body does not read, as far as the sizes of the loops still follow from
/// the others.
void GenericExpansion::dropUnused(linalg::GenericOp fresh) {
  SmallVector<AffineMap> maps = fresh.getIndexingMapsArray();
  for (int64_t i = fresh.getNumDpsInputs() - 1; i >= 0; --i) {
    SmallVector<AffineMap> fewer = maps;
    fewer.erase(fewer.begin() + i);
    if (!fresh.getBody()->getArgument(i).use_empty() ||
        !inversePermutation(concatAffineMaps(fewer, fresh.getContext())))
      continue;
    maps = fewer;
    fresh.getBody()->eraseArgument(i);
    fresh.getInputsMutable().erase(i);
  }
  fresh.setIndexingMapsAttr(Builder(fresh.getContext()).getAffineMapArrayAttr(maps));
}

/// A sum's partial result is known in its own loop only.
LogicalResult GenericExpansion::checkPartialResults(Block *body) {
  for (auto [arg, what] : llvm::zip(body->getArguments(), meaning))
    if (op.getNumReductionLoops() && what.first >= op.getNumDpsInputs() && !arg.use_empty())
      return op.emitOpError("expected each half of a complex reduction to depend on its own "
                            "partial result alone, but one reads another");
  return success();
}

FailureOr<Value> GenericExpansion::run() {
  collectInputs();
  OpOperand &own = *op.getDpsInitOperand(out);
  Value init = isComplex(own.get().getType()) ? values.half(own.get(), half)
                                              : values.others.lookupOrDefault(own.get());
  maps.push_back(op.getMatchingIndexingMap(&own));
  auto fresh = linalg::GenericOp::create(b, loc, init.getType(), inputs, init, maps,
                                         op.getIteratorTypesArray());
  Block *body = &fresh.getRegion().emplaceBlock();
  for (Value v : inputs)
    body->addArgument(getElementTypeOrSelf(v.getType()), loc);
  body->addArgument(getElementTypeOrSelf(init.getType()), loc);
  if (failed(fillBody(body)))
    return failure();
  for (Operation &inner : llvm::make_early_inc_range(llvm::reverse(*body)))
    if (isOpTriviallyDead(&inner))
      inner.erase();
  if (failed(checkPartialResults(body)))
    return failure();
  dropUnused(fresh);
  return fresh.getResult(0);
}

LogicalResult seqc::expandComplexGeneric(linalg::GenericOp op, ComplexValues &values) {
  for (unsigned out = 0; out < op.getNumResults(); ++out)
    for (unsigned half = 0; half < partsOf(op.getResult(out)); ++half) {
      FailureOr<Value> fresh = GenericExpansion(op, values, out, half).run();
      if (failed(fresh))
        return failure();
      if (isComplex(op.getResult(out).getType()))
        values.halves[op.getResult(out)][half] = *fresh;
      else
        op.getResult(out).replaceAllUsesWith(*fresh);
    }
  return success();
}
