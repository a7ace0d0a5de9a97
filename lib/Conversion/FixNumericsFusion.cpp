//===- FixNumericsFusion.cpp - Elementwise work in few bodies -------------===//
//
// Every op on tensors becomes a linalg.generic, and a chain of elementwise ops
// becomes one body. A producer is moved into its consumer only where that
// repeats no work: it has one use, both are all-parallel, and the consumer
// reads each element exactly once. Nothing crosses the border of a block, so
// the step of a recurrence keeps what it was given.
//
//===----------------------------------------------------------------------===//
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "seqc/Conversion/FixNumerics.h"

using namespace mlir;

namespace seqc {

/// Whether `op` computes ranked tensors element by element. Operands that are
/// not tensors (the condition of a select) are the same for every element.
static bool isElementwiseOnTensors(Operation *op) {
  return OpTrait::hasElementwiseMappableTraits(op) && op->getNumResults() > 0 &&
         llvm::all_of(op->getResultTypes(), llvm::IsaPred<RankedTensorType>) &&
         llvm::any_of(op->getOperandTypes(), llvm::IsaPred<RankedTensorType>);
}

/// The scalar of a splat constant tensor, built here; null when `value` is
/// none.
static Value splatScalar(OpBuilder &builder, Location loc, Value value) {
  DenseElementsAttr elements;
  if (!matchPattern(value, m_Constant(&elements)) || !elements.isSplat())
    return {};
  auto scalar = dyn_cast<TypedAttr>(elements.getSplatValue<Attribute>());
  return scalar ? arith::ConstantOp::create(builder, loc, scalar) : Value();
}

/// A value of the same shape that is not computed by linalg, so that asking for
/// its sizes does not count as a use of a result: the destination from which a
/// chain of linalg ops started.
static Value shapeSource(Value value) {
  while (auto op = value.getDefiningOp<linalg::LinalgOp>()) {
    if (!op.hasPureTensorSemantics())
      break;
    value = op.getDpsInitOperand(cast<OpResult>(value).getResultNumber())->get();
  }
  return value;
}

static SmallVector<OpFoldResult> sizesOf(RewriterBase &rewriter, Location loc, Value value) {
  Value source = shapeSource(value);
  if (auto empty = source.getDefiningOp<tensor::EmptyOp>())
    return empty.getMixedSizes();
  return tensor::getMixedSizes(rewriter, loc, source);
}

static SmallVector<Value> emptyResults(RewriterBase &rewriter, Operation *op, Value shape) {
  SmallVector<OpFoldResult> sizes = sizesOf(rewriter, op->getLoc(), shape);
  SmallVector<Value> empties;
  for (Type type : op->getResultTypes()) {
    auto tensorType = cast<RankedTensorType>(type);
    for (auto [size, extent] : llvm::zip(sizes, tensorType.getShape()))
      if (!ShapedType::isDynamic(extent))
        size = rewriter.getIndexAttr(extent);
    empties.push_back(
        tensor::EmptyOp::create(rewriter, op->getLoc(), sizes, tensorType.getElementType()));
  }
  return empties;
}

/// Asks `tensor.dim` of where a shape comes from instead of a result with that
/// shape.
static void redirectSizes(Operation *root) {
  SmallVector<tensor::DimOp> dims;
  root->walk([&](tensor::DimOp op) { dims.push_back(op); });
  for (tensor::DimOp op : dims) {
    Value source = shapeSource(op.getSource());
    auto empty = source.getDefiningOp<tensor::EmptyOp>();
    std::optional<int64_t> index = op.getConstantIndex();
    auto type = cast<ShapedType>(source.getType());
    if (empty && index && *index < type.getRank() && type.isDynamicDim(*index)) {
      op.replaceAllUsesWith(empty.getDynamicSize(*index));
      op.erase();
    } else if (source != op.getSource()) {
      op.getSourceMutable().assign(source);
    }
  }
}

/// Replaces an elementwise op by a linalg.generic whose body is that op on
/// scalars.
static void makeGeneric(RewriterBase &rewriter, Operation *op) {
  Location loc = op->getLoc();
  rewriter.setInsertionPoint(op);
  SmallVector<Value> operands(op->getOperands()), inputs;
  SmallVector<int64_t> inputOf(operands.size(), -1);
  Value shape;
  for (auto [i, operand] : llvm::enumerate(operands)) {
    if (!isa<RankedTensorType>(operand.getType()))
      continue;
    shape = shape ? shape : operand;
    if (Value scalar = splatScalar(rewriter, loc, operand)) {
      operands[i] = scalar;
      continue;
    }
    inputOf[i] = inputs.size();
    inputs.push_back(operand);
  }
  SmallVector<Value> outputs = emptyResults(rewriter, op, shape);
  int64_t rank = cast<RankedTensorType>(shape.getType()).getRank();
  SmallVector<AffineMap> maps(inputs.size() + outputs.size(),
                              rewriter.getMultiDimIdentityMap(rank));
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  auto body = [&](OpBuilder &nested, Location bodyLoc, ValueRange arguments) {
    SmallVector<Value> scalars(operands);
    for (auto [i, input] : llvm::enumerate(inputOf))
      if (input >= 0)
        scalars[i] = arguments[input];
    SmallVector<Type> types = llvm::map_to_vector(
        op->getResultTypes(), [](Type type) { return getElementTypeOrSelf(type); });
    Operation *scalar =
        nested.create(bodyLoc, op->getName().getIdentifier(), scalars, types, op->getAttrs());
    linalg::YieldOp::create(nested, bodyLoc, scalar->getResults());
  };
  auto generic = linalg::GenericOp::create(rewriter, loc, op->getResultTypes(), inputs, outputs,
                                           maps, iterators, body);
  rewriter.replaceOp(op, generic.getResults());
}

/// Elementwise ops and named ops become generics; softmax is taken apart first.
static void makeGenerics(IRRewriter &rewriter, Operation *root) {
  SmallVector<linalg::SoftmaxOp> softmaxes;
  root->walk([&](linalg::SoftmaxOp op) { softmaxes.push_back(op); });
  for (linalg::SoftmaxOp op : softmaxes) {
    rewriter.setInsertionPoint(op);
    if (FailureOr<SmallVector<Value>> parts = op.decomposeOperation(rewriter); succeeded(parts))
      rewriter.replaceOp(op, *parts);
  }
  SmallVector<Operation *> elementwise;
  SmallVector<linalg::LinalgOp> named;
  root->walk([&](Operation *op) {
    if (isElementwiseOnTensors(op))
      elementwise.push_back(op);
    else if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
             linalgOp && !isa<linalg::GenericOp, linalg::FillOp>(op))
      named.push_back(linalgOp);
  });
  for (Operation *op : elementwise)
    makeGeneric(rewriter, op);
  for (linalg::LinalgOp op : named) {
    rewriter.setInsertionPoint(op);
    // An op that cannot be generalised stays as it is.
    (void)linalg::generalizeNamedOp(rewriter, op);
  }
  redirectSizes(root);
}

static bool isWorthFusing(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  if (!producer || !consumer || producer->getBlock() != consumer->getBlock())
    return false;
  if (producer->getNumResults() != 1 || !operand->get().hasOneUse())
    return false;
  return producer.getNumParallelLoops() == producer.getNumLoops() &&
         consumer.getNumParallelLoops() == consumer.getNumLoops() &&
         consumer.getMatchingIndexingMap(operand).isPermutation();
}

LogicalResult fuseElementwise(Operation *root) {
  IRRewriter rewriter(root->getContext());
  makeGenerics(rewriter, root);
  RewritePatternSet patterns(root->getContext());
  linalg::populateElementwiseOpsFusionPatterns(patterns, isWorthFusing);
  GreedyRewriteConfig config;
  config.enableConstantCSE(false).setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
  return applyPatternsGreedily(root, std::move(patterns), config);
}

} // namespace seqc
