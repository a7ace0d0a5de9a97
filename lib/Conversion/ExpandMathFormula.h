//===- ExpandMathFormula.h - Arithmetic on a float type, scalar or vector -===//
//
// The vocabulary in which the formulas of ExpandMath*.cpp are written. Private
// to Conversion.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_LIB_CONVERSION_EXPANDMATHFORMULA_H
#define SEQC_LIB_CONVERSION_EXPANDMATHFORMULA_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace seqc {

/// Builds ops on one type, f32 or f64 or a vector of them, and the integers of
/// its width.
class Formula {
public:
  /// `type` is f32, f64 or a vector of one of them.
  Formula(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type, bool fastDivision);

  /// Whether the elements are f64.
  bool isDouble() const { return mantissa == 52; }
  /// The same builder for f64 elements.
  Formula asDouble() const;

  /// A float constant in every lane, rounded to the element type.
  mlir::Value c(double value);
  /// An integer constant in every lane.
  mlir::Value i(uint64_t value);

  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value sub(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, mlir::Value b);
  mlir::Value neg(mlir::Value a);
  mlir::Value abs(mlir::Value a);
  /// a·b + c, rounded once.
  mlir::Value fma(mlir::Value a, mlir::Value b, mlir::Value c);
  mlir::Value copysign(mlir::Value magnitude, mlir::Value sign);
  mlir::Value roundEven(mlir::Value a);
  /// Correctly rounded, by the hardware's instruction.
  mlir::Value squareRoot(mlir::Value a);
  mlir::Value exactQuotient(mlir::Value a, mlir::Value b);
  mlir::Value floor(mlir::Value a);

  mlir::Value bits(mlir::Value a);
  mlir::Value fromBits(mlir::Value a);
  mlir::Value iadd(mlir::Value a, mlir::Value b);
  mlir::Value isub(mlir::Value a, mlir::Value b);
  mlir::Value iand(mlir::Value a, mlir::Value b);
  mlir::Value ixor(mlir::Value a, mlir::Value b);
  mlir::Value shiftLeft(mlir::Value a, unsigned by);
  /// Arithmetic shift.
  mlir::Value shiftRight(mlir::Value a, unsigned by);
  /// Signed integers to floats.
  mlir::Value toFloat(mlir::Value a);

  mlir::Value compare(mlir::arith::CmpFPredicate p, mlir::Value a, mlir::Value b);
  mlir::Value isZero(mlir::Value a);
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b);
  mlir::Value either(mlir::Value a, mlir::Value b);
  mlir::Value both(mlir::Value a, mlir::Value b);

  /// The smaller of x and a constant; NaN where x is NaN. One vminps on x86.
  mlir::Value atMost(mlir::Value x, double limit);
  /// The larger of x and a constant; NaN where x is NaN.
  mlir::Value atLeast(mlir::Value x, double limit);
  /// c[0] + c[1] x + … by Horner's rule, one fma a term.
  mlir::Value polynomial(mlir::Value x, llvm::ArrayRef<double> coefficients);

  /// n / d for normal d and finite n, within 1 ulp, exact when d is a power of
  /// two; see ExpandMathFormula.cpp. Divides with divf where that is fast.
  mlir::Value divide(mlir::Value n, mlir::Value d);

  /// The bit position at which exponents begin: 23 or 52.
  const unsigned mantissa;
  /// 127 or 1023.
  const int64_t bias;
  /// 1.5·2^mantissa: adding it rounds to an integer and leaves that in the low
  /// bits.
  const double magic;
  /// Narrow and widen between f32 and f64.
  mlir::Value toDouble(mlir::Value a);
  mlir::Value toSingle(mlir::Value a);

private:
  mlir::ImplicitLocOpBuilder b;
  mlir::Type type, intType;
  bool fastDivision;
};

/// exp(-x) = power · scale · 2^-offset, from x = n ln2 + r.
struct ReducedExp {
  /// exp(-r), between 0.7 and 1.42.
  mlir::Value power;
  /// 2^(n + offset).
  mlir::Value scale;
};

/// Reduces x, for which n + offset must be a normal exponent.
ReducedExp reduceExpOfNegated(Formula &f, mlir::Value x, int64_t offset);

/// Functions of one argument of f32, f64 or vectors of them.
mlir::Value formExp(Formula &f, mlir::Value x);
mlir::Value formExp2(Formula &f, mlir::Value x);
mlir::Value formExpM1(Formula &f, mlir::Value x);
mlir::Value formSigmoid(Formula &f, mlir::Value x);
mlir::Value formSoftplus(Formula &f, mlir::Value x);
/// 1 / sqrt(x).
mlir::Value formRsqrt(Formula &f, mlir::Value x);
mlir::Value formTanh(Formula &f, mlir::Value x);
mlir::Value formErf(Formula &f, mlir::Value x);
mlir::Value formLog(Formula &f, mlir::Value x);
mlir::Value formLog2(Formula &f, mlir::Value x);
mlir::Value formLog10(Formula &f, mlir::Value x);
mlir::Value formLog1p(Formula &f, mlir::Value x);
/// f32 only (computed in f64).
mlir::Value formSin(Formula &f, mlir::Value x);
mlir::Value formCos(Formula &f, mlir::Value x);
mlir::Value formTan(Formula &f, mlir::Value x);
mlir::Value formPow(Formula &f, mlir::Value x, mlir::Value y);

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_EXPANDMATHFORMULA_H
