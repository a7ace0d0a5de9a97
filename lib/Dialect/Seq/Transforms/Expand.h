//===- Expand.h - Named ops as seq.recurrence -----------------------------===//
#ifndef SEQC_LIB_DIALECT_SEQ_TRANSFORMS_EXPAND_H
#define SEQC_LIB_DIALECT_SEQ_TRANSFORMS_EXPAND_H

#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "seqc/Dialect/Seq/IR/Seq.h"

namespace seqc {

/// Each replaces `op` by a `seq.recurrence` with the same operands, `resets` and schedule
/// included, and erases it.
void expandAffine(seq::AffineRecurrenceOp op);
void expandEma(seq::EmaOp op);
void expandScan(seq::ScanOp op);

/// Writes arithmetic on the values of a step.
struct StepWriter {
  mlir::OpBuilder &b;
  mlir::Location loc;
  /// Element type of the states, in which everything is computed.
  mlir::Type element;

  /// `v` in that element type.
  mlir::Value widen(mlir::Value v);
  /// fn of the elements of `operands` for a result with the shape of `like`. An operand of a
  /// smaller rank lies along the last dimensions and is repeated along the others.
  mlir::Value
  map(mlir::ValueRange operands, mlir::Value like,
      llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Location, mlir::ValueRange)> fn);
  /// Σ over the loops that `maps` mark as reductions of a product, added to `start`, ascending.
  mlir::Value contract(mlir::ValueRange factors, mlir::Value start,
                       llvm::ArrayRef<mlir::AffineMap> maps,
                       llvm::ArrayRef<mlir::utils::IteratorType> loops);
  /// Σ_n weight[n, …] h[n, …] from 0, where `weight` lies along the first dimensions of h.
  mlir::Value sumModes(mlir::Value weight, mlir::Value h);
};

/// The type of one step's value of `whole`, which has `leading` more dimensions.
mlir::RankedTensorType stepType(mlir::Value whole, int64_t leading);

} // namespace seqc

#endif // SEQC_LIB_DIALECT_SEQ_TRANSFORMS_EXPAND_H
