//===- Streaming.h - Which functions have a step form ---------------------===//
#ifndef SEQC_ANALYSIS_STREAMING_H
#define SEQC_ANALYSIS_STREAMING_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "seqc/Analysis/DimSymbols.h"
#include <optional>
#include <string>

namespace seqc {

/// A state of a function: what a stream keeps between calls.
struct StreamState {
  /// The use as an initial value, in a recurrence or delay outside of any step.
  /// Null for a value that a stream keeps unchanged (an initial value that
  /// resets restore).
  mlir::OpOperand *initial = nullptr;
  /// The value of the state after the last step.
  mlir::Value final;
  /// Position of the argument that is this state, or -1: hidden.
  int32_t argument = -1;
  /// Position of the result that is the final state, or -1: hidden.
  int32_t result = -1;
};

/// What streaming a function would take.
struct Streaming {
  /// States in the order of the ops that own them.
  llvm::SmallVector<StreamState> states;
  /// Class (of DimSymbols) of the number of steps.
  std::optional<unsigned> time;
  /// Why there is no step form, one sentence without a full stop; empty when
  /// there is one.
  std::string obstacle;
  bool streams() const { return obstacle.empty(); }
};

/// The position of the function argument behind `value`, seen through casts, or
/// -1.
int32_t argumentBehind(mlir::Value value);

/// True if the argument is a state: marked `seqc.state`, or used only as
/// initial values.
bool isStateArgument(mlir::func::FuncOp function, unsigned argument);

/// Finds the states of `function` and whether everything outside of its
/// recurrences is independent along time, so that any split of the sequences
/// over calls gives the same values. A function streams if it has one time
/// axis, no `reverse`, and no op outside of the recurrences that mixes time
/// steps, reads their number or feeds a final state back.
Streaming analyzeStreaming(mlir::func::FuncOp function, DimSymbols &symbols);

} // namespace seqc

#endif // SEQC_ANALYSIS_STREAMING_H
