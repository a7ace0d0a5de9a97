//===- FormScan.h - A step as an associative operation --------------------===//
#ifndef SEQC_DIALECT_SEQ_TRANSFORMS_FORMSCAN_H
#define SEQC_DIALECT_SEQ_TRANSFORMS_FORMSCAN_H

#include "seqc/Dialect/Seq/IR/Seq.h"
#include <string>

namespace seqc {

/// What became of a step: its scan form, or the reason why there is none.
struct ScanFormed {
  seq::RecurrenceOp op;  ///< replaces the given one; null if it is no scan
  std::string kind;      ///< what was proved: "affine, element by element", "max", …
  std::string refusal;   ///< one sentence without a full stop
};

/// Rewrites `op` so that its next states are one seq.combine of its states with values that are
/// free of them; products of coefficients become further states. What is left of `op` otherwise is
/// its step in another spelling.
ScanFormed formScan(seq::RecurrenceOp op);

/// The same on a copy next to `op`, which stays as it is; discardCopy() removes it.
ScanFormed formCopy(seq::RecurrenceOp op);
void discardCopy(ScanFormed &formed);

/// Replaces every seq.combine of `op`'s step by its rule.
void inlineCombines(seq::RecurrenceOp op);

} // namespace seqc

#endif // SEQC_DIALECT_SEQ_TRANSFORMS_FORMSCAN_H
