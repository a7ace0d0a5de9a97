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
/// run; elements are not kept, but evaluated twice. What they read of each mode, weights and inputs
/// that channels share, the block reads once and keeps in shared memory. It takes some modes at
/// once, a round:
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
/// has warps are under way at once. Where rows are enough for all SMs, a block has all tiles of a
/// row, hands states on in shared memory, and tells others nothing.
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
  mlir::Value channel; ///< this thread's
  Shelf ends;          ///< states of all modes behind the tile before, where a block carries on

  /// A value in memory, one element of which all steps of a channel or all channels of a step read.
  struct Read {
    mlir::Value value;
    llvm::SmallVector<int> dims; ///< what each of its own is along
    bool overTime = false, ofChannels = false;
    Shelf kept = {};
    mlir::Type elementType() const { return mlir::getElementTypeOrSelf(value.getType()); }
  };
  /// What a dimension is along: one of the states, from 0 on, or one of these, the last of which is
  /// the first of the batch; its next ones go on downwards.
  static constexpr int alongNothing = -1, alongTime = -2, alongBatch = -3;
  llvm::SmallVector<Read> reads; ///< that shared memory keeps
  bool findsReads = false;
  int64_t modesKept = 1;    ///< whose inputs are kept at once
  mlir::Value firstKept;    ///< of these modes
  int64_t currentStep = -1; ///< of the run, where it is known

  void emitTile() override;
  void emitNothing() override;
  void setChannel(mlir::Value number) override;
  mlir::Value ofTotal(mlir::Value number) override;
  mlir::Value ofWarp(mlir::Value number) override;
  void shareMemory() override;
  mlir::Value carriesOn() override;
  void publishProduct(const Product &product) override;
  void publishStates(const Tuple &states) override;
  Tuple lookBack() override;
  int64_t bytesOfEnds();
  mlir::Value ofMode(mlir::Value number);
  int64_t slotsOfTile() const override { return modes; }
  mlir::Value slotInTile() override { return mode; }

  // --- what shared memory keeps (ScanModeReads.cpp) --------------------------------------------
  mlir::Value rearranged(mlir::Value v, const Index &idx) override;
  void findReads();
  void noteRead(mlir::Value v, const Index &idx);
  Idx indexAlong(int dim);
  Index indexOf(const Read &read);
  int64_t unitOfInput() const;
  mlir::Value placeOf(const Read &read);
  int64_t elementsOf(const Read &read) const;
  int64_t keepWeights();
  void keepInputs(int64_t bytes);
  bool readsInputs() const;
  void forThreads(int64_t count, llvm::function_ref<void(mlir::Value)> body);
  mlir::Value loadFromMemory(const Read &read);
  void loadWeights();
  void loadInputs();

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
  Tuple emitStage(const Tuple &sums);
  Tuple emitRound(mlir::Value first, mlir::Value left, const Tuple &sums);
  void storeOut(mlir::Value out, mlir::Value buffer);
  void storeSums(const Tuple &sums);
};

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_SCANMODETHREADS_H
