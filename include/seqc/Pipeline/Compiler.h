//===- Compiler.h - From a loaded module to machine code ------------------===//
//
// The compiler as a library: what the driver, the JIT and the tests call. The order of
// the stages is the table in Stages.cpp.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_PIPELINE_COMPILER_H
#define SEQC_PIPELINE_COMPILER_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "seqc/Dialect/Seq/IR/Seq.h"
#include "seqc/Support/KernelFacts.h"
#include "seqc/Support/Signature.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
} // namespace llvm

namespace seqc {

/// "auto" and the plans that seqc has: what `CompileOptions::schedule` may be.
llvm::ArrayRef<llvm::StringRef> scheduleNames();

/// What `CompileOptions::certificate` may be.
llvm::ArrayRef<llvm::StringRef> certificateNames();

/// A text whose own `seqc.target` is a GPU's, as a library.
inline constexpr llvm::StringLiteral gpuLibraryError =
    "expected the facts of a CPU in 'seqc.target' for a library or an object file, but got those "
    "of "
    "an NVIDIA GPU";

/// What a user may ask of a compilation. Every field has an effect.
struct CompileOptions {
  /// Target triple; empty: the host's.
  std::string triple;
  /// "native" (host features, only for the host's architecture), a feature list such as
  /// "+avx2,+fma", or a level: "x86-64-v3", "x86-64-v4", "generic". Of a GPU, with a triple of
  /// nvptx64: its architecture, such as "sm_90".
  std::string march = "native";
  /// Of a GPU: its kernels run on this CPU, each access checked, in a library for this machine.
  bool emulate = false;
  /// NVIDIA GPUs, by architecture, that a library for a CPU has kernels for as well.
  std::vector<std::string> cudaArchs;
  /// One of scheduleNames().
  std::string schedule = "auto";
  /// Sizes that the caller promises to be usual, by name: used for prices, never for correctness.
  std::vector<std::pair<std::string, int64_t>> assume;
  /// Threads that a call is expected to have: used for plans, never for correctness.
  int64_t threads = 1;
  /// One of certificateNames(): what plans that guess states may guarantee at least.
  std::string certificate = "bitwise";
  /// Only plans whose steps give the bits of the whole sequence.
  bool streamingExact = false;
  /// Path of a file with measured facts of the target (seqc-run --calibrate), or empty.
  std::string targetFacts;
  /// Activations by libm calls instead of our vectorised expansions.
  bool precise = false;
  /// Optimisation level of LLVM, 0 to 3.
  unsigned optLevel = 3;
  /// For tests: the part of the certificate of plan `segments` to leave out, or empty.
  std::string weaken;
  /// Called after each stage with its name and the module (for --save-temps, --emit).
  std::function<void(llvm::StringRef, mlir::ModuleOp)> afterStage;
  /// Called with true before the stages run once more, for GPUs, and with false after that.
  std::function<void(bool)> atKernels;
  /// Called after each stage with its name and its seconds (for --time-passes).
  std::function<void(llvm::StringRef, double)> timing;
};

/// Machine-independent result of the MLIR stages: LLVM IR that holds `seqc_body_f` and its
/// companions for each public function (see docs/Architecture.md), and their interfaces.
struct LoweredModule {
  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::Module> module;
  std::unique_ptr<llvm::TargetMachine> machine;
  ModuleSignature signature;
  /// For a GPU: its kernels.
  std::vector<KernelFacts> kernels;
  /// Its code needs `getEmulatorObject`, too.
  bool emulates = false;
  /// Kernels for a GPU as PTX for the lowest of `CompileOptions::cudaArchs`; "" where there are
  /// none. The module waits for `embedImages`, and its code needs `getCudaObject`, too.
  std::string ptx;
};

/// Registers every dialect, interface and external model that seqc needs in `registry`.
void registerDialects(mlir::DialectRegistry &registry);

/// The machine that `options` ask for. Fails with a sentence in `error`.
mlir::FailureOr<seq::TargetAttr> targetOf(mlir::MLIRContext *context, const CompileOptions &options,
                                          std::string &error);

/// Runs the stages in order on `module` up to and including `stage` ("simplified",
/// "scheduled", "lowered", "llvm"; "seq" only checks). Errors are diagnostics of the context.
mlir::LogicalResult runStages(mlir::ModuleOp module, const CompileOptions &options,
                              llvm::StringRef stage);

/// All MLIR stages, translation to LLVM IR, ABI symbols and LLVM's optimiser: afterwards `module`
/// is ready for object emission, and its code for a link with `getRuntimeObject`. `name` is the
/// module's C name. For a GPU the module holds kernels alone, ready for PTX; for a CPU and GPUs
/// (`CompileOptions::cudaArchs`) all stages run twice, the second time on a copy of `module`.
mlir::FailureOr<LoweredModule> compileModule(mlir::ModuleOp module, llvm::StringRef name,
                                             const CompileOptions &options);

/// Object code (`assembly` false) or assembly text of a compiled module.
mlir::LogicalResult emitMachineCode(LoweredModule &lowered, bool assembly,
                                    llvm::SmallVectorImpl<char> &out, std::string &error);

} // namespace seqc

#endif // SEQC_PIPELINE_COMPILER_H
