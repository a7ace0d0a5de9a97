//===- Passes.h - Stage 4: from seq ops to loops on buffers ---------------===//
#ifndef SEQC_CONVERSION_PASSES_H
#define SEQC_CONVERSION_PASSES_H

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"
#include "seqc/Dialect/Seq/IR/Seq.h"
#include "llvm/ADT/SetVector.h"

namespace seqc {

#define GEN_PASS_DECL
#include "seqc/Conversion/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "seqc/Conversion/Passes.h.inc"

/// On a loop over a batch: its iterations are independent, and only results of the recurrence and
/// buffers of the loop's own are written (unit).
inline constexpr llvm::StringLiteral sequencesAttr = "seqc.sequences";

/// True if `op`, of a body for a GPU, computes sizes and starts kernels: it touches no tensor.
bool runsOnHostOfGpu(mlir::Operation *op);

/// Appends to `ops`, in order, what `value` needs if all of it can be computed anywhere in the
/// function: ops without effects and loads of the runtime's arrays of pointers and sizes. `known`,
/// if any, is at hand.
mlir::LogicalResult collectRematerializable(mlir::Value value,
                                            llvm::SetVector<mlir::Operation *> &ops,
                                            mlir::Value known = {});

/// Erases the `seq.linearized` of a step: for plans that guess no states.
void eraseLinearized(seq::RecurrenceOp op);

/// The naive lowering of one recurrence: loops over batch and time on tensors; erases `op`.
/// Fails, with an error, only if an out's size depends on data.
mlir::LogicalResult lowerRecurrenceToLoops(seq::RecurrenceOp op);

/// The naive lowering of one delay, by slices; erases `op`.
mlir::LogicalResult lowerDelayToLoops(seq::DelayOp op);

} // namespace seqc

#endif // SEQC_CONVERSION_PASSES_H
