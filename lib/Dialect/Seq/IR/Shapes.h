//===- Shapes.h - Shapes that agree where both are static -----------------===//
#ifndef SEQC_LIB_DIALECT_SEQ_IR_SHAPES_H
#define SEQC_LIB_DIALECT_SEQ_IR_SHAPES_H

#include "seqc/Dialect/Seq/IR/Seq.h"

namespace seqc::seq {

/// Ranks agree, and sizes where both are static.
bool agree(llvm::ArrayRef<int64_t> a, llvm::ArrayRef<int64_t> b);

/// Reports operand `name` unless its shape agrees with `shape`.
mlir::LogicalResult expectShape(mlir::Operation *op, llvm::StringRef name, mlir::Value value,
                                llvm::ArrayRef<int64_t> shape);

/// Reports operand `name` unless it holds `element` or a narrower float.
mlir::LogicalResult expectNarrowFloat(mlir::Operation *op, llvm::StringRef name, mlir::Value value,
                                      mlir::Type element);

} // namespace seqc::seq

#endif // SEQC_LIB_DIALECT_SEQ_IR_SHAPES_H
