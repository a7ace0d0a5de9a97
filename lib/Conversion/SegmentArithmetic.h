// Plan `segments`: short names for operations on sizes and conditions.
#ifndef SEQC_LIB_CONVERSION_SEGMENTARITHMETIC_H
#define SEQC_LIB_CONVERSION_SEGMENTARITHMETIC_H

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace seqc {
using mlir::Location;
using mlir::OpBuilder;
using mlir::Value;
using mlir::ValueRange;
namespace arith = mlir::arith;

/// The lesser of two signed numbers.
inline Value least(OpBuilder &b, Location loc, Value a, Value c) {
  return arith::MinSIOp::create(b, loc, a, c);
}

inline Value isLess(OpBuilder &b, Location loc, Value a, Value c) {
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, a, c);
}

inline Value plus(OpBuilder &b, Location loc, Value a, Value c) {
  return arith::AddIOp::create(b, loc, a, c);
}

inline Value times(OpBuilder &b, Location loc, Value a, Value c) {
  return arith::MulIOp::create(b, loc, a, c);
}

inline Value both(OpBuilder &b, Location loc, Value a, Value c) {
  return arith::AndIOp::create(b, loc, a, c);
}

inline Value either(OpBuilder &b, Location loc, Value a, Value c) {
  return arith::OrIOp::create(b, loc, a, c);
}

inline Value truth(OpBuilder &b, Location loc, bool v) {
  return arith::ConstantIntOp::create(b, loc, v, 1);
}

inline llvm::SmallVector<Value> joined(Value first, ValueRange more) {
  llvm::SmallVector<Value> all = {first};
  llvm::append_range(all, more);
  return all;
}

inline llvm::SmallVector<mlir::Type> typesOf(ValueRange values) {
  return llvm::to_vector(values.getTypes());
}

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_SEGMENTARITHMETIC_H
