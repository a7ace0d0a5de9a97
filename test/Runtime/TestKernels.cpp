//===- TestKernels.cpp - Libraries from tasks that a test wrote -----------===//
//
//   seqc-test-kernels signature.json bodies.ll [-o model.so] [--ptx=model.ptx]
//   [--device=device.ll]
//                     [--emulated=host.ll]
//
// Makes kernels of the tasks that the bodies start, optimises them for a GPU,
// and writes what is asked for: the device module, PTX, what this CPU runs
// instead, and a library of that.
//
//===----------------------------------------------------------------------===//
#include "mlir/IR/MLIRContext.h"
#include "seqc/Link/Link.h"
#include "seqc/Target/Abi.h"
#include "seqc/Target/CPU.h"
#include "seqc/Target/EmitAbi.h"
#include "seqc/Target/NVPTX.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace llvm;

static cl::opt<std::string> signatureFile(cl::Positional, cl::Required,
                                          cl::desc("<signature>"));
static cl::opt<std::string> bodiesFile(cl::Positional, cl::Required,
                                       cl::desc("<bodies>"));
static cl::opt<std::string> libraryFile("o", cl::desc("library to write"));
static cl::opt<std::string> ptxFile("ptx", cl::desc("PTX to write"));
static cl::opt<std::string> deviceFile("device",
                                       cl::desc("device module to write"));
static cl::opt<std::string> emulatedFile("emulated",
                                         cl::desc("host module to write"));

static ExitOnError exitOnError("seqc-test-kernels: ");

template <typename T>
static T orExit(mlir::FailureOr<T> value, const std::string &error) {
  if (failed(value))
    exitOnError(createStringError(error));
  return *value;
}

static std::string emit(Module &module, TargetMachine &machine, bool assembly) {
  SmallVector<char, 0> bytes;
  std::string error;
  if (!seqc::emitCode(module, machine, assembly, bytes, error))
    exitOnError(createStringError(error));
  return std::string(bytes.begin(), bytes.end());
}

static std::string print(const Module &module) {
  std::string text;
  raw_string_ostream(text) << module;
  return text;
}

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv);
  auto file =
      exitOnError(errorOrToExpected(MemoryBuffer::getFile(signatureFile)));
  seqc::ModuleSignature signature =
      exitOnError(seqc::parseModuleInfo(file->getBuffer()));
  std::unique_ptr<LLVMContext> context = seqc::makeContext();
  SMDiagnostic diagnostic;
  std::unique_ptr<Module> device =
      parseIRFile(bodiesFile, diagnostic, *context);
  if (!device)
    exitOnError(createStringError(diagnostic.getMessage()));

  mlir::MLIRContext facts;
  facts.loadDialect<seqc::seq::SeqDialect>();
  std::string error;
  auto gpu = orExit(seqc::nvptxTarget(&facts, "sm_80", error), error);
  auto cpu = orExit(seqc::cpuTarget(&facts, "", "native", error), error);
  auto gpuMachine = seqc::makeNvptxMachine(gpu, error);
  auto machine = seqc::makeTargetMachine(cpu, 3, error);
  device->setTargetTriple(gpuMachine->getTargetTriple());
  device->setDataLayout(gpuMachine->createDataLayout());
  std::unique_ptr<Module> host = CloneModule(*device);
  host->setTargetTriple(machine->getTargetTriple());
  host->setDataLayout(machine->createDataLayout());
  exitOnError(seqc::makeKernels(*device, signature));
  seqc::optimizeKernels(*device, signature, *gpuMachine);

  std::vector<seqc::OutputFile> outputs;
  std::string deviceText = print(*device), ptx, hostText, library;
  if (!deviceFile.empty())
    outputs.push_back({deviceFile, deviceText});
  if (!ptxFile.empty()) {
    ptx = emit(*CloneModule(*device), *gpuMachine, /*assembly=*/true);
    outputs.push_back({ptxFile, ptx});
  }
  exitOnError(seqc::emulateKernels(*host, std::move(device), signature));
  if (verifyModule(*host, &errs()))
    return 1;
  hostText = print(*host);
  if (!emulatedFile.empty())
    outputs.push_back({emulatedFile, hostText});
  if (!libraryFile.empty()) {
    signature.triple = machine->getTargetTriple().str();
    signature.features = seqc::requiredFeatures(cpu);
    exitOnError(seqc::emitEntryPoints(*host, signature, "seqc-test-kernels 1"));
    seqc::applyTarget(*host, cpu, *machine);
    seqc::optimizeModule(*host, *machine, 3);
    std::string object = emit(*host, *machine, /*assembly=*/false);
    const Triple &triple = machine->getTargetTriple();
    StringRef runtime =
        exitOnError(seqc::getRuntimeObject(triple, seqc::RuntimeHost::Library));
    StringRef emulator = exitOnError(
        seqc::getEmulatorObject(triple, seqc::RuntimeHost::Library));
    library = exitOnError(seqc::linkSharedLibrary(
        {object, runtime, emulator}, sys::path::filename(libraryFile), {}));
    outputs.push_back({libraryFile, library, /*executable=*/true});
  }
  exitOnError(seqc::writeOutputs(outputs, /*removeOnSignal=*/true));
  return 0;
}
