// Plans `segments` and `newton`: what a step reads and computes.
#include "SegmentStep.h"
#include "seqc/Analysis/Interleaved.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

static Value fma(OpBuilder &b, Location loc, Value x, Value y, Value z) {
  return math::FmaOp::create(b, loc, x, y, z);
}

SegmentStep::SegmentStep(Group group, Weakness weakness)
    : TimeLanes(group), weakness(weakness), guessesSteps(schedule.getPlan() == seq::Plan::Newton) {}

//===-----------------------------------------------------------------------===//
// What the step reads
//===-----------------------------------------------------------------------===//

/// All values that `op` reads, those of its regions from outside of it as well.
static SetVector<Value> readsOf(Operation *op) {
  SetVector<Value> reads;
  getUsedValuesDefinedAbove(op->getRegions(), reads);
  reads.insert(op->operand_begin(), op->operand_end());
  return reads;
}

void SegmentStep::findDependences() {
  ofStates.insert_range(op.getStateArgs());
  for (BlockArgument arg : op.getBody()->getArguments())
    if (arg.getArgNumber() < op.getInputs().size() + op.getShared().size())
      ofTime.insert(arg);
  auto follow = [&](Block *block) {
    for (Operation &inner : block->without_terminator())
      for (Value read : readsOf(&inner)) {
        if (ofStates.contains(read))
          ofStates.insert_range(inner.getResults());
        if (ofTime.contains(read))
          ofTime.insert_range(inner.getResults());
      }
  };
  follow(op.getBody());
  if (linearized) {
    Block &body = linearized.getBody().front();
    ofStates.insert_range(body.getArguments());
    follow(&body);
  }
}

/// Notes that the step reads `v`, which is free of the states, at `at`.
bool SegmentStep::addRead(Value v, const Index &at) {
  SmallVector<Read> &reads = ofTime.contains(v) ? elements : invariants;
  if (llvm::none_of(reads, [&](const Read &r) { return r.value == v && r.at == at; }))
    reads.push_back({v, at});
  return true;
}

/// Notes what `v` at `at` is made of; false where a state is read at another channel, or where an
/// op does not work element by element.
bool SegmentStep::collect(Value v, const Index &at) {
  if (!isa<RankedTensorType>(v.getType()))
    return !ofStates.contains(v) && !ofTime.contains(v);
  if (!ofStates.contains(v))
    return addRead(v, at);
  if (isa<BlockArgument>(v))
    return at == channelIndex();
  if (auto generic = v.getDefiningOp<linalg::GenericOp>()) {
    if (isReductionOp(generic))
      return false;
    SetVector<Value> captured;
    getUsedValuesDefinedAbove(generic.getRegion(), captured);
    if (!llvm::all_of(captured, [&](Value c) { return collect(c, {}); }))
      return false;
    Index dims = VectorEval::loopDims(generic, cast<OpResult>(v).getResultNumber(), at);
    for (OpOperand &operand : generic->getOpOperands())
      if (!collect(operand.get(), e.operandIndex(generic, operand, dims)))
        return false;
    return true;
  }
  if (auto moved = e.step(v, at))
    return collect(moved->first, moved->second);
  return false;
}

bool SegmentStep::canEvaluateStep() {
  auto shape = typeOf(op.getStateArgs().front()).getShape();
  if (op.isPacked() || ShapedType::isDynamicShape(shape))
    return false;
  auto fits = [&](Value v) { return typeOf(v).getShape() == shape && !holdsBools(v); };
  if (!llvm::all_of(op.getStateArgs(), fits))
    return false;
  if (firstNotByElement(*op.getBody()))
    return false;
  for (auto [out, result] : llvm::zip_equal(op.getYield().getOut(), op.getOuts())) {
    if (result.use_empty())
      continue;
    std::optional<Interleaved> parts = interleaved(out);
    for (Value v : parts ? SmallVector<Value>{parts->even, parts->odd} : SmallVector<Value>{out}) {
      if (!fits(v))
        return false;
      outs.push_back(v);
    }
  }
  findLinearized();
  findDependences();
  if (linearized && !collectDerivative())
    linearized = {}; // what it reads alone is read in vain
  guessesSteps &= bool(linearized);
  return collectStep();
}

bool SegmentStep::collectAll(ValueRange values) {
  return llvm::all_of(values, [&](Value v) { return collect(v, channelIndex(typeOf(v))); });
}

bool SegmentStep::collectStep() { return collectAll(op.getYield().getNext()) && collectAll(outs); }

bool SegmentStep::collectDerivative() {
  seq::YieldOp yield = linearized.getYield();
  return collectAll(yield.getNext()) && collectAll(yield.getOut());
}

void SegmentStep::evaluateInvariants() {
  for (const Read &read : invariants)
    e.eval(read.value, read.at);
}

/// The step's derivative, if all states are floats of one type.
void SegmentStep::findLinearized() {
  auto all = op.getBody()->getOps<seq::LinearizedOp>();
  Type element = typeOf(op.getStateArgs().front()).getElementType();
  for (Value state : op.getStateArgs())
    if (all.empty() || typeOf(state).getElementType() != element)
      return;
  linearized = *all.begin();
}

//===-----------------------------------------------------------------------===//
// The step
//===-----------------------------------------------------------------------===//

SegmentStep::Tuple SegmentStep::initialCarry() {
  return llvm::map_to_vector(op.getStateArgs(),
                             [&](Value state) { return e.eval(state, channelIndex()); });
}

void SegmentStep::storeOuts(const Tuple &values, int64_t count) {
  auto valueOf = [&](Value v) { return values[llvm::find(outs, v) - outs.begin()]; };
  TimeLanes::storeOuts(valueOf, count, /*streaming=*/false);
}

Value SegmentStep::evaluateElement(unsigned i) {
  const Read &read = elements[i];
  Value v = e.eval(read.value, read.at);
  return holdsBools(read.value) ? arith::ExtUIOp::create(b, loc, vectorOf(read.value), v) : v;
}

void SegmentStep::defineElements(const Tuple &values) {
  for (auto [read, given] : llvm::zip_equal(elements, values)) {
    Value v = given;
    if (holdsBools(read.value)) {
      Value none = arith::ConstantOp::create(b, loc, b.getZeroAttr(v.getType()));
      v = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, v, none);
    }
    e.define(read.value, read.at, v);
  }
}

SegmentStep::Tuple SegmentStep::identity(Type type) {
  int64_t count = op.getNumStates();
  Tuple unit;
  for (int64_t i = 0; i < count * count; ++i)
    unit.push_back(splat(type, i % (count + 1) == 0));
  return unit;
}

SmallVector<Type> SegmentStep::vectorsOfStates() {
  return llvm::map_to_vector(op.getStateArgs(), [&](Value v) -> Type { return vectorOf(v); });
}

std::pair<SegmentStep::Tuple, SegmentStep::Tuple> SegmentStep::step(const Tuple &carry) {
  Index at = channelIndex();
  for (auto [state, v] : llvm::zip_equal(op.getStateArgs(), carry))
    e.define(state, at, v);
  auto evaluate = [&](ValueRange values) {
    return llvm::map_to_vector(values, [&](Value v) { return e.eval(v, channelIndex(typeOf(v))); });
  };
  Tuple next = evaluate(op.getYield().getNext());
  return {next, evaluate(outs)};
}

SegmentStep::Tuple SegmentStep::emitSteps(Value first, Value end, const Tuple &carry) {
  OpBuilder::InsertionGuard guard(b);
  auto loop = scf::ForOp::create(b, loc, first, end, one, carry);
  b.setInsertionPointToStart(loop.getBody());
  e.openScope();
  setTime(loop.getInductionVar(), 0, true);
  auto args = loop.getRegionIterArgs();
  auto [next, results] = step(Tuple(args.begin(), args.end()));
  storeOuts(results, channels);
  e.closeScope();
  scf::YieldOp::create(b, loc, next);
  return loop.getResults();
}

//===-----------------------------------------------------------------------===//
// Derivatives
//===-----------------------------------------------------------------------===//

SegmentStep::Linear SegmentStep::linearStep(ArrayRef<Value> carry) {
  Index at = channelIndex();
  Block &body = linearized.getBody().front();
  for (auto [arg, v] : llvm::zip_equal(body.getArguments(), carry))
    e.define(arg, at, v);
  Linear result;
  for (Value next : linearized.getYield().getNext())
    result.next.push_back(e.eval(next, at));
  result.partials.resize(carry.size() * carry.size());
  for (auto [to, from, partial] :
       llvm::zip_equal(linearized.getTo(), linearized.getFrom(), linearized.getYield().getOut()))
    result.partials[to * carry.size() + from] = e.eval(partial, at);
  return result;
}

SegmentStep::Tuple SegmentStep::multiply(ArrayRef<Value> partials, ArrayRef<Value> columns,
                                         int64_t width) {
  int64_t count = op.getNumStates();
  Tuple result;
  for (int64_t i = 0; i < count; ++i)
    for (int64_t j = 0; j < width; ++j) {
      Value sum;
      for (int64_t k = 0; k < count; ++k) {
        Value partial = partials[i * count + k], column = columns[k * width + j];
        if (partial)
          sum = sum ? fma(b, loc, partial, column, sum)
                    : arith::MulFOp::create(b, loc, partial, column).getResult();
      }
      result.push_back(sum ? sum : splat(columns.front().getType(), 0));
    }
  return result;
}

void SegmentStep::findBounds() {
  lows.assign(op.getNumStates(), {});
  highs = lows;
  if (!linearized.getLow())
    return;
  ArrayRef<double> lo = *linearized.getLow(), hi = *linearized.getHigh();
  ArrayAttr initial = *linearized.getInitial();
  for (int64_t c = 0; c < op.getNumStates(); ++c) {
    if (lo[c] > hi[c])
      continue;
    Type type = vectorOf(op.getStateArgs()[c]);
    lows[c] = splat(type, lo[c]);
    highs[c] = splat(type, hi[c]);
    for (int64_t state : cast<DenseI64ArrayAttr>(initial[c]).asArrayRef()) {
      Value first = e.eval(op.getStateArgs()[state], channelIndex());
      lows[c] = arith::MinNumFOp::create(b, loc, lows[c], first);
      highs[c] = arith::MaxNumFOp::create(b, loc, highs[c], first);
    }
  }
}

Value SegmentStep::bounded(Value v, Value otherwise, unsigned c) {
  if (lows[c]) {
    v = arith::MaxNumFOp::create(b, loc, v, lows[c]);
    v = arith::MinNumFOp::create(b, loc, v, highs[c]);
  }
  return finiteOr(v, otherwise);
}

Value SegmentStep::finiteOr(Value v, Value otherwise) {
  Value none = splat(v.getType(), 0);
  Value finite = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ,
                                       math::FmaOp::create(b, loc, v, none, none), none);
  return arith::SelectOp::create(b, loc, finite, v, otherwise);
}

Value SegmentStep::unlessStill(Value move, Value v, Value moved) {
  Value none = arith::ConstantOp::create(b, loc, b.getZeroAttr(move.getType()));
  Value still = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, move, none);
  return arith::SelectOp::create(b, loc, still, v, moved);
}

//===-----------------------------------------------------------------------===//
// Vectors
//===-----------------------------------------------------------------------===//

/// Bools are stored as bytes.
VectorType SegmentStep::vectorOf(Value v) {
  Type element = typeOf(v).getElementType();
  return VectorType::get(e.lanes, element.isInteger(1) ? b.getI8Type() : element);
}

/// Compared as integers: -0 is not 0, and a NaN is one with the same bits.
Value SegmentStep::differingLanes(const Tuple &a, const Tuple &c, bool merging) {
  bool onlyFirst =
      weakness == Weakness::OneState || (merging && weakness == Weakness::NoCheckpoint);
  size_t count = onlyFirst ? 1 : a.size();
  Value lanes;
  for (auto [first, second] :
       llvm::zip_equal(ArrayRef(a).take_front(count), ArrayRef(c).take_front(count))) {
    Value x = first, y = second;
    auto type = cast<VectorType>(x.getType());
    if (auto element = dyn_cast<FloatType>(type.getElementType())) {
      auto bits = VectorType::get(e.lanes, b.getIntegerType(element.getWidth()));
      x = arith::BitcastOp::create(b, loc, bits, x);
      y = arith::BitcastOp::create(b, loc, bits, y);
    }
    Value here = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, x, y);
    lanes = lanes ? arith::OrIOp::create(b, loc, lanes, here).getResult() : here;
  }
  if (units * channels != e.lanes)
    lanes = arith::AndIOp::create(b, loc, lanes,
                                  lanesWhere([&](int64_t l) { return l < units * channels; }));
  return lanes;
}

Value SegmentStep::differs(const Tuple &a, const Tuple &c, bool merging) {
  return vector::ReductionOp::create(b, loc, vector::CombiningKind::OR,
                                     differingLanes(a, c, merging));
}

/// `v`, where `condition` holds with another last bit in the last lane of the last unit.
Value SegmentStep::flipLastBit(Value v, Value condition) {
  auto type = cast<VectorType>(v.getType());
  auto integer = b.getIntegerType(type.getElementTypeBitWidth());
  auto bits = VectorType::get(e.lanes, integer);
  SmallVector<APInt> mask(e.lanes, APInt(integer.getWidth(), 0));
  mask[units * channels - 1] = 1;
  Value flips = arith::ConstantOp::create(b, loc, DenseElementsAttr::get(bits, mask));
  bool isFloat = isa<FloatType>(type.getElementType());
  Value as = isFloat ? arith::BitcastOp::create(b, loc, bits, v).getResult() : v;
  Value flipped = arith::XOrIOp::create(b, loc, as, flips);
  if (isFloat)
    flipped = arith::BitcastOp::create(b, loc, type, flipped);
  return arith::SelectOp::create(b, loc, condition, flipped, v);
}

SegmentStep::Tuple SegmentStep::usedStarts(const Tuple &stored) {
  if (weakness != Weakness::Guess)
    return stored;
  return llvm::map_to_vector(stored, [&](Value v) -> Value {
    return arith::ConstantOp::create(b, loc, b.getZeroAttr(v.getType()));
  });
}

//===-----------------------------------------------------------------------===//
// Loops
//===-----------------------------------------------------------------------===//

SegmentStep::Tuple SegmentStep::choose(Value condition, TypeRange types,
                                       llvm::function_ref<Tuple()> yes,
                                       llvm::function_ref<Tuple()> no) {
  auto choice = scf::IfOp::create(b, loc, types, condition, /*withElse=*/true);
  OpBuilder::InsertionGuard inner(b);
  for (auto [block, body] : {std::pair(choice.elseBlock(), no), {choice.thenBlock(), yes}}) {
    b.setInsertionPointToStart(block);
    e.openScope();
    scf::YieldOp::create(b, loc, body());
    e.closeScope();
  }
  return Tuple(choice.getResults());
}

SegmentStep::Blocks
SegmentStep::untilSame(Value end, const Tuple &carry,
                       llvm::function_ref<std::pair<Value, Tuple>(Value, const Tuple &)> body) {
  OpBuilder::InsertionGuard guard(b);
  SmallVector<Value> init = {zero, truth(true)};
  init.append(carry);
  SmallVector<Type> types(ValueRange(init).getTypes());
  SmallVector<Location> places(types.size(), loc);
  auto loop = scf::WhileOp::create(b, loc, types, init);
  Block *before = b.createBlock(&loop.getBefore(), {}, types, places);
  Value more = both(isLess(before->getArgument(0), end), before->getArgument(1));
  scf::ConditionOp::create(b, loc, more, before->getArguments());
  Block *after = b.createBlock(&loop.getAfter(), {}, types, places);
  e.openScope();
  Value block = after->getArgument(0);
  auto [changed, next] = body(block, Tuple(after->getArguments().drop_front(2)));
  e.closeScope();
  SmallVector<Value> handedOn = {plus(block, one), changed};
  handedOn.append(next);
  scf::YieldOp::create(b, loc, handedOn);
  return {loop.getResult(0), loop.getResult(1), Tuple(loop.getResults().drop_front(2))};
}
