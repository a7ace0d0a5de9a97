// Plan `scan` on a GPU where outs add up some modes of each channel.
#ifndef SEQC_LIB_CONVERSION_SCANMODETHREADS_H
#define SEQC_LIB_CONVERSION_SCANMODETHREADS_H

#include "ScanThreads.h"
#include "seqc/Analysis/ScanModes.h"

namespace seqc {

/// Lowers one recurrence in scan form whose outs are sums over modes (ScanModes.h) for a GPU.
///
/// A thread has a run of one channel, as in ScanThreads, and goes through its modes one after the
/// other. What all modes share, inputs and the sums so far, stays in registers for the steps of the
/// run; elements are not kept, but evaluated twice. A block takes some modes at once, a round:
///
///   shared values ← loaded
///   sums ← what they begin with
///   for each round:
///     for each mode: product of the run, those before each run's end    → shared memory
///     warp w, for the round's mode w: publishes, looks back, folds, as ScanThreads' first warp
///     does for each mode: states ← from what precedes the run, step by step; sums ← one term more
///   outs ← of the sums
///
/// So sums are in the order of modes, each mode has its words, and as many look-backs as a block
/// has warps are under way at once.
class ScanModeThreads : public ScanThreads {
public:
  ScanModeThreads(Group group, ScanModes modes);
  /// Null, or what keeps the recurrence from being lowered here.
  static mlir::Operation *firstObstacle(seq::RecurrenceOp op);

private:
  ScanModes form;
  int64_t modes;
  int64_t together = 1; ///< modes of a round
  /// For each sum an op for its elements: the sum so far and one term.
  llvm::SmallVector<mlir::linalg::GenericOp> terms;
  mlir::Value mode;        ///< the current one
  mlir::Value modeOfRound; ///< its number in the round
  mlir::Value runCount;    ///< steps of the run
  /// Of each step: the shared values.
  llvm::SmallVector<Tuple> shared;

  void emitTile() override;
  void emitNothing() override;
  void setChannel(mlir::Value channel) override;
  mlir::Value ofTotal(mlir::Value number) override;
  mlir::Value ofWarp(mlir::Value number) override;
  void shareMemory(llvm::ArrayRef<mlir::Type> products, llvm::ArrayRef<mlir::Type> states) override;
  int64_t slotsOfTile() const override { return modes; }
  mlir::Value slotInTile() override { return mode; }

  void makeTerms();
  void setIndices(mlir::Value number, bool ofModes);
  void setMode(mlir::Value number, mlir::Value inRound);
  Index sharedIndex(mlir::OpOperand &operand);
  Index sumIndex();
  Index outIndex(mlir::Value out);
  Tuple atStep(int64_t step, llvm::function_ref<Tuple()> yes, llvm::function_ref<Tuple()> no = {});
  void loadShared();
  mlir::Value inRun(int64_t step) override;
  void countRun();
  mlir::Value placeOfRun(mlir::Value run);
  void forEach(mlir::Value count, llvm::function_ref<void(mlir::Value)> body);
  Element elementOf(int64_t step);
  void storeProduct();
  Tuple addTerms(int64_t step, const Tuple &old, const Tuple &next, const Tuple &sums);
  Tuple addMode(const Tuple &sums);
  Tuple emitRound(mlir::Value first, const Tuple &sums);
  void storeOut(mlir::Value out, mlir::Value buffer);
  void storeSums(const Tuple &sums);
};

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_SCANMODETHREADS_H
