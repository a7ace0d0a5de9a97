//===- Header.h - The C header of a compiled module -----------------------===//
#ifndef SEQC_LINK_HEADER_H
#define SEQC_LINK_HEADER_H

#include "seqc/Support/Signature.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace seqc {

/// Text of a self-contained C99 and C++ header for the library that emitAbi
/// made of `signature` with the same `prefix`: ABI types, documented
/// prototypes, and per function `f` with sizes B, T:
///   f(B, T, u, …, out)            on the calling thread
///   f_ex(context, B, T, u, …)     with a context
///   f_stream_bytes(B), f_stream_init(state, bytes, B, initial states…),
///   f_stream_step(context, state, bytes, B, T, u, …)   when the function
///   streams
/// Needs a signature that passes checkSignature.
std::string writeHeader(const ModuleSignature &signature, llvm::StringRef compilerVersion,
                        llvm::StringRef prefix = "");

} // namespace seqc

#endif // SEQC_LINK_HEADER_H
