// Sizes and conditions in generated code.
#include "LoopWords.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

Value LoopWords::plus(Value a, Value c) { return arith::AddIOp::create(b, loc, a, c); }
Value LoopWords::minus(Value a, Value c) { return arith::SubIOp::create(b, loc, a, c); }
Value LoopWords::times(Value a, Value c) { return arith::MulIOp::create(b, loc, a, c); }
Value LoopWords::least(Value a, Value c) { return arith::MinSIOp::create(b, loc, a, c); }
Value LoopWords::isLess(Value a, Value c) {
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, a, c);
}
Value LoopWords::isSame(Value a, Value c) {
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, a, c);
}
Value LoopWords::both(Value a, Value c) { return arith::AndIOp::create(b, loc, a, c); }
Value LoopWords::either(Value a, Value c) { return arith::OrIOp::create(b, loc, a, c); }
Value LoopWords::truth(bool v) { return arith::ConstantIntOp::create(b, loc, v, 1); }
