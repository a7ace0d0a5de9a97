//===- JIT.cpp - Compiled modules in this process -------------------------===//
//
// The module is compiled to the object that `-o model.so` links, too, and LLJIT
// only links that object into this process: what runs here and what a library
// holds differ in one thing. A thread-local variable (the runtime's last message)
// needs the dynamic loader, which does not know our code; so the runtime's object
// for a JIT imports the message's buffer from us, and an emulator its call.
//
// The code sees what a shared library would see: libc and libm, nothing else of
// the process.
//
//===----------------------------------------------------------------------===//
#include "seqc/JIT/JIT.h"
#include "seqc/Target/Abi.h"
#include "seqc/Target/EmitAbi.h"
#include "seqc/Target/NVPTX.h"
#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
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

/// Where an emulated GPU keeps the calling thread's call.
void **hostEmulatedCall() {
  static thread_local void *call = nullptr;
  return &call;
}

/// Links the module's symbols against libc, libm and the above. They
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
  own[jit.mangleAndIntern("seqc_host_emulated_call")] = {
      orc::ExecutorAddr::fromPtr(&hostEmulatedCall),
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
  result->emulated = lowered.emulates;
  if (mlir::failed(emitMachineCode(lowered, /*assembly=*/false, result->object, error)))
    return nullptr;
  if (Error failed = result->load(*lowered.machine)) {
    error = toString(std::move(failed));
    return nullptr;
  }
  return result;
}

Error JITModule::load(const TargetMachine &machine) {
  Expected<StringRef> runtime = getRuntimeObject(machine.getTargetTriple(), RuntimeHost::JIT);
  if (!runtime)
    return runtime.takeError();
  Expected<std::unique_ptr<orc::LLJIT>> made = makeJIT(machine);
  if (!made)
    return made.takeError();
  jit = std::move(*made);
  // None is copied: all outlive the JIT.
  SmallVector<MemoryBufferRef, 3> parts = {MemoryBufferRef(getObject(), sig.name),
                                           MemoryBufferRef(*runtime, "seqc-runtime")};
  if (emulated) {
    Expected<StringRef> emulator = getEmulatorObject(machine.getTargetTriple(), RuntimeHost::JIT);
    if (!emulator)
      return emulator.takeError();
    parts.emplace_back(*emulator, "seqc-emulator");
  }
  for (MemoryBufferRef part : parts)
    if (Error failed =
            jit->addObjectFile(MemoryBuffer::getMemBuffer(part, /*RequiresNullTerminator=*/false)))
      return failed;
  // Links the object now, so that a missing symbol is an error here and not at
  // a call.
  for (const FunctionSignature &function : sig.functions)
    if (auto address = jit->lookup(cIdentifier(function.name) + "_call"); !address)
      return address.takeError();
  return Error::success();
}

void *JITModule::lookup(StringRef name) const {
  auto address = jit->lookup(name);
  if (address)
    return address->toPtr<void *>();
  consumeError(address.takeError());
  return nullptr;
}
