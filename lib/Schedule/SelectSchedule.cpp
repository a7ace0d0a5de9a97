// Stage 3: for each recurrence the cheapest legal plan, with the reasons as remarks.
#include "ExplainGpu.h"
#include "Versions.h"
#include "seqc/Analysis/Place.h"
#include "seqc/Schedule/CostModelGpu.h"
#include "seqc/Schedule/Passes.h"
#include "seqc/Schedule/ScheduleSpace.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/Format.h"

namespace seqc {
#define GEN_PASS_DEF_SELECTSCHEDULEPASS
#include "seqc/Schedule/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

//===-----------------------------------------------------------------------===//
// Explanations
//===-----------------------------------------------------------------------===//

/// The plan that is cheapest for each of some batch sizes and lengths, where it is not one.
static std::string describeFlips(seq::RecurrenceOp op, seq::TargetAttr target,
                                 Assumptions assumed) {
  std::string text;
  llvm::SmallSetVector<seq::Plan, 4> plans;
  for (int64_t batch : {1, 8, 64}) {
    text += (text.empty() ? "B = " : "; B = ") + std::to_string(batch) + ":";
    for (int64_t steps : {16, 256, 4096, 65536}) {
      assumed.usual = UsualSizes{batch, steps, false, false};
      seq::Plan plan = cheapest(scheduleSpace(op, target, assumed)).plan;
      plans.insert(plan);
      text += " T = " + std::to_string(steps) + " " + stringifyPlan(plan).str();
      if (steps != 65536)
        text += ",";
    }
  }
  if (plans.size() == 1)
    return "the same plan for B from 1 to 64 and T from 16 to 65536";
  return text;
}

/// What a plan that guesses states guarantees, and when it pays, or empty.
static std::string expectation(const PlanOption &option, const PlanOption &fused) {
  if (option.plan != seq::Plan::Segments && option.plan != seq::Plan::Newton)
    return {};
  std::string worst;
  llvm::raw_string_ostream(worst) << llvm::format("%.2f", option.price.worst / fused.price.seconds);
  if (option.schedule.getCertificate() == seq::Certificate::Backward)
    return "every step is bitwise the step of the state before it, except behind listed blocks, "
           "where the state jumps by some units in the last place; how far that leads from the "
           "sequential result is not said; it pays where two states come that near within half of "
           "a segment, and else is about " +
           worst + " times as slow as plan 'fused'";
  std::string text = "the bits of plan 'fused', always; ";
  if (!option.forgets)
    return text + "its states do not forget, so that guesses do not help: plan 'scan' is for them";
  return text +
         "it pays where states that start apart come to be the same bits within some tens "
         "or hundreds of steps, as gates do; where they never do, it is at most about " +
         worst + " times as slow as plan 'fused'";
}

namespace {
/// The remarks of one recurrence.
struct Explainer {
  seq::RecurrenceOp op;
  seq::TargetAttr target;
  const Assumptions &assumed;

  remark::RemarkOpts named(StringRef name) {
    auto function = op->getParentOfType<func::FuncOp>();
    return remark::RemarkOpts::name(name)
        .category("seqc.plan")
        .function(function ? function.getName() : "");
  }

  void chosen(seq::ScheduleAttr schedule, StringRef reason) {
    auto remark = remark::passed(op.getLoc(), named("plan"));
    remark << remark::metric("plan", stringifyPlan(schedule.getPlan()).str());
    for (auto [name, number] : {std::pair("vector_bits", schedule.getVectorBits()),
                                {"batch_tile", schedule.getBatchTile()},
                                {"channel_tile", schedule.getChannelTile()},
                                {"chunk", schedule.getChunk()},
                                {"strip", schedule.getStrip()}})
      if (number != 0)
        remark << remark::metric(name, number);
    remark << remark::reason("{0}", reason.str());
  }

  /// A version of the function, for sizes at which `note` says another plan is cheaper.
  void version(const VersionNote &note) {
    auto quoted = [](seq::ScheduleAttr schedule) {
      return "plan '" + stringifyPlan(schedule.getPlan()).str() + "'";
    };
    std::string text = quoted(note.schedule) + " where " + note.where + ": " +
                       duration(note.price.seconds) + " instead of " +
                       duration(note.usual.seconds) + " of " + quoted(op.getScheduleAttr()) +
                       " at " + note.sample + (isGpu(target) ? "; " + gpuModelLabel.str() : "");
    remark::passed(op.getLoc(), named("version"))
        << remark::metric("where", note.where)
        << remark::metric("plan", stringifyPlan(note.schedule.getPlan()).str())
        << remark::reason("{0}", text);
  }

  void space(ArrayRef<PlanOption> options) {
    for (const PlanOption &option : options) {
      std::string name = stringifyPlan(option.plan).str();
      if (!option.isLegal()) {
        remark::missed(op.getLoc(), named("not_legal"))
            << remark::metric("plan", name) << remark::reason("{0}", option.refusal);
        continue;
      }
      if (std::string text = expectation(option, options.front()); !text.empty())
        remark::analysis(op.getLoc(), named("expect"))
            << remark::metric("plan", name) << remark::reason("plan '{0}': {1}", name, text);
      if (isGpu(target))
        explainPriceOnGpu(op, option, usualSizes(op, assumed), named("price"));
      else
        remark::analysis(op.getLoc(), named("price"))
            << remark::metric("plan", name)
            << remark::metric("seconds", duration(option.price.seconds))
            << remark::metric("limit", option.price.term.str());
    }
    remark::analysis(op.getLoc(), named("flips"))
        << remark::metric("choice", describeFlips(op, target, assumed));
  }
};
} // namespace

/// "one line": what was chosen, for which sizes, and what the next best would have cost.
static std::string reasonFor(ArrayRef<PlanOption> options, const PlanOption &best,
                             const UsualSizes &sizes) {
  std::string text = "the cheapest for " + describe(sizes) + ": " + duration(best.price.seconds) +
                     ", limited by " + best.price.term.str();
  for (const PlanOption &option : options)
    if (option.isLegal() && &option != &best)
      text += "; " + stringifyPlan(option.plan).str() + " " + duration(option.price.seconds);
  if (llvm::count_if(options, [](const PlanOption &o) { return o.isLegal(); }) == 1)
    text = "no other plan is legal; one pass over time: states stay in registers or L1, each "
           "input is read once and each output written once";
  return text;
}

//===-----------------------------------------------------------------------===//
// The pass
//===-----------------------------------------------------------------------===//

namespace {
struct SelectSchedulePass : seqc::impl::SelectSchedulePassBase<SelectSchedulePass> {
  using SelectSchedulePassBase::SelectSchedulePassBase;

  void runOnOperation() override {
    choices.clear();
    ModuleOp module = getOperation();
    auto target = module->getAttrOfType<seq::TargetAttr>("seqc.target");
    if (!target) {
      module.emitOpError("expected the attribute 'seqc.target', but got none");
      return signalPassFailure();
    }
    wanted = plan == "auto" ? std::nullopt : seq::symbolizePlan(plan);
    if (plan != "auto" && !wanted) {
      module.emitOpError(
          "expected a plan (auto, reference, fused, scan, segments, newton), but got '")
          << plan << "'";
      return signalPassFailure();
    }
    if (!readAssumptions())
      return signalPassFailure();
    bool reference = wanted == seq::Plan::Reference;
    if (!reference)
      orderStates(module, assumed, versions);
    // For the ops outside of recurrences.
    auto around = reference ? seq::ScheduleAttr::get(&getContext(), seq::Plan::Reference)
                            : fusedSchedule(target);
    bool ok = true;
    module.walk([&](Operation *op) {
      if (auto recurrence = dyn_cast<seq::RecurrenceOp>(op))
        ok &= succeeded(decide(recurrence, target));
      else if (isa<func::FuncOp>(op) && !op->hasAttr("seq.schedule"))
        op->setAttr("seq.schedule", around);
    });
    if (!ok)
      return signalPassFailure();
    if (versions)
      addAllVersions(target);
  }

private:
  std::optional<seq::Plan> wanted;
  Assumptions assumed;
  /// Recurrences whose plans were chosen by price, by function.
  llvm::MapVector<func::FuncOp, std::vector<Choice>> choices;

  void addAllVersions(seq::TargetAttr target) {
    for (auto &[function, chosen] : choices) {
      SmallVector<VersionNote> notes = addVersions(function, chosen, target, assumed);
      if (getContext().getRemarkEngine())
        for (const VersionNote &note : notes)
          Explainer{note.op, target, assumed}.version(note);
    }
  }

  bool readAssumptions() {
    assumed.threads = threads;
    assumed.exact = exact;
    std::optional<seq::Certificate> known = seq::symbolizeCertificate(certificate);
    if (!known) {
      getOperation().emitOpError("expected a certificate (bitwise, backward), but got '")
          << certificate << "'";
      return false;
    }
    assumed.certificate = *known;
    for (StringRef text : assume) {
      auto [name, size] = text.split('=');
      if (size.getAsInteger(10, assumed.sizes[name])) {
        getOperation().emitOpError("expected an assumed size like B=8, but got '") << text << "'";
        return false;
      }
    }
    return true;
  }

  LogicalResult decide(seq::RecurrenceOp op, seq::TargetAttr target) {
    bool listened = getContext().getRemarkEngine() != nullptr;
    Explainer explainer{op, target, assumed};
    // What others are compared with.
    if (wanted == seq::Plan::Reference) {
      op.setScheduleAttr(seq::ScheduleAttr::get(&getContext(), seq::Plan::Reference));
      if (listened)
        explainer.chosen(op.getScheduleAttr(), "--schedule=reference asks for it");
      return success();
    }
    if (op.getScheduleAttr() && !listened)
      return success();
    UsualSizes sizes = usualSizes(op, assumed);
    SmallVector<PlanOption, 4> options = scheduleSpace(op, target, assumed);
    const PlanOption *best = &cheapest(options);
    std::string reason =
        isGpu(target) ? reasonOnGpu(op, options, *best, sizes) : reasonFor(options, *best, sizes);
    bool byPrice = !wanted && !op.getScheduleAttr();
    if (op.getScheduleAttr()) {
      reason = "the model's text asks for it";
    } else {
      if (wanted) {
        auto *asked =
            llvm::find_if(options, [&](const PlanOption &o) { return o.plan == *wanted; });
        if (asked == options.end())
          return op.emitOpError("expected plan 'reference', 'fused', 'scan', 'segments' or "
                                "'newton', but got '")
                 << plan << "', which seqc does not implement yet";
        best = asked;
        reason = "--schedule=" + plan + " asks for it";
      }
      if (!best->isLegal())
        return op.emitOpError("expected a step for which plan '")
               << stringifyPlan(best->plan) << "' is legal, but " << best->refusal;
      op.setScheduleAttr(best->schedule);
    }
    if (listened) {
      explainer.chosen(op.getScheduleAttr(), reason);
      explainer.space(options);
    }
    auto function = dyn_cast<func::FuncOp>(op->getParentOp());
    if (function && function.isPublic() && byPrice)
      choices[function].push_back({op, {options.begin(), options.end()}});
    return success();
  }
};
} // namespace
