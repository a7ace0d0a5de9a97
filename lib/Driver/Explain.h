//===- Explain.h - What the compiler tells about its decisions ------------===//
#ifndef SEQC_LIB_DRIVER_EXPLAIN_H
#define SEQC_LIB_DRIVER_EXPLAIN_H

#include "mlir/IR/BuiltinOps.h"
#include "seqc/Dialect/Seq/IR/Seq.h"
#include "seqc/Support/Diagnostics.h"
#include "seqc/Support/KernelFacts.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <utility>
#include <vector>

namespace seqc {

/// One remark of the compiler: `category` without "seqc." ("step", "plan", …; with "gpu." before it
/// where a library is compiled for GPUs after a CPU), what it is about, sentences, and facts as key
/// and value.
struct Explanation {
  SourcePlace place;
  std::string function, category, name, kind;
  std::vector<std::string> sentences;
  std::vector<std::pair<std::string, std::string>> facts;
};

/// What is told of a kernel, which was made of work at `place`. `sizes` are those of --assume.
Explanation explainKernel(const KernelFacts &kernel, SourcePlace place,
                          const std::map<std::string, int64_t> &sizes);

/// Sends the remarks of the categories `seqc.*` of `context` to `explanations`,
/// which must live as long as the context, as must `forKernels`, which says whether the compiler is
/// at the kernels of a library. False if the context refuses.
bool collectExplanations(mlir::MLIRContext &context, std::vector<Explanation> &explanations,
                         const bool &forKernels);

/// One line per place: the plan and why, what was proved of the step.
void printExplanationLines(llvm::raw_ostream &os, llvm::ArrayRef<Explanation> explanations);
/// One readable block per place, in the order of the file.
void printExplanations(llvm::raw_ostream &os, llvm::ArrayRef<Explanation> explanations);
/// One JSON object: `schema` (1) and `remarks`.
void printExplanationsJSON(llvm::raw_ostream &os, llvm::ArrayRef<Explanation> explanations);

} // namespace seqc

#endif // SEQC_LIB_DRIVER_EXPLAIN_H
