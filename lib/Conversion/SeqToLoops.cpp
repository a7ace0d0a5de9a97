// The naive lowering: the meaning of each seq op, one sequence and one step at a time. It
// ignores schedules, never refuses, and is what every faster plan is compared with.
//
//   for each batch index: h = initial
//     for t in 0 … T-1 (or backwards): h, y[t] = step(x[t], h)
//
// The steps of packed sequence n are cu[n] … cu[n+1]-1 instead.
//
// Everything stays on tensors; bufferization makes the slices views.
#include "seqc/Conversion/Passes.h"
#include "seqc/Dialect/Seq/IR/Seq.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"

namespace seqc {
#define GEN_PASS_DEF_CONVERTSEQTOLOOPSPASS
#include "seqc/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

static Value asValue(OpBuilder &b, Location loc, OpFoldResult v) {
  return getValueOrCreateConstantIndexOp(b, loc, v);
}

/// The step-shaped slice of `whole` at `leading` indices.
static Value sliceAt(OpBuilder &b, Location loc, Value whole, ValueRange leading,
                     RankedTensorType step) {
  RankedTensorType type = typeOf(whole);
  SmallVector<OpFoldResult> offsets(leading.begin(), leading.end()), sizes, strides;
  sizes.assign(leading.size(), b.getIndexAttr(1));
  for (int64_t i = leading.size(); i < type.getRank(); ++i) {
    offsets.push_back(b.getIndexAttr(0));
    sizes.push_back(tensor::getMixedSize(b, loc, whole, i));
  }
  strides.assign(type.getRank(), b.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(b, loc, step, whole, offsets, sizes, strides);
}

static Value insertAt(OpBuilder &b, Location loc, Value step, Value whole, ValueRange leading) {
  RankedTensorType type = typeOf(whole);
  SmallVector<OpFoldResult> offsets(leading.begin(), leading.end()), sizes, strides;
  sizes.assign(leading.size(), b.getIndexAttr(1));
  for (int64_t i = leading.size(); i < type.getRank(); ++i) {
    offsets.push_back(b.getIndexAttr(0));
    sizes.push_back(tensor::getMixedSize(b, loc, step, i - leading.size()));
  }
  strides.assign(type.getRank(), b.getIndexAttr(1));
  return tensor::InsertSliceOp::create(b, loc, step, whole, offsets, sizes, strides);
}

/// `leading` batch indices with `t` put in at the time axis.
static SmallVector<Value> withTime(ArrayRef<Value> batch, Value t, int64_t axis) {
  SmallVector<Value> indices(batch);
  indices.insert(indices.begin() + axis, t);
  return indices;
}

namespace {
/// Lowers one recurrence.
struct RecurrenceLowering {
  seq::RecurrenceOp op;
  OpBuilder b;
  Location loc;
  IRMapping map;

  explicit RecurrenceLowering(seq::RecurrenceOp op) : op(op), b(op), loc(op.getLoc()) {}

  /// Sizes of an out's step shape. They may be dynamic: then the step is asked for them once,
  /// on a copy of it whose values nobody uses.
  SmallVector<OpFoldResult> stepSizes(Value out);

  /// Empty tensors for all results.
  SmallVector<Value> emptyResults();

  /// Indices of step `t` in what has a time axis.
  SmallVector<Value> indicesOf(ArrayRef<Value> batch, Value t) {
    return withTime(op.isPacked() ? ArrayRef<Value>() : batch, t, op.getTimeAxis());
  }

  /// First step of the sequence (null: 0) and how many it has.
  std::pair<Value, Value> stepsOf(ArrayRef<Value> batch);

  /// Runs the step at `indices` and returns next states followed by outs.
  SmallVector<Value> step(ArrayRef<Value> batch, Value t, ValueRange states);

  /// All steps of one sequence: returns the results with this sequence's part filled in.
  SmallVector<Value> sequence(ArrayRef<Value> batch, ValueRange results);

  LogicalResult run();
};
} // namespace

/// Size `dim` of a value inside the step, in terms of values outside of it.
static FailureOr<OpFoldResult> stepDim(OpBuilder &b, seq::RecurrenceOp op, Value v, int64_t dim) {
  if (!typeOf(v).isDynamicDim(dim))
    return OpFoldResult(b.getIndexAttr(typeOf(v).getDimSize(dim)));
  Location loc = op.getLoc();
  if (auto arg = dyn_cast<BlockArgument>(v); arg && arg.getOwner() == op.getBody()) {
    unsigned i = arg.getArgNumber();
    unsigned operand = i < op.getBody()->getNumArguments() - op.getNumStates()
                           ? i
                           : op->getNumOperands() - (op.getBody()->getNumArguments() - i);
    Value whole = op->getOperand(operand);
    int64_t leading = typeOf(whole).getRank() - typeOf(v).getRank();
    return OpFoldResult(tensor::DimOp::create(b, loc, whole, leading + dim).getResult());
  }
  if (op.getStep().isAncestor(v.getParentRegion())) {
    Operation *def = v.getDefiningOp();
    unsigned index = cast<OpResult>(v).getResultNumber();
    if (auto dps = dyn_cast<DestinationStyleOpInterface>(def))
      return stepDim(b, op, dps.getDpsInits()[index], dim);
    if (def->hasTrait<OpTrait::Elementwise>() || isa<tensor::CastOp>(def))
      return stepDim(b, op, def->getOperand(def->getNumOperands() - 1), dim);
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(def)) {
      llvm::SmallBitVector dropped = slice.getDroppedDims();
      int64_t position = 0;
      for (auto [i, size] : llvm::enumerate(slice.getMixedSizes()))
        if (!dropped.test(i) && position++ == dim) {
          if (auto value = dyn_cast<Value>(size);
              value && op.getStep().isAncestor(value.getParentRegion())) {
            auto dimOp = value.getDefiningOp<tensor::DimOp>();
            if (!dimOp || !dimOp.getConstantIndex())
              return failure();
            return stepDim(b, op, dimOp.getSource(), *dimOp.getConstantIndex());
          }
          return size;
        }
    }
    if (auto empty = dyn_cast<tensor::EmptyOp>(def)) {
      OpFoldResult size = empty.getMixedSizes()[dim];
      auto value = dyn_cast<Value>(size);
      if (!value || !op.getStep().isAncestor(value.getParentRegion()))
        return size;
      auto dimOp = value.getDefiningOp<tensor::DimOp>();
      if (!dimOp || !dimOp.getConstantIndex())
        return failure();
      return stepDim(b, op, dimOp.getSource(), *dimOp.getConstantIndex());
    }
    return failure();
  }
  return OpFoldResult(tensor::DimOp::create(b, loc, v, dim).getResult());
}

SmallVector<Value> RecurrenceLowering::emptyResults() {
  SmallVector<OpFoldResult> batch;
  if (!op.isPacked())
    batch = op.getBatchSizes(b);
  SmallVector<Value> results;
  for (auto [out, result] : llvm::zip_equal(op.getYield().getOut(), op.getOuts())) {
    SmallVector<OpFoldResult> sizes = batch;
    sizes.insert(sizes.begin() + op.getTimeAxis(), op.getStepCount(b));
    for (int64_t i = 0; i < typeOf(out).getRank(); ++i) {
      FailureOr<OpFoldResult> size = stepDim(b, op, out, i);
      if (failed(size)) {
        op.emitOpError("expected the size of an out to follow from shapes, but dimension ")
            << i << " of " << out.getType() << " depends on data";
        return {};
      }
      sizes.push_back(*size);
    }
    Value empty = tensor::EmptyOp::create(b, loc, sizes, typeOf(out).getElementType());
    if (empty.getType() != result.getType())
      empty = tensor::CastOp::create(b, loc, result.getType(), empty);
    results.push_back(empty);
  }
  for (auto [initial, result] : llvm::zip_equal(op.getInitial(), op.getFinals())) {
    Value empty = tensor::EmptyOp::create(b, loc, tensor::getMixedSizes(b, loc, initial),
                                          typeOf(initial).getElementType());
    if (empty.getType() != result.getType())
      empty = tensor::CastOp::create(b, loc, result.getType(), empty);
    results.push_back(empty);
  }
  return results;
}

std::pair<Value, Value> RecurrenceLowering::stepsOf(ArrayRef<Value> batch) {
  if (!op.isPacked())
    return {Value(), asValue(b, loc, op.getStepCount(b))};
  auto offset = [&](Value n) -> Value {
    Value v = tensor::ExtractOp::create(b, loc, op.getCuSeqlens(), n);
    return v.getType().isIndex() ? v : arith::IndexCastOp::create(b, loc, b.getIndexType(), v);
  };
  Value next =
      arith::AddIOp::create(b, loc, batch.front(), arith::ConstantIndexOp::create(b, loc, 1));
  Value first = offset(batch.front());
  return {first, arith::SubIOp::create(b, loc, offset(next), first)};
}

SmallVector<Value> RecurrenceLowering::step(ArrayRef<Value> batch, Value t, ValueRange states) {
  auto bind = [&](Block::BlockArgListType args, OperandRange operands, ValueRange leading) {
    for (auto [arg, operand] : llvm::zip_equal(args, operands))
      map.map(arg, sliceAt(b, loc, operand, leading, typeOf(arg)));
  };
  SmallVector<Value> whole = indicesOf(batch, t);
  bind(op.getInputArgs(), op.getInputs(), whole);
  bind(op.getSharedArgs(), op.getShared(), t);
  bind(op.getGivenArgs(), op.getGiven(), batch);
  Value reset;
  if (op.getResets())
    reset = tensor::ExtractOp::create(b, loc, op.getResets(), whole);
  for (auto [arg, state, initial] : llvm::zip_equal(op.getStateArgs(), states, op.getInitial())) {
    Value h = state;
    if (reset)
      h = arith::SelectOp::create(b, loc, reset, sliceAt(b, loc, initial, batch, typeOf(arg)), h);
    map.map(arg, h);
  }
  for (Operation &inner : op.getBody()->without_terminator())
    b.clone(inner, map);
  SmallVector<Value> values;
  for (Value v : op.getYield().getNext())
    values.push_back(map.lookupOrDefault(v));
  for (Value v : op.getYield().getOut())
    values.push_back(map.lookupOrDefault(v));
  return values;
}

SmallVector<Value> RecurrenceLowering::sequence(ArrayRef<Value> batch, ValueRange results) {
  unsigned numOuts = op.getNumOuts();
  SmallVector<Value> carried;
  for (auto [arg, initial] : llvm::zip_equal(op.getStateArgs(), op.getInitial())) {
    // A buffer of the sequence's own: the initial value is never written.
    Value h = sliceAt(b, loc, initial, batch, typeOf(arg));
    Value own = bufferization::AllocTensorOp::create(b, loc, typeOf(h), ValueRange{}, h);
    carried.push_back(own);
  }
  llvm::append_range(carried, results.take_front(numOuts));
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  auto [first, steps] = stepsOf(batch);
  auto loop = scf::ForOp::create(
      b, loc, zero, steps, one, carried,
      [&, first = first, steps = steps](OpBuilder &, Location, Value i, ValueRange args) {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToStart(i.getParentBlock());
        Value t = i;
        if (op.getReverse())
          t = arith::SubIOp::create(b, loc, arith::SubIOp::create(b, loc, steps, one), i);
        if (first)
          t = arith::AddIOp::create(b, loc, first, t);
        SmallVector<Value> values = step(batch, t, args.take_front(op.getNumStates()));
        for (auto [n, out] : llvm::enumerate(args.drop_front(op.getNumStates()))) {
          Value &v = values[op.getNumStates() + n];
          v = insertAt(b, loc, v, out, indicesOf(batch, t));
        }
        // With several states, one's new value may be another's old one, or written over it.
        for (unsigned n = 0; n < op.getNumStates(); ++n)
          if (op.getNumStates() > 1 && values[n] != args[n])
            values[n] = bufferization::AllocTensorOp::create(b, loc, typeOf(values[n]),
                                                             ValueRange{}, values[n]);
        for (unsigned n = 0; n < op.getNumStates(); ++n)
          values[n] = bufferization::MaterializeInDestinationOp::create(b, loc, values[n].getType(),
                                                                        values[n], args[n])
                          .getResult();
        scf::YieldOp::create(b, loc, values);
      });
  SmallVector<Value> filled(loop.getResults().drop_front(op.getNumStates()));
  for (unsigned n = 0; n < op.getNumStates(); ++n)
    filled.push_back(insertAt(b, loc, loop.getResult(n), results[numOuts + n], batch));
  return filled;
}

LogicalResult RecurrenceLowering::run() {
  SmallVector<Value> results = emptyResults();
  if (results.size() != op.getNumResults())
    return failure();
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  SmallVector<Value> upper;
  for (OpFoldResult size : op.getBatchSizes(b))
    upper.push_back(asValue(b, loc, size));
  SmallVector<Value> zeros(upper.size(), zero), ones(upper.size(), one);
  scf::LoopNest nest = scf::buildLoopNest(
      b, loc, zeros, upper, ones, results,
      [&](OpBuilder &nested, Location, ValueRange batch, ValueRange args) -> scf::ValueVector {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPoint(nested.getInsertionBlock(), nested.getInsertionPoint());
        SmallVector<Value> filled = sequence(llvm::to_vector(batch), args);
        return {filled.begin(), filled.end()};
      });
  if (!upper.empty())
    nest.loops.front()->setAttr(sequencesAttr, b.getUnitAttr());
  op->replaceAllUsesWith(upper.empty() ? nest.results : nest.loops.front().getResults());
  op->erase();
  return success();
}

LogicalResult seqc::lowerRecurrenceToLoops(seq::RecurrenceOp op) {
  eraseLinearized(op);
  return RecurrenceLowering(op).run();
}

// w[t, j] = x[t-k+j], or the initial window before the start; by copying slices:
// extended = initial ++ x along time, w[:, j] = extended[j : j + T].
LogicalResult seqc::lowerDelayToLoops(seq::DelayOp op) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  int64_t time = op.getTime(), k = op.getLength();
  RankedTensorType type = typeOf(op.getInput());
  SmallVector<Value> parts = {op.getInitial(), op.getInput()};
  if (op.getReverse())
    std::swap(parts[0], parts[1]);
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, op.getInput());
  OpFoldResult steps = sizes[time];
  Value total = arith::AddIOp::create(b, loc, asValue(b, loc, steps),
                                      arith::ConstantIndexOp::create(b, loc, k));
  SmallVector<OpFoldResult> extendedSizes = sizes;
  extendedSizes[time] = total;
  Value extended = tensor::EmptyOp::create(b, loc, extendedSizes, type.getElementType());
  SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0)),
      strides(type.getRank(), b.getIndexAttr(1));
  OpFoldResult position = b.getIndexAttr(0);
  for (Value part : parts) {
    offsets[time] = position;
    SmallVector<OpFoldResult> partSizes = tensor::getMixedSizes(b, loc, part);
    extended = tensor::InsertSliceOp::create(b, loc, part, extended, offsets, partSizes, strides);
    position = partSizes[time];
  }
  SmallVector<OpFoldResult> windowSizes = sizes;
  windowSizes.insert(windowSizes.begin() + time + 1, b.getIndexAttr(k));
  Value window = tensor::EmptyOp::create(b, loc, windowSizes, type.getElementType());
  for (int64_t j = 0; j < k; ++j) {
    // Forward: x_{t-k+j} sits at t + j. Backward: x_{t+1} sits at t + 1.
    offsets[time] = b.getIndexAttr(op.getReverse() ? 1 : j);
    Value slice = tensor::ExtractSliceOp::create(b, loc, extended, offsets, sizes, strides);
    SmallVector<OpFoldResult> at(type.getRank() + 1, b.getIndexAttr(0)),
        one = windowSizes, unit(type.getRank() + 1, b.getIndexAttr(1));
    at[time + 1] = b.getIndexAttr(j);
    one[time + 1] = b.getIndexAttr(1);
    window = tensor::InsertSliceOp::create(b, loc, slice, window, at, one, unit);
  }
  offsets[time] = op.getReverse() ? b.getIndexAttr(0) : steps;
  SmallVector<OpFoldResult> finalSizes = sizes;
  finalSizes[time] = b.getIndexAttr(k);
  Value final = tensor::ExtractSliceOp::create(b, loc, extended, offsets, finalSizes, strides);
  auto cast = [&](Value v, Type want) -> Value {
    return v.getType() == want ? v : tensor::CastOp::create(b, loc, want, v).getResult();
  };
  op.getWindow().replaceAllUsesWith(cast(window, op.getWindow().getType()));
  op.getFinal().replaceAllUsesWith(cast(final, op.getFinal().getType()));
  op.erase();
  return success();
}

namespace {
struct ConvertSeqToLoopsPass : seqc::impl::ConvertSeqToLoopsPassBase<ConvertSeqToLoopsPass> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    // Outer recurrences first, so that an inner one is met once, in its place.
    getOperation()->walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (isa<seq::RecurrenceOp, seq::DelayOp>(op) && !op->getParentOfType<seq::RecurrenceOp>())
        ops.push_back(op);
    });
    while (!ops.empty()) {
      Operation *op = ops.pop_back_val();
      Block *block = op->getBlock();
      auto recurrence = dyn_cast<seq::RecurrenceOp>(op);
      if (failed(recurrence ? lowerRecurrenceToLoops(recurrence)
                            : lowerDelayToLoops(cast<seq::DelayOp>(op))))
        return signalPassFailure();
      block->walk<WalkOrder::PreOrder>([&](Operation *inner) {
        if (isa<seq::RecurrenceOp, seq::DelayOp>(inner) &&
            !inner->getParentOfType<seq::RecurrenceOp>() && !llvm::is_contained(ops, inner))
          ops.push_back(inner);
      });
    }
  }
};
} // namespace
