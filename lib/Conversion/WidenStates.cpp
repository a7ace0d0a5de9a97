// Scan form: states of fewer sizes get those of the largest one, by repeating their elements. So
// all components lie in the lanes of vectors alike, and each lane computes what it reads.
#include "WidenStates.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

SmallVector<Value> seqc::inlined(OpBuilder &b, seq::CombineOp combine, ValueRange earlier,
                                 ValueRange later) {
  IRMapping map;
  map.map(combine.getBody()->getArguments().take_front(earlier.size()), earlier);
  map.map(combine.getBody()->getArguments().drop_front(earlier.size()), later);
  for (Operation &inner : combine.getBody()->without_terminator())
    b.clone(inner, map);
  return llvm::map_to_vector(combine.getYield().getNext(),
                             [&](Value v) { return map.lookupOrDefault(v); });
}

Value seqc::repeated(OpBuilder &b, Location loc, Value v, int64_t kept, ArrayRef<int64_t> shape) {
  ArrayRef<int64_t> own = typeOf(v).getShape();
  SmallVector<AffineExpr> from;
  SmallVector<int64_t> sizes(own.take_front(kept));
  sizes.append(shape.begin(), shape.end());
  for (auto [i, size] : llvm::enumerate(own))
    from.push_back(int64_t(i) < kept || size == sizes[i] ? b.getAffineDimExpr(i)
                                                         : b.getAffineConstantExpr(0));
  RankedTensorType type = typeOf(v).clone(sizes);
  if (type == v.getType())
    return v;
  SmallVector<OpFoldResult> all = tensor::getMixedSizes(b, loc, v);
  all.truncate(kept);
  for (int64_t size : shape)
    all.push_back(b.getIndexAttr(size));
  Value empty = tensor::EmptyOp::create(b, loc, all, type.getElementType());
  unsigned rank = sizes.size();
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  AffineMap maps[] = {AffineMap::get(rank, 0, from, b.getContext()),
                      b.getMultiDimIdentityMap(rank)};
  return linalg::GenericOp::create(b, loc, type, ValueRange(v), ValueRange(empty), maps, loops,
                                   [](OpBuilder &nested, Location at, ValueRange args) {
                                     linalg::YieldOp::create(nested, at, args[0]);
                                   })
      .getResult(0);
}

Value seqc::firstOfRepeated(OpBuilder &b, Location loc, Value v, int64_t kept,
                            ArrayRef<int64_t> shape) {
  SmallVector<int64_t> sizes(typeOf(v).getShape().take_front(kept));
  sizes.append(shape.begin(), shape.end());
  RankedTensorType type = typeOf(v).clone(sizes);
  if (type == v.getType())
    return v;
  SmallVector<OpFoldResult> read = tensor::getMixedSizes(b, loc, v);
  for (int64_t i = kept; i < typeOf(v).getRank(); ++i)
    read[i] = b.getIndexAttr(i < int64_t(sizes.size()) ? sizes[i] : 1);
  SmallVector<OpFoldResult> offsets(read.size(), b.getIndexAttr(0)),
      strides(read.size(), b.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(b, loc, type, v, offsets, read, strides);
}

seq::RecurrenceOp seqc::widenStates(seq::RecurrenceOp op, ArrayRef<int64_t> shape) {
  int64_t batch = op.getBatchRank();
  SmallVector<Type> types(op.getResultTypes());
  SmallVector<SmallVector<int64_t>> shapes;
  OpBuilder b(op);
  for (auto [i, state] : llvm::enumerate(op.getStateArgs())) {
    ArrayRef<int64_t> own = typeOf(state).getShape();
    shapes.emplace_back(own);
    if (own == shape)
      continue;
    b.setInsertionPoint(op);
    Value initial = repeated(b, op.getLoc(), op.getInitial()[i], batch, shape);
    op.getInitialMutable()[i].set(initial);
    types[op.getNumOuts() + i] = initial.getType();
    state.setType(typeOf(state).clone(shape));
    b.setInsertionPointToStart(op.getBody());
    Value first = firstOfRepeated(b, op.getLoc(), state, 0, shapes.back());
    state.replaceAllUsesExcept(first, first.getDefiningOp());
  }
  if (llvm::equal(types, op.getResultTypes()))
    return op;
  b.setInsertionPoint(op);
  seq::RecurrenceOp wide = seq::recreate(op, types);
  for (auto [old, fresh] : llvm::zip_equal(op.getOuts(), wide.getOuts()))
    old.replaceAllUsesWith(fresh);
  for (auto [old, fresh, own] : llvm::zip_equal(op.getFinals(), wide.getFinals(), shapes))
    if (!old.use_empty())
      old.replaceAllUsesWith(firstOfRepeated(b, op.getLoc(), fresh, batch, own));
  op.erase();
  return wide;
}

seq::CombineOp seqc::widenCombine(seq::RecurrenceOp op, seq::CombineOp combine,
                                  ArrayRef<SmallVector<int64_t>> shapes) {
  auto states = op.getStateArgs();
  ArrayRef<int64_t> shape = typeOf(states.front()).getShape();
  OpBuilder b(combine);
  Location loc = combine.getLoc();
  SmallVector<Value> earlier(states.begin(), states.end()), later;
  for (Value v : combine.getLater())
    later.push_back(repeated(b, loc, v, 0, shape));
  SmallVector<Type> types(ValueRange(earlier).getTypes());
  auto wide = seq::CombineOp::create(b, loc, types, earlier, later);
  Block *body = b.createBlock(&wide.getRule());
  SmallVector<Value> sides[2];
  for (auto &side : sides)
    for (auto [type, own] : llvm::zip_equal(types, shapes))
      side.push_back(firstOfRepeated(b, loc, body->addArgument(type, loc), 0, own));
  SmallVector<Value> results;
  for (Value v : inlined(b, combine, sides[0], sides[1]))
    results.push_back(repeated(b, loc, v, 0, shape));
  seq::YieldOp::create(b, loc, results, ValueRange());
  b.setInsertionPointAfter(wide);
  for (auto [old, fresh, own] : llvm::zip_equal(combine.getResults(), wide.getResults(), shapes))
    old.replaceAllUsesWith(firstOfRepeated(b, loc, fresh, 0, own));
  combine.erase();
  op.getYield().getNextMutable().assign(wide.getResults());
  return wide;
}
