// Runs of steps in the lanes of a warp of a GPU.
#ifndef SEQC_LIB_CONVERSION_RUNLANES_H
#define SEQC_LIB_CONVERSION_RUNLANES_H

#include "mlir/IR/Builders.h"
#include "llvm/ADT/SmallVector.h"

namespace seqc {

/// A unit of a warp's lanes has `width` channels side by side, and a warp `runs` units, a power of
/// two. A *run* is `runSteps` steps of all channels, also a power of two.
///
/// A warp loads its runs as rows of `runs` elements that lie side by side in memory: unit u of row
/// i has element i · runs + u, and the elements of a run are consecutive. An exchange between lanes
/// gives each unit all elements of one run. The bits of an element's number are those of the row
/// above those of the unit; an exchange swaps bits of the unit with as many of the row, until the
/// low bits are the row's.
class RunLanes {
public:
  using Tuple = llvm::SmallVector<mlir::Value>;

  RunLanes(mlir::OpBuilder &b, mlir::Location loc, int64_t width, int64_t runs, int64_t runSteps)
      : b(b), loc(loc), width(width), runs(runs), runSteps(runSteps) {}

  /// Of this thread: the warp in its block, the unit, and the channel's place in the unit. Lanes
  /// behind the last unit do as the last lane does; `isOwn` is false for them.
  mlir::Value warp, unit, place, isOwn;

  /// Sets these for `thread` of a block. The functions below need them.
  void enter(mlir::Value thread);

  /// The row that has step `step` of the run after an exchange.
  int64_t rowOfStep(int64_t step) const;
  /// The run that a unit has after an exchange, and the opposite.
  mlir::Value runOfUnit(mlir::Value unit);
  mlir::Value unitOfRun(mlir::Value run);
  /// The lane of this thread's channel in a unit, as an i32.
  mlir::Value laneOf(mlir::Value unit);
  /// Rows of elements become rows of runs, and the other way round: `ofRuns`, where each lane has
  /// what belongs to its own run. All lanes take part.
  void exchange(llvm::MutableArrayRef<Tuple> tuples, bool ofRuns = false);

private:
  mlir::OpBuilder &b;
  mlir::Location loc;
  int64_t width, runs, runSteps;

  mlir::Value number(int64_t v);
  mlir::Value timesPlus(mlir::Value a, int64_t factor, mlir::Value c);
};

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_RUNLANES_H
