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
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsNVPTX.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Utils/LoopUtils.h"

#include <functional>
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

/// Has the innermost loops of `kernel` unrolled, if they are short and read inputs.
static void askAhead(llvm::Function &kernel) {
  llvm::DominatorTree dominators(kernel);
  llvm::LoopInfo loops(dominators);
  for (llvm::Loop *loop : loops.getLoopsInPreorder()) {
    unsigned size = 0;
    bool reads = false, divides = false, meets = false;
    for (llvm::BasicBlock *block : loop->blocks()) {
      size += block->size();
      for (llvm::Instruction &at : *block) {
        reads |= at.hasMetadata(llvm::LLVMContext::MD_invariant_load);
        divides |= at.getOpcode() == llvm::Instruction::FDiv || at.isIntDivRem();
        auto *call = llvm::dyn_cast<llvm::CallBase>(&at);
        meets |= call && call->isConvergent();
      }
    }
    // A division that rounds right is a call where numbers are unusual, and one of 64-bit integers
    // always: registers are saved.
    if (divides)
      llvm::addStringMetadataToLoop(loop, "llvm.loop.unroll.disable");
    // Copies of a barrier may not stand under conditions of their own, as those of last steps
    // would.
    else if (loop->isInnermost() && reads && !meets && size <= mostInstructionsAhead)
      llvm::addStringMetadataToLoop(loop, "llvm.loop.unroll.count", stepsAhead);
  }
}

/// True if threads of a block meet in `loop` itself, not only in loops inside of it.
static bool hasBarrier(llvm::Loop *loop, llvm::LoopInfo &loops) {
  for (llvm::BasicBlock *block : loop->blocks())
    for (llvm::Instruction &at : *block)
      if (auto *call = llvm::dyn_cast<llvm::IntrinsicInst>(&at);
          call && loops.getLoopFor(block) == loop &&
          call->getIntrinsicID() == llvm::Intrinsic::nvvm_barrier_cta_sync_aligned_all)
        return true;
  return false;
}

namespace {
/// Values of a loop computed again elsewhere, with its header's phis as `phis` says.
struct LoopValues {
  llvm::Loop *loop;
  llvm::Instruction *place; ///< before which they are computed
  std::function<llvm::Value *(llvm::PHINode *)> phis;
  llvm::DenseMap<llvm::Value *, llvm::Value *> made;

  LoopValues(llvm::Loop *loop, llvm::Instruction *place,
             std::function<llvm::Value *(llvm::PHINode *)> phis)
      : loop(loop), place(place), phis(std::move(phis)) {}

  /// Null where that is not pure arithmetic.
  llvm::Value *of(llvm::Value *value) {
    auto *at = llvm::dyn_cast<llvm::Instruction>(value);
    if (!at || !loop->contains(at))
      return value;
    if (llvm::Value *known = made.lookup(at))
      return known;
    if (auto *phi = llvm::dyn_cast<llvm::PHINode>(at))
      return phi->getParent() == loop->getHeader() ? phis(phi) : nullptr;
    if (at->mayReadOrWriteMemory() || !llvm::isSafeToSpeculativelyExecute(at))
      return nullptr;
    llvm::SmallVector<llvm::Value *> operands;
    for (llvm::Value *operand : at->operands()) {
      operands.push_back(of(operand));
      if (!operands.back())
        return nullptr;
    }
    llvm::Instruction *copy = at->clone();
    for (auto [i, operand] : llvm::enumerate(operands))
      copy->setOperand(i, operand);
    copy->insertBefore(place->getIterator());
    return made[at] = copy;
  }
};
} // namespace

/// Has loops over time in which threads meet read the next step's inputs before they compute this
/// one's: a barrier ends each step, and memory is 250 to 600 cycles away.
static void readAhead(llvm::Function &kernel) {
  constexpr unsigned mostLoads = 16;
  llvm::DominatorTree dominators(kernel);
  llvm::LoopInfo loops(dominators);
  for (llvm::Loop *loop : loops.getLoopsInPreorder()) {
    llvm::BasicBlock *before = loop->getLoopPreheader(), *latch = loop->getLoopLatch();
    auto *back = latch ? llvm::dyn_cast<llvm::BranchInst>(latch->getTerminator()) : nullptr;
    // The first step is one that runs: the loop is tested at its end, and nowhere else.
    if (!before || !back || loop->getExitingBlock() != latch || !hasBarrier(loop, loops))
      continue;
    llvm::SmallVector<llvm::LoadInst *> loads;
    for (llvm::BasicBlock *block : loop->blocks())
      for (llvm::Instruction &at : *block)
        if (auto *load = llvm::dyn_cast<llvm::LoadInst>(&at);
            load && load->hasMetadata(llvm::LLVMContext::MD_invariant_load) &&
            loops.getLoopFor(block) == loop && dominators.dominates(block, latch))
          loads.push_back(load);
    if (loads.size() > mostLoads)
      continue;
    llvm::BasicBlock *header = loop->getHeader();
    llvm::Instruction *top = &*header->getFirstInsertionPt();
    LoopValues first(loop, before->getTerminator(),
                     [&](llvm::PHINode *phi) { return phi->getIncomingValueForBlock(before); });
    LoopValues now(loop, top, [](llvm::PHINode *phi) { return phi; });
    LoopValues next(loop, top, [&](llvm::PHINode *phi) {
      return now.of(phi->getIncomingValueForBlock(latch));
    });
    llvm::Value *goesOn = now.of(back->getCondition());
    bool onTrue = back->getSuccessor(0) == header;
    for (llvm::LoadInst *load : loads) {
      llvm::Value *pointer = load->getPointerOperand();
      llvm::Value *start = first.of(pointer), *here = now.of(pointer), *there = next.of(pointer);
      if (!goesOn || !start || !here || !there || here == there)
        continue;
      auto readAt = [&](llvm::Instruction *before, llvm::Value *address) {
        llvm::Instruction *copy = load->clone();
        copy->setOperand(0, address);
        copy->insertBefore(before->getIterator());
        return copy;
      };
      // Behind the last step there is nothing to read: the same again.
      auto *address = llvm::SelectInst::Create(goesOn, onTrue ? there : here, onTrue ? here : there,
                                               "", top->getIterator());
      auto *value = llvm::PHINode::Create(load->getType(), 2, "", header->begin());
      value->addIncoming(readAt(first.place, start), before);
      value->addIncoming(readAt(top, address), latch);
      load->replaceAllUsesWith(value);
      load->eraseFromParent();
    }
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
  // What a GPU lacks becomes branches here, for the emulator, too.
  runPasses(module, machine, "default<O3>,function(scalarize-masked-mem-intrin,loop-simplify)");
  for (llvm::Function &kernel : module)
    if (kernel.getCallingConv() == llvm::CallingConv::PTX_Kernel)
      readAhead(kernel);
  runPasses(module, machine, "function(early-cse,simplifycfg)");
}
