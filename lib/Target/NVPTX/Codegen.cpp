// Facts of NVIDIA GPUs, and from device modules to PTX.
#include "seqc/Target/NVPTX.h"

#include "seqc/Support/Spelling.h"

#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"

#include <mutex>

using namespace mlir;
using namespace seqc;

extern "C" {
void LLVMInitializeNVPTXTargetInfo();
void LLVMInitializeNVPTXTarget();
void LLVMInitializeNVPTXTargetMC();
void LLVMInitializeNVPTXAsmPrinter();
}

static constexpr StringLiteral tripleName = "nvptx64-nvidia-cuda";

static void initializeNvptx() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
}

ArrayRef<StringRef> seqc::cudaArchitectures() {
  static const StringRef names[] = {"sm_80", "sm_90", "sm_100"};
  return names;
}

/// The version of PTX for `arch`, as a feature of LLVM.
static StringRef ptxFeature(StringRef arch) { return arch == "sm_100" ? "+ptx86" : "+ptx80"; }

FailureOr<seq::TargetAttr> seqc::nvptxTarget(MLIRContext *context, StringRef arch,
                                             std::string &error) {
  if (!llvm::is_contained(cudaArchitectures(), arch)) {
    error = "expected " + joinNames(cudaArchitectures()) + " for an NVIDIA GPU, but got '" +
            arch.str() + "'";
    return failure();
  }
  auto text = [&](StringRef s) { return StringAttr::get(context, s); };
  // A thread is a vector of one lane; the caches are those of an SM of an A100, in all of which
  // 2048 threads share 192 KiB, and of the device.
  return seq::TargetAttr::get(context, text(tripleName), text(arch), text(ptxFeature(arch)),
                              /*vectorBits=*/32,
                              /*vectorRegisters=*/255, /*l1Bytes=*/192 << 10,
                              /*l2Bytes=*/40 << 20, 0, 0, 0, 0, 0, 0);
}

std::unique_ptr<llvm::TargetMachine> seqc::makeNvptxMachine(seq::TargetAttr target,
                                                            std::string &error) {
  initializeNvptx();
  // LLVM ends the process where an architecture and a version of PTX do not fit.
  StringRef arch = target.getCpu().getValue();
  if (target.getTriple().getValue() != tripleName ||
      !llvm::is_contained(cudaArchitectures(), arch) ||
      target.getFeatures().getValue() != ptxFeature(arch) || target.getVectorBits() != 32) {
    error = "expected the facts of " + joinNames(cudaArchitectures()) +
            " as seqc writes them in 'seqc.target', but got others";
    return nullptr;
  }
  llvm::Triple triple(target.getTriple().getValue());
  const llvm::Target *found = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!found)
    return nullptr;
  llvm::TargetOptions options;
  // Fused multiply-adds are formed once, by rule; LLVM must not add any.
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return std::unique_ptr<llvm::TargetMachine>(found->createTargetMachine(
      triple, target.getCpu().getValue(), target.getFeatures().getValue(), options,
      llvm::Reloc::PIC_, std::nullopt, llvm::CodeGenOptLevel::Aggressive));
}

void seqc::optimizeKernels(llvm::Module &module, llvm::TargetMachine &machine) {
  module.setTargetTriple(machine.getTargetTriple());
  module.setDataLayout(machine.createDataLayout());
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager sccs;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(sccs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, sccs, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3).run(module, modules);
}
