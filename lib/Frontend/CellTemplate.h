//===- CellTemplate.h - A cell's text and its placeholders ----------------===//
#ifndef SEQC_LIB_FRONTEND_CELLTEMPLATE_H
#define SEQC_LIB_FRONTEND_CELLTEMPLATE_H

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace seqc {

/// A cell's text whose placeholders are bound by matching concrete types
/// against the types of its header. lib/Cells/README.md has the notation.
class CellTemplate {
public:
  /// Reads the header of cell `name` in `text`. `isValid` tells whether there
  /// is one.
  CellTemplate(llvm::StringRef name, llvm::StringRef text);
  bool isValid() const { return valid; }

  llvm::ArrayRef<llvm::StringRef> getArguments() const { return arguments; }
  llvm::ArrayRef<llvm::StringRef> getResults() const { return results; }
  /// Matches `type` against a type of the header, binding the placeholders that
  /// are new in it. False if it does not fit what is bound.
  bool match(llvm::StringRef pattern, mlir::Type type);
  /// A type of the header with what is bound so far; other placeholders by
  /// their letters.
  std::string render(llvm::StringRef pattern) const;
  /// The whole text with every placeholder replaced.
  std::string instantiate() const { return render(text); }

private:
  struct Placeholder {
    std::string letter;
    int64_t factor = 1;
    bool pack = false;
    size_t length = 0;
  };
  static Placeholder readPlaceholder(llvm::StringRef at);
  bool bind(llvm::StringRef letter, std::string value);
  bool matchSize(llvm::StringRef token, int64_t size);
  bool matchTensor(llvm::StringRef pattern, mlir::RankedTensorType type);

  llvm::StringRef text;
  bool valid = false;
  llvm::SmallVector<llvm::StringRef> arguments, results;
  llvm::StringMap<std::string> bound;
};

} // namespace seqc

#endif // SEQC_LIB_FRONTEND_CELLTEMPLATE_H
