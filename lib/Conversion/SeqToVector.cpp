// Plan `fused`, the pass: each recurrence with the work around it becomes loops over vectors
// (GroupEmitter.cpp); so do ops outside of recurrences.
#include "ComputeAhead.h"
#include "GroupEmitter.h"
#include "ScanModeThreads.h"
#include "ScanThreads.h"
#include "SegmentEmitter.h"
#include "SegmentRows.h"
#include "SegmentThreads.h"
#include "seqc/Conversion/ExpandMath.h"
#include "seqc/Schedule/Passes.h"

#include "mlir/IR/Remarks.h"
#include "llvm/ADT/StringSwitch.h"

namespace seqc {
#define GEN_PASS_DEF_CONVERTSEQTOVECTORPASS
#include "seqc/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

//===-----------------------------------------------------------------------===//
// Ops outside of recurrences
//===-----------------------------------------------------------------------===//

/// One linalg op on whole tensors as a vector loop nest.
static void emitWhole(linalg::GenericOp op, seq::ScheduleAttr schedule) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  VectorEval e(b, loc, schedule.getVectorBits() / 32);
  e.acrossGrid = isGpu(op->getParentOfType<ModuleOp>());
  e.isMember = [&](Operation *o) { return o == op || isa<linalg::FillOp, tensor::EmptyOp>(o); };
  SmallVector<Store> stores;
  SmallVector<Value> buffers;
  for (Value v : op->getResults()) {
    SmallVector<int64_t> shape(typeOf(v).getShape());
    SmallVector<Value> dynamic;
    for (int64_t d = 0; d < typeOf(v).getRank(); ++d)
      if (typeOf(v).isDynamicDim(d))
        dynamic.push_back(e.sizeOf(v, d));
    buffers.push_back(memref::AllocOp::create(
        b, loc, MemRefType::get(shape, typeOf(v).getElementType()), dynamic));
    stores.push_back({v, {Piece{v, {}, {}, {}}}, {Leaf{buffers.back(), Leaf::Whole}}});
  }
  // Buffers of tensors are taken before the first of these constants, weights are packed before
  // the second.
  auto mark = [&] {
    Operation *anchor = arith::ConstantIndexOp::create(b, loc, 0);
    return OpBuilder::InsertPoint(anchor->getBlock(), Block::iterator(anchor));
  };
  OpBuilder::InsertPoint entry = mark(), prologue = mark();
  e.entry = &entry;
  Frame f;
  f.whole = true;
  emitNest(e, Nest{stores, op->getResult(0)}, f, schedule, prologue, false);
  for (auto [v, buffer] : llvm::zip_equal(op->getResults(), buffers))
    replaceByBuffer(b, v, buffer);
  op.erase();
}

static bool canEmitWhole(linalg::GenericOp op) {
  if (!canEvaluate(op) || op->getNumResults() == 0)
    return false;
  auto hasBool = [](Value v) { return holdsBools(v); };
  return llvm::none_of(op->getOperands(), hasBool) && llvm::none_of(op->getResults(), hasBool);
}

//===-----------------------------------------------------------------------===//
// The pass
//===-----------------------------------------------------------------------===//

namespace {
struct ConvertSeqToVectorPass : seqc::impl::ConvertSeqToVectorPassBase<ConvertSeqToVectorPass> {
  using ConvertSeqToVectorPassBase::ConvertSeqToVectorPassBase;
  Weakness weakness = Weakness::None;
  DenseSet<std::pair<Location, StringAttr>> told;

  LogicalResult readWeakness() {
    if (weaken.empty())
      return success();
    auto known = llvm::StringSwitch<std::optional<Weakness>>(weaken)
                     .Case("one-state", Weakness::OneState)
                     .Case("no-checkpoint", Weakness::NoCheckpoint)
                     .Case("guess", Weakness::Guess)
                     .Case("tail-bit", Weakness::TailBit)
                     .Case("no-repair", Weakness::NoRepair)
                     .Case("no-rest", Weakness::NoRest)
                     .Case("one-bound", Weakness::OneBound)
                     .Default(std::nullopt);
    if (!known)
      return getOperation().emitOpError("expected one-state, no-checkpoint, guess, tail-bit, "
                                        "no-repair, no-rest or one-bound for the part to leave "
                                        "out, but got '")
             << weaken << "'";
    weakness = *known;
    return success();
  }

  /// Recurrences outside of others, in program order.
  SmallVector<seq::RecurrenceOp> outermost() {
    SmallVector<seq::RecurrenceOp> ops;
    getOperation().walk([&](seq::RecurrenceOp op) {
      auto schedule = op.getScheduleAttr();
      if (!op->getParentOfType<seq::RecurrenceOp>() && schedule &&
          schedule.getPlan() != seq::Plan::Reference && !op->hasAttr("seqc.scalar"))
        ops.push_back(op);
    });
    return ops;
  }

  void runOnOperation() override {
    told.clear();
    if (failed(readWeakness()))
      return signalPassFailure();
    while (true) {
      SmallVector<seq::RecurrenceOp> ops = outermost();
      if (ops.empty())
        break;
      for (seq::RecurrenceOp op : ops)
        if (failed(convert(op)))
          return signalPassFailure();
    }
    // Elementwise work on a GPU becomes parallel loops without help (ParallelLoops.cpp).
    bool gpu = isGpu(getOperation());
    SmallVector<linalg::GenericOp> rest;
    getOperation().walk([&](linalg::GenericOp op) {
      if (isa<func::FuncOp>(op->getParentOp()) && !op->getParentOfType<seq::RecurrenceOp>() &&
          (!gpu || VectorEval::isReduction(op)))
        rest.push_back(op);
    });
    for (linalg::GenericOp op : rest)
      if (auto schedule = op->getParentOp()->getAttrOfType<seq::ScheduleAttr>("seq.schedule"))
        if (schedule.getPlan() == seq::Plan::Fused && canEmitWhole(op))
          emitWhole(op, schedule);
  }

  /// Says so to whoever compiles, and in the stream that --explain shows: once, although a step may
  /// stand in several loops.
  void tell(seq::RecurrenceOp op, const Twine &what) {
    if (!told.insert({op.getLoc(), StringAttr::get(op.getContext(), what)}).second)
      return;
    op.emitRemark(what);
    auto function = op->getParentOfType<func::FuncOp>();
    auto options = remark::RemarkOpts::name("scalar").category("seqc.plan");
    remark::missed(op.getLoc(), function ? options.function(function.getName()) : options)
        << remark::reason("{0}", what.str());
  }

  /// What was not expanded before is called element by element.
  void remarkOnLibm(seq::RecurrenceOp op) {
    llvm::SmallSetVector<OperationName, 2> names;
    op.getStep().walk([&](Operation *inner) {
      if (needsLibm(inner, /*precise=*/true))
        names.insert(inner->getName());
    });
    for (OperationName name : names)
      tell(op, "this step calls the C library for each element of '" + name.getStringRef() +
                   "', which has no vector form here");
  }

  /// Producers that can be evaluated at any index: those that need no buffer of their own.
  static Group groupOfTime(seq::RecurrenceOp op) {
    Group group{op, {}, {}};
    addProducers(group, op.getSequenceRank());
    SetVector<Operation *> kept;
    for (Operation *member : llvm::reverse(group.before.getArrayRef())) {
      bool ours =
          !isReductionOp(member) &&
          !isa<tensor::PadOp, tensor::ConcatOp, tensor::InsertSliceOp, seq::DelayOp>(member);
      for (Operation *user : member->getUsers())
        ours &= user == op || kept.contains(user);
      if (ours)
        kept.insert(member);
    }
    SmallVector<Operation *> ordered(llvm::reverse(kept.getArrayRef()));
    group.before = SetVector<Operation *>(ordered.begin(), ordered.end());
    return group;
  }

  /// Runs `emitter` if it can.
  template <typename Emitter> bool evaluate(seq::RecurrenceOp op, Emitter emitter) {
    if (!emitter.canRun())
      return false;
    remarkOnLibm(op);
    emitter.run();
    return true;
  }

  LogicalResult convert(seq::RecurrenceOp op) {
    if (op.getScheduleAttr().getPlan() == seq::Plan::Scan) {
      if (isGpu(getOperation()) && !ScanModeThreads::firstObstacle(op)) {
        remarkOnLibm(op);
        ScanModeThreads(groupOfTime(op), analyzeScanModes(op)).run();
        return success();
      }
      if (Operation *obstacle = ScanEmitter::firstObstacle(op))
        return obstacle->emitOpError("expected a step that plan 'scan' can evaluate in vectors");
      remarkOnLibm(op);
      if (isGpu(getOperation()))
        ScanThreads(groupOfTime(op)).run();
      else
        ScanEmitter(groupOfTime(op)).run();
      return success();
    }
    if (op.getScheduleAttr().getCertificate() == seq::Certificate::Backward && !firstObstacle(op)) {
      SegmentRows(op, weakness).run();
      return success();
    }
    if (llvm::is_contained({seq::Plan::Segments, seq::Plan::Newton},
                           op.getScheduleAttr().getPlan())) {
      if (isGpu(getOperation()) ? evaluate(op, SegmentThreads(groupOfTime(op), weakness))
                                : evaluate(op, SegmentEmitter(groupOfTime(op), weakness)))
        return success();
      tell(op, "this step runs as plan 'fused': what its plan would evaluate in vectors "
               "does not work element by element"); // the bits are the same
    }
    if (Operation *obstacle = firstObstacle(op)) {
      tell(op, "this step runs as scalar code: '" + obstacle->getName().getStringRef() +
                   "' has no vector form here");
      if (op.getStep()
              .walk([](seq::RecurrenceOp) { return WalkResult::interrupt(); })
              .wasInterrupted())
        return lowerRecurrenceToLoops(op);
      op->setAttr("seqc.scalar", UnitAttr::get(op.getContext()));
      return success();
    }
    remarkOnLibm(op);
    // Threads share nothing but memory: work around a recurrence is a loop over all of its own.
    if (isGpu(getOperation())) {
      GroupEmitter(groupOfTime(op)).run();
      return success();
    }
    if (op.getScheduleAttr().getChannelTile() && op.getScheduleAttr().getStrip())
      computeAhead(op);
    Group group{op, {}, {}};
    addProducers(group, op.getSequenceRank());
    addConsumers(group, op.getSequenceRank());
    GroupEmitter(group).run();
    return success();
  }
};
} // namespace
