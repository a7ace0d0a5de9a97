//===- CrashReport.cpp - A bug of ours leaves a reproducer ----------------===//
//
// What a handler of a signal may do is little: open, write and exit. So the
// path and the comment are made ready before the compilation starts, and the
// handler only copies bytes.
//
//===----------------------------------------------------------------------===//
#include "CrashReport.h"
#include "seqc/Support/Version.h"
#include "llvm/Support/ErrorHandling.h"
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

using namespace llvm;
using namespace seqc;

namespace {
struct Report {
  std::string path, comment;
  StringRef input;
};
} // namespace

/// The report of this process; set once, before any handler can run.
static Report *report = nullptr;

static void put(int file, const char *text, size_t size) {
  while (size > 0) {
    ssize_t written = ::write(file, text, size);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return;
    text += written;
    size -= written;
  }
}

static void put(int file, const char *text) { put(file, text, std::strlen(text)); }

/// Writes the reproducer; only async-signal-safe calls. False if the file
/// cannot be made.
static bool writeReport(const char *reason, size_t reasonSize) {
  if (!report)
    return false;
  int file = ::open(report->path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0)
    return false;
  if (!report->comment.empty()) {
    put(file, report->comment.data(), report->comment.size());
    put(file, "// ");
    for (size_t i = 0; i < reasonSize; ++i) {
      put(file, reason + i, 1);
      if (reason[i] == '\n' && i + 1 < reasonSize)
        put(file, "// ");
    }
    put(file, "\n");
  }
  put(file, report->input.data(), report->input.size());
  ::close(file);
  return true;
}

[[noreturn]] static void endWithReport(const char *reason, size_t size) {
  put(STDERR_FILENO, "seqc: error: seqc crashed (");
  put(STDERR_FILENO, reason, size);
  put(STDERR_FILENO, "); this is a bug in seqc, not in the model\n");
  if (writeReport(reason, size)) {
    put(STDERR_FILENO, "help: please report it with '");
    put(STDERR_FILENO, report->path.c_str());
    put(STDERR_FILENO, "'\n");
  }
  ::_exit(exitBug);
}

static void onSignal(int number) {
  const char *name = number == SIGSEGV   ? "segmentation fault"
                     : number == SIGABRT ? "abort"
                     : number == SIGFPE  ? "arithmetic fault"
                     : number == SIGILL  ? "illegal instruction"
                                         : "bus error";
  endWithReport(name, std::strlen(name));
}

static void onFatalError(void *, const char *reason, bool) {
  endWithReport(reason, std::strlen(reason));
}

void seqc::installCrashReport(std::string path, std::string commandLine, StringRef input,
                              bool bytecode) {
  report = new Report{std::move(path), "", input};
  if (!bytecode)
    report->comment = std::string("// Reproducer of seqc ") + getVersion() + ", LLVM " +
                      getLLVMVersion() + "\n// " + commandLine + "\n";
  struct sigaction action = {};
  action.sa_handler = onSignal;
  action.sa_flags = SA_ONSTACK | SA_RESETHAND;
  for (int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT})
    sigaction(number, &action, nullptr);
  install_fatal_error_handler(onFatalError);
}

void seqc::useSignalStack() {
  constexpr size_t size = 64 << 10;
  stack_t stack = {};
  stack.ss_sp = new char[size];
  stack.ss_size = size;
  sigaltstack(&stack, nullptr);
}

std::string seqc::writeReproducer(StringRef reason) {
  return writeReport(reason.data(), reason.size()) ? report->path : "";
}
