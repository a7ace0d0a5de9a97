//===- Link.cpp - From object code to a shared library --------------------===//
//
// A model needs libc and libm only. Instead of looking for these (a cross
// target has none), the linker gets stubs of both that define just what the
// object needs. So any linker makes the same library for any target, and a
// symbol outside libc and libm is found here and not when somebody loads the
// model.
//
//===----------------------------------------------------------------------===//
#include "seqc/Link/Link.h"
#include "Process.h"
#include "TempFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/InterfaceStub/ELFObjHandler.h"
#include "llvm/InterfaceStub/IFSStub.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;

namespace seqc {

/// Functions of libc that generated code and runtime may call.
static constexpr StringLiteral libcSymbols[] = {
    "malloc", "free", "getenv", "write", "calloc", "realloc", "mmap", "munmap", "mprotect",
    "aligned_alloc", "posix_memalign", "memcpy", "memmove", "memset", "memcmp", "bcmp", "abort",
    "__tls_get_addr",
    // Of libraries with kernels; those that open libraries are weak references.
    "dlopen", "dlsym", "dlerror", "pthread_mutex_lock", "pthread_mutex_unlock",
    // Stack protector and sanitizer-free fortification of foreign builds.
    "__stack_chk_fail"};

/// Functions of libm: for double; with f for float.
static constexpr StringLiteral libmSymbols[] = {
    "acos",  "acosh",    "asin",      "asinh",   "atan", "atan2",     "atanh", "cbrt",
    "ceil",  "copysign", "cos",       "cosh",    "erf",  "erfc",      "exp",   "exp2",
    "exp10", "expm1",    "fabs",      "floor",   "fma",  "fmax",      "fmin",  "fmod",
    "frexp", "hypot",    "ldexp",     "lgamma",  "log",  "log10",     "log1p", "log2",
    "lrint", "lround",   "llrint",    "llround", "modf", "nearbyint", "pow",   "remainder",
    "rint",  "round",    "roundeven", "scalbn",  "sin",  "sincos",    "sinh",  "sqrt",
    "tan",   "tanh",     "tgamma",    "trunc"};

static bool isLibm(StringRef name) {
  if (is_contained(libmSymbols, name))
    return true;
  return name.consume_back("f") && is_contained(libmSymbols, name);
}

Expected<std::string> findLinker(StringRef given, bool isNative) {
  if (!given.empty()) {
    if (ErrorOr<std::string> path = sys::findProgramByName(given);
        path && sys::fs::can_execute(*path))
      return *path;
    return createStringError("expected a linker, but found no program '" + given + "'");
  }
  // The system's own starts in 3 ms, where lld takes 15 to load LLVM's libraries; but it often
  // knows one architecture only.
  SmallVector<StringRef, 4> names = {"ld.lld-22", "ld.lld", "ld", "cc"};
  if (isNative)
    names = {"ld", "ld.lld-22", "ld.lld", "cc"};
  for (StringRef name : names)
    if (ErrorOr<std::string> path = sys::findProgramByName(name))
      return *path;
  return createStringError("expected a linker, but found none of ld.lld-22, ld.lld, ld and cc; "
                           "install lld or binutils, or name a linker");
}

namespace {
/// What the linker must find elsewhere.
struct Imports {
  uint16_t machine = 0;
  std::vector<std::string> libc, libm;
};
} // namespace

/// The names of an object's symbols: those that it defines for others, and those
/// that others must define.
static Error readSymbols(StringRef object, Imports &imports, StringSet<> &defined,
                         std::vector<std::string> &undefined) {
  Expected<std::unique_ptr<object::ObjectFile>> file =
      object::ObjectFile::createELFObjectFile(MemoryBufferRef(object, "model.o"));
  if (!file)
    return file.takeError();
  auto *elf = cast<object::ELFObjectFileBase>(file->get());
  imports.machine = elf->getEMachine();
  for (const object::ELFSymbolRef &symbol : elf->symbols()) {
    Expected<uint32_t> flags = symbol.getFlags();
    Expected<StringRef> name = symbol.getName();
    if (!flags || !name)
      return joinErrors(flags.takeError(), name.takeError());
    if (name->empty() || *name == "_GLOBAL_OFFSET_TABLE_")
      continue;
    if (*flags & object::SymbolRef::SF_Undefined)
      undefined.push_back(name->str());
    else if (*flags & object::SymbolRef::SF_Global)
      defined.insert(*name);
  }
  return Error::success();
}

static Expected<Imports> readImports(ArrayRef<StringRef> objects) {
  Imports imports;
  StringSet<> known; // defined by an object, or imported already
  std::vector<std::string> undefined;
  for (StringRef object : objects)
    if (Error error = readSymbols(object, imports, known, undefined))
      return std::move(error);
  for (const std::string &name : undefined) {
    if (!known.insert(name).second)
      continue;
    if (isLibm(name))
      imports.libm.push_back(name);
    else if (is_contained(libcSymbols, name))
      imports.libc.push_back(name);
    else
      return createStringError("expected code that needs libc and libm only, but it needs '" +
                               name + "'");
  }
  return imports;
}

static Error writeStub(const TempFile &file, StringRef soname, uint16_t machine,
                       ArrayRef<std::string> symbols) {
  ifs::IFSStub stub;
  stub.SoName = soname.str();
  stub.Target.Arch = machine;
  stub.Target.Endianness = ifs::IFSEndiannessType::Little;
  stub.Target.BitWidth = ifs::IFSBitWidthType::IFS64;
  for (const std::string &name : symbols) {
    ifs::IFSSymbol &symbol = stub.Symbols.emplace_back(name);
    symbol.Type = ifs::IFSSymbolType::Func;
    symbol.Size = 0;
  }
  return ifs::writeBinaryStub(file.path(), stub);
}

/// "cc", "clang" and their like take a linker's options behind -Wl.
static bool isCompilerDriver(StringRef path) {
  StringRef name = sys::path::filename(path);
  return !(name == "ld" || name == "mold" || name == "wild" || name.starts_with("ld.") ||
           name.ends_with("-ld") || name.contains("-ld."));
}

static std::vector<std::string> linkerCommand(StringRef linker, StringRef soname) {
  std::vector<std::string> options = {
      "-soname", soname.str(), "--as-needed", "--gc-sections",   "-z", "defs", "-z", "now", "-z",
      "relro",   "-z",         "noexecstack", "--hash-style=gnu"};
  std::vector<std::string> command = {linker.str(), "-shared"};
  bool driver = isCompilerDriver(linker);
  if (driver)
    command.push_back("-nostdlib");
  for (std::string &option : options) {
    if (driver)
      command.push_back("-Xlinker");
    command.push_back(std::move(option));
  }
  return command;
}

static Error linkerFailed(StringRef linker, int status, StringRef text) {
  std::string message = ("linker '" + linker + "' failed").str();
  if (status > 128)
    message += " (signal " + std::to_string(status - 128) + ")";
  text = text.trim();
  return createStringError(text.empty() ? message : message + ": " + text.str());
}

namespace {
/// The files that a linker sees.
struct LinkFiles {
  std::vector<TempFile> inputs;
  TempFile output;
};
} // namespace

static Expected<std::string> runLinker(const std::string &linker, StringRef soname,
                                       const LinkFiles &files) {
  std::vector<std::string> command = linkerCommand(linker, soname);
  command.insert(command.end(), {"-o", files.output.path()});
  for (const TempFile &input : files.inputs)
    command.push_back(input.path());
  std::string text;
  if (int status = runProcess(command, text))
    return linkerFailed(linker, status, text);
  ErrorOr<std::unique_ptr<MemoryBuffer>> library =
      MemoryBuffer::getFile(files.output.path(), /*IsText=*/false,
                            /*RequiresNullTerminator=*/false, /*IsVolatile=*/true);
  if (!library || (*library)->getBufferSize() == 0)
    return linkerFailed(linker, 0, text.empty() ? "it wrote nothing" : StringRef(text));
  return (*library)->getBuffer().str();
}

/// A temporary file that `write` fills.
static Expected<TempFile> makeFile(StringRef stem, const LinkOptions &options,
                                   function_ref<Error(TempFile &)> write) {
  Expected<TempFile> file =
      TempFile::create("", stem, /*executable=*/false, options.removeOnSignal);
  if (!file)
    return createStringError("could not create a temporary file: " + toString(file.takeError()));
  if (Error error = write(*file))
    return createStringError("could not write a temporary file: " + toString(std::move(error)));
  return file;
}

static bool isNativeMachine(uint16_t machine) {
  Triple::ArchType host = Triple(sys::getProcessTriple()).getArch();
  return (machine == ELF::EM_X86_64 && host == Triple::x86_64) ||
         (machine == ELF::EM_AARCH64 && host == Triple::aarch64);
}

static Expected<std::string> linkObjects(ArrayRef<StringRef> objects, StringRef soname,
                                         const LinkOptions &options) {
  Expected<Imports> imports = readImports(objects);
  if (!imports)
    return imports.takeError();
  Expected<std::string> linker = findLinker(options.linker, isNativeMachine(imports->machine));
  if (!linker)
    return linker.takeError();
  std::vector<TempFile> inputs;
  auto add = [&](StringRef stem, function_ref<Error(TempFile &)> write) -> Error {
    Expected<TempFile> file = makeFile(stem, options, write);
    if (!file)
      return file.takeError();
    inputs.push_back(std::move(*file));
    return Error::success();
  };
  for (StringRef object : objects)
    if (Error error = add("seqc-object", [&](TempFile &file) { return file.write(object); }))
      return std::move(error);
  if (Error error = add("seqc-libm", [&](TempFile &file) {
        return writeStub(file, "libm.so.6", imports->machine, imports->libm);
      }))
    return std::move(error);
  if (Error error = add("seqc-libc", [&](TempFile &file) {
        return writeStub(file, "libc.so.6", imports->machine, imports->libc);
      }))
    return std::move(error);
  Expected<TempFile> output =
      makeFile("seqc-library", options, [](TempFile &) { return Error::success(); });
  if (!output)
    return output.takeError();
  return runLinker(*linker, soname, {std::move(inputs), std::move(*output)});
}

Expected<std::string> linkSharedLibrary(ArrayRef<StringRef> objects, StringRef soname,
                                        const LinkOptions &options) {
  Expected<std::string> library = linkObjects(objects, soname, options);
  if (!library)
    waitIfInterrupted();
  return library;
}

} // namespace seqc
