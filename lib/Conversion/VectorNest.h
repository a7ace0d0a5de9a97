// Loop nests over tiles of vectors, and the choice of what gets a buffer.
#ifndef SEQC_LIB_CONVERSION_VECTORNEST_H
#define SEQC_LIB_CONVERSION_VECTORNEST_H

#include "VectorEval.h"

#include "llvm/ADT/SmallBitVector.h"

namespace seqc {

/// A part of a stored value: `source` (or zero-cost `fill`) at `offsets` of the destination.
struct Piece {
  mlir::Value source;                            ///< a tensor, or null
  mlir::Value fill;                              ///< scalar for a piece without source
  llvm::SmallVector<mlir::OpFoldResult> offsets; ///< empty: zero
  llvm::SmallBitVector dropped; ///< sizes of 1 that the destination has and the source lacks
  mlir::Value odd = {};         ///< set: `source` and this take turns along the last size, 2
};

/// A value that is written to buffers, by one or more pieces.
struct Store {
  mlir::Value value;
  llvm::SmallVector<Piece> pieces;
  llvm::SmallVector<Leaf> targets;
};

/// Values with the same sizes that one loop nest writes.
struct Nest {
  llvm::SmallVector<Store> stores;
  mlir::Value shape; ///< a value with the nest's sizes
};

/// How a nest's outer dimensions map to the tile's place.
struct Frame {
  /// Sizes of the leading loops: rows of the batch tile, then (Strip) steps of the strip. Null
  /// where there is no such loop.
  mlir::Value rows, steps;
  /// First batch row and first step of the tile; indices of outer batch dims.
  Index outerBatch;
  mlir::Value firstRow, firstStep, lastStep;
  /// Where rows are those of several batch dims together: the sizes of these.
  llvm::SmallVector<mlir::Value> batchSizes;
  /// Step within the strip, where there is no loop over steps.
  mlir::Value stepInStrip;
  bool hasBatch = false;
  bool reverse = false;
  int64_t timeAxis = 0;
  /// Loops over whole values (no recurrence): all dimensions are plain.
  bool whole = false;
  /// All channels and those of one tile (the last may have fewer), where channels are tiled; else
  /// 0.
  int64_t allChannels = 0, channelTile = 0;
  /// With `whole`: the step at which values are read, put in at `timeAxis` (a delay's final).
  Idx fixedTime;
};

/// True if `op` computes more than a few operations for each element: worth more than loading its
/// result again.
bool isHeavy(mlir::linalg::GenericOp op);

/// Decides which of the values under `roots` need buffers: operands of contractions, results of
/// contractions that can't be finished in their consumer's registers, assembled values.
/// `isMember` says which ops belong to the group; others are leaves already.
llvm::SetVector<mlir::Value>
valuesWithBuffers(llvm::ArrayRef<mlir::Operation *> ops,
                  llvm::function_ref<bool(mlir::Operation *)> isMember);

/// The pieces of `v`: its own expression, or the parts that it is assembled from.
llvm::SmallVector<Piece> piecesOf(VectorEval &e, mlir::Value v);

/// Groups `values` (in program order) into nests of equal shape without dependences between
/// their members except element by element.
llvm::SmallVector<Nest> makeNests(llvm::ArrayRef<Store> stores,
                                  llvm::function_ref<bool(mlir::Operation *)> isMember);

/// Emits `nest` at the evaluator's insertion point. `prologue` is where weights can be packed.
void emitNest(VectorEval &e, const Nest &nest, const Frame &frame, seq::ScheduleAttr schedule,
              mlir::OpBuilder::InsertPoint &prologue, bool streaming);

/// True if some nest member reads through a contraction.
bool hasContraction(mlir::Value v, llvm::function_ref<bool(mlir::Operation *)> isMember,
                    const llvm::DenseMap<mlir::Value, Leaf> &leaves);

/// Calls `visit(value, elementwise)` for each value that evaluating `v` reads, itself included;
/// `elementwise` is false once an index was moved on the way. Stops where `visit` returns false.
void visitReads(mlir::Value v, llvm::function_ref<bool(mlir::Operation *)> isMember,
                llvm::function_ref<bool(mlir::Value, bool)> visit, bool elementwise = true);

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_VECTORNEST_H
