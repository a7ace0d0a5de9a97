//===- Link.h - From object code to a shared library on disk --------------===//
#ifndef SEQC_LINK_LINK_H
#define SEQC_LINK_LINK_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <map>
#include <optional>
#include <string>

namespace seqc {

/// How files are made. `removeOnSignal` registers temporary files with LLVM's
/// signal handlers, so that SIGINT or SIGTERM leaves none: for a program such
/// as `seqc`, never for a library inside a host.
struct LinkOptions {
  /// Linker to run: a path or a name on PATH; empty: the first of ld.lld-22,
  /// ld.lld, ld, cc, for this machine's architecture of ld, ld.lld-22, ld.lld, cc.
  std::string linker;
  bool removeOnSignal = false;
};

/// The linker's path. `isNative`: for this machine's architecture. Fails with
/// "expected a linker …" naming what was tried.
llvm::Expected<std::string> findLinker(llvm::StringRef given, bool isNative = false);

/// Links `objects` (bytes of relocatable ELF files: a model and its runtime) into
/// a shared library, less the sections that nothing exported reaches, and
/// returns its bytes. `soname` is its DT_SONAME, usually the file's name. The
/// library may need libc and libm only; another undefined symbol is an error
/// that names it. The linker runs as a child process, without a shell; its text
/// is part of the error.
llvm::Expected<std::string> linkSharedLibrary(llvm::ArrayRef<llvm::StringRef> objects,
                                              llvm::StringRef soname,
                                              const LinkOptions &options = {});

/// NVIDIA's assembler: `given`, or `ptxas` on PATH, or "" where none was asked for (`given` "") or
/// PATH has none. Fails on a program that is not there.
llvm::Expected<std::string> findPtxas(const std::optional<std::string> &given);

/// Machine code for an NVIDIA GPU.
struct Cubin {
  std::string image;
  /// Of a thread of each kernel, by name, as far as the assembler says so.
  std::map<std::string, int64_t> registers;
};

/// The cubin for `arch` ("sm_90") that the assembler `ptxas` makes of `ptx`. It runs as a child
/// process; its text is part of the error.
llvm::Expected<Cubin> assemblePtx(llvm::StringRef ptxas, llvm::StringRef ptx, llvm::StringRef arch,
                                  const LinkOptions &options = {});

/// One file to write.
struct OutputFile {
  std::string path;
  llvm::StringRef contents;
  bool executable = false;
};

/// Writes all files or none: each to a temporary file beside its target, then
/// all renamed while the directory is locked, so that a library and its header
/// stay a pair even when two compiles write them at once. On failure nothing is
/// left and the message names the file. A target that exists and is no regular
/// file (a device, a pipe) is written directly.
llvm::Error writeOutputs(llvm::ArrayRef<OutputFile> files, bool removeOnSignal = false);

} // namespace seqc

#endif // SEQC_LINK_LINK_H
