//===- Nesting.h - How deep a parser would recurse into a text ------------===//
#ifndef SEQC_FRONTEND_NESTING_H
#define SEQC_FRONTEND_NESTING_H

#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>

namespace seqc {

/// Why a text must not reach the parser, and the offset of the byte where that
/// shows.
struct TextFault {
  size_t offset;
  std::string message;
};

/// Scans MLIR `text` once, without recursion. The fault is a zero byte,
/// brackets nested deeper than `limit` (counted through `#alias` and `!alias`
/// definitions), or an affine expression with more than `limit` operators. None
/// if there is no fault.
std::optional<TextFault> findTextFault(llvm::StringRef text, unsigned limit);

} // namespace seqc

#endif // SEQC_FRONTEND_NESTING_H
