//===- ComputeAhead.h - What a strip of time needs before its steps -------===//
#ifndef SEQC_LIB_CONVERSION_COMPUTEAHEAD_H
#define SEQC_LIB_CONVERSION_COMPUTEAHEAD_H

#include "seqc/Dialect/Seq/IR/Seq.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace seqc {

/// On an op in front of a recurrence: its results are kept for a strip of time.
inline constexpr llvm::StringLiteral aheadAttr = "seqc.ahead";

/// Moves long computations of `op`'s step that need no state, one value for each channel, in front
/// of it, so that those of a strip of time are done side by side: within a step of many vectors
/// each would be waited for. Bits stay: numerics are fixed already.
void computeAhead(seq::RecurrenceOp op);

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_COMPUTEAHEAD_H
