//===- Process.h - A child process without a shell ------------------------===//
#ifndef SEQC_LIB_LINK_PROCESS_H
#define SEQC_LIB_LINK_PROCESS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace seqc {

/// Runs `arguments[0]` (a path) and waits. `text` receives what it prints to
/// both streams. Returns its exit status, 128 + n if signal n ended it, or -1
/// and a reason in `text` if it could not be started. The child dies with this
/// thread, so that an interrupted compile leaves no linker behind.
int runProcess(llvm::ArrayRef<std::string> arguments, std::string &text);

/// SIGHUP, SIGINT and SIGTERM remove the file `path` before they end this
/// process, after they ended the child of runProcess: a linker writes no file
/// after those of this process are gone. A signal that is ignored stays so.
void removeFileOnSignal(llvm::StringRef path);

/// Returns at once unless one of these signals is ending this process: then never, so
/// that what the signal took away is not reported as an error.
void waitIfInterrupted();

} // namespace seqc

#endif // SEQC_LIB_LINK_PROCESS_H
