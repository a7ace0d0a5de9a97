// The one table of stages: pass order, names for --emit and dumps, and the table in the docs
// all come from here.
#include "seqc/Pipeline/Stages.h"

#include "seqc/Conversion/Passes.h"
#include "seqc/Dialect/Seq/Transforms/Passes.h"
#include "seqc/Frontend/Passes.h"
#include "seqc/Pipeline/Compiler.h"
#include "seqc/Schedule/Passes.h"
#include "seqc/Target/CPU.h"

#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace seqc;

static void buildSeq(OpPassManager &pm, const CompileOptions &) {
  pm.addPass(createCheckInputPass());
}

static void buildSimplified(OpPassManager &pm, const CompileOptions &) { buildSimplify(pm); }

static void buildScheduled(OpPassManager &pm, const CompileOptions &options) {
  SelectSchedulePassOptions select;
  select.plan = options.schedule;
  select.threads = options.threads;
  select.exact = options.streamingExact;
  select.certificate = options.certificate;
  select.versions = options.schedule == "auto";
  for (const auto &[name, size] : options.assume)
    select.assume.push_back(name + "=" + std::to_string(size));
  pm.addPass(createSelectSchedulePass(select));
  pm.addPass(createCheckSchedulePass());
}

static void buildLowered(OpPassManager &pm, const CompileOptions &options) {
  pm.addPass(createFormScansPass());
  // Before numerics are fixed: a derivative is made of functions, not of their expansions.
  pm.addPass(createLinearizePass());
  // Before plans diverge: from here on every plan computes the same formulas.
  FixNumericsPassOptions numerics;
  numerics.precise = options.precise;
  pm.addPass(createFixNumericsPass(numerics));
  // Buffers at the border first: the conversions below read and write them directly.
  pm.addPass(createExposeBuffersPass());
  ConvertSeqToVectorPassOptions vector;
  vector.weaken = options.weaken;
  pm.addPass(createConvertSeqToVectorPass(vector));
  pm.addPass(createConvertSeqToLoopsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createBufferizePass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createPlanMemoryPass());
  pm.addPass(createOutlineParallelPass());
  pm.addPass(createCheckLoweredPass());
}

static void buildLlvm(OpPassManager &pm, const CompileOptions &) { buildCpuLowering(pm); }

static const Stage table[] = {
    {"seq", "Frontend", "a verified module of seq, func, arith, math, tensor, linalg and scf",
     buildSeq},
    {"simplified", "Dialect/Seq/Transforms",
     "work that needs no state is outside of the steps, batched over time", buildSimplified},
    {"scheduled", "Schedule", "every schedulable op carries a #seq.schedule", buildScheduled},
    {"lowered", "Conversion", "loops and vectors on buffers, no seq op", buildLowered},
    {"llvm", "Target/CPU", "the LLVM dialect", buildLlvm},
};

llvm::ArrayRef<Stage> seqc::stages() { return table; }

void seqc::registerPasses() {
  registerSeqTransformsPasses();
  registerSeqcFrontendPasses();
  registerSeqcConversionPasses();
  registerSeqcSchedulePasses();
  mlir::registerTransformsPasses();
  mlir::registerLinalgPasses();
  for (const Stage &stage : table)
    PassPipelineRegistration<>("seqc-" + stage.name.str(), stage.leaves,
                               [&](OpPassManager &pm) { stage.build(pm, CompileOptions()); });
}
