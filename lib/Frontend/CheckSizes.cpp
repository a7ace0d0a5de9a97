//===- CheckSizes.cpp - No size depends on tensor data --------------------===//
//
// A caller allocates outputs before the call, from the sizes of the inputs and
// the scalars alone. So from every size operand we walk backwards through
// scalars; a `tensor.extract` on the way is the fault. `tensor.dim` ends the
// walk: its tensor's sizes are checked where they are made. A worklist, not
// recursion: chains of scalars may be long.
//
//===----------------------------------------------------------------------===//
#include "CheckSizes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "seqc/Dialect/Seq/IR/Seq.h"
#include "llvm/ADT/SetVector.h"

using namespace llvm;
using namespace mlir;
using namespace seqc;

/// The operands of `op` that decide a size of its results or its number of
/// steps.
static SmallVector<Value> getSizeOperands(Operation *op) {
  if (auto empty = dyn_cast<tensor::EmptyOp>(op))
    return SmallVector<Value>(empty.getDynamicSizes());
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return SmallVector<Value>(slice.getSizes());
  if (auto pad = dyn_cast<tensor::PadOp>(op)) {
    SmallVector<Value> values(pad.getLow());
    llvm::append_range(values, pad.getHigh());
    return values;
  }
  if (auto generate = dyn_cast<tensor::GenerateOp>(op))
    return SmallVector<Value>(generate.getDynamicExtents());
  if (auto splat = dyn_cast<tensor::SplatOp>(op))
    return SmallVector<Value>(splat.getDynamicSizes());
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return SmallVector<Value>(expand.getOutputShape());
  if (auto recurrence = dyn_cast<seq::RecurrenceOp>(op))
    if (Value steps = recurrence.getSteps())
      return {steps};
  return {};
}

/// Adds what the block argument `argument` may stand for.
static void addSources(BlockArgument argument, llvm::SetVector<Value> &work) {
  Operation *parent = argument.getOwner()->getParentOp();
  unsigned index = argument.getArgNumber();
  if (auto loop = dyn_cast<scf::ForOp>(parent)) {
    work.insert_range(ValueRange{loop.getLowerBound(), loop.getUpperBound(), loop.getStep()});
    if (index > 0) {
      work.insert(loop.getInitArgs()[index - 1]);
      work.insert(loop.getYieldedValues()[index - 1]);
    }
    return;
  }
  if (auto function = dyn_cast<func::FuncOp>(parent)) {
    auto module = function->getParentOfType<ModuleOp>();
    module.walk([&](func::CallOp call) {
      if (call.getCallee() == function.getName())
        work.insert(call.getOperand(index));
    });
    return;
  }
  for (Value operand : parent->getOperands())
    if (!isa<TensorType>(operand.getType()))
      work.insert(operand);
}

/// Adds the scalars from which `op` computes.
static void addSources(Operation *op, llvm::SetVector<Value> &work) {
  for (Value operand : op->getOperands())
    if (!isa<TensorType>(operand.getType()))
      work.insert(operand);
  for (Region &region : op->getRegions())
    for (Block &block : region)
      if (block.mightHaveTerminator())
        for (Value operand : block.getTerminator()->getOperands())
          if (!isa<TensorType>(operand.getType()))
            work.insert(operand);
  auto call = dyn_cast<func::CallOp>(op);
  if (!call)
    return;
  auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(call, call.getCalleeAttr());
  if (callee && !callee.isDeclaration())
    for (Value operand : callee.getBody().front().getTerminator()->getOperands())
      if (!isa<TensorType>(operand.getType()))
        work.insert(operand);
}

/// The op that reads a tensor's element on which `value` depends, or null.
static Operation *findTensorRead(Value value) {
  llvm::SetVector<Value> work;
  work.insert(value);
  for (size_t i = 0; i < work.size(); ++i) {
    Value next = work[i];
    if (auto argument = dyn_cast<BlockArgument>(next)) {
      addSources(argument, work);
      continue;
    }
    Operation *op = next.getDefiningOp();
    if (isa<tensor::ExtractOp>(op))
      return op;
    if (!isa<tensor::DimOp, tensor::RankOp>(op))
      addSources(op, work);
  }
  return nullptr;
}

LogicalResult seqc::checkSizes(ModuleOp module) {
  bool ok = true;
  llvm::DenseMap<Value, Operation *> known;
  module.walk([&](Operation *op) {
    if (isa<tensor::ReshapeOp>(op)) {
      op->emitError() << "expected tensor.expand_shape or tensor.collapse_shape instead of "
                         "tensor.reshape, whose sizes are tensor data";
      ok = false;
    }
    for (Value size : getSizeOperands(op)) {
      auto [entry, isNew] = known.try_emplace(size, nullptr);
      if (isNew)
        entry->second = findTensorRead(size);
      if (!entry->second)
        continue;
      auto error = op->emitError() << "expected sizes that depend on the sizes of inputs and "
                                      "on scalars only, "
                                      "but one of '"
                                   << op->getName() << "' is computed from tensor data";
      error.attachNote(entry->second->getLoc()) << "the data is read here";
      error.attachNote() << "help: pass the size as a scalar argument (index)";
      ok = false;
      break;
    }
  });
  return success(ok);
}
