// Scan form: states of fewer sizes get those of the largest one.
#ifndef SEQC_LIB_CONVERSION_WIDENSTATES_H
#define SEQC_LIB_CONVERSION_WIDENSTATES_H

#include "seqc/Dialect/Seq/IR/Seq.h"

namespace seqc {

/// The values of `combine` for other operands, as ops before `b`.
llvm::SmallVector<mlir::Value> inlined(mlir::OpBuilder &b, seq::CombineOp combine,
                                       mlir::ValueRange earlier, mlir::ValueRange later);

/// `v` with its first `kept` sizes and then `shape`, of which it has the leading sizes: each
/// element is repeated along the others.
mlir::Value repeated(mlir::OpBuilder &b, mlir::Location loc, mlir::Value v, int64_t kept,
                     llvm::ArrayRef<int64_t> shape);

/// The opposite: the first of the repeated elements, in a tensor of `shape` behind `kept` sizes.
mlir::Value firstOfRepeated(mlir::OpBuilder &b, mlir::Location loc, mlir::Value v, int64_t kept,
                            llvm::ArrayRef<int64_t> shape);

/// `op` with all states of `shape`, whose leading sizes they have. What read them reads their first
/// elements. The next values are those of before and still have to be widened.
seq::RecurrenceOp widenStates(seq::RecurrenceOp op, llvm::ArrayRef<int64_t> shape);

/// The same for the declared combination of a step whose states were of `shapes` and are wide now,
/// with the next values.
seq::CombineOp widenCombine(seq::RecurrenceOp op, seq::CombineOp combine,
                            llvm::ArrayRef<llvm::SmallVector<int64_t>> shapes);

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_WIDENSTATES_H
