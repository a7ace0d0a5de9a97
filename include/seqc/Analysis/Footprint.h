//===- Footprint.h - The least bytes that a recurrence must move ----------===//
#ifndef SEQC_ANALYSIS_FOOTPRINT_H
#define SEQC_ANALYSIS_FOOTPRINT_H

#include "seqc/Analysis/DimSymbols.h"
#include "seqc/Dialect/Seq/IR/Seq.h"
#include <optional>
#include <string>

namespace seqc {

/// Bytes that evaluating a recurrence must read or write if every input is read
/// once and every output written once:
///   B·T·perStep + T·perSharedStep + B·perSequence + once,   B the product of
///   the batch sizes.
struct Footprint {
  int64_t perStep = 0;
  int64_t perSharedStep = 0;
  int64_t perSequence = 0;
  int64_t once = 0;
};

/// The footprint of `op`, or nothing if a size of its step is dynamic.
std::optional<Footprint> footprint(seq::RecurrenceOp op);

/// The formula with the names that `symbols` knows, e.g. "B·T·2048 + B·1024 +
/// 262144"; sizes without a name are called "batch" and "steps".
std::string describe(seq::RecurrenceOp op, const Footprint &footprint, DimSymbols &symbols);

} // namespace seqc

#endif // SEQC_ANALYSIS_FOOTPRINT_H
