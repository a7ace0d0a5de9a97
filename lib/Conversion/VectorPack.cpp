// Weights that the tiles of a nest share, packed in the order in which they are read, at compile
// time if they are constants.
#include "BlockThreads.h"
#include "NestEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

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
  if (llvm::all_of(demands, hasOneSum)) {
    keepWeights(depth, width);
    shareWeights(depth, width);
  }
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

/// The weights of the next k, as many as there is memory left that the block shares.
void NestEmitter::shareWeights(int64_t depth, int64_t width) {
  if (!e.threads || ShapedType::isDynamic(laneFixed))
    return;
  Type element = cast<MemRefType>(pack->buffer.getType()).getElementType();
  int64_t bytes = width * laneFixed * llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
  int64_t first = pack->kept;
  pack->inShared = std::min(depth - first, e.sharedBytesLeft / bytes);
  if (pack->inShared <= 0) {
    pack->inShared = 0;
    return;
  }
  SmallVector<int64_t> shape = {pack->inShared, width, laneFixed};
  e.sharedBytesLeft -= sharedBytesOf(shape, element);
  OpBuilder::InsertionGuard guard(e.b);
  e.b.restoreInsertionPoint(e.threadEntry);
  pack->shared = sharedBuffer(e.b, e.loc, shape, element);
  auto index = [&](int64_t v) -> Value { return arith::ConstantIndexOp::create(e.b, e.loc, v); };
  auto lanes =
      scf::ForOp::create(e.b, e.loc, e.thread, index(laneFixed), index(e.threads)); // one, or none
  waitForBlock(e.b, e.loc);
  e.b.setInsertionPointToStart(lanes.getBody());
  auto type = VectorType::get(1, element);
  // Row by row, so many under way at once: memory is far.
  constexpr int64_t together = 8;
  auto copyRows = [&](Value base, int64_t count) {
    SmallVector<std::pair<Value, SmallVector<Value>>> read;
    for (int64_t i = 0; i < count; ++i) {
      Value row = arith::AddIOp::create(e.b, e.loc, base, index(i));
      Value k = arith::DivUIOp::create(e.b, e.loc, row, index(width));
      Value at = arith::RemUIOp::create(e.b, e.loc, row, index(width));
      Value from = arith::AddIOp::create(e.b, e.loc, k, index(first));
      SmallVector<Value> to = {k, at, lanes.getInductionVar()};
      read.push_back({vector::LoadOp::create(e.b, e.loc, type, pack->buffer,
                                             ValueRange{from, at, lanes.getInductionVar()}),
                      to});
    }
    for (auto &[weight, to] : read)
      vector::StoreOp::create(e.b, e.loc, weight, pack->shared, to);
  };
  int64_t rows = pack->inShared * width, whole = rows / together * together;
  auto loop = scf::ForOp::create(e.b, e.loc, index(0), index(whole), index(together));
  copyRows(index(whole), rows - whole);
  e.b.setInsertionPointToStart(loop.getBody());
  copyRows(loop.getInductionVar(), together);
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
      e.mask = e.lanesAreThreads() ? Value() : tailMask(base, number / perVector);
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
