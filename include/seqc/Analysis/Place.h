//===- Place.h - Locations in sentences -----------------------------------===//
#ifndef SEQC_ANALYSIS_PLACE_H
#define SEQC_ANALYSIS_PLACE_H

#include "mlir/IR/Operation.h"
#include <string>

namespace seqc {

/// Where `loc` is, for use in a sentence: "cell.mlir:12:10" (the file without
/// its folder), the first such place of a compound location, or "an unknown
/// place".
std::string describePlace(mlir::Location loc);

/// "'math.tanh' at cell.mlir:12:10".
std::string describeOp(mlir::Operation *op);

} // namespace seqc

#endif // SEQC_ANALYSIS_PLACE_H
