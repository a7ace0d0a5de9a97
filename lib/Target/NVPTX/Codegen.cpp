// Facts of NVIDIA GPUs, and from device modules to PTX.
#include "Tasks.h"
#include "seqc/Support/Spelling.h"
#include "seqc/Target/CPU.h"
#include "seqc/Target/NVPTX.h"

#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Utils/LoopUtils.h"

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

StringRef seqc::lowestArchitecture(ArrayRef<std::string> names) {
  for (StringRef arch : cudaArchitectures())
    if (llvm::is_contained(names, arch))
      return arch;
  return "";
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
  return createMachine(target, /*optLevel=*/3, error);
}

/// The argument or result whose address `pointer` was computed from, or -1.
static int64_t tensorBehind(llvm::Value *pointer, llvm::Function &kernel) {
  auto *address = dyn_cast<llvm::LoadInst>(llvm::getUnderlyingObject(pointer, /*MaxLookup=*/0));
  if (!address)
    return -1;
  const llvm::DataLayout &layout = kernel.getParent()->getDataLayout();
  llvm::APInt offset(64, 0);
  llvm::Value *base = address->getPointerOperand()->stripAndAccumulateConstantOffsets(
      layout, offset, /*AllowNonInbounds=*/true);
  return base == kernel.getArg(0) ? int64_t(offset.getZExtValue() / 8) : -1;
}

/// Marks loads of arguments of `f` that no result may share its memory with.
static void markArguments(llvm::Function &kernel, const FunctionSignature &f) {
  for (llvm::Instruction &at : llvm::instructions(kernel)) {
    auto *load = dyn_cast<llvm::LoadInst>(&at);
    int64_t tensor = load ? tensorBehind(load->getPointerOperand(), kernel) : -1;
    bool isState = llvm::any_of(f.states, [&](auto &s) { return s.argument == tensor; });
    if (tensor >= 0 && tensor < int64_t(f.arguments.size()) && !isState)
      load->setMetadata(llvm::LLVMContext::MD_invariant_load,
                        llvm::MDNode::get(kernel.getContext(), {}));
  }
}

/// Steps of time whose inputs are asked for together, in loops of at most so many instructions:
/// memory is 600 cycles away.
static constexpr unsigned stepsAhead = 4, mostInstructions = 100;

/// Has the innermost loops of `kernel` unrolled, if they are short and read inputs.
static void askAhead(llvm::Function &kernel) {
  llvm::DominatorTree dominators(kernel);
  llvm::LoopInfo loops(dominators);
  for (llvm::Loop *loop : loops.getLoopsInPreorder()) {
    unsigned size = 0;
    bool reads = false, divides = false;
    for (llvm::BasicBlock *block : loop->blocks()) {
      size += block->size();
      for (llvm::Instruction &at : *block) {
        reads |= at.hasMetadata(llvm::LLVMContext::MD_invariant_load);
        divides |= at.getOpcode() == llvm::Instruction::FDiv || at.isIntDivRem();
      }
    }
    // A division that rounds right is a call where numbers are unusual, and one of 64-bit integers
    // always: registers are saved.
    if (divides)
      llvm::addStringMetadataToLoop(loop, "llvm.loop.unroll.disable");
    else if (loop->isInnermost() && reads && size <= mostInstructions)
      llvm::addStringMetadataToLoop(loop, "llvm.loop.unroll.count", stepsAhead);
  }
}

void seqc::optimizeKernels(llvm::Module &module, const ModuleSignature &signature,
                           llvm::TargetMachine &machine) {
  module.setTargetTriple(machine.getTargetTriple());
  module.setDataLayout(machine.createDataLayout());
  runPasses(module, machine,
            "always-inline,function(sroa,early-cse,instcombine<no-verify-fixpoint>)");
  for (const FunctionSignature &f : signature.functions)
    for (unsigned number = 0;; ++number) {
      llvm::Function *kernel = module.getFunction(kernelName(f.name, number));
      if (!kernel)
        break;
      markArguments(*kernel, f);
      askAhead(*kernel);
    }
  runPasses(module, machine, "default<O3>");
}
