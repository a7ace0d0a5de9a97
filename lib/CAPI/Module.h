//===- Module.h - What the C API's handles point to -----------------------===//
#ifndef SEQC_CAPI_MODULE_H
#define SEQC_CAPI_MODULE_H

#include "seqc-c/seqc.h"
#include "seqc/JIT/CompileCache.h"
#include "llvm/ADT/StringRef.h"
#include <memory>
#include <string>
#include <vector>

/// A function of a module. The entry points are those of seqc_abi.h; the
/// streaming ones are null if the function has no step form.
struct seqc_function {
  using Tensors = const DLTensor *const *;
  using Call = int32_t (*)(const seqc_context *, Tensors, int32_t);
  using Shapes = int32_t (*)(Tensors, int32_t);
  using ScratchBytes = int64_t (*)(Tensors, int32_t);
  using StateBytes = int64_t (*)(const int64_t *, int32_t);
  using StateInit = int32_t (*)(void *, int64_t, const int64_t *, int32_t, Tensors, int32_t);
  using Step = int32_t (*)(const seqc_context *, void *, int64_t, Tensors, int32_t);
  using StepScratchBytes = int64_t (*)(const void *, int64_t, Tensors, int32_t);

  const seqc_module *module = nullptr;
  const seqc::FunctionSignature *signature = nullptr;
  std::string symbol; ///< prefix of its exported symbols
  Call call = nullptr;
  Shapes shapes = nullptr;
  ScratchBytes scratchBytes = nullptr;
  StateBytes stateBytes = nullptr;
  StateInit stateInit = nullptr;
  Step step = nullptr;
  StepScratchBytes stepScratchBytes = nullptr;
};

/// A module: either compiled code or a loaded library behind the same members.
struct seqc_module {
  ~seqc_module();

  /// Address of an exported symbol, or null.
  void *lookup(const std::string &name) const;
  /// Fills `functions` and `lastError` from `signature`; false and an error
  /// message if a symbol is missing. `prefix` precedes every symbol.
  bool bind(llvm::StringRef prefix);

  std::shared_ptr<const seqc::CompiledModule> compiled;
  void *library = nullptr;
  seqc::ModuleSignature signature;
  std::string info;
  const char *(*lastError)() = nullptr;
  std::vector<seqc_function> functions;
};

namespace seqc {

/// Version of the compiler, as `seqc_version` returns it.
const char *getVersionText();

/// Remembers `message` for seqc_last_error() on this thread and returns `code`.
int32_t fail(int32_t code, std::string message);
/// Clears this thread's message and returns SEQC_OK.
int32_t succeed();

} // namespace seqc

#endif // SEQC_CAPI_MODULE_H
