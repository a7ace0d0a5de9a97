//===- Explain.h - What the compiler tells about its decisions ------------===//
#ifndef SEQC_LIB_DRIVER_EXPLAIN_H
#define SEQC_LIB_DRIVER_EXPLAIN_H

#include "mlir/IR/BuiltinOps.h"
#include "seqc/Dialect/Seq/IR/Seq.h"
#include "seqc/Support/Diagnostics.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <utility>
#include <vector>

namespace seqc {

/// One remark of the compiler: `category` without "seqc." ("step", "plan", …),
/// what it is about, sentences, and facts as key and value.
struct Explanation {
  SourcePlace place;
  std::string function, category, name, kind;
  std::vector<std::string> sentences;
  std::vector<std::pair<std::string, std::string>> facts;
};

/// Sends the remarks of the categories `seqc.*` of `context` to `explanations`,
/// which must live as long as the context. False if the context refuses.
bool collectExplanations(mlir::MLIRContext &context, std::vector<Explanation> &explanations);

/// One readable block per place, in the order of the file.
void printExplanations(llvm::raw_ostream &os, llvm::ArrayRef<Explanation> explanations);
/// One JSON object: `schema` (1) and `remarks`.
void printExplanationsJSON(llvm::raw_ostream &os, llvm::ArrayRef<Explanation> explanations);

/// Tells the plan of each recurrence, from the schedules in the module.
class PlanExplainer {
public:
  /// `asked` is the value of `--schedule`.
  explicit PlanExplainer(std::string asked) : asked(std::move(asked)) {}
  /// Remembers which schedules were there before stage `scheduled`.
  void noteGiven(mlir::ModuleOp module);
  /// Emits one remark `seqc.plan` for each recurrence with a schedule.
  void explain(mlir::ModuleOp module) const;

private:
  std::string getReason(mlir::Operation *op, seq::Plan plan) const;

  std::string asked;
  llvm::DenseSet<mlir::Location> given;
};

} // namespace seqc

#endif // SEQC_LIB_DRIVER_EXPLAIN_H
