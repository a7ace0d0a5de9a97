//===- ExpandComplex.h - Complex values as pairs of real ones -------------===//
#ifndef SEQC_LIB_DIALECT_SEQ_TRANSFORMS_EXPANDCOMPLEX_H
#define SEQC_LIB_DIALECT_SEQ_TRANSFORMS_EXPANDCOMPLEX_H

#include "seqc/Dialect/Seq/IR/Seq.h"

#include "mlir/Dialect/Complex/IR/Complex.h"
#include "mlir/IR/IRMapping.h"

namespace seqc {

/// Real and imaginary part.
using Halves = std::array<mlir::Value, 2>;

/// True for complex numbers and tensors of them.
bool isComplex(mlir::Type type);
/// The type of a half: the same shape with real elements.
mlir::Type halfType(mlir::Type type);
/// True if an operand, result or block argument of `op` or of what it holds is complex.
bool touchesComplex(mlir::Operation *op);

/// Known values while a region is rewritten: the halves of complex ones, and what stands for the
/// others where ops are cloned.
struct ComplexValues {
  llvm::DenseMap<mlir::Value, Halves> halves;
  mlir::IRMapping others;

  mlir::Value half(mlir::Value v, unsigned n) const { return halves.lookup(v)[n]; }
};

/// Computes a scalar op that has complex operands or results on their halves, at `b`: its halves,
/// or its real result, enter `values`. Fails, with an error at `op`, for one that is unknown.
mlir::LogicalResult expandComplexScalar(mlir::OpBuilder &b, mlir::Operation *op,
                                        ComplexValues &values);

/// Replaces `op`, whose complex operands are known, by one op for each real result.
mlir::LogicalResult expandComplexGeneric(mlir::linalg::GenericOp op, ComplexValues &values);

} // namespace seqc

#endif // SEQC_LIB_DIALECT_SEQ_TRANSFORMS_EXPANDCOMPLEX_H
