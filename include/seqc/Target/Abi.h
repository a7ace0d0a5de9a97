//===- Abi.h - Names, hashes and JSON of a library's interface ------------===//
//
// What the ABI emitter, the header writer and whoever loads a library must
// agree on.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_TARGET_ABI_H
#define SEQC_TARGET_ABI_H

#include "seqc/Support/Signature.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace seqc {

/// The dtype as messages, JSON and NumPy-like tools spell it: "f32", "bf16",
/// "bool", "i64" (also for Index).
llvm::StringRef elementTypeName(ElementType type);

/// Bytes of one element in memory.
int elementTypeBytes(ElementType type);

/// DLPack's type code (0 int, 2 float, 4 bfloat, 6 bool); bits are 8 *
/// elementTypeBytes.
int elementTypeCode(ElementType type);

/// `name` as a C identifier: every other character becomes '_', a leading digit
/// gets one in front. Symbols of function `f` are `prefix + cIdentifier(f) +
/// suffix`.
std::string cIdentifier(llvm::StringRef name);

/// The part of a function's JSON that callers rely on, in canonical spelling:
/// names, dtypes, sizes, states (hidden ones included), time. Equal text means
/// a compatible interface.
std::string signatureText(const FunctionSignature &function);

/// FNV-1a 64 of signatureText, ABI version included.
uint64_t signatureHash(const FunctionSignature &function);

/// signatureHash as 16 lower-case hexadecimal digits.
std::string signatureHashText(const FunctionSignature &function);

/// What `<module>_info()` returns:
///   {"abi": 1, "compiler": "...", "module": "m", "prefix": "", "triple":
///   "...",
///    "features": ["avx2"], "cuda": ["sm_80"], "functions": [{
///      "name": "f", "symbol": "f", "hash": "<16 hex digits>", "numbers":
///      "bitwise", "symbols": ["B", "T"], "arguments": [{"name": "u", "dtype":
///      "f32", "scalar": false, "shape": ["B", "T", 3]}], "results": [...],
///      "hiddenArguments": [...], "hiddenResults": [...], "states": [{"name":
///      "h", "argument": 2, "result": 1}], "streams": true, "notStreamable":
///      "", "time": "T"}]}
/// "cuda" is missing in a library without kernels. An argument `cu_seqlens` has "offsets": [steps,
/// sequences] as well, sizes as in "shape" ("?": one less than its own size). A dynamic size is its
/// symbol's name, or "?" (a result's size that equals no argument's). State indices count public
/// tensors first, then hidden ones. "time" is null for a static number of steps. Exported symbols
/// start with "symbol".
std::string moduleInfo(const ModuleSignature &module, llvm::StringRef compilerVersion,
                       llvm::StringRef prefix = "");

/// The inverse of moduleInfo: the signature of a loaded library. Fails, naming
/// the field, on text of another shape or ABI version.
llvm::Expected<ModuleSignature> parseModuleInfo(llvm::StringRef json);

/// Checks what emitAbi and writeHeader rely on: no two functions claim one C
/// symbol, indices are in range, arguments' dynamic sizes have symbols.
llvm::Error checkSignature(const ModuleSignature &module, llvm::StringRef prefix = "");

} // namespace seqc

#endif // SEQC_TARGET_ABI_H
