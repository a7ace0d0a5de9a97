// A kernel as a function of this CPU, and what the emulator needs to know of it.
#include "EmulateKernel.h"

#include "llvm/Analysis/TargetTransformInfo.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include "llvm/Transforms/Utils/LowerMemIntrinsics.h"
#include "llvm/Transforms/Utils/ValueMapper.h"

using namespace llvm;
using namespace seqc;

Constant *KernelEmulation::text(StringRef string) {
  return IRBuilder<>(context).CreateGlobalString(string, "seqc_emu_text", 0, &module);
}

Constant *KernelEmulation::record(ArrayRef<Constant *> fields, StringRef name) {
  Constant *value = ConstantStruct::getAnon(context, fields);
  return new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                            GlobalValue::PrivateLinkage, value, name);
}

/// A seqc_emu_site.
Constant *KernelEmulation::site(const Twine &what, uint64_t bytes, uint64_t align, unsigned kind,
                                unsigned array) {
  auto number = [&](uint64_t n) { return ConstantInt::get(Type::getInt32Ty(context), n); };
  std::string name = (what + ", access #" + Twine(sites.size())).str();
  sites.push_back(record(
      {text(name), number(sites.size()), number(bytes), number(align), number(kind), number(array)},
      "seqc_emu_site"));
  return sites.back();
}

/// Memory that no other thread changes: arguments of the kernel, what the thread allocates, and
/// constants of the model.
bool KernelEmulation::isOwn(Value *pointer) {
  Value *object = getUnderlyingObject(pointer, /*MaxLookup=*/0);
  auto *global = dyn_cast<GlobalVariable>(object);
  return isa<AllocaInst>(object) || object == made->getArg(0) || (global && global->isConstant());
}

/// Arrays in shared memory become those of the block.
Error KernelEmulation::replaceShared() {
  IRBuilder<> b(context);
  DenseMap<GlobalVariable *, Value *> addresses;
  uint64_t bytes = 0;
  for (Instruction &at : make_early_inc_range(instructions(*made)))
    for (Use &use : at.operands()) {
      auto *global = dyn_cast<GlobalVariable>(use.get());
      if (!global || global->getAddressSpace() != sharedSpace)
        continue;
      Value *&address = addresses[global];
      if (!address) {
        if (global->isDeclaration() || !isa<UndefValue>(global->getInitializer()))
          return unknown("shared memory '" + global->getName() +
                         "' whose size or contents the module does not leave open");
        const DataLayout &layout = module.getDataLayout();
        uint64_t size = layout.getTypeAllocSize(global->getValueType());
        // Without a number PTX has the least that the type needs.
        Align align = global->getAlign().value_or(layout.getABITypeAlign(global->getValueType()));
        bytes = alignTo(bytes, align) + size;
        arrays.push_back(ConstantStruct::getAnon(
            context, {text(global->getName()), b.getInt64(size), b.getInt64(align.value())}));
        b.SetInsertPoint(&made->getEntryBlock(), made->getEntryBlock().getFirstInsertionPt());
        Value *call = b.CreateCall(callee("seqc_emu_shared", b.getPtrTy(), {b.getInt32Ty()}),
                                   {b.getInt32(arrays.size())});
        shared[call] = arrays.size();
        address = b.CreateAddrSpaceCast(call, global->getType());
      }
      use.set(address);
    }
  uint64_t most = kernel.hasFnAttribute(dynamicAttribute) ? mostSharedBytes : mostNamedBytes;
  if (bytes > most)
    return unknown(Twine(bytes) + " bytes of shared memory, more than " + Twine(most));
  return Error::success();
}

/// Copies and fills of memory become loops, as they do in PTX.
void KernelEmulation::expandCopies() {
  TargetTransformInfo facts(module.getDataLayout());
  SmallVector<MemIntrinsic *> all;
  for (Instruction &at : instructions(*made))
    if (auto *bytes = dyn_cast<MemIntrinsic>(&at))
      all.push_back(bytes);
  for (MemIntrinsic *at : all) {
    if (auto *fill = dyn_cast<MemSetInst>(at))
      expandMemSetAsLoop(fill);
    else if (auto *copy = dyn_cast<MemCpyInst>(at))
      expandMemCpyAsLoop(copy, facts);
    else if (auto *move = dyn_cast<MemMoveInst>(at); !move || !expandMemMoveAsLoop(move, facts))
      continue;
    at->eraseFromParent();
  }
}

static std::string nameOf(CallInst &call) {
  if (auto *text = dyn_cast<InlineAsm>(call.getCalledOperand()))
    return text->getAsmString().str();
  return call.getCalledFunction() ? call.getCalledFunction()->getName().str() : "a pointer";
}

/// Whether `call` has nothing to do with memory or other threads: one of ours, arithmetic, or code
/// that hides a value from the optimiser.
static bool isHarmless(CallInst &call) {
  if (auto *intrinsic = dyn_cast<IntrinsicInst>(&call))
    return intrinsic->isAssumeLikeIntrinsic() || !call.mayReadOrWriteMemory();
  auto *text = dyn_cast<InlineAsm>(call.getCalledOperand());
  if (text)
    return text->getAsmString().empty();
  return StringRef(nameOf(call)).starts_with("seqc_emu_");
}

/// All that reaches memory or other threads.
Error KernelEmulation::replaceOperations() {
  SmallVector<Instruction *> all;
  for (Instruction &at : instructions(*made))
    if (!isa<AllocaInst>(at))
      all.push_back(&at);
  for (Instruction *at : all) {
    Error problem = Error::success();
    auto *call = dyn_cast<IntrinsicInst>(at);
    if (isa<LoadInst, StoreInst>(at)) {
      if (!isOwn(getLoadStorePointerOperand(at)))
        problem = check(*at);
    } else if (isa<AtomicRMWInst, AtomicCmpXchgInst>(at)) {
      problem = check(*at);
    } else if (auto *fence = dyn_cast<FenceInst>(at)) {
      problem = replaceFence(*fence);
    } else if (call && call->getCalledFunction()->isTargetIntrinsic()) {
      problem = replaceIntrinsic(*call);
    } else if (auto *other = dyn_cast<CallInst>(at)) {
      if (!isHarmless(*other))
        problem = unknown("a call of '" + nameOf(*other) + "'");
    } else if (at->mayReadOrWriteMemory()) {
      problem = unknown("'" + Twine(at->getOpcodeName()) + "'");
    }
    if (problem)
      return problem;
  }
  return Error::success();
}

void KernelEmulation::countInstructions() {
  for (BasicBlock &block : *made) {
    IRBuilder<> b(&block, block.getFirstInsertionPt());
    b.CreateCall(callee("seqc_emu_count", b.getVoidTy(), {b.getInt64Ty()}),
                 {b.getInt64(int64_t(block.size()))});
  }
}

/// A bound of what the code keeps in memory: its own arrays, and each value once.
uint64_t KernelEmulation::stackBytes() {
  uint64_t bytes = 0;
  for (Instruction &at : instructions(*made)) {
    bytes += 16;
    if (auto *own = dyn_cast<AllocaInst>(&at))
      if (auto size = own->getAllocationSize(module.getDataLayout()))
        bytes += size->getFixedValue() + 64;
  }
  return bytes;
}

/// Threads and items of a block, as makeKernels wrote them.
Error KernelEmulation::readShape() {
  auto read = [&](StringRef name, unsigned &value) {
    return !kernel.getFnAttribute(name).getValueAsString().getAsInteger(10, value) && value;
  };
  if (!read("nvvm.maxntid", threads) || !read(itemsAttribute, items) || threads % 32 ||
      threads > mostThreads)
    return unknown("a kernel without threads and items of a block");
  return Error::success();
}

Expected<GlobalVariable *> KernelEmulation::run() {
  if (Error problem = readShape())
    return std::move(problem);
  Type *pointer = PointerType::getUnqual(context), *i32 = Type::getInt32Ty(context);
  auto *type = FunctionType::get(Type::getVoidTy(context), {pointer, i32, i32}, false);
  made =
      Function::Create(type, GlobalValue::InternalLinkage, "seqc_emu_" + kernel.getName(), module);
  ValueToValueMapTy map;
  map[kernel.getArg(0)] = made->getArg(0);
  SmallVector<ReturnInst *> returns;
  CloneFunctionInto(made, &kernel, map, CloneFunctionChangeType::LocalChangesOnly, returns);
  made->setCallingConv(CallingConv::C);
  made->setAttributes({});
  expandCopies();
  countInstructions();
  if (Error problem = replaceShared())
    return std::move(problem);
  if (Error problem = replaceOperations())
    return std::move(problem);
  // seqc_emu_kernel.
  auto number = [&](uint64_t n) { return ConstantInt::get(i32, n); };
  Constant *list = ConstantPointerNull::get(PointerType::getUnqual(context));
  if (!arrays.empty()) {
    Constant *all = ConstantArray::get(ArrayType::get(arrays[0]->getType(), arrays.size()), arrays);
    list = new GlobalVariable(module, all->getType(), /*isConstant=*/true,
                              GlobalValue::PrivateLinkage, all, "seqc_emu_arrays");
  }
  Constant *fields[] = {text(kernel.getName()),
                        made,
                        list,
                        number(arrays.size()),
                        number(threads),
                        number(items),
                        number(sites.size()),
                        number(together),
                        number(stackBytes())};
  Constant *value = ConstantStruct::getAnon(context, fields);
  return new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                            GlobalValue::ExternalLinkage, value, "seqc_kernel_" + kernel.getName());
}
