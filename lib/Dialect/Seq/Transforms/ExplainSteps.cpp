// What is known of each recurrence, as remarks: its class with the op that
// breaks affinity, the proof that it is a scan, and the least bytes that it must move.
#include "Rebuild.h"
#include "seqc/Analysis/Footprint.h"
#include "seqc/Analysis/InvariantBox.h"
#include "seqc/Analysis/ScanForm.h"
#include "seqc/Analysis/StepClass.h"
#include "seqc/Dialect/Seq/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Remarks.h"

namespace seqc {
#define GEN_PASS_DEF_EXPLAINSTEPSPASS
#include "seqc/Dialect/Seq/Transforms/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

static void explain(seq::RecurrenceOp op, func::FuncOp function, DimSymbols &symbols) {
  StepClass step = classifyStep(op);
  {
    auto remark = remark::analysis(
        op.getLoc(),
        remark::RemarkOpts::name("class").category("seqc.step").function(function.getName()));
    remark << remark::metric("class", stringify(step.overall, step.block));
    // The association of which the step is one application, even where another reason forbids it.
    if (ScanProof proof = proveScan(op); !proof.className.empty())
      remark << remark::metric("proof", proof.className);
    remark << remark::reason("{0}", describe(op, step));
  }
  if (step.overall >= DependenceClass::NonlinearElementwise)
    remark::analysis(
        op.getLoc(),
        remark::RemarkOpts::name("box").category("seqc.step").function(function.getName()))
        << remark::metric("box", describe(op, findInvariantBoxes(op)));
  std::optional<Footprint> bytes = footprint(op);
  if (!bytes)
    return;
  remark::analysis(
      op.getLoc(),
      remark::RemarkOpts::name("bytes").category("seqc.step").function(function.getName()))
      << remark::metric("bytes_per_step", bytes->perStep)
      << remark::metric("bytes", describe(op, *bytes, symbols));
}

namespace {
struct ExplainStepsPass : seqc::impl::ExplainStepsPassBase<ExplainStepsPass> {
  void runOnOperation() override {
    // Without a listener there is nobody to tell.
    if (!getContext().getRemarkEngine())
      return;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      DimSymbols symbols(function);
      for (seq::RecurrenceOp op : innerFirst(function))
        explain(op, function, symbols);
    }
  }
};
} // namespace
