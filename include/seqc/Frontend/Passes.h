//===- Passes.h - Passes of stage 1 ---------------------------------------===//
#ifndef SEQC_FRONTEND_PASSES_H
#define SEQC_FRONTEND_PASSES_H

#include "mlir/Pass/Pass.h"
#include <memory>

namespace seqc {

#define GEN_PASS_DECL
#include "seqc/Frontend/Passes.h.inc"

/// Registers this folder's passes, for seqc-opt.
#define GEN_PASS_REGISTRATION
#include "seqc/Frontend/Passes.h.inc"

} // namespace seqc

#endif // SEQC_FRONTEND_PASSES_H
