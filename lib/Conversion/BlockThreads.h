// Words of code that the threads of a block of a GPU run together.
#ifndef SEQC_LIB_CONVERSION_BLOCKTHREADS_H
#define SEQC_LIB_CONVERSION_BLOCKTHREADS_H

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace seqc {

/// Bytes of memory that the threads of a block share, at most, unless a launch asks for more.
constexpr int64_t mostSharedBytes = 48 << 10;

/// 32-bit registers that a thread may keep for all of time: an SM has 65536, a thread at most 255,
/// and a step needs some, too.
constexpr int64_t registersOfThread(int64_t threadsOfBlock) {
  constexpr int64_t all = 65536, most = 255, ofStep = 80;
  return std::max<int64_t>(0, std::min(all / threadsOfBlock, most) - ofStep);
}

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
