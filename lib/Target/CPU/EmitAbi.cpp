//===- EmitAbi.cpp - The exported symbols of a compiled module ------------===//
//
// A function's checks are a table and shared code: each function becomes one
// constant in the layout of Runtime/CPU/Descriptor.h and a handful of exported
// functions of one call each, which pass it to the runtime. Everything but the
// exported symbols turns internal, so that neither the host nor another model
// can collide with it.
//
//===----------------------------------------------------------------------===//
#include "seqc/Target/EmitAbi.h"
#include "CpuFeatures.h"
#include "seqc/Target/Abi.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;

namespace seqc {

namespace {
/// Tensor flags of Descriptor.h.
enum : int32_t {
  hiddenFlag = 1,
  stateFlag = 2,
  resultFlag = 4,
  countFlag = 8,
  offsetsFlag = 16,
  scalarFlag = 32
};

/// One entry point: suffix, runtime function, types after the descriptor ('p'
/// pointer, 'i' int32, 'l' int64; first letter: what it returns).
struct EntryPoint {
  StringLiteral suffix, runtime, types;
  bool streaming;
};
constexpr EntryPoint entryPoints[] = {
    {"_call", "seqc_rt_call", "ippi", false},
    {"_shapes", "seqc_rt_shapes", "ipi", false},
    {"_scratch_bytes", "seqc_rt_scratch_bytes", "lpi", false},
    {"_state_bytes", "seqc_rt_state_bytes", "lpi", true},
    {"_state_init", "seqc_rt_state_init", "iplpipi", true},
    {"_step", "seqc_rt_step", "ipplpi", true},
    {"_step_scratch_bytes", "seqc_rt_step_scratch_bytes", "lplpi", true},
};

/// Writes the constants and functions of one module.
class AbiEmitter {
public:
  AbiEmitter(Module &module, const ModuleSignature &signature, StringRef prefix)
      : module(module), signature(signature), prefix(prefix), i32(Type::getInt32Ty(context())),
        i64(Type::getInt64Ty(context())), ptr(PointerType::getUnqual(context())) {}

  Error emitFunctions();
  void emitModuleSymbols(StringRef compilerVersion);
  /// Makes every definition internal but the exported ones, and the runtime's
  /// functions a part of the same library.
  void internalize();

private:
  LLVMContext &context() { return module.getContext(); }
  Constant *int32(int64_t value) { return ConstantInt::getSigned(i32, value); }
  Constant *int64(int64_t value) { return ConstantInt::getSigned(i64, value); }
  Constant *null() { return ConstantPointerNull::get(ptr); }
  Constant *constant(Constant *value, StringRef name);
  Constant *string(StringRef text);
  Constant *array(Type *type, ArrayRef<Constant *> values, StringRef name);

  Constant *emitFeatures();
  Constant *emitTensor(const TensorSignature &tensor, int32_t firstDim, int32_t flags,
                       int32_t partner);
  Constant *emitTensors(const FunctionSignature &function, int32_t &dims);
  Expected<Constant *> companion(const FunctionSignature &function, StringRef kind, bool needed);
  Expected<Constant *> emitDevice(const FunctionSignature &function, bool hiddenInputs);
  Error emitDescriptor(const FunctionSignature &function, Constant *&descriptor);
  void emitEntryPoint(const FunctionSignature &function, const EntryPoint &entry,
                      Constant *descriptor);
  Function *exportFunction(FunctionType *type, const std::string &name);
  void forward(Function *entry, StringRef runtime, FunctionType *type, ArrayRef<Value *> arguments);

  Module &module;
  const ModuleSignature &signature;
  std::string prefix;
  Type *i32, *i64;
  PointerType *ptr;
  Constant *moduleDescriptor = nullptr;
  StringSet<> exported;
};
} // namespace

Constant *AbiEmitter::constant(Constant *value, StringRef name) {
  auto *global = new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                                    GlobalValue::PrivateLinkage, value, name);
  global->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
  return global;
}

Constant *AbiEmitter::string(StringRef text) {
  return constant(ConstantDataArray::getString(context(), text), "seqc_text");
}

Constant *AbiEmitter::array(Type *type, ArrayRef<Constant *> values, StringRef name) {
  if (values.empty())
    return null();
  return constant(ConstantArray::get(ArrayType::get(type, values.size()), values), name);
}

/// The module's seqc_rt_module with those of its features that a CPU may lack.
Constant *AbiEmitter::emitFeatures() {
  auto *type = StructType::get(context(), {ptr, i32, i32, i32, i32, i64});
  SmallVector<Constant *> rows;
  if (Triple(module.getTargetTriple()).isX86())
    for (const std::string &name : signature.features)
      if (const CpuFeature *f = findX86Feature(name))
        rows.push_back(ConstantStruct::get(type, {string(name), ConstantInt::get(i32, f->leaf),
                                                  int32(f->subleaf), int32(f->reg), int32(f->bit),
                                                  int64(f->xcr0)}));
  auto *cpu = new GlobalVariable(module, i32, /*isConstant=*/false, GlobalValue::InternalLinkage,
                                 int32(0), "seqc_cpu");
  return constant(ConstantStruct::getAnon(
                      {array(type, rows, "seqc_features"), cpu, int64(int64_t(rows.size()))}),
                  "seqc_module");
}

/// A seqc_rt_tensor. Padding ends each struct of Descriptor.h at a multiple of
/// 8 bytes.
Constant *AbiEmitter::emitTensor(const TensorSignature &tensor, int32_t firstDim, int32_t flags,
                                 int32_t partner) {
  auto *dimType = StructType::get(context(), {i64, i64});
  SmallVector<Constant *> dims;
  auto addDim = [&](const DimSignature &dim) {
    dims.push_back(
        ConstantStruct::get(dimType, {int64(dim.size < 0 ? -1 : dim.size), int64(dim.symbol)}));
  };
  for (const DimSignature &dim : tensor.dims)
    addDim(dim);
  if (tensor.offsets) {
    flags |= offsetsFlag;
    addDim(tensor.offsets->total);
    addDim(tensor.offsets->sequences);
  }
  if (flags & countFlag)
    dims.push_back(ConstantStruct::get(dimType, {int64(-1), int64(tensor.symbol)}));
  return ConstantStruct::getAnon(
      {string(tensor.name), array(dimType, dims, "seqc_dims"), int32(int64_t(tensor.dims.size())),
       int32(firstDim), int32(elementTypeCode(tensor.elementType)),
       int32(elementTypeBytes(tensor.elementType)), int32(flags), int32(partner)});
}

Constant *AbiEmitter::emitTensors(const FunctionSignature &function, int32_t &dims) {
  int32_t numArguments = int32_t(function.arguments.size());
  std::vector<int32_t> partner(numArguments + function.results.size(), -1);
  for (const StateSignature &state : function.states) {
    partner[state.argument] = numArguments + state.result;
    partner[numArguments + state.result] = state.argument;
  }
  SmallVector<Constant *> tensors;
  auto append = [&](const std::vector<TensorSignature> &list, int32_t publicCount, int32_t flags) {
    for (const auto &[i, tensor] : enumerate(list)) {
      int32_t pair = partner[tensors.size()];
      int32_t hidden = int32_t(i) >= publicCount ? hiddenFlag : 0;
      bool scalar = tensor.isScalar && !flags;
      bool counts = scalar && tensor.elementType == ElementType::Index;
      tensors.push_back(emitTensor(tensor, dims,
                                   flags | hidden | (pair >= 0 ? stateFlag : 0) |
                                       (counts ? countFlag : 0) | (scalar ? scalarFlag : 0),
                                   pair));
      dims += int32_t(tensor.dims.size()) + counts;
    }
  };
  append(function.arguments, function.publicArguments, 0);
  append(function.results, function.publicResults, resultFlag);
  return tensors.empty() ? null() : array(tensors.front()->getType(), tensors, "seqc_tensors");
}

/// `seqc_<kind>_f`, which the module must define if `needed`.
Expected<Constant *> AbiEmitter::companion(const FunctionSignature &function, StringRef kind,
                                           bool needed) {
  std::string name = ("seqc_" + kind + "_" + function.name).str();
  Function *found = module.getFunction(name);
  if (found && !found->isDeclaration())
    return found;
  if (needed)
    return createStringError("expected the module to define '" + name + "'");
  return null();
}

/// The seqc_rt_device of `function`, null in a module without kernels.
Expected<Constant *> AbiEmitter::emitDevice(const FunctionSignature &function, bool hiddenInputs) {
  GlobalVariable *kernels = module.getNamedGlobal("seqc_cuda_kernels");
  if (!kernels)
    return null();
  SmallVector<Constant *> fields;
  for (auto [kind, needed] : {std::pair("device_body", true), std::pair("device_scratch", true),
                              std::pair("device_init", hiddenInputs)}) {
    Expected<Constant *> found = companion(function, kind, needed);
    if (!found)
      return found.takeError();
    fields.push_back(*found);
  }
  FunctionCallee run = module.getOrInsertFunction("seqc_cuda_run", i32, ptr);
  fields.append({cast<Function>(run.getCallee()), kernels});
  return constant(ConstantStruct::getAnon(fields), "seqc_device");
}

/// The seqc_rt_function of `function`.
Error AbiEmitter::emitDescriptor(const FunctionSignature &function, Constant *&descriptor) {
  int32_t dims = 0, numArguments = int32_t(function.arguments.size());
  Constant *tensors = emitTensors(function, dims);
  SmallVector<Constant *> symbols, states, companions;
  for (const std::string &symbol : function.symbols)
    symbols.push_back(string(symbol));
  for (const StateSignature &state : function.states)
    states.push_back(int32(state.argument));
  bool hiddenInputs = numArguments > function.publicArguments;
  for (auto [kind, needed] : {std::pair("body", true), std::pair("shapes", true),
                              std::pair("scratch", true), std::pair("init", hiddenInputs)}) {
    Expected<Constant *> found = companion(function, kind, needed);
    if (!found)
      return found.takeError();
    companions.push_back(hiddenInputs || needed ? *found : null());
  }
  Expected<Constant *> device = emitDevice(function, hiddenInputs);
  if (!device)
    return device.takeError();
  descriptor = constant(
      ConstantStruct::getAnon(
          {string(function.name), moduleDescriptor, tensors, array(ptr, symbols, "seqc_symbols"),
           array(i32, states, "seqc_states"), companions[0], companions[1], companions[2],
           companions[3], ConstantInt::get(i64, signatureHash(function)), int32(numArguments),
           int32(int64_t(function.arguments.size() + function.results.size())), int32(dims),
           int32(int64_t(symbols.size())), int32(int64_t(states.size())),
           int32(function.timeSymbol), *device}),
      "seqc_descriptor_" + function.name);
  return Error::success();
}

Function *AbiEmitter::exportFunction(FunctionType *type, const std::string &name) {
  if (GlobalValue *other = module.getNamedValue(name))
    other->setName(name + ".internal");
  auto *function = Function::Create(type, GlobalValue::ExternalLinkage, name, module);
  function->setVisibility(GlobalValue::DefaultVisibility);
  function->addFnAttr(Attribute::NoUnwind);
  exported.insert(function->getName());
  return function;
}

/// Gives `entry` its body: a tail call of the runtime's function.
void AbiEmitter::forward(Function *entry, StringRef runtime, FunctionType *type,
                         ArrayRef<Value *> arguments) {
  IRBuilder<> builder(BasicBlock::Create(context(), "", entry));
  CallInst *call = builder.CreateCall(module.getOrInsertFunction(runtime, type), arguments);
  call->setTailCall();
  builder.CreateRet(call);
}

void AbiEmitter::emitEntryPoint(const FunctionSignature &function, const EntryPoint &entry,
                                Constant *descriptor) {
  auto typeOf = [&](char letter) -> Type * {
    return letter == 'p' ? ptr : letter == 'i' ? i32 : i64;
  };
  SmallVector<Type *> types;
  for (char letter : entry.types.drop_front())
    types.push_back(typeOf(letter));
  Type *result = typeOf(entry.types.front());
  Function *exportedFunction =
      exportFunction(FunctionType::get(result, types, false),
                     prefix + cIdentifier(function.name) + entry.suffix.str());
  SmallVector<Value *> arguments{descriptor};
  for (Argument &argument : exportedFunction->args())
    arguments.push_back(&argument);
  types.insert(types.begin(), ptr);
  forward(exportedFunction, entry.runtime, FunctionType::get(result, types, false), arguments);
}

Error AbiEmitter::emitFunctions() {
  moduleDescriptor = emitFeatures();
  for (const FunctionSignature &function : signature.functions) {
    Constant *descriptor = nullptr;
    if (Error error = emitDescriptor(function, descriptor))
      return error;
    for (const EntryPoint &entry : entryPoints)
      if (function.streams || !entry.streaming)
        emitEntryPoint(function, entry, descriptor);
    std::string name = prefix + cIdentifier(function.name) + "_sig_" + signatureHashText(function);
    new GlobalVariable(module, i64, /*isConstant=*/true, GlobalValue::ExternalLinkage,
                       ConstantInt::get(i64, signatureHash(function)), name);
    exported.insert(name);
  }
  return Error::success();
}

void AbiEmitter::emitModuleSymbols(StringRef compilerVersion) {
  std::string base = prefix + cIdentifier(signature.name);
  auto *type = FunctionType::get(ptr, {}, false);
  Function *info = exportFunction(type, base + "_info");
  IRBuilder<> builder(BasicBlock::Create(context(), "", info));
  builder.CreateRet(string(moduleInfo(signature, compilerVersion, prefix)));
  forward(exportFunction(type, base + "_last_error"), "seqc_rt_last_error", type, {});
}

void AbiEmitter::internalize() {
  for (GlobalValue &value : module.global_values()) {
    bool ours =
        value.getName().starts_with("seqc_rt_") || value.getName().starts_with("seqc_cuda_");
    if (value.isDeclaration() && ours) {
      value.setVisibility(GlobalValue::HiddenVisibility);
      value.setDSOLocal(true);
    }
    if (value.isDeclaration() || value.hasLocalLinkage() || exported.contains(value.getName()) ||
        value.getName().starts_with("llvm."))
      continue;
    if (auto *object = dyn_cast<GlobalObject>(&value))
      object->setComdat(nullptr);
    value.setVisibility(GlobalValue::DefaultVisibility);
    value.setLinkage(GlobalValue::InternalLinkage);
    value.setDSOLocal(true);
  }
}

Error emitEntryPoints(Module &module, const ModuleSignature &signature, StringRef compilerVersion,
                      StringRef prefix) {
  if (Error error = checkSignature(signature, prefix))
    return error;
  AbiEmitter emitter(module, signature, prefix);
  if (Error error = emitter.emitFunctions())
    return error;
  emitter.emitModuleSymbols(compilerVersion);
  emitter.internalize();
  return Error::success();
}

Error emitAbi(Module &module, const ModuleSignature &signature, StringRef compilerVersion,
              StringRef prefix) {
  if (Error error = emitEntryPoints(module, signature, compilerVersion, prefix))
    return error;
  return linkRuntime(module);
}

} // namespace seqc
