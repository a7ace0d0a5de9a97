//===- FixNumericsScalars.cpp - FMA, functions, comparisons ---------------===//
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "seqc/Conversion/FixNumerics.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallPtrSet.h"
#include <optional>

using namespace mlir;

namespace seqc {

static bool isScalarOrVector(Type type) { return !isa<ShapedType>(type) || isa<VectorType>(type); }

/// The value of a constant scalar or splat.
static std::optional<APFloat> constantOf(Value value) {
  Attribute attribute;
  if (!matchPattern(value, m_Constant(&attribute)))
    return std::nullopt;
  if (auto elements = dyn_cast<SplatElementsAttr>(attribute))
    attribute = elements.getSplatValue<Attribute>();
  if (auto number = dyn_cast<FloatAttr>(attribute))
    return number.getValue();
  return std::nullopt;
}

static bool isConstant(Value value, double expected) {
  std::optional<APFloat> number = constantOf(value);
  return number && number->convertToDouble() == expected;
}

/// Erases `op` and then what only it used, as long as nothing else does; adds
/// them to `erased`.
static void eraseWhileDead(Operation *op, llvm::SmallPtrSetImpl<Operation *> &erased) {
  if (!isOpTriviallyDead(op))
    return;
  llvm::SmallSetVector<Operation *, 4> producers;
  for (Value operand : op->getOperands())
    if (Operation *producer = operand.getDefiningOp())
      producers.insert(producer);
  erased.insert(op);
  op->erase();
  for (Operation *producer : producers)
    eraseWhileDead(producer, erased);
}

//===-- Fused multiply-adds
//---------------------------------------------------===//

static arith::MulFOp fusableProduct(Value value, Operation *user, Value other) {
  auto product = value.getDefiningOp<arith::MulFOp>();
  if (!product || !value.hasOneUse() || product->getBlock() != user->getBlock())
    return {};
  // A sum with zero is a product or its negation and reads better as that.
  return isConstant(other, 0) ? arith::MulFOp() : product;
}

static void fuseSum(Operation *op, bool isDifference) {
  Value left = op->getOperand(0), right = op->getOperand(1);
  ImplicitLocOpBuilder b(op->getLoc(), op);
  arith::MulFOp product = fusableProduct(left, op, right);
  bool isLeft = bool(product);
  if (!product)
    product = fusableProduct(right, op, left);
  if (!product)
    return;
  Value factor = product.getLhs(), addend = isLeft ? right : left;
  if (isDifference && isLeft)
    addend = arith::NegFOp::create(b, addend);
  if (isDifference && !isLeft)
    factor = arith::NegFOp::create(b, factor);
  Value fused = math::FmaOp::create(b, factor, product.getRhs(), addend);
  op->getResult(0).replaceAllUsesWith(fused);
  op->erase();
  product->erase();
}

void formFusedMultiplyAdds(Operation *root) {
  SmallVector<Operation *> sums;
  root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (!isa<arith::AddFOp, arith::SubFOp>(op))
      return;
    Type type = op->getResult(0).getType();
    Type element = getElementTypeOrSelf(type);
    if (isScalarOrVector(type) && (element.isF32() || element.isF64()))
      sums.push_back(op);
  });
  for (Operation *op : sums)
    fuseSum(op, isa<arith::SubFOp>(op));
}

//===-- Functions
//-------------------------------------------------------------===//

/// x when `value` is -x in one of its spellings.
static Value negatedOperand(Value value) {
  if (auto negation = value.getDefiningOp<arith::NegFOp>())
    return negation.getOperand();
  if (auto difference = value.getDefiningOp<arith::SubFOp>())
    return isConstant(difference.getLhs(), 0) ? difference.getRhs() : Value();
  if (auto product = value.getDefiningOp<arith::MulFOp>()) {
    if (isConstant(product.getLhs(), -1))
      return product.getRhs();
    return isConstant(product.getRhs(), -1) ? product.getLhs() : Value();
  }
  return {};
}

/// The exp of 1 + exp(x), null when `value` is something else.
static math::ExpOp onePlusExp(Value value) {
  auto sum = value.getDefiningOp<arith::AddFOp>();
  if (!sum)
    return {};
  if (isConstant(sum.getLhs(), 1))
    return sum.getRhs().getDefiningOp<math::ExpOp>();
  return isConstant(sum.getRhs(), 1) ? sum.getLhs().getDefiningOp<math::ExpOp>() : math::ExpOp();
}

static Value expandSigmoid(OpBuilder &b, arith::DivFOp op, const ExpandMathOptions &options) {
  math::ExpOp exp = onePlusExp(op.getRhs());
  if (!exp)
    return {};
  // exp(x) / (1 + exp(x)) is the sigmoid of x, n / (1 + exp(x)) is n times that
  // of -x.
  if (op.getLhs() == exp.getResult())
    return buildSigmoid(b, op.getLoc(), exp.getOperand(), options);
  Value x = negatedOperand(exp.getOperand());
  if (!x)
    x = arith::NegFOp::create(b, op.getLoc(), exp.getOperand());
  Value sigmoid = buildSigmoid(b, op.getLoc(), x, options);
  if (isConstant(op.getLhs(), 1))
    return sigmoid;
  return arith::MulFOp::create(b, op.getLoc(), op.getLhs(), sigmoid);
}

static Value expandSoftplus(OpBuilder &b, Operation *op, const ExpandMathOptions &options) {
  math::ExpOp exp = isa<math::Log1pOp>(op) ? op->getOperand(0).getDefiningOp<math::ExpOp>()
                                           : onePlusExp(op->getOperand(0));
  return exp ? buildSoftplus(b, op->getLoc(), exp.getOperand(), options) : Value();
}

/// x^2, x^3 and x^-1 as products and a quotient.
static Value expandSmallPower(OpBuilder &b, math::PowFOp op) {
  Value x = op.getLhs();
  auto product = [&](Value y) { return arith::MulFOp::create(b, op.getLoc(), y, x).getResult(); };
  if (isConstant(op.getRhs(), 2))
    return product(x);
  if (isConstant(op.getRhs(), 3))
    return product(product(x));
  if (!isConstant(op.getRhs(), -1))
    return {};
  Type type = x.getType();
  TypedAttr one = b.getFloatAttr(getElementTypeOrSelf(type), 1);
  if (auto vector = dyn_cast<VectorType>(type))
    one = DenseElementsAttr::get(vector, Attribute(one));
  return arith::DivFOp::create(b, op.getLoc(), arith::ConstantOp::create(b, op.getLoc(), one), x);
}

static SmallVector<Value> expandFunction(OpBuilder &b, Operation *op,
                                         const ExpandMathOptions &options) {
  Value whole;
  if (auto quotient = dyn_cast<arith::DivFOp>(op))
    whole = expandSigmoid(b, quotient, options);
  else if (isa<math::LogOp, math::Log1pOp>(op))
    whole = expandSoftplus(b, op, options);
  else if (auto power = dyn_cast<math::PowFOp>(op))
    whole = expandSmallPower(b, power);
  if (whole)
    return {whole};
  return expandMathOp(b, op, options);
}

void expandFunctions(Operation *root, const ExpandMathOptions &options) {
  SmallVector<Operation *> ops;
  root->walk([&](Operation *op) {
    bool isCandidate =
        isa<arith::DivFOp>(op) || isa_and_present<math::MathDialect>(op->getDialect());
    if (isCandidate && op->getNumResults() > 0 && isScalarOrVector(op->getResult(0).getType()))
      ops.push_back(op);
  });
  // Users first: the exp of a sigmoid is then gone before its turn comes.
  llvm::SmallPtrSet<Operation *, 16> erased;
  for (Operation *op : llvm::reverse(ops)) {
    if (erased.contains(op))
      continue;
    OpBuilder b(op);
    SmallVector<Value> values = expandFunction(b, op, options);
    if (values.empty())
      continue;
    op->replaceAllUsesWith(values);
    eraseWhileDead(op, erased);
  }
}

//===-- Comparisons
//-----------------------------------------------------------===//

/// select(x `p` c, c, x) for a minimum or maximum with a constant.
static Value selectConstant(ImplicitLocOpBuilder &b, arith::CmpFPredicate p, Value x, Value c) {
  return arith::SelectOp::create(b, arith::CmpFOp::create(b, p, x, c), c, x);
}

/// maximumf and minimumf with a constant: NaN and the order of zeros are kept.
static Value expandWithConstant(ImplicitLocOpBuilder &b, Value x, Value c, bool isMaximum) {
  using Predicate = arith::CmpFPredicate;
  APFloat limit = *constantOf(c);
  if (isMaximum)
    return selectConstant(b, limit.isPosZero() ? Predicate::OLE : Predicate::OLT, x, c);
  return selectConstant(b, limit.isNegZero() ? Predicate::OGE : Predicate::OGT, x, c);
}

/// maxnumf and minnumf: the other operand where one is NaN.
static Value expandNumberOf(ImplicitLocOpBuilder &b, Value x, Value y, bool isMaximum) {
  using Predicate = arith::CmpFPredicate;
  Value first = arith::CmpFOp::create(b, isMaximum ? Predicate::OGT : Predicate::OLT, x, y);
  Value chosen = arith::SelectOp::create(b, first, x, y);
  std::optional<APFloat> limit = constantOf(y);
  if (limit && !limit->isNaN())
    return chosen;
  Value isNaN = arith::CmpFOp::create(b, Predicate::UNO, y, y);
  return arith::SelectOp::create(b, isNaN, x, chosen);
}

static Value expandExtremum(Operation *op) {
  ImplicitLocOpBuilder b(op->getLoc(), op);
  Value x = op->getOperand(0), y = op->getOperand(1);
  if (isa<arith::MaxNumFOp, arith::MinNumFOp>(op))
    return expandNumberOf(b, x, y, isa<arith::MaxNumFOp>(op));
  if (constantOf(x))
    std::swap(x, y);
  std::optional<APFloat> limit = constantOf(y);
  if (!limit || limit->isNaN())
    return {};
  return expandWithConstant(b, x, y, isa<arith::MaximumFOp>(op));
}

/// isinf and isnormal, which have no lowering of their own, by comparisons.
static Value expandClass(Operation *op) {
  ImplicitLocOpBuilder b(op->getLoc(), op);
  using Predicate = arith::CmpFPredicate;
  Value size = math::AbsFOp::create(b, op->getOperand(0));
  const llvm::fltSemantics &semantics =
      cast<FloatType>(getElementTypeOrSelf(size.getType())).getFloatSemantics();
  auto compare = [&](Predicate predicate, const APFloat &limit) -> Value {
    TypedAttr value = FloatAttr::get(getElementTypeOrSelf(size.getType()), limit);
    if (auto type = dyn_cast<VectorType>(size.getType()))
      value = DenseElementsAttr::get(type, value);
    return arith::CmpFOp::create(b, predicate, size, arith::ConstantOp::create(b, value));
  };
  if (isa<math::IsInfOp>(op))
    return compare(Predicate::OEQ, APFloat::getInf(semantics));
  Value large = compare(Predicate::OGE, APFloat::getSmallestNormalized(semantics));
  return arith::AndIOp::create(b, large, compare(Predicate::OLT, APFloat::getInf(semantics)));
}

void fixComparisons(Operation *root) {
  SmallVector<Operation *> extrema, classes;
  auto noFlags = arith::FastMathFlagsAttr::get(root->getContext(), arith::FastMathFlags::none);
  root->walk([&](Operation *op) {
    if (auto flags = dyn_cast<arith::ArithFastMathInterface>(op))
      op->setAttr(flags.getFastMathAttrName(), noFlags);
    if (auto clamp = dyn_cast<math::ClampFOp>(op); clamp && isScalarOrVector(clamp.getType())) {
      ImplicitLocOpBuilder b(op->getLoc(), op);
      Value low = arith::MaximumFOp::create(b, clamp.getValue(), clamp.getMin());
      Value high = arith::MinimumFOp::create(b, low, clamp.getMax());
      extrema.append({low.getDefiningOp(), high.getDefiningOp()});
      clamp.replaceAllUsesWith(high);
      return;
    }
    if (isa<math::IsInfOp, math::IsNormalOp>(op) && isScalarOrVector(op->getResult(0).getType()))
      classes.push_back(op);
    if (isa<arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp, arith::MinNumFOp>(op) &&
        isScalarOrVector(op->getResult(0).getType()) && !llvm::is_contained(extrema, op))
      extrema.push_back(op);
  });
  for (Operation *op : extrema)
    if (Value value = expandExtremum(op)) {
      op->replaceAllUsesWith(ValueRange{value});
      op->erase();
    }
  for (Operation *op : classes) {
    op->replaceAllUsesWith(ValueRange{expandClass(op)});
    op->erase();
  }
}

} // namespace seqc
