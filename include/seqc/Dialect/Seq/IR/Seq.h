//===- Seq.h - The seq dialect: ops and attributes ------------------------===//
#ifndef SEQC_DIALECT_SEQ_IR_SEQ_H
#define SEQC_DIALECT_SEQ_IR_SEQ_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace seqc::seq {
class YieldOp;
} // namespace seqc::seq

#include "seqc/Dialect/Seq/IR/SeqDialect.h.inc"
#include "seqc/Dialect/Seq/IR/SeqEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "seqc/Dialect/Seq/IR/SeqAttrs.h.inc"
#define GET_OP_CLASSES
#include "seqc/Dialect/Seq/IR/SeqOps.h.inc"

namespace seqc::seq {
/// A recurrence with these results, and with the operands and the step of `op`, which has been
/// changed and is left without a step.
RecurrenceOp recreate(RecurrenceOp op, mlir::TypeRange results);

/// Packed sequences (`cu_seqlens`) of an op with a time axis.
struct PackedSequences {
  mlir::Value offsets;
  mlir::Value perStep;     ///< a tensor whose first size is the number of steps, or null
  mlir::Value steps;       ///< the number of steps where `perStep` is null
  mlir::Value perSequence; ///< a tensor whose first size is the number of sequences
};
/// Those of `op`, or none: what the function's interface lets a call check. Every op that has an
/// operand `cu_seqlens` must be known here.
std::optional<PackedSequences> getPackedSequences(mlir::Operation *op);
/// Reports, as an error of `op`, an operand `cu_seqlens` that is not `[N+1]` of i32, i64 or index,
/// or an attribute `time` beside it; `sequences` is N where it is static. For every op with a time
/// axis.
mlir::LogicalResult verifyCuSeqlens(mlir::Operation *op, mlir::Value offsets, int64_t sequences);
} // namespace seqc::seq

#endif // SEQC_DIALECT_SEQ_IR_SEQ_H
