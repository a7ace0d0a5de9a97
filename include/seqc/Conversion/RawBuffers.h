//===- RawBuffers.h - Buffers from the runtime's pointers and sizes -------===//
#ifndef SEQC_CONVERSION_RAWBUFFERS_H
#define SEQC_CONVERSION_RAWBUFFERS_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace seqc {

/// A dense row-major buffer of `type` (identity layout) at the `!llvm.ptr` value `pointer`;
/// `dynamicSizes` are its dynamic sizes as index values, outermost first.
mlir::Value bufferFromPointer(mlir::OpBuilder &b, mlir::Location loc, mlir::Value pointer,
                              mlir::MemRefType type, mlir::ValueRange dynamicSizes);

/// Entry `index` of the array of pointers at `pointers`.
mlir::Value loadPointer(mlir::OpBuilder &b, mlir::Location loc, mlir::Value pointers,
                        int64_t index);

/// Entry `index` of the array of int64 sizes at `dims`, as an index value.
mlir::Value loadSize(mlir::OpBuilder &b, mlir::Location loc, mlir::Value dims, int64_t index);

/// Writes entry `index` of the array of int64 sizes at `dims`.
void storeSize(mlir::OpBuilder &b, mlir::Location loc, mlir::Value dims, int64_t index,
               mlir::Value size);

} // namespace seqc

#endif // SEQC_CONVERSION_RAWBUFFERS_H
