//===- ExpandAffine.h - seq.affine_recurrence as seq.recurrence -----------===//
#ifndef SEQC_LIB_DIALECT_SEQ_TRANSFORMS_EXPANDAFFINE_H
#define SEQC_LIB_DIALECT_SEQ_TRANSFORMS_EXPANDAFFINE_H

#include "seqc/Dialect/Seq/IR/Seq.h"

#include "mlir/Dialect/Complex/IR/Complex.h"

namespace seqc {

/// Replaces `op` by a `seq.recurrence` with the same operands, `resets`
/// included, and erases it.
void expandAffine(seq::AffineRecurrenceOp op);

} // namespace seqc

#endif // SEQC_LIB_DIALECT_SEQ_TRANSFORMS_EXPANDAFFINE_H
