//===- ScanForm.h - Proof that a step is a scan, and its parts ------------===//
#ifndef SEQC_ANALYSIS_SCANFORM_H
#define SEQC_ANALYSIS_SCANFORM_H

#include "seqc/Analysis/StepExpr.h"
#include <memory>
#include <string>

namespace seqc {

/// Scalar operations of one combination, per element of the state.
struct ScanCost {
  /// Additions, subtractions, comparisons, minima and maxima are `adds`; `logs` are log1p as well.
  unsigned adds = 0, muls = 0, divs = 0, exps = 0, logs = 0, selects = 0;
};

/// What is known of a step as a scan. Without `ok`, `refusal` says why in one sentence without a
/// full stop, and `place` is the op that the sentence names.
struct ScanProof {
  bool ok = false;
  /// What it was proved to be, also where `ok` is false because of its shapes: "affine
  /// elementwise", "affine 2x2 block", "max-plus", "softmax with decay", "declared", …
  std::string className;
  /// Tensors in one element of the scan: the states and what was added to them.
  unsigned components = 0;
  /// Sizes of which all states, and outs where they are larger, have the leading ones.
  llvm::SmallVector<int64_t> shape;
  ScanCost cost;
  std::string refusal;
  std::optional<mlir::Location> place;
};

/// A proved step, as expressions. The components are the states, in order, and then the added ones.
struct ScanForm {
  std::string className;
  std::shared_ptr<StepExprs> exprs;
  /// The element of each component, free of the states.
  llvm::SmallVector<const Expr *> lifted;
  /// Value of the combination, of Earlier(i) and Later(i).
  llvm::SmallVector<const Expr *> combined;
  /// Initial values of the added components.
  llvm::SmallVector<double> initial;
  /// For each component that is a coefficient of an affine step, the size of its block; -1 for a
  /// running product; else 0.
  llvm::SmallVector<int64_t> factors;
  /// The last components are what rounding took from the coefficients of one step (addLowParts):
  /// of these components.
  llvm::SmallVector<int64_t> lows;
  /// Of a declared combination that starts over where `flag` is set: what each state is then.
  /// Nothing else is set but `exprs`.
  const Expr *flag = nullptr;
  llvm::SmallVector<const Expr *> restart;
};

/// True if a tensor of sizes `shape` has one element for each index that an index into `whole`
/// begins with: its sizes are the leading ones of `whole`, the others are 1 or missing.
bool hasLeadingSizes(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> whole);

/// Channels of `shape` that lie side by side in a vector of `lanes`: all, if there are that few, or
/// the most that divide them evenly and fill more than half; 0 where no number does.
int64_t channelsOfVector(llvm::ArrayRef<int64_t> shape, int64_t lanes);

/// "sizes [2, 3]".
std::string describeSizes(llvm::ArrayRef<int64_t> shape);

/// Proves, without changing anything, that the next states are an associative combination of the
/// states with values that do not depend on them.
ScanProof proveScan(seq::RecurrenceOp op);

/// The parts of a step that proveScan accepts, except where its combination is declared and has
/// no flag.
std::optional<ScanForm> analyzeScan(seq::RecurrenceOp op, ScanProof &proof);

/// Adds a component for each f32 coefficient that is a rounded sum or product, with what the
/// rounding took from it. The later element's value stands: only its own steps read it.
void addLowParts(ScanForm &form);

/// The `seq.combine` of a step whose class is "declared".
seq::CombineOp declaredCombine(seq::RecurrenceOp op);

} // namespace seqc

#endif // SEQC_ANALYSIS_SCANFORM_H
