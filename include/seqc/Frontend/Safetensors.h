//===- Safetensors.h - Named tensors in a file ----------------------------===//
#ifndef SEQC_FRONTEND_SAFETENSORS_H
#define SEQC_FRONTEND_SAFETENSORS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>
#include <string>
#include <vector>

namespace seqc {

/// One tensor of a file: its dtype as written there ("F32"), sizes and
/// row-major bytes, at no particular alignment.
struct StoredTensor {
  std::string dtype;
  std::vector<int64_t> shape;
  llvm::StringRef bytes;
};

/// The tensors of a .safetensors file. The bytes live as long as this value.
class Safetensors {
public:
  /// Reads `path`. False and a sentence in `error` if the file cannot be read
  /// or its header is not well formed: wrong length, no JSON object, nested
  /// deeply, a name twice, a size that overflows, offsets outside the file,
  /// that disagree with the shape or that overlap.
  bool read(llvm::StringRef path, std::string &error);
  /// The same for `contents`, which the caller keeps.
  bool parse(llvm::StringRef contents, std::string &error);

  const llvm::StringMap<StoredTensor> &getTensors() const { return tensors; }

private:
  std::unique_ptr<llvm::MemoryBuffer> buffer;
  llvm::StringMap<StoredTensor> tensors;
};

} // namespace seqc

#endif // SEQC_FRONTEND_SAFETENSORS_H
