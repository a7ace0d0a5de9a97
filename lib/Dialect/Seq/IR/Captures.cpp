// What a region uses from outside.
#include "seqc/Dialect/Seq/IR/Captures.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

Value seqc::seq::collectConstants(Region &region, SetVector<Operation *> &ops) {
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(region, captured);
  // Depth first with an explicit stack: an op is entered once all that it needs has been.
  SmallVector<std::pair<Value, bool>> work;
  for (Value v : llvm::reverse(captured))
    work.push_back({v, false});
  DenseSet<Operation *> opened;
  while (!work.empty()) {
    auto [v, done] = work.pop_back_val();
    Operation *op = v.getDefiningOp();
    // linalg ops have regions of their own, which must not look outside.
    SetVector<Value> inner;
    if (op)
      getUsedValuesDefinedAbove(op->getRegions(), inner);
    if (!op || !isPure(op) || !inner.empty())
      return v;
    if (done)
      ops.insert(op);
    else if (opened.insert(op).second) {
      work.push_back({v, true});
      for (Value operand : op->getOperands())
        work.push_back({operand, false});
    }
  }
  return {};
}
