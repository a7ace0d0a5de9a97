//===- Tasks.h - What of a CPU's module becomes kernels -------------------===//
#ifndef SEQC_LIB_TARGET_NVPTX_TASKS_H
#define SEQC_LIB_TARGET_NVPTX_TASKS_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/Instructions.h"
#include "llvm/Support/Error.h"

namespace seqc {

/// The calls of `body` that start tasks, in order. The number of a kernel is its call's.
llvm::SmallVector<llvm::CallInst *> startsOfTasks(llvm::Function &body);

/// The task that `start` runs.
inline llvm::Function *taskOf(llvm::CallInst *start) {
  return llvm::cast<llvm::Function>(start->getArgOperand(1)->stripPointerCasts());
}

/// Threads of the block that is an item of `task`, or 0 where an item is a thread.
unsigned threadsOfTask(const llvm::Function &task);

/// The name of kernel `number` of function `name`.
inline std::string kernelName(llvm::StringRef name, unsigned number) {
  return (name + "_" + llvm::Twine(number)).str();
}

inline llvm::Error failWith(const llvm::Twine &sentence) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), sentence);
}

} // namespace seqc

#endif // SEQC_LIB_TARGET_NVPTX_TASKS_H
