//===- Load.h - Stage 1: bytes become a checked module --------------------===//
//
// MLIR text or bytecode from a file, standard input or memory; cells linked in
// by name; weights bound. Nothing in here trusts its input.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_FRONTEND_LOAD_H
#define SEQC_FRONTEND_LOAD_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include <memory>
#include <string>

namespace seqc {

/// What the loader is told besides the bytes.
struct LoadOptions {
  /// Path of a .safetensors file that binds the arguments marked `seqc.param`;
  /// empty: none.
  std::string weights;
  /// Path of the program `seqc`, which reads bytecode in a child process first,
  /// because upstream's reader may crash on corrupt bytes
  /// (docs/Decisions/0003-bytecode.md). Empty: bytecode is refused with a
  /// sentence.
  std::string checker;
};

/// Most bytes of a model's text or bytecode that are read.
constexpr uint64_t maxInputBytes = uint64_t(1) << 30;
/// Deepest nesting of brackets in text, counted through attribute and type
/// aliases.
constexpr unsigned maxNesting = 256;

/// Calls `work` on a thread of our own with a stack of 64 MiB and waits for it:
/// a host's thread may be small, and MLIR recurses. Parsing, compiling and
/// destroying a module all belong inside.
void runOnOwnStack(llvm::function_ref<void()> work);

/// Copies `bytes` into a buffer named `name` that ends in a zero byte, as the
/// parser needs.
std::unique_ptr<llvm::MemoryBuffer> copyInput(llvm::StringRef bytes, llvm::StringRef name);

/// Reads the file `path` ("-": standard input) into such a buffer. Null and a
/// sentence in `error` if it cannot be read, is a folder or exceeds
/// `maxInputBytes`.
std::unique_ptr<llvm::MemoryBuffer> readInput(llvm::StringRef path, std::string &error);

/// Stage `load`: parses `input` (text or bytecode, told apart by the first
/// bytes), links cells and binds weights. `sources` takes the buffer, so that a
/// handler which holds it can show the line. Null after an error diagnostic of
/// `context`, whose registry must hold `registerDialects`. Call it inside
/// `runOnOwnStack`.
mlir::OwningOpRef<mlir::ModuleOp> loadModule(std::unique_ptr<llvm::MemoryBuffer> input,
                                             mlir::MLIRContext &context, llvm::SourceMgr &sources,
                                             const LoadOptions &options);

/// Path of the program `seqc` that belongs to the code at `address`: beside the
/// binary that holds it, or in `../bin` of it. Empty if there is none.
std::string findChecker(const void *address);

/// The child's half of reading bytecode: reads standard input, writes "ok" or
/// the first error message to standard output and returns an exit status.
/// Limits its own memory and time, so it may be killed by a signal.
int checkBytecode(const mlir::DialectRegistry &registry);

} // namespace seqc

#endif // SEQC_FRONTEND_LOAD_H
