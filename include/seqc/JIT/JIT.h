//===- JIT.h - Compiled modules in this process ---------------------------===//
//
// A compiled module becomes callable code (LLJIT), and a cache remembers
// compilations.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_JIT_JIT_H
#define SEQC_JIT_JIT_H

#include "seqc/Pipeline/Compiler.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <memory>
#include <string>

namespace llvm::orc {
class LLJIT;
} // namespace llvm::orc

namespace seqc {

/// The machine code of one module, loaded into this process. Immutable after
/// `create`, so every member may be called from any thread. The destructor
/// unloads the code.
class JITModule {
public:
  /// Emits `lowered` and loads it. Undefined symbols resolve in libc and libm
  /// only. Returns null and sets `error` if the target is not this process's,
  /// code generation fails or a symbol is missing.
  static std::unique_ptr<JITModule> create(LoweredModule lowered, std::string &error);
  ~JITModule();

  /// Address of the external symbol `name`, or null if the module does not
  /// define it.
  void *lookup(llvm::StringRef name) const;
  /// The interface that the compiler found.
  const ModuleSignature &signature() const { return sig; }
  /// Writes the object code for a linker to `out`. False and `error` if code
  /// generation fails.
  bool emitObject(llvm::SmallVectorImpl<char> &out, std::string &error) const;

private:
  JITModule();
  bool load(std::unique_ptr<llvm::MemoryBuffer> object, std::string &error);

  ModuleSignature sig;
  /// The optimised module, from which `emitObject` makes code for a shared
  /// library.
  llvm::SmallVector<char, 0> bitcode;
  std::unique_ptr<llvm::TargetMachine> machine;
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

} // namespace seqc

#endif // SEQC_JIT_JIT_H
