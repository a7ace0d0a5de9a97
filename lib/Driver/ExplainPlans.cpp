//===- ExplainPlans.cpp - Which plan each recurrence got, and why ---------===//
//
// The decision is an attribute in the module, so it is told from there, as
// remarks of the same stream as all others.
//
//===----------------------------------------------------------------------===//
#include "Explain.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Remarks.h"
#include "seqc/Dialect/Seq/IR/Seq.h"

using namespace mlir;
using namespace seqc;

static seq::ScheduleAttr getSchedule(Operation *op) {
  if (auto recurrence = dyn_cast<seq::RecurrenceOp>(op))
    return recurrence.getScheduleAttr();
  return {};
}

void PlanExplainer::noteGiven(ModuleOp module) {
  module.walk([&](Operation *op) {
    if (getSchedule(op))
      given.insert(op->getLoc());
  });
}

std::string PlanExplainer::getReason(Operation *op, seq::Plan plan) const {
  if (given.contains(op->getLoc()))
    return "the model's text asks for it";
  if (asked != "auto")
    return "--schedule=" + asked + " asks for it";
  if (plan == seq::Plan::Fused)
    return "one pass over time: states stay in registers or L1, each input is "
           "read once and each output written once; plans that are parallel in "
           "time are not available yet";
  return "no faster plan is legal";
}

void PlanExplainer::explain(ModuleOp module) const {
  module.walk([&](Operation *op) {
    seq::ScheduleAttr schedule = getSchedule(op);
    if (!schedule)
      return;
    auto function = op->getParentOfType<func::FuncOp>();
    StringRef plan = stringifyPlan(schedule.getPlan());
    auto remark = remark::passed(
        op->getLoc(),
        remark::RemarkOpts::name("plan").category("seqc.plan").function(function.getName()));
    remark << remark::metric("plan", plan.str());
    for (auto [name, number] : {std::pair("vector_bits", schedule.getVectorBits()),
                                {"batch_tile", schedule.getBatchTile()},
                                {"channel_tile", schedule.getChannelTile()},
                                {"strip", schedule.getStrip()}})
      if (number != 0)
        remark << remark::metric(name, number);
    remark << remark::reason("{0}", getReason(op, schedule.getPlan()));
  });
}
