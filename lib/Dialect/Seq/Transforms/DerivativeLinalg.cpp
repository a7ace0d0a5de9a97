// Derivatives of linalg ops, through their bodies.
//
// An op whose loops are all parallel becomes one op that yields its values and their tangents. A
// sum over other loops stays as it is, and each direction gets a sum of its own: the change of a
// term does not depend on the sum so far. Any other reduction becomes one op that carries the
// tangents beside the values: the derivative of a maximum needs to know which one was taken.
#include "seqc/Dialect/Seq/Transforms/Derivative.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace seqc;

/// True if every result is a sum: its accumulator is read once, to add something to it.
static bool isSum(linalg::LinalgOp op) {
  Block *body = op.getBlock();
  for (auto [k, v] : llvm::enumerate(body->getTerminator()->getOperands())) {
    BlockArgument sum = op.getMatchingBlockArgument(op.getDpsInitOperand(k));
    Operation *last = v.getDefiningOp();
    bool adds = isa_and_nonnull<arith::AddFOp>(last) ||
                (isa_and_nonnull<arith::SubFOp>(last) && last->getOperand(0) == sum) ||
                (isa_and_nonnull<math::FmaOp>(last) && last->getOperand(2) == sum);
    if (!adds || !sum.hasOneUse() || *sum.user_begin() != last || !v.hasOneUse())
      return false;
  }
  return true;
}

/// An op with the loops of `op`, other operands, and a body that `write` writes at `b` and of which
/// it returns what is yielded, or nothing after an error.
linalg::GenericOp Derivative::makeGeneric(linalg::LinalgOp op, ArrayRef<Value> ins,
                                          ArrayRef<Value> outs, ArrayRef<AffineMap> maps,
                                          WriteBody write) {
  SmallVector<Type> types = llvm::map_to_vector(outs, [](Value v) { return v.getType(); });
  auto generic =
      linalg::GenericOp::create(b, op.getLoc(), types, ins, outs, maps, op.getIteratorTypesArray());
  OpBuilder::InsertionGuard guard(b);
  Block *body = b.createBlock(&generic.getRegion());
  for (ArrayRef<Value> operands : {ins, outs})
    for (Value v : operands)
      body->addArgument(getElementTypeOrSelf(v.getType()), op.getLoc());
  SmallVector<Value> yielded = write(body->getArguments());
  if (yielded.empty())
    return {};
  linalg::YieldOp::create(b, op.getLoc(), yielded);
  eraseUnused(*body, [&](Value v) { forget(v); });
  return generic;
}

/// Leaves out what the body does not read, where the sizes of all loops are known without it.
void Derivative::dropUnusedInputs(linalg::GenericOp op) {
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  for (unsigned i = op.getNumDpsInputs(); i-- > 0;) {
    SmallVector<AffineMap> kept = maps;
    kept.erase(kept.begin() + i);
    BlockArgument arg = op.getBody()->getArgument(i);
    if (!arg.use_empty() || !inversePermutation(concatAffineMaps(kept, op.getContext())))
      continue;
    forget(arg);
    op.getBody()->eraseArgument(i);
    op.getInputsMutable().erase(i);
    maps = kept;
  }
  op.setIndexingMapsAttr(Builder(op.getContext()).getAffineMapArrayAttr(maps));
}

/// Somewhere to write values like `v`, or zeros where what was there is read.
static Value destination(OpBuilder &b, Location loc, Value v, bool isRead) {
  Type element = getElementTypeOrSelf(v.getType());
  Value empty = tensor::EmptyOp::create(b, loc, tensor::getMixedSizes(b, loc, v), element);
  if (!isRead)
    return empty;
  Value zero = arith::ConstantOp::create(b, loc, b.getFloatAttr(element, 0));
  return linalg::FillOp::create(b, loc, zero, empty).getResult(0);
}

LogicalResult Derivative::copyStructured(linalg::LinalgOp op, ArrayRef<unsigned> active) {
  if (!op.hasPureTensorSemantics())
    return op->emitError("expected a linalg op on tensors, but got one on buffers");
  if (op.getNumReductionLoops() == 0 || !isSum(op))
    return copyMap(op, active);
  b.clone(*op, map);
  for (unsigned d : active)
    if (failed(copySum(op, d)))
      return failure();
  return success();
}

/// Values and tangents in one op.
LogicalResult Derivative::copyMap(linalg::LinalgOp op, ArrayRef<unsigned> active) {
  SmallVector<Value> ins, outs;
  SmallVector<AffineMap> maps, outMaps;
  SmallVector<Value> arguments; // of op's body, in the order of the new operands
  SmallVector<std::pair<Value, unsigned>> changed, changedOuts;
  auto bodyOf = [&](OpOperand &operand) { return op.getMatchingBlockArgument(&operand); };
  for (OpOperand *input : op.getDpsInputOperands()) {
    ins.push_back(copyOf(input->get()));
    maps.push_back(op.getMatchingIndexingMap(input));
    arguments.push_back(bodyOf(*input));
  }
  for (OpOperand *input : op.getDpsInputOperands())
    for (unsigned d : active)
      if (Value t = tangentOf(input->get(), d)) {
        ins.push_back(t);
        maps.push_back(op.getMatchingIndexingMap(input));
        changed.push_back({bodyOf(*input), d});
      }
  for (OpOperand &init : op.getDpsInitsMutable()) {
    outs.push_back(copyOf(init.get()));
    outMaps.push_back(op.getMatchingIndexingMap(&init));
  }
  for (OpOperand &init : op.getDpsInitsMutable())
    for (unsigned d : active) {
      if (!isDifferentiable(init.get().getType()))
        continue;
      Value t = tangentOf(init.get(), d);
      bool isRead = !bodyOf(init).use_empty();
      outs.push_back(t ? t
                       : destination(b, op.getLoc(),
                                     outs[init.getOperandNumber() - op.getNumDpsInputs()], isRead));
      outMaps.push_back(op.getMatchingIndexingMap(&init));
      changedOuts.push_back({bodyOf(init), d});
    }
  llvm::append_range(maps, outMaps);
  auto write = [&](Block::BlockArgListType args) -> SmallVector<Value> {
    llvm::DenseMap<Value, Tangents> given;
    auto note = [&](ArrayRef<std::pair<Value, unsigned>> list, unsigned at) {
      for (auto [v, d] : list) {
        given[v].resize(directions);
        given[v][d] = args[at++];
      }
    };
    note(changed, arguments.size());
    note(changedOuts, ins.size() + op.getNumDpsInits());
    for (OpOperand *input : op.getDpsInputOperands())
      bind(bodyOf(*input), args[input->getOperandNumber()], given.lookup(bodyOf(*input)));
    for (auto [k, init] : llvm::enumerate(op.getDpsInitsMutable()))
      bind(bodyOf(init), args[ins.size() + k], given.lookup(bodyOf(init)));
    if (failed(copyBody(op.getBlock())))
      return {};
    return withTangents(op.getBlock()->getTerminator()->getOperands(), active);
  };
  linalg::GenericOp fresh = makeGeneric(op, ins, outs, maps, write);
  if (!fresh)
    return failure();
  takeResults(op->getResults(), fresh->getResults(), active);
  return success();
}

/// The sum of what the terms change by. Its accumulators stand for those of the values, which are
/// not read.
LogicalResult Derivative::copySum(linalg::LinalgOp op, unsigned direction) {
  SmallVector<Value> ins, outs;
  SmallVector<AffineMap> maps;
  SmallVector<Value> changed;
  auto bodyOf = [&](OpOperand &operand) { return op.getMatchingBlockArgument(&operand); };
  for (OpOperand *input : op.getDpsInputOperands()) {
    ins.push_back(copyOf(input->get()));
    maps.push_back(op.getMatchingIndexingMap(input));
  }
  for (OpOperand *input : op.getDpsInputOperands())
    if (Value t = tangentOf(input->get(), direction)) {
      ins.push_back(t);
      maps.push_back(op.getMatchingIndexingMap(input));
      changed.push_back(bodyOf(*input));
    }
  for (OpOperand &init : op.getDpsInitsMutable()) {
    Value t = tangentOf(init.get(), direction);
    outs.push_back(t ? t : destination(b, op.getLoc(), copyOf(init.get()), /*isRead=*/true));
    maps.push_back(op.getMatchingIndexingMap(&init));
  }
  auto write = [&](Block::BlockArgListType args) -> SmallVector<Value> {
    unsigned inputs = op.getNumDpsInputs();
    for (OpOperand *input : op.getDpsInputOperands()) {
      Tangents given(directions);
      for (auto [k, v] : llvm::enumerate(changed))
        if (v == bodyOf(*input))
          given[direction] = args[inputs + k];
      bind(bodyOf(*input), args[input->getOperandNumber()], given);
    }
    for (auto [k, init] : llvm::enumerate(op.getDpsInitsMutable())) {
      Tangents given(directions);
      given[direction] = args[ins.size() + k];
      bind(bodyOf(init), args[ins.size() + k], given);
    }
    if (failed(copyBody(op.getBlock())))
      return {};
    return llvm::map_to_vector(op.getBlock()->getTerminator()->getOperands(),
                               [&](Value v) { return tangentOrZero(v, direction); });
  };
  linalg::GenericOp fresh = makeGeneric(op, ins, outs, maps, write);
  if (!fresh)
    return failure();
  dropUnusedInputs(fresh);
  for (auto [result, t] : llvm::zip_equal(op->getResults(), fresh->getResults()))
    add(copyOf(result), direction, t);
  return success();
}

/// As the ops that it stands for.
LogicalResult Derivative::copySoftmax(linalg::SoftmaxOp op) {
  OpBuilder at(op);
  auto parts = cast<linalg::SoftmaxOp>(at.clone(*op));
  Operation *end = parts;
  FailureOr<SmallVector<Value>> results = parts.decomposeOperation(at);
  if (failed(results))
    return op.emitError("expected a softmax that can be taken apart, but got this one");
  SmallVector<Operation *> made;
  for (Operation *inner = end->getNextNode(); inner != op.getOperation();
       inner = inner->getNextNode())
    made.push_back(inner);
  LogicalResult status = success();
  for (Operation *inner : made)
    if (succeeded(status))
      status = copy(inner);
  if (succeeded(status))
    map.map(op->getResult(0), copyOf(results->front()));
  for (Operation *inner : llvm::reverse(made))
    inner->erase();
  parts.erase();
  return status;
}
