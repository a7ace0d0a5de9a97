//===- Cells.cpp - Named cells as text ------------------------------------===//
//
// The table that embed.cmake makes from this folder's *.mlir files.
//
//===----------------------------------------------------------------------===//
#include "seqc/Cells/Cells.h"

using namespace seqc;

llvm::ArrayRef<Cell> seqc::getCells() {
  // An empty name at the end keeps the array non-empty while the folder has no
  // cell.
  static const Cell cells[] = {
#include "Cells.inc"
      {"", ""}};
  return llvm::ArrayRef(cells).drop_back();
}
