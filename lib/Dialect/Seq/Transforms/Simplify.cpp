// The order of stage `simplified`.
#include "seqc/Dialect/Seq/Transforms/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

void seqc::buildSimplify(OpPassManager &pm) {
  // One function per entry, so that everything around a recurrence is visible.
  pm.addPass(createInlinerPass());
  pm.addPass(createSymbolDCEPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  // One op is left for what follows.
  pm.addPass(createExpandAffinePass());
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
