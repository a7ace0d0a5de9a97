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

/// Makes `host` start kernels where it would run tasks: calls of `launch` (parallel, kernel,
/// addresses, sizes, scratch, items), where kernel is the address of `seqc_kernel_<name>`.
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
