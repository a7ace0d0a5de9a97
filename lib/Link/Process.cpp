//===- Process.cpp - A child process without a shell ----------------------===//
#include "Process.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Signals.h"
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace llvm;

namespace seqc {

static std::atomic<pid_t> runningChild = 0;
static std::atomic<bool> interrupted = false;
static constexpr int endingSignals[] = {SIGHUP, SIGINT, SIGTERM};
static struct sigaction previousActions[std::size(endingSignals)];

static void onEndingSignal(int number, siginfo_t *info, void *context) {
  interrupted = true;
  if (pid_t child = runningChild) {
    ::kill(child, SIGKILL);
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  for (size_t i = 0; i < std::size(endingSignals); ++i) {
    if (endingSignals[i] != number)
      continue;
    if (previousActions[i].sa_flags & SA_SIGINFO)
      previousActions[i].sa_sigaction(number, info, context);
    else
      previousActions[i].sa_handler(number);
  }
}

void removeFileOnSignal(StringRef path) {
  struct sigaction before[std::size(endingSignals)];
  for (size_t i = 0; i < std::size(endingSignals); ++i)
    ::sigaction(endingSignals[i], nullptr, &before[i]);
  sys::RemoveFileOnSignal(path);
  for (size_t i = 0; i < std::size(endingSignals); ++i) {
    struct sigaction current;
    ::sigaction(endingSignals[i], nullptr, &current);
    if (before[i].sa_handler == SIG_IGN) {
      ::sigaction(endingSignals[i], &before[i], nullptr);
    } else if (current.sa_sigaction != onEndingSignal) {
      previousActions[i] = current;
      current.sa_sigaction = onEndingSignal;
      current.sa_flags |= SA_SIGINFO;
      ::sigaction(endingSignals[i], &current, nullptr);
    }
  }
}

void waitIfInterrupted() {
  while (interrupted)
    ::pause();
}

/// Between fork and exec: only what is safe after a fork of a process with
/// threads.
[[noreturn]] static void runChild(char *const *arguments, int output) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  // Past a size limit the linker shall report an error instead of dying.
  ::signal(SIGXFSZ, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  int input = ::open("/dev/null", O_RDONLY);
  if (input >= 0)
    ::dup2(input, 0);
  ::dup2(output, 1);
  ::dup2(output, 2);
  ::execv(arguments[0], arguments);
  static const char message[] = "it cannot be executed";
  ssize_t ignored = ::write(2, message, sizeof(message) - 1);
  (void)ignored;
  ::_exit(127);
}

static void readAll(int descriptor, std::string &text) {
  char buffer[4096];
  for (;;) {
    ssize_t count = ::read(descriptor, buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return;
    text.append(buffer, size_t(count));
  }
}

int runProcess(ArrayRef<std::string> arguments, std::string &text) {
  SmallVector<char *> pointers;
  for (const std::string &argument : arguments)
    pointers.push_back(const_cast<char *>(argument.c_str()));
  pointers.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC)) {
    text = std::strerror(errno);
    return -1;
  }
  pid_t child = ::fork();
  if (child == 0)
    runChild(pointers.data(), ends[1]);
  if (child > 0)
    runningChild = child;
  ::close(ends[1]);
  if (child < 0)
    text = std::strerror(errno);
  else
    readAll(ends[0], text);
  ::close(ends[0]);
  if (child < 0)
    return -1;
  // A process that was waited for has no number of its own any more.
  siginfo_t ended;
  while (::waitid(P_PID, id_t(child), &ended, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
  runningChild = 0;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR)
      return 0; // a host that ignores SIGCHLD took the status; the output will
                // tell
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

} // namespace seqc
