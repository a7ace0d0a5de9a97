// Plan `scan` on a GPU: one pass over time by blocks of threads that look back at each other.
#ifndef SEQC_LIB_CONVERSION_SCANTHREADS_H
#define SEQC_LIB_CONVERSION_SCANTHREADS_H

#include "BlockThreads.h"
#include "RunLanes.h"
#include "ScanEmitter.h"

namespace seqc {

/// Lowers one recurrence in scan form for a GPU.
///
/// A *run* is some consecutive steps of one channel of one sequence: those of a thread. A warp has
/// up to 32 channels, and as many runs of each, one behind the other, as lanes are left for; a
/// block has some warps, one behind the other. A block:
///
///   tile ← a ticket: tiles that are before it were begun before it
///   e ← elements of the run, loaded as they lie in memory and exchanged between lanes
///   product ← e_0, e_1, … of the run                     (registers)
///   products before each run's end                       (between lanes, then shared memory)
///   the first warp: publishes the tile's product, looks back for the states before the tile,
///     publishes the states after it, folds them with the warps' products
///   states ← from what precedes the run, step by step; outs are evaluated and stored
///
/// The states before a tile are those at the end of some tile before it, and then the products of
/// the tiles between, applied to states in order. Published states are made in the same way, so
/// that results do not depend on how far a block had to look. A product that cannot stand for its
/// steps (ScanSoundness.cpp) is not published: then blocks wait for states, which are computed step
/// by step.
class ScanThreads : ScanEmitter {
public:
  explicit ScanThreads(Group group);
  /// Replaces the group's ops by parallel loops.
  void run();

private:
  int64_t warps;    ///< of a block
  int64_t runSteps; ///< steps of a run
  ScanShape shape;
  int64_t width; ///< channels side by side in a warp
  int64_t runs;  ///< of a channel in a warp
  RunLanes lanes;

  // Of all tiles: their number along time, rows of channels, and what they tell each other.
  mlir::Value tilesOfRow, rows;
  mlir::Value words, ticket;
  Shelf aggregates, inclusives;

  // Of a block: what its threads share.
  Shelf totals, carries;

  // Of a thread.
  mlir::Value warp, lane, unit; ///< `unit`: in place of the run, before an exchange
  mlir::Value place;            ///< of its channel in the warp
  mlir::Value isChannel;        ///< its channel exists
  bool isWhole = false;         ///< its tile has all steps
  mlir::Value row, tile, warpFirst, runNumber, runFirst;
  llvm::SmallVector<mlir::Value> loadedSteps; ///< steps that it loads and stores

  void emitBlocks();
  void emitThread(mlir::Value thread);
  void findPlace(mlir::Value thread);
  void emitTile();

  // --- runs ----------------------------------------------------------------------------------
  Product productOfRun(llvm::ArrayRef<Tuple> elements, llvm::ArrayRef<Tuple> lows);
  Product inclusive(Product product);
  mlir::Value isThere(mlir::Value first, int64_t distance);
  void load(llvm::SmallVectorImpl<Tuple> &loaded, llvm::SmallVectorImpl<Tuple> &lows);
  Tuple statesBefore(const Product &product);
  void storeSteps(llvm::ArrayRef<Tuple> states, llvm::ArrayRef<Tuple> old);

  // --- products ------------------------------------------------------------------------------
  llvm::SmallVector<mlir::Type> typesOfProduct();
  Product join(const Product &earlier, const Product &later);
  void seal(Product &product);
  Product choose(mlir::Value condition, const Product &a, const Product &c);
  Product fromLane(const Product &product, mlir::Value from);
  Shelf sharedShelf(llvm::ArrayRef<mlir::Type> types);
  mlir::Value ofWarp(mlir::Value number);
  Product total(mlir::Value number);

  // --- tiles ---------------------------------------------------------------------------------
  mlir::Value slot(mlir::Value ofTile);
  void publish(const Shelf &shelf, mlir::ValueRange values, int64_t state);
  mlir::Value nearestStates();
  int64_t foldedAtOnce() const;
  Tuple foldTiles(mlir::Value first, Tuple carry);
  Tuple lookBack();
  Tuple waitForStates(mlir::Value ofTile);
  mlir::Value isCarrier();
  void emitCarries();
  Tuple ifElse(mlir::Value condition, llvm::function_ref<Tuple()> yes,
               llvm::function_ref<Tuple()> no = {});
};

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_SCANTHREADS_H
