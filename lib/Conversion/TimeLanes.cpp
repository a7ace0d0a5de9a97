// Rows, places, vectors and memory of plans that are parallel in time.
#include "TimeLanes.h"
#include "seqc/Analysis/Interleaved.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

TimeLanes::TimeLanes(Group group)
    : LoopWords(group.recurrence), group(group), op(group.recurrence),
      e(b, loc, op.getScheduleAttr().getVectorBits() / 32), schedule(op.getScheduleAttr()),
      firstChannels(typeOf(op.getStateArgs().front()).getRank()) {
  e.recurrence = op;
}

Operation *seqc::firstNotByElement(Block &body) {
  for (Operation &inner : body.without_terminator())
    if (!isa<seq::CombineOp, seq::LinearizedOp>(inner) && !isInterleaving(&inner) &&
        (!canEvaluate(&inner) || isReductionOp(&inner) ||
         isa<tensor::PadOp, tensor::ConcatOp, tensor::InsertSliceOp>(inner)))
      return &inner;
  return nullptr;
}

//===-----------------------------------------------------------------------===//
// The recurrence as a whole
//===-----------------------------------------------------------------------===//

void TimeLanes::findSizes() {
  e.isMember = [this](Operation *o) { return group.contains(o); };
  zero = e.constant(0);
  one = e.constant(1);
  for (int64_t d = 0; d < op.getBatchRank(); ++d)
    batchSizes.push_back(e.sizeOf(op.getInitial().front(), d));
  steps = e.sizeOfSteps();
}

Value TimeLanes::countRows(int64_t each) {
  Value rows = e.constant(each);
  for (Value size : batchSizes)
    rows = times(rows, size);
  return rows;
}

void TimeLanes::allocateResults() {
  auto make = [&](Value v) -> Value {
    SmallVector<Value> dynamic;
    for (int64_t d = 0; d < typeOf(v).getRank(); ++d)
      if (typeOf(v).isDynamicDim(d))
        dynamic.push_back(e.sizeOf(v, d));
    auto type = MemRefType::get(typeOf(v).getShape(), typeOf(v).getElementType());
    return memref::AllocOp::create(b, loc, type, dynamic);
  };
  for (Value out : op.getOuts())
    outBuffers.push_back(out.use_empty() ? Value() : make(out));
  for (auto [final, initial] : llvm::zip_equal(op.getFinals(), op.getInitial()))
    finalBuffers.push_back(final.use_empty() ? Value() : make(initial));
}

void TimeLanes::markEntry() {
  Operation *anchor = arith::ConstantIndexOp::create(b, loc, 0);
  entry = OpBuilder::InsertPoint(anchor->getBlock(), Block::iterator(anchor));
  e.entry = &entry;
}

void TimeLanes::replaceResults() {
  b.setInsertionPoint(op);
  for (auto [v, buffer] : llvm::zip_equal(op.getOuts(), outBuffers))
    if (buffer)
      replaceByBuffer(b, v, buffer);
  for (auto [v, buffer] : llvm::zip_equal(op.getFinals(), finalBuffers))
    if (buffer)
      replaceByBuffer(b, v, buffer);
  op.erase();
  for (Operation *member : llvm::reverse(group.before.getArrayRef()))
    member->erase();
}

void TimeLanes::parallel(Value count, llvm::function_ref<void(Value)> body) {
  auto loop =
      scf::ForallOp::create(b, loc, ArrayRef<OpFoldResult>{count}, ValueRange{}, std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar(0));
}

void TimeLanes::inside(Value condition, llvm::function_ref<void()> body) {
  auto choice = scf::IfOp::create(b, loc, condition, /*withElse=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  e.openScope();
  body();
  e.closeScope();
}

//===-----------------------------------------------------------------------===//
// Places
//===-----------------------------------------------------------------------===//

void TimeLanes::beginRow(Value row) {
  e.leaves = baseLeaves;
  e.resetTile();
  e.place.batch.assign(batchSizes.size(), Idx());
  for (int64_t d = int64_t(batchSizes.size()) - 1; d >= 0; --d) {
    Value own = d ? arith::RemUIOp::create(b, loc, row, batchSizes[d]).getResult() : row;
    e.place.batch[d] = {own, 0, 0};
    if (d)
      row = arith::DivUIOp::create(b, loc, row, batchSizes[d]);
  }
  e.place.row = e.place.stepInStrip = VectorEval::fixed(0);
}

void TimeLanes::setFirstChannels(Value first) {
  ArrayRef<int64_t> shape = typeOf(op.getStateArgs().front()).getShape();
  firstChannels.assign(shape.size(), Value());
  int64_t inner = ShapedType::getNumElements(shape);
  for (auto [at, size] : llvm::zip_equal(firstChannels, shape)) {
    int64_t outer = inner;
    inner /= size;
    if (!first || size == 1 || channels % outer == 0)
      continue;
    at = inner == 1 ? first : arith::DivUIOp::create(b, loc, first, e.constant(inner)).getResult();
    if (&at != &firstChannels.front())
      at = arith::RemUIOp::create(b, loc, at, e.constant(size));
  }
}

Index TimeLanes::channelIndex() {
  ArrayRef<int64_t> shape = typeOf(op.getStateArgs().front()).getShape();
  Index at;
  int64_t inner = ShapedType::getNumElements(shape);
  for (auto [first, size] : llvm::zip_equal(firstChannels, shape)) {
    inner /= size;
    Distances distances;
    for (int64_t l = 0; l < e.lanes; ++l)
      distances.push_back(l % channels / inner % size);
    at.push_back(e.withPattern(first, distances));
  }
  return at;
}

Index TimeLanes::channelIndex(RankedTensorType step) {
  Index at = channelIndex();
  at.truncate(step.getRank());
  for (auto [i, size] : llvm::enumerate(step.getShape()))
    if (size == 1)
      at[i] = VectorEval::fixed(0);
  return at;
}

void TimeLanes::setTime(Value first, int64_t vector, bool single) {
  Distances distances;
  for (int64_t l = 0; l < e.lanes; ++l) {
    int64_t unit = single ? 0 : std::min(l / channels, units - 1);
    distances.push_back(op.getReverse() && !single ? units - 1 - unit : unit);
  }
  if (!op.getReverse()) {
    e.place.time = e.withPattern(first, distances);
    e.place.time.offset += vector * units;
  } else {
    Value last = e.subtract(e.subtract(steps, one), first);
    e.place.time = e.withPattern(last, distances);
    e.place.time.offset -= single ? 0 : vector * units + units - 1;
  }
  if (rowFirst)
    e.place.time = e.add({rowFirst}, e.place.time);
}

void TimeLanes::storeOuts(llvm::function_ref<Value(Value)> valueOf, int64_t count, bool streaming) {
  for (auto [out, buffer] : llvm::zip_equal(op.getYield().getOut(), outBuffers)) {
    if (!buffer)
      continue;
    Leaf leaf{buffer, Leaf::Sequence};
    if (std::optional<Interleaved> parts = interleaved(out)) {
      Value even = valueOf(parts->even), odd = valueOf(parts->odd);
      Index at = channelIndex(typeOf(parts->even));
      at.push_back(VectorEval::fixed(0));
      e.storePairs(even, odd, buffer, e.leafIndex(leaf, at), count, streaming);
      continue;
    }
    Index at = channelIndex(typeOf(out));
    e.spread(valueOf(out), buffer, e.leafIndex(leaf, at), count, streaming);
  }
}

void TimeLanes::storeFinals(const Tuple &carry) {
  for (auto [buffer, v] : llvm::zip(finalBuffers, carry))
    if (buffer)
      e.spread(v, buffer, e.leafIndex({buffer, Leaf::Batch}, channelIndex()), channels, false);
}

//===-----------------------------------------------------------------------===//
// Vectors
//===-----------------------------------------------------------------------===//

Value TimeLanes::splat(Type type, double v) {
  auto vector = cast<VectorType>(type);
  auto element = FloatAttr::get(vector.getElementType(), v);
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vector, element));
}

static bool isSplat(Value v) {
  DenseElementsAttr elements;
  return v.getDefiningOp<vector::BroadcastOp>() ||
         (matchPattern(v, m_Constant(&elements)) && elements.isSplat());
}

Value TimeLanes::shuffle(Value v, llvm::function_ref<int64_t(int64_t)> from) {
  SmallVector<int64_t> order;
  bool same = true;
  for (int64_t l = 0; l < e.lanes; ++l) {
    order.push_back(from(l));
    same &= order.back() == l;
  }
  return same || isSplat(v) ? v : vector::ShuffleOp::create(b, loc, v, v, order).getResult();
}

Value TimeLanes::lanesWhere(llvm::function_ref<bool(int64_t)> holds) {
  SmallVector<bool> lanes;
  for (int64_t l = 0; l < e.lanes; ++l)
    lanes.push_back(holds(l));
  auto type = VectorType::get(e.lanes, b.getI1Type());
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, lanes));
}

Value TimeLanes::select(llvm::function_ref<bool(int64_t)> fromA, Value a, Value c) {
  return arith::SelectOp::create(b, loc, lanesWhere(fromA), a, c);
}

void TimeLanes::transpose(MutableArrayRef<Value> rows) {
  if (llvm::all_of(rows, isSplat))
    return;
  for (int64_t bit = 1; bit < int64_t(rows.size()); bit *= 2)
    for (int64_t i = 0; i < int64_t(rows.size()); ++i) {
      if (i & bit)
        continue;
      Value low = rows[i], high = rows[i | bit];
      SmallVector<int64_t> lows, highs;
      for (int64_t l = 0; l < e.lanes; ++l) {
        int64_t unit = l / channels, shift = bit * channels;
        bool isUnit = unit < units, moves = isUnit && unit & bit;
        lows.push_back(moves ? e.lanes + l - shift : l);
        highs.push_back(moves || !isUnit ? e.lanes + l : l + shift);
      }
      rows[i] = vector::ShuffleOp::create(b, loc, low, high, lows);
      rows[i | bit] = vector::ShuffleOp::create(b, loc, low, high, highs);
    }
}

//===-----------------------------------------------------------------------===//
// Memory
//===-----------------------------------------------------------------------===//

TimeLanes::Shelf TimeLanes::shelf(ArrayRef<Type> types, ArrayRef<int64_t> shape, ValueRange sizes,
                                  bool ofTask) {
  Shelf made{{}, llvm::to_vector(types)};
  SmallVector<int64_t> full(shape);
  full.push_back(e.lanes);
  for (Type type : types) {
    made.buffers.push_back({});
    if (!type)
      continue;
    auto memory = MemRefType::get(full, cast<VectorType>(type).getElementType());
    made.buffers.back() =
        ofTask ? memref::AllocaOp::create(b, loc, memory, b.getI64IntegerAttr(64)).getResult()
               : memref::AllocOp::create(b, loc, memory, sizes).getResult();
  }
  return made;
}

void TimeLanes::put(const Shelf &shelf, ValueRange values, ValueRange at) {
  for (auto [i, v] : llvm::enumerate(values))
    put(shelf, i, v, at);
}

void TimeLanes::put(const Shelf &shelf, unsigned i, Value v, ValueRange at) {
  if (!v || !shelf.buffers[i])
    return;
  SmallVector<Value> full(at);
  full.push_back(zero);
  vector::StoreOp::create(b, loc, v, shelf.buffers[i], full);
}

TimeLanes::Tuple TimeLanes::get(const Shelf &shelf, ValueRange at) {
  Tuple t;
  for (unsigned i = 0; i < shelf.buffers.size(); ++i)
    t.push_back(get(shelf, i, at));
  return t;
}

Value TimeLanes::get(const Shelf &shelf, unsigned i, ValueRange at) {
  if (!shelf.buffers[i])
    return {};
  SmallVector<Value> full(at);
  full.push_back(zero);
  return vector::LoadOp::create(b, loc, cast<VectorType>(shelf.types[i]), shelf.buffers[i], full);
}
