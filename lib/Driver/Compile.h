//===- Compile.h - One command line carried out ---------------------------===//
#ifndef SEQC_LIB_DRIVER_COMPILE_H
#define SEQC_LIB_DRIVER_COMPILE_H

#include "Explain.h"
#include "Invocation.h"
#include "seqc/Link/Link.h"
#include "seqc/Support/Diagnostics.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"

namespace mlir {
class MLIRContext;
} // namespace mlir

namespace seqc {

/// Compiles what an invocation names. Messages go to the log, products to files
/// or stdout.
class Compilation {
public:
  Compilation(const Invocation &invocation, llvm::SourceMgr &sources, MessageLog &log)
      : invocation(invocation), sources(sources), log(log), options(invocation.options) {}

  /// Does all of it; returns the exit status. Call it on a large stack.
  int run();

private:
  bool fail(llvm::StringRef text, llvm::StringRef help = "");
  bool failUsage(llvm::StringRef text, llvm::StringRef help = "");
  bool checkTarget(mlir::MLIRContext &context);
  bool checkFiles();
  bool checkAssume(mlir::ModuleOp module);
  bool load(mlir::MLIRContext &context);
  bool compile();
  bool emitMLIR();
  bool emitCode(LoweredModule &lowered);
  bool emitLibrary(LoweredModule &lowered);
  bool addImages(LoweredModule &lowered);
  bool writeText(llvm::StringRef contents);
  bool writeFiles(llvm::ArrayRef<OutputFile> files);
  bool writeExplanations();
  void saveTemp(llvm::StringRef stage, llvm::StringRef suffix, llvm::StringRef contents);
  void printTimes() const;
  int reportBug();
  void watchStages();
  void findTasks(mlir::ModuleOp lowered);
  void explainKernels(const LoweredModule &lowered);
  void time(llvm::StringRef stage, double seconds) {
    times.emplace_back((forKernels ? "gpu " : "") + stage.str(), seconds);
  }

  const Invocation &invocation;
  llvm::SourceMgr &sources;
  MessageLog &log;
  CompileOptions options;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::unique_ptr<llvm::MemoryBuffer> input;
  std::vector<Explanation> explanations;
  /// Where the work of tasks, by their symbols, stands in the source.
  llvm::StringMap<SourcePlace> tasks;
  std::vector<std::pair<std::string, double>> times;
  std::string reachedStage = "load";
  unsigned tempCount = 0;
  bool forKernels = false; // the stages run for the GPUs of a library
  int status = 1;
};

/// True if `text`, an error of a stage after `reached`, cannot be the user's
/// doing: an upstream sentence about lowering, or anything but "expected …"
/// once a schedule was chosen.
bool isBugMessage(llvm::StringRef text, llvm::StringRef reached);

} // namespace seqc

#endif // SEQC_LIB_DRIVER_COMPILE_H
