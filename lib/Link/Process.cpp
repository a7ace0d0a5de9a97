//===- Process.cpp - A child process without a shell ----------------------===//
#include "Process.h"
#include "llvm/ADT/SmallVector.h"
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace llvm;

namespace seqc {

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
  ::close(ends[1]);
  if (child < 0)
    text = std::strerror(errno);
  else
    readAll(ends[0], text);
  ::close(ends[0]);
  if (child < 0)
    return -1;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR)
      return 0; // a host that ignores SIGCHLD took the status; the output will
                // tell
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

} // namespace seqc
