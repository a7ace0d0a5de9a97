// seq.affine_recurrence as a seq.recurrence, for plans that do not take it
// whole:
//   h = a ∘ h + u,   y = h   or   y[r…] = Σ_n c[n] h[n, r…], ascending in n
//   from 0.
#include "ExpandAffine.h"
#include "seqc/Dialect/Seq/Transforms/Passes.h"

namespace seqc {
#define GEN_PASS_DEF_EXPANDAFFINEPASS
#include "seqc/Dialect/Seq/Transforms/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

namespace {
/// Writes the step of one op.
struct AffineExpansion {
  seq::AffineRecurrenceOp op;
  OpBuilder b;
  Location loc;
  RankedTensorType state;

  explicit AffineExpansion(seq::AffineRecurrenceOp op)
      : op(op), b(op), loc(op.getLoc()),
        state(
            RankedTensorType::get(typeOf(op.getInitial()).getShape().drop_front(op.getBatchRank()),
                                  typeOf(op.getInitial()).getElementType())) {}

  RankedTensorType stepType(Value whole, int64_t leading) {
    return RankedTensorType::get(typeOf(whole).getShape().drop_front(leading),
                                 typeOf(whole).getElementType());
  }
  /// `v` in the state's element type.
  Value widen(Value v) {
    RankedTensorType want = typeOf(v).clone(state.getElementType());
    return want == v.getType() ? v : arith::ExtFOp::create(b, loc, want, v).getResult();
  }
  Value advance(Value decay, Value input, Value h);
  Value read(Value readout, Value h);
  void run();
};
} // namespace

/// a · h, of reals or complex numbers.
static Value multiply(OpBuilder &b, Location loc, Value a, Value h) {
  if (isa<ComplexType>(h.getType()))
    return complex::MulOp::create(b, loc, a, h);
  return arith::MulFOp::create(b, loc, a, h);
}

static Value add(OpBuilder &b, Location loc, Value a, Value c) {
  if (isa<ComplexType>(c.getType()))
    return complex::AddOp::create(b, loc, a, c);
  return arith::AddFOp::create(b, loc, a, c);
}

static Value zeroOf(OpBuilder &b, Location loc, Type type) {
  auto complexType = dyn_cast<ComplexType>(type);
  if (!complexType)
    return arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
  Attribute zero = b.getZeroAttr(complexType.getElementType());
  return complex::ConstantOp::create(b, loc, complexType, b.getArrayAttr({zero, zero}));
}

Value AffineExpansion::advance(Value decay, Value input, Value h) {
  Value a = widen(decay), u = widen(input);
  bool diagonal = op.getStructure() == seq::Structure::Diagonal;
  if (diagonal && isa<FloatType>(state.getElementType())) {
    Value product = arith::MulFOp::create(b, loc, a, h);
    return arith::AddFOp::create(b, loc, product, u);
  }
  int64_t rank = state.getRank();
  AffineMap identity = b.getMultiDimIdentityMap(rank);
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  Value empty =
      tensor::EmptyOp::create(b, loc, tensor::getMixedSizes(b, loc, h), state.getElementType());
  return linalg::GenericOp::create(
             b, loc, state, ValueRange{a, h, u}, empty,
             {diagonal ? identity : AffineMap::get(rank, 0, b.getContext()), identity, identity,
              identity},
             loops,
             [](OpBuilder &nested, Location l, ValueRange args) {
               Value sum = add(nested, l, multiply(nested, l, args[0], args[1]), args[2]);
               linalg::YieldOp::create(nested, l, sum);
             })
      .getResult(0);
}

Value AffineExpansion::read(Value readout, Value h) {
  Value c = widen(readout);
  int64_t rank = state.getRank();
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, h);
  sizes.erase(sizes.begin());
  Value zero = zeroOf(b, loc, state.getElementType());
  Value empty = tensor::EmptyOp::create(b, loc, sizes, state.getElementType());
  Value filled = linalg::FillOp::create(b, loc, zero, empty).getResult(0);
  AffineMap identity = b.getMultiDimIdentityMap(rank);
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  loops.front() = utils::IteratorType::reduction;
  AffineMap n = AffineMap::get(rank, 0, b.getAffineDimExpr(0));
  return linalg::GenericOp::create(b, loc, filled.getType(), ValueRange{c, h}, filled,
                                   {n, identity, identity.dropResult(0)}, loops,
                                   [](OpBuilder &nested, Location l, ValueRange args) {
                                     Value product = multiply(nested, l, args[0], args[1]);
                                     Value sum = add(nested, l, args[2], product);
                                     linalg::YieldOp::create(nested, l, sum);
                                   })
      .getResult(0);
}

void AffineExpansion::run() {
  int64_t leading = op.getBatchRank() + 1;
  SmallVector<Value> inputs = {op.getInput()};
  if (!op.getConstant())
    inputs.push_back(op.getDecay());
  if (op.getReadout())
    inputs.push_back(op.getReadout());
  Value resets = op.getResets();
  auto fresh =
      seq::RecurrenceOp::create(b, loc, op->getResultTypes(), inputs, ValueRange{}, ValueRange{},
                                resets, Value(), ValueRange{op.getInitial()}, op.getReverseAttr(),
                                UnitAttr(), op.getTimeAttr(), op.getScheduleAttr());
  fresh->setDiscardableAttrs(llvm::to_vector(op->getDiscardableAttrs()));
  Block &step = fresh.getStep().emplaceBlock();
  for (Value v : inputs)
    step.addArgument(stepType(v, leading), loc);
  Value h = step.addArgument(state, loc);
  b.setInsertionPointToStart(&step);
  Value decay = op.getConstant() ? Value(op.getDecay()) : Value(step.getArgument(1));
  Value next = advance(decay, step.getArgument(0), h);
  Value out = op.getReadout() ? read(step.getArgument(inputs.size() - 1), next) : next;
  seq::YieldOp::create(b, loc, next, out);
  op->replaceAllUsesWith(fresh);
  op->erase();
}

void seqc::expandAffine(seq::AffineRecurrenceOp op) { AffineExpansion(op).run(); }

namespace {
struct ExpandAffinePass : seqc::impl::ExpandAffinePassBase<ExpandAffinePass> {
  void runOnOperation() override {
    getOperation()->walk([](seq::AffineRecurrenceOp op) { expandAffine(op); });
  }
};
} // namespace
