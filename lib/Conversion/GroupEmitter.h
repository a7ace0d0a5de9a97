// A group of ops on its way to loops: first the plan, then the code.
#ifndef SEQC_LIB_CONVERSION_GROUPEMITTER_H
#define SEQC_LIB_CONVERSION_GROUPEMITTER_H

#include "VectorGroup.h"
#include "VectorNest.h"
#include "seqc/Analysis/Channels.h"

namespace seqc {

/// Lowers one group. First sizes, buffers and nests are decided (GroupPlan.cpp), then loops are
/// emitted (GroupEmitter.cpp).
class GroupEmitter {
public:
  explicit GroupEmitter(Group group)
      : group(group), op(group.recurrence), b(op), loc(op.getLoc()),
        e(b, loc, op.getScheduleAttr().getVectorBits() / 32), schedule(op.getScheduleAttr()) {}
  /// Replaces the group's ops by loops.
  void run();

private:
  Group group;
  seq::RecurrenceOp op;
  mlir::OpBuilder b;
  mlir::Location loc;
  VectorEval e;
  seq::ScheduleAttr schedule;
  mlir::OpBuilder::InsertPoint entry, prologue; ///< for buffers of tensors, then for packing

  int64_t batchRank, timeAxis;
  llvm::SmallVector<mlir::Value> batchSizes;
  mlir::Value steps, tileRows, tasks, stripSteps;
  /// The task's first step (null: 0) and how many it has: of a packed sequence, or all.
  mlir::Value taskFirst, taskSteps;
  int64_t channelTile = 0; ///< 0 where a step is done for all channels at once
  Channels channels;       ///< where there are tiles of them
  bool hasStrips = false, contractions = false;
  bool tileTasks = false;                        ///< each tile of channels is a task of its own
  llvm::SmallVector<mlir::scf::ForOp> timeLoops; ///< of such a task
  bool eachStep = false;                         ///< the host starts kernels for each step
  mlir::Value zero, one;

  llvm::SmallVector<Nest> beforeNests, stepNests, afterNests;
  llvm::SmallVector<mlir::Value> stateBuffers;
  llvm::SmallVector<Leaf> tileStates; ///< of a tile of channels
  llvm::SmallVector<Leaf> nextStates; ///< their new values while the old ones are read, or none
  llvm::MapVector<mlir::Value, Leaf> tileWeights;
  llvm::MapVector<mlir::Value, mlir::Value> wholeBuffers; ///< results that others need
  llvm::DenseMap<mlir::Value, Leaf> baseLeaves;

  void computeSizes();
  mlir::Value allocate(llvm::ArrayRef<mlir::OpFoldResult> sizes, mlir::Type element);
  mlir::Value allocateLike(mlir::Value v, llvm::SmallVector<mlir::OpFoldResult> leading,
                           int64_t skip);
  mlir::Value allocateOfTask(mlir::Value v, llvm::SmallVector<mlir::OpFoldResult> leading);
  void releaseOfTask(mlir::Value buffer);
  bool isOfTile(mlir::Value v) const;
  Leaf ofTile(mlir::Value v);
  Leaf ofStep(mlir::Value v, llvm::SmallVector<mlir::OpFoldResult> leading, Leaf::Prefix prefix);
  /// Where the step leaves the new value of state `i`.
  Leaf current(unsigned i) const {
    return channelTile ? tileStates[i] : Leaf{stateBuffers[i], Leaf::NextState};
  }
  bool hasDoubleStates() const;
  void planStrips(llvm::ArrayRef<mlir::Operation *> ops, llvm::SmallVector<Nest> &nests);
  void planStep();
  llvm::SmallVector<bool> statesReadLate(llvm::ArrayRef<Nest> nests);
  void planTileTasks();
  void planWeights();
  mlir::Operation *outermostLoop();

  Frame frame(mlir::Value rows, mlir::Value firstRow, const Index &outerBatch);
  void copy(mlir::Value v, Leaf from, Leaf to, const Frame &f);
  void emitTask(mlir::Value task);
  void emitAllTasks(mlir::Operation *anchor);
  mlir::Value parityOf(mlir::Value step);
  void copyStates(llvm::ArrayRef<Leaf> targets, const Frame &f);
  void emitLaunches();
  Frame frameOfTask(mlir::Value task);
  mlir::Value emitAllTime(const Frame &f);
  mlir::Value emitTime(Frame f, bool streaming);
  int64_t countTiles() const { return llvm::divideCeil(channels.size, channelTile); }
  void enterTile(Frame &f, mlir::Value tile);
  void emitTiles(Frame f, mlir::Value first, mlir::Value count, bool streaming);
  mlir::scf::ForOp emitSteps(Frame f, mlir::Value first, mlir::Value count, mlir::Value parity,
                             bool streaming);
  void findSteps(mlir::Value task);
  mlir::Value fromFirst(mlir::Value step);
  mlir::Value streamingCondition();
  void emitDelayFinals();
  void replaceResults();
};

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_GROUPEMITTER_H
