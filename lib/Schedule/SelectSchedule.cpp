// Stage 3. One plan is fast today (`fused`), so the choice is between numbers: register tiles
// from the target's registers, strips, tiles of channels and thresholds from its caches.
#include "seqc/Analysis/Channels.h"
#include "seqc/Schedule/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

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
                                /*batchTile=*/0, /*channelTile=*/0, /*strip=*/16, rows, vectors,
                                /*prefetch=*/2, /*streamBytes=*/target.getL2Bytes());
}

/// `schedule` with tiles of channels whose states fill half of the registers, in place of an L1 row
/// with all of them, where those are too many for L1 and the step keeps channels apart. Short
/// strips: a tile reads some columns of a strip's rows, and the next one finds their lines in L1.
static seq::ScheduleAttr tileChannels(seq::RecurrenceOp op, seq::ScheduleAttr schedule,
                                      seq::TargetAttr target) {
  Channels channels = analyzeChannels(op);
  int64_t each = channels.elements, room = target.getVectorRegisters() / 2;
  if (!channels.size || each > room || 2 * each * channels.size * 4 <= target.getL1Bytes())
    return schedule;
  return schedule.withChannelTile(room / each * schedule.getVectorBits() / 32, /*strip=*/8);
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
    auto schedule = *plan == seq::Plan::Fused ? fusedSchedule(target)
                                              : seq::ScheduleAttr::get(&getContext(), *plan);
    module.walk([&](Operation *op) {
      if (auto recurrence = dyn_cast<seq::RecurrenceOp>(op)) {
        if (recurrence.getScheduleAttr())
          return;
        recurrence.setScheduleAttr(
            *plan == seq::Plan::Fused ? tileChannels(recurrence, schedule, target) : schedule);
      } else if (auto affine = dyn_cast<seq::AffineRecurrenceOp>(op)) {
        if (!affine.getScheduleAttr())
          affine.setScheduleAttr(schedule);
      } else if (isa<func::FuncOp>(op) && !op->hasAttr("seq.schedule")) {
        op->setAttr("seq.schedule", schedule); // for the ops outside of recurrences
      }
    });
  }
  const std::string &plan_() const { return plan; }
};
} // namespace
