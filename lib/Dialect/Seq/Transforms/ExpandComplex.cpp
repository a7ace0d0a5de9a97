// Complex tensors become pairs of real ones: after this pass a step computes on reals alone.
//
// A value of complex type has two halves, real tensors of its shape. At the border of a function
// they are one tensor [.., 2] in the memory of the complex one: arguments are read by slices, and
// results are put together by two insertions (for an out that is only returned, in the step).
#include "ExpandComplex.h"
#include "seqc/Analysis/InferSignature.h"
#include "seqc/Dialect/Seq/Transforms/Passes.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"

namespace seqc {
#define GEN_PASS_DEF_EXPANDCOMPLEXPASS
#include "seqc/Dialect/Seq/Transforms/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {
/// Rewrites one function.
struct ComplexExpansion {
  func::FuncOp func;
  ComplexValues values;
  /// Values [.., 2] in place of complex ones: arguments, and outs that are only returned.
  DenseMap<Value, Value> packed;

  /// Named ops in general form, until they are erased with the other old ops.
  SmallVector<Operation *> generalized;

  explicit ComplexExpansion(func::FuncOp func) : func(func) {}

  SmallVector<Value> expanded(ValueRange operands);
  static SmallVector<Type> expanded(TypeRange types);
  void expandArguments(Block &block);
  void eraseComplexArguments(Block &block);
  Value pack(OpBuilder &b, Location loc, const Halves &halves);
  void bindResults(Operation *op, ValueRange fresh);
  LogicalResult onHalves(Operation *op);
  LogicalResult constant(arith::ConstantOp op);
  LogicalResult pad(tensor::PadOp op);
  LogicalResult fill(linalg::FillOp op);
  LogicalResult regionOp(Operation *op);
  SmallVector<Type> rewriteYield(seq::RecurrenceOp op);
  LogicalResult recurrence(seq::RecurrenceOp op);
  void terminator(Operation *op);
  LogicalResult process(Operation *op);
  LogicalResult processBlock(Block &block, function_ref<void()> rewriteEnd);
  void readArguments();
  LogicalResult run();
};
} // namespace

static RankedTensorType packedType(Type type) {
  auto half = cast<RankedTensorType>(halfType(type));
  SmallVector<int64_t> shape(half.getShape());
  shape.push_back(2);
  return RankedTensorType::get(shape, half.getElementType());
}

SmallVector<Value> ComplexExpansion::expanded(ValueRange operands) {
  SmallVector<Value> out;
  for (Value v : operands) {
    if (isComplex(v.getType()))
      llvm::append_range(out, values.halves.lookup(v));
    else
      out.push_back(v);
  }
  return out;
}

SmallVector<Type> ComplexExpansion::expanded(TypeRange types) {
  SmallVector<Type> out;
  for (Type type : types)
    out.append(isComplex(type) ? 2 : 1, isComplex(type) ? halfType(type) : type);
  return out;
}

/// Puts the halves of each complex argument behind it.
void ComplexExpansion::expandArguments(Block &block) {
  for (unsigned i = 0; i < block.getNumArguments(); ++i) {
    BlockArgument arg = block.getArgument(i);
    if (!isComplex(arg.getType()))
      continue;
    for (unsigned n : {0, 1})
      values.halves[arg][n] =
          block.insertArgument(i + 1 + n, halfType(arg.getType()), arg.getLoc());
    i += 2;
  }
}

void ComplexExpansion::eraseComplexArguments(Block &block) {
  block.eraseArguments([](BlockArgument arg) { return isComplex(arg.getType()); });
}

/// [.., 2] of two halves.
Value ComplexExpansion::pack(OpBuilder &b, Location loc, const Halves &halves) {
  auto slice = halves[0].getDefiningOp<tensor::ExtractSliceOp>();
  if (slice && packed.contains(slice.getSource()) &&
      values.halves.lookup(packed.lookup(slice.getSource())) == halves)
    return slice.getSource();
  auto type = cast<RankedTensorType>(halves[0].getType());
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, halves[0]);
  SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0)), whole = sizes;
  whole.push_back(b.getIndexAttr(2));
  sizes.push_back(b.getIndexAttr(1));
  SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
  Value out = tensor::EmptyOp::create(b, loc, whole, type.getElementType());
  offsets.emplace_back();
  for (unsigned n : {0, 1}) {
    offsets.back() = b.getIndexAttr(n);
    out = tensor::InsertSliceOp::create(b, loc, halves[n], out, offsets, sizes, strides);
  }
  return out;
}

/// `fresh` are the results of the op that replaces `op`.
void ComplexExpansion::bindResults(Operation *op, ValueRange fresh) {
  unsigned next = 0;
  for (Value result : op->getResults()) {
    if (isComplex(result.getType())) {
      values.halves[result] = {fresh[next], fresh[next + 1]};
      next += 2;
    } else {
      result.replaceAllUsesWith(fresh[next++]);
    }
  }
}

/// Ops that move elements: the same op for each half.
LogicalResult ComplexExpansion::onHalves(Operation *op) {
  OpBuilder b(op);
  for (unsigned n : {0, 1}) {
    IRMapping map;
    for (Value v : op->getOperands())
      if (isComplex(v.getType()))
        map.map(v, values.half(v, n));
    Operation *fresh = b.clone(*op, map);
    for (auto [old, result] : llvm::zip(op->getResults(), fresh->getResults())) {
      if (!isComplex(old.getType())) {
        old.replaceAllUsesWith(result);
        continue;
      }
      result.setType(halfType(old.getType()));
      values.halves[old][n] = result;
    }
  }
  return success();
}

/// The bytes of half `n` of a constant's elements.
static std::vector<char> halfOf(ArrayRef<char> data, int64_t bytes, unsigned n) {
  std::vector<char> out;
  out.reserve(data.size() / 2);
  for (size_t at = n * bytes; at < data.size(); at += 2 * bytes)
    out.insert(out.end(), data.begin() + at, data.begin() + at + bytes);
  return out;
}

LogicalResult ComplexExpansion::constant(arith::ConstantOp op) {
  ArrayRef<char> data;
  if (auto dense = dyn_cast<DenseElementsAttr>(op.getValue()))
    data = dense.getRawData();
  else if (auto resource = dyn_cast<DenseResourceElementsAttr>(op.getValue()))
    data = resource.getRawHandle().getBlob()->getData();
  else
    return op.emitOpError("expected a dense constant");
  auto type = cast<RankedTensorType>(halfType(op.getType()));
  OpBuilder b(op);
  for (unsigned n : {0, 1})
    values.halves[op.getResult()][n] =
        arith::ConstantOp::create(b, op.getLoc(),
                                  DenseElementsAttr::getFromRawBuffer(
                                      type, halfOf(data, type.getElementTypeBitWidth() / 8, n)));
  return success();
}

LogicalResult ComplexExpansion::pad(tensor::PadOp op) {
  Value padding = op.getConstantPaddingValue();
  if (!padding)
    return op.emitOpError("expected a constant where complex numbers are padded");
  OpBuilder b(op);
  if (!values.halves.contains(padding) &&
      failed(expandComplexScalar(b, padding.getDefiningOp(), values)))
    return failure();
  for (unsigned n : {0, 1})
    values.halves[op.getResult()][n] =
        tensor::PadOp::create(b, op.getLoc(), cast<RankedTensorType>(halfType(op.getType())),
                              values.half(op.getSource(), n), op.getMixedLowPad(),
                              op.getMixedHighPad(), values.half(padding, n), op.getNofold());
  return success();
}

LogicalResult ComplexExpansion::fill(linalg::FillOp op) {
  OpBuilder b(op);
  for (unsigned n : {0, 1})
    values.halves[op.getResult(0)][n] =
        linalg::FillOp::create(b, op.getLoc(), values.half(op.value(), n),
                               values.half(op.output(), n))
            .getResult(0);
  return success();
}

/// scf.if, scf.for, seq.combine: operands, arguments and results in pairs.
LogicalResult ComplexExpansion::regionOp(Operation *op) {
  for (Region &region : op->getRegions())
    for (Block &block : region) {
      expandArguments(block);
      if (failed(processBlock(block, [&] { terminator(block.getTerminator()); })))
        return failure();
      eraseComplexArguments(block);
    }
  OpBuilder b(op);
  OperationState state(op->getLoc(), op->getName(), expanded(op->getOperands()),
                       expanded(op->getResultTypes()), op->getAttrs());
  for (Region &region : op->getRegions())
    state.addRegion()->takeBody(region);
  bindResults(op, b.create(state)->getResults());
  return success();
}

/// True if an out is wanted in memory, as the border has it, and nowhere else.
static bool onlyReturned(Value out) {
  return !out.use_empty() && isComplex(out.getType()) &&
         llvm::all_of(out.getUsers(),
                      [](Operation *user) { return isa<func::ReturnOp, tensor::DimOp>(user); });
}

/// Yields halves, or one tensor of two for an out that is only returned; the types of the outs.
SmallVector<Type> ComplexExpansion::rewriteYield(seq::RecurrenceOp op) {
  seq::YieldOp yield = op.getYield();
  SmallVector<Type> types;
  OpBuilder inside(yield);
  SmallVector<Value> outs;
  for (auto [v, result] : llvm::zip_equal(yield.getOut(), op.getOuts())) {
    if (onlyReturned(result)) {
      outs.push_back(pack(inside, yield.getLoc(), values.halves.lookup(v)));
      types.push_back(packedType(result.getType()));
    } else {
      llvm::append_range(outs, expanded(v));
      llvm::append_range(types, expanded(TypeRange(result.getType())));
    }
  }
  seq::YieldOp::create(inside, yield.getLoc(), expanded(yield.getNext()), outs);
  yield.erase();
  return types;
}

LogicalResult ComplexExpansion::recurrence(seq::RecurrenceOp op) {
  expandArguments(*op.getBody());
  SmallVector<Type> types;
  if (failed(processBlock(*op.getBody(), [&] { types = rewriteYield(op); })))
    return failure();
  eraseComplexArguments(*op.getBody());
  llvm::append_range(types, expanded(op.getFinals().getTypes()));
  OpBuilder b(op);
  auto fresh = seq::RecurrenceOp::create(
      b, op.getLoc(), types, expanded(op.getInputs()), expanded(op.getShared()),
      expanded(op.getGiven()), op.getResets(), op.getSteps(), expanded(op.getInitial()),
      op.getReverseAttr(), op.getNarrowStateAttr(), op.getTimeAttr(), op.getScheduleAttr());
  fresh->setDiscardableAttrs(llvm::to_vector(op->getDiscardableAttrs()));
  fresh.getStep().takeBody(op.getStep());
  unsigned next = 0;
  for (Value result : op.getResults()) {
    if (onlyReturned(result) && cast<OpResult>(result).getResultNumber() < op.getNumOuts()) {
      packed[result] = fresh->getResult(next++);
    } else if (isComplex(result.getType())) {
      values.halves[result] = {fresh->getResult(next), fresh->getResult(next + 1)};
      next += 2;
    } else {
      result.replaceAllUsesWith(fresh->getResult(next++));
    }
  }
  return success();
}

/// The end of a region: pairs, or at the border of the function one tensor of two.
void ComplexExpansion::terminator(Operation *op) {
  OpBuilder b(op);
  if (auto yield = dyn_cast<seq::YieldOp>(op)) {
    seq::YieldOp::create(b, yield.getLoc(), expanded(yield.getNext()), expanded(yield.getOut()));
    yield.erase();
    return;
  }
  if (!isa<func::ReturnOp>(op)) {
    op->setOperands(expanded(op->getOperands()));
    return;
  }
  SmallVector<Value> returned;
  for (Value v : op->getOperands()) {
    if (!isComplex(v.getType()))
      returned.push_back(v);
    else if (Value whole = packed.lookup(v))
      returned.push_back(whole);
    else
      returned.push_back(pack(b, op->getLoc(), values.halves.lookup(v)));
  }
  op->setOperands(returned);
}

LogicalResult ComplexExpansion::process(Operation *op) {
  if (auto recurrenceOp = dyn_cast<seq::RecurrenceOp>(op))
    return recurrence(recurrenceOp);
  if (isa<scf::IfOp, scf::ForOp, seq::CombineOp>(op))
    return regionOp(op);
  if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    Value whole = packed.lookup(dim.getSource());
    OpBuilder b(op);
    Value source = whole ? whole : values.half(dim.getSource(), 0);
    dim.replaceAllUsesWith(
        tensor::DimOp::create(b, dim.getLoc(), source, dim.getIndex()).getResult());
    return success();
  }
  if (auto padOp = dyn_cast<tensor::PadOp>(op))
    return pad(padOp);
  if (auto fillOp = dyn_cast<linalg::FillOp>(op))
    return fill(fillOp);
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    return expandComplexGeneric(generic, values);
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
    IRRewriter rewriter(op->getContext());
    rewriter.setInsertionPoint(op);
    FailureOr<linalg::GenericOp> generic = linalg::generalizeNamedOp(rewriter, linalgOp);
    if (failed(generic))
      return op->emitError() << "expected a linalg op on complex numbers that linalg.generic can "
                                "express, but got '"
                             << op->getName() << "'";
    generalized.push_back(*generic);
    return expandComplexGeneric(*generic, values);
  }
  if (auto constantOp = dyn_cast<arith::ConstantOp>(op))
    return constant(constantOp);
  if (isa<tensor::EmptyOp, tensor::ExtractSliceOp, tensor::InsertSliceOp, tensor::ExpandShapeOp,
          tensor::CollapseShapeOp, tensor::CastOp, tensor::ConcatOp, tensor::SplatOp,
          tensor::ExtractOp, tensor::InsertOp, tensor::FromElementsOp, seq::DelayOp>(op))
    return onHalves(op);
  if (isa<arith::SelectOp>(op))
    return onHalves(op);
  SmallVector<Value> results(op->getResults());
  OpBuilder b(op);
  if (op->getNumRegions() || failed(expandComplexScalar(b, op, values)))
    return op->getNumRegions() ? op->emitError() << "expected complex numbers in ops without "
                                                    "regions, but got '"
                                                 << op->getName() << "'"
                               : failure();
  for (Value result : results)
    if (Value real = values.others.lookupOrNull(result))
      result.replaceAllUsesWith(real);
  return success();
}

/// All ops of `block`; its terminator by `rewriteEnd`, after which nobody reads the old ops.
LogicalResult ComplexExpansion::processBlock(Block &block, function_ref<void()> rewriteEnd) {
  SmallVector<Operation *> old;
  for (Operation &op : llvm::make_early_inc_range(block.without_terminator())) {
    if (!touchesComplex(&op))
      continue;
    bool named = isa<linalg::LinalgOp>(op) && !isa<linalg::GenericOp, linalg::FillOp>(op);
    if (failed(process(&op)))
      return failure();
    old.push_back(named ? generalized.pop_back_val() : &op);
  }
  rewriteEnd();
  for (Operation *op : llvm::reverse(old))
    op->erase();
  return success();
}

/// Arguments become [.., 2], with a slice for each half.
void ComplexExpansion::readArguments() {
  Block &entry = func.front();
  OpBuilder b = OpBuilder::atBlockBegin(&entry);
  for (unsigned i = 0; i < entry.getNumArguments(); ++i) {
    BlockArgument old = entry.getArgument(i);
    if (!isComplex(old.getType()))
      continue;
    Location loc = old.getLoc();
    BlockArgument arg = entry.insertArgument(i + 1, packedType(old.getType()), loc);
    packed[old] = arg;
    packed[arg] = old;
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, arg);
    sizes.back() = b.getIndexAttr(1);
    SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0)),
        strides(sizes.size(), b.getIndexAttr(1));
    for (unsigned n : {0, 1}) {
      offsets.back() = b.getIndexAttr(n);
      values.halves[old][n] = tensor::ExtractSliceOp::create(
          b, loc, cast<RankedTensorType>(halfType(old.getType())), arg, offsets, sizes, strides);
    }
    ++i;
  }
}

LogicalResult ComplexExpansion::run() {
  SmallVector<Type> arguments, results;
  for (auto [i, type] : llvm::enumerate(func.getArgumentTypes())) {
    arguments.push_back(isComplex(type) ? packedType(type) : type);
    if (isComplex(type))
      func.setArgAttr(i, complexAttr, UnitAttr::get(func.getContext()));
  }
  for (auto [i, type] : llvm::enumerate(func.getResultTypes())) {
    results.push_back(isComplex(type) ? packedType(type) : type);
    if (isComplex(type))
      func.setResultAttr(i, complexAttr, UnitAttr::get(func.getContext()));
  }
  readArguments();
  Block &entry = func.front();
  if (failed(processBlock(entry, [&] { terminator(entry.getTerminator()); })))
    return failure();
  eraseComplexArguments(entry);
  func.setFunctionType(FunctionType::get(func.getContext(), arguments, results));
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(entry)))
    if (isOpTriviallyDead(&op))
      op.erase();
  return success();
}

namespace {
struct ExpandComplexPass : seqc::impl::ExpandComplexPassBase<ExpandComplexPass> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (!func.isDeclaration() && touchesComplex(func) && failed(ComplexExpansion(func).run()))
        return signalPassFailure();
  }
};
} // namespace
