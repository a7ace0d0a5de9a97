// From loops and vectors to bytes: the LLVM dialect, LLVM's optimiser, objects.
#include "seqc/Target/CPU.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/CodeGen.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using namespace seqc;

void seqc::buildCpuLowering(OpPassManager &pm) {
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createConvertVectorToSCFPass());
  pm.addPass(createConvertMathToFuncs()); // integer powers
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addNestedPass<func::FuncOp>(arith::createArithExpandOpsPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addNestedPass<func::FuncOp>(createConvertMathToLLVMPass());
  pm.addPass(createConvertMathToLibmPass());
  pm.addPass(createConvertVectorToLLVMPass()); // what unrolling vectors for libm left
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createConvertIndexToLLVMPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createUBToLLVMConversionPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

std::unique_ptr<llvm::TargetMachine>
seqc::makeTargetMachine(seq::TargetAttr target, unsigned optLevel, std::string &error) {
  initializeCpuTargets();
  llvm::Triple triple(target.getTriple().getValue());
  const llvm::Target *found = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!found)
    return nullptr;
  llvm::TargetOptions options;
  // Fused multiply-adds are formed once, by rule, before plans diverge; LLVM must not add any.
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  auto level = optLevel == 0   ? llvm::CodeGenOptLevel::None
               : optLevel == 1 ? llvm::CodeGenOptLevel::Less
               : optLevel == 2 ? llvm::CodeGenOptLevel::Default
                               : llvm::CodeGenOptLevel::Aggressive;
  return std::unique_ptr<llvm::TargetMachine>(found->createTargetMachine(
      triple, target.getCpu().getValue(), target.getFeatures().getValue(), options,
      llvm::Reloc::PIC_, std::nullopt, level));
}

void seqc::applyTarget(llvm::Module &module, seq::TargetAttr target, llvm::TargetMachine &machine) {
  module.setTargetTriple(machine.getTargetTriple());
  module.setDataLayout(machine.createDataLayout());
  module.setPICLevel(llvm::PICLevel::BigPIC);
  std::string bits = std::to_string(target.getVectorBits());
  for (llvm::Function &f : module) {
    if (f.isDeclaration())
      continue;
    f.addFnAttr("target-cpu", target.getCpu().getValue());
    f.addFnAttr("target-features", target.getFeatures().getValue());
    f.addFnAttr("prefer-vector-width", bits);
    f.addFnAttr("min-legal-vector-width", bits);
    f.addFnAttr("frame-pointer", "none");
    f.addFnAttr(llvm::Attribute::NoUnwind);
  }
}

/// What the emitter leaves to LLVM: addresses, invariants of loops, loads that repeat. Loops are
/// vectors of the right size already and nothing waits to be inlined; the passes of the default
/// pipeline that look for such work take half of a compile and find nothing.
constexpr llvm::StringLiteral optimizations =
    "function(sroa,early-cse<memssa>,simplifycfg,instcombine,loop-mssa(loop-rotate,licm),"
    "gvn,dse,instcombine,simplifycfg)";

/// A bool is a byte in memory. MLIR lowers vectors of i1 to LLVM's, whose elements are bits: all
/// loads and stores of them get bytes instead.
static void keepBoolsInBytes(llvm::Module &module) {
  auto holdsBools = [](llvm::Type *type) {
    return type->isVectorTy() && type->isIntOrIntVectorTy(1);
  };
  SmallVector<llvm::Instruction *> found;
  for (llvm::Function &function : module)
    for (llvm::Instruction &instruction : llvm::instructions(function)) {
      auto *intrinsic = dyn_cast<llvm::IntrinsicInst>(&instruction);
      bool stores = isa<llvm::StoreInst>(instruction) ||
                    (intrinsic && intrinsic->getIntrinsicID() == llvm::Intrinsic::masked_store);
      bool loads = isa<llvm::LoadInst>(instruction) ||
                   (intrinsic && (intrinsic->getIntrinsicID() == llvm::Intrinsic::masked_load ||
                                  intrinsic->getIntrinsicID() == llvm::Intrinsic::masked_gather));
      if ((stores && holdsBools(instruction.getOperand(0)->getType())) ||
          (loads && holdsBools(instruction.getType())))
        found.push_back(&instruction);
    }
  for (llvm::Instruction *old : found) {
    llvm::IRBuilder<> b(old);
    auto bytes = [&](llvm::Type *type) {
      return llvm::VectorType::get(b.getInt8Ty(), cast<llvm::VectorType>(type)->getElementCount());
    };
    auto widen = [&](llvm::Value *v) { return b.CreateZExt(v, bytes(v->getType())); };
    llvm::Type *type = old->getType();
    auto *intrinsic = dyn_cast<llvm::IntrinsicInst>(old);
    llvm::Value *loaded = nullptr;
    llvm::Align align(1);
    if (auto *store = dyn_cast<llvm::StoreInst>(old))
      b.CreateAlignedStore(widen(store->getValueOperand()), store->getPointerOperand(), align);
    else if (auto *load = dyn_cast<llvm::LoadInst>(old))
      loaded = b.CreateAlignedLoad(bytes(type), load->getPointerOperand(), align);
    else if (intrinsic->getIntrinsicID() == llvm::Intrinsic::masked_store)
      b.CreateMaskedStore(widen(old->getOperand(0)), old->getOperand(1), align, old->getOperand(2));
    else if (intrinsic->getIntrinsicID() == llvm::Intrinsic::masked_load)
      loaded = b.CreateMaskedLoad(bytes(type), old->getOperand(0), align, old->getOperand(1),
                                  widen(old->getOperand(2)));
    else
      loaded = b.CreateMaskedGather(bytes(type), old->getOperand(0), align, old->getOperand(1),
                                    widen(old->getOperand(2)));
    if (loaded)
      old->replaceAllUsesWith(b.CreateTrunc(loaded, type));
    old->eraseFromParent();
  }
}

void seqc::optimizeModule(llvm::Module &module, llvm::TargetMachine &machine, unsigned optLevel) {
  keepBoolsInBytes(module);
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
  llvm::ModulePassManager pm;
  if (optLevel == 0)
    pm = builder.buildO0DefaultPipeline(llvm::OptimizationLevel::O0);
  else
    llvm::cantFail(builder.parsePassPipeline(pm, optimizations));
  pm.run(module, modules);
}

bool seqc::emitCode(llvm::Module &module, llvm::TargetMachine &machine, bool assembly,
                    SmallVectorImpl<char> &out, std::string &error) {
  llvm::raw_svector_ostream stream(out);
  llvm::legacy::PassManager pm;
  auto kind = assembly ? llvm::CodeGenFileType::AssemblyFile : llvm::CodeGenFileType::ObjectFile;
  if (machine.addPassesToEmitFile(pm, stream, nullptr, kind)) {
    error = "this target cannot emit a file of that kind";
    return false;
  }
  pm.run(module);
  return true;
}
