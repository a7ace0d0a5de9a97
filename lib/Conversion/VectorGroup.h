// Which ops share a recurrence's loop over time.
#ifndef SEQC_LIB_CONVERSION_VECTORGROUP_H
#define SEQC_LIB_CONVERSION_VECTORGROUP_H

#include "VectorEval.h"

namespace seqc {

/// A recurrence and the ops around it that share its loop over time.
struct Group {
  seq::RecurrenceOp recurrence;
  llvm::SetVector<mlir::Operation *> before, after;
  bool contains(mlir::Operation *op) {
    return recurrence.getStep().isAncestor(op->getParentRegion()) || before.contains(op) ||
           after.contains(op) || mlir::isa<mlir::linalg::FillOp, mlir::tensor::EmptyOp>(op);
  }
};

/// Adds time-parallel ops above the recurrence whose values nobody else needs; `leading` is the
/// number of batch dimensions and time.
void addProducers(Group &group, int64_t leading);

/// Adds time-parallel ops below the recurrence that need nothing computed after it.
void addConsumers(Group &group, int64_t leading);

/// Null, or what in the step keeps it from being vectorised.
mlir::Operation *firstObstacle(seq::RecurrenceOp op);

/// Who reads the tensor `v` reads what `buffer` holds from `b` on.
void replaceByBuffer(mlir::OpBuilder &b, mlir::Value v, mlir::Value buffer);

/// True if `op` is a linalg.generic that reduces.
bool isReductionOp(mlir::Operation *op);

/// True if `v` is a tensor of i1.
bool holdsBools(mlir::Value v);

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_VECTORGROUP_H
