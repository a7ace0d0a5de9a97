// What gets a buffer, and which values share a loop nest.
#include "ComputeAhead.h"
#include "VectorNest.h"
#include "seqc/Analysis/Interleaved.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

using IsMember = llvm::function_ref<bool(Operation *)>;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// The value behind ops that only move indices.
static Value throughMoves(Value v) {
  while (true) {
    if (auto slice = v.getDefiningOp<tensor::ExtractSliceOp>())
      v = slice.getSource();
    else if (auto cast = v.getDefiningOp<tensor::CastOp>())
      v = cast.getSource();
    else if (auto expand = v.getDefiningOp<tensor::ExpandShapeOp>())
      v = expand.getSrc();
    else if (auto collapse = v.getDefiningOp<tensor::CollapseShapeOp>())
      v = collapse.getSrc();
    else
      return v;
  }
}

/// True if a collapse joins two sizes that are not 1: an index of it is not linear.
static bool needsBufferBelow(tensor::CollapseShapeOp collapse) {
  auto type = cast<RankedTensorType>(collapse.getSrc().getType());
  for (ReassociationIndicesRef group : collapse.getReassociationIndices())
    if (llvm::count_if(group, [&](int64_t d) { return type.getDimSize(d) != 1; }) > 1)
      return true;
  return false;
}

static bool isAssembled(Operation *op) {
  return isa<tensor::PadOp, tensor::ConcatOp, tensor::InsertSliceOp>(op);
}

bool seqc::isHeavy(linalg::GenericOp op) {
  return llvm::count_if(op.getBody()->without_terminator(),
                        [](Operation &inner) { return !isa<arith::ConstantOp>(inner); }) > 6;
}

/// True if every use of a contraction's result stays element by element (or a slice), so that
/// a consumer's tile finishes it in registers.
static bool staysInRegisters(Value v, IsMember isMember) {
  for (OpOperand &use : v.getUses()) {
    Operation *user = use.getOwner();
    if (isa<seq::YieldOp>(user))
      continue;
    if (!isMember(user))
      return false;
    if (isa<tensor::ExtractSliceOp, tensor::CastOp>(user)) {
      if (!staysInRegisters(user->getResult(0), isMember))
        return false;
      continue;
    }
    auto generic = dyn_cast<linalg::GenericOp>(user);
    if (!generic)
      return false;
    bool isInit = generic.isDpsInit(&use);
    if (!generic.getMatchingIndexingMap(&use).isIdentity() &&
        !(isInit && VectorEval::isReduction(generic)))
      return false;
    if (VectorEval::isReduction(generic) && !isInit)
      return false;
    for (Value result : generic->getResults())
      if (!staysInRegisters(result, isMember))
        return false;
  }
  return true;
}

SetVector<Value> seqc::valuesWithBuffers(ArrayRef<Operation *> ops, IsMember isMember) {
  SetVector<Value> buffers;
  auto add = [&](Value v) {
    v = throughMoves(v);
    Operation *op = v.getDefiningOp();
    if (op && isMember(op) &&
        !isa<tensor::EmptyOp, arith::ConstantOp, linalg::FillOp, tensor::SplatOp>(op))
      buffers.insert(v);
  };
  for (Operation *op : ops) {
    if (isFirstHalf(op))
      continue;
    if (isAssembled(op))
      add(op->getResult(0));
    if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op);
        collapse && needsBufferBelow(collapse))
      add(collapse.getSrc());
    auto generic = dyn_cast<linalg::GenericOp>(op);
    if (!generic)
      continue;
    if (op->hasAttr(aheadAttr))
      add(op->getResult(0));
    if (VectorEval::isReduction(generic)) {
      for (OpOperand *input : generic.getDpsInputOperands())
        if (isa<RankedTensorType>(input->get().getType()))
          add(input->get());
      if (!staysInRegisters(generic->getResult(0), isMember))
        add(generic->getResult(0));
      continue;
    }
    // A heavy value that is used for many indices is computed once.
    for (OpOperand *input : generic.getDpsInputOperands()) {
      if (!isa<RankedTensorType>(input->get().getType()))
        continue;
      auto producer = throughMoves(input->get()).getDefiningOp<linalg::GenericOp>();
      bool repeated = generic.getMatchingIndexingMap(input).getNumResults() < generic.getNumLoops();
      if (producer && repeated && isHeavy(producer))
        add(input->get());
    }
  }
  return buffers;
}

void seqc::visitReads(Value v, IsMember isMember, llvm::function_ref<bool(Value, bool)> visit,
                      bool elementwise) {
  if (!visit(v, elementwise))
    return;
  Operation *op = v.getDefiningOp();
  if (!op || !isMember(op))
    return;
  auto generic = dyn_cast<linalg::GenericOp>(op);
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<RankedTensorType>(operand.get().getType())) {
      // Scalars may come from tensors of the step.
      if (Operation *def = operand.get().getDefiningOp(); def && isMember(def))
        for (Value inner : def->getOperands())
          if (isa<RankedTensorType>(inner.getType()))
            visitReads(inner, isMember, visit, false);
      continue;
    }
    if (generic && !generic.payloadUsesValueFromOperand(&operand))
      continue;
    bool same = elementwise && (isa<tensor::CastOp>(op) ||
                                (generic && generic.getMatchingIndexingMap(&operand).isIdentity()));
    visitReads(operand.get(), isMember, visit, same);
  }
  if (generic) // scalars captured by the body
    generic.getBody()->walk([&](Operation *inner) {
      for (Value captured : inner->getOperands())
        if (Operation *def = captured.getDefiningOp();
            def && def->getBlock() != generic.getBody() && isMember(def))
          for (Value source : def->getOperands())
            if (isa<RankedTensorType>(source.getType()))
              visitReads(source, isMember, visit, false);
    });
}

bool seqc::hasContraction(Value v, IsMember isMember, const DenseMap<Value, Leaf> &leaves) {
  bool found = false;
  visitReads(v, isMember, [&](Value read, bool) {
    if (read != v && leaves.contains(read))
      return false;
    auto generic = read.getDefiningOp<linalg::GenericOp>();
    found |= generic && isMember(generic) && VectorEval::isReduction(generic);
    return !found;
  });
  return found;
}

SmallVector<Piece> seqc::piecesOf(VectorEval &e, Value v) {
  Operation *op = v.getDefiningOp();
  if (auto pad = dyn_cast_or_null<tensor::PadOp>(op)) {
    Piece border{{}, pad.getConstantPaddingValue(), {}, {}};
    return {border, Piece{pad.getSource(), {}, pad.getMixedLowPad(), {}}};
  }
  if (std::optional<Interleaved> parts = interleaved(v)) {
    auto insert = cast<tensor::InsertSliceOp>(op);
    int64_t rank = insert.getDestType().getRank();
    SmallVector<OpFoldResult> zeros(rank, e.b.getIndexAttr(0));
    llvm::SmallBitVector last(rank);
    last.set(rank - 1);
    return {Piece{parts->even, {}, zeros, last, parts->odd}};
  }
  if (auto insert = dyn_cast_or_null<tensor::InsertSliceOp>(op))
    return {Piece{insert.getDest(), {}, {}, {}},
            Piece{insert.getSource(), {}, insert.getMixedOffsets(), insert.getDroppedDims()}};
  if (auto concat = dyn_cast_or_null<tensor::ConcatOp>(op)) {
    SmallVector<Piece> pieces;
    OpFoldResult at = e.b.getIndexAttr(0);
    for (Value input : concat.getInputs()) {
      SmallVector<OpFoldResult> offsets(typeOf(v).getRank(), e.b.getIndexAttr(0));
      offsets[concat.getDim()] = at;
      pieces.push_back(Piece{input, {}, offsets, {}});
      OpFoldResult size = e.mixedSizeOf(input, concat.getDim());
      auto known = getConstantIntValue(at), more = getConstantIntValue(size);
      if (known && more)
        at = e.b.getIndexAttr(*known + *more);
      else
        at = arith::AddIOp::create(e.b, e.loc, getValueOrCreateConstantIndexOp(e.b, e.loc, at),
                                   getValueOrCreateConstantIndexOp(e.b, e.loc, size))
                 .getResult();
    }
    return pieces;
  }
  return {Piece{v, {}, {}, {}}};
}

/// True if `a` and `b` surely have the same sizes: static, or read from one value element by
/// element.
static bool sameSizes(Value a, Value b, IsMember isMember) {
  if (typeOf(a).getShape() != typeOf(b).getShape())
    return false;
  if (typeOf(a).hasStaticShape() || a == b)
    return true;
  DenseSet<Value> read;
  auto note = [&](Value v, bool elementwise) { return elementwise && (read.insert(v), true); };
  visitReads(a, isMember, note);
  bool shared = false;
  visitReads(b, isMember, [&](Value v, bool elementwise) {
    shared |= elementwise && read.contains(v);
    return elementwise && !shared;
  });
  return shared;
}

SmallVector<Nest> seqc::makeNests(ArrayRef<Store> stores, IsMember isMember) {
  SmallVector<Nest> nests;
  auto mayJoin = [&](const Nest &nest, const Store &store) {
    const Store &other = nest.stores.front();
    if (store.pieces.size() != 1 || other.pieces.size() != 1 || store.pieces.front().odd ||
        other.pieces.front().odd || !sameSizes(nest.shape, store.value, isMember))
      return false;
    // A value of the nest may be read where it is written, and nowhere else.
    bool ok = true;
    visitReads(store.pieces.front().source, isMember, [&](Value read, bool elementwise) {
      for (const Store &other : nest.stores)
        ok &= read != other.value || elementwise;
      return ok;
    });
    return ok;
  };
  for (const Store &store : stores) {
    if (nests.empty() || !mayJoin(nests.back(), store))
      nests.push_back({{}, store.value});
    nests.back().stores.push_back(store);
  }
  return nests;
}
