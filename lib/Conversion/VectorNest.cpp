// Loop nests over tiles: rows × vectors of elements, with masked vectors at the end of a row.
//
// A nest without contractions has tiles of one vector. A nest with contractions keeps
// rows × vectors accumulators in registers; weights that its tiles share are packed in the
// order in which they are read, at compile time if they are constants.
#include "VectorNest.h"
#include "BlockThreads.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

namespace {
/// A loop of a nest; `tile` iterations are unrolled into one tile.
struct LoopDim {
  Value size;
  int64_t fixed; ///< static size or kDynamic
  int64_t tile = 1;
};

/// Emits one nest (or one piece of it).
struct NestEmitter {
  VectorEval &e;
  const Frame &frame;
  seq::ScheduleAttr schedule;
  OpBuilder::InsertPoint &prologue;
  bool streaming;
  ArrayRef<Store> stores;
  const Piece *piece = nullptr; ///< set: write only this piece of the one store

  SmallVector<LoopDim> outer;
  /// The loops over rows and steps are one: either may be the long one, and tiles span both.
  bool flat = false;
  Value laneSize;
  Value laneShape; ///< whose innermost size is laneSize
  int64_t laneFixed = 1;
  bool hasLane = false;
  /// The lanes are the channels of a tile.
  bool ofTile = false;
  int64_t vectors = 1;
  std::optional<Pack> pack;
  /// With packed weights the loop over blocks of lanes is outermost, so that a block's weights stay
  /// in cache for all rows: the block of the loops inside.
  Value outerBlock;
  bool outerMasked = false;
  /// Accumulators that one vector of the result needs.
  int64_t each = 0;
  /// Some sum serves several vectors, so that blocks cannot be told apart by position.
  bool sharedSums = false;
  /// Which rows of the tiled loop are emitted. A row that fills no tile takes several blocks of
  /// lanes at once instead: one block's sums alone would wait for each other.
  enum { AllRows, FullTiles, Rest } part = AllRows;

  NestEmitter(VectorEval &e, const Frame &frame, seq::ScheduleAttr schedule,
              OpBuilder::InsertPoint &prologue, bool streaming, ArrayRef<Store> stores)
      : e(e), frame(frame), schedule(schedule), prologue(prologue), streaming(streaming),
        stores(stores) {}

  void setUpLoops(Value shape);
  void chooseTile();
  void setPlace(const Index &domain);
  Index valueIndex(const Index &domain);
  Index targetIndex(const Index &valueIdx);
  const Piece &partOf(const Store &store) const { return piece ? *piece : store.pieces.front(); }
  void writePairs(const Store &store, const Index &idx);
  void collectPoint(const Index &domain);
  void writePoint(const Index &domain);
  void emitTile(ArrayRef<Index> rows, Value block, bool masked);
  void emitBlock(ArrayRef<Index> rows, Value block, bool masked);
  void emitLanes(ArrayRef<Index> rows);
  void emitOuter(unsigned dim, SmallVector<Index> rows);
  void flatten(SmallVector<LoopDim> &dims, Value &total);
  void emitAcrossBlock();
  void emitAcrossGrid();
  Index pointAt(const Index &row, Value laneBase, int64_t vector);
  Value tailMask(Value laneBase, int64_t vector);
  void preparePack();
  void keepWeights(int64_t depth, int64_t width);
  bool packConstants(ArrayRef<Demand> demands, int64_t depth, int64_t width);
  void packAtRunTime(ArrayRef<Demand> demands, int64_t depth, int64_t width);
  int64_t blocksOfSingleRow();
  void emitPacked();
  int64_t tileVectors() const { return vectors * (pack ? pack->blocks : 1); }
  void run(Value shape);
};
} // namespace

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
  if (frame.hasBatch)
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

/// The loops as one, over tiles of rows and single lanes.
void NestEmitter::flatten(SmallVector<LoopDim> &dims, Value &total) {
  dims.assign(outer.begin(), outer.end());
  if (hasLane)
    dims.push_back({laneSize, laneFixed});
  total = {};
  for (LoopDim &dim : dims) {
    if (dim.tile > 1)
      dim.size = arith::CeilDivUIOp::create(e.b, e.loc, dim.size, e.constant(dim.tile));
    if (dim.fixed != dim.tile)
      total = total ? arith::MulIOp::create(e.b, e.loc, total, dim.size).getResult() : dim.size;
  }
  if (!total)
    total = e.constant(1);
}

/// The indices of tile `point` of `dims`, the last one fastest; none where there is one only.
static SmallVector<Value> placesOf(VectorEval &e, ArrayRef<LoopDim> dims, Value point) {
  SmallVector<Value> places(dims.size());
  auto isLoop = [](const LoopDim &dim) { return dim.fixed != dim.tile; };
  unsigned left = llvm::count_if(dims, isLoop);
  for (unsigned n = dims.size(); n-- > 0;) {
    if (!isLoop(dims[n]))
      continue;
    bool first = --left == 0;
    places[n] = first ? point : arith::RemUIOp::create(e.b, e.loc, point, dims[n].size).getResult();
    point = first ? point : arith::DivUIOp::create(e.b, e.loc, point, dims[n].size).getResult();
  }
  return places;
}

/// All points, each by one thread of the block: neighbours take neighbouring ones.
void NestEmitter::emitAcrossBlock() {
  SmallVector<LoopDim> dims;
  Value total;
  flatten(dims, total);
  int64_t fixed = 1;
  for (const LoopDim &dim : dims)
    fixed = ShapedType::isDynamic(fixed) || ShapedType::isDynamic(dim.fixed) ? ShapedType::kDynamic
                                                                             : fixed * dim.fixed;
  OpBuilder::InsertionGuard guard(e.b);
  Value point = e.thread;
  if (ShapedType::isDynamic(fixed) || fixed > e.threads) {
    auto loop = scf::ForOp::create(e.b, e.loc, e.thread, total, e.constant(e.threads));
    e.b.setInsertionPointToStart(loop.getBody());
    point = loop.getInductionVar();
  } else if (fixed < e.threads) {
    Value some =
        arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::ult, e.thread, e.constant(fixed));
    auto choice = scf::IfOp::create(e.b, e.loc, some, /*withElse=*/false);
    e.b.setInsertionPointToStart(choice.thenBlock());
  }
  SmallVector<Value> places = placesOf(e, dims, point);
  Index row;
  for (Value place : ArrayRef(places).take_front(outer.size()))
    row.push_back({place, 0, 0});
  emitTile({row}, hasLane && places.back() ? places.back() : e.constant(0), false);
}

/// All tiles, each by one thread of the grid: some rows of one lane, which read a weight once.
void NestEmitter::emitAcrossGrid() {
  SmallVector<LoopDim> dims;
  Value total;
  flatten(dims, total);
  auto all =
      scf::ForallOp::create(e.b, e.loc, ArrayRef<OpFoldResult>{total}, ValueRange{}, std::nullopt);
  OpBuilder::InsertionGuard guard(e.b);
  e.b.setInsertionPointToStart(all.getBody());
  SmallVector<Value> places = placesOf(e, dims, all.getInductionVar(0));
  Value lane = hasLane && places.back() ? places.back() : e.constant(0);
  Index row;
  unsigned tiled = outer.size();
  Value first;
  for (auto [d, place] : llvm::enumerate(ArrayRef(places).take_front(outer.size()))) {
    row.push_back({place, 0, 0});
    if (outer[d].tile == 1)
      continue;
    tiled = d;
    first = place ? arith::MulIOp::create(e.b, e.loc, place, e.constant(outer[d].tile)) : Value();
  }
  if (tiled == outer.size())
    return emitTile({row}, lane, false);
  SmallVector<Index> rows(outer[tiled].tile, row);
  for (auto [i, at] : llvm::enumerate(rows))
    at[tiled] = {first, int64_t(i), 0};
  if (!first) // one tile is all
    return emitTile(rows, lane, false);
  Value size = outer[tiled].size;
  Value end = arith::AddIOp::create(e.b, e.loc, first, e.constant(outer[tiled].tile));
  Value full = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::ule, end, size);
  auto choice = scf::IfOp::create(e.b, e.loc, full, /*withElse=*/true);
  e.b.setInsertionPointToStart(choice.thenBlock());
  emitTile(rows, lane, false);
  e.b.setInsertionPointToStart(choice.elseBlock());
  auto rest = scf::ForOp::create(e.b, e.loc, first, size, e.constant(1));
  e.b.setInsertionPointToStart(rest.getBody());
  row[tiled] = {rest.getInductionVar(), 0, 0};
  emitTile({row}, lane, false);
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
  if (e.acrossGrid && !outer.empty()) {
    constexpr int64_t rowsOfThread = 8;
    LoopDim &last = outer.back();
    last.tile = ShapedType::isDynamic(last.fixed)
                    ? rowsOfThread
                    : std::clamp<int64_t>(last.fixed, 1, rowsOfThread);
  }
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

//===-----------------------------------------------------------------------===//
// Packed weights
//===-----------------------------------------------------------------------===//

static int64_t reductionDepth(linalg::GenericOp op) {
  SmallVector<unsigned> dims;
  op.getReductionDims(dims);
  int64_t depth = 1;
  for (unsigned d : dims) {
    int64_t size = op.getStaticLoopRanges()[d];
    if (ShapedType::isDynamic(size))
      return ShapedType::kDynamic;
    depth *= size;
  }
  return depth;
}

void NestEmitter::preparePack() {
  if (!hasLane || ofTile)
    return;
  OpBuilder::InsertionGuard guard(e.b);
  e.b.restoreInsertionPoint(prologue);
  e.resetTile();
  e.currentRow = 0;
  for (int64_t j = 0; j < vectors; ++j)
    collectPoint(pointAt(Index(outer.size(), VectorEval::fixed(0)), Value(), j));
  std::vector<Demand> demands = e.demands;
  sharedSums = int64_t(demands.size()) != each * vectors;
  e.resetTile();
  int64_t depth = reductionDepth(demands.front().op), width = 0;
  Type element;
  for (const Demand &d : demands) {
    SmallVector<unsigned> inputs = e.packableInputs(d);
    width += inputs.size();
    for (unsigned n : inputs) {
      linalg::GenericOp op = d.op;
      Type type = typeOf(op->getOperand(n)).getElementType();
      if (element && type != element)
        return;
      element = type;
    }
    if (reductionDepth(d.op) != depth)
      return;
  }
  if (!width || ShapedType::isDynamic(depth) || depth == 0)
    return;
  pack.emplace().vectorsPerK = width;
  if (ShapedType::isDynamic(laneFixed) || !packConstants(demands, depth, width * e.lanes))
    packAtRunTime(demands, depth, width * e.lanes);
  auto hasOneSum = [](const Demand &d) {
    linalg::GenericOp op = d.op;
    return op.getNumReductionLoops() == 1;
  };
  if (llvm::all_of(demands, hasOneSum))
    keepWeights(depth, width);
  e.resetTile();
}

/// Where each thread has one lane in all steps, its weights of the first k become registers.
void NestEmitter::keepWeights(int64_t depth, int64_t width) {
  auto isLoop = [](const LoopDim &dim) { return dim.fixed != 1; };
  if (!e.threads || ShapedType::isDynamic(laneFixed) || laneFixed > e.threads ||
      llvm::any_of(outer, isLoop))
    return;
  Type element = cast<MemRefType>(pack->buffer.getType()).getElementType();
  int64_t words = width * llvm::divideCeil(element.getIntOrFloatBitWidth(), 32);
  pack->kept = std::min(depth, e.registersLeft / words);
  if (!pack->kept)
    return;
  e.registersLeft -= pack->kept * words;
  pack->registers =
      memref::AllocaOp::create(e.b, e.loc, MemRefType::get({pack->kept, width}, element));
  OpBuilder::InsertionGuard guard(e.b);
  e.b.restoreInsertionPoint(e.threadEntry);
  auto type = VectorType::get(1, element);
  Value last = arith::ConstantIndexOp::create(e.b, e.loc, laneFixed - 1);
  Value lane = arith::MinUIOp::create(e.b, e.loc, e.thread, last);
  for (int64_t k = 0; k < pack->kept; ++k)
    for (int64_t at = 0; at < width; ++at) {
      Value places[] = {arith::ConstantIndexOp::create(e.b, e.loc, k),
                        arith::ConstantIndexOp::create(e.b, e.loc, at)};
      Value weight = vector::LoadOp::create(e.b, e.loc, type, pack->buffer,
                                            ValueRange{places[0], places[1], lane});
      vector::StoreOp::create(e.b, e.loc, weight, pack->registers, places);
    }
}

/// The elements of a constant, in row-major order, and the offset of a slice of it.
static ArrayRef<char> constantBytes(Value v) {
  auto op = v.getDefiningOp<arith::ConstantOp>();
  if (!op)
    return {};
  if (auto dense = dyn_cast<DenseElementsAttr>(op.getValue()))
    return dense.isSplat() ? ArrayRef<char>() : dense.getRawData();
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(op.getValue()))
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      return blob->getData();
  return {};
}

static int64_t evalNumber(AffineExpr e, ArrayRef<int64_t> dims) {
  if (auto dim = dyn_cast<AffineDimExpr>(e))
    return dims[dim.getPosition()];
  if (auto c = dyn_cast<AffineConstantExpr>(e))
    return c.getValue();
  auto binary = cast<AffineBinaryOpExpr>(e);
  int64_t lhs = evalNumber(binary.getLHS(), dims), rhs = evalNumber(binary.getRHS(), dims);
  return e.getKind() == AffineExprKind::Add ? lhs + rhs : lhs * rhs;
}

bool NestEmitter::packConstants(ArrayRef<Demand> demands, int64_t depth, int64_t width) {
  int64_t blocks = (laneFixed + vectors * e.lanes - 1) / (vectors * e.lanes);
  Type element;
  for (const Demand &d : demands)
    for (unsigned n : e.packableInputs(d)) {
      linalg::GenericOp op = d.op;
      Value v = op->getOperand(n);
      element = typeOf(v).getElementType();
      if (constantBytes(v).empty() || !isa<FloatType>(element))
        return false;
    }
  int64_t bytes = (element.getIntOrFloatBitWidth() + 7) / 8;
  std::vector<char> data(blocks * depth * width * bytes);
  auto placeOf = [&](int64_t block, int64_t k, int64_t at) {
    return e.lanesAreThreads() ? (k * width + at) * blocks + block
                               : (block * depth + k) * width + at;
  };
  int64_t column = 0;
  for (const Demand &d : demands)
    for (unsigned n : e.packableInputs(d)) {
      linalg::GenericOp op = d.op;
      Value v = op->getOperand(n);
      ArrayRef<char> source = constantBytes(v);
      ArrayRef<int64_t> shape = typeOf(v).getShape();
      AffineMap map = op.getMatchingIndexingMap(&op->getOpOperand(n));
      SmallVector<unsigned> reductions;
      op.getReductionDims(reductions);
      SmallVector<int64_t> dims(op.getNumLoops()), ranges = op.getStaticLoopRanges();
      for (int64_t block = 0; block < blocks; ++block)
        for (int64_t k = 0; k < depth; ++k) {
          int64_t rest = k;
          for (unsigned r : llvm::reverse(reductions)) {
            dims[r] = rest % ranges[r];
            rest /= ranges[r];
          }
          for (int64_t lane = 0; lane < e.lanes; ++lane) {
            for (auto [i, at] : llvm::enumerate(d.dims))
              if (!llvm::is_contained(reductions, i))
                dims[i] = at.offset + lane * at.lane +
                          (at.lane ? block * vectors * e.lanes * at.lane : 0);
            int64_t linear = 0;
            bool inside = true;
            for (auto [size, expr] : llvm::zip_equal(shape, map.getResults())) {
              int64_t at = evalNumber(expr, dims);
              inside &= at >= 0 && at < size;
              linear = linear * size + at;
            }
            if (inside)
              memcpy(&data[placeOf(block, k, column * e.lanes + lane) * bytes],
                     &source[linear * bytes], bytes);
          }
        }
      ++column;
    }
  SmallVector<int64_t> shape = {blocks, depth, width};
  if (e.lanesAreThreads())
    std::rotate(shape.begin(), shape.begin() + 1, shape.end());
  auto type = RankedTensorType::get(shape, element);
  Value packed =
      arith::ConstantOp::create(e.b, e.loc, DenseElementsAttr::getFromRawBuffer(type, data));
  pack->buffer = bufferization::ToBufferOp::create(
      e.b, e.loc, MemRefType::get(type.getShape(), element), packed, /*read_only=*/true);
  return true;
}

void NestEmitter::packAtRunTime(ArrayRef<Demand> demands, int64_t depth, int64_t width) {
  Value step = e.constant(vectors * e.lanes);
  // The size, again: packing happens before the nest.
  llvm::SaveAndRestore here(laneSize, e.sizeOf(laneShape, typeOf(laneShape).getRank() - 1));
  Value blocks = arith::CeilDivUIOp::create(e.b, e.loc, laneSize, step);
  linalg::GenericOp first = demands.front().op;
  Type element;
  for (const Demand &d : demands)
    for (unsigned n : e.packableInputs(d)) {
      linalg::GenericOp op = d.op;
      element = typeOf(op->getOperand(n)).getElementType();
    }
  SmallVector<int64_t> shape = {ShapedType::kDynamic, depth, width};
  if (e.lanesAreThreads())
    std::rotate(shape.begin(), shape.begin() + 1, shape.end());
  pack->buffer =
      memref::AllocOp::create(e.b, e.loc, MemRefType::get(shape, element), ValueRange{blocks});
  Value zero = e.constant(0), one = e.constant(1), block, flat;
  Operation *outermost;
  if (e.lanesAreThreads()) { // a kernel of its own, a thread for each lane and k
    Value items = arith::MulIOp::create(e.b, e.loc, blocks, e.constant(depth));
    auto all = scf::ForallOp::create(e.b, e.loc, ArrayRef<OpFoldResult>{items}, ValueRange{},
                                     std::nullopt);
    e.b.setInsertionPointToStart(all.getBody());
    block = arith::RemUIOp::create(e.b, e.loc, all.getInductionVar(0), blocks);
    flat = arith::DivUIOp::create(e.b, e.loc, all.getInductionVar(0), blocks);
    outermost = all;
  } else {
    auto blockLoop = scf::ForOp::create(e.b, e.loc, zero, blocks, one);
    e.b.setInsertionPointToStart(blockLoop.getBody());
    block = blockLoop.getInductionVar();
    auto kLoop = scf::ForOp::create(e.b, e.loc, zero, e.constant(depth), one);
    e.b.setInsertionPointToStart(kLoop.getBody());
    flat = kLoop.getInductionVar();
    outermost = blockLoop;
  }
  Value base = arith::MulIOp::create(e.b, e.loc, block, step);
  // k by reduction dimension, innermost last.
  SmallVector<unsigned> reductions;
  first.getReductionDims(reductions);
  SmallVector<Value> ks(reductions.size());
  Value rest = flat;
  for (int64_t i = reductions.size() - 1; i >= 0; --i) {
    Value size = e.constant(first.getStaticLoopRanges()[reductions[i]]);
    ks[i] = i ? arith::RemUIOp::create(e.b, e.loc, rest, size).getResult() : rest;
    rest = i ? arith::DivUIOp::create(e.b, e.loc, rest, size).getResult() : rest;
  }
  int64_t column = 0, perVector = demands.size() / vectors;
  for (auto [number, d] : llvm::enumerate(demands)) {
    linalg::GenericOp op = d.op;
    Index dims = d.dims;
    SmallVector<unsigned> own;
    op.getReductionDims(own);
    for (auto [i, r] : llvm::enumerate(own))
      dims[r] = {ks[i], 0, 0};
    for (Idx &at : dims)
      if (at.lane)
        at = e.add(at, e.scale({base, 0, 0}, at.lane));
    for (unsigned n : e.packableInputs(d)) {
      e.mask = tailMask(base, number / perVector);
      Value weights = e.eval(op->getOperand(n), e.operandIndex(op, op->getOpOperand(n), dims));
      e.mask = {};
      SmallVector<Value> at = {block, flat, e.constant(column * e.lanes)};
      if (e.lanesAreThreads())
        std::rotate(at.begin(), at.begin() + 1, at.end());
      vector::StoreOp::create(e.b, e.loc, weights, pack->buffer, at);
      ++column;
    }
  }
  e.b.setInsertionPointAfter(outermost);
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
  }
  if (e.threads) // other threads read what this one wrote
    waitForBlock(e.b, e.loc);
}
