// The host's part of kernels: code that starts them, in a library for a CPU, and their images. It
// calls lib/Runtime/GPU/Cuda.c.
#include "Tasks.h"
#include "seqc/Target/CPU.h"
#include "seqc/Target/NVPTX.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/Module.h"
#include "llvm/Linker/Linker.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;
using namespace seqc;

extern "C" {
extern const unsigned char seqc_cuda_x86_64[], seqc_cuda_aarch64[];
extern const unsigned long seqc_cuda_x86_64_bytes, seqc_cuda_aarch64_bytes;
}

static constexpr StringLiteral imagesName = "seqc_cuda_images";

Expected<StringRef> seqc::getCudaObject(const Triple &triple) {
  auto text = [](const unsigned char *bytes, unsigned long count) {
    return StringRef(reinterpret_cast<const char *>(bytes), count);
  };
  if (triple.isOSBinFormatELF() && triple.getArch() == Triple::x86_64)
    return text(seqc_cuda_x86_64, seqc_cuda_x86_64_bytes);
  if (triple.isOSBinFormatELF() && triple.getArch() == Triple::aarch64)
    return text(seqc_cuda_aarch64, seqc_cuda_aarch64_bytes);
  return failWith("expected an x86_64 or aarch64 ELF triple for the host of a GPU, but got '" +
                  triple.str() + "'");
}

static GlobalVariable *makeConstant(Module &module, Constant *value, const Twine &name) {
  return new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                            GlobalValue::PrivateLinkage, value, name);
}

static Constant *makeText(Module &module, StringRef text) {
  return makeConstant(module, ConstantDataArray::getString(module.getContext(), text),
                      "seqc_cuda_text");
}

namespace {
struct Launch {
  std::string name;
  unsigned threads, items;
  uint64_t dynamicBytes;
};
} // namespace

/// The record of a kernel, a seqc_cuda_kernel, in place of its declaration.
static Constant *defineKernel(Module &host, const Launch &launch, unsigned number) {
  Type *i32 = Type::getInt32Ty(host.getContext()), *i64 = Type::getInt64Ty(host.getContext());
  Constant *fields[] = {makeText(host, launch.name), ConstantInt::get(i32, launch.threads),
                        ConstantInt::get(i32, launch.items), ConstantInt::get(i64, number),
                        ConstantInt::get(i64, launch.dynamicBytes)};
  GlobalVariable *record =
      makeConstant(host, ConstantStruct::getAnon(fields), "seqc_cuda_kernel_" + launch.name);
  GlobalVariable *declared = host.getNamedGlobal("seqc_kernel_" + launch.name);
  declared->replaceAllUsesWith(record);
  declared->eraseFromParent();
  return record;
}

/// How each kernel of `host` is launched.
static Expected<SmallVector<Launch>> findLaunches(Module &host, const ModuleSignature &signature) {
  SmallVector<Launch> launches;
  for (const FunctionSignature &f : signature.functions)
    for (auto [number, start] : enumerate(startsOfTasks(host, f.name))) {
      Function &task = *taskOf(start);
      Expected<BlockShape> shape = blockShapeOf(task);
      if (!shape)
        return shape.takeError();
      launches.push_back(
          {kernelName(f.name, number), shape->threads, shape->items, dynamicBytesOf(task)});
    }
  return launches;
}

/// Erases what nothing uses and nobody else may name.
static void eraseUnused(Module &host) {
  auto isUnused = [](GlobalValue &value) {
    value.removeDeadConstantUsers();
    return (value.hasLocalLinkage() || value.isDeclaration()) && value.use_empty();
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (Function &function : make_early_inc_range(host))
      if (isUnused(function)) {
        function.eraseFromParent();
        changed = true;
      }
    for (GlobalVariable &global : make_early_inc_range(host.globals()))
      if (isUnused(global)) {
        global.eraseFromParent();
        changed = true;
      }
  }
}

/// Leaves the functions of `host` that a call on a GPU needs, under names of their own.
static void keepForDevice(Module &host, const ModuleSignature &signature) {
  for (Function &function : host)
    if (!function.isDeclaration())
      function.setLinkage(GlobalValue::InternalLinkage);
  for (GlobalVariable &global : host.globals())
    if (!global.isDeclaration() && !global.hasLocalLinkage())
      global.setLinkage(GlobalValue::InternalLinkage);
  for (const FunctionSignature &f : signature.functions)
    for (auto [from, to] : {std::pair("body", "body"), {"scratch", "scratch"}, {"fill", "init"}})
      if (Function *function = host.getFunction(("seqc_" + Twine(from) + "_" + f.name).str())) {
        function->setLinkage(GlobalValue::ExternalLinkage);
        function->setName("seqc_device_" + Twine(to) + "_" + f.name);
      }
  eraseUnused(host);
}

Error seqc::linkKernels(Module &module, std::unique_ptr<Module> host,
                        const ModuleSignature &signature) {
  Expected<SmallVector<Launch>> launches = findLaunches(*host, signature);
  if (!launches)
    return launches.takeError();
  startKernels(*host, signature, "seqc_cuda_launch");
  SmallVector<Constant *> records;
  for (const Launch &launch : *launches)
    records.push_back(defineKernel(*host, launch, records.size()));
  keepForDevice(*host, signature);
  LLVMContext &context = host->getContext();
  Type *pointer = PointerType::getUnqual(context), *i64 = Type::getInt64Ty(context);
  auto *table = ConstantArray::get(ArrayType::get(pointer, records.size()), records);
  Constant *images = host->getOrInsertGlobal(imagesName, Type::getInt8Ty(context));
  // seqc_cuda_module.
  Constant *fields[] = {makeConstant(*host, table, "seqc_cuda_table"),
                        ConstantInt::get(i64, records.size()), images};
  Constant *all = ConstantStruct::getAnon(fields);
  new GlobalVariable(*host, all->getType(), /*isConstant=*/true, GlobalValue::ExternalLinkage, all,
                     "seqc_cuda_kernels");
  host->setTargetTriple(module.getTargetTriple());
  host->setDataLayout(module.getDataLayout());
  if (NamedMDNode *flags = host->getModuleFlagsMetadata())
    flags->eraseFromParent();
  if (Linker::linkModules(module, std::move(host)))
    return failWith("expected kernels that join the host's module");
  return Error::success();
}

void seqc::embedImages(Module &module, ArrayRef<CudaImage> images) {
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::getUnqual(context), *i32 = Type::getInt32Ty(context);
  auto *type = StructType::get(context, {pointer, i32, i32}); // seqc_cuda_image
  SmallVector<Constant *> rows;
  for (const CudaImage &image : images) {
    Constant *bytes = ConstantDataArray::getString(context, image.bytes, /*AddNull=*/image.isPtx);
    GlobalVariable *global = makeConstant(module, bytes, "seqc_cuda_image");
    global->setAlignment(Align(64));
    unsigned sm = 0;
    image.arch.drop_front(StringRef("sm_").size()).getAsInteger(10, sm);
    rows.push_back(ConstantStruct::get(
        type, {global, ConstantInt::get(i32, sm), ConstantInt::get(i32, image.isPtx)}));
  }
  auto *list = ConstantArray::get(ArrayType::get(type, rows.size()), rows);
  GlobalVariable *declared = module.getNamedGlobal(imagesName);
  declared->replaceAllUsesWith(makeConstant(module, list, "seqc_cuda_list"));
  declared->eraseFromParent();
}
