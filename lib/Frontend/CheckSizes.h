//===- CheckSizes.h - No size depends on tensor data ----------------------===//
#ifndef SEQC_LIB_FRONTEND_CHECKSIZES_H
#define SEQC_LIB_FRONTEND_CHECKSIZES_H

#include "mlir/IR/BuiltinOps.h"

namespace seqc {

/// Reports every op whose result's size, or number of steps, is computed from
/// an element of a tensor. Needs a module without recursion.
mlir::LogicalResult checkSizes(mlir::ModuleOp module);

} // namespace seqc

#endif // SEQC_LIB_FRONTEND_CHECKSIZES_H
