// Stage 3. One plan is fast today (`fused`), so the choice is between numbers: register tiles
// from the target's registers, strips, tiles of channels and thresholds from its caches.
#include "seqc/Analysis/Channels.h"
#include "seqc/Analysis/DimSymbols.h"
#include "seqc/Schedule/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace seqc {
#define GEN_PASS_DEF_SELECTSCHEDULEPASS
#include "seqc/Schedule/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

seq::ScheduleAttr seqc::fusedSchedule(seq::TargetAttr target) {
  // Accumulators plus `vectors` weights plus one broadcast fit the registers: 6·4 + 4 + 1 of 32,
  // 6·2 + 2 + 1 of 16.
  int64_t rows = 6;
  int64_t vectors = target.getVectorRegisters() >= 32 ? 4 : 2;
  return seq::ScheduleAttr::get(target.getContext(), seq::Plan::Fused, target.getVectorBits(),
                                /*batchTile=*/0, /*channelTile=*/0, /*chunk=*/0, /*strip=*/16, rows,
                                vectors,
                                /*prefetch=*/2, /*streamBytes=*/target.getL2Bytes());
}

namespace {
/// Usual sizes by the names in seqc.dims.
using Sizes = llvm::StringMap<int64_t>;
} // namespace

/// The innermost batch size of a recurrence with `batchRank` batch sizes, -1 if nothing is known.
static int64_t usualBatch(Value initial, int64_t batchRank, const Sizes &assumed) {
  int64_t size = cast<RankedTensorType>(initial.getType()).getDimSize(batchRank - 1);
  if (!ShapedType::isDynamic(size))
    return size;
  auto function = initial.getParentRegion()->getParentOfType<func::FuncOp>();
  if (assumed.empty() || !function)
    return -1;
  DimSymbols symbols(function);
  auto known = assumed.find(symbols.nameOf(symbols.classOf(initial, batchRank - 1)));
  return known == assumed.end() ? -1 : known->second;
}

/// Sequences that advance together: dense steps share weights between them, elementwise ones need a
/// few independent vectors.
static int64_t batchTile(bool dense, int64_t elements, int64_t lanes, int64_t usual) {
  int64_t tile = dense ? 64 : std::clamp<int64_t>(8 * lanes / elements, 1, 16);
  return usual < 0 ? tile : std::clamp<int64_t>(usual, 1, tile);
}

/// Elements of the widest state of one sequence, or a guess.
static int64_t stateElements(ValueRange initial, int64_t batchRank) {
  int64_t most = 1;
  for (Value v : initial) {
    ArrayRef<int64_t> sizes = cast<RankedTensorType>(v.getType()).getShape().drop_front(batchRank);
    bool isDynamic = llvm::any_of(sizes, ShapedType::isDynamic);
    most = std::max(most, isDynamic ? 512 : ShapedType::getNumElements(sizes));
  }
  return std::max<int64_t>(1, most);
}

static bool reduces(Operation &op) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  return isa<linalg::SoftmaxOp>(op) || (linalgOp && linalgOp.getNumReductionLoops());
}

/// The numbers that depend on the op.
///
/// Tiles of channels, whose states fill half of the registers, replace an L1 row with all of them
/// where those are too many for L1 and the step keeps channels apart. Their strips are short: a
/// tile reads some columns of a strip's rows, and the next one finds their lines in L1.
static seq::ScheduleAttr chooseTiles(seq::RecurrenceOp op, seq::ScheduleAttr schedule,
                                     seq::TargetAttr target, const Sizes &assumed) {
  int64_t lanes = schedule.getVectorBits() / 32, batchRank = op.getBatchRank();
  Channels channels = analyzeChannels(op);
  int64_t each = channels.elements, room = target.getVectorRegisters() / 2;
  if (channels.size && each <= room && 2 * each * channels.size * 4 > target.getL1Bytes())
    return schedule.withTiles(/*batch=*/1, room / each * lanes, /*strip=*/8);
  if (batchRank == 0)
    return schedule;
  int64_t usual = usualBatch(op.getInitial().front(), batchRank, assumed);
  bool dense = llvm::any_of(*op.getBody(), reduces);
  int64_t elements = stateElements(op.getInitial(), batchRank);
  return schedule.withTiles(batchTile(dense, elements, lanes, usual), 0, schedule.getStrip());
}

namespace {
struct SelectSchedulePass : seqc::impl::SelectSchedulePassBase<SelectSchedulePass> {
  using SelectSchedulePassBase::SelectSchedulePassBase;
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto target = module->getAttrOfType<seq::TargetAttr>("seqc.target");
    if (!target) {
      module.emitOpError("expected the attribute 'seqc.target', but got none");
      return signalPassFailure();
    }
    std::optional<seq::Plan> plan =
        plan_() == "auto" ? seq::Plan::Fused : seq::symbolizePlan(plan_());
    if (!plan) {
      module.emitOpError("expected a plan (auto, reference, fused), but got '") << plan_() << "'";
      return signalPassFailure();
    }
    bool fused = *plan == seq::Plan::Fused;
    bool forced = *plan == seq::Plan::Reference; // what others are compared with
    auto schedule = fused ? fusedSchedule(target) : seq::ScheduleAttr::get(&getContext(), *plan);
    Sizes assumed;
    for (StringRef text : assume) {
      auto [name, size] = text.split('=');
      if (size.getAsInteger(10, assumed[name])) {
        module.emitOpError("expected an assumed size like B=8, but got '") << text << "'";
        return signalPassFailure();
      }
    }
    module.walk([&](Operation *op) {
      if (auto recurrence = dyn_cast<seq::RecurrenceOp>(op)) {
        if (recurrence.getScheduleAttr() && !forced)
          return;
        recurrence.setScheduleAttr(fused ? chooseTiles(recurrence, schedule, target, assumed)
                                         : schedule);
      } else if (isa<func::FuncOp>(op) && !op->hasAttr("seq.schedule")) {
        op->setAttr("seq.schedule", schedule); // for the ops outside of recurrences
      }
    });
  }
  const std::string &plan_() const { return plan; }
};
} // namespace
