// Runs the stages and hands the result to LLVM.
#include "seqc/Pipeline/Compiler.h"

#include "seqc/Pipeline/Stages.h"
#include "seqc/Support/Version.h"
#include "seqc/Target/CPU.h"
#include "seqc/Target/EmitAbi.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/ModuleTranslation.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

#include <chrono>

using namespace mlir;
using namespace seqc;

static FailureOr<seq::TargetAttr> attachTarget(ModuleOp module, const CompileOptions &options) {
  std::string error;
  FailureOr<seq::TargetAttr> target =
      cpuTarget(module.getContext(), options.triple, options.march, error);
  if (failed(target))
    return emitError(UnknownLoc::get(module.getContext())) << error;
  module->setAttr("seqc.target", *target);
  return target;
}

static LogicalResult runStage(ModuleOp module, const Stage &stage, const CompileOptions &options) {
  auto start = std::chrono::steady_clock::now();
  PassManager pm(module.getContext());
#ifdef NDEBUG
  pm.enableVerifier(false);
#endif
  stage.build(pm, options);
  if (failed(pm.run(module)))
    return failure();
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  if (options.timing)
    options.timing(stage.name, seconds.count());
  if (options.afterStage)
    options.afterStage(stage.name, module);
  return success();
}

LogicalResult seqc::runStages(ModuleOp module, const CompileOptions &options, StringRef last) {
  if (!module->hasAttr("seqc.target") && failed(attachTarget(module, options)))
    return failure();
  for (const Stage &stage : stages()) {
    if (failed(runStage(module, stage, options)))
      return failure();
    if (stage.name == last)
      break;
  }
  return success();
}
