//===- EmitAbi.h - The exported symbols of a compiled module --------------===//
#ifndef SEQC_TARGET_EMITABI_H
#define SEQC_TARGET_EMITABI_H

#include "seqc/Support/Signature.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace llvm {
class Module;
class Triple;
} // namespace llvm

namespace seqc {

/// Adds the library's symbols to `module`, which defines `seqc_body_f`,
/// `seqc_shapes_f`, `seqc_scratch_f` and `seqc_init_f` for each function of
/// `signature` (init only where there are hidden state inputs), and with
/// kernels for a GPU (linkKernels) `seqc_device_body_f`,
/// `seqc_device_scratch_f` and `seqc_device_init_f` as well: a constant
/// descriptor per function and the exported entry points (`f_call`, …,
/// `<module>_info`, `<module>_last_error`, `f_sig_<hash>`), which call the
/// runtime. Makes everything else internal. Run it before LLVM's optimiser.
/// Fails, in one sentence, on clashing names or a missing companion.
llvm::Error emitEntryPoints(llvm::Module &module, const ModuleSignature &signature,
                            llvm::StringRef compilerVersion, llvm::StringRef prefix = "");

/// Where a model's code will run: in a shared library, or in a JIT, which has no
/// thread-local storage; there the runtime calls `char
/// *seqc_host_error_buffer(void)`, which returns the calling thread's buffer of
/// `hostErrorBufferBytes` bytes.
enum class RuntimeHost { Library, JIT };
inline constexpr int hostErrorBufferBytes = 1024;

/// The runtime as bytes of a relocatable ELF file, a section a function, all
/// symbols hidden: what a module after emitEntryPoints needs besides libc and
/// libm. Fails on a triple without a runtime.
llvm::Expected<llvm::StringRef> getRuntimeObject(const llvm::Triple &triple, RuntimeHost host);

/// Adds what the module needs of the runtime, from bitcode for its triple, for
/// output that stands alone (slower: it becomes machine code again). Run it
/// after the target's attributes are set and after LLVM's optimiser: the
/// runtime comes optimised, and for the plainest CPU, because it checks the
/// CPU's features before any other code runs. Fails on a triple without a
/// runtime.
llvm::Error linkRuntime(llvm::Module &module);

/// Both at once, for modules that are not optimised for a target.
llvm::Error emitAbi(llvm::Module &module, const ModuleSignature &signature,
                    llvm::StringRef compilerVersion, llvm::StringRef prefix = "");

} // namespace seqc

#endif // SEQC_TARGET_EMITABI_H
