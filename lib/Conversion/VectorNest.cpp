// Loop nests over tiles: rows × vectors of elements, with masked vectors at the end of a row.
//
// A nest without contractions has tiles of one vector. A nest with contractions keeps
// rows × vectors accumulators in registers (their weights: VectorPack.cpp).
#include "BlockThreads.h"
#include "NestEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

void NestEmitter::setUpLoops(Value shape) {
  auto addLoop = [&](Value size) {
    auto known = getConstantIntValue(size);
    outer.push_back({size, known.value_or(ShapedType::kDynamic), 1});
  };
  if (frame.hasBatch)
    addLoop(frame.rows);
  if (frame.steps)
    addLoop(frame.steps);
  int64_t first = frame.steps ? e.recurrence.getSequenceRank() : 0;
  int64_t rank = typeOf(shape).getRank();
  for (int64_t d = first; d < rank; ++d) {
    Value size = e.sizeOf(shape, d);
    if (d + 1 < rank) {
      outer.push_back({size, typeOf(shape).getDimSize(d), 1});
      continue;
    }
    hasLane = true;
    laneSize = size;
    laneShape = shape;
    laneFixed = typeOf(shape).getDimSize(d);
    ofTile = frame.allChannels && laneFixed == frame.allChannels;
    if (ofTile)
      laneFixed = frame.channelTile;
  }
}

void NestEmitter::setPlace(const Index &domain) {
  if (frame.whole)
    return;
  unsigned next = 0;
  e.place.batch = frame.outerBatch;
  e.place.row = VectorEval::fixed(0);
  Idx s;
  if (flat) {
    Value at = e.value(domain[next++]), row = e.divide(at, frame.steps);
    e.place.row = {row, 0, 0};
    s = {e.subtract(at, e.multiply(row, frame.steps)), 0, 0};
  } else if (frame.hasBatch) {
    e.place.row = domain[next++];
  }
  if (!frame.batchSizes.empty())
    e.place.batch = batchOfRow();
  else if (frame.hasBatch)
    e.place.batch.push_back(e.add({frame.firstRow, 0, 0}, e.place.row));
  if (!frame.steps) {
    e.place.stepInStrip = {frame.stepInStrip, 0, 0};
    e.place.time = {frame.firstStep, 0, 0};
    return;
  }
  if (!flat)
    s = domain[next];
  e.place.stepInStrip = s;
  if (!frame.reverse) {
    e.place.time = e.add({frame.firstStep, 0, 0}, s);
    return;
  }
  Value base = s.base ? e.subtract(frame.lastStep, s.base) : frame.lastStep;
  e.place.time = {base, -s.offset, 0};
}

/// Indices of all batch dims where rows are those of all of them.
Index NestEmitter::batchOfRow() {
  Index batch(frame.batchSizes.size());
  Value rest = e.value(e.place.row);
  for (unsigned d = batch.size(); d-- > 1;) {
    Value quotient = e.divide(rest, frame.batchSizes[d]);
    batch[d] = {e.subtract(rest, e.multiply(quotient, frame.batchSizes[d])), 0, 0};
    rest = quotient;
  }
  batch.front() = {rest, 0, 0};
  return batch;
}

Index NestEmitter::valueIndex(const Index &domain) {
  if (frame.whole) {
    Index idx = domain;
    if (frame.fixedTime.base || frame.fixedTime.offset)
      idx.insert(idx.begin() + frame.timeAxis, frame.fixedTime);
    return idx;
  }
  unsigned leading = frame.hasBatch + (frame.steps && !flat ? 1 : 0);
  Index idx;
  if (frame.steps)
    idx = e.sequenceIndex();
  idx.append(domain.begin() + leading, domain.end());
  return idx;
}

/// Where a piece's element goes: its offsets are added behind the leading indices.
Index NestEmitter::targetIndex(const Index &valueIdx) {
  if (frame.whole && (frame.fixedTime.base || frame.fixedTime.offset)) {
    Index idx = valueIdx;
    idx.erase(idx.begin() + frame.timeAxis);
    return idx;
  }
  if (!piece || piece->offsets.empty())
    return valueIdx;
  Index out;
  unsigned next = 0;
  for (auto [d, offset] : llvm::enumerate(piece->offsets)) {
    Idx at =
        !piece->dropped.empty() && piece->dropped.test(d) ? VectorEval::fixed(0) : valueIdx[next++];
    if (std::optional<int64_t> c = getConstantIntValue(offset))
      at.offset += *c;
    else
      at = e.add(at, {e.evalScalar(cast<Value>(offset)), 0, 0});
    out.push_back(at);
  }
  return out;
}

/// Writes the piece, two values that take turns.
void NestEmitter::writePairs(const Store &store, const Index &idx) {
  Value even = e.eval(piece->source, idx), odd = e.eval(piece->odd, idx);
  Index at = targetIndex(idx);
  for (const Leaf &target : store.targets) {
    bool past = streaming && target.prefix == Leaf::Sequence;
    if (hasLane) {
      e.storePairs(even, odd, target.buffer, e.leafIndex(target, at), e.lanes, past);
      continue;
    }
    Index second = at;
    second.back().offset += 1;
    e.store(even, target.buffer, e.leafIndex(target, at), false);
    e.store(odd, target.buffer, e.leafIndex(target, second), false);
  }
}

void NestEmitter::collectPoint(const Index &domain) {
  setPlace(domain);
  for (const Store &store : stores)
    for (Value source : {partOf(store).source, partOf(store).odd})
      if (source)
        e.collect(source, valueIndex(domain));
}

void NestEmitter::writePoint(const Index &domain) {
  setPlace(domain);
  Index idx = valueIndex(domain);
  if (piece && piece->odd)
    return writePairs(stores.front(), idx);
  SmallVector<Value> values;
  for (const Store &store : stores) {
    const Piece &part = partOf(store);
    if (part.source) {
      values.push_back(e.eval(part.source, idx));
      continue;
    }
    Value scalar = e.evalScalar(part.fill);
    values.push_back(vector::BroadcastOp::create(
        e.b, e.loc, VectorType::get(e.lanes, scalar.getType()), scalar));
  }
  for (auto [store, value] : llvm::zip_equal(stores, values))
    for (const Leaf &target : store.targets)
      e.store(value, target.buffer, e.leafIndex(target, targetIndex(idx)),
              streaming && target.prefix == Leaf::Sequence);
}

Index NestEmitter::pointAt(const Index &row, Value laneBase, int64_t vector) {
  Index domain = row;
  if (hasLane && ofTile)
    domain.push_back(e.add({e.firstChannel, 0, 0}, {laneBase, vector * e.lanes, 1}));
  else if (hasLane)
    domain.push_back({laneBase, vector * e.lanes, 1});
  return domain;
}

/// `v`, unknown to LLVM: where it knows that one lane is live, it makes scalar code of it.
static Value opaque(OpBuilder &b, Location loc, Value v) {
  if (!getConstantIntValue(v))
    return v;
  Value wide = arith::IndexCastOp::create(b, loc, b.getI64Type(), v);
  Value same = LLVM::InlineAsmOp::create(b, loc, TypeRange{b.getI64Type()}, ValueRange{wide}, "",
                                         "=r,0", /*has_side_effects=*/false,
                                         /*is_align_stack=*/false, LLVM::TailCallKind::None,
                                         LLVM::AsmDialectAttr(), ArrayAttr())
                   .getResult(0);
  return arith::IndexCastOp::create(b, loc, b.getIndexType(), same);
}

Value NestEmitter::tailMask(Value laneBase, int64_t vector) {
  Idx first = {laneBase, vector * e.lanes, 0};
  Value start = e.value(ofTile ? e.add({e.firstChannel, 0, 0}, first) : first);
  Value left = arith::SubIOp::create(e.b, e.loc, opaque(e.b, e.loc, laneSize), start);
  left = arith::MaxSIOp::create(e.b, e.loc, left, e.constant(0));
  return vector::CreateMaskOp::create(e.b, e.loc, VectorType::get(e.lanes, e.b.getI1Type()), left);
}

void NestEmitter::emitTile(ArrayRef<Index> rows, Value block, bool masked) {
  e.resetTile();
  e.packBlock = block;
  Value base = hasLane
                   ? arith::MulIOp::create(e.b, e.loc, block, e.constant(tileVectors() * e.lanes))
                         .getResult()
                   : Value();
  SmallVector<Value> masks(tileVectors());
  for (int64_t j = 0; masked && j < tileVectors(); ++j)
    masks[j] = tailMask(base, j);
  for (auto [r, row] : llvm::enumerate(rows)) {
    e.currentRow = r;
    for (int64_t j = 0; j < tileVectors(); ++j) {
      e.mask = masks[j];
      collectPoint(pointAt(row, base, j));
    }
  }
  e.emitContractions(pack ? &*pack : nullptr);
  for (const Index &row : rows)
    for (int64_t j = 0; j < tileVectors(); ++j) {
      e.mask = masks[j];
      writePoint(pointAt(row, base, j));
    }
  e.mask = {};
}

void NestEmitter::emitBlock(ArrayRef<Index> rows, Value block, bool masked) {
  if (!pack)
    return emitTile(rows, block, masked);
  outerBlock = block;
  outerMasked = masked;
  emitOuter(0, {Index()});
}

/// All blocks of lanes, at `rows` or, with packed weights, at all rows.
void NestEmitter::emitLanes(ArrayRef<Index> rows) {
  if (!hasLane)
    return emitTile(rows, e.constant(0), false);
  int64_t width = tileVectors() * e.lanes;
  Value zero = e.constant(0), one = e.constant(1);
  if (!ShapedType::isDynamic(laneFixed)) {
    int64_t full = laneFixed / width;
    bool masked = ofTile && frame.allChannels % frame.channelTile;
    if (full == 1) {
      emitBlock(rows, zero, masked);
    } else if (full > 1) {
      auto loop = scf::ForOp::create(e.b, e.loc, zero, e.constant(full), one);
      OpBuilder::InsertionGuard guard(e.b);
      e.b.setInsertionPointToStart(loop.getBody());
      emitBlock(rows, loop.getInductionVar(), masked);
    }
    if (laneFixed % width)
      emitBlock(rows, e.constant(full), true);
    return;
  }
  Value full = arith::DivUIOp::create(e.b, e.loc, laneSize, e.constant(width));
  auto loop = scf::ForOp::create(e.b, e.loc, zero, full, one);
  {
    OpBuilder::InsertionGuard guard(e.b);
    e.b.setInsertionPointToStart(loop.getBody());
    emitBlock(rows, loop.getInductionVar(), false);
  }
  Value done = arith::MulIOp::create(e.b, e.loc, full, e.constant(width));
  Value rest = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::slt, done, laneSize);
  auto tail = scf::IfOp::create(e.b, e.loc, rest, /*withElse=*/false);
  OpBuilder::InsertionGuard guard(e.b);
  e.b.setInsertionPointToStart(tail.thenBlock());
  emitBlock(rows, full, true);
}

void NestEmitter::emitOuter(unsigned dim, SmallVector<Index> rows) {
  if (dim == outer.size())
    return pack ? emitTile(rows, outerBlock, outerMasked) : emitLanes(rows);
  const LoopDim &loopDim = outer[dim];
  auto expand = [&](Value iv, int64_t tile) {
    SmallVector<Index> out;
    for (const Index &row : rows)
      for (int64_t i = 0; i < tile; ++i) {
        out.push_back(row);
        out.back().push_back({iv, i, 0});
      }
    return out;
  };
  if (loopDim.fixed == loopDim.tile)
    return emitOuter(dim + 1, expand(Value(), loopDim.tile));
  Value zero = e.constant(0), step = e.constant(loopDim.tile), end = loopDim.size;
  if (loopDim.tile > 1) {
    Value rest = arith::RemUIOp::create(e.b, e.loc, loopDim.size, step);
    end = arith::SubIOp::create(e.b, e.loc, loopDim.size, rest);
  }
  bool exact = !ShapedType::isDynamic(loopDim.fixed) && loopDim.fixed % loopDim.tile == 0;
  if (part != Rest || loopDim.tile == 1 || exact) {
    auto loop = scf::ForOp::create(e.b, e.loc, zero, end, step);
    OpBuilder::InsertionGuard guard(e.b);
    e.b.setInsertionPointToStart(loop.getBody());
    emitOuter(dim + 1, expand(loop.getInductionVar(), loopDim.tile));
  }
  if (loopDim.tile == 1 || exact || part == FullTiles)
    return;
  auto last = scf::ForOp::create(e.b, e.loc, end, loopDim.size, e.constant(1));
  OpBuilder::InsertionGuard guard(e.b);
  e.b.setInsertionPointToStart(last.getBody());
  emitOuter(dim + 1, expand(last.getInductionVar(), 1));
}

void NestEmitter::chooseTile() {
  // A trial run at index zero tells how many contractions one vector of the result needs.
  e.resetTile();
  Index domain(outer.size(), VectorEval::fixed(0));
  e.currentRow = 0;
  collectPoint(pointAt(domain, Value(), 0));
  each = e.demands.size();
  e.resetTile();
  if (each == 0)
    return;
  if (e.acrossGrid)
    tileRows();
  if (e.lanesAreThreads())
    return preparePack();
  if (frame.hasBatch && frame.steps && getConstantIntValue(frame.rows) != 1) {
    flat = true;
    Value size = arith::MulIOp::create(e.b, e.loc, outer[0].size, outer[1].size);
    outer.erase(outer.begin());
    outer.front() = {size, ShapedType::kDynamic};
  }
  int64_t budget = schedule.getRows() * schedule.getVectors();
  vectors = std::max<int64_t>(1, schedule.getVectors() / each);
  if (!hasLane)
    vectors = 1;
  else if (!ShapedType::isDynamic(laneFixed))
    vectors = std::min(vectors, std::max<int64_t>(1, (laneFixed + e.lanes - 1) / e.lanes));
  budget = std::min<int64_t>(8, std::max<int64_t>(1, budget / (vectors * each)));
  for (LoopDim &dim : llvm::reverse(outer)) {
    if (budget <= 1)
      break;
    if (ShapedType::isDynamic(dim.fixed)) {
      dim.tile = budget >= 4 ? 4 : budget;
    } else if (dim.fixed <= budget) {
      dim.tile = std::max<int64_t>(1, dim.fixed);
    } else {
      for (dim.tile = budget; dim.fixed % dim.tile; --dim.tile) {
      }
    }
    budget /= dim.tile;
  }
  preparePack();
}

/// Blocks of lanes that a tile of one row computes at once.
int64_t NestEmitter::blocksOfSingleRow() {
  if (ShapedType::isDynamic(laneFixed) || sharedSums)
    return 1;
  int64_t sums = each * vectors;
  for (const LoopDim &dim : outer)
    if (!ShapedType::isDynamic(dim.fixed))
      sums *= dim.tile;
  int64_t all = llvm::divideCeil(laneFixed, vectors * e.lanes);
  int64_t count = schedule.getRows() * schedule.getVectors() / sums;
  // No vector behind the last element: its sum may be one of the next gate.
  int64_t most = llvm::divideCeil(laneFixed, e.lanes) / vectors;
  count = std::min(count, most);
  while (count > 1 && all % count)
    --count;
  return std::max<int64_t>(1, count);
}

void NestEmitter::emitPacked() {
  int64_t tiled = llvm::count_if(
      outer, [](const LoopDim &dim) { return dim.tile > 1 && ShapedType::isDynamic(dim.fixed); });
  int64_t blocks = tiled <= 1 ? blocksOfSingleRow() : 1;
  if (tiled == 1 && blocks > 1) {
    part = FullTiles;
    emitLanes({});
    part = Rest;
  }
  pack->blocks = blocks;
  emitLanes({});
}

void NestEmitter::run(Value shape) {
  setUpLoops(shape);
  chooseTile();
  if (e.acrossGrid)
    emitAcrossGrid();
  else if (e.threads)
    emitAcrossBlock();
  else if (pack)
    emitPacked();
  else
    emitOuter(0, {Index()});
  e.resetTile();
}

void seqc::emitNest(VectorEval &e, const Nest &nest, const Frame &frame, seq::ScheduleAttr schedule,
                    OpBuilder::InsertPoint &prologue, bool streaming) {
  const Store &first = nest.stores.front();
  bool whole = first.pieces.size() == 1 && first.pieces.front().offsets.empty() &&
               first.pieces.front().source;
  for (const Piece &piece : first.pieces) {
    NestEmitter emitter(e, frame, schedule, prologue, streaming, nest.stores);
    emitter.piece = whole ? nullptr : &piece;
    emitter.run(whole || !piece.source ? nest.shape : piece.source);
    if (e.threads) // other threads read, or write over, what this one wrote
      waitForBlock(e.b, e.loc);
  }
}
