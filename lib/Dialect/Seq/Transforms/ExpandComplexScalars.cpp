// Arithmetic of complex numbers on their real and imaginary parts, by the textbook's formulas and
// in the order written here; fused multiply-adds are formed later, by the one rule for all.
#include "ExpandComplex.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace seqc;

bool seqc::isComplex(Type type) { return isa<ComplexType>(getElementTypeOrSelf(type)); }

Type seqc::halfType(Type type) {
  Type element = cast<ComplexType>(getElementTypeOrSelf(type)).getElementType();
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    return tensor.clone(element);
  return element;
}

bool seqc::touchesComplex(Operation *op) {
  return op
      ->walk([](Operation *inner) {
        bool found = llvm::any_of(inner->getOperandTypes(), isComplex) ||
                     llvm::any_of(inner->getResultTypes(), isComplex);
        for (Region &region : inner->getRegions())
          for (Block &block : region)
            found |= llvm::any_of(block.getArgumentTypes(), isComplex);
        return found ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

namespace {
/// The formulas, with `z` and `w` as operands.
struct Formula {
  OpBuilder &b;
  Location loc;

  Value add(Value x, Value y) { return arith::AddFOp::create(b, loc, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(b, loc, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); }
  Value neg(Value x) { return arith::NegFOp::create(b, loc, x); }

  Halves multiply(const Halves &z, const Halves &w) {
    Value re = sub(mul(z[0], w[0]), mul(z[1], w[1]));
    Value im = add(mul(z[0], w[1]), mul(z[1], w[0]));
    return {re, im};
  }
  Halves exp(const Halves &z) {
    Value scale = math::ExpOp::create(b, loc, z[0]);
    Value re = mul(scale, math::CosOp::create(b, loc, z[1]));
    Value im = mul(scale, math::SinOp::create(b, loc, z[1]));
    return {re, im};
  }
};
} // namespace

/// The halves of a complex result, or nothing if `op` is unknown.
static std::optional<Halves> expand(Formula f, Operation *op, ArrayRef<Halves> z) {
  if (isa<complex::AddOp>(op))
    return Halves{f.add(z[0][0], z[1][0]), f.add(z[0][1], z[1][1])};
  if (isa<complex::SubOp>(op))
    return Halves{f.sub(z[0][0], z[1][0]), f.sub(z[0][1], z[1][1])};
  if (isa<complex::MulOp>(op))
    return f.multiply(z[0], z[1]);
  if (isa<complex::NegOp>(op))
    return Halves{f.neg(z[0][0]), f.neg(z[0][1])};
  if (isa<complex::ConjOp>(op))
    return Halves{z[0][0], f.neg(z[0][1])};
  if (isa<complex::ExpOp>(op))
    return f.exp(z[0]);
  if (auto constant = dyn_cast<complex::ConstantOp>(op)) {
    Halves halves;
    for (unsigned n : {0, 1})
      halves[n] = arith::ConstantOp::create(f.b, f.loc, cast<TypedAttr>(constant.getValue()[n]));
    return halves;
  }
  return std::nullopt;
}

LogicalResult seqc::expandComplexScalar(OpBuilder &b, Operation *op, ComplexValues &values) {
  Location loc = op->getLoc();
  SmallVector<Halves> z;
  SmallVector<Value> plain;
  for (Value v : op->getOperands()) {
    z.push_back(isComplex(v.getType()) ? values.halves.lookup(v) : Halves());
    plain.push_back(values.others.lookupOrDefault(v));
  }
  if (op->getNumResults() == 1) {
    Value result = op->getResult(0);
    if (isa<complex::ReOp, complex::ImOp>(op)) {
      values.others.map(result, z[0][isa<complex::ImOp>(op)]);
      return success();
    }
    if (isa<complex::CreateOp>(op)) {
      values.halves[result] = {plain[0], plain[1]};
      return success();
    }
    if (isa<arith::SelectOp>(op)) {
      for (unsigned n : {0, 1})
        values.halves[result][n] = arith::SelectOp::create(b, loc, plain[0], z[1][n], z[2][n]);
      return success();
    }
    if (std::optional<Halves> halves = expand({b, loc}, op, z)) {
      values.halves[result] = *halves;
      return success();
    }
  }
  return op->emitError() << "expected complex numbers in create, constant, re, im, add, sub, mul, "
                            "neg, conj, exp or select, but got '"
                         << op->getName() << "'";
}
