// Arithmetic on the values of a step, for the expansion of named ops.
#include "Expand.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

RankedTensorType seqc::stepType(Value whole, int64_t leading) {
  return RankedTensorType::get(typeOf(whole).getShape().drop_front(leading),
                               typeOf(whole).getElementType());
}

Value StepWriter::widen(Value v) {
  RankedTensorType want = typeOf(v).clone(element);
  return want == v.getType() ? v : arith::ExtFOp::create(b, loc, want, v).getResult();
}

Value StepWriter::map(ValueRange operands, Value like,
                      function_ref<Value(OpBuilder &, Location, ValueRange)> fn) {
  int64_t rank = typeOf(like).getRank();
  SmallVector<AffineMap> maps;
  for (Value v : operands)
    maps.push_back(AffineMap::getMinorIdentityMap(rank, typeOf(v).getRank(), b.getContext()));
  maps.push_back(b.getMultiDimIdentityMap(rank));
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  Value empty = tensor::EmptyOp::create(b, loc, tensor::getMixedSizes(b, loc, like), element);
  return linalg::GenericOp::create(
             b, loc, typeOf(like).clone(element), operands, empty, maps, loops,
             [&](OpBuilder &nested, Location l, ValueRange args) {
               linalg::YieldOp::create(nested, l, fn(nested, l, args.drop_back()));
             })
      .getResult(0);
}

Value StepWriter::contract(ValueRange factors, Value start, ArrayRef<AffineMap> maps,
                           ArrayRef<utils::IteratorType> loops) {
  return linalg::GenericOp::create(b, loc, start.getType(), factors, start, maps, loops,
                                   [](OpBuilder &nested, Location l, ValueRange args) {
                                     Value product =
                                         arith::MulFOp::create(nested, l, args[0], args[1]);
                                     Value sum = arith::AddFOp::create(nested, l, args[2], product);
                                     linalg::YieldOp::create(nested, l, sum);
                                   })
      .getResult(0);
}

Value StepWriter::sumModes(Value weight, Value h) {
  int64_t rank = typeOf(h).getRank(), shared = typeOf(weight).getRank();
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, h);
  sizes.erase(sizes.begin());
  Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(element));
  Value empty = tensor::EmptyOp::create(b, loc, sizes, element);
  Value filled = linalg::FillOp::create(b, loc, zero, empty).getResult(0);
  AffineMap identity = b.getMultiDimIdentityMap(rank);
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  loops.front() = utils::IteratorType::reduction;
  return contract({weight, h}, filled,
                  {identity.getMajorSubMap(shared), identity, identity.dropResult(0)}, loops);
}
