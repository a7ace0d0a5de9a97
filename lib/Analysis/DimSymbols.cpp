// Which sizes are the same size.
//
// Each op says which of its sizes must be equal for it to run: all operands of
// an elementwise op, all sizes that a linalg op's maps send to one loop, the
// batch and time sizes of a recurrence. A union-find over (value, dimension)
// merges them. An index value that is used or made as a size is a node as well,
// so that `tensor.empty(tensor.dim(x, 0))` joins x. Only sizes that certainly
// agree are merged: a class that is too small costs a check, one that is too
// large would refuse valid arguments.
#include "seqc/Analysis/DimSymbols.h"
#include "seqc/Dialect/Seq/IR/Seq.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace seqc;

static constexpr int64_t indexNode = -1;

static RankedTensorType tensorType(Value v) { return dyn_cast<RankedTensorType>(v.getType()); }

unsigned DimSymbols::find(unsigned c) {
  while (parent[c] != c)
    c = parent[c] = parent[parent[c]];
  return c;
}

unsigned DimSymbols::classOf(Value tensor, int64_t dim) {
  auto [it, fresh] = nodes.try_emplace({tensor, dim}, unsigned(parent.size()));
  if (fresh) {
    parent.push_back(it->second);
    if (RankedTensorType type = tensorType(tensor); type && !type.isDynamicDim(dim))
      sizes[it->second] = type.getDimSize(dim);
  }
  return find(it->second);
}

unsigned DimSymbols::classOfIndex(Value index) { return classOf(index, indexNode); }

void DimSymbols::unite(unsigned a, unsigned b) {
  a = find(a), b = find(b);
  if (a == b)
    return;
  parent[b] = a;
  if (auto size = sizes.lookup(b); size && !sizes.lookup(a))
    sizes[a] = size;
  if (std::string name = names.lookup(b); !name.empty() && names.lookup(a).empty())
    names[a] = name;
}

void DimSymbols::unite(Value a, int64_t i, Value b, int64_t j) {
  unite(classOf(a, i), classOf(b, j));
}

void DimSymbols::uniteShapes(Value a, Value b) {
  RankedTensorType type = tensorType(a), other = tensorType(b);
  if (type && other && type.getRank() == other.getRank())
    for (int64_t i = 0; i < type.getRank(); ++i)
      unite(a, i, b, i);
}

void DimSymbols::uniteSize(OpFoldResult size, Value tensor, int64_t dim) {
  if (auto value = dyn_cast<Value>(size))
    unite(classOfIndex(value), classOf(tensor, dim));
}

/// Calls f(dim, name) for each `?` of `type` that `attr`, a list of names,
/// names.
static void forEachName(Type type, Attribute attr, function_ref<void(int64_t, StringRef)> f) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  auto list = dyn_cast_if_present<ArrayAttr>(attr);
  if (!tensor || !list)
    return;
  unsigned next = 0;
  for (int64_t i = 0; i < tensor.getRank() && next < list.size(); ++i)
    if (tensor.isDynamicDim(i))
      if (auto name = dyn_cast<StringAttr>(list[next++]))
        f(i, name);
}

void DimSymbols::readNames(func::FuncOp function) {
  DenseMap<StringAttr, unsigned> byName;
  MLIRContext *context = function.getContext();
  auto name = [&](Value v, Attribute attr) {
    forEachName(v.getType(), attr, [&](int64_t dim, StringRef text) {
      unsigned c = classOf(v, dim);
      auto [it, fresh] = byName.try_emplace(StringAttr::get(context, text), c);
      unite(it->second, c);
      names[find(c)] = text.str();
    });
  };
  for (BlockArgument arg : function.getArguments())
    name(arg, function.getArgAttr(arg.getArgNumber(), "seqc.dims"));
  for (auto [i, v] : llvm::enumerate(function.front().getTerminator()->getOperands()))
    name(v, function.getResultAttr(i, "seqc.dims"));
}

DimSymbols::DimSymbols(func::FuncOp function) {
  readNames(function);
  // Twice: what control flow merges depends on what its branches already agree
  // on.
  for (int round = 0; round < 2; ++round)
    function.walk([&](Operation *op) { visit(op); });
}

void DimSymbols::visit(Operation *op) {
  if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    if (std::optional<int64_t> i = dim.getConstantIndex(); i && tensorType(dim.getSource()))
      if (*i >= 0 && *i < tensorType(dim.getSource()).getRank())
        unite(classOfIndex(dim.getResult()), classOf(dim.getSource(), *i));
  } else if (auto empty = dyn_cast<tensor::EmptyOp>(op)) {
    for (auto [i, size] : llvm::enumerate(empty.getMixedSizes()))
      uniteSize(size, empty.getResult(), i);
  } else if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
    DenseMap<unsigned, unsigned> loops;
    for (OpOperand &operand : op->getOpOperands())
      for (auto [i, expr] : llvm::enumerate(linalgOp.getMatchingIndexingMap(&operand).getResults()))
        if (auto d = dyn_cast<AffineDimExpr>(expr)) {
          unsigned c = classOf(operand.get(), i);
          unite(loops.try_emplace(d.getPosition(), c).first->second, c);
        }
    for (auto [init, result] : llvm::zip(linalgOp.getDpsInits(), op->getResults()))
      uniteShapes(init, result);
  } else if (OpTrait::hasElementwiseMappableTraits(op)) {
    for (Value operand : op->getOperands())
      uniteShapes(op->getResult(0), operand);
  } else if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::CastOp, tensor::PadOp,
                 tensor::ConcatOp>(op)) {
    visitReshape(op);
  } else if (isa<tensor::ExtractSliceOp, tensor::InsertSliceOp>(op)) {
    visitSlice(op);
  } else if (isa<seq::RecurrenceOp>(op)) {
    visitRecurrence(op);
  } else if (isa<seq::DelayOp>(op)) {
    visitDelay(op);
  } else if (isa<scf::IfOp, scf::ForOp>(op)) {
    visitControlFlow(op);
  }
}

/// The one position of `group` whose size in `type` is not the static 1, or
/// none.
static std::optional<int64_t> onlySize(RankedTensorType type, ArrayRef<int64_t> group) {
  std::optional<int64_t> found;
  for (int64_t i : group) {
    if (type.getDimSize(i) == 1)
      continue;
    if (found)
      return std::nullopt;
    found = i;
  }
  return found;
}

void DimSymbols::visitReshape(Operation *op) {
  if (auto cast = dyn_cast<tensor::CastOp>(op)) {
    uniteShapes(cast.getSource(), cast.getDest());
  } else if (auto pad = dyn_cast<tensor::PadOp>(op)) {
    for (auto [i, low, high] : llvm::enumerate(pad.getMixedLowPad(), pad.getMixedHighPad()))
      if (isConstantIntValue(low, 0) && isConstantIntValue(high, 0))
        unite(pad.getSource(), i, pad.getResult(), i);
  } else if (auto concat = dyn_cast<tensor::ConcatOp>(op)) {
    for (Value part : concat.getInputs())
      for (int64_t i = 0; i < concat.getResultType().getRank(); ++i)
        if (i != int64_t(concat.getDim()))
          unite(part, i, concat.getResult(), i);
  } else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    for (auto [i, group] : llvm::enumerate(expand.getReassociationIndices()))
      if (auto at = onlySize(expand.getResultType(), group))
        unite(expand.getSrc(), i, expand.getResult(), *at);
    for (auto [i, size] : llvm::enumerate(expand.getMixedOutputShape()))
      uniteSize(size, expand.getResult(), i);
  } else if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    for (auto [i, group] : llvm::enumerate(collapse.getReassociationIndices()))
      if (auto at = onlySize(collapse.getSrcType(), group))
        unite(collapse.getSrc(), *at, collapse.getResult(), i);
  }
}

void DimSymbols::visitSlice(Operation *op) {
  auto slice = cast<OffsetSizeAndStrideOpInterface>(op);
  Value small = op->getResult(0);
  llvm::SmallBitVector dropped;
  if (auto extract = dyn_cast<tensor::ExtractSliceOp>(op)) {
    dropped = extract.getDroppedDims();
  } else {
    auto insert = cast<tensor::InsertSliceOp>(op);
    small = insert.getSource();
    dropped = insert.getDroppedDims();
    uniteShapes(insert.getDest(), insert.getResult());
  }
  int64_t position = 0;
  for (auto [i, size] : llvm::enumerate(slice.getMixedSizes()))
    if (!dropped.test(i))
      uniteSize(size, small, position++);
}

void DimSymbols::visitControlFlow(Operation *op) {
  if (auto branch = dyn_cast<scf::IfOp>(op)) {
    if (branch.getNumResults() == 0)
      return;
    for (auto [result, a, b] : llvm::zip(branch.getResults(), branch.thenYield().getOperands(),
                                         branch.elseYield().getOperands()))
      if (RankedTensorType type = tensorType(result))
        for (int64_t i = 0; i < type.getRank(); ++i)
          if (same(classOf(a, i), classOf(b, i)))
            unite(result, i, a, i);
    return;
  }
  auto loop = cast<scf::ForOp>(op);
  for (auto [init, arg, result, yielded] : llvm::zip(loop.getInitArgs(), loop.getRegionIterArgs(),
                                                     loop.getResults(), loop.getYieldedValues())) {
    uniteShapes(init, arg);
    if (RankedTensorType type = tensorType(result))
      for (int64_t i = 0; i < type.getRank(); ++i)
        if (same(classOf(yielded, i), classOf(arg, i)))
          unite(result, i, arg, i);
  }
}

void DimSymbols::visitRecurrence(Operation *op) {
  auto recurrence = cast<seq::RecurrenceOp>(op);
  int64_t batch = recurrence.getBatchRank(), time = recurrence.getTimeAxis();
  Value state = recurrence.getInitial().front();
  // All sizes are tied to those of the first state and of the first value with
  // a time axis.
  std::optional<unsigned> steps;
  if (recurrence.getSteps())
    steps = classOfIndex(recurrence.getSteps());
  auto tieSteps = [&](unsigned c) {
    if (!steps)
      steps = c;
    unite(*steps, c);
  };
  auto step = [&](Value whole, int64_t leading, Value inner) {
    for (int64_t i = 0, e = tensorType(inner).getRank(); i < e; ++i)
      unite(whole, leading + i, inner, i);
  };
  auto sequence = [&](Value whole) {
    for (int64_t i = 0; i < batch; ++i)
      unite(whole, i < time ? i : i + 1, state, i);
    tieSteps(classOf(whole, time));
  };
  for (auto [whole, arg] : llvm::zip(recurrence.getInputs(), recurrence.getInputArgs()))
    sequence(whole), step(whole, batch + 1, arg);
  if (recurrence.getResets())
    sequence(recurrence.getResets());
  for (auto [whole, arg] : llvm::zip(recurrence.getShared(), recurrence.getSharedArgs()))
    tieSteps(classOf(whole, 0)), step(whole, 1, arg);
  auto perSequence = [&](Value whole, Value inner) {
    for (int64_t i = 0; i < batch; ++i)
      unite(whole, i, state, i);
    step(whole, batch, inner);
  };
  for (auto [whole, arg] : llvm::zip(recurrence.getGiven(), recurrence.getGivenArgs()))
    perSequence(whole, arg);
  for (auto [i, arg] : llvm::enumerate(recurrence.getStateArgs())) {
    perSequence(recurrence.getInitial()[i], arg);
    perSequence(recurrence.getFinals()[i], arg);
    uniteShapes(recurrence.getYield().getNext()[i], arg);
  }
  for (auto [whole, out] : llvm::zip(recurrence.getOuts(), recurrence.getYield().getOut()))
    sequence(whole), step(whole, batch + 1, out);
}

void DimSymbols::visitDelay(Operation *op) {
  auto delay = cast<seq::DelayOp>(op);
  int64_t time = delay.getTime();
  for (int64_t i = 0, e = tensorType(delay.getInput()).getRank(); i < e; ++i) {
    unite(delay.getInput(), i, delay.getWindow(), i <= time ? i : i + 1);
    if (i != time)
      unite(delay.getInput(), i, delay.getInitial(), i);
  }
  uniteShapes(delay.getInitial(), delay.getFinal());
}
