// Shared memory beyond what a kernel may name. Its arrays become places of one without a size, for
// which whoever starts the kernel asks: the driver gives more that way.
#include "Tasks.h"
#include "seqc/Target/NVPTX.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/Module.h"

using namespace llvm;
using namespace seqc;

static constexpr StringLiteral dynamicName = "seqc_dynamic_shared";

static GlobalVariable *declareDynamic(Module &module) {
  auto *type = ArrayType::get(Type::getInt8Ty(module.getContext()), 0);
  auto *array = new GlobalVariable(module, type, /*isConstant=*/false, GlobalValue::ExternalLinkage,
                                   /*Initializer=*/nullptr, dynamicName, /*InsertBefore=*/nullptr,
                                   GlobalValue::NotThreadLocal, sharedSpace);
  array->setAlignment(Align(sharedAlignment));
  return array;
}

/// The kernels whose code names `value`, itself or in constants.
static void findKernels(const Value *value, SmallPtrSetImpl<Function *> &kernels) {
  for (const User *user : value->users()) {
    if (auto *at = dyn_cast<Instruction>(user))
      kernels.insert(const_cast<Function *>(at->getFunction()));
    else
      findKernels(user, kernels);
  }
}

void seqc::askForShared(Module &module) {
  GlobalVariable *dynamic = nullptr;
  DenseMap<Function *, uint64_t> taken;
  Type *i64 = Type::getInt64Ty(module.getContext()), *i8 = Type::getInt8Ty(module.getContext());
  for (GlobalVariable &global : make_early_inc_range(module.globals())) {
    if (global.getAddressSpace() != sharedSpace || &global == dynamic)
      continue;
    SmallPtrSet<Function *, 1> kernels;
    findKernels(&global, kernels);
    // An array is one task's, and a task one kernel's.
    assert(kernels.size() <= 1 && "expected an array in shared memory of one kernel");
    Function *kernel = kernels.empty() ? nullptr : *kernels.begin();
    if (!kernel || !kernel->hasFnAttribute(dynamicAttribute))
      continue;
    if (!dynamic)
      dynamic = declareDynamic(module);
    uint64_t &offset = taken[kernel];
    global.replaceAllUsesWith(
        ConstantExpr::getGetElementPtr(i8, dynamic, ConstantInt::get(i64, offset)));
    offset +=
        alignTo(module.getDataLayout().getTypeAllocSize(global.getValueType()), sharedAlignment);
    global.eraseFromParent();
  }
}
