// Derivatives of elementwise ops, of scalars and of tensors alike. One table says by which factor
// a change of an operand reaches the result; what is no product of a factor stands below it.
#include "seqc/Dialect/Seq/Transforms/Derivative.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace seqc;

namespace {
/// Writes formulas in the type of their operands.
struct Formula {
  OpBuilder &b;
  Location loc;
  template <typename Op> Value make(Value x) { return Op::create(b, loc, x); }
  template <typename Op> Value make(Value x, Value y) { return Op::create(b, loc, x, y); }
  /// `value` in the shape of `like`.
  Value number(double value, Value like) { return constantLike(b, loc, like, value); }
  Value add(Value x, Value y) { return make<arith::AddFOp>(x, y); }
  Value sub(Value x, Value y) { return make<arith::SubFOp>(x, y); }
  Value div(Value x, Value y) { return make<arith::DivFOp>(x, y); }
  Value neg(Value x) { return make<arith::NegFOp>(x); }
  /// Products with 1 and -1 are none.
  Value mul(Value x, Value y);
  Value scaled(Value x, double by) { return mul(x, number(by, x)); }
  Value square(Value x) { return mul(x, x); }
  Value inverse(Value x) { return div(number(1, x), x); }
  /// 1 - x, 1 + x.
  Value oneMinus(Value x) { return sub(number(1, x), x); }
  Value onePlus(Value x) { return add(number(1, x), x); }
  Value sign(Value x) { return make<math::CopySignOp>(number(1, x), x); }
};

/// By what a change of operand `k` of x is multiplied in the result y; null for 0.
using Factor = Value (*)(Formula &f, ValueRange x, Value y, unsigned k);
} // namespace

static bool isNumber(Value v, double value) {
  if (auto splat = v.getDefiningOp<tensor::SplatOp>())
    v = splat.getInput();
  APFloat number(0.0);
  return matchPattern(v, detail::constant_float_value_binder(&number)) &&
         number.convertToDouble() == value;
}

Value Formula::mul(Value x, Value y) {
  if (isNumber(y, 1) || isNumber(y, -1))
    std::swap(x, y);
  if (isNumber(x, 1))
    return y;
  return isNumber(x, -1) ? neg(y) : make<arith::MulFOp>(x, y);
}

static Value zero(Formula &, ValueRange, Value, unsigned) { return {}; }
static Value one(Formula &f, ValueRange, Value y, unsigned) { return f.number(1, y); }

static Value ofPower(Formula &f, ValueRange x, Value y, unsigned k) {
  if (k == 1)
    return f.mul(y, f.make<math::LogOp>(x[0]));
  Value lower = f.sub(x[1], f.number(1, y));
  return f.mul(x[1], f.make<math::PowFOp>(x[0], lower));
}

static Value ofAtan2(Formula &f, ValueRange x, Value, unsigned k) {
  Value part = f.div(x[1 - k], f.add(f.square(x[0]), f.square(x[1])));
  return k == 0 ? part : f.neg(part);
}

/// 2/√π exp(-x²).
static Value ofErf(Formula &f, ValueRange x, Value, unsigned) {
  return f.scaled(f.make<math::ExpOp>(f.neg(f.square(x[0]))), 2 * llvm::numbers::inv_sqrtpi);
}

#define RULE [](Formula & f, ValueRange x, Value y, unsigned k)->Value

/// The names are those of the arith and math dialects.
static const llvm::StringMap<Factor> &factors() {
  static const llvm::StringMap<Factor> table = {
      {"arith.addf", one}, {"arith.subf", RULE{return f.number(k == 0 ? 1 : -1, y);
}
}
, {"arith.negf", RULE{return f.number(-1, y);
}
}
, {"arith.mulf", RULE{return x[1 - k];
}
}
, {"arith.divf", RULE{return k == 0 ? f.inverse(x[1]) : f.neg(f.div(y, x[1]));
}
}
, {"arith.remf",
   RULE{return k == 0 ? f.number(1, y) : f.neg(f.make<math::TruncOp>(f.div(x[0], x[1])));
}
}
, {"math.fma", RULE{return k == 2 ? f.number(1, y) : x[1 - k];
}
}
, {"math.absf", RULE{return f.sign(x[0]);
}
}
, {"math.copysign", RULE{return k ? Value() : f.mul(f.sign(x[0]), f.sign(x[1]));
}
}
, {"math.exp", RULE{return y;
}
}
, {"math.exp2", RULE{return f.scaled(y, llvm::numbers::ln2);
}
}
, {"math.expm1", RULE{return f.onePlus(y);
}
}
, {"math.log", RULE{return f.inverse(x[0]);
}
}
, {"math.log2", RULE{return f.div(f.number(llvm::numbers::log2e, y), x[0]);
}
}
, {"math.log10", RULE{return f.div(f.number(llvm::numbers::log10e, y), x[0]);
}
}
, {"math.log1p", RULE{return f.inverse(f.onePlus(x[0]));
}
}
, {"math.powf", ofPower}, {"math.sqrt", RULE{return f.div(f.number(0.5, y), y);
}
}
, {"math.rsqrt", RULE{return f.div(f.scaled(y, -0.5), x[0]);
}
}
, {"math.cbrt", RULE{return f.div(f.scaled(y, 1.0 / 3), x[0]);
}
}
, {"math.erf", ofErf}, {"math.erfc", RULE{return f.neg(ofErf(f, x, y, k));
}
}
, {"math.tanh", RULE{return f.oneMinus(f.square(y));
}
}
, {"math.sinh", RULE{return f.make<math::CoshOp>(x[0]);
}
}
, {"math.cosh", RULE{return f.make<math::SinhOp>(x[0]);
}
}
, {"math.asinh", RULE{return f.inverse(f.make<math::SqrtOp>(f.onePlus(f.square(x[0]))));
}
}
, {"math.acosh", RULE{return f.inverse(f.make<math::SqrtOp>(f.sub(f.square(x[0]), f.number(1, y))));
}
}
, {"math.atanh", RULE{return f.inverse(f.oneMinus(f.square(x[0])));
}
}
, {"math.sin", RULE{return f.make<math::CosOp>(x[0]);
}
}
, {"math.cos", RULE{return f.neg(f.make<math::SinOp>(x[0]));
}
}
, {"math.tan", RULE{return f.onePlus(f.square(y));
}
}
, {"math.asin", RULE{return f.inverse(f.make<math::SqrtOp>(f.oneMinus(f.square(x[0]))));
}
}
, {"math.acos", RULE{return f.neg(f.inverse(f.make<math::SqrtOp>(f.oneMinus(f.square(x[0])))));
}
}
, {"math.atan", RULE{return f.inverse(f.onePlus(f.square(x[0])));
}
}
, {"math.atan2", ofAtan2}, {"math.floor", zero}, {"math.ceil", zero}, {"math.trunc", zero},
    {"math.round", zero}, {"math.roundeven", zero},
}
;
return table;
}
#undef RULE

/// Takes one of its operands as it is.
static bool isChoice(Operation *op) {
  return isa<arith::SelectOp, arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp,
             arith::MinNumFOp>(op);
}

static bool isConversion(Operation *op) { return isa<arith::ExtFOp, arith::TruncFOp>(op); }

bool seqc::hasElementwiseRule(Operation *op) {
  return isChoice(op) || isConversion(op) || factors().contains(op->getName().getStringRef());
}

void Derivative::chain(Value result, Value operand, Value factor) {
  Formula f{b, result.getLoc()};
  for (unsigned d = 0; factor && d < directions; ++d)
    if (Value t = tangent(operand, d))
      add(result, d, f.mul(factor, t));
}

/// The operand of exp where `v` is 1 + exp(u), or null.
static Value logisticOperand(Value v) {
  auto sum = v.getDefiningOp<arith::AddFOp>();
  if (!sum)
    return {};
  for (auto [x, y] : {std::pair(sum.getLhs(), sum.getRhs()), {sum.getRhs(), sum.getLhs()}})
    if (auto exp = y.getDefiningOp<math::ExpOp>(); exp && isNumber(x, 1))
      return exp.getOperand();
  return {};
}

/// x/(1 + exp(u)) and log(1 + exp(u)) in their usual spellings. By the rules of their parts, an
/// exp(u) that overflows would make 0·∞ of a derivative that is 0 or 1.
bool Derivative::differentiateLogistic(Operation *op) {
  Formula f{b, op->getLoc()};
  Value y = op->getResult(0);
  if (auto quotient = dyn_cast<arith::DivFOp>(op)) {
    Value u = logisticOperand(quotient.getRhs());
    if (!u)
      return false;
    Value s = isNumber(quotient.getLhs(), 1) ? y : f.inverse(quotient.getRhs());
    chain(y, quotient.getLhs(), s);
    Value slope = f.mul(y, f.oneMinus(s));
    if (auto negated = u.getDefiningOp<arith::NegFOp>())
      chain(y, negated.getOperand(), slope);
    else
      chain(y, u, f.neg(slope));
    return true;
  }
  Value u;
  if (isa<math::LogOp>(op))
    u = logisticOperand(op->getOperand(0));
  else if (auto exp = op->getOperand(0).getDefiningOp<math::ExpOp>(); exp && isa<math::Log1pOp>(op))
    u = exp.getOperand();
  if (u)
    chain(y, u, f.inverse(f.onePlus(f.make<math::ExpOp>(f.neg(u)))));
  return u != nullptr;
}

/// The flag of a choice whose first candidate is operand `first`.
static Value choiceOf(OpBuilder &b, Operation *op, unsigned &first) {
  first = isa<arith::SelectOp>(op) ? 1 : 0;
  if (first == 1)
    return op->getOperand(0);
  bool largest = isa<arith::MaximumFOp, arith::MaxNumFOp>(op);
  return arith::CmpFOp::create(b, op->getLoc(),
                               largest ? arith::CmpFPredicate::OGE : arith::CmpFPredicate::OLE,
                               op->getOperand(0), op->getOperand(1));
}

void Derivative::differentiate(Operation *op, ArrayRef<unsigned> active) {
  Value y = op->getResult(0);
  Location loc = op->getLoc();
  if (isChoice(op)) {
    unsigned first;
    Value flag = choiceOf(b, op, first);
    auto part = [&](unsigned k, unsigned d) {
      Value t = tangent(op->getOperand(first + k), d);
      return t ? t : constantLike(b, loc, y, 0);
    };
    for (unsigned d : active)
      if (tangent(op->getOperand(first), d) || tangent(op->getOperand(first + 1), d))
        add(y, d, arith::SelectOp::create(b, loc, flag, part(0, d), part(1, d)));
    return;
  }
  if (isConversion(op)) {
    for (unsigned d : active) {
      Operation *change = b.clone(*op);
      change->setOperand(0, tangent(op->getOperand(0), d));
      add(y, d, change->getResult(0));
    }
    return;
  }
  if (differentiateLogistic(op))
    return;
  Formula f{b, loc};
  Factor factor = factors().lookup(op->getName().getStringRef());
  for (auto [k, operand] : llvm::enumerate(op->getOperands()))
    if (!activeDirections(operand).empty())
      chain(y, operand, factor(f, op->getOperands(), y, k));
}
