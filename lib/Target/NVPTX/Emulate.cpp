// Kernels for this CPU: the device module that becomes PTX, with each access checked. The host's
// part starts them in place of tasks (lib/Runtime/GPU/Emulator.c).
#include "Tasks.h"
#include "seqc/Target/NVPTX.h"

#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsNVPTX.h"
#include "llvm/IR/Module.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include "llvm/Transforms/Utils/ValueMapper.h"

using namespace llvm;
using namespace seqc;

extern "C" {
extern const unsigned char seqc_emulator_x86_64[], seqc_emulator_aarch64[];
extern const unsigned long seqc_emulator_x86_64_bytes, seqc_emulator_aarch64_bytes;
}

Expected<StringRef> seqc::getEmulatorObject(const Triple &triple) {
  auto text = [](const unsigned char *bytes, unsigned long count) {
    return StringRef(reinterpret_cast<const char *>(bytes), count);
  };
  if (triple.isOSBinFormatELF() && triple.getArch() == Triple::x86_64)
    return text(seqc_emulator_x86_64, seqc_emulator_x86_64_bytes);
  if (triple.isOSBinFormatELF() && triple.getArch() == Triple::aarch64)
    return text(seqc_emulator_aarch64, seqc_emulator_aarch64_bytes);
  return failWith("expected an x86_64 or aarch64 ELF triple to emulate a GPU on, but got '" +
                  triple.str() + "'");
}

namespace {
/// Makes a function of the host of one kernel.
struct KernelEmulation {
  Module &module;
  Function &kernel;
  LLVMContext &context;
  Function *made = nullptr;
  SmallVector<Constant *> sites;

  KernelEmulation(Function &kernel)
      : module(*kernel.getParent()), kernel(kernel), context(module.getContext()) {}

  Constant *text(StringRef string);
  StructType *siteType();
  bool isOwn(Value *pointer);
  void check(Instruction &access);
  Error replaceIntrinsics();
  void countInstructions();
  Expected<GlobalVariable *> run();
};
} // namespace

Constant *KernelEmulation::text(StringRef string) {
  return IRBuilder<>(context).CreateGlobalString(string, "seqc_emu_text", 0, &module);
}

/// seqc_emu_site.
StructType *KernelEmulation::siteType() {
  Type *i32 = Type::getInt32Ty(context);
  return StructType::get(context, {PointerType::getUnqual(context), i32, i32, i32, i32});
}

/// Memory that no other thread changes: arguments of the kernel, what the thread allocates, and
/// constants of the model.
bool KernelEmulation::isOwn(Value *pointer) {
  Value *object = getUnderlyingObject(pointer, /*MaxLookup=*/0);
  auto *global = dyn_cast<GlobalVariable>(object);
  return isa<AllocaInst>(object) || object == made->getArg(0) || (global && global->isConstant());
}

/// A check before a load or store, which takes place where the check says.
void KernelEmulation::check(Instruction &access) {
  auto *store = dyn_cast<StoreInst>(&access);
  Value *pointer = getLoadStorePointerOperand(&access);
  Type *type = getLoadStoreType(&access);
  uint64_t bytes = module.getDataLayout().getTypeStoreSize(type);
  IRBuilder<> b(&access);
  std::string name;
  raw_string_ostream(name) << (store ? "store of " : "load of ") << *type << ", access #"
                           << sites.size();
  auto number = [&](uint64_t n) { return b.getInt32(uint32_t(n)); };
  Constant *fields[] = {text(name), number(sites.size()), number(bytes),
                        number(getLoadStoreAlignment(&access).value()), number(store != nullptr)};
  auto *site =
      new GlobalVariable(module, siteType(), /*isConstant=*/true, GlobalValue::PrivateLinkage,
                         ConstantStruct::get(siteType(), fields), "seqc_emu_site");
  sites.push_back(site);
  Type *generic = b.getPtrTy();
  FunctionCallee callee = module.getOrInsertFunction("seqc_emu_access", generic, generic, generic);
  Value *place = b.CreateCall(callee, {b.CreateAddrSpaceCast(pointer, generic), site});
  access.setOperand(store ? 1 : 0, place);
}

/// Special registers become arguments; other intrinsics of NVIDIA have no meaning here yet.
Error KernelEmulation::replaceIntrinsics() {
  for (Instruction &at : make_early_inc_range(instructions(*made))) {
    auto *call = dyn_cast<IntrinsicInst>(&at);
    if (!call || !call->getCalledFunction()->isTargetIntrinsic())
      continue;
    Intrinsic::ID id = call->getIntrinsicID();
    unsigned argument = id == Intrinsic::nvvm_read_ptx_sreg_ctaid_x ? 1
                        : id == Intrinsic::nvvm_read_ptx_sreg_tid_x ? 2
                                                                    : 0;
    if (!argument)
      return failWith("expected intrinsics that the emulator knows, but got '" +
                      call->getCalledFunction()->getName() + "' in kernel '" + kernel.getName() +
                      "'");
    call->replaceAllUsesWith(made->getArg(argument));
    call->eraseFromParent();
  }
  return Error::success();
}

void KernelEmulation::countInstructions() {
  for (BasicBlock &block : *made) {
    IRBuilder<> b(&block, block.getFirstInsertionPt());
    FunctionCallee callee =
        module.getOrInsertFunction("seqc_emu_count", b.getVoidTy(), b.getInt64Ty());
    b.CreateCall(callee, {b.getInt64(int64_t(block.size()))});
  }
}

Expected<GlobalVariable *> KernelEmulation::run() {
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
  countInstructions();
  if (Error problem = replaceIntrinsics())
    return std::move(problem);
  SmallVector<Instruction *> accesses;
  for (Instruction &at : instructions(*made)) {
    if (isa<LoadInst, StoreInst>(at) && !isOwn(getLoadStorePointerOperand(&at)))
      accesses.push_back(&at);
    else if (!isa<LoadInst, StoreInst, CallInst>(at) && at.mayReadOrWriteMemory())
      return failWith("expected loads and stores, but got '" + Twine(at.getOpcodeName()) +
                      "' in kernel '" + kernel.getName() + "'");
    else if (isa<MemIntrinsic>(at))
      return failWith("expected loads and stores, but got a copy of memory in kernel '" +
                      kernel.getName() + "'");
  }
  for (Instruction *access : accesses)
    check(*access);
  // seqc_emu_kernel.
  auto *record = StructType::get(context, {pointer, pointer, i32, i32});
  Constant *fields[] = {text(kernel.getName()), made, ConstantInt::get(i32, threadsPerBlock),
                        ConstantInt::get(i32, sites.size())};
  return new GlobalVariable(module, record, /*isConstant=*/true, GlobalValue::ExternalLinkage,
                            ConstantStruct::get(record, fields), "seqc_kernel_" + kernel.getName());
}

Error seqc::emulateKernels(Module &host, std::unique_ptr<Module> device,
                           const ModuleSignature &signature) {
  device->setTargetTriple(host.getTargetTriple());
  device->setDataLayout(host.getDataLayout());
  SmallVector<Function *> kernels;
  for (Function &f : *device)
    if (f.getCallingConv() == CallingConv::PTX_Kernel)
      kernels.push_back(&f);
  for (Function *kernel : kernels) {
    Expected<GlobalVariable *> made = KernelEmulation(*kernel).run();
    if (!made)
      return made.takeError();
    kernel->eraseFromParent();
  }
  if (NamedMDNode *flags = device->getModuleFlagsMetadata())
    flags->eraseFromParent();
  startKernels(host, signature, "seqc_emu_launch");
  // The host fills hidden states itself: their memory is its own.
  for (const FunctionSignature &f : signature.functions)
    if (Function *fill = host.getFunction("seqc_fill_" + f.name))
      fill->eraseFromParent();
  if (Linker::linkModules(host, std::move(device)))
    return failWith("expected kernels that join the host's module");
  for (GlobalVariable &global : host.globals())
    if (global.getName().starts_with("seqc_kernel_") && !global.isDeclaration())
      global.setLinkage(GlobalValue::InternalLinkage);
  return Error::success();
}
