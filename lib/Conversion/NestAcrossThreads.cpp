// Nests whose points threads of a GPU share: those of a block, or those of a grid.
#include "BlockThreads.h"
#include "NestEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
using namespace seqc;

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

/// Tiles of rows, each for one thread, which reads a weight once for all of them.
void NestEmitter::tileRows() {
  constexpr int64_t rowsOfThread = 8;
  bool ofStep = !frame.whole;
  if (outer.empty() || (ofStep && !frame.hasBatch))
    return;
  LoopDim &dim = ofStep ? outer.front() : outer.back();
  int64_t rows = ofStep ? schedule.getRows() : rowsOfThread;
  if (!ShapedType::isDynamic(dim.fixed)) {
    int64_t fixed = std::max<int64_t>(dim.fixed, 1);
    rows = std::min(rows, ofStep ? int64_t(llvm::bit_floor(uint64_t(fixed))) : fixed);
  }
  dim.tile = rows;
}

/// Starts threads for all tiles, in the order in which blocks of threads use memory best: warps of
/// one block have the same lanes of different rows, so that the first-level cache gives each weight
/// to all of them. Returns the lane and fills in the `places` of the outer loops.
Value NestEmitter::startInWarps(SmallVector<Value> &places) {
  SmallVector<LoopDim> dims;
  Value tiles;
  llvm::SaveAndRestore noLane(hasLane, false);
  flatten(dims, tiles);
  Value width = e.constant(warpSize);
  Value groups = arith::CeilDivUIOp::create(e.b, e.loc, laneSize, width);
  Value total = arith::MulIOp::create(e.b, e.loc, groups, tiles);
  total = arith::MulIOp::create(e.b, e.loc, total, width);
  auto all =
      scf::ForallOp::create(e.b, e.loc, ArrayRef<OpFoldResult>{total}, ValueRange{}, std::nullopt);
  askForBlocks(all, blocksOfStepOnSm);
  keepLoop(all);
  e.b.setInsertionPointToStart(all.getBody());
  Value item = all.getInductionVar(0);
  Value warp = arith::DivUIOp::create(e.b, e.loc, item, width);
  Value group = arith::DivUIOp::create(e.b, e.loc, warp, tiles);
  Value inWarp = arith::RemUIOp::create(e.b, e.loc, item, width);
  Value first = arith::MulIOp::create(e.b, e.loc, group, width);
  Value lane = arith::AddIOp::create(e.b, e.loc, first, inWarp);
  if (ShapedType::isDynamic(laneFixed) || laneFixed % warpSize) {
    Value some = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::ult, lane, laneSize);
    auto choice = scf::IfOp::create(e.b, e.loc, some, /*withElse=*/false);
    e.b.setInsertionPointToStart(choice.thenBlock());
  }
  places = placesOf(e, dims, arith::RemUIOp::create(e.b, e.loc, warp, tiles));
  return lane;
}

/// All tiles, each by one thread of the grid: some rows of one lane, which read a weight once.
void NestEmitter::emitAcrossGrid() {
  OpBuilder::InsertionGuard guard(e.b);
  SmallVector<Value> places;
  if (!frame.whole && hasLane && each) {
    Value lane = startInWarps(places);
    return emitTileOfRows(places, lane);
  }
  SmallVector<LoopDim> dims;
  Value total;
  flatten(dims, total);
  auto all =
      scf::ForallOp::create(e.b, e.loc, ArrayRef<OpFoldResult>{total}, ValueRange{}, std::nullopt);
  if (!frame.whole)
    keepLoop(all);
  e.b.setInsertionPointToStart(all.getBody());
  places = placesOf(e, dims, all.getInductionVar(0));
  Value lane = hasLane && places.back() ? places.back() : e.constant(0);
  emitTileOfRows(ArrayRef(places).take_front(outer.size()), lane);
}

/// The tile of rows at `places` of the outer loops.
void NestEmitter::emitTileOfRows(ArrayRef<Value> places, Value lane) {
  Index row;
  unsigned tiled = outer.size();
  Value first;
  for (auto [d, place] : llvm::enumerate(places)) {
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
  emitRestOfRows(row, tiled, first, lane);
}

/// The rows from `first` on, fewer than a tile: of work around a recurrence, of which there is
/// seldom a rest, one by one; of a step half a tile, a quarter, and so on.
void NestEmitter::emitRestOfRows(const Index &row, unsigned tiled, Value first, Value lane) {
  Value size = outer[tiled].size;
  if (frame.whole) {
    auto rest = scf::ForOp::create(e.b, e.loc, first, size, e.constant(1));
    e.b.setInsertionPointToStart(rest.getBody());
    Index one = row;
    one[tiled] = {rest.getInductionVar(), 0, 0};
    return emitTile({one}, lane, false);
  }
  Value left = arith::SubIOp::create(e.b, e.loc, size, first);
  for (int64_t count = outer[tiled].tile / 2; count; count /= 2) {
    // `left` in binary says which of these there are, the larger ones first.
    OpBuilder::InsertionGuard guard(e.b);
    Value bit = arith::AndIOp::create(e.b, e.loc, left, e.constant(count));
    Value some = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::ne, bit, e.constant(0));
    auto choice = scf::IfOp::create(e.b, e.loc, some, /*withElse=*/false);
    e.b.setInsertionPointToStart(choice.thenBlock());
    Value before = arith::AndIOp::create(e.b, e.loc, left, e.constant(-2 * count));
    Value from = arith::AddIOp::create(e.b, e.loc, first, before);
    SmallVector<Index> rows(count, row);
    for (auto [i, at] : llvm::enumerate(rows))
      at[tiled] = {from, int64_t(i), 0};
    emitTile(rows, lane, false);
  }
}
