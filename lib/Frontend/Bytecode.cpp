//===- Bytecode.cpp - Bytecode is read by a child first -------------------===//
//
// Upstream's bytecode reader trusts its input in places: a flipped bit may
// crash it. So a child process, our own program `seqc` in a hidden mode, reads
// the same bytes first, with limits on memory and time. Only if it survives and
// accepts them are they read here. `posix_spawn` and not `fork`: a host with
// threads cannot run code in a forked child. docs/Decisions/0003-bytecode.md
// has the alternatives.
//
//===----------------------------------------------------------------------===//
#include "LoadParts.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "seqc/Frontend/Load.h"
#include "seqc/Support/Diagnostics.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace llvm;
using namespace mlir;
using namespace seqc;

/// Limits of the child: a sane file of 32 MiB is read in far less than a
/// second.
static constexpr rlim_t childSeconds = 1, childBytesPerSecond = 32 << 20;
static constexpr rlim_t childMemory = rlim_t(4) << 30;

/// Writes all of `bytes` to `file`.
static bool writeAll(int file, StringRef bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return false;
    bytes = bytes.drop_front(written);
  }
  return true;
}

/// Starts `checker --check-bytecode` with `input` and `output` as its standard
/// streams and waits until it ends. False if it cannot be started.
static bool runChecker(const std::string &checker, int input, int output) {
  posix_spawn_file_actions_t actions;
  if (posix_spawn_file_actions_init(&actions) != 0)
    return false;
  scope_exit destroy([&] { posix_spawn_file_actions_destroy(&actions); });
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::string mode = "--check-bytecode";
  char *arguments[] = {const_cast<char *>(checker.c_str()), mode.data(), nullptr};
  pid_t child = 0;
  if (posix_spawn(&child, checker.c_str(), &actions, nullptr, arguments, environ) != 0)
    return false;
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR)
    ;
  return true;
}

/// What the child wrote: "ok", an error message, or nothing if it died.
static std::string readAnswer(int output) {
  std::string answer(4096, '\0');
  ssize_t size = ::pread(output, answer.data(), answer.size(), 0);
  answer.resize(std::max<ssize_t>(size, 0));
  return answer;
}

LogicalResult seqc::checkBytecodeInChild(const MemoryBuffer &bytes, MLIRContext &context,
                                         StringRef checker) {
  Location loc = FileLineColLoc::get(&context, bytes.getBufferIdentifier(), 0, 0);
  if (checker.empty())
    return emitError(loc) << "expected MLIR text, but got bytecode, which is "
                             "read only where the "
                             "program 'seqc' is installed beside the library";
  int input = memfd_create("seqc-bytecode", MFD_CLOEXEC);
  int output = memfd_create("seqc-answer", MFD_CLOEXEC);
  scope_exit closeBoth([&] {
    ::close(input);
    ::close(output);
  });
  if (input < 0 || output < 0 || !writeAll(input, bytes.getBuffer()) ||
      ::lseek(input, 0, SEEK_SET) != 0 || !runChecker(checker.str(), input, output))
    return emitError(loc) << "cannot start '" << checker << "' to check bytecode";
  std::string answer = readAnswer(output);
  if (answer == "ok")
    return success();
  if (answer.empty())
    return emitError(loc) << "expected valid bytecode, but got bytes that "
                             "crash or stall the reader";
  return emitError(loc) << "expected valid bytecode, but got: " << answer;
}

std::string seqc::findChecker(const void *address) {
  Dl_info info;
  if (!dladdr(address, &info) || !info.dli_fname)
    return "";
  SmallString<256> binary;
  if (sys::fs::real_path(info.dli_fname, binary))
    return "";
  StringRef folder = sys::path::parent_path(binary);
  for (StringRef relative : {"seqc", "../bin/seqc"}) {
    SmallString<256> candidate = folder;
    sys::path::append(candidate, relative);
    if (sys::fs::can_execute(candidate))
      return candidate.str().str();
  }
  return "";
}

/// Bounds what this process, the child, may take.
static void limitChild() {
  struct stat status = {};
  fstat(STDIN_FILENO, &status);
  rlim_t time = childSeconds + status.st_size / childBytesPerSecond;
  rlimit seconds{time, time}, memory{childMemory, childMemory}, core{0, 0};
  setrlimit(RLIMIT_CPU, &seconds);
  setrlimit(RLIMIT_AS, &memory);
  setrlimit(RLIMIT_CORE, &core);
}

int seqc::checkBytecode(const DialectRegistry &registry) {
  limitChild();
  std::string answer = "ok";
  runOnOwnStack([&] {
    MLIRContext context(registry, MLIRContext::Threading::DISABLED);
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      if (answer == "ok" && diagnostic.getSeverity() == DiagnosticSeverity::Error)
        answer = diagnostic.str();
      return success();
    });
    auto input = MemoryBuffer::getSTDIN();
    if (!input) {
      answer = "unreadable input";
      return;
    }
    auto copy = copyInput((*input)->getBuffer(), "bytecode");
    OwningOpRef<ModuleOp> module =
        parseSourceString<ModuleOp>(copy->getBuffer(), &context, "bytecode");
    if (!module && answer == "ok")
      answer = "a malformed module";
    // What is accepted is also printed once: attributes are read lazily.
    if (module)
      module->print(nulls());
  });
  writeAll(STDOUT_FILENO, StringRef(answer).take_front(4000));
  return answer == "ok" ? 0 : 1;
}
