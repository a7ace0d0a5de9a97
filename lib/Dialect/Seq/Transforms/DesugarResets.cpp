// `resets` becomes a selection at the top of the step: where the flag is set,
// the step sees the initial values instead of the states. After that no other
// pass needs to know of resets.
#include "seqc/Analysis/Streaming.h"
#include "seqc/Dialect/Seq/IR/Seq.h"
#include "seqc/Dialect/Seq/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace seqc {
#define GEN_PASS_DEF_DESUGARRESETSPASS
#include "seqc/Dialect/Seq/Transforms/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

/// select(flag, initial, state), element by element; flag is a 0-d tensor of
/// i1.
static Value selectState(OpBuilder &b, Location loc, Value flag, Value initial, Value state) {
  auto type = cast<RankedTensorType>(state.getType());
  int64_t rank = type.getRank();
  AffineMap none = AffineMap::get(rank, 0, b.getContext());
  AffineMap identity = b.getMultiDimIdentityMap(rank);
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  Value empty =
      tensor::EmptyOp::create(b, loc, tensor::getMixedSizes(b, loc, state), type.getElementType());
  return linalg::GenericOp::create(b, loc, type, ValueRange{flag, initial, state}, empty,
                                   {none, identity, identity, identity}, loops,
                                   [](OpBuilder &nested, Location l, ValueRange args) {
                                     Value chosen = arith::SelectOp::create(nested, l, args[0],
                                                                            args[1], args[2]);
                                     linalg::YieldOp::create(nested, l, chosen);
                                   })
      .getResult(0);
}

static void desugarResets(seq::RecurrenceOp op) {
  Location loc = op.getLoc();
  Value resets = op.getResets();
  SmallVector<Value> initial(op.getInitial());
  op.getResetsMutable().clear();
  OpBuilder b = OpBuilder::atBlockBegin(op.getBody());
  op.getInputsMutable().append(resets);
  Value flag = op.getBody()->insertArgument(op.getInputs().size() - 1,
                                            RankedTensorType::get({}, b.getI1Type()), loc);
  for (unsigned i = 0, e = initial.size(); i < e; ++i) {
    BlockArgument state = op.getBody()->getArgument(op.getBody()->getNumArguments() - e + i);
    op.getGivenMutable().append(initial[i]);
    Value restored =
        op.getBody()->insertArgument(op.getBody()->getNumArguments() - e, state.getType(), loc);
    state = op.getBody()->getArgument(op.getBody()->getNumArguments() - e + i);
    SmallVector<OpOperand *> uses =
        llvm::map_to_vector(state.getUses(), [](OpOperand &use) { return &use; });
    if (uses.empty())
      continue;
    Value chosen = selectState(b, loc, flag, restored, state);
    for (OpOperand *use : uses)
      use->set(chosen);
  }
}

namespace {
struct DesugarResetsPass : seqc::impl::DesugarResetsPassBase<DesugarResetsPass> {
  void runOnOperation() override {
    SmallVector<seq::RecurrenceOp> ops;
    getOperation()->walk([&](seq::RecurrenceOp op) {
      if (op.getResets())
        ops.push_back(op);
    });
    for (seq::RecurrenceOp op : ops)
      markStates(op);
    for (seq::RecurrenceOp op : ops)
      desugarResets(op);
  }

  /// Marks arguments that are initial values and nothing else, before they get
  /// other uses.
  static void markStates(seq::RecurrenceOp op) {
    auto function = dyn_cast<func::FuncOp>(op->getParentOp());
    for (Value v : op.getInitial())
      if (int32_t arg = argumentBehind(v); function && arg >= 0 && isStateArgument(function, arg))
        function.setArgAttr(arg, "seqc.state", UnitAttr::get(op.getContext()));
  }
};
} // namespace
