//===- Captures.h - What a region uses from outside -----------------------===//
#ifndef SEQC_DIALECT_SEQ_IR_CAPTURES_H
#define SEQC_DIALECT_SEQ_IR_CAPTURES_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/SetVector.h"

namespace seqc::seq {

/// Collects the ops outside of `region` that compute what it uses from there, each after those
/// that it needs, if they follow from constants alone: pure ops that use no
/// block argument. Returns the first value that does not, or null. Passes that gather constants
/// and equal ops make such values leave a region.
mlir::Value collectConstants(mlir::Region &region, llvm::SetVector<mlir::Operation *> &ops);

} // namespace seqc::seq

#endif // SEQC_DIALECT_SEQ_IR_CAPTURES_H
