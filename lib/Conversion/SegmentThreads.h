// Plans `segments` and `newton` on a GPU: a thread evaluates one segment of one channel.
#ifndef SEQC_LIB_CONVERSION_SEGMENTTHREADS_H
#define SEQC_LIB_CONVERSION_SEGMENTTHREADS_H

#include "BlockThreads.h"
#include "RunLanes.h"
#include "SegmentStep.h"

namespace seqc {

/// Lowers one recurrence whose channels are independent, with the bits of plan `fused`.
///
/// Time is cut in blocks of `blockSteps` steps, and the blocks in segments of `blocksOfSegment`,
/// of which the last may have fewer. Each channel of each sequence has a certificate of its own:
/// its segments are threads, neighbours in a warp are neighbours in memory. The host starts these
/// kernels, whatever the values are; what has nothing to do returns.
///
///   first:   every segment from its start (a guess; the first one from the initial state):
///            outs, the carry at each block's end, and what it offers the next one as its start
///   repair:  every segment that is offered another start than it used begins anew from that one,
///            until its carry is what stood there; it offers its end to the next one
///   Newton:  twice a pass: derivatives along all segments, then better offers. Only for channels
///            of which many ends changed in the first repair
///   repairs: some more
///   rest:    a thread for each channel: if ends changed in the last repair, one segment after the
///            other, skipping what is right. Then the last steps, fewer than a block
///
/// An *offer* is what a repair takes as a segment's start, never a result. What stands in memory
/// between two kernels is consistent: outs and carries of a segment follow from the start it used.
/// So once each segment used the end of the one before it, all of it is the sequential evaluation.
///
/// Offers and notes of changes are read and written in turns, in two copies, so that no kernel
/// reads what another thread of it writes.
class SegmentThreads : SegmentStep {
public:
  SegmentThreads(Group group, Weakness weakness);
  /// True if the recurrence can be lowered here; else nothing has changed.
  bool canRun();
  /// Replaces the group's ops by parallel loops.
  void run();

private:
  int64_t allChannels;     ///< of a state
  int64_t blocksOfSegment; ///< at most
  int64_t runSteps;        ///< steps whose elements a thread has in registers at once
  ScanShape shape;         ///< of a warp: channels side by side, and segments
  RunLanes lanes;

  // Of all kernels.
  mlir::Value sequences, blocks, segments, warpsOfRow;
  Shelf starts, points; ///< what segments used, and carries at blocks' ends
  Shelf offers[2];      ///< to each segment
  Shelf slopes, moves;  ///< of Newton's method, of each segment: J and v
  Shelf startMoves;     ///< of plan `newton`: what starts move by,
  Shelf trajectory;     ///< and the states of all steps
  /// Of each channel of each sequence, i32. Round: the number of the repair that reads offers of
  /// this copy. Changed: the last one before which ends changed. Slow: how many did in first ones.
  /// Moving: Newton's method goes on. Passing: in this pass.
  mlir::Value round[2], changed[2], slow, moving, passing;

  // Of a thread.
  mlir::Value sequence, channel, segment, warpFirst;
  mlir::Value isChannel; ///< its channel exists
  mlir::Value exists;    ///< so does its segment
  mlir::Value length;    ///< of the segment, in blocks
  mlir::Value inOrder;   ///< number of its channel among those of all sequences

  void allocate();

  // --- places ------------------------------------------------------------------------------
  void setChannel(mlir::Value sequenceNumber, mlir::Value channelNumber, bool derivative);
  mlir::Value firstBlock(mlir::Value ofSegment);
  mlir::Value lengthOf(mlir::Value ofSegment);
  llvm::SmallVector<mlir::Value> at(mlir::Value ofSegment);
  llvm::SmallVector<mlir::Value> pointAt(mlir::Value ofSegment, mlir::Value block);
  llvm::SmallVector<mlir::Value> stepAt(mlir::Value block, mlir::Value inBlock);
  mlir::Value hasNext();
  Tuple getIf(mlir::Value condition, const Shelf &shelf, llvm::ArrayRef<mlir::Value> place);

  // --- words of a channel --------------------------------------------------------------------
  mlir::Value number(int64_t v);
  mlir::Value word(mlir::Value words);
  mlir::Value isSet(mlir::Value words);
  void setWord(mlir::Value words, mlir::Value v);

  // --- runs of steps -------------------------------------------------------------------------
  std::pair<mlir::Value, mlir::Value> elementOf(int64_t row);
  void goTo(mlir::Value run, mlir::Value block, mlir::Value part, mlir::Value inRun);
  llvm::SmallVector<Tuple> loadRun(mlir::Value block, mlir::Value part);
  void storeRun(mlir::Value block, mlir::Value part, mlir::Value works,
                llvm::MutableArrayRef<Tuple> rows);
  using InStep = llvm::function_ref<Tuple(mlir::Value, const Tuple &)>;
  Tuple forSteps(mlir::Value block, const Tuple &carry, mlir::Value stores, InStep step);
  using InBlock =
      llvm::function_ref<std::pair<mlir::Value, Tuple>(mlir::Value, mlir::Value, const Tuple &)>;
  Tuple forBlocks(mlir::Value works, const Tuple &carry, InBlock body);
  mlir::Value goesOn(mlir::Value works, mlir::Value block);
  using OfSegment = llvm::function_ref<Tuple(mlir::Value, mlir::Value, mlir::Value, const Tuple &)>;
  Tuple forAllSteps(mlir::Value works, const Tuple &init, OfSegment step);
  Tuple evaluateBlock(mlir::Value block, mlir::Value works, const Tuple &carry);

  // --- kernels -----------------------------------------------------------------------------
  /// A thread for each segment of each channel; for a step with its `derivative`, or without.
  void forAllSegments(bool derivative, llvm::function_ref<void()> body);
  /// A thread, or a warp, for each channel.
  void forAllChannels(bool asWarps, bool derivative, llvm::function_ref<void()> body);
  void repeat(int64_t count, llvm::function_ref<void()> body);
  Tuple guess();
  void emitFirst();
  void emitRepair(int64_t copy);
  std::pair<mlir::Value, Tuple> repairBlock(mlir::Value block, mlir::Value works,
                                            const Tuple &carry);
  Tuple endOf(mlir::Value ofSegment);
  void emitRest();
  Tuple emitAnew(mlir::Value ofSegment, const Tuple &carry);

  // --- Newton's method ---------------------------------------------------------------------
  mlir::Value isLong(const Tuple &move);
  Tuple moveOf(const Tuple &v, const Tuple &slope, const Tuple &d);
  void emitMoves(mlir::Value works, mlir::Value &anyLong,
                 llvm::function_ref<void(mlir::Value, const Tuple &)> use);
  Tuple movesBefore(mlir::Value lane, Tuple own);
  mlir::Value isSlow();
  void emitDerivatives();
  Tuple startOffered(mlir::Value works);
  void emitOffers();
  void setMoving(mlir::Value works, mlir::Value again);

  // --- Newton's method for all steps -------------------------------------------------------
  void beginTrajectory();
  Tuple oldStates(mlir::Value works, mlir::Value block, mlir::Value inBlock);
  void emitResiduals();
  void emitTrajectoryPass();
  void emitNewStates();
  Tuple moveStep(mlir::Value works, mlir::Value block, mlir::Value inBlock, const Tuple &now);
};

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_SEGMENTTHREADS_H
