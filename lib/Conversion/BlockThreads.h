// Words of code that the threads of a block of a GPU run together.
#ifndef SEQC_LIB_CONVERSION_BLOCKTHREADS_H
#define SEQC_LIB_CONVERSION_BLOCKTHREADS_H

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "seqc/Support/GpuShape.h"

namespace seqc {

/// Bytes of memory that the threads of a block share, at most, unless a launch asks for more.
constexpr int64_t mostSharedBytes = 48 << 10;

/// Makes each item of `loop` a block of `threads` threads.
void makeBlocks(mlir::scf::ForallOp loop, int64_t threads);

/// This thread's number in its block.
mlir::Value threadOfBlock(mlir::OpBuilder &b, mlir::Location loc);

/// A barrier: what threads of the block wrote before it is there for all of them behind it.
void waitForBlock(mlir::OpBuilder &b, mlir::Location loc);

/// Memory that the threads of a block share, without contents; `shape` is static.
mlir::Value sharedBuffer(mlir::OpBuilder &b, mlir::Location loc, llvm::ArrayRef<int64_t> shape,
                         mlir::Type element);

/// Erases it.
void eraseSharedBuffer(mlir::Value buffer);

/// Bytes that it takes.
int64_t sharedBytesOf(llvm::ArrayRef<int64_t> shape, mlir::Type element);

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_BLOCKTHREADS_H
