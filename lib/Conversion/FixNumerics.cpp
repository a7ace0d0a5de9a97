//===- FixNumerics.cpp - One arithmetic for every plan --------------------===//
//
// The reference plan, the fused plan and every later plan evaluate the same
// scalar bodies, and those bodies hold only operations that round in one way
// wherever they run. This pass makes them so, before plans diverge; the rules
// are in docs/Numerics.md.
//
//===----------------------------------------------------------------------===//
#include "seqc/Conversion/FixNumerics.h"
#include "seqc/Conversion/Passes.h"

using namespace mlir;

namespace seqc {

#define GEN_PASS_DEF_FIXNUMERICSPASS
#include "seqc/Conversion/Passes.h.inc"

namespace {
struct FixNumericsPass : impl::FixNumericsPassBase<FixNumericsPass> {
  using FixNumericsPassBase::FixNumericsPassBase;

  void runOnOperation() override {
    Operation *module = getOperation();
    // Functions are recognised on the ops of one body, so bodies are joined
    // first.
    if (failed(fuseElementwise(module)))
      return signalPassFailure();
    fixComparisons(module);
    // Before expansion: formulas choose their own fused multiply-adds.
    formFusedMultiplyAdds(module);
    if (!precise) {
      ExpandMathOptions options;
      auto target = module->getAttrOfType<seq::TargetAttr>("seqc.target");
      options.fastDivision = fastDivision || (target && target.dividesFast());
      expandFunctions(module, options);
    }
    // Last: formulas for bf16 and f16 convert to f32 and back.
    widenNarrowFloats(module);
  }
};
} // namespace

} // namespace seqc
