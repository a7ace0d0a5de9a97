// Lifting of linalg and elementwise ops: loops over the leading dimensions go
// in front of the op's own, in the same order for every operand that has them.
#include "Lift.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType tensorType(Value v) { return dyn_cast<RankedTensorType>(v.getType()); }

/// What an op writes into. A destination that is empty, or filled with one
/// value, is made anew with the leading dimensions rather than broadcast.
Value Lifter::liftDestination(Value init, Leads leads, bool read) {
  Lifted lifted = lift(init);
  if (lifted.leads == leads)
    return lifted.whole;
  RankedTensorType type = wholeType(init.getType(), leads);
  Operation *def = init.getDefiningOp();
  if (!read || isa_and_nonnull<tensor::EmptyOp>(def))
    return emptyFor(lifted, leads, type);
  Location loc = op.getLoc();
  Value scalar;
  DenseElementsAttr elements;
  if (auto fill = dyn_cast_or_null<linalg::FillOp>(def);
      fill && canLift(fill.getInputs()[0]) == Leads(0))
    scalar = lift(fill.getInputs()[0]).whole;
  else if (matchPattern(init, m_Constant(&elements)) && elements.isSplat())
    scalar = arith::ConstantOp::create(b, loc, elements.getSplatValue<TypedAttr>());
  if (!scalar)
    return broadcast(lifted, leads);
  Value empty = emptyFor(lifted, leads, type);
  return linalg::FillOp::create(b, loc, scalar, empty).getResult(0);
}

void Lifter::liftLinalg(linalg::LinalgOp inner, Leads leads) {
  unsigned added = llvm::popcount(leads);
  SmallVector<Value> ins, outs;
  SmallVector<AffineMap> maps;
  SmallVector<Type> types;
  for (OpOperand *operand : inner.getDpsInputOperands()) {
    Lifted lifted = lift(operand->get());
    ins.push_back(lifted.whole);
    maps.push_back(prefixMap(inner.getMatchingIndexingMap(operand), lifted.leads, leads));
  }
  for (OpOperand &operand : inner.getDpsInitsMutable()) {
    outs.push_back(
        liftDestination(operand.get(), leads, inner.payloadUsesValueFromOperand(&operand)));
    types.push_back(outs.back().getType());
    maps.push_back(prefixMap(inner.getMatchingIndexingMap(&operand), leads, leads));
  }
  SmallVector<utils::IteratorType> loops(added, utils::IteratorType::parallel);
  llvm::append_range(loops, inner.getIteratorTypesArray());
  auto generic = linalg::GenericOp::create(b, inner.getLoc(), types, ins, outs, maps, loops);
  IRMapping map;
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(inner->getRegions(), captured);
  for (Value v : captured)
    map.map(v, lift(v).whole);
  Region &body = generic.getRegion();
  body.getBlocks().clear();
  inner->getRegion(0).cloneInto(&body, map);
  body.walk([&](linalg::IndexOp index) { index.setDim(index.getDim() + added); });
  for (auto [old, fresh] : llvm::zip_equal(inner->getResults(), generic.getResults()))
    values[old] = {fresh, leads};
}

Value Lifter::liftElementwise(Operation *inner, Leads leads) {
  Location loc = inner->getLoc();
  RankedTensorType type = wholeType(inner->getResult(0).getType(), leads);
  SmallVector<Lifted> operands;
  for (Value v : inner->getOperands())
    operands.push_back(lift(v));
  int64_t rank = tensorType(inner->getResult(0)) ? tensorType(inner->getResult(0)).getRank() : 0;
  auto full = [&](auto it) {
    auto [v, lifted] = it;
    return lifted.leads == leads && tensorType(lifted.whole).getRank() == type.getRank();
  };
  if (llvm::all_of(llvm::zip(inner->getOperands(), operands), full)) {
    OperationState state(loc, inner->getName());
    for (Lifted &operand : operands)
      state.operands.push_back(operand.whole);
    state.addTypes(type);
    state.addAttributes(inner->getAttrs());
    return b.create(state)->getResult(0);
  }
  SmallVector<Value> ins;
  SmallVector<AffineMap> maps;
  std::optional<Lifted> like;
  for (auto [v, lifted] : llvm::zip_equal(inner->getOperands(), operands)) {
    AffineMap map =
        tensorType(v) ? b.getMultiDimIdentityMap(rank) : AffineMap::get(rank, 0, b.getContext());
    if (tensorType(v) && !like)
      like = lifted;
    ins.push_back(lifted.whole);
    maps.push_back(prefixMap(map, lifted.leads, leads));
  }
  maps.push_back(b.getMultiDimIdentityMap(type.getRank()));
  // A scalar result has no step sizes; any lifted operand without them will do.
  Value empty =
      like && rank
          ? emptyFor(*like, leads, type)
          : tensor::EmptyOp::create(b, loc, leadSizes(leads), type.getElementType()).getResult();
  SmallVector<utils::IteratorType> loops(type.getRank(), utils::IteratorType::parallel);
  return linalg::GenericOp::create(b, loc, type, ins, empty, maps, loops,
                                   [&](OpBuilder &nested, Location l, ValueRange args) {
                                     OperationState state(l, inner->getName());
                                     state.addOperands(args.take_front(ins.size()));
                                     state.addTypes(type.getElementType());
                                     state.addAttributes(inner->getAttrs());
                                     Operation *scalar = nested.create(state);
                                     linalg::YieldOp::create(nested, l, scalar->getResult(0));
                                   })
      .getResult(0);
}
