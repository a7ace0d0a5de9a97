//===- Stages.h - The one table of stages ---------------------------------===//
#ifndef SEQC_PIPELINE_STAGES_H
#define SEQC_PIPELINE_STAGES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace seqc {
struct CompileOptions;

/// One MLIR stage of the compiler, in the order in which they run.
struct Stage {
  /// Name for `--emit` and dumps, e.g. "simplified".
  llvm::StringLiteral name;
  /// Folder of lib/ that does the work.
  llvm::StringLiteral folder;
  /// What holds after the stage, one line.
  llvm::StringLiteral leaves;
  /// Adds the stage's passes, the contract pass last.
  void (*build)(mlir::OpPassManager &, const CompileOptions &);
};

/// All MLIR stages in order.
llvm::ArrayRef<Stage> stages();

/// Registers every pass and, for each stage, the pipeline `seqc-<name>`.
void registerPasses();

} // namespace seqc

#endif // SEQC_PIPELINE_STAGES_H
