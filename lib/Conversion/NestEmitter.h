//===- NestEmitter.h - One nest of loops over tiles -----------------------===//
#ifndef SEQC_LIB_CONVERSION_NESTEMITTER_H
#define SEQC_LIB_CONVERSION_NESTEMITTER_H

#include "VectorNest.h"

namespace seqc {

/// A loop of a nest; `tile` iterations are unrolled into one tile.
struct LoopDim {
  mlir::Value size;
  int64_t fixed; ///< static size or kDynamic
  int64_t tile = 1;
};

/// Emits one nest (or one piece of it).
struct NestEmitter {
  VectorEval &e;
  const Frame &frame;
  seq::ScheduleAttr schedule;
  mlir::OpBuilder::InsertPoint &prologue;
  bool streaming;
  llvm::ArrayRef<Store> stores;
  const Piece *piece = nullptr; ///< set: write only this piece of the one store

  llvm::SmallVector<LoopDim> outer;
  /// The loops over rows and steps are one: either may be the long one, and tiles span both.
  bool flat = false;
  mlir::Value laneSize;
  mlir::Value laneShape; ///< whose innermost size is laneSize
  int64_t laneFixed = 1;
  bool hasLane = false;
  /// The lanes are the channels of a tile.
  bool ofTile = false;
  int64_t vectors = 1;
  std::optional<Pack> pack;
  /// With packed weights the loop over blocks of lanes is outermost, so that a block's weights stay
  /// in cache for all rows: the block of the loops inside.
  mlir::Value outerBlock;
  bool outerMasked = false;
  /// Accumulators that one vector of the result needs.
  int64_t each = 0;
  /// Some sum serves several vectors, so that blocks cannot be told apart by position.
  bool sharedSums = false;
  /// Which rows of the tiled loop are emitted. A row that fills no tile takes several blocks of
  /// lanes at once instead: one block's sums alone would wait for each other.
  enum { AllRows, FullTiles, Rest } part = AllRows;

  NestEmitter(VectorEval &e, const Frame &frame, seq::ScheduleAttr schedule,
              mlir::OpBuilder::InsertPoint &prologue, bool streaming, llvm::ArrayRef<Store> stores)
      : e(e), frame(frame), schedule(schedule), prologue(prologue), streaming(streaming),
        stores(stores) {}

  void setUpLoops(mlir::Value shape);
  void chooseTile();
  void setPlace(const Index &domain);
  Index batchOfRow();
  Index valueIndex(const Index &domain);
  Index targetIndex(const Index &valueIdx);
  const Piece &partOf(const Store &store) const { return piece ? *piece : store.pieces.front(); }
  void writePairs(const Store &store, const Index &idx);
  void collectPoint(const Index &domain);
  void writePoint(const Index &domain);
  void emitTile(llvm::ArrayRef<Index> rows, mlir::Value block, bool masked);
  void emitBlock(llvm::ArrayRef<Index> rows, mlir::Value block, bool masked);
  void emitLanes(llvm::ArrayRef<Index> rows);
  void emitOuter(unsigned dim, llvm::SmallVector<Index> rows);
  void flatten(llvm::SmallVector<LoopDim> &dims, mlir::Value &total);
  void emitAcrossBlock();
  void emitAcrossGrid();
  void tileRows();
  mlir::Value startInWarps(llvm::SmallVector<mlir::Value> &places);
  void emitTileOfRows(llvm::ArrayRef<mlir::Value> places, mlir::Value lane);
  void emitRestOfRows(const Index &row, unsigned tiled, mlir::Value first, mlir::Value lane);
  Index pointAt(const Index &row, mlir::Value laneBase, int64_t vector);
  mlir::Value tailMask(mlir::Value laneBase, int64_t vector);
  void preparePack();
  void keepWeights(int64_t depth, int64_t width);
  void shareWeights(int64_t depth, int64_t width);
  bool packConstants(llvm::ArrayRef<Demand> demands, int64_t depth, int64_t width);
  void packAtRunTime(llvm::ArrayRef<Demand> demands, int64_t depth, int64_t width);
  int64_t blocksOfSingleRow();
  void emitPacked();
  int64_t tileVectors() const { return vectors * (pack ? pack->blocks : 1); }
  void run(mlir::Value shape);
};

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_NESTEMITTER_H
