// Kernels for this CPU: the device module that becomes PTX, with each access checked. The host's
// part starts them in place of tasks (lib/Runtime/GPU/Emulator.c).
#include "EmulateKernel.h"
#include "seqc/Target/NVPTX.h"

#include "llvm/IR/ReplaceConstant.h"
#include "llvm/Linker/Linker.h"

using namespace llvm;
using namespace seqc;

extern "C" {
extern const unsigned char seqc_emulator_library_x86_64[], seqc_emulator_library_aarch64[],
    seqc_emulator_jit_x86_64[], seqc_emulator_jit_aarch64[];
extern const unsigned long seqc_emulator_library_x86_64_bytes, seqc_emulator_library_aarch64_bytes,
    seqc_emulator_jit_x86_64_bytes, seqc_emulator_jit_aarch64_bytes;
}

Expected<StringRef> seqc::getEmulatorObject(const Triple &triple, RuntimeHost host) {
  auto text = [](const unsigned char *bytes, unsigned long count) {
    return StringRef(reinterpret_cast<const char *>(bytes), count);
  };
  bool jit = host == RuntimeHost::JIT;
  if (triple.isOSBinFormatELF() && triple.getArch() == Triple::x86_64)
    return jit ? text(seqc_emulator_jit_x86_64, seqc_emulator_jit_x86_64_bytes)
               : text(seqc_emulator_library_x86_64, seqc_emulator_library_x86_64_bytes);
  if (triple.isOSBinFormatELF() && triple.getArch() == Triple::aarch64)
    return jit ? text(seqc_emulator_jit_aarch64, seqc_emulator_jit_aarch64_bytes)
               : text(seqc_emulator_library_aarch64, seqc_emulator_library_aarch64_bytes);
  return failWith("expected an x86_64 or aarch64 ELF triple to emulate a GPU on, but got '" +
                  triple.str() + "'");
}

/// Removes what was shared memory, which nothing names now.
static void dropShared(Module &module) {
  for (GlobalVariable &global : make_early_inc_range(module.globals()))
    if (global.getAddressSpace() == sharedSpace &&
        (global.removeDeadConstantUsers(), global.use_empty()))
      global.eraseFromParent();
}

Error seqc::emulateKernels(Module &host, std::unique_ptr<Module> device,
                           const ModuleSignature &signature) {
  device->setTargetTriple(host.getTargetTriple());
  device->setDataLayout(host.getDataLayout());
  SmallVector<Function *> kernels;
  for (Function &f : *device)
    if (f.getCallingConv() == CallingConv::PTX_Kernel)
      kernels.push_back(&f);
  SmallVector<Constant *> shared;
  for (GlobalVariable &global : device->globals())
    if (global.getAddressSpace() == sharedSpace)
      shared.push_back(&global);
  convertUsersOfConstantsToInstructions(shared);
  for (Function *kernel : kernels) {
    Expected<GlobalVariable *> made = KernelEmulation(*kernel).run();
    if (!made)
      return made.takeError();
    kernel->eraseFromParent();
  }
  dropShared(*device);
  if (NamedMDNode *flags = device->getModuleFlagsMetadata())
    flags->eraseFromParent();
  startKernels(host, signature, "seqc_emu_launch");
  // The host fills hidden states itself: their memory is its own.
  for (const FunctionSignature &f : signature.functions)
    if (Function *fill = host.getFunction("seqc_fill_" + f.name))
      fill->eraseFromParent();
  dropShared(host);
  if (Linker::linkModules(host, std::move(device)))
    return failWith("expected kernels that join the host's module");
  for (GlobalVariable &global : host.globals())
    if (global.getName().starts_with("seqc_kernel_") && !global.isDeclaration())
      global.setLinkage(GlobalValue::InternalLinkage);
  return Error::success();
}
