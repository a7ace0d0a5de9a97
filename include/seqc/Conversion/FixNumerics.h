//===- FixNumerics.h - One arithmetic for every plan ----------------------===//
//
// The parts of the pass `seq-fix-numerics` (declared in Passes.td), in the
// order in which it runs them. The rule for fused multiply-adds:
//
//   addf(mulf(a, b), c)  ->  fma(a, b, c)
//   addf(c, mulf(a, b))  ->  fma(a, b, c)
//   subf(mulf(a, b), c)  ->  fma(a, b, -c)
//   subf(c, mulf(a, b))  ->  fma(-a, b, c)
//
// where the mulf has no other use, stands in the same block, and all is f32 or
// f64; if both sides are such a mulf, the left one is taken. A sum with
// the constant 0 stays. Ops are visited in program order.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_CONVERSION_FIXNUMERICS_H
#define SEQC_CONVERSION_FIXNUMERICS_H

#include "mlir/IR/Operation.h"
#include "mlir/Support/LogicalResult.h"
#include "seqc/Conversion/ExpandMath.h"

namespace seqc {

/// Makes `linalg.generic` of elementwise ops on tensors and of named linalg ops
/// (fills stay), and fuses an all-parallel generic into the only op that reads
/// its result when that op is all-parallel too, in the same block, and reads
/// each element once. Fails on greedy non-convergence.
mlir::LogicalResult fuseElementwise(mlir::Operation *root);

/// Replaces, on scalars and vectors, 1/(1+exp(-x)), y/(1+exp(-x)) and
/// log(1+exp(x)) in their usual spellings, and every op with `isExpanded`.
void expandFunctions(mlir::Operation *root, const ExpandMathOptions &options);

/// Applies the rule above to scalars and vectors.
void formFusedMultiplyAdds(mlir::Operation *root);

/// Computes float arithmetic on bf16 and f16 scalars and vectors in f32, each
/// op rounded to its own type, and expands extf and truncf between bf16 and f32
/// to integer arithmetic that keeps denormals and rounds to nearest even.
void widenNarrowFloats(mlir::Operation *root);

/// Removes fast-math flags and replaces min and max by compare and select where
/// that is exact.
void fixComparisons(mlir::Operation *root);

} // namespace seqc

#endif // SEQC_CONVERSION_FIXNUMERICS_H
