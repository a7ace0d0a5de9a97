//===- Outputs.cpp - All files or none ------------------------------------===//
//
// Every file is complete on disk under a temporary name before the first one
// takes its place; the renames happen under a lock of the directory, so that of
// two compiles with the same outputs one wins with all its files.
//
//===----------------------------------------------------------------------===//
#include "Process.h"
#include "TempFile.h"
#include "seqc/Link/Link.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <csignal>
#include <fcntl.h>
#include <set>
#include <sys/file.h>
#include <unistd.h>

using namespace llvm;

namespace seqc {

static Error cannotWrite(StringRef path, Error reason) {
  return createStringError("could not write '" + path + "': " + toString(std::move(reason)));
}

namespace {
/// An exclusive lock on directories, in one order so that two holders never
/// wait for each other. Where the file system has no locks, each rename is
/// still atomic.
class DirectoryLock {
public:
  explicit DirectoryLock(const std::set<std::string> &directories) {
    for (const std::string &directory : directories) {
      int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      if (descriptor < 0)
        continue;
      while (::flock(descriptor, LOCK_EX) && errno == EINTR) {
      }
      descriptors.push_back(descriptor);
    }
  }
  ~DirectoryLock() {
    for (int descriptor : descriptors)
      ::close(descriptor);
  }
  DirectoryLock(const DirectoryLock &) = delete;
  DirectoryLock &operator=(const DirectoryLock &) = delete;

private:
  SmallVector<int> descriptors;
};

/// A file that waits for its rename.
struct PendingFile {
  TempFile temp;
  std::string target;
  const OutputFile *file;
};
} // namespace

static std::string directoryOf(StringRef path) {
  StringRef directory = sys::path::parent_path(path);
  return directory.empty() ? "." : directory.str();
}

/// Writes to a device or a pipe.
static Error writeThrough(const OutputFile &file) {
  int descriptor = ::open(file.path.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0)
    return cannotWrite(file.path, errorCodeToError(errnoAsErrorCode()));
  Error error = writeAll(descriptor, file.contents);
  ::close(descriptor);
  return error ? cannotWrite(file.path, std::move(error)) : Error::success();
}

/// Where the bytes go: a symbolic link stays one.
static std::string resolveTarget(StringRef path) {
  SmallString<128> real;
  if (sys::fs::is_symlink_file(path) && !sys::fs::real_path(path, real))
    return real.str().str();
  return path.str();
}

static Expected<PendingFile> prepare(const OutputFile &file, bool removeOnSignal) {
  std::string target = resolveTarget(file.path);
  Expected<TempFile> temp = TempFile::create(directoryOf(target), sys::path::filename(target),
                                             file.executable, removeOnSignal);
  if (!temp)
    return cannotWrite(file.path, temp.takeError());
  if (Error error = temp->write(file.contents))
    return cannotWrite(file.path, std::move(error));
  return PendingFile{std::move(*temp), std::move(target), &file};
}

namespace {
volatile std::sig_atomic_t deferredSignal = 0;

/// While it lives, signals that end a program wait: between two renames a
/// library would be left with another's header. Only for programs, whose
/// handlers are ours; process-wide, as another thread may take a signal.
class DeferSignals {
public:
  explicit DeferSignals(bool active) : active(active) {
    struct sigaction wait = {};
    wait.sa_handler = [](int number) { deferredSignal = number; };
    sigfillset(&wait.sa_mask);
    for (size_t i = 0; active && i < std::size(numbers); ++i) {
      sigaction(numbers[i], nullptr, &before[i]);
      if (before[i].sa_handler != SIG_IGN)
        sigaction(numbers[i], &wait, nullptr);
    }
  }
  DeferSignals(const DeferSignals &) = delete;
  ~DeferSignals() {
    for (size_t i = 0; active && i < std::size(numbers); ++i)
      sigaction(numbers[i], &before[i], nullptr);
    if (int number = active ? deferredSignal : 0) {
      deferredSignal = 0;
      raise(number);
    }
  }

private:
  static constexpr int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  bool active;
  struct sigaction before[std::size(numbers)];
};
} // namespace

/// Renames all. If one cannot be, those before it go too: a library without its
/// header is no pair.
static Error commit(std::vector<PendingFile> &pending, bool isProgram) {
  std::set<std::string> directories;
  for (const PendingFile &file : pending)
    directories.insert(directoryOf(file.target));
  DirectoryLock lock(directories);
  DeferSignals guard(isProgram);
  for (auto [i, file] : enumerate(pending))
    if (Error error = file.temp.keep(file.target)) {
      for (size_t k = 0; k < i; ++k)
        ::unlink(pending[k].target.c_str());
      return cannotWrite(file.file->path, std::move(error));
    }
  return Error::success();
}

static Error writeFiles(ArrayRef<OutputFile> files, bool removeOnSignal) {
  std::vector<PendingFile> pending;
  SmallVector<const OutputFile *> direct;
  for (const OutputFile &file : files) {
    sys::fs::file_status status;
    bool exists = !sys::fs::status(file.path, status);
    if (exists && sys::fs::is_directory(status))
      return createStringError("expected a file's name to write, but '" + file.path +
                               "' is a directory");
    if (exists && !sys::fs::is_regular_file(status)) {
      direct.push_back(&file);
      continue;
    }
    Expected<PendingFile> next = prepare(file, removeOnSignal);
    if (!next)
      return next.takeError();
    pending.push_back(std::move(*next));
  }
  for (const OutputFile *file : direct)
    if (Error error = writeThrough(*file))
      return error;
  return commit(pending, removeOnSignal);
}

Error writeOutputs(ArrayRef<OutputFile> files, bool removeOnSignal) {
  Error error = writeFiles(files, removeOnSignal);
  if (error)
    waitIfInterrupted();
  return error;
}

} // namespace seqc
