//===- ScheduleSpace.h - Which plans are legal, and what each costs -------===//
#ifndef SEQC_SCHEDULE_SCHEDULESPACE_H
#define SEQC_SCHEDULE_SCHEDULESPACE_H

#include "seqc/Schedule/CostModel.h"
#include "llvm/ADT/StringMap.h"
#include <optional>
#include <string>

namespace seqc {

/// Usual sizes by the names in seqc.dims, and the threads that plans are made for.
struct Assumptions {
  llvm::StringMap<int64_t> sizes;
  int64_t threads = 1;
  /// Only plans whose steps give the bits of the whole sequence.
  bool exact = false;
  /// What plans that guess states guarantee at least.
  seq::Certificate certificate = seq::Certificate::Bitwise;
  /// Instead of all that: what if these were the usual sizes.
  std::optional<UsualSizes> usual;
};

/// The usual sizes of `op`: static, assumed by name, or guessed.
UsualSizes usualSizes(seq::RecurrenceOp op, const Assumptions &assumed);

/// A plan for one recurrence: legal, with its numbers and its price, or not, with the reason.
struct PlanOption {
  seq::Plan plan;
  std::string refusal; ///< one sentence without a full stop; empty if legal
  seq::ScheduleAttr schedule;
  Price price;
  ScanProof proof; ///< of plan `scan`
  /// Of plans `segments` and `newton`: states that start apart come to be the same bits, as far as
  /// is known. Those of a scan need not: sums and maxima never forget.
  bool forgets = true;
  bool isLegal() const { return refusal.empty(); }
};

/// All plans that seqc has but `reference`, which is never chosen unasked. Does not change `op`.
llvm::SmallVector<PlanOption, 4> scheduleSpace(seq::RecurrenceOp op, seq::TargetAttr target,
                                               const Assumptions &assumed);

/// `options`, made by scheduleSpace for `op`, as they are where `assumed` says something else.
llvm::SmallVector<PlanOption, 4> pricedAnew(llvm::ArrayRef<PlanOption> options,
                                            seq::RecurrenceOp op, seq::TargetAttr target,
                                            const Assumptions &assumed);

/// Plan `scan` alone, without its price; in vectors of `vectorBits`, or, if 0, of the target.
PlanOption scanOption(seq::RecurrenceOp op, seq::TargetAttr target, const Assumptions &assumed,
                      int64_t vectorBits = 0);

/// Why plan `fused` on a GPU cannot be kernels for each step of `op`, one sentence without a full
/// stop, or empty.
std::string whyNotEachStep(seq::RecurrenceOp op);

/// Plan `segments` alone, without its price.
PlanOption segmentsOption(seq::RecurrenceOp op, seq::TargetAttr target, const Assumptions &assumed);

/// Plan `newton` alone, without its price, where `segments` is that option for `op`.
PlanOption newtonOption(seq::RecurrenceOp op, PlanOption segments);

/// The cheapest legal one that cannot be much slower than `fused`, the first, which is always
/// legal.
const PlanOption &cheapest(llvm::ArrayRef<PlanOption> options);

} // namespace seqc

#endif // SEQC_SCHEDULE_SCHEDULESPACE_H
