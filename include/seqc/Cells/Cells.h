//===- Cells.h - Named cells as text --------------------------------------===//
//
// The files of lib/Cells, embedded at build time. lib/Cells/README.md has their
// form.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_CELLS_CELLS_H
#define SEQC_CELLS_CELLS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace seqc {

/// One cell: `name` as in `@seq.cells.<name>`, and its text with placeholders.
struct Cell {
  llvm::StringRef name, text;
};

/// All cells, sorted by name.
llvm::ArrayRef<Cell> getCells();

} // namespace seqc

#endif // SEQC_CELLS_CELLS_H
