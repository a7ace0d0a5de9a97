// seq.affine_recurrence as a seq.recurrence:
//   h = A h + u,   y = h   or   y[r…] = Σ_n c[n] h[n, r…], ascending in n
//   from 0.
#include "Expand.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// u[i, d…] + Σ_j a[i, j, d…] h[j, d…], ascending in j.
static Value advanceBlock(StepWriter &w, Value a, Value u, Value h) {
  int64_t loops = typeOf(h).getRank() + 1;
  AffineMap all = w.b.getMultiDimIdentityMap(loops);
  SmallVector<utils::IteratorType> kinds(loops, utils::IteratorType::parallel);
  kinds[1] = utils::IteratorType::reduction;
  return w.contract({a, h}, u, {all, all.dropResult(0), all.dropResult(1)}, kinds);
}

static Value advance(StepWriter &w, seq::Structure structure, Value decay, Value input, Value h) {
  Value a = w.widen(decay), u = w.widen(input);
  OpBuilder &b = w.b;
  switch (structure) {
  case seq::Structure::Diagonal: {
    Value product = arith::MulFOp::create(b, w.loc, a, h);
    return arith::AddFOp::create(b, w.loc, product, u);
  }
  case seq::Structure::Scalar:
    return w.map({a, h, u}, h, [](OpBuilder &nested, Location l, ValueRange args) -> Value {
      Value product = arith::MulFOp::create(nested, l, args[0], args[1]);
      return arith::AddFOp::create(nested, l, product, args[2]);
    });
  case seq::Structure::Block:
    return advanceBlock(w, a, u, h);
  case seq::Structure::HeadDense:
    return linalg::BatchMatvecOp::create(b, w.loc, ValueRange{a, h}, ValueRange{u}).getResult(0);
  case seq::Structure::Dense:
    return linalg::MatvecOp::create(b, w.loc, ValueRange{a, h}, ValueRange{u}).getResult(0);
  }
  llvm_unreachable("all structures are above");
}

void seqc::expandAffine(seq::AffineRecurrenceOp op) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  int64_t leading = op.getBatchRank() + 1;
  SmallVector<Value> inputs = {op.getInput()};
  if (!op.getConstant())
    inputs.push_back(op.getDecay());
  if (op.getReadout())
    inputs.push_back(op.getReadout());
  auto fresh = seq::RecurrenceOp::create(b, loc, op->getResultTypes(), inputs, ValueRange{},
                                         ValueRange{}, op.getResets(), Value(),
                                         ValueRange{op.getInitial()}, op.getReverseAttr(),
                                         UnitAttr(), op.getTimeAttr(), op.getScheduleAttr());
  fresh->setDiscardableAttrs(llvm::to_vector(op->getDiscardableAttrs()));
  Block &step = fresh.getStep().emplaceBlock();
  for (Value v : inputs)
    step.addArgument(stepType(v, leading), loc);
  Value h = step.addArgument(stepType(op.getInitial(), leading - 1), loc);
  b.setInsertionPointToStart(&step);
  StepWriter writer{b, loc, typeOf(h).getElementType()};
  Value decay = op.getConstant() ? Value(op.getDecay()) : Value(step.getArgument(1));
  Value next = advance(writer, op.getStructure(), decay, step.getArgument(0), h);
  Value out = next;
  if (op.getReadout())
    out = writer.sumModes(writer.widen(step.getArgument(inputs.size() - 1)), next);
  seq::YieldOp::create(b, loc, next, out);
  op->replaceAllUsesWith(fresh);
  op->erase();
}
