//===- InvariantBox.h - Where the states of a step stay -------------------===//
#ifndef SEQC_ANALYSIS_INVARIANTBOX_H
#define SEQC_ANALYSIS_INVARIANTBOX_H

#include "seqc/Dialect/Seq/IR/Seq.h"
#include <optional>
#include <string>

namespace seqc {

/// An interval that one state does not leave, whatever the inputs are: the hull of [lo, hi] and of
/// all elements of the initial values of the states `initial`. [lo, hi] is empty if lo > hi. A
/// state that is not in its own `initial` lies in its box after the first step, wherever it
/// started.
///
/// This holds in real arithmetic, and for elements that are not NaN. Rounding can carry a state
/// out, by less than `boxMargin` times the greatest magnitude of the hull as long as a state
/// that is renewed by a part z of a value, z n + (1 - z) h, has a z of 2^-13 or more: there
/// what one step rounds away in the worst case, 1.5 * 2^-24 in f32, is what the step pulls back.
/// So a box may bound guesses of states, and never states.
struct InvariantBox {
  double lo = 0, hi = 0;
  llvm::SmallVector<unsigned> initial;
};

constexpr double boxMargin = 1.0 / 1024;

/// The box of each state of `op`, or nothing where none was found.
llvm::SmallVector<std::optional<InvariantBox>> findInvariantBoxes(seq::RecurrenceOp op);

/// For remarks: "`%h` stays in the hull of [-1, 1] and its initial value, `%c` has no box".
std::string describe(seq::RecurrenceOp op, llvm::ArrayRef<std::optional<InvariantBox>> boxes);

} // namespace seqc

#endif // SEQC_ANALYSIS_INVARIANTBOX_H
