// From loops and vectors to bytes: the LLVM dialect, LLVM's optimiser, objects.
#include "seqc/Target/CPU.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/IR/DiagnosticHandler.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/LLVMContext.h"
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
  pm.addNestedPass<func::FuncOp>(createConvertMathToLLVMPass());
  pm.addPass(createConvertMathToLibmPass());
  pm.addPass(createConvertVectorToLLVMPass()); // also what unrolling vectors for libm left
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
  return createMachine(target, optLevel, error);
}

std::unique_ptr<llvm::TargetMachine> seqc::createMachine(seq::TargetAttr target, unsigned optLevel,
                                                         std::string &error) {
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
/// pipeline that look for such work take half of a compile and find nothing. Nor does another run
/// of instcombine at the end find any. It stops with an error where one round is not enough, unless
/// told not to look.
constexpr llvm::StringLiteral optimizations =
    "function(sroa,early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>,"
    "loop-mssa(loop-rotate,licm),gvn,dse,simplifycfg)";

/// The element type in memory of vectors of `type`, or null where it is their own.
static llvm::Type *elementInMemory(llvm::Type *type, bool masked) {
  if (!type->isVectorTy())
    return nullptr;
  llvm::Type *element = type->getScalarType();
  if (element->isIntegerTy(1))
    return llvm::Type::getInt8Ty(type->getContext());
  bool narrow = element->isHalfTy() || element->isBFloatTy();
  return masked && narrow ? llvm::Type::getInt16Ty(type->getContext()) : nullptr;
}

namespace {
/// Replaces one load or store of a vector by one of other elements.
struct MemoryRewriter {
  llvm::Instruction *old;
  llvm::Type *element;
  llvm::IRBuilder<> b;
  llvm::Align align{1};

  MemoryRewriter(llvm::Instruction *old, llvm::Type *element)
      : old(old), element(element), b(old) {}

  llvm::Type *stored(llvm::Type *type) {
    return llvm::VectorType::get(element, cast<llvm::VectorType>(type)->getElementCount());
  }
  llvm::Value *toMemory(llvm::Value *v) {
    llvm::Type *type = stored(v->getType());
    return v->getType()->isIntOrIntVectorTy(1) ? b.CreateZExt(v, type) : b.CreateBitCast(v, type);
  }
  llvm::Value *fromMemory(llvm::Value *v, llvm::Type *type) {
    return type->isIntOrIntVectorTy(1) ? b.CreateTrunc(v, type) : b.CreateBitCast(v, type);
  }
  llvm::Value *access() {
    if (auto *store = dyn_cast<llvm::StoreInst>(old))
      return b.CreateAlignedStore(toMemory(store->getValueOperand()), store->getPointerOperand(),
                                  align);
    if (auto *load = dyn_cast<llvm::LoadInst>(old))
      return b.CreateAlignedLoad(stored(load->getType()), load->getPointerOperand(), align);
    llvm::Value *first = old->getOperand(0), *second = old->getOperand(1);
    if (old->getType()->isVoidTy())
      return b.CreateMaskedStore(toMemory(first), second, align, old->getOperand(2));
    llvm::Value *otherwise = toMemory(old->getOperand(2));
    if (cast<llvm::IntrinsicInst>(old)->getIntrinsicID() == llvm::Intrinsic::masked_load)
      return b.CreateMaskedLoad(stored(old->getType()), first, align, second, otherwise);
    return b.CreateMaskedGather(stored(old->getType()), first, align, second, otherwise);
  }
  void run() {
    llvm::Value *loaded = access();
    if (!old->getType()->isVoidTy())
      old->replaceAllUsesWith(fromMemory(loaded, old->getType()));
    old->eraseFromParent();
  }
};
} // namespace

/// Gives vectors the elements that memory holds. A bool is a byte, but LLVM packs vectors of them.
/// Masked accesses of f16 and bf16 would become scalar code where a CPU has no arithmetic for them.
void seqc::useMemoryElements(llvm::Module &module) {
  SmallVector<std::pair<llvm::Instruction *, llvm::Type *>> found;
  for (llvm::Function &function : module)
    for (llvm::Instruction &at : llvm::instructions(function)) {
      auto *intrinsic = dyn_cast<llvm::IntrinsicInst>(&at);
      llvm::Intrinsic::ID id = intrinsic ? intrinsic->getIntrinsicID() : 0;
      bool stores = isa<llvm::StoreInst>(at) || id == llvm::Intrinsic::masked_store;
      bool loads = isa<llvm::LoadInst>(at) || id == llvm::Intrinsic::masked_load ||
                   id == llvm::Intrinsic::masked_gather;
      if (!stores && !loads)
        continue;
      llvm::Type *type = stores ? at.getOperand(0)->getType() : at.getType();
      if (llvm::Type *element = elementInMemory(type, /*masked=*/intrinsic != nullptr))
        found.emplace_back(&at, element);
    }
  for (auto [at, element] : found)
    MemoryRewriter(at, element).run();
}

namespace {
/// Keeps the first error.
struct ErrorKeeper final : llvm::DiagnosticHandler {
  std::string error;

  bool handleDiagnostics(const llvm::DiagnosticInfo &info) override {
    if (info.getSeverity() == llvm::DS_Error && error.empty()) {
      llvm::raw_string_ostream stream(error);
      llvm::DiagnosticPrinterRawOStream printer(stream);
      info.print(printer);
    }
    return true;
  }
};
} // namespace

std::unique_ptr<llvm::LLVMContext> seqc::makeContext() {
  auto context = std::make_unique<llvm::LLVMContext>();
  context->setDiagnosticHandler(std::make_unique<ErrorKeeper>());
  return context;
}

void seqc::runPasses(llvm::Module &module, llvm::TargetMachine &machine, StringRef passes) {
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
  llvm::cantFail(builder.parsePassPipeline(pm, passes));
  pm.run(module, modules);
}

void seqc::optimizeModule(llvm::Module &module, llvm::TargetMachine &machine, unsigned optLevel) {
  useMemoryElements(module);
  runPasses(module, machine, optLevel == 0 ? "default<O0>" : optimizations);
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
  error = static_cast<const ErrorKeeper *>(module.getContext().getDiagHandlerPtr())->error;
  return error.empty();
}
