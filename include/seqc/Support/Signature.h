//===- Signature.h - The interface of a compiled function -----------------===//
//
// A plain value that the compiler fills and that header writer, ABI emitter, JIT and
// `<module>_info()` read. No MLIR or LLVM type appears in it.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_SUPPORT_SIGNATURE_H
#define SEQC_SUPPORT_SIGNATURE_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace seqc {

/// Element types that cross the library's border. Bool is one byte, Index is int64.
enum class ElementType {
  F64,
  F32,
  F16,
  BF16,
  Complex128,
  Complex64,
  I64,
  I32,
  I16,
  I8,
  Bool,
  Index
};

/// One size of a tensor. A static size has `size >= 0`. A dynamic one has `size == -1`;
/// all sizes with the same `symbol` (an index into FunctionSignature::symbols) must agree
/// at run time. A dynamic *result* size that equals no argument's size has `symbol == -1`.
struct DimSignature {
  int64_t size = -1;
  int32_t symbol = -1;
};

/// What a call checks of an argument `cu_seqlens`: its values rise from 0 to `total`, and it has
/// one more than `sequences` of them (no size and no symbol: whatever it has).
struct OffsetsSignature {
  DimSignature total, sequences;
};

/// One argument or result. A scalar has no sizes and `isScalar` set: it is passed by value
/// in the header's inlines and as a 0-d tensor in `f_call`.
struct TensorSignature {
  std::string name;
  ElementType elementType = ElementType::F32;
  bool isScalar = false;
  std::vector<DimSignature> dims;
  /// The symbol of which a scalar argument of type Index is the value, or -1.
  int32_t symbol = -1;
  /// Of an argument that holds the offsets of packed sequences.
  std::optional<OffsetsSignature> offsets = {};
};

/// A state that a stream keeps: argument `argument` (read) and result `result` (written).
/// Indices at or past the public counts denote hidden states, which no caller passes.
struct StateSignature {
  std::string name;
  int32_t argument = 0;
  int32_t result = 0;
};

/// The interface of one public function `name`. `arguments` holds `publicArguments` public
/// ones followed by hidden state inputs; `results` likewise.
struct FunctionSignature {
  std::string name;
  std::vector<TensorSignature> arguments, results;
  int32_t publicArguments = 0, publicResults = 0;
  /// Names of the dynamic sizes, e.g. {"B", "T"}; made up ("d0", …) where none was given.
  std::vector<std::string> symbols;
  std::vector<StateSignature> states;
  /// True if a step function exists; otherwise `notStreamable` is the reason, one sentence.
  bool streams = false;
  std::string notStreamable;
  /// Symbol of the time size (number of steps) in a streaming function, or -1 if it is static.
  int32_t timeSymbol = -1;
  /// Evaluation promise of the chosen plans: "bitwise", "tolerance" or "backward".
  std::string numbers = "bitwise";
};

/// The interface of a compiled module.
struct ModuleSignature {
  std::string name;
  std::string triple;
  /// Target features that the code needs, LLVM names without sign, e.g. {"avx512f", "fma"}.
  std::vector<std::string> features;
  /// NVIDIA GPUs that the library has kernels for, e.g. {"sm_80"}; later ones than the lowest run
  /// them as well.
  std::vector<std::string> cuda;
  std::vector<FunctionSignature> functions;
};

} // namespace seqc

#endif // SEQC_SUPPORT_SIGNATURE_H
