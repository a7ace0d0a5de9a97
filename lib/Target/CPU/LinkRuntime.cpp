//===- LinkRuntime.cpp - The runtime joins a module -----------------------===//
//
// The runtime was compiled when seqc was built, for the plainest CPU of each
// architecture: as objects, which a linker or a JIT puts beside a model's code,
// and as bitcode, for output that shall stand alone.
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
extern const unsigned char seqc_runtime_bitcode_x86_64[], seqc_runtime_bitcode_aarch64[],
    seqc_runtime_library_x86_64[], seqc_runtime_library_aarch64[], seqc_runtime_jit_x86_64[],
    seqc_runtime_jit_aarch64[];
extern const unsigned long seqc_runtime_bitcode_x86_64_bytes, seqc_runtime_bitcode_aarch64_bytes,
    seqc_runtime_library_x86_64_bytes, seqc_runtime_library_aarch64_bytes,
    seqc_runtime_jit_x86_64_bytes, seqc_runtime_jit_aarch64_bytes;
}

namespace seqc {

namespace {
/// One form of the runtime, for each architecture.
struct Embedded {
  StringRef x86_64, aarch64;
};
} // namespace

static StringRef text(const unsigned char *bytes, unsigned long count) {
  return StringRef(reinterpret_cast<const char *>(bytes), count);
}

/// The form's bytes for `triple`, or an error that says which triples have a
/// runtime.
static Expected<StringRef> select(const Embedded &form, const Triple &triple) {
  if (triple.isOSBinFormatELF() && triple.getArch() == Triple::x86_64)
    return form.x86_64;
  if (triple.isOSBinFormatELF() && triple.getArch() == Triple::aarch64)
    return form.aarch64;
  return createStringError("expected an x86_64 or aarch64 ELF triple, but got '" + triple.str() +
                           "'");
}

Expected<StringRef> getRuntimeObject(const Triple &triple, RuntimeHost host) {
  if (host == RuntimeHost::Library)
    return select({text(seqc_runtime_library_x86_64, seqc_runtime_library_x86_64_bytes),
                   text(seqc_runtime_library_aarch64, seqc_runtime_library_aarch64_bytes)},
                  triple);
  return select({text(seqc_runtime_jit_x86_64, seqc_runtime_jit_x86_64_bytes),
                 text(seqc_runtime_jit_aarch64, seqc_runtime_jit_aarch64_bytes)},
                triple);
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
  Expected<StringRef> bitcode =
      select({text(seqc_runtime_bitcode_x86_64, seqc_runtime_bitcode_x86_64_bytes),
              text(seqc_runtime_bitcode_aarch64, seqc_runtime_bitcode_aarch64_bytes)},
             triple);
  if (!bitcode)
    return bitcode.takeError();
  Expected<std::unique_ptr<Module>> runtime =
      parseBitcodeFile(MemoryBufferRef(*bitcode, "seqc-runtime"), module.getContext());
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

} // namespace seqc
