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
class ScanThreads : protected ScanEmitter {
public:
  explicit ScanThreads(Group group);
  virtual ~ScanThreads() = default;
  /// Replaces the group's ops by parallel loops.
  void run();

protected:
  ScanThreads(Group group, int64_t channelCount, bool exchanges);

  int64_t warps;        ///< of a block
  int64_t runSteps;     ///< steps of a run
  int64_t channelCount; ///< of a sequence
  bool exchanges;       ///< lanes load elements of other lanes' runs
  ScanShape shape;
  int64_t width; ///< channels side by side in a warp
  int64_t runs;  ///< of a channel in a warp
  RunLanes lanes;

  // Of all tiles: their number along time, rows of channels, and what they tell each other. Tiles
  // of packed sequences are numbered through: those of one sequence, and there are as many rows as
  // one sequence has.
  mlir::Value tilesOfRow, rows;
  mlir::Value words, ticket;
  Shelf aggregates, inclusives;

  // Of a block: what its threads share.
  Shelf totals, carries;

  bool carriesRow = false; ///< the blocks of this kernel do

  // Of a thread.
  mlir::Value thread;       ///< its number in the block
  mlir::Value firstChannel; ///< of the block
  mlir::Value isChannel;    ///< its channel exists
  bool isWhole = false;     ///< its tile has all steps
  mlir::Value row, tile, warpFirst, runNumber, runFirst;
  llvm::SmallVector<mlir::Value> loadedSteps; ///< steps that it loads and stores

  void emitBlocks();
  void emitKernel(mlir::Value count, llvm::function_ref<void(mlir::Value)> body);
  void emitTiles(mlir::Value count, mlir::Value slots);
  void emitThread();
  void emitThreadOfRow(mlir::Value ofBlock);
  void emitOneTile();
  void findPlace();
  mlir::Value takeNumber();
  mlir::Value firstTileOf(mlir::Value sequence);
  mlir::Value sequenceOfTile(mlir::Value number);
  void emitSpanOfTile();
  mlir::Value tilesOf(mlir::Value steps);
  /// True at run time if a block has all tiles of a row, one after the other. Null: it never has.
  virtual mlir::Value carriesOn() { return {}; }
  virtual void emitTile();
  /// A sequence without steps.
  virtual void emitNothing();
  /// This thread's channel is number `channel` of the sequence.
  virtual void setChannel(mlir::Value channel) { setFirstChannels(channel); }

  // --- runs ----------------------------------------------------------------------------------
  mlir::Value unitOfRun(mlir::Value run);
  /// The element of a step of the run, and its low parts.
  using Element = std::pair<Tuple, Tuple>;
  Product productOfRun(llvm::function_ref<Element(int64_t)> elementOf);
  Product inclusive(Product product);
  mlir::Value isThere(mlir::Value first, int64_t distance);
  /// True where the run has so many steps and one more.
  virtual mlir::Value inRun(int64_t step) { return isThere(runFirst, step); }
  void load(llvm::SmallVectorImpl<Tuple> &loaded, llvm::SmallVectorImpl<Tuple> &lows);
  Tuple statesBefore(llvm::function_ref<Product(mlir::Value)> productOfRuns);
  mlir::Value isLastRun();
  void storeSteps(llvm::ArrayRef<Tuple> states, llvm::ArrayRef<Tuple> old);

  // --- products ------------------------------------------------------------------------------
  llvm::SmallVector<mlir::Type> typesOfProduct();
  llvm::SmallVector<mlir::Type> typesOfStates();
  Product join(const Product &earlier, const Product &later);
  void seal(Product &product);
  Product choose(mlir::Value condition, const Product &a, const Product &c);
  Product fromLane(const Product &product, mlir::Value from);
  /// Where this thread's channel of a warp has its product and its states in shared memory.
  virtual mlir::Value ofTotal(mlir::Value number) { return ofWarp(number); }
  virtual mlir::Value ofWarp(mlir::Value number);
  Product total(mlir::Value number);
  /// Makes that memory.
  virtual void shareMemory();
  Shelf sharedShelf(llvm::ArrayRef<mlir::Type> types, int64_t count);

  // --- tiles ---------------------------------------------------------------------------------
  /// Where this thread's channel of a tile has its word, its product and its states: one of so many
  /// places of all channels side by side.
  virtual int64_t slotsOfTile() const { return 1; }
  virtual mlir::Value slotInTile() { return {}; }
  mlir::Value slot(mlir::Value ofTile);
  void publish(const Shelf &shelf, mlir::ValueRange values, int64_t state);
  virtual void publishProduct(const Product &product);
  virtual void publishStates(const Tuple &states);
  mlir::Value nearestStates();
  int64_t foldedAtOnce() const;
  Tuple foldTiles(mlir::Value first, Tuple carry);
  virtual Tuple lookBack();
  Tuple waitForStates(mlir::Value ofTile);
  mlir::Value isCarrier();
  void emitCarries();
  Tuple ifElse(mlir::Value condition, llvm::function_ref<Tuple()> yes,
               llvm::function_ref<Tuple()> no = {});
};

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_SCANTHREADS_H
