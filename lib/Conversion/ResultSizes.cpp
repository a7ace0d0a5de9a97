// Sizes as functions of the arguments' sizes: walk from a value to its definition until only
// arguments and constants are left.
#include "seqc/Conversion/ResultSizes.h"
#include "seqc/Dialect/Seq/IR/Seq.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"

using namespace mlir;
using namespace seqc;

namespace {
struct SizeWalk {
  OpBuilder &b;
  llvm::function_ref<Value(BlockArgument, int64_t)> argumentSize;

  FailureOr<Value> size(Value value, int64_t dim);
  FailureOr<Value> index(Value value);
  FailureOr<Value> index(OpFoldResult value, Location loc);
  FailureOr<Value> sizeOfSeq(OpResult result, int64_t dim);
  FailureOr<Value> sizeOfStepArgument(BlockArgument arg, int64_t dim);
};
} // namespace

FailureOr<Value> SizeWalk::index(OpFoldResult value, Location loc) {
  if (auto v = dyn_cast<Value>(value))
    return index(v);
  return arith::ConstantIndexOp::create(b, loc, *getConstantIntValue(value)).getResult();
}

/// An index computation, rebuilt on sizes of arguments.
FailureOr<Value> SizeWalk::index(Value value) {
  if (auto arg = dyn_cast<BlockArgument>(value)) {
    if (!arg.getType().isIndex() || !isa<func::FuncOp>(arg.getOwner()->getParentOp()))
      return failure();
    return argumentSize(arg, 0);
  }
  Operation *op = value.getDefiningOp();
  if (auto dimOp = dyn_cast<tensor::DimOp>(op)) {
    std::optional<int64_t> dim = dimOp.getConstantIndex();
    if (!dim)
      return failure();
    return size(dimOp.getSource(), *dim);
  }
  bool arithmetic = isa<arith::ArithDialect, affine::AffineDialect>(op->getDialect());
  if (!arithmetic || op->getNumRegions() || !isMemoryEffectFree(op))
    return failure();
  IRMapping map;
  for (Value operand : op->getOperands()) {
    FailureOr<Value> mapped = index(operand);
    if (failed(mapped))
      return failure();
    map.map(operand, *mapped);
  }
  b.clone(*op, map);
  return map.lookup(value);
}

FailureOr<Value> SizeWalk::sizeOfStepArgument(BlockArgument arg, int64_t dim) {
  auto op = dyn_cast<seq::RecurrenceOp>(arg.getOwner()->getParentOp());
  if (!op)
    return failure();
  unsigned fromEnd = op.getBody()->getNumArguments() - arg.getArgNumber();
  Value whole = fromEnd <= op.getNumStates() ? op->getOperand(op->getNumOperands() - fromEnd)
                                             : op->getOperand(arg.getArgNumber());
  int64_t leading = cast<RankedTensorType>(whole.getType()).getRank() -
                    cast<RankedTensorType>(arg.getType()).getRank();
  return size(whole, leading + dim);
}

FailureOr<Value> SizeWalk::sizeOfSeq(OpResult result, int64_t dim) {
  if (auto delay = dyn_cast<seq::DelayOp>(result.getOwner())) {
    int64_t time = delay.getTime();
    if (result == delay.getFinal())
      return size(delay.getInitial(), dim);
    return size(delay.getInput(), dim > time ? dim - 1 : dim);
  }
  auto op = cast<seq::RecurrenceOp>(result.getOwner());
  unsigned n = result.getResultNumber();
  if (n >= op.getNumOuts())
    return size(op.getInitial()[n - op.getNumOuts()], dim);
  int64_t batch = op.getBatchRank(), time = op.getTimeAxis();
  if (dim > batch)
    return size(op.getYield().getOut()[n], dim - batch - 1);
  if (dim != time)
    return size(op.getInitial().front(), dim < time ? dim : dim - 1);
  if (op.getSteps())
    return index(op.getSteps());
  if (!op.getInputs().empty())
    return size(op.getInputs().front(), time);
  if (op.getResets())
    return size(op.getResets(), time);
  return size(op.getShared().front(), 0);
}

FailureOr<Value> SizeWalk::size(Value value, int64_t dim) {
  auto type = cast<RankedTensorType>(value.getType());
  Location loc = value.getLoc();
  if (!type.isDynamicDim(dim))
    return arith::ConstantIndexOp::create(b, loc, type.getDimSize(dim)).getResult();
  if (auto arg = dyn_cast<BlockArgument>(value)) {
    if (isa<func::FuncOp>(arg.getOwner()->getParentOp()))
      return argumentSize(arg, dim);
    if (auto loop = dyn_cast<scf::ForOp>(arg.getOwner()->getParentOp()))
      if (OpOperand *init = loop.getTiedLoopInit(arg))
        return size(init->get(), dim);
    return sizeOfStepArgument(arg, dim);
  }
  auto result = cast<OpResult>(value);
  Operation *op = result.getOwner();
  if (isa<seq::RecurrenceOp, seq::DelayOp>(op))
    return sizeOfSeq(result, dim);
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return size(loop.getInitArgs()[result.getResultNumber()], dim);
  if (auto choice = dyn_cast<scf::IfOp>(op))
    return size(choice.thenYield()->getOperand(result.getResultNumber()), dim);
  if (auto dps = dyn_cast<DestinationStyleOpInterface>(op))
    return size(dps.getTiedOpOperand(result)->get(), dim);
  if (auto cast = dyn_cast<tensor::CastOp>(op))
    return size(cast.getSource(), dim);
  if (op->hasTrait<OpTrait::Elementwise>())
    return size(op->getOperand(op->getNumOperands() - 1), dim);
  ReifiedRankedShapedTypeDims shapes;
  OpBuilder before(op);
  if (failed(reifyResultShapes(before, op, shapes)))
    return failure();
  return index(shapes[result.getResultNumber()][dim], loc);
}

FailureOr<Value> seqc::resultSize(OpBuilder &b, Value value, int64_t dim,
                                  llvm::function_ref<Value(BlockArgument, int64_t)> argumentSize) {
  return SizeWalk{b, argumentSize}.size(value, dim);
}
