// What generated code counts of its own work, for the caller's seqc_stats.
#ifndef SEQC_LIB_CONVERSION_CALLSTATS_H
#define SEQC_LIB_CONVERSION_CALLSTATS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace seqc {

/// The numbers of a seqc_stats (seqc-c/seqc_abi.h), in its order.
enum class Stat { Sequences, Steps, Evaluated, Passes, Repaired, Jumps, OneByOne };

/// Rows of these numbers in memory, for tasks side by side.
class CallStats {
public:
  CallStats(mlir::OpBuilder &b, mlir::Location loc) : b(b), loc(loc) {}
  /// Memory for `rows` rows, all 0.
  void allocate(mlir::Value rows);
  /// Adds `amount`, an index, to a number of row `row`.
  void add(mlir::Value row, Stat stat, mlir::Value amount);
  /// Hands all rows to the runtime, at the end of `function`'s work.
  void report(mlir::func::FuncOp function);

private:
  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::Value buffer, rows;
};

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_CALLSTATS_H
