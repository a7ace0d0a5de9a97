//===- ResultSizes.h - Sizes of values from the sizes of arguments --------===//
#ifndef SEQC_CONVERSION_RESULTSIZES_H
#define SEQC_CONVERSION_RESULTSIZES_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace seqc {

/// Builds, at `b`, size `dim` of the tensor `value` (an index value) from nothing but constants
/// and what `argumentSize` returns for a size of a function argument, or for the value of an index
/// argument (which has size 0 only). Fails if the size depends on data.
mlir::FailureOr<mlir::Value>
resultSize(mlir::OpBuilder &b, mlir::Value value, int64_t dim,
           llvm::function_ref<mlir::Value(mlir::BlockArgument, int64_t)> argumentSize);

} // namespace seqc

#endif // SEQC_CONVERSION_RESULTSIZES_H
