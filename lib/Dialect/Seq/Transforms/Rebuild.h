//===- Rebuild.h - Recurrences with other operands and results ------------===//
#ifndef SEQC_LIB_DIALECT_SEQ_TRANSFORMS_REBUILD_H
#define SEQC_LIB_DIALECT_SEQ_TRANSFORMS_REBUILD_H

#include "Lift.h"
#include "seqc/Dialect/Seq/IR/Seq.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/SetVector.h"
#include <optional>

namespace seqc {

/// Bytes of one value of the step, or nothing where a size is dynamic.
std::optional<int64_t> stepBytes(mlir::Value v);

/// All values that `op` reads, those of its regions included.
llvm::SetVector<mlir::Value> readBy(mlir::Operation *op);

/// True for a linalg op with a reduction loop: contraction, convolution,
/// pooling, sum.
bool isReduction(mlir::Operation *op);

/// Makes `whole` an operand of `op` and returns what the step sees of it: a new
/// `in`, `shared` or `given` argument, or, without leading dimensions, `whole`
/// itself.
mlir::Value addOperand(seq::RecurrenceOp op, Lifter &lifter, Lifted whole,
                       mlir::RankedTensorType step);

/// Erases the ops of `block` whose results nobody uses, users first.
void eraseDead(mlir::Block &block);

/// Erases ops of the step that nobody uses, and operands of `op` that its step
/// does not use. The last operand with a time axis stays.
void eraseUnused(seq::RecurrenceOp op);

/// Appends `outs`, values of the step, to what `op` yields. Returns the new op,
/// which has replaced `op`; its new results stand after the old outs.
seq::RecurrenceOp appendOuts(seq::RecurrenceOp op, mlir::ValueRange outs);

/// Removes the outs that nobody uses. Returns the new op, or `op` if there are
/// none.
seq::RecurrenceOp removeUnusedOuts(seq::RecurrenceOp op);

/// Removes state `state`, whose argument and final result are unused. Returns
/// the new op.
seq::RecurrenceOp removeState(seq::RecurrenceOp op, unsigned state);

/// The recurrences below `root`, inner ones first.
llvm::SmallVector<seq::RecurrenceOp> innerFirst(mlir::Operation *root);

} // namespace seqc

#endif // SEQC_LIB_DIALECT_SEQ_TRANSFORMS_REBUILD_H
