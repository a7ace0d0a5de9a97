//===- StepClass.h - What kind of function a step is ----------------------===//
#ifndef SEQC_ANALYSIS_STEPCLASS_H
#define SEQC_ANALYSIS_STEPCLASS_H

#include "seqc/Dialect/Seq/IR/Seq.h"
#include <string>

namespace seqc {

/// How a new state depends on an old one, from the least to the most.
enum class DependenceClass {
  None,
  /// new[i] = a[i] old[i] + …, a free of every state.
  AffineElementwise,
  /// The same, of states that mix at the same element only: m×m blocks of diagonals.
  AffineBlock,
  /// new = A old + …, A free of every state, mixing elements.
  AffineContraction,
  /// new[i] = f(old[i], …).
  NonlinearElementwise,
  NonlinearBlock,
  NonlinearDense
};

/// How new state `to` depends on old state `from`.
struct StateDependence {
  unsigned to = 0, from = 0;
  DependenceClass kind = DependenceClass::None;
  /// Of a block: its states, 2 or more; else 1.
  unsigned block = 1;
  /// The op that breaks affinity, or null.
  mlir::Operation *breaker = nullptr;
};

/// The class of a step: all pairs of states, and the greatest of their classes.
struct StepClass {
  llvm::SmallVector<StateDependence> pairs;
  DependenceClass overall = DependenceClass::None;
  /// Of the greatest block of class `overall`; else 1.
  unsigned block = 1;
};

/// The name that state number `state` prints with, e.g. "%h", or "state #1".
std::string nameOfState(seq::RecurrenceOp op, unsigned state);

/// Name as the documents spell it, e.g. "affine-elementwise", "affine-block(2)".
std::string stringify(DependenceClass c, unsigned block = 1);

/// Classifies the step of `op` by what its ops do to values that depend on the
/// states; ops that the analysis does not know count as nonlinear and dense.
StepClass classifyStep(seq::RecurrenceOp op);

/// One sentence without a full stop: "affine and elementwise in every state", "affine in every
/// state, mixing 2 states at the same element", or "not affine in `%h`: `math.tanh` at
/// cell.mlir:12:10 is applied to a value that depends on `%h`".
std::string describe(seq::RecurrenceOp op, const StepClass &step);

} // namespace seqc

#endif // SEQC_ANALYSIS_STEPCLASS_H
