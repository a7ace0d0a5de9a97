//===- EmulateKernel.h - A kernel as a function of this CPU ---------------===//
#ifndef SEQC_LIB_TARGET_NVPTX_EMULATEKERNEL_H
#define SEQC_LIB_TARGET_NVPTX_EMULATEKERNEL_H

#include "Tasks.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"

namespace seqc {

/// The kinds of lib/Runtime/GPU/Emulator.h.
enum Kind : uint32_t {
  Reads = 1,
  Writes = 2,
  Atomic = 4,
  Acquires = 8,
  Releases = 16,
  OfBlock = 32,
  Exchange = 64,
  FailedAcquires = 128
};

/// What lanes do together: the kind, whether PTX's p is a result, too, and whether the mask is the
/// last operand.
struct Meeting {
  unsigned kind;
  bool hasSource = false, maskLast = false;
};

/// Makes a function of the host of one kernel of a device module that has the host's target by
/// now: each access and each operation on other threads becomes a call of the emulator.
struct KernelEmulation {
  llvm::Module &module;
  llvm::Function &kernel;
  llvm::LLVMContext &context;
  llvm::Function *made = nullptr;
  llvm::SmallVector<llvm::Constant *> sites, arrays;
  /// Addresses of arrays in shared memory, and their numbers.
  llvm::DenseMap<llvm::Value *, unsigned> shared;
  unsigned threads = 0, items = 0;
  bool together = false;

  KernelEmulation(llvm::Function &kernel)
      : module(*kernel.getParent()), kernel(kernel), context(module.getContext()) {}

  llvm::Error unknown(const llvm::Twine &what) {
    return failWith("expected code that the emulator knows, but got " + what + " in kernel '" +
                    kernel.getName() + "'");
  }
  llvm::Constant *text(llvm::StringRef string);
  llvm::Constant *record(llvm::ArrayRef<llvm::Constant *> fields, llvm::StringRef name);
  llvm::Constant *site(const llvm::Twine &what, uint64_t bytes, uint64_t align, unsigned kind,
                       unsigned array);
  llvm::FunctionCallee callee(llvm::StringRef name, llvm::Type *result,
                              llvm::ArrayRef<llvm::Type *> arguments) {
    return module.getOrInsertFunction(name, llvm::FunctionType::get(result, arguments, false));
  }
  bool isOwn(llvm::Value *pointer);
  llvm::Expected<unsigned> scopeOf(llvm::SyncScope::ID id);
  llvm::Error check(llvm::Instruction &access);
  llvm::Value *checked(llvm::IRBuilder<> &b, llvm::Value *pointer, llvm::Constant *where);
  llvm::Error replaceFence(llvm::FenceInst &fence);
  bool replaceCopy(llvm::IntrinsicInst &call);
  llvm::Error replaceIntrinsic(llvm::IntrinsicInst &call);
  llvm::Value *replaceMeeting(llvm::IRBuilder<> &b, llvm::IntrinsicInst &call, Meeting meeting);
  llvm::Error replaceShared();
  void expandCopies();
  llvm::Error replaceOperations();
  void countInstructions();
  uint64_t stackBytes();
  llvm::Error readShape();
  llvm::Expected<llvm::GlobalVariable *> run();
};

} // namespace seqc

#endif // SEQC_LIB_TARGET_NVPTX_EMULATEKERNEL_H
