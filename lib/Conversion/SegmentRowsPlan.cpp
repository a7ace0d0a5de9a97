// Plan `segments` of steps that mix channels: probe, rounds and rest. See SegmentRows.h.
#include "SegmentRows.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace seqc;

//===-----------------------------------------------------------------------===//
// Places
//===-----------------------------------------------------------------------===//

Value SegmentRows::firstBlock(Value segment) {
  Value extra = arith::MinUIOp::create(b, loc, segment, longer);
  return plus(times(segment, whole), extra);
}

Value SegmentRows::lengthOf(Value segment) {
  Value extra = arith::SelectOp::create(b, loc, isLess(segment, longer), one, zero);
  return plus(whole, extra);
}

OpFoldResult SegmentRows::countOf(const Rows &r) {
  return r.steps ? OpFoldResult(r.steps) : b.getIndexAttr(blockSteps);
}

/// The first of `count` steps in memory, of which the first one in the direction of time is that
/// of `block`.
Value SegmentRows::timeOf(Value block, OpFoldResult count) {
  Value first = times(block, constant(blockSteps));
  if (!op.getReverse())
    return first;
  return minus(minus(steps, first), getValueOrCreateConstantIndexOp(b, loc, count));
}

//===-----------------------------------------------------------------------===//
// Between whole values and rows
//===-----------------------------------------------------------------------===//

/// Row `row` reads the steps of `block`.
void SegmentRows::gather(Rows &r, Value row, Value block) {
  OpFoldResult count = countOf(r);
  Value first = timeOf(block, count);
  for (auto [v, whole, own] : llvm::zip_equal(sources, sourceBuffers, r.sources))
    copy(stepsOf(whole, first, count, hasBatch(v)), part(own, {OpFoldResult(row)}));
}

/// The outs of `row` are those of `block`.
void SegmentRows::keepOuts(Rows &r, Value row, Value block) {
  OpFoldResult count = countOf(r);
  Value first = timeOf(block, count);
  for (auto [whole, own] : llvm::zip_equal(outs, r.outs))
    copy(part(own, {OpFoldResult(row)}), stepsOf(whole, first, count, /*hasBatch=*/true));
}

/// Row `row` starts where `block` of `segment` does.
void SegmentRows::setCarry(Rows &r, Value row, Value segment, Value block) {
  for (auto [carry, start, point] : llvm::zip_equal(r.carry, starts, points)) {
    Value to = part(carry, {OpFoldResult(row)});
    choose(
        isLess(zero, block),
        [&] { copy(part(point, {OpFoldResult(minus(block, one)), OpFoldResult(segment)}), to); },
        [&] { copy(part(start, {OpFoldResult(segment)}), to); });
  }
}

/// The states at `point`, a block and a segment, are those of `row`.
void SegmentRows::keepStates(Rows &r, Value row, ArrayRef<Value> point) {
  SmallVector<OpFoldResult> at(point.begin(), point.end());
  for (auto [final, stored] : llvm::zip_equal(r.finals, points))
    copy(part(final, {OpFoldResult(row)}), part(stored, at));
  store(zero, jumped, point);
}

//===-----------------------------------------------------------------------===//
// Comparisons
//===-----------------------------------------------------------------------===//

/// i1: some bit of the states in `a` and `c` differs.
Value SegmentRows::differing(ArrayRef<Value> a, ValueRange atA, ArrayRef<Value> c, ValueRange atC) {
  Value found;
  for (auto [one, other] : llvm::zip_equal(a, c)) {
    if (found && weakness == Weakness::OneState)
      break;
    Value x = elements(one, atA.size()), y = elements(other, atC.size());
    auto type = cast<MemRefType>(x.getType());
    Value differs = any(constant(type.getShape().back()), [&](Value i) -> Value {
      SmallVector<Value> left(atA), right(atC);
      left.push_back(i);
      right.push_back(i);
      Type bits = b.getIntegerType(type.getElementTypeBitWidth());
      Value p = arith::BitcastOp::create(b, loc, bits, load(x, left));
      Value q = arith::BitcastOp::create(b, loc, bits, load(y, right));
      return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, p, q);
    });
    found = found ? either(found, differs) : differs;
  }
  return found;
}

/// i1: the finals of `row` are finite and as near to the states at `point` as jumps may be.
Value SegmentRows::isClose(Rows &r, Value row, ValueRange point) {
  Value found;
  if (weakness == Weakness::NoCheckpoint)
    return truth(true);
  for (auto [i, final, trajectory, stored] : llvm::enumerate(r.finals, r.trajectory, points)) {
    if (found && weakness == Weakness::OneState)
      break;
    Value x = elements(final, 1), path = elements(trajectory, 2), y = elements(stored, 2);
    auto type = cast<MemRefType>(x.getType());
    Type element = type.getElementType();
    auto number = [&](double v) -> Value {
      return arith::ConstantOp::create(b, loc, b.getFloatAttr(element, v));
    };
    double ulp = element.isF32() ? 0x1p-23 : 0x1p-52, scale = scales[i];
    Value far = any(constant(type.getShape().back()), [&](Value j) -> Value {
      Value size;
      for (int64_t t = 0; t < blockSteps; ++t) {
        Value at = math::AbsFOp::create(b, loc, load(path, {row, constant(t), j}));
        size = size ? arith::MaxNumFOp::create(b, loc, size, at).getResult() : at;
      }
      SmallVector<Value> place(point);
      place.push_back(j);
      Value move = math::AbsFOp::create(
          b, loc, arith::SubFOp::create(b, loc, load(x, {row, j}), load(y, place)));
      // True for NaN, too.
      auto exceeds = [&](Value bound) -> Value {
        return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UGT, move, bound);
      };
      Value ofScale = exceeds(number(ulpsOfScale * ulp * scale));
      Value ofSize = exceeds(arith::MulFOp::create(b, loc, size, number(ulpsOfSize * ulp)));
      return weakness == Weakness::OneBound ? ofScale : either(ofScale, ofSize);
    });
    found = found ? either(found, far) : far;
  }
  return isSame(found, truth(false));
}

//===-----------------------------------------------------------------------===//
// Blocks of segments
//===-----------------------------------------------------------------------===//

/// What `row` computed is `block` of `segment`. Where it is close to what stood there, what follows
/// in the segment stands.
void SegmentRows::settle(Rows &r, Value row, Value segment, Value block) {
  SmallVector<Value> point = {block, segment};
  Value reached = load(valid, segment);
  Value met = andThen(isLess(block, reached), [&] { return isClose(r, row, point); });
  keepOuts(r, row, plus(firstBlock(segment), block));
  stats.add(zero, Stat::Evaluated, constant(blockSteps));
  choose(
      met,
      [&] {
        Value jump = differing(r.finals, row, points, point);
        store(arith::IndexCastUIOp::create(b, loc, b.getIndexType(), jump), jumped, point);
        store(reached, next, segment);
      },
      [&] {
        keepStates(r, row, point);
        Value behind = plus(block, one);
        store(behind, next, segment);
        store(arith::MaxUIOp::create(b, loc, behind, reached), valid, segment);
      });
}

/// Every row that has a block to do does it; `segmentOf` says whose.
void SegmentRows::advance(Rows &r, llvm::function_ref<Value(Value)> segmentOf) {
  auto forOpen = [&](llvm::function_ref<void(Value, Value, Value)> body) {
    repeat(zero, constant(r.rows), [&](Value row) {
      Value segment = segmentOf(row), block = load(next, segment);
      inside(isLess(block, lengthOf(segment)), [&] { body(row, segment, block); });
    });
  };
  forOpen([&](Value row, Value segment, Value block) {
    gather(r, row, plus(firstBlock(segment), block));
    setCarry(r, row, segment, block);
  });
  emit(r);
  forOpen([&](Value row, Value segment, Value block) { settle(r, row, segment, block); });
}

/// i1: the segment, not the first one, did not start where the one before it ends.
Value SegmentRows::isWrong(Value segment) {
  Value earlier = minus(segment, one);
  return differing(starts, segment, points, {minus(lengthOf(earlier), one), earlier});
}

/// The segment, not the first one, starts again from the end of the one before it.
void SegmentRows::restart(Value segment) {
  Value earlier = minus(segment, one), end = minus(lengthOf(earlier), one);
  for (auto [start, point] : llvm::zip_equal(starts, points))
    copy(part(point, {OpFoldResult(end), OpFoldResult(earlier)}),
         part(start, {OpFoldResult(segment)}));
  Value kept = arith::MinUIOp::create(b, loc, load(valid, segment), load(next, segment));
  store(kept, valid, segment);
  store(zero, next, segment);
}

void SegmentRows::repairIfWrong(Value segment) {
  if (weakness == Weakness::NoRepair)
    return;
  inside(isWrong(segment), [&] {
    restart(segment);
    stats.add(zero, Stat::Repaired, one);
  });
}

//===-----------------------------------------------------------------------===//
// The plan
//===-----------------------------------------------------------------------===//

void SegmentRows::begin(ArrayRef<Rows *> all) {
  for (auto [initial, start] : llvm::zip_equal(op.getInitial(), starts))
    copy(ofSequence(bufferOf(initial)), part(start, {b.getIndexAttr(0)}));
  for (Rows *r : all)
    for (auto [given, own] : llvm::zip_equal(op.getGiven(), r->given))
      repeat(zero, constant(r->rows),
             [&](Value row) { copy(ofSequence(bufferOf(given)), part(own, {OpFoldResult(row)})); });
  repeat(zero, constant(segments), [&](Value segment) {
    store(zero, next, segment);
    store(zero, valid, segment);
  });
  repeat(zero, longest, [&](Value block) {
    repeat(zero, constant(segments), [&](Value segment) { store(zero, jumped, {block, segment}); });
  });
  store(zero, counts, constant(Met));
  store(zero, counts, constant(Alone));
  stats.add(zero, Stat::Sequences, one);
  stats.add(zero, Stat::Steps, steps);
}

/// The first segment from its start, and the same steps from another state, until the two are
/// close: then segments are worth it. At most half of a segment.
void SegmentRows::emitProbe(Rows &r) {
  for (auto [start, probe] : llvm::zip_equal(starts, probes)) {
    Value from = elements(start, 1), to = elements(probe, 0);
    auto type = cast<MemRefType>(to.getType());
    Value far = arith::ConstantOp::create(b, loc, b.getFloatAttr(type.getElementType(), 1.0));
    repeat(zero, constant(type.getShape().back()), [&](Value i) {
      store(arith::AddFOp::create(b, loc, load(from, {zero, i}), far), to, i);
    });
  }
  Value limit = arith::DivUIOp::create(b, loc, whole, constant(2));
  auto isGoingOn = [&] {
    Value met = load(counts, constant(Met));
    return both(isSame(met, zero), isLess(load(next, zero), limit));
  };
  whilst(isGoingOn, [&] {
    Value block = load(next, zero);
    gather(r, zero, block);
    repeat(zero, constant(2), [&](Value which) {
      Value isOther = isLess(zero, which);
      choose(
          isOther,
          [&] {
            for (auto [carry, probe] : llvm::zip_equal(r.carry, probes))
              copy(probe, part(carry, {b.getIndexAttr(0)}));
          },
          [&] { setCarry(r, zero, zero, block); });
      emit(r);
      stats.add(zero, Stat::Evaluated, constant(blockSteps));
      choose(
          isOther,
          [&] {
            Value met = isClose(r, zero, {block, zero});
            store(arith::IndexCastUIOp::create(b, loc, b.getIndexType(), met), counts,
                  constant(Met));
            for (auto [final, probe] : llvm::zip_equal(r.finals, probes))
              copy(part(final, {b.getIndexAttr(0)}), probe);
          },
          [&] {
            keepOuts(r, zero, block);
            keepStates(r, zero, {block, zero});
            store(plus(block, one), next, zero);
            store(plus(block, one), valid, zero);
          });
    });
  });
}

/// All segments side by side, from the state that the probe has found.
void SegmentRows::emitRounds(Rows &r) {
  Value found = minus(load(next, zero), one), count = constant(segments);
  repeat(one, count, [&](Value segment) {
    for (auto [start, point] : llvm::zip_equal(starts, points))
      copy(part(point, {OpFoldResult(found), b.getIndexAttr(0)}),
           part(start, {OpFoldResult(segment)}));
  });
  // A pass, and as much as half of one for repairs.
  store(plus(longest, arith::DivUIOp::create(b, loc, longest, constant(2))), counts,
        constant(Left));
  auto isOpen = [&](Value segment) { return isLess(load(next, segment), lengthOf(segment)); };
  auto isGoingOn = [&] {
    return both(any(count, isOpen), isLess(zero, load(counts, constant(Left))));
  };
  whilst(isGoingOn, [&] {
    advance(r, [](Value row) { return row; });
    repeat(one, count, [&](Value segment) {
      // Not in the midst of a repair, which has to meet what stands.
      Value isWhole = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, load(next, segment),
                                            load(valid, segment));
      Value earlier = minus(segment, one);
      Value isKnown = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, load(next, earlier),
                                            lengthOf(earlier));
      inside(both(isWhole, isKnown), [&] { repairIfWrong(segment); });
    });
    store(minus(load(counts, constant(Left)), one), counts, constant(Left));
  });
}

/// What is open, one segment after the other, and the last steps.
void SegmentRows::emitRest(Rows &single, Rows &last) {
  repeat(zero, constant(segments), [&](Value segment) {
    inside(isLess(zero, lengthOf(segment)), [&] {
      inside(isLess(zero, segment), [&] {
        choose(
            isSame(load(valid, segment), zero), [&] { restart(segment); },
            [&] { repairIfWrong(segment); });
      });
      whilst([&] { return isLess(load(next, segment), lengthOf(segment)); },
             [&] {
               store(one, counts, constant(Alone));
               advance(single, [&](Value) { return segment; });
             });
    });
  });
  gather(last, zero, blocks);
  Value used = arith::MinUIOp::create(b, loc, blocks, constant(segments));
  Value end = arith::MaxUIOp::create(b, loc, used, one);
  Value segment = minus(end, one);
  setCarry(last, zero, segment, lengthOf(segment));
  emit(last);
  keepOuts(last, zero, blocks);
  stats.add(zero, Stat::Evaluated, last.steps);
  stats.add(zero, Stat::OneByOne, load(counts, constant(Alone)));
  repeat(zero, longest, [&](Value block) {
    repeat(zero, constant(segments),
           [&](Value segment) { stats.add(zero, Stat::Jumps, load(jumped, {block, segment})); });
  });
  for (auto [final, whole] : llvm::zip_equal(last.finals, finals))
    copy(part(final, {b.getIndexAttr(0)}), ofSequence(whole));
}

void SegmentRows::emitSequence(Rows &side, Rows &single, Rows &last) {
  begin({&side, &single, &last});
  emitProbe(single);
  Value met = load(counts, constant(Met));
  inside(isLess(zero, met), [&] { emitRounds(side); });
  emitRest(single, last);
}
