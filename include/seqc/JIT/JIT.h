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
  /// The module's object code, which a linker can join with the runtime of a
  /// shared library.
  llvm::StringRef getObject() const { return {object.data(), object.size()}; }
  /// Whether that needs `getEmulatorObject`, too.
  bool emulates() const { return emulated; }

private:
  JITModule();
  llvm::Error load(const llvm::TargetMachine &machine);

  ModuleSignature sig;
  bool emulated = false;
  llvm::SmallVector<char, 0> object;
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

} // namespace seqc

#endif // SEQC_JIT_JIT_H
