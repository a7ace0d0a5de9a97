//===- CrashReport.h - A bug of ours leaves a reproducer ------------------===//
#ifndef SEQC_LIB_DRIVER_CRASHREPORT_H
#define SEQC_LIB_DRIVER_CRASHREPORT_H

#include "llvm/ADT/StringRef.h"
#include <string>

namespace seqc {

/// Exit status for a bug of seqc.
constexpr int exitBug = 3;

/// Prepares the reproducer of this compilation: `input` (kept by the caller)
/// behind a comment with `commandLine`, to be written to `path`. From now on a
/// crash of this process writes it, says so on standard error and exits with
/// `exitBug`; so does a fatal error of LLVM.
void installCrashReport(std::string path, std::string commandLine, llvm::StringRef input,
                        bool bytecode);
/// Gives the calling thread a small stack of its own for signal handlers, so
/// that a stack overflow is reported, too. The memory is never freed.
void useSignalStack();
/// Writes the reproducer with `reason` in its comment. Returns its path, "" if
/// that failed.
std::string writeReproducer(llvm::StringRef reason);

} // namespace seqc

#endif // SEQC_LIB_DRIVER_CRASHREPORT_H
