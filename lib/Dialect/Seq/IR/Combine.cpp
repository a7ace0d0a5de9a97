// seq.combine: constraints.
#include "seqc/Dialect/Seq/IR/Seq.h"

using namespace mlir;
using namespace seqc::seq;

YieldOp CombineOp::getYield() { return cast<YieldOp>(getBody()->getTerminator()); }

LogicalResult CombineOp::verifyRegions() {
  // C1
  unsigned count = getEarlier().size();
  if (count == 0)
    return emitOpError("expected at least one 'earlier' value, but got none");
  auto yield = dyn_cast<YieldOp>(getBody()->getTerminator());
  if (!yield)
    return emitOpError("expected a region that ends in seq.yield");
  if (getNumResults() != count || yield.getNext().size() != count)
    return emitOpError("expected ") << count << " result(s) and as many yielded values, but got "
                                    << getNumResults() << " and " << yield.getNext().size();
  // C3
  if (!yield.getOut().empty() || getBody()->getNumArguments() != 2 * count)
    return emitOpError("expected a region with ")
           << 2 * count << " arguments that yields no 'out', but got "
           << getBody()->getNumArguments() << " argument(s) and " << yield.getOut().size()
           << " 'out'";
  // C2
  for (unsigned i = 0; i < count; ++i) {
    Type wanted = getEarlier()[i].getType();
    for (Type type :
         {getLater()[i].getType(), getResult(i).getType(), getBody()->getArgument(i).getType(),
          getBody()->getArgument(count + i).getType(), yield.getNext()[i].getType()})
      if (type != wanted)
        return emitOpError("expected every value #")
               << i << " to be " << wanted << ", but got " << type;
  }
  return success();
}
