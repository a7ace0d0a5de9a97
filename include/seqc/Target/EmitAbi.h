//===- EmitAbi.h - The exported symbols of a compiled module --------------===//
#ifndef SEQC_TARGET_EMITABI_H
#define SEQC_TARGET_EMITABI_H

#include "seqc/Support/Signature.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace llvm {
class Module;
} // namespace llvm

namespace seqc {

/// Adds the library's symbols to `module`, which defines `seqc_body_f`,
/// `seqc_shapes_f`, `seqc_scratch_f` and `seqc_init_f` for each function of
/// `signature` (init only where there are hidden state inputs): a constant
/// descriptor per function and the exported entry points (`f_call`, …,
/// `<module>_info`, `<module>_last_error`, `f_sig_<hash>`), which call the
/// runtime. Makes everything else internal. Run it before LLVM's optimiser.
/// Fails, in one sentence, on clashing names or a missing companion.
llvm::Error emitEntryPoints(llvm::Module &module, const ModuleSignature &signature,
                            llvm::StringRef compilerVersion, llvm::StringRef prefix = "");

/// Adds what the module needs of the runtime, from bitcode for its triple. Run
/// it after the target's attributes are set and after LLVM's optimiser: the
/// runtime comes optimised, and for the plainest CPU, because it checks the
/// CPU's features before any other code runs. Fails on a triple without a
/// runtime.
llvm::Error linkRuntime(llvm::Module &module);

/// Both at once, for modules that are not optimised for a target.
llvm::Error emitAbi(llvm::Module &module, const ModuleSignature &signature,
                    llvm::StringRef compilerVersion, llvm::StringRef prefix = "");

/// For a JIT without thread-local storage: turns the module's own error buffer
/// into an import of `char *seqc_host_error_buffer(void)`, which returns the
/// calling thread's buffer of `hostErrorBufferBytes` bytes. Works before and
/// after LLVM's optimiser.
void importErrorBuffer(llvm::Module &module);

inline constexpr int hostErrorBufferBytes = 1024;

} // namespace seqc

#endif // SEQC_TARGET_EMITABI_H
