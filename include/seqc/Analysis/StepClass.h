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
  /// new = A old + …, A free of every state, mixing elements.
  AffineContraction,
  /// new[i] = f(old[i], …).
  NonlinearElementwise,
  NonlinearDense
};

/// Name as the documents spell it, e.g. "affine-elementwise".
llvm::StringRef stringify(DependenceClass c);

/// How new state `to` depends on old state `from`.
struct StateDependence {
  unsigned to = 0, from = 0;
  DependenceClass kind = DependenceClass::None;
  /// The op that breaks affinity, or null.
  mlir::Operation *breaker = nullptr;
};

/// The class of a step: all pairs of states, and the greatest of their classes.
struct StepClass {
  llvm::SmallVector<StateDependence> pairs;
  DependenceClass overall = DependenceClass::None;
};

/// Classifies the step of `op` by what its ops do to values that depend on the
/// states; ops that the analysis does not know count as nonlinear and dense.
StepClass classifyStep(seq::RecurrenceOp op);

/// One sentence without a full stop: "affine and elementwise in every state",
/// or "not affine in
/// `%h`: `math.tanh` at cell.mlir:12:10 is applied to a value that depends on
/// `%h`".
std::string describe(seq::RecurrenceOp op, const StepClass &step);

} // namespace seqc

#endif // SEQC_ANALYSIS_STEPCLASS_H
