//===- ExpandMath.h - Elementary functions as plain arithmetic ------------===//
//
// One formula for each function, written with operations that give the same
// bits in a scalar, in a vector of any width and on any target: addf, mulf,
// divf, math.fma, compare and select, bit casts, integer shifts and adds.
// Accuracy: docs/Numerics.md.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_CONVERSION_EXPANDMATH_H
#define SEQC_CONVERSION_EXPANDMATH_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"

namespace seqc {

/// How functions are expanded.
struct ExpandMathOptions {
  /// Divide with `arith.divf` inside sigmoid, softplus and tanh; otherwise by
  /// an integer guess refined with fused multiply-adds (faster where a vector
  /// division takes 10 cycles or more).
  bool fastDivision = false;
};

/// Whether `expandMathOp` has a formula for `op`: its function and its element
/// type, which is f32 or f64 or a narrower float (computed in f32). Works on
/// scalars and vectors.
bool isExpanded(mlir::Operation *op);

/// Whether `op` is a math op that would become a call of the C library, once
/// for each lane. With `precise` nothing is expanded.
bool needsLibm(mlir::Operation *op, bool precise = false);

/// The results of `op` by its formula, built before `op`, which is left in
/// place. Empty when `isExpanded(op)` does not hold.
llvm::SmallVector<mlir::Value> expandMathOp(mlir::OpBuilder &builder, mlir::Operation *op,
                                            const ExpandMathOptions &options);

/// 1/(1 + exp(-x)) for a float or a vector of floats; within [0, 1] for every x
/// but NaN.
mlir::Value buildSigmoid(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x,
                         const ExpandMathOptions &options);

/// log(1 + exp(x)) for a float or a vector of floats, without overflow.
mlir::Value buildSoftplus(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x,
                          const ExpandMathOptions &options);

} // namespace seqc

#endif // SEQC_CONVERSION_EXPANDMATH_H
