//===- NVPTX.h - NVIDIA GPUs: facts, kernels, PTX -------------------------===//
#ifndef SEQC_TARGET_NVPTX_H
#define SEQC_TARGET_NVPTX_H

#include "seqc/Dialect/Seq/IR/Seq.h"
#include "seqc/Support/GpuShape.h"
#include "seqc/Support/KernelFacts.h"
#include "seqc/Support/Signature.h"
#include "seqc/Target/EmitAbi.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace llvm {
class Module;
class TargetMachine;
class Triple;
} // namespace llvm

namespace seqc {

/// Architectures that PTX is made for, lowest first: "sm_80", "sm_90", "sm_100".
llvm::ArrayRef<llvm::StringRef> cudaArchitectures();

/// The lowest of `names`, which are some of these.
llvm::StringRef lowestArchitecture(llvm::ArrayRef<std::string> names);

/// Facts of a GPU of architecture `arch`. Fails with a sentence in `error` on another one.
mlir::FailureOr<seq::TargetAttr> nvptxTarget(mlir::MLIRContext *context, llvm::StringRef arch,
                                             std::string &error);

/// Makes a device module of `module`, which holds what a CPU would run: each task of a parallel
/// loop becomes a kernel `<function>_<number>`, one thread an item, and nothing else stays. A task
/// with the attribute "seqc.threads"="N" is work for N threads together (a multiple of 32, at most
/// 1024): one block an item, whose threads all call it for that item. The kernel's attributes
/// "nvvm.maxntid" and "seqc.items" are threads and items of a block. A
/// kernel has one argument, by value: the addresses of all arguments and results, then all sizes,
/// the address of scratch, and the number of items; where a call starts it in each turn of a loop,
/// then the turn's number. Fails on code that a GPU cannot run.
llvm::Error makeKernels(llvm::Module &module, const ModuleSignature &signature);

/// The kernels that `makeKernels` would make of `host`, in its order, and how calls start them.
std::vector<KernelFacts> describeKernels(llvm::Module &host, const ModuleSignature &signature);

/// LLVM's machine for `target`; null and a sentence in `error` if LLVM lacks it.
std::unique_ptr<llvm::TargetMachine> makeNvptxMachine(seq::TargetAttr target, std::string &error);

/// Sets triple and data layout of `module`, and optimises it. Loads of arguments that no result may
/// share its memory with (all but states) are marked as such, so that they go ahead of stores.
void optimizeKernels(llvm::Module &module, const ModuleSignature &signature,
                     llvm::TargetMachine &machine);

/// Makes `module`, of kernels, what becomes PTX: arrays in shared memory of kernels that need more
/// than they may name become places of one array, `seqc_dynamic_shared`, whose size whoever starts
/// them says: KernelFacts::sharedBytes.
void askForShared(llvm::Module &module);

/// Makes `host`, whose target is a CPU's and whose bodies start tasks, run the kernels of `device`
/// in their place, with checked accesses; `device` was made from a copy of `host` and optimised.
/// Fails on what the emulator does not know.
llvm::Error emulateKernels(llvm::Module &host, std::unique_ptr<llvm::Module> device,
                           const ModuleSignature &signature);

/// What such code needs besides the runtime, as bytes of a relocatable ELF file. In a JIT it calls
/// `void **seqc_host_emulated_call(void)`, which returns a place of the calling thread that starts
/// as null.
llvm::Expected<llvm::StringRef> getEmulatorObject(const llvm::Triple &triple, RuntimeHost host);

/// Gives `module`, a CPU's, what starts the kernels of `host` on a GPU: `seqc_device_body_f`,
/// `seqc_device_scratch_f`, and `seqc_device_init_f` where f has hidden states, and the table of
/// kernels, `seqc_cuda_kernels`. `host` is a module of which makeKernels makes kernels, in the same
/// context. The code of the kernels is missing: embedImages.
llvm::Error linkKernels(llvm::Module &module, std::unique_ptr<llvm::Module> host,
                        const ModuleSignature &signature);

/// Code of all kernels: a cubin for architecture `arch` ("sm_90"), or PTX for it and later ones.
struct CudaImage {
  llvm::StringRef arch, bytes;
  bool isPtx;
};

/// Completes a module after linkKernels and the optimiser; the last image is PTX, the only one.
void embedImages(llvm::Module &module, llvm::ArrayRef<CudaImage> images);

/// What such a module needs besides the runtime, as bytes of a relocatable ELF file.
llvm::Expected<llvm::StringRef> getCudaObject(const llvm::Triple &triple);

} // namespace seqc

#endif // SEQC_TARGET_NVPTX_H
