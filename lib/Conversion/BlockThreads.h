// Words of code that the threads of a block of a GPU run together.
#ifndef SEQC_LIB_CONVERSION_BLOCKTHREADS_H
#define SEQC_LIB_CONVERSION_BLOCKTHREADS_H

#include "seqc/Support/GpuShape.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace seqc {

/// Makes each item of `loop` a block of `threads` threads, of which an SM has so many `onSm` at
/// once, at least (0: as many as fit where a thread has all the registers that it can).
void makeBlocks(mlir::scf::ForallOp loop, int64_t threads, int64_t onSm = 0);

/// Lets the threads of `loop` have registers for no more than so many blocks at once on an SM.
void askForBlocks(mlir::scf::ForallOp loop, int64_t onSm);

/// `loop` stays one, also if it has one item: a GPU's host cannot do its work.
void keepLoop(mlir::scf::ForallOp loop);

/// This thread's number in its block.
mlir::Value threadOfBlock(mlir::OpBuilder &b, mlir::Location loc);

/// A barrier: what threads of the block wrote before it is there for all of them behind it.
void waitForBlock(mlir::OpBuilder &b, mlir::Location loc);

/// Memory that the threads of a block share, without contents; `shape` is static.
mlir::Value sharedBuffer(mlir::OpBuilder &b, mlir::Location loc, llvm::ArrayRef<int64_t> shape,
                         mlir::Type element);

/// Erases it.
void eraseSharedBuffer(mlir::Value buffer);

/// What the lane `from`, an i32, of the same warp has as `v`, a number or a vector of one lane. All
/// lanes of the warp take part.
mlir::Value fromLane(mlir::OpBuilder &b, mlir::Location loc, mlir::Value v, mlir::Value from);

/// An i32 with a bit for each lane of the warp: set where `condition` holds. All lanes take part.
mlir::Value lanesWhere(mlir::OpBuilder &b, mlir::Location loc, mlir::Value condition);

// Words, i32 in a buffer in scratch, that blocks of one launch tell each other things by.

/// Element `at` of `words` before this added 1 to it. Orders nothing.
mlir::Value takeTicket(mlir::OpBuilder &b, mlir::Location loc, mlir::Value words, mlir::Value at);
/// Element `at` of `words`. What whoever released it had stored before is there from now on.
mlir::Value acquireWord(mlir::OpBuilder &b, mlir::Location loc, mlir::Value words, mlir::Value at);
/// The same without that, until acquireAll().
mlir::Value peekWord(mlir::OpBuilder &b, mlir::Location loc, mlir::Value words, mlir::Value at);
/// What whoever released a word that this thread peeked had stored before is there from now on.
void acquireAll(mlir::OpBuilder &b, mlir::Location loc);
/// Stores `v`, an i32, for launches to come; several threads may store the same.
void writeWord(mlir::OpBuilder &b, mlir::Location loc, mlir::Value v, mlir::Value words,
               mlir::Value at);
/// Stores `v`, an i32: who acquires it finds what this thread stored before.
void releaseWord(mlir::OpBuilder &b, mlir::Location loc, mlir::Value v, mlir::Value words,
                 mlir::Value at);

/// Bytes that a shared buffer takes.
int64_t sharedBytesOf(llvm::ArrayRef<int64_t> shape, mlir::Type element);

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_BLOCKTHREADS_H
