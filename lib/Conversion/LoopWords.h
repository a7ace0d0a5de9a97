// Sizes and conditions in generated code, in a word each.
#ifndef SEQC_LIB_CONVERSION_LOOPWORDS_H
#define SEQC_LIB_CONVERSION_LOOPWORDS_H

#include "mlir/IR/Builders.h"

namespace seqc {

/// What emitters of plans with loops of their own build from.
class LoopWords {
protected:
  explicit LoopWords(mlir::Operation *op) : b(op), loc(op->getLoc()) {}

  mlir::OpBuilder b;
  mlir::Location loc;
  mlir::Value zero, one; ///< set by the plan

  mlir::Value plus(mlir::Value a, mlir::Value c);
  mlir::Value minus(mlir::Value a, mlir::Value c);
  mlir::Value times(mlir::Value a, mlir::Value c);
  mlir::Value least(mlir::Value a, mlir::Value c);
  mlir::Value isLess(mlir::Value a, mlir::Value c);
  mlir::Value isSame(mlir::Value a, mlir::Value c);
  mlir::Value both(mlir::Value a, mlir::Value c);
  mlir::Value either(mlir::Value a, mlir::Value c);
  mlir::Value truth(bool v);
};

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_LOOPWORDS_H
