//===- TempFile.h - Files that vanish unless they are kept ----------------===//
#ifndef SEQC_LIB_LINK_TEMPFILE_H
#define SEQC_LIB_LINK_TEMPFILE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace seqc {

/// A new file of its own name, removed by the destructor, and by SIGINT or
/// SIGTERM if `removeOnSignal`.
class TempFile {
public:
  /// Creates `directory`/.`stem`-<random>; `directory` "": the system's for
  /// temporary files. Fails with the system's reason alone.
  static llvm::Expected<TempFile> create(llvm::StringRef directory, llvm::StringRef stem,
                                         bool executable, bool removeOnSignal);
  TempFile(TempFile &&other);
  TempFile &operator=(TempFile &&) = delete;
  ~TempFile();

  const std::string &path() const { return filePath; }
  /// Writes all of `contents` and closes the file. Neither a full disk nor a
  /// size limit (SIGXFSZ) ends the process: they fail with the system's reason.
  llvm::Error write(llvm::StringRef contents);
  /// Renames it to `target` and gives it up.
  llvm::Error keep(llvm::StringRef target);

private:
  TempFile(std::string path, int descriptor, bool removeOnSignal)
      : filePath(std::move(path)), descriptor(descriptor), removeOnSignal(removeOnSignal) {}

  std::string filePath; // empty: given up
  int descriptor;
  bool removeOnSignal;
};

/// Writes `contents` to an open file, as TempFile::write does.
llvm::Error writeAll(int descriptor, llvm::StringRef contents);

} // namespace seqc

#endif // SEQC_LIB_LINK_TEMPFILE_H
