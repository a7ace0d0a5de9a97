//===- Spelling.h - The name that was probably meant ----------------------===//
#ifndef SEQC_SUPPORT_SPELLING_H
#define SEQC_SUPPORT_SPELLING_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace seqc {

/// The one of `names` that is spelled most like `name`, or "" if none is near
/// (more than a third of its letters differ).
llvm::StringRef nearestName(llvm::StringRef name, llvm::ArrayRef<llvm::StringRef> names);
/// "a, b or c".
std::string joinNames(llvm::ArrayRef<llvm::StringRef> names, llvm::StringRef last = "or");
/// True if C can use `name` as an identifier: letters, digits, `_`, no keyword
/// of C or C++.
bool isCIdentifier(llvm::StringRef name);

} // namespace seqc

#endif // SEQC_SUPPORT_SPELLING_H
