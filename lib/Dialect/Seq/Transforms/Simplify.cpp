// The order of stage `simplified`.
#include "seqc/Dialect/Seq/Transforms/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

void seqc::buildSimplify(OpPassManager &pm) {
  // First: every other pass knows of recurrences alone, and none has moved what a scan's
  // combination needs out of it.
  pm.addPass(createExpandOpsPass());
  // One function per entry, so that everything around a recurrence is visible.
  pm.addPass(createInlinerPass());
  pm.addPass(createSymbolDCEPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  // No later pass knows of resets.
  pm.addPass(createDesugarResetsPass());
  // Delay lines first: what reads them may then be hoisted.
  pm.addPass(createFindDelaysPass());
  pm.addPass(createHoistPass());
  pm.addPass(createSinkPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createExplainStepsPass());
  // Last: it freezes which values are states.
  pm.addPass(createExposeStatesPass());
}
