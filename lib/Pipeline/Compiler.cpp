// Runs the stages and hands the result to LLVM.
#include "seqc/Pipeline/Compiler.h"

#include "seqc/Analysis/InferSignature.h"
#include "seqc/Pipeline/Stages.h"
#include "seqc/Schedule/Passes.h"
#include "seqc/Support/Version.h"
#include "seqc/Target/Abi.h"
#include "seqc/Target/CPU.h"
#include "seqc/Target/EmitAbi.h"
#include "seqc/Target/NVPTX.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/ModuleTranslation.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Utils/Cloning.h"

#include <chrono>

using namespace mlir;
using namespace seqc;

FailureOr<seq::TargetAttr> seqc::targetOf(MLIRContext *context, const CompileOptions &options,
                                          std::string &error) {
  if (StringRef(options.triple).starts_with("nvptx"))
    return nvptxTarget(context, options.march, error);
  FailureOr<seq::TargetAttr> target = cpuTarget(context, options.triple, options.march, error);
  if (succeeded(target) && !options.targetFacts.empty())
    target = withFactsFile(*target, options.targetFacts, error);
  return target;
}

static FailureOr<seq::TargetAttr> attachTarget(ModuleOp module, const CompileOptions &options) {
  std::string error;
  FailureOr<seq::TargetAttr> target = targetOf(module.getContext(), options, error);
  if (failed(target))
    return emitError(UnknownLoc::get(module.getContext())) << error;
  module->setAttr("seqc.target", *target);
  return target;
}

static LogicalResult runStage(ModuleOp module, const Stage &stage, const CompileOptions &options) {
  auto start = std::chrono::steady_clock::now();
  PassManager pm(module.getContext());
#ifdef NDEBUG
  pm.enableVerifier(false);
#endif
  stage.build(pm, options);
  if (failed(pm.run(module)))
    return failure();
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  if (options.timing)
    options.timing(stage.name, seconds.count());
  if (options.afterStage)
    options.afterStage(stage.name, module);
  return success();
}

ArrayRef<StringRef> seqc::scheduleNames() {
  static const StringRef names[] = {"auto", "reference", "fused", "scan", "segments", "newton"};
  return names;
}

ArrayRef<StringRef> seqc::certificateNames() {
  static const StringRef names[] = {"bitwise", "backward"};
  return names;
}

LogicalResult seqc::runStages(ModuleOp module, const CompileOptions &options, StringRef last) {
  // A target in the text is its own; one that is asked for wins.
  bool asked = options.march != "native" || !options.triple.empty() || !options.targetFacts.empty();
  if ((asked || !module->hasAttr("seqc.target")) && failed(attachTarget(module, options)))
    return failure();
  for (const Stage &stage : stages()) {
    if (failed(runStage(module, stage, options)))
      return failure();
    if (stage.name == last)
      break;
  }
  return success();
}

/// The stages up to `scheduled`, after which functions still have the user's types.
static FailureOr<ModuleSignature> decide(ModuleOp module, StringRef name,
                                         const CompileOptions &options) {
  if (failed(runStages(module, options, "scheduled")))
    return failure();
  auto target = module->getAttrOfType<seq::TargetAttr>("seqc.target");
  ModuleSignature signature;
  signature.name = name.str();
  signature.triple = target.getTriple().str();
  signature.features = requiredFeatures(target);
  for (func::FuncOp func : module.getOps<func::FuncOp>()) {
    if (!func.isPublic() || func.isDeclaration())
      continue;
    FailureOr<FunctionSignature> function = inferSignature(func);
    if (failed(function))
      return failure();
    signature.functions.push_back(std::move(*function));
  }
  if (signature.functions.empty())
    return module.emitError("expected at least one public function with a body, but got none");
  return signature;
}

static LogicalResult lower(ModuleOp module, const CompileOptions &options) {
  bool lowering = false;
  for (const Stage &stage : stages()) {
    if (lowering && failed(runStage(module, stage, options)))
      return failure();
    lowering |= stage.name == "scheduled";
  }
  return success();
}

/// `module` after all stages as LLVM IR in the context of `result`, for the machine of `target`.
static std::unique_ptr<llvm::Module>
translate(ModuleOp module, StringRef name, llvm::TargetMachine &machine, LoweredModule &result) {
  module->removeAttr("seqc.target"); // no meaning for LLVM
  std::unique_ptr<llvm::Module> translated = translateModuleToLLVMIR(module, *result.context, name);
  if (!translated) {
    module.emitError("expected a module that LLVM IR can express");
    return nullptr;
  }
  translated->setTargetTriple(machine.getTargetTriple());
  translated->setDataLayout(machine.createDataLayout());
  return translated;
}

static LogicalResult report(ModuleOp module, llvm::Error problem) {
  if (!problem)
    return success();
  return module.emitError() << llvm::toString(std::move(problem));
}

/// Makes `device` hold the kernels of what it was alone, optimised; `kernels` says what they are.
static LogicalResult keepKernels(ModuleOp module, llvm::Module &device,
                                 const ModuleSignature &signature, llvm::TargetMachine &machine,
                                 std::vector<KernelFacts> &kernels) {
  kernels = describeKernels(device, signature);
  if (failed(report(module, makeKernels(device, signature))))
    return failure();
  optimizeKernels(device, signature, machine);
  return success();
}

/// Makes a library for this machine that emulates the kernels which `result` holds and `host`
/// starts.
static FailureOr<seq::TargetAttr> emulate(ModuleOp module, std::unique_ptr<llvm::Module> host,
                                          const CompileOptions &options, LoweredModule &result) {
  std::string error;
  FailureOr<seq::TargetAttr> cpu = cpuTarget(module.getContext(), "", "native", error);
  if (failed(cpu) || !(result.machine = makeTargetMachine(*cpu, options.optLevel, error)))
    return module.emitError() << error, failure();
  host->setTargetTriple(result.machine->getTargetTriple());
  host->setDataLayout(result.machine->createDataLayout());
  std::swap(result.module, host);
  if (failed(report(module, emulateKernels(*result.module, std::move(host), result.signature))))
    return failure();
  result.signature.triple = cpu->getTriple().str();
  result.signature.features = requiredFeatures(*cpu);
  result.emulates = true;
  return cpu;
}

/// Compiles `module`, a copy, for GPUs: PTX, and in `result`'s module what starts its kernels.
static LogicalResult addKernels(ModuleOp module, StringRef name, CompileOptions options,
                                LoweredModule &result) {
  options.triple = "nvptx64-nvidia-cuda";
  options.march = lowestArchitecture(options.cudaArchs).str();
  options.targetFacts.clear();
  FailureOr<ModuleSignature> signature = decide(module, name, options);
  if (failed(signature) || failed(lower(module, options)))
    return failure();
  for (auto [cpu, gpu] : llvm::zip_equal(result.signature.functions, signature->functions))
    if (signatureHash(cpu) != signatureHash(gpu))
      return module.emitError() << "expected one interface of '" << cpu.name
                                << "' on CPU and GPU, but got two";
  std::string error;
  auto machine = makeNvptxMachine(module->getAttrOfType<seq::TargetAttr>("seqc.target"), error);
  if (!machine)
    return module.emitError() << error;
  std::unique_ptr<llvm::Module> device = translate(module, name, *machine, result);
  if (!device)
    return failure();
  useMemoryElements(*device);
  std::unique_ptr<llvm::Module> host = CloneModule(*device);
  if (failed(keepKernels(module, *device, *signature, *machine, result.kernels)))
    return failure();
  askForShared(*device);
  SmallVector<char, 0> ptx;
  if (!emitCode(*device, *machine, /*assembly=*/true, ptx, error))
    return module.emitError() << error;
  result.ptx.assign(ptx.begin(), ptx.end());
  result.signature.cuda = options.cudaArchs;
  return report(module, linkKernels(*result.module, std::move(host), *signature));
}

FailureOr<LoweredModule> seqc::compileModule(ModuleOp module, StringRef name,
                                             const CompileOptions &options) {
  OwningOpRef<ModuleOp> copy = options.cudaArchs.empty() ? ModuleOp() : module.clone();
  FailureOr<ModuleSignature> signature = decide(module, name, options);
  if (failed(signature) || failed(lower(module, options)))
    return failure();
  auto target = module->getAttrOfType<seq::TargetAttr>("seqc.target");
  LoweredModule result;
  result.signature = std::move(*signature);
  std::string error;
  bool gpu = isGpu(target);
  if (gpu && copy)
    return module.emitError() << gpuLibraryError;
  result.machine =
      gpu ? makeNvptxMachine(target, error) : makeTargetMachine(target, options.optLevel, error);
  if (!result.machine)
    return module.emitError() << error;
  auto start = std::chrono::steady_clock::now();
  result.context = makeContext();
  if (!(result.module = translate(module, name, *result.machine, result)))
    return failure();
  if (gpu) {
    useMemoryElements(*result.module);
    std::unique_ptr<llvm::Module> host = options.emulate ? CloneModule(*result.module) : nullptr;
    if (failed(
            keepKernels(module, *result.module, result.signature, *result.machine, result.kernels)))
      return failure();
    if (!host) {
      askForShared(*result.module);
      return std::move(result);
    }
    FailureOr<seq::TargetAttr> cpu = emulate(module, std::move(host), options, result);
    if (failed(cpu))
      return failure();
    target = *cpu;
  }
  if (copy) {
    if (options.atKernels)
      options.atKernels(true);
    if (failed(addKernels(*copy, name, options, result)))
      return failure();
    if (options.atKernels)
      options.atKernels(false);
    start = std::chrono::steady_clock::now(); // its stages have times of their own
  }
  if (failed(report(module, emitEntryPoints(*result.module, result.signature, getVersion()))))
    return failure();
  applyTarget(*result.module, target, *result.machine);
  optimizeModule(*result.module, *result.machine, options.optLevel);
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  if (options.timing)
    options.timing("optimize", seconds.count());
  return std::move(result);
}

LogicalResult seqc::emitMachineCode(LoweredModule &lowered, bool assembly,
                                    SmallVectorImpl<char> &out, std::string &error) {
  return success(emitCode(*lowered.module, *lowered.machine, assembly, out, error));
}
