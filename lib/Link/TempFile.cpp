//===- TempFile.cpp - Files that vanish unless they are kept --------------===//
#include "TempFile.h"
#include "Process.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

using namespace llvm;

namespace seqc {

namespace {
/// While it lives, a write past RLIMIT_FSIZE fails with EFBIG and raises
/// nothing in this thread.
class NoSizeSignal {
public:
  NoSizeSignal() {
    sigemptyset(&signals);
    sigaddset(&signals, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &signals, &before);
  }
  ~NoSizeSignal() {
    if (sigismember(&before, SIGXFSZ))
      return;
    struct timespec none = {0, 0};
    while (sigtimedwait(&signals, nullptr, &none) == -1 && errno == EINTR) {
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

private:
  sigset_t signals, before;
};
} // namespace

static Error systemError(int code) {
  return errorCodeToError(std::error_code(code, std::generic_category()));
}

Error writeAll(int descriptor, StringRef contents) {
  NoSizeSignal guard;
  while (!contents.empty()) {
    ssize_t written = ::write(descriptor, contents.data(), contents.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return systemError(written < 0 ? errno : ENOSPC);
    contents = contents.drop_front(size_t(written));
  }
  return Error::success();
}

Expected<TempFile> TempFile::create(StringRef directory, StringRef stem, bool executable,
                                    bool removeOnSignal) {
  SmallString<128> model(directory), path;
  if (directory.empty())
    sys::path::system_temp_directory(/*ErasedOnReboot=*/true, model);
  sys::path::append(model, "." + stem + "-%%%%%%%%%%.tmp");
  for (int attempt = 0; attempt < 100; ++attempt) {
    sys::fs::createUniquePath(model, path, /*MakeAbsolute=*/false);
    // Registered before it exists, so that no signal falls between.
    if (removeOnSignal)
      removeFileOnSignal(path);
    int descriptor =
        ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, executable ? 0777 : 0666);
    if (descriptor >= 0)
      return TempFile(path.str().str(), descriptor, removeOnSignal);
    int code = errno;
    if (removeOnSignal)
      sys::DontRemoveFileOnSignal(path);
    if (code != EEXIST)
      return systemError(code);
  }
  return systemError(EEXIST);
}

TempFile::TempFile(TempFile &&other)
    : filePath(std::exchange(other.filePath, "")), descriptor(std::exchange(other.descriptor, -1)),
      removeOnSignal(other.removeOnSignal) {}

TempFile::~TempFile() {
  if (descriptor >= 0)
    ::close(descriptor);
  if (filePath.empty())
    return;
  ::unlink(filePath.c_str());
  if (removeOnSignal)
    sys::DontRemoveFileOnSignal(filePath);
}

Error TempFile::write(StringRef contents) {
  if (Error error = writeAll(descriptor, contents))
    return error;
  // Some file systems report a full disk only here.
  return ::close(std::exchange(descriptor, -1)) ? systemError(errno) : Error::success();
}

Error TempFile::keep(StringRef target) {
  if (::rename(filePath.c_str(), target.str().c_str()))
    return systemError(errno);
  if (removeOnSignal)
    sys::DontRemoveFileOnSignal(filePath);
  filePath.clear();
  return Error::success();
}

} // namespace seqc
