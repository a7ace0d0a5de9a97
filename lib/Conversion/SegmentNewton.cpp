// Plan `segments`, where states forget slowly: starts of segments by Newton's method.
//
// The unknowns are the starts b. A pass evaluates all segments from them, and the product J of the
// step's derivatives along each; one sweep over the segments gives
//
//   b'[s + 1] = e[s] + J[s] (b'[s] - b[s])            e: the ends
//
// clamped to the states' invariant boxes. A start is a guess whatever it is: rounds follow.
#include "SegmentEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace seqc;

static Value fma(OpBuilder &b, Location loc, Value x, Value y, Value z) {
  return math::FmaOp::create(b, loc, x, y, z);
}

Value SegmentEmitter::splat(Type type, double v) {
  auto vector = cast<VectorType>(type);
  auto element = FloatAttr::get(vector.getElementType(), v);
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vector, element));
}

/// The next states from `carry`, and their partials; null where there is none.
SegmentEmitter::Linear SegmentEmitter::linearStep(ArrayRef<Value> carry) {
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

/// `partials` times the matrix `columns`, both row by row.
SegmentEmitter::Tuple SegmentEmitter::multiply(ArrayRef<Value> partials, ArrayRef<Value> columns,
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

/// The ends of a bundle's segments, and the products of derivatives along them.
void SegmentEmitter::emitLinearPass(Value row, Value bundle) {
  int64_t count = op.getNumStates(), each = count + count * count;
  Value firstVector = arith::MulIOp::create(b, loc, bundle, e.constant(groups));
  SmallVector<Value> vectors, init;
  for (int64_t g = 0; g < groups; ++g) {
    vectors.push_back(arith::AddIOp::create(b, loc, firstVector, e.constant(g)));
    Tuple carry = get(starts, ValueRange{row, vectors.back()});
    llvm::append_range(init, carry);
    for (int64_t i = 0; i < count * count; ++i)
      init.push_back(splat(carry.front().getType(), i % (count + 1) == 0));
  }
  auto step = [&](Value, Value, int64_t, ArrayRef<Value> own) {
    Linear linear = linearStep(own.take_front(count));
    Tuple next = linear.next;
    llvm::append_range(next, multiply(linear.partials, own.drop_front(count), count));
    return next;
  };
  Tuple results = forBlocks(bundle, init, /*loads=*/true, step);
  for (int64_t g = 0; g < groups; ++g) {
    ArrayRef<Value> own = ArrayRef(results).slice(g * each, each);
    put(guessedEnds, own.take_front(count), {row, vectors[g]});
    put(slopes, own.drop_front(count), {row, vectors[g]});
  }
}

/// All steps of a bundle's segments, with elements loaded or without: `step` gets the block, the
/// step within it, the group and what the group's last step handed on. What lies behind a segment's
/// end changes nothing.
SegmentEmitter::Tuple SegmentEmitter::forBlocks(Value bundle, ArrayRef<Value> init, bool loads,
                                                InStep step) {
  OpBuilder::InsertionGuard guard(b);
  int64_t each = init.size() / groups;
  SmallVector<Value> longerOnes;
  for (int64_t g = 0; g < groups; ++g)
    longerOnes.push_back(longerLanes(bundle, g));
  auto overBlocks = scf::ForOp::create(b, loc, zero, longest, one, init);
  b.setInsertionPointToStart(overBlocks.getBody());
  e.openScope();
  Value block = overBlocks.getInductionVar();
  if (loads)
    emitLoads(bundle, block);
  auto loop =
      scf::ForOp::create(b, loc, zero, e.constant(blockSteps), one, overBlocks.getRegionIterArgs());
  {
    OpBuilder::InsertionGuard inner(b);
    b.setInsertionPointToStart(loop.getBody());
    auto args = loop.getRegionIterArgs();
    SmallVector<Value> all(args.begin(), args.end()), next;
    for (int64_t g = 0; g < groups; ++g) {
      e.openScope();
      if (loads)
        defineElements(loop.getInductionVar(), e.constant(g));
      llvm::append_range(
          next, step(block, loop.getInductionVar(), g, ArrayRef(all).slice(g * each, each)));
      e.closeScope();
    }
    scf::YieldOp::create(b, loc, next);
  }
  Value whole_ = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, block, whole);
  Tuple kept;
  for (auto [i, v] : llvm::enumerate(loop.getResults())) {
    Value lanes = longerOnes[i / each];
    Value has = arith::OrIOp::create(
        b, loc, vector::BroadcastOp::create(b, loc, lanes.getType(), whole_), lanes);
    kept.push_back(arith::SelectOp::create(b, loc, has, v, overBlocks.getRegionIterArgs()[i]));
  }
  e.closeScope();
  scf::YieldOp::create(b, loc, kept);
  return overBlocks.getResults();
}

/// The invariant boxes that seq-linearize found, joined with the row's initial states.
void SegmentEmitter::findBounds() {
  lows.assign(op.getNumStates(), {});
  highs = lows;
  auto lo = linearized->getAttrOfType<DenseF64ArrayAttr>("box_lo");
  auto hi = linearized->getAttrOfType<DenseF64ArrayAttr>("box_hi");
  auto initial = linearized->getAttrOfType<ArrayAttr>("box_initial");
  if (!lo || !hi || !initial)
    return;
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

/// `v` where it is finite, within the box of state `c`; else `otherwise`.
Value SegmentEmitter::bounded(Value v, Value otherwise, unsigned c) {
  if (lows[c]) {
    v = arith::MaxNumFOp::create(b, loc, v, lows[c]);
    v = arith::MinNumFOp::create(b, loc, v, highs[c]);
  }
  return finiteOr(v, otherwise);
}

Value SegmentEmitter::finiteOr(Value v, Value otherwise) {
  Value none = splat(v.getType(), 0);
  Value finite = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ,
                                       math::FmaOp::create(b, loc, v, none, none), none);
  return arith::SelectOp::create(b, loc, finite, v, otherwise);
}

/// Better starts from `guessedEnds` and `slopes`; by how much the worst one moved.
Value SegmentEmitter::emitSeams(Value row, const Tuple &initial) {
  OpBuilder::InsertionGuard guard(b);
  int64_t count = op.getNumStates();
  Type element = cast<VectorType>(initial.front().getType()).getElementType();
  SmallVector<Value> init(initial);
  init.push_back(arith::ConstantOp::create(b, loc, FloatAttr::get(element, 0)));
  auto loop = scf::ForOp::create(b, loc, zero, e.constant(segments()), one, init);
  b.setInsertionPointToStart(loop.getBody());
  e.openScope();
  Value segment = loop.getInductionVar();
  Value vector = arith::DivUIOp::create(b, loc, segment, e.constant(units));
  Value unit = arith::RemUIOp::create(b, loc, segment, e.constant(units));
  SmallVector<Value> at = {row, vector};
  Tuple used = getSegment(starts, at, unit), end = getSegment(guessedEnds, at, unit),
        slope = getSegment(slopes, at, unit), next, moves;
  auto args = loop.getRegionIterArgs();
  for (int64_t c = 0; c < count; ++c)
    moves.push_back(arith::SubFOp::create(b, loc, args[c], used[c]));
  Value worst = args.back();
  for (int64_t i = 0; i < count; ++i) {
    Value v = end[i];
    for (int64_t j = 0; j < count; ++j)
      v = fma(b, loc, slope[i * count + j], moves[j], v);
    next.push_back(bounded(v, end[i], i));
    Value size = vector::ReductionOp::create(b, loc, vector::CombiningKind::MAXIMUMF,
                                             math::AbsFOp::create(b, loc, moves[i]));
    worst = arith::MaximumFOp::create(b, loc, worst, size);
  }
  putSegment(starts, Tuple(args.begin(), args.end() - 1), at, unit);
  e.closeScope();
  next.push_back(worst);
  scf::YieldOp::create(b, loc, next);
  return loop.getResults().back();
}

/// Passes until the starts hardly move, or do not move less and less; the blocks that this took.
Value SegmentEmitter::emitNewton(Value row, const Tuple &initial, Bundles forBundles) {
  OpBuilder::InsertionGuard guard(b);
  Type element = cast<VectorType>(initial.front().getType()).getElementType();
  auto number = [&](double v) {
    return arith::ConstantOp::create(b, loc, FloatAttr::get(element, v)).getResult();
  };
  auto less = [&](Value a, Value c) {
    return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, a, c).getResult();
  };
  Value yes = arith::ConstantIntOp::create(b, loc, 1, 1);
  auto loop = scf::ForOp::create(b, loc, zero, e.constant(mostNewtonPasses), one,
                                 ValueRange{yes, number(1e30), zero});
  b.setInsertionPointToStart(loop.getBody());
  auto args = loop.getRegionIterArgs();
  SmallVector<Type> types(loop.getResultTypes());
  auto choice = scf::IfOp::create(b, loc, types, args[0], /*withElse=*/true);
  scf::YieldOp::create(b, loc, choice.getResults());
  b.setInsertionPointToStart(choice.elseBlock());
  scf::YieldOp::create(b, loc, args);
  b.setInsertionPointToStart(choice.thenBlock());
  e.openScope();
  forBundles(zero, [&](Value row, Value bundle, Value) { emitLinearPass(row, bundle); });
  Value worst = emitSeams(row, initial);
  Value again =
      arith::AndIOp::create(b, loc, less(number(stillMove), worst),
                            less(worst, arith::MulFOp::create(b, loc, number(0.3), args[1])));
  Value spent = arith::AddIOp::create(b, loc, args[2], longest);
  e.closeScope();
  scf::YieldOp::create(b, loc, ValueRange{again, worst, spent});
  return loop.getResult(2);
}
