//===- CPU.h - CPU targets: facts, passes, bytes --------------------------===//
#ifndef SEQC_TARGET_CPU_H
#define SEQC_TARGET_CPU_H

#include "seqc/Dialect/Seq/IR/Seq.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <memory>
#include <string>
#include <vector>

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
} // namespace llvm

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace seqc {

/// Facts of the CPU for which code is made. `triple` empty: the host's. `march` "native": the
/// host's features (the host's architecture only); "generic", "x86-64-v2", "x86-64-v3",
/// "x86-64-v4", or a list such as "+avx2,+fma". Fails with a sentence in `error` on an unknown
/// triple, level or feature. Never looks at the CPU's name.
mlir::FailureOr<seq::TargetAttr> cpuTarget(mlir::MLIRContext *context, llvm::StringRef triple,
                                           llvm::StringRef march, std::string &error);

/// `target` with the measured facts of the JSON file at `path` (seqc-run --calibrate). Fails with a
/// sentence in `error` on a file that cannot be read or holds something else.
mlir::FailureOr<seq::TargetAttr> withFactsFile(seq::TargetAttr target, llvm::StringRef path,
                                               std::string &error);

/// Registers the CPU back ends with LLVM, once.
void initializeCpuTargets();

/// Features that code for `target` needs at run time, LLVM names without sign.
std::vector<std::string> requiredFeatures(seq::TargetAttr target);

/// Stage `llvm`: loops, vectors and buffers to the LLVM dialect.
void buildCpuLowering(mlir::OpPassManager &pm);

/// LLVM's machine for `target`; null and a sentence in `error` if LLVM lacks it.
std::unique_ptr<llvm::TargetMachine> makeTargetMachine(seq::TargetAttr target, unsigned optLevel,
                                                       std::string &error);

/// The same for a target whose back end is registered already.
std::unique_ptr<llvm::TargetMachine> createMachine(seq::TargetAttr target, unsigned optLevel,
                                                   std::string &error);

/// A context that keeps LLVM's errors for `emitCode` and drops its warnings: LLVM's own prints
/// both, and ends the process at an error.
std::unique_ptr<llvm::LLVMContext> makeContext();

/// Runs LLVM's passes, named as `opt -passes=` names them.
void runPasses(llvm::Module &module, llvm::TargetMachine &machine, llvm::StringRef passes);

/// Sets triple, data layout and function attributes (features, vector width) of `module`.
void applyTarget(llvm::Module &module, seq::TargetAttr target, llvm::TargetMachine &machine);

/// Gives vectors in memory the elements that tensors have there: a bool is a byte.
void useMemoryElements(llvm::Module &module);

/// LLVM's optimiser at level 0 to 3.
void optimizeModule(llvm::Module &module, llvm::TargetMachine &machine, unsigned optLevel);

/// Object code or assembly text of a module of a context of `makeContext`.
bool emitCode(llvm::Module &module, llvm::TargetMachine &machine, bool assembly,
              llvm::SmallVectorImpl<char> &out, std::string &error);

} // namespace seqc

#endif // SEQC_TARGET_CPU_H
