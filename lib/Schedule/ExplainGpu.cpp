// Remarks about plans on a GPU. No time here was measured: each says that it is predicted.
#include "ExplainGpu.h"
#include "seqc/Schedule/CostModelGpu.h"
#include "seqc/Schedule/Passes.h"

#include "llvm/Support/Format.h"

using namespace mlir;
using namespace seqc;

/// What an item of the kernel of plan `fused` is, or of those of plans `segments` and `newton`.
static std::string itemOf(seq::ScheduleAttr schedule) {
  if (schedule.getPlan() != seq::Plan::Fused)
    return "a thread carries one channel of one sequence over segments of " +
           std::to_string(schedule.getChunk()) + " steps";
  if (schedule.getChannelTile())
    return "a thread carries one channel of one sequence over all of time";
  if (startsEachStep(schedule))
    return "kernels for each step, a thread computes one channel of " +
           std::to_string(schedule.getRows()) + " sequences";
  std::string who = "a thread";
  if (int64_t threads = threadsOfBlock(schedule))
    who = "a block of " + std::to_string(threads) + " threads";
  return who + " carries one sequence over all of time";
}

std::string seqc::reasonOnGpu(seq::RecurrenceOp op, ArrayRef<PlanOption> options,
                              const PlanOption &best, const UsualSizes &sizes) {
  auto predicted = [&](const PlanOption &option) {
    return describe(predictGpu(gpuWorkOf(op, option.schedule, sizes, option.forgets)).total());
  };
  std::string text = best.plan != seq::Plan::Scan ? itemOf(best.schedule) + "; " : "";
  if (llvm::count_if(options, [](const PlanOption &o) { return o.isLegal(); }) == 1)
    text += "no other plan is legal on a GPU";
  else
    text += "the cheapest";
  text +=
      " for " + describe(sizes) + ": " + predicted(best) + ", limited by " + best.price.term.str();
  for (const PlanOption &option : options)
    if (option.isLegal() && &option != &best)
      text += "; " + stringifyPlan(option.plan).str() + " " + predicted(option);
  return text + "; " + gpuModelLabel.str();
}

void seqc::explainPriceOnGpu(seq::RecurrenceOp op, const PlanOption &option,
                             const UsualSizes &sizes, remark::RemarkOpts opts) {
  GpuWork work = gpuWorkOf(op, option.schedule, sizes, option.forgets);
  GpuPrice price = predictGpu(work);
  auto number = [](double value) {
    std::string text;
    llvm::raw_string_ostream(text) << llvm::format("%.0f", value);
    return text;
  };
  auto remark = remark::analysis(op.getLoc(), opts);
  remark << remark::metric("plan", stringifyPlan(option.plan).str())
         << remark::metric("seconds", describe(price.total()))
         << remark::metric("times", gpuModelLabel.str()) << remark::metric("sizes", describe(sizes))
         << remark::metric("limit", price.limit().str());
  for (auto [part, name] : {std::pair(&price.fixed, "launches"),
                            {&price.memory, "memory"},
                            {&price.issue, "issue"},
                            {&price.special, "special"},
                            {&price.chain, "chain"}})
    remark << remark::metric(name, describe(*part));
  // In numbers, and what they were computed from.
  for (auto [value, name] : {std::pair(price.total().least * 1e9, "least_ns"),
                             {price.total().most * 1e9, "most_ns"},
                             {work.launches, "kernels"},
                             {work.blocks, "blocks"},
                             {work.blockThreads, "block_threads"},
                             {work.blocksOnSm, "blocks_on_sm"},
                             {work.bytes.least, "bytes"},
                             {work.bytes.most, "most_bytes"},
                             {work.instructions, "instructions"},
                             {work.special, "reciprocals"},
                             {work.steps, "steps"},
                             {work.chain, "step_cycles"},
                             {work.waits, "waits"}})
    remark << remark::metric(name, number(value));
}
