//===- Passes.h - Passes of stage 2, simplify -----------------------------===//
#ifndef SEQC_DIALECT_SEQ_TRANSFORMS_PASSES_H
#define SEQC_DIALECT_SEQ_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"
#include <memory>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace seqc {

#define GEN_PASS_DECL
#include "seqc/Dialect/Seq/Transforms/Passes.h.inc"

/// Registers this folder's passes, for seqc-opt.
#define GEN_PASS_REGISTRATION
#include "seqc/Dialect/Seq/Transforms/Passes.h.inc"

/// Adds the passes of stage `simplified` to a pass manager of the module.
void buildSimplify(mlir::OpPassManager &pm);

} // namespace seqc

#endif // SEQC_DIALECT_SEQ_TRANSFORMS_PASSES_H
