//===- Versions.h - Versions of functions for other sizes -----------------===//
#ifndef SEQC_LIB_SCHEDULE_VERSIONS_H
#define SEQC_LIB_SCHEDULE_VERSIONS_H

#include "seqc/Schedule/ScheduleSpace.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <vector>

namespace seqc {

/// A recurrence whose plan was chosen by price, with the plans it was chosen from.
struct Choice {
  seq::RecurrenceOp op;
  std::vector<PlanOption> options;
};

/// A plan that a version of a function gives to one of its recurrences.
struct VersionNote {
  seq::RecurrenceOp op; ///< that of the function
  std::string where;    ///< "T < 256"
  std::string sample;   ///< "T = 32", for which prices are
  seq::ScheduleAttr schedule;
  Price price, usual; ///< of this plan, and of the function's own
};

/// Adds versions of `function`, whose recurrences of `choices` got the plans that are cheapest at
/// usual sizes: for more sequences, and for fewer and more steps than usual, where those sizes are
/// dynamic, nobody told them, and other plans save more than a tenth.
llvm::SmallVector<VersionNote> addVersions(mlir::func::FuncOp function,
                                           llvm::ArrayRef<Choice> choices, seq::TargetAttr target,
                                           const Assumptions &assumed);

/// Puts channels innermost in the recurrences of public functions without a schedule for which that
/// helps, if they have more than a few steps; with `versions`, functions whose steps nobody told
/// keep a version in the old order for a few steps.
void orderStates(mlir::ModuleOp module, const Assumptions &assumed, bool versions);

} // namespace seqc

#endif // SEQC_LIB_SCHEDULE_VERSIONS_H
