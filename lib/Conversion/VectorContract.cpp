// Contractions of a tile: which ones it needs, and their common loops over k.
#include "VectorEval.h"
#include "seqc/Support/GpuShape.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/Sequence.h"

using namespace mlir;
using namespace seqc;

unsigned VectorEval::collect(Value v, const Index &idx) {
  Index full = idx;
  full.push_back(place.row);
  full.push_back(place.stepInStrip);
  Key key{v.getAsOpaquePointer(), full};
  for (auto &scope : collected)
    if (auto it = scope.find(key); it != scope.end())
      return it->second;
  unsigned level = 0;
  if (leafOf(v)) {
  } else if (auto moved = step(v, idx)) {
    level = collect(moved->first, moved->second);
  } else if (auto op = v.getDefiningOp<linalg::GenericOp>()) {
    Index dims = loopDims(op, cast<OpResult>(v).getResultNumber(), idx);
    if (isReduction(op)) {
      OpOperand *init = op.getDpsInitOperand(0);
      level = collect(init->get(), operandIndex(op, *init, dims));
      Demand d{op, dims, full, place, mask, level, currentRow, 0};
      d.position = llvm::count_if(demands, [&](const Demand &o) { return o.row == currentRow; });
      demands.push_back(d);
      ++level;
    } else {
      for (OpOperand &operand : op->getOpOperands())
        if (op.payloadUsesValueFromOperand(&operand) &&
            isa<RankedTensorType>(operand.get().getType()))
          level = std::max(level, collect(operand.get(), operandIndex(op, operand, dims)));
    }
  }
  collected.back()[key] = level;
  return level;
}

SmallVector<unsigned> VectorEval::packableInputs(const Demand &d) {
  SmallVector<unsigned> inputs;
  linalg::GenericOp op = d.op;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    Value v = operand->get();
    auto type = dyn_cast<RankedTensorType>(v.getType());
    if (!type || !isa<FloatType>(type.getElementType()))
      continue;
    bool varies = false, shared = true;
    for (AffineExpr e : op.getMatchingIndexingMap(operand).getResults())
      e.walk([&](AffineExpr inner) {
        auto dim = dyn_cast<AffineDimExpr>(inner);
        if (!dim)
          return;
        unsigned n = dim.getPosition();
        bool reduced = op.getIteratorTypesArray()[n] == utils::IteratorType::reduction;
        varies |= !reduced && d.dims[n].lane != 0;
        shared &= reduced || d.dims[n].lane != 0;
      });
    // The same for all of time: neither of the step nor of this strip.
    while (auto slice = v.getDefiningOp<tensor::ExtractSliceOp>()) {
      if (!llvm::all_of(slice.getMixedOffsets(),
                        [&](OpFoldResult o) { return bool(getConstantIntValue(o)); }))
        break;
      v = slice.getSource();
    }
    Operation *def = v.getDefiningOp();
    auto leaf = leaves.find(v);
    bool constantInTime = !(recurrence && v.getParentBlock() == recurrence.getBody()) &&
                          !(def && isMember(def)) &&
                          (leaf == leaves.end() || leaf->second.prefix == Leaf::Whole);
    if (varies && shared && constantInTime)
      inputs.push_back(operand->getOperandNumber());
  }
  return inputs;
}

/// Loop sizes of the reduction dims of `op`.
static SmallVector<Value> reductionSizes(VectorEval &e, linalg::GenericOp op) {
  SmallVector<Value> sizes;
  SmallVector<unsigned> reductions;
  op.getReductionDims(reductions);
  SmallVector<int64_t> fixed = op.getStaticLoopRanges();
  for (unsigned n : reductions) {
    if (!ShapedType::isDynamic(fixed[n])) {
      sizes.push_back(e.constant(fixed[n]));
      continue;
    }
    Value size;
    for (OpOperand *operand : op.getDpsInputOperands())
      for (auto [i, expr] : llvm::enumerate(op.getMatchingIndexingMap(operand).getResults()))
        if (auto dim = dyn_cast<AffineDimExpr>(expr); !size && dim && dim.getPosition() == n)
          size = e.sizeOf(operand->get(), i);
    sizes.push_back(size ? size : e.constant(0));
  }
  return sizes;
}

/// Packed input `input` of `d` at k: the weights of a block lie in the order of positions.
Value VectorEval::loadPacked(const Pack &pack, const Demand &d, int64_t input, const Idx &k) {
  int64_t inRow = llvm::count_if(demands, [&](const Demand &o) { return o.row == d.row; });
  int64_t perBlock = inRow / pack.blocks, at = input;
  for (const Demand &o : demands)
    if (o.row == d.row && o.position < d.position && o.position / perBlock == d.position / perBlock)
      at += packableInputs(o).size();
  auto type = VectorType::get(lanes, cast<MemRefType>(pack.buffer.getType()).getElementType());
  if (!k.base && k.offset < pack.kept)
    return vector::LoadOp::create(b, loc, type, pack.registers, ValueRange{value(k), constant(at)});
  if (lanesAreThreads())
    return vector::LoadOp::create(b, loc, type, pack.buffer,
                                  ValueRange{value(k), constant(at), packBlock});
  Value block = value(add(scale({packBlock, 0, 0}, pack.blocks), fixed(d.position / perBlock)));
  return vector::LoadOp::create(b, loc, type, pack.buffer,
                                ValueRange{block, value(k), constant(at * lanes)});
}

SmallVector<Value> VectorEval::emitContractionStep(ArrayRef<unsigned> group, const Pack *pack,
                                                   ArrayRef<Idx> ks, const Idx &flat,
                                                   ValueRange carried) {
  Place outer = place;
  Value outerMask = mask;
  openScope();
  // Column by column: the rows' factors stay in registers while each weight passes once.
  SmallVector<unsigned> slots = llvm::to_vector(llvm::seq<unsigned>(0, group.size()));
  llvm::sort(slots, [&](unsigned x, unsigned y) {
    return std::pair(demands[group[x]].position, x) < std::pair(demands[group[y]].position, y);
  });
  SmallVector<Value> next(group.size());
  for (unsigned slot : slots) {
    Demand &d = demands[group[slot]];
    place = d.place;
    mask = d.mask;
    SmallVector<unsigned> reductions, packed;
    d.op.getReductionDims(reductions);
    for (auto [i, dim] : llvm::enumerate(reductions))
      d.dims[dim] = ks[i];
    if (pack)
      packed = packableInputs(d);
    SmallVector<Value> args;
    for (OpOperand &operand : d.op->getOpOperands()) {
      auto *found = llvm::find(packed, operand.getOperandNumber());
      if (operand.getOperandNumber() >= d.op.getNumDpsInputs())
        args.push_back(carried[slot]);
      else if (found != packed.end())
        args.push_back(loadPacked(*pack, d, found - packed.begin(), flat));
      else if (!d.op.payloadUsesValueFromOperand(&operand))
        args.push_back({});
      else if (isa<RankedTensorType>(operand.get().getType()))
        args.push_back(eval(operand.get(), operandIndex(d.op, operand, d.dims)));
      else
        args.push_back(broadcast(evalScalar(operand.get())));
    }
    next[slot] = cloneBody(d.op, args, d.dims).front();
  }
  closeScope();
  place = outer;
  mask = outerMask;
  return next;
}

/// The sums of `group` from `carried` on in a kernel for one step: weights of some k are read
/// together.
SmallVector<Value> VectorEval::emitSumsTogether(ArrayRef<unsigned> group, const Pack *pack,
                                                int64_t size, SmallVector<Value> carried) {
  int64_t whole = size / weightsTogether * weightsTogether;
  if (whole) {
    auto loop = scf::ForOp::create(b, loc, constant(0), constant(whole), constant(weightsTogether),
                                   carried);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    carried.assign(loop.getRegionIterArgs().begin(), loop.getRegionIterArgs().end());
    for (int64_t i = 0; i < weightsTogether; ++i) {
      Idx k = {loop.getInductionVar(), i, 0};
      carried = emitContractionStep(group, pack, k, k, carried);
    }
    scf::YieldOp::create(b, loc, carried);
    carried = loop.getResults();
  }
  for (int64_t k = whole; k < size; ++k)
    carried = emitContractionStep(group, pack, fixed(k), fixed(k), carried);
  return carried;
}

/// The sums of `group` from `carried` on, over k from `first` to `sizes`; the weights of k are
/// packed at k - `packedAt`.
SmallVector<Value> VectorEval::emitContractionLoops(ArrayRef<unsigned> group, const Pack *pack,
                                                    int64_t first, ValueRange sizes,
                                                    int64_t packedAt, SmallVector<Value> carried) {
  std::optional<int64_t> end = sizes.size() == 1 ? getConstantIntValue(sizes[0]) : std::nullopt;
  if (acrossGrid && recurrence && end)
    return emitSumsTogether(group, pack, *end, std::move(carried));
  Value start = constant(first), one = constant(1);
  SmallVector<scf::ForOp> loops;
  SmallVector<Value> ivs;
  OpBuilder::InsertPoint after = b.saveInsertionPoint();
  for (Value size : sizes) {
    auto loop = scf::ForOp::create(b, loc, start, size, one, carried);
    if (!loops.empty())
      scf::YieldOp::create(b, loc, loop.getResults());
    loops.push_back(loop);
    ivs.push_back(loop.getInductionVar());
    carried.assign(loop.getRegionIterArgs().begin(), loop.getRegionIterArgs().end());
    b.setInsertionPointToStart(loop.getBody());
  }
  Value flat = ivs.front();
  for (unsigned i = 1; i < ivs.size(); ++i)
    flat = arith::AddIOp::create(b, loc, arith::MulIOp::create(b, loc, flat, sizes[i]), ivs[i]);
  SmallVector<Idx> ks;
  for (Value iv : ivs)
    ks.push_back({iv, 0, 0});
  Idx at = {flat, -packedAt, 0};
  scf::YieldOp::create(b, loc, emitContractionStep(group, pack, ks, at, carried));
  b.restoreInsertionPoint(after);
  b.setInsertionPointAfter(loops.front());
  return loops.front().getResults();
}

void VectorEval::emitContractionLoop(ArrayRef<unsigned> group, const Pack *pack) {
  linalg::GenericOp first = demands[group.front()].op;
  SmallVector<Value> sizes = reductionSizes(*this, first), carried;
  Place outer = place;
  Value outerMask = mask;
  for (unsigned n : group) {
    Demand &d = demands[n];
    place = d.place;
    mask = d.mask;
    OpOperand *init = d.op.getDpsInitOperand(0);
    carried.push_back(eval(init->get(), operandIndex(d.op, *init, d.dims)));
  }
  place = outer;
  mask = outerMask;
  int64_t kept = pack ? pack->kept : 0;
  for (int64_t k = 0; k < kept; ++k)
    carried = emitContractionStep(group, pack, fixed(k), fixed(k), carried);
  if (pack && pack->inShared) {
    Pack shared = *pack;
    shared.buffer = pack->shared;
    shared.kept = 0;
    carried =
        emitContractionLoops(group, &shared, kept, constant(kept + pack->inShared), kept, carried);
    kept += pack->inShared;
  }
  carried = emitContractionLoops(group, pack, kept, sizes, 0, carried);
  for (auto [slot, n] : llvm::enumerate(group)) {
    Demand &d = demands[n];
    cache.back().values[{d.op->getResult(0).getAsOpaquePointer(), d.key}] = carried[slot];
  }
}

void VectorEval::emitContractions(const Pack *pack) {
  SmallVector<bool> done(demands.size());
  auto signature = [&](const Demand &d) {
    SmallVector<int64_t> key = {d.level};
    SmallVector<unsigned> reductions;
    linalg::GenericOp op = d.op;
    op.getReductionDims(reductions);
    SmallVector<int64_t> sizes = op.getStaticLoopRanges();
    for (unsigned n : reductions)
      key.push_back(ShapedType::isDynamic(sizes[n])
                        ? int64_t(reinterpret_cast<intptr_t>(op.getOperation()))
                        : sizes[n]);
    return key;
  };
  unsigned highest = 0;
  for (const Demand &d : demands)
    highest = std::max(highest, d.level);
  for (unsigned level = 0; level <= highest; ++level)
    for (unsigned i = 0; i < demands.size(); ++i) {
      if (done[i] || demands[i].level != level)
        continue;
      SmallVector<unsigned> group;
      for (unsigned j = i; j < demands.size(); ++j)
        if (!done[j] && demands[j].level == level &&
            signature(demands[j]) == signature(demands[i])) {
          done[j] = true;
          group.push_back(j);
        }
      emitContractionLoop(group, pack);
    }
}
