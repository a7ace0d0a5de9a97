//===- LoadParts.h - The steps of stage `load` ----------------------------===//
#ifndef SEQC_LIB_FRONTEND_LOADPARTS_H
#define SEQC_LIB_FRONTEND_LOADPARTS_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/MemoryBuffer.h"

namespace seqc {

/// Reads `bytes` in a child process that runs the program `checker`. An error
/// diagnostic if the child refuses them, crashes or takes too long, or if
/// `checker` is empty.
mlir::LogicalResult checkBytecodeInChild(const llvm::MemoryBuffer &bytes,
                                         mlir::MLIRContext &context, llvm::StringRef checker);

/// Replaces each declaration `@seq.cells.<name>` by the specialised cell and
/// inlines its calls.
mlir::LogicalResult linkCells(mlir::ModuleOp module);

/// Turns every argument marked `seqc.param` into a constant with the tensor of
/// that name in the file `path`.
mlir::LogicalResult bindWeights(mlir::ModuleOp module, llvm::StringRef path);

} // namespace seqc

#endif // SEQC_LIB_FRONTEND_LOADPARTS_H
