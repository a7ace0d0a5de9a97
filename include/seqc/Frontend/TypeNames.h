//===- TypeNames.h - Types in messages ------------------------------------===//
#ifndef SEQC_FRONTEND_TYPENAMES_H
#define SEQC_FRONTEND_TYPENAMES_H

#include "mlir/IR/Types.h"
#include <string>

namespace seqc {

/// A type as messages name it: "f32[?,?,256]" for a ranked tensor, "f32[]" for
/// a 0-d one, otherwise as MLIR prints it.
std::string describeType(mlir::Type type);

} // namespace seqc

#endif // SEQC_FRONTEND_TYPENAMES_H
