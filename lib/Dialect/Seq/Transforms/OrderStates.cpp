// Matrices of states with the modes of a channel side by side, as state-space models write them:
// a sum over modes then reads down columns, and vectors of channels do not lie in memory. Where
// nothing with a time axis has that shape, both dimensions change places.
#include "seqc/Dialect/Seq/Transforms/OrderStates.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace seqc;

/// Channels that are worth a vector.
static constexpr int64_t fewestChannels = 16;

static RankedTensorType typeOf(Value v) { return dyn_cast<RankedTensorType>(v.getType()); }

static RankedTensorType turned(RankedTensorType type) {
  SmallVector<int64_t> shape(type.getShape());
  std::swap(shape[shape.size() - 2], shape.back());
  return type.clone(shape);
}

namespace {
/// The values of a step that change with its states' order.
class Turned {
public:
  explicit Turned(seq::RecurrenceOp op) : op(op) {}
  /// Collects them; false if one cannot change.
  bool collect();
  /// True if the step adds up modes, and never channels.
  bool addsModes();
  void rewrite();

private:
  seq::RecurrenceOp op;
  llvm::SetVector<Value> values;

  bool has(Value v) { return values.contains(v); }
  bool addRelated(Operation &inner);
  bool canTurn(Value v);
  Value outside(OpBuilder &b, Value v);
  void turn(linalg::GenericOp generic);
};
} // namespace

/// Adds what must have the order of the values of `inner` that are turned; false if it has others.
bool Turned::addRelated(Operation &inner) {
  auto isTurned = [&](Value v) { return has(v); };
  if (llvm::none_of(inner.getOperands(), isTurned) && llvm::none_of(inner.getResults(), isTurned))
    return true;
  auto addAll = [&](ValueRange all) {
    for (Value v : all)
      if (typeOf(v))
        values.insert(v);
  };
  if (OpTrait::hasElementwiseMappableTraits(&inner)) {
    addAll(inner.getOperands());
    addAll(inner.getResults());
    return true;
  }
  auto linalgOp = dyn_cast<linalg::LinalgOp>(inner);
  if (linalgOp && linalgOp.hasPureTensorSemantics()) {
    for (auto [init, result] : llvm::zip_equal(linalgOp.getDpsInits(), inner.getResults()))
      if (has(init) || has(result))
        values.insert(init), values.insert(result);
    return !linalgOp.hasIndexSemantics() && llvm::all_of(inner.getOpOperands(), [&](OpOperand &o) {
      AffineMap map = linalgOp.getMatchingIndexingMap(&o);
      return !has(o.get()) || (map.getNumResults() == 2 && map.isProjectedPermutation());
    });
  }
  return isa<tensor::EmptyOp>(inner) ||
         (isa<arith::ConstantOp>(inner) &&
          isa<SplatElementsAttr>(cast<arith::ConstantOp>(inner).getValue()));
}

/// True for values of the step, and for those from outside that do not change over time.
bool Turned::canTurn(Value v) {
  if (typeOf(v).getShape() != typeOf(op.getStateArgs().front()).getShape())
    return false;
  auto isOneOf = [&](auto args) { return llvm::is_contained(args, v); };
  return !isOneOf(op.getInputArgs()) && !isOneOf(op.getSharedArgs());
}

bool Turned::collect() {
  RankedTensorType first = typeOf(op.getStateArgs().front());
  if (!first || first.getRank() != 2 || !first.hasStaticShape() || op.isPacked())
    return false;
  for (auto [state, next] : llvm::zip_equal(op.getStateArgs(), op.getYield().getNext())) {
    if (!typeOf(state) || typeOf(state).getShape() != first.getShape())
      return false;
    values.insert(state), values.insert(next);
  }
  for (size_t before = 0; before != values.size();) {
    before = values.size();
    for (Operation &inner : op.getBody()->without_terminator())
      if (!addRelated(inner))
        return false;
  }
  // Bodies of ops read nothing but their arguments.
  WalkResult reads = op.getStep().walk([&](Operation *inner) {
    bool nested = inner->getParentOp() != op;
    return nested && llvm::any_of(inner->getOperands(), [&](Value v) { return has(v); })
               ? WalkResult::interrupt()
               : WalkResult::advance();
  });
  return !reads.wasInterrupted() && llvm::all_of(values, [&](Value v) { return canTurn(v); }) &&
         llvm::none_of(op.getYield().getOut(), [&](Value v) { return has(v); });
}

bool Turned::addsModes() {
  bool found = false;
  for (auto linalgOp : op.getBody()->getOps<linalg::LinalgOp>())
    for (OpOperand &operand : linalgOp->getOpOperands()) {
      if (!has(operand.get()))
        continue;
      SmallVector<utils::IteratorType> loops = linalgOp.getIteratorTypesArray();
      AffineMap map = linalgOp.getMatchingIndexingMap(&operand);
      auto isReduced = [&](unsigned i) {
        return loops[map.getDimPosition(i)] == utils::IteratorType::reduction;
      };
      if (isReduced(0))
        return false;
      found |= isReduced(1);
    }
  return found;
}

/// `v`, a value from outside of the step, in the other order.
Value Turned::outside(OpBuilder &b, Value v) {
  RankedTensorType type = turned(typeOf(v));
  if (auto constant = v.getDefiningOp<arith::ConstantOp>())
    if (auto splat = dyn_cast<SplatElementsAttr>(constant.getValue()))
      return arith::ConstantOp::create(b, v.getLoc(), splat.resizeSplat(type));
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, v.getLoc(), v);
  std::swap(sizes[sizes.size() - 2], sizes.back());
  Value init = tensor::EmptyOp::create(b, v.getLoc(), sizes, type.getElementType());
  if (v.getDefiningOp<tensor::EmptyOp>())
    return init;
  SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
  std::swap(order[order.size() - 2], order.back());
  return linalg::TransposeOp::create(b, v.getLoc(), v, init, order)->getResult(0);
}

/// Lets `generic` read and write its turned operands; its loops follow what it writes.
void Turned::turn(linalg::GenericOp generic) {
  SmallVector<AffineMap> maps = generic.getIndexingMapsArray();
  SmallVector<utils::IteratorType> loops = generic.getIteratorTypesArray();
  for (auto [map, operand] : llvm::zip_equal(maps, generic->getOperands()))
    if (has(operand))
      map = AffineMap::get(map.getNumDims(), 0, {map.getResult(1), map.getResult(0)},
                           map.getContext());
  AffineMap out = maps.back();
  if (out.getNumResults() == 2 && out.getDimPosition(0) > out.getDimPosition(1)) {
    SmallVector<AffineExpr> dims;
    for (unsigned d = 0; d < out.getNumDims(); ++d)
      dims.push_back(getAffineDimExpr(d, out.getContext()));
    std::swap(dims[out.getDimPosition(0)], dims[out.getDimPosition(1)]);
    std::swap(loops[out.getDimPosition(0)], loops[out.getDimPosition(1)]);
    for (AffineMap &map : maps)
      map = map.replaceDimsAndSymbols(dims, {}, map.getNumDims(), 0);
  }
  Builder b(generic.getContext());
  generic.setIndexingMapsAttr(b.getAffineMapArrayAttr(maps));
  SmallVector<Attribute> types;
  for (utils::IteratorType loop : loops)
    types.push_back(linalg::IteratorTypeAttr::get(b.getContext(), loop));
  generic.setIteratorTypesAttr(b.getArrayAttr(types));
}

void Turned::rewrite() {
  IRRewriter rewriter(op.getContext());
  // Named ops say which loops they have by their names.
  for (auto named : llvm::to_vector(op.getBody()->getOps<linalg::LinalgOp>())) {
    if (isa<linalg::GenericOp, linalg::FillOp>(named) ||
        llvm::none_of(named->getOperands(), [&](Value v) { return has(v); }))
      continue;
    rewriter.setInsertionPoint(named);
    SmallVector<unsigned> results;
    for (OpResult result : named->getResults())
      if (has(result))
        results.push_back(result.getResultNumber());
    for (unsigned i : results)
      values.remove(named->getResult(i));
    linalg::GenericOp generic = *linalg::generalizeNamedOp(rewriter, named);
    for (unsigned i : results)
      values.insert(generic->getResult(i));
  }
  for (auto generic : op.getBody()->getOps<linalg::GenericOp>())
    if (llvm::any_of(generic->getOperands(), [&](Value v) { return has(v); }))
      turn(generic);
  rewriter.setInsertionPoint(op);
  for (OpOperand &operand : op.getInitialMutable())
    operand.set(outside(rewriter, operand.get()));
  for (auto [arg, operand] : llvm::zip_equal(op.getGivenArgs(), op.getGivenMutable()))
    if (has(arg))
      operand.set(outside(rewriter, operand.get()));
  Region *step = &op.getStep();
  for (Value v : values) {
    if (Operation *own = v.getDefiningOp(); own && own->getParentRegion() == step) {
      if (auto constant = dyn_cast<arith::ConstantOp>(own))
        constant.setValueAttr(
            cast<SplatElementsAttr>(constant.getValue()).resizeSplat(turned(typeOf(v))));
      v.setType(turned(typeOf(v)));
    } else if (isa<BlockArgument>(v) && v.getParentRegion() == step) {
      v.setType(turned(typeOf(v)));
    } else {
      Value other = outside(rewriter, v);
      rewriter.replaceUsesWithIf(
          v, other, [&](OpOperand &use) { return use.getOwner()->getParentRegion() == step; });
    }
  }
  rewriter.setInsertionPointAfter(op);
  for (Value last : op.getFinals()) {
    last.setType(turned(typeOf(last)));
    SmallVector<OpOperand *> uses;
    for (OpOperand &use : last.getUses())
      uses.push_back(&use);
    if (uses.empty())
      continue;
    Value back = outside(rewriter, last);
    for (OpOperand *use : uses)
      use->set(back);
  }
}

bool seqc::hasModesInnermost(seq::RecurrenceOp op) {
  Turned values(op);
  return values.collect() && typeOf(op.getStateArgs().front()).getDimSize(0) >= fewestChannels &&
         values.addsModes();
}

void seqc::putChannelsInnermost(seq::RecurrenceOp op) {
  Turned values(op);
  if (values.collect())
    values.rewrite();
}
