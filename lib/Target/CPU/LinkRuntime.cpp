//===- LinkRuntime.cpp - The runtime joins a module -----------------------===//
//
// What a module needs of the runtime's bitcode, and nothing more, as it is: it
// was optimised when seqc was built, for the plainest CPU of each architecture.
//
//===----------------------------------------------------------------------===//
#include "seqc/Target/EmitAbi.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Module.h"
#include "llvm/Linker/Linker.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/Transforms/Utils/ModuleUtils.h"

using namespace llvm;

extern "C" {
extern const unsigned char seqc_runtime_bitcode_x86_64[], seqc_runtime_bitcode_aarch64[];
extern const unsigned long seqc_runtime_bitcode_x86_64_bytes, seqc_runtime_bitcode_aarch64_bytes;
}

namespace seqc {

/// The runtime's bitcode for an architecture, or "".
static StringRef runtimeBitcode(const Triple &triple) {
  auto text = [](const unsigned char *bytes, unsigned long count) {
    return StringRef(reinterpret_cast<const char *>(bytes), count);
  };
  switch (triple.getArch()) {
  case Triple::x86_64:
    return text(seqc_runtime_bitcode_x86_64, seqc_runtime_bitcode_x86_64_bytes);
  case Triple::aarch64:
    return text(seqc_runtime_bitcode_aarch64, seqc_runtime_bitcode_aarch64_bytes);
  default:
    return "";
  }
}

/// The runtime comes optimised. To do it again for every model would take
/// longer than the rest of a small model.
static void keepAsIs(Function &function) {
  function.removeFnAttr(Attribute::MinSize);
  function.removeFnAttr(Attribute::OptimizeForSize);
  function.removeFnAttr(Attribute::AlwaysInline);
  function.addFnAttr(Attribute::NoInline);
  function.addFnAttr(Attribute::OptimizeNone);
}

static bool isNarrowFloat(const Value *value) {
  Type *type = value->getType()->getScalarType();
  return type->isHalfTy() || type->isBFloatTy();
}

/// Whether code generation may call a conversion between float types that some
/// CPUs lack.
static bool hasNarrowFloats(const Module &module) {
  for (const Function &function : module)
    for (const Instruction &instruction : instructions(function))
      if (isNarrowFloat(&instruction) || any_of(instruction.operand_values(), isNarrowFloat))
        return true;
  return false;
}

/// Asks for the runtime's conversions, which no call mentions before code
/// generation.
static void requestConversions(Module &module) {
  Type *half = Type::getHalfTy(module.getContext());
  Type *bfloat = Type::getBFloatTy(module.getContext());
  Type *single = Type::getFloatTy(module.getContext());
  Type *wide = Type::getDoubleTy(module.getContext());
  SmallVector<GlobalValue *> kept;
  auto request = [&](StringRef name, Type *to, Type *from) {
    FunctionCallee callee = module.getOrInsertFunction(name, to, from);
    kept.push_back(cast<Function>(callee.getCallee()));
  };
  request("__extendhfsf2", single, half);
  request("__truncsfhf2", half, single);
  request("__truncdfhf2", half, wide);
  request("__truncsfbf2", bfloat, single);
  request("__truncdfbf2", bfloat, wide);
  appendToCompilerUsed(module, kept);
}

/// What the linker took from the runtime: nobody else's business. Conversions
/// are called by name from machine code, so they stay hidden symbols.
static void hideRuntime(Module &module, const StringSet<> &names) {
  for (Function &function : module) {
    if (function.isDeclaration() || !names.contains(function.getName()))
      continue;
    bool byName = function.getName().starts_with("__");
    function.setVisibility(byName ? GlobalValue::HiddenVisibility : GlobalValue::DefaultVisibility);
    if (!byName)
      function.setLinkage(GlobalValue::InternalLinkage);
    function.setDSOLocal(true);
  }
}

Error linkRuntime(Module &module) {
  Triple triple(module.getTargetTriple());
  StringRef bitcode = triple.isOSBinFormatELF() ? runtimeBitcode(triple) : "";
  if (bitcode.empty())
    return createStringError("expected an x86_64 or aarch64 ELF triple, but got '" + triple.str() +
                             "'");
  Expected<std::unique_ptr<Module>> runtime =
      parseBitcodeFile(MemoryBufferRef(bitcode, "seqc-runtime"), module.getContext());
  if (!runtime)
    return runtime.takeError();
  // Code generation is the module's choice; so are vendor and environment.
  if (NamedMDNode *flags = (*runtime)->getModuleFlagsMetadata())
    flags->eraseFromParent();
  (*runtime)->setTargetTriple(module.getTargetTriple());
  (*runtime)->setDataLayout(module.getDataLayout());
  StringSet<> names;
  for (Function &function : **runtime) {
    if (function.isDeclaration())
      continue;
    keepAsIs(function);
    if (!function.hasLocalLinkage())
      names.insert(function.getName());
  }
  if (hasNarrowFloats(module))
    requestConversions(module);
  if (Linker::linkModules(module, std::move(*runtime), Linker::Flags::LinkOnlyNeeded))
    return createStringError("expected no symbol of the runtime's names in the module");
  hideRuntime(module, names);
  // Always a shared library: decides how thread-local storage is reached.
  if (module.getModuleFlag("PIE Level"))
    module.setModuleFlag(Module::Max, "PIE Level", PIELevel::Default);
  return Error::success();
}

void importErrorBuffer(Module &module) {
  Function *own = module.getFunction("seqc_rt_error_buffer");
  if (!own || own->isDeclaration())
    return;
  own->deleteBody();
  own->setName("seqc_host_error_buffer");
  own->setDSOLocal(false);
  own->setVisibility(GlobalValue::DefaultVisibility);
  SmallVector<GlobalVariable *> unused;
  for (GlobalVariable &global : module.globals())
    if (global.isThreadLocal() && global.use_empty() && global.hasLocalLinkage())
      unused.push_back(&global);
  for (GlobalVariable *global : unused)
    global->eraseFromParent();
}

} // namespace seqc
