//===- TestAbi.cpp - Libraries from bodies that a test wrote --------------===//
//
//   seqc-test-abi signature.json bodies.ll [-o model.so] [--header=model.h]
//   [--object=model.o]
//                 [--llvm=-] [--prefix=p_] [--linker=ld] [--triple=…]
//                 [--module=name]
//                 [--repeat=N]
//
// Adds the ABI to the bodies and writes what is asked for, library and header
// as a pair. The library holds the runtime's object; LLVM IR and the object
// file hold its bitcode.
// `--repeat` writes the pair again and again.
//
//===----------------------------------------------------------------------===//
#include "seqc/Link/Header.h"
#include "seqc/Link/Link.h"
#include "seqc/Target/Abi.h"
#include "seqc/Target/EmitAbi.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace llvm;

static cl::opt<std::string> signatureFile(cl::Positional, cl::Required,
                                          cl::desc("<signature>"));
static cl::opt<std::string> bodiesFile(cl::Positional, cl::Required,
                                       cl::desc("<bodies>"));
static cl::opt<std::string> outputFile("o", cl::desc("library to write"));
static cl::opt<std::string> headerFile("header", cl::desc("C header to write"));
static cl::opt<std::string> objectFile("object",
                                       cl::desc("object file to write"));
static cl::opt<std::string> llvmFile("llvm", cl::desc("LLVM IR to write"));
static cl::opt<std::string> prefix("prefix", cl::desc("start of every symbol"));
static cl::opt<std::string> linker("linker", cl::desc("linker to run"));
static cl::opt<std::string> triple("triple",
                                   cl::desc("instead of the signature's"));
static cl::opt<std::string>
    moduleName("module", cl::desc("instead of the signature's name"));
static cl::opt<int> repeat("repeat", cl::init(1),
                           cl::desc("times to write the outputs"));

static ExitOnError exitOnError("seqc-test-abi: ");

static std::string readFile(StringRef path) {
  return exitOnError(errorOrToExpected(MemoryBuffer::getFileOrSTDIN(path)))
      ->getBuffer()
      .str();
}

static std::unique_ptr<TargetMachine> makeMachine(const Triple &target) {
  std::string error;
  const Target *found = TargetRegistry::lookupTarget(target, error);
  if (!found)
    exitOnError(createStringError(error));
  return std::unique_ptr<TargetMachine>(
      found->createTargetMachine(target, "", "", TargetOptions(), Reloc::PIC_));
}

static void optimize(Module &module, TargetMachine &machine) {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager graphs;
  ModuleAnalysisManager modules;
  PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graphs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graphs, modules);
  builder.buildPerModuleDefaultPipeline(OptimizationLevel::O3)
      .run(module, modules);
}

static std::string emitObject(Module &module, TargetMachine &machine) {
  SmallVector<char, 0> bytes;
  raw_svector_ostream stream(bytes);
  legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, nullptr,
                                  CodeGenFileType::ObjectFile))
    exitOnError(createStringError("the target emits no objects"));
  passes.run(module);
  return std::string(bytes.begin(), bytes.end());
}

static std::string printModule(const Module &module) {
  std::string text;
  raw_string_ostream stream(text);
  module.print(stream, nullptr);
  return text;
}

int main(int argc, char **argv) {
  for (auto initialize :
       {LLVMInitializeX86TargetInfo, LLVMInitializeX86Target,
        LLVMInitializeX86TargetMC, LLVMInitializeX86AsmPrinter,
        LLVMInitializeX86AsmParser, LLVMInitializeAArch64AsmParser,
        LLVMInitializeAArch64TargetInfo, LLVMInitializeAArch64Target,
        LLVMInitializeAArch64TargetMC, LLVMInitializeAArch64AsmPrinter})
    initialize();
  cl::ParseCommandLineOptions(argc, argv);
  seqc::ModuleSignature signature =
      exitOnError(seqc::parseModuleInfo(readFile(signatureFile)));
  if (!triple.empty())
    signature.triple = triple;
  if (!moduleName.empty())
    signature.name = moduleName;

  LLVMContext context;
  SMDiagnostic diagnostic;
  std::unique_ptr<Module> module = parseIRFile(bodiesFile, diagnostic, context);
  if (!module)
    exitOnError(createStringError(diagnostic.getMessage()));
  Triple target(signature.triple);
  std::unique_ptr<TargetMachine> machine = makeMachine(target);
  module->setTargetTriple(target);
  module->setDataLayout(machine->createDataLayout());
  exitOnError(
      seqc::emitEntryPoints(*module, signature, "seqc-test-abi 1", prefix));
  if (verifyModule(*module, &errs()))
    return 1;
  optimize(*module, *machine);
  std::string part = emitObject(*CloneModule(*module), *machine);
  exitOnError(seqc::linkRuntime(*module));
  if (verifyModule(*module, &errs()))
    return 1;

  std::vector<seqc::OutputFile> outputs;
  std::string text = printModule(*module),
              object = emitObject(*module, *machine), library,
              header = seqc::writeHeader(signature, "seqc-test-abi 1", prefix);
  if (!llvmFile.empty())
    outputs.push_back({llvmFile, text});
  if (!objectFile.empty())
    outputs.push_back({objectFile, object});
  if (!outputFile.empty()) {
    StringRef runtime =
        exitOnError(seqc::getRuntimeObject(target, seqc::RuntimeHost::Library));
    library = exitOnError(seqc::linkSharedLibrary(
        {part, runtime}, sys::path::filename(outputFile),
        {linker, /*removeOnSignal=*/true}));
    outputs.push_back({outputFile, library, /*executable=*/true});
  }
  if (!headerFile.empty())
    outputs.push_back({headerFile, header});
  for (int i = 0; i < repeat; ++i)
    exitOnError(seqc::writeOutputs(outputs, /*removeOnSignal=*/true));
  return 0;
}
