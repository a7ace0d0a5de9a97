//===- JIT.cpp - Compiled modules in this process -------------------------===//
//
// The module is compiled to an object by the same function that serves `-o
// model.so`, and LLJIT only links that object into this process: what runs here
// and what a library holds differ in one thing. A thread-local variable (the
// runtime's last message) needs the dynamic loader, which does not know our
// code; so here the message's buffer is imported from us.
//
// The code sees what a shared library would see: libc and libm, nothing else of
// the process.
//
//===----------------------------------------------------------------------===//
#include "seqc/JIT/JIT.h"
#include "seqc/Target/Abi.h"
#include "seqc/Target/EmitAbi.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

using namespace llvm;
using namespace seqc;

namespace {

/// The calling thread's buffer for messages of code that runs in the JIT.
char *hostErrorBuffer() {
  static thread_local char buffer[hostErrorBufferBytes];
  return buffer;
}

/// A second machine like `machine`, for codegen beside other threads.
std::unique_ptr<TargetMachine> cloneMachine(const TargetMachine &machine) {
  return std::unique_ptr<TargetMachine>(machine.getTarget().createTargetMachine(
      machine.getTargetTriple(), machine.getTargetCPU(), machine.getTargetFeatureString(),
      machine.Options, machine.getRelocationModel(), machine.getCodeModel(),
      machine.getOptLevel()));
}

/// Links the module's symbols against libc, libm and the message buffer. They
/// live in a library of their own, so that a lookup of what the *module*
/// defines never finds them.
Error linkPlatform(orc::LLJIT &jit) {
  auto platform = jit.createJITDylib("platform");
  if (!platform)
    return platform.takeError();
  orc::SymbolMap own;
  own[jit.mangleAndIntern("seqc_host_error_buffer")] = {
      orc::ExecutorAddr::fromPtr(&hostErrorBuffer),
      JITSymbolFlags::Exported | JITSymbolFlags::Callable};
  if (Error failed = platform->define(orc::absoluteSymbols(std::move(own))))
    return failed;
  char prefix = jit.getDataLayout().getGlobalPrefix();
  for (const char *name : {"libm.so.6", "libc.so.6"}) {
    auto symbols = orc::DynamicLibrarySearchGenerator::Load(name, prefix);
    if (!symbols)
      return symbols.takeError();
    platform->addGenerator(std::move(*symbols));
  }
  jit.getMainJITDylib().addToLinkOrder(*platform);
  return Error::success();
}

Expected<std::unique_ptr<orc::LLJIT>> makeJIT(const TargetMachine &machine) {
  orc::JITTargetMachineBuilder builder(machine.getTargetTriple());
  builder.setCPU(machine.getTargetCPU().str());
  auto jit = orc::LLJITBuilder()
                 .setJITTargetMachineBuilder(std::move(builder))
                 .setDataLayout(machine.createDataLayout())
                 .setLinkProcessSymbolsByDefault(false)
                 .setPlatformSetUp(orc::setUpInactivePlatform)
                 .setObjectLinkingLayerCreator([](orc::ExecutionSession &session) {
                   return std::make_unique<orc::ObjectLinkingLayer>(session);
                 })
                 .create();
  if (!jit)
    return jit.takeError();
  // Errors come back from the calls that meet them; nothing is printed on the
  // way.
  (*jit)->getExecutionSession().setErrorReporter(
      [](Error ignored) { consumeError(std::move(ignored)); });
  if (Error failed = linkPlatform(**jit))
    return std::move(failed);
  return jit;
}

} // namespace

JITModule::JITModule() = default;
JITModule::~JITModule() = default;

std::unique_ptr<JITModule> JITModule::create(LoweredModule lowered, std::string &error) {
  const Triple &triple = lowered.machine->getTargetTriple();
  Triple host(sys::getProcessTriple());
  if (triple.getArch() != host.getArch() || triple.getOS() != host.getOS()) {
    error = "expected code for this process (" + host.str() + "), but the module is for " +
            triple.str();
    return nullptr;
  }
  std::unique_ptr<JITModule> result(new JITModule());
  result->sig = std::move(lowered.signature);
  raw_svector_ostream stream(result->bitcode);
  WriteBitcodeToFile(*lowered.module, stream);
  result->machine = cloneMachine(*lowered.machine);
  importErrorBuffer(*lowered.module);
  SmallVector<char, 0> object;
  if (mlir::failed(emitMachineCode(lowered, /*assembly=*/false, object, error)) ||
      !result->load(std::make_unique<SmallVectorMemoryBuffer>(std::move(object), result->sig.name,
                                                              /*RequiresNullTerminator=*/false),
                    error))
    return nullptr;
  return result;
}

bool JITModule::load(std::unique_ptr<MemoryBuffer> object, std::string &error) {
  Expected<std::unique_ptr<orc::LLJIT>> made = makeJIT(*machine);
  if (!made) {
    error = toString(made.takeError());
    return false;
  }
  jit = std::move(*made);
  if (Error failed = jit->addObjectFile(std::move(object))) {
    error = toString(std::move(failed));
    return false;
  }
  // Links the object now, so that a missing symbol is an error here and not at
  // a call.
  for (const FunctionSignature &function : sig.functions)
    if (auto address = jit->lookup(cIdentifier(function.name) + "_call"); !address) {
      error = toString(address.takeError());
      return false;
    }
  return true;
}

void *JITModule::lookup(StringRef name) const {
  auto address = jit->lookup(name);
  if (address)
    return address->toPtr<void *>();
  consumeError(address.takeError());
  return nullptr;
}

bool JITModule::emitObject(SmallVectorImpl<char> &out, std::string &error) const {
  LoweredModule copy;
  copy.context = std::make_unique<LLVMContext>();
  copy.machine = cloneMachine(*machine);
  copy.signature = sig;
  auto module = parseBitcodeFile(
      MemoryBufferRef(StringRef(bitcode.data(), bitcode.size()), sig.name), *copy.context);
  if (!module) {
    error = toString(module.takeError());
    return false;
  }
  copy.module = std::move(*module);
  return mlir::succeeded(emitMachineCode(copy, /*assembly=*/false, out, error));
}
