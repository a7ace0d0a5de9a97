// Plan `segments`: stretches of time side by side, each from a guess, until their ends meet.
#ifndef SEQC_LIB_CONVERSION_SEGMENTEMITTER_H
#define SEQC_LIB_CONVERSION_SEGMENTEMITTER_H

#include "CallStats.h"
#include "SegmentStep.h"

namespace seqc {

/// Lowers one recurrence whose channels are independent, with the bits of plan `fused`.
///
/// Time is cut in blocks of `blockSteps` steps and the blocks in segments, whose numbers of blocks
/// differ by one at most. A unit of lanes holds all channels of one segment, a vector `units`
/// segments, and `groups` vectors advance side by side, in each of `bundles` tasks:
///
///   starts ← a guess; the first segment's is the initial state
///   a trial where vectors hold one segment: if two states do not meet, one step after the other
///   repeat:
///     every segment, block by block from its start: outs, and the carry at each block's end,
///       until no carry of the vectors differs from what the round before left there
///     done if each segment's end is the next one's start, bit for bit
///     over the budget: one segment after the other, skipping what is right already; done
///     starts ← the ends of the segments before
///
/// What a round leaves is always consistent: each block's outs follow from the carry before it. So
/// once ends and starts meet, all of it is the sequential evaluation.
class SegmentEmitter : SegmentStep {
public:
  SegmentEmitter(Group group, Weakness weakness);
  /// True if the recurrence can be lowered here; else nothing has changed.
  bool canRun();
  /// Replaces the group's ops by loops.
  void run();

  /// Blocks that each vector goes through before the plan gives up, in 32nds of all blocks.
  static constexpr int64_t budgetParts = 5;
  static constexpr int64_t mostNewtonPasses = 4;
  /// Blocks of a trial: a share of a segment's, and some at least.
  static constexpr int64_t trialShare = 16, trialBlocks = 5;
  /// Passes over the states of all steps.
  static constexpr int64_t mostTrajectoryPasses = 16;

private:
  /// An input whose steps follow each other in memory, each some units of lanes; `elements` has for
  /// each of these the numbers of the elements that are this unit.
  struct Stream {
    mlir::Value buffer;
    int64_t rank; ///< of the input's value per step
    llvm::SmallVector<llvm::SmallVector<unsigned, 1>> elements;
  };

  CallStats stats;
  int64_t groups, bundles;
  bool tries = false; ///< whether two states meet, before a round

  llvm::SmallVector<Stream> streams;
  llvm::SmallVector<unsigned> streamed; ///< the elements of streams

  mlir::Value blocks, whole, longer, longest; ///< of time; of segments; see computeBlocks
  Shelf starts, ends, points, elementRows, outRows;

  /// One segment of a row, and where shelves have it.
  struct Segment {
    mlir::Value number, row, vector, unit;
  };
  Shelf guessedEnds, slopes; ///< of Newton's method
  /// Calls a body with the row, each of its bundles, and the round.
  using InBundle = llvm::function_ref<void(mlir::Value, mlir::Value, mlir::Value)>;
  using Bundles = llvm::function_ref<void(mlir::Value, InBundle)>;
  mlir::Value where, counts, trials;

  // --- what the step reads -----------------------------------------------------------------
  std::optional<int64_t> unitWithin(const Read &read);
  void findStreams();

  // --- places ------------------------------------------------------------------------------
  int64_t segments() const { return bundles * groups * units; }
  Index unitIndex(mlir::ValueRange at, mlir::Value unit);
  void setRow(mlir::Value row);
  mlir::Value firstBlock(mlir::Value segment);
  mlir::Value lengthOf(mlir::Value segment);

  // --- vectors -----------------------------------------------------------------------------
  /// All channels of one segment, in every unit of lanes.
  Tuple getUnit(const Shelf &shelf, mlir::ValueRange at, mlir::Value unit);
  Tuple getSegment(const Shelf &shelf, const Segment &segment);
  void putSegment(const Shelf &shelf, mlir::ValueRange values, const Segment &segment);

  // --- code --------------------------------------------------------------------------------
  void allocate(mlir::Value rows);
  void computeBlocks();
  void emitRows(mlir::Value rows);
  void emitBundles(mlir::Value rows);
  /// `place` is the row's index in the memory of rounds.
  void emitRow(mlir::Value row, mlir::Value place, Bundles forBundles);
  void tryBundle(mlir::Value row, mlir::Value bundle);
  mlir::Value emitTrial(mlir::Value row, Bundles forBundles);
  mlir::Value emitRounds(mlir::Value row, const Tuple &initial, Bundles forBundles);
  mlir::Value emitNewtonIfSlow(mlir::Value row, mlir::Value round, mlir::Value again,
                               mlir::Value lanes, const Tuple &initial, Bundles forBundles);
  llvm::SmallVector<mlir::Value>
  repeat(int64_t most, mlir::ValueRange init,
         llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, mlir::ValueRange)> body);
  llvm::SmallVector<mlir::Value> forSegments(
      mlir::Value row, mlir::ValueRange init,
      llvm::function_ref<llvm::SmallVector<mlir::Value>(const Segment &, mlir::ValueRange)> body);
  llvm::SmallVector<mlir::Value> vectorsOf(mlir::Value bundle);
  void emitFirstStarts(mlir::Value row, const Tuple &initial);
  void emitBundle(mlir::Value row, mlir::Value bundle, mlir::Value round);
  void forUnitsOfBlock(mlir::Value bundle,
                       llvm::function_ref<void(mlir::Value, mlir::Value, mlir::Value)> body);
  void emitLoads(mlir::Value bundle, mlir::Value block);
  void loadElement(unsigned i, llvm::ArrayRef<mlir::Value> firsts, mlir::Value sub, mlir::Value g);
  void loadStream(const Stream &stream, llvm::ArrayRef<mlir::Value> firsts, mlir::Value sub,
                  mlir::Value g);
  void defineElements(mlir::Value t, mlir::Value g);
  Tuple emitBlock(const Tuple &carry);
  void emitStores(mlir::Value bundle, mlir::Value block);
  llvm::SmallVector<mlir::Value> longerLanes(mlir::Value bundle);
  void keepBehindEnds(mlir::Value block, llvm::ArrayRef<mlir::Value> longerOnes, Tuple &next,
                      mlir::ValueRange old);
  mlir::Value
  forStarts(mlir::Value row, const Tuple &initial,
            llvm::function_ref<mlir::Value(mlir::Value, mlir::Value, Tuple, Tuple)> body);
  mlir::Value emitCheck(mlir::Value row, const Tuple &initial);
  void emitNextStarts(mlir::Value row, const Tuple &initial);
  std::pair<mlir::Value, mlir::Value> roundLength(mlir::Value row);
  Tuple emitRest(mlir::Value row, mlir::Value wrong, const Tuple &initial);
  Tuple emitSegment(const Segment &segment, const Tuple &carry);

  // --- Newton's method ---------------------------------------------------------------------
  using InStep =
      llvm::function_ref<Tuple(mlir::Value, mlir::Value, int64_t, llvm::ArrayRef<mlir::Value>)>;
  Tuple forBlocks(mlir::Value bundle, llvm::ArrayRef<mlir::Value> init, bool loads, InStep step);
  void emitLinearPass(mlir::Value row, mlir::Value bundle);
  mlir::Value emitSeams(mlir::Value row, const Tuple &initial);
  mlir::Value emitNewton(mlir::Value row, const Tuple &initial, Bundles forBundles);

  // --- Newton's method for all steps -------------------------------------------------------
  Shelf trajectory, values, partials, moves, greatestMoves;
  void allocateTrajectory(llvm::ArrayRef<mlir::Type> states, mlir::Value rows);
  Tuple oldStates(mlir::Value pass, mlir::ValueRange at);
  void evaluateSteps(mlir::Value row, mlir::Value bundle, mlir::Value pass);
  void emitMoves(mlir::Value row, const Tuple &initial);
  void moveStates(mlir::Value row, mlir::Value bundle, mlir::Value pass);
  mlir::Value greatestMove(mlir::Value row, mlir::Type type);
  void emitTrajectory(mlir::Value row, const Tuple &initial, Bundles forBundles);
};

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_SEGMENTEMITTER_H
