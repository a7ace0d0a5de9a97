//===- Interleaved.h - Two tensors, element by element in turns -----------===//
#ifndef SEQC_ANALYSIS_INTERLEAVED_H
#define SEQC_ANALYSIS_INTERLEAVED_H

#include "mlir/IR/Value.h"
#include <optional>

namespace seqc {

/// The two parts of a tensor [.., N, 2] in which one writes [.., N, 0] and the other [.., N, 1]
/// by two `tensor.insert_slice`: real and imaginary parts of complex numbers in memory.
struct Interleaved {
  mlir::Value even, odd;
};

/// The parts of `v`, or nothing if it is put together in another way.
std::optional<Interleaved> interleaved(mlir::Value v);

/// True for the first insertion of the two, which nothing else reads.
bool isFirstHalf(mlir::Operation *op);

/// True for either insertion.
bool isInterleaving(mlir::Operation *op);

/// True if `v` has `shape`, or two values of it take turns in `v`.
bool hasShapeInParts(mlir::Value v, llvm::ArrayRef<int64_t> shape);

} // namespace seqc

#endif // SEQC_ANALYSIS_INTERLEAVED_H
