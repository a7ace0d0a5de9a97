// A loop over a body of MLIR, through seq-fix-numerics, upstream's conversions
// and LLVM to memory.
#include "CompiledFunction.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/ConvertToLLVM/ToLLVMPass.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "seqc/Conversion/Passes.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include <cstdio>
#include <cstdlib>

using namespace mlir;

[[noreturn]] static void fail(const std::string &message) {
  std::fprintf(stderr, "numerics test: %s\n", message.c_str());
  std::exit(2);
}

template <typename T> static T expect(llvm::Expected<T> value) {
  if (!value)
    fail(llvm::toString(value.takeError()));
  return std::move(*value);
}

static void replaceAll(std::string &text, const std::string &from, const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

static std::string moduleText(const CompileSpec &spec) {
  std::string type = spec.element, body = spec.body;
  std::string dense = "$1";
  if (spec.lanes > 1)
    type = "vector<" + std::to_string(spec.lanes) + "x" + spec.element + ">";
  // C(v) is a constant in every lane.
  for (size_t at; (at = body.find("C(")) != std::string::npos;) {
    size_t end = body.find(')', at);
    std::string value = body.substr(at + 2, end - at - 2);
    if (spec.lanes > 1)
      value = "dense<" + value + ">";
    body.replace(at, end + 1 - at, "arith.constant " + value + " : T");
  }
  replaceAll(body, "T", type);
  std::string text = R"(
func.func @f(%px: !llvm.ptr, %py: !llvm.ptr, %pr: !llvm.ptr, %n: i64) {
  %zero = arith.constant 0 : i64
  %lanes = arith.constant LANES : i64
  scf.for %i = %zero to %n step %lanes : i64 {
    %ax = llvm.getelementptr %px[%i] : (!llvm.ptr, i64) -> !llvm.ptr, ELEMENT
    %ay = llvm.getelementptr %py[%i] : (!llvm.ptr, i64) -> !llvm.ptr, ELEMENT
    %ar = llvm.getelementptr %pr[%i] : (!llvm.ptr, i64) -> !llvm.ptr, ELEMENT
    %x = llvm.load %ax {alignment = 64 : i64} : !llvm.ptr -> TYPE
    %y = llvm.load %ay {alignment = 64 : i64} : !llvm.ptr -> TYPE
    BODY
    llvm.store %r, %ar {alignment = 64 : i64} : TYPE, !llvm.ptr
  }
  return
})";
  if (spec.lanes == 1)
    replaceAll(text, " {alignment = 64 : i64}", "");
  replaceAll(text, "LANES", std::to_string(spec.lanes));
  replaceAll(text, "BODY", body);
  replaceAll(text, "TYPE", type);
  replaceAll(text, "ELEMENT", spec.element);
  return text;
}

static void registerAll(DialectRegistry &registry) {
  registry.insert<arith::ArithDialect, func::FuncDialect, linalg::LinalgDialect, LLVM::LLVMDialect,
                  math::MathDialect, scf::SCFDialect>();
  arith::registerConvertArithToLLVMInterface(registry);
  cf::registerConvertControlFlowToLLVMInterface(registry);
  registerConvertFuncToLLVMInterface(registry);
  registerConvertMathToLLVMInterface(registry);
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
}

static void lower(ModuleOp module, bool fastDivision) {
  PassManager passes(module.getContext());
  seqc::FixNumericsPassOptions options;
  options.fastDivision = fastDivision;
  passes.addPass(seqc::createFixNumericsPass(options));
  passes.addPass(createSCFToControlFlowPass());
  passes.addPass(createConvertToLLVMPass());
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
  if (failed(passes.run(module)))
    fail("a pass failed");
}

/// LLVM's usual pipeline, but scalars stay scalars.
static void optimise(llvm::Module &module, llvm::TargetMachine *machine) {
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = tuning.SLPVectorization = tuning.LoopUnrolling = false;
  llvm::PassBuilder builder(machine, tuning);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2).run(module, modules);
}

static void printAssembly(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::SmallString<0> text;
  llvm::raw_svector_ostream stream(text);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::AssemblyFile))
    fail("no assembly printer");
  passes.run(*llvm::CloneModule(module));
  std::fwrite(text.data(), 1, text.size(), stdout);
}

ArrayFunction compileFunction(const CompileSpec &spec) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  DialectRegistry registry;
  registerAll(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(moduleText(spec), &context);
  if (!module)
    fail("expected a body that parses, but got\n" + moduleText(spec));
  lower(*module, spec.fastDivision);

  auto target = expect(llvm::orc::JITTargetMachineBuilder::detectHost());
  auto machine = expect(target.createTargetMachine());
  auto llvmContext = std::make_unique<llvm::LLVMContext>();
  auto llvmModule = translateModuleToLLVMIR(*module, *llvmContext);
  if (!llvmModule)
    fail("translation to LLVM failed");
  llvmModule->setDataLayout(machine->createDataLayout());
  llvmModule->setTargetTriple(machine->getTargetTriple());
  for (llvm::Function &function : *llvmModule)
    function.addFnAttr("prefer-vector-width", "512");
  optimise(*llvmModule, machine.get());
  if (spec.printAssembly)
    printAssembly(*llvmModule, *machine);

  // Never destroyed: the code is used until the program ends.
  llvm::orc::LLJIT *jit =
      expect(llvm::orc::LLJITBuilder().setJITTargetMachineBuilder(target).create()).release();
  if (llvm::Error error = jit->addIRModule(
          llvm::orc::ThreadSafeModule(std::move(llvmModule), std::move(llvmContext))))
    fail(llvm::toString(std::move(error)));
  return expect(jit->lookup("f")).toPtr<ArrayFunction>();
}
