//===- TimeFlow.h - How values depend on time, outside of recurrences -----===//
#ifndef SEQC_LIB_ANALYSIS_TIMEFLOW_H
#define SEQC_LIB_ANALYSIS_TIMEFLOW_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "seqc/Analysis/DimSymbols.h"
#include "seqc/Analysis/Place.h"
#include <string>

namespace seqc {

/// Forward dataflow over the top-level ops of a function: each value is uniform
/// in time, a sequence with its time axis, the number of steps, or known only
/// after the last step.
class TimeFlow {
public:
  enum class Kind { Uniform, Sequence, StepCount, AfterLast };
  struct Info {
    Kind kind = Kind::Uniform;
    int64_t axis = -1;
  };

  /// `time` is the class of the number of steps.
  TimeFlow(DimSymbols &symbols, unsigned time) : symbols(symbols), time(time) {}

  /// Runs over `function`; returns the reason why it mixes time steps, or an
  /// empty string.
  std::string run(mlir::func::FuncOp function);

private:
  Info of(mlir::Value v) { return infos.lookup(v); }
  /// Position of the one dimension of `v` whose size is the number of steps; -1
  /// if there is none, -2 if there are several.
  int64_t timeAxis(mlir::Value v);
  std::string visit(mlir::Operation *op);
  std::string visitLinalg(mlir::Operation *op);
  std::string visitElementwise(mlir::Operation *op);
  std::string visitSlice(mlir::Operation *op);
  std::string visitShape(mlir::Operation *op);
  std::string visitConcat(mlir::Operation *op);
  std::string visitRecurrence(mlir::Operation *op);
  std::string visitDelay(mlir::Operation *op);
  std::string visitOther(mlir::Operation *op);
  std::string expectUniform(mlir::Operation *op, mlir::ValueRange values, llvm::StringRef what);
  std::string expectSequence(mlir::Operation *op, mlir::Value v, int64_t axis);
  void setSequence(mlir::Value v, int64_t axis) { infos[v] = {Kind::Sequence, axis}; }

  DimSymbols &symbols;
  unsigned time;
  llvm::DenseMap<mlir::Value, Info> infos;
};

} // namespace seqc

#endif // SEQC_LIB_ANALYSIS_TIMEFLOW_H
