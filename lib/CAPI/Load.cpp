//===- Load.cpp - Compiled libraries, from and to disk --------------------===//
//
// A library is read as bytes and checked before the dynamic loader sees it,
// because the loader trusts what it maps: a file cut short would end the
// process. Its module's name, and with it the names of its symbols, come from
// the one exported pair `<name>_info`, `<name>_last_error`.
//
//===----------------------------------------------------------------------===//
#include "Module.h"
#include "seqc/Link/Header.h"
#include "seqc/Link/Link.h"
#include "seqc/Support/Version.h"
#include "seqc/Target/Abi.h"
#include "seqc/Target/EmitAbi.h"
#include "seqc/Target/NVPTX.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include <dlfcn.h>

using namespace llvm;
using namespace seqc;

namespace {

/// Checks that every segment of `file` lies within its `size` bytes and that it
/// is a library.
template <typename ELFT> Error checkSegments(const object::ELFFile<ELFT> &file, uint64_t size) {
  if (file.getHeader().e_type != ELF::ET_DYN)
    return createStringError("expected a shared library, but got another ELF file");
  auto segments = file.program_headers();
  if (!segments)
    return segments.takeError();
  for (const auto &segment : *segments) {
    uint64_t offset = segment.p_offset, bytes = segment.p_filesz;
    if (offset > size || bytes > size - offset)
      return createStringError("the file ends within a segment");
  }
  return Error::success();
}

/// `<prefix><module>` of the library in `bytes`: the stem of its `_info`
/// symbol.
Expected<std::string> findStem(MemoryBufferRef bytes) {
  auto binary = object::ObjectFile::createELFObjectFile(bytes);
  if (!binary)
    return binary.takeError();
  auto *elf = dyn_cast<object::ELF64LEObjectFile>(binary->get());
  if (!elf)
    return createStringError("expected a 64-bit little-endian library");
  if (elf->getArch() != Triple(sys::getProcessTriple()).getArch())
    return createStringError("expected a library for " + sys::getProcessTriple() +
                             ", but got one for " + Triple::getArchTypeName(elf->getArch()));
  if (Error wrong = checkSegments(elf->getELFFile(), bytes.getBufferSize()))
    return std::move(wrong);
  StringSet<> names;
  for (const object::ELFSymbolRef &symbol : elf->getDynamicSymbolIterators()) {
    auto name = symbol.getName();
    auto flags = symbol.getFlags();
    if (!name)
      return name.takeError();
    if (!flags)
      return flags.takeError();
    if (!(*flags & object::SymbolRef::SF_Undefined))
      names.insert(*name);
  }
  for (const auto &entry : names) {
    StringRef stem = entry.getKey();
    if (stem.consume_back("_info") && names.contains((stem + "_last_error").str()))
      return stem.str();
  }
  return createStringError("expected a library that seqc wrote, but no '<module>_info' is in it");
}

int32_t failAt(int32_t code, StringRef path, Error error) {
  return fail(code, (path + ": " + toString(std::move(error))).str());
}

/// The first feature that the code needs and this processor lacks, or "".
std::string missingFeature(const ModuleSignature &signature) {
  auto host = sys::getHostCPUFeatures();
  for (const std::string &feature : signature.features)
    if (auto it = host.find(feature); it != host.end() && !it->second)
      return feature;
  return "";
}

/// Fills `module` from its opened library, whose stem is `stem`.
int32_t describe(seqc_module &module, const std::string &path, const std::string &stem) {
  auto *getInfo = reinterpret_cast<const char *(*)()>(module.lookup(stem + "_info"));
  if (!getInfo)
    return fail(SEQC_ERROR_LINK, path + ": expected the symbol '" + stem + "_info'");
  module.info = getInfo();
  auto signature = parseModuleInfo(module.info);
  if (!signature)
    return failAt(SEQC_ERROR_INPUT, path, signature.takeError());
  module.signature = std::move(*signature);
  if (std::string feature = missingFeature(module.signature); !feature.empty())
    return fail(SEQC_ERROR_HOST,
                path + ": expected a processor with " + feature + ", but this one lacks it");
  StringRef prefix = stem;
  if (!prefix.consume_back(cIdentifier(module.signature.name)))
    return fail(SEQC_ERROR_INPUT, path + ": expected symbols of the module '" +
                                      module.signature.name + "', but got '" + stem + "'");
  return module.bind(prefix) ? succeed() : int32_t(SEQC_ERROR_LINK);
}

} // namespace

extern "C" {

int32_t seqc_load(const char *path, seqc_module **module) {
  if (!module)
    return fail(SEQC_ERROR_USAGE, "expected a place for the module, but got null");
  *module = nullptr;
  if (!path)
    return fail(SEQC_ERROR_USAGE, "expected a path, but got null");
  if (sys::fs::exists(path) && !sys::fs::is_regular_file(path))
    return failAt(SEQC_ERROR_FILE, path,
                  createStringError("expected a regular file, but got something else"));
  auto bytes = MemoryBuffer::getFile(path, /*IsText=*/false,
                                     /*RequiresNullTerminator=*/false,
                                     /*IsVolatile=*/true);
  if (!bytes)
    return failAt(SEQC_ERROR_FILE, path, errorCodeToError(bytes.getError()));
  auto stem = findStem(**bytes);
  if (!stem)
    return failAt(SEQC_ERROR_INPUT, path, stem.takeError());
  auto loaded = std::make_unique<seqc_module>();
  // Without a slash the loader would search its own folders.
  std::string file = StringRef(path).contains('/') ? path : std::string("./") + path;
  loaded->library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!loaded->library)
    return fail(SEQC_ERROR_LINK, dlerror());
  if (int32_t code = describe(*loaded, path, *stem))
    return code;
  *module = loaded.release();
  return succeed();
}

int32_t seqc_save(const seqc_module *module, const char *path, const char *linker) {
  if (!module || !path)
    return fail(SEQC_ERROR_USAGE,
                std::string("expected a ") + (module ? "path" : "module") + ", but got null");
  if (!module->compiled)
    return fail(SEQC_ERROR_USAGE, "expected a compiled module, but this one was loaded "
                                  "from a library (copy its file)");
  StringRef library = path;
  if (!library.ends_with(".so"))
    return fail(SEQC_ERROR_USAGE,
                "expected a path that ends in '.so', but got '" + library.str() + "'");
  auto runtime = getRuntimeObject(Triple(module->signature.triple), RuntimeHost::Library);
  if (!runtime)
    return fail(SEQC_ERROR_LINK, toString(runtime.takeError()));
  SmallVector<StringRef> parts = {module->compiled->code->getObject(), *runtime};
  if (module->compiled->code->emulates()) {
    auto emulator = getEmulatorObject(Triple(module->signature.triple), RuntimeHost::Library);
    if (!emulator)
      return fail(SEQC_ERROR_LINK, toString(emulator.takeError()));
    parts.push_back(*emulator);
  }
  LinkOptions options;
  options.linker = linker ? linker : "";
  auto linked = linkSharedLibrary(parts, sys::path::filename(library), options);
  if (!linked)
    return fail(SEQC_ERROR_LINK, toString(linked.takeError()));
  std::string header = writeHeader(module->signature, getVersion());
  OutputFile files[] = {{library.str(), *linked, /*executable=*/true},
                        {(library.drop_back(3) + ".h").str(), header}};
  if (Error failed = writeOutputs(files))
    return fail(SEQC_ERROR_FILE, toString(std::move(failed)));
  return succeed();
}

} // extern "C"
