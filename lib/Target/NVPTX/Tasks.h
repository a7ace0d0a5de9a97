//===- Tasks.h - What of a CPU's module becomes kernels -------------------===//
#ifndef SEQC_LIB_TARGET_NVPTX_TASKS_H
#define SEQC_LIB_TARGET_NVPTX_TASKS_H

#include "seqc/Support/GpuShape.h"
#include "seqc/Support/Signature.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"

namespace seqc {

/// The calls that start tasks of function `name` of a user, in order: those of its body, then of
/// what fills its hidden states. The number of a kernel is its call's.
llvm::SmallVector<llvm::CallInst *> startsOfTasks(llvm::Module &host, llvm::StringRef name);

/// True for a call that starts a task in each turn of a loop: behind the items it has the number of
/// the turn, which the task gets, and how many turns there are.
inline bool isOfStep(const llvm::CallInst *start) { return start->arg_size() == 8; }

/// Makes `host` start kernels where it would run tasks: calls of `launch` (parallel, kernel,
/// addresses, sizes, scratch, items, step), where kernel is the address of `seqc_kernel_<name>`.
void startKernels(llvm::Module &host, const ModuleSignature &signature, llvm::StringRef launch);

/// The task that `start` runs.
inline llvm::Function *taskOf(llvm::CallInst *start) {
  return llvm::cast<llvm::Function>(start->getArgOperand(1)->stripPointerCasts());
}

/// The attribute of a kernel: items of a block.
constexpr llvm::StringLiteral itemsAttribute = "seqc.items";

/// A block of a kernel: its threads and items.
struct BlockShape {
  unsigned threads = threadsPerBlock, items = threadsPerBlock;
};

/// Of the kernel of `task`. Fails if its attribute makes no sense.
llvm::Expected<BlockShape> blockShapeOf(const llvm::Function &task);

/// The attribute of a kernel: bytes of shared memory that it gets when it is started.
constexpr llvm::StringLiteral dynamicAttribute = "seqc.dynamic";

/// Bytes of the memory that the threads of a block of `task` share, at most; of them, those that
/// the kernel gets when it is started: all or none.
uint64_t sharedBytesOf(const llvm::Function &task);
inline uint64_t dynamicBytesOf(const llvm::Function &task) {
  uint64_t bytes = sharedBytesOf(task);
  return bytes > mostNamedBytes ? bytes : 0;
}

/// Blocks of `task` that an SM has at once, at least.
unsigned blocksOf(const llvm::Function &task, BlockShape shape);

/// The name of kernel `number` of function `name`.
inline std::string kernelName(llvm::StringRef name, unsigned number) {
  return (name + "_" + llvm::Twine(number)).str();
}

inline llvm::Error failWith(const llvm::Twine &sentence) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), sentence);
}

} // namespace seqc

#endif // SEQC_LIB_TARGET_NVPTX_TASKS_H
