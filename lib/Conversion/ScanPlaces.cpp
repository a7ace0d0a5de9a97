// Plan `scan`: where rows, channels and steps lie in memory and in lanes.
#include "ScanEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

void ScanEmitter::setRow(Value row) {
  Value first;
  if (tiles > 1) {
    Value tile = arith::RemUIOp::create(b, loc, row, e.constant(tiles));
    first = times(tile, e.constant(channels));
    row = arith::DivUIOp::create(b, loc, row, e.constant(tiles));
  }
  beginRow(row);
  setFirstChannels(first);
  if (op.isPacked())
    std::tie(rowFirst, steps) = e.spanOfPacked(row);
}

/// How many steps the longest row has.
Value ScanEmitter::stepsOfLongest() {
  if (!op.isPacked())
    return steps;
  auto loop = scf::ForOp::create(b, loc, zero, batchSizes.front(), one, zero);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value own = e.spanOfPacked(loop.getInductionVar()).second;
  own = arith::MaxSIOp::create(b, loc, own, loop.getRegionIterArgs().front());
  scf::YieldOp::create(b, loc, own);
  return loop.getResult(0);
}

/// The component that `v` is a state, a result or an argument of the combination of, or -1.
int64_t ScanEmitter::componentOf(Value v) {
  for (ValueRange values : {ValueRange(combine.getResults()), ValueRange(op.getStateArgs()),
                            ValueRange(combine.getBody()->getArguments().take_front(components)),
                            ValueRange(combine.getBody()->getArguments().drop_front(components))})
    if (auto at = llvm::find(values, v); at != values.end())
      return at - values.begin();
  return -1;
}

/// What each lane's unit holds of a component at `idx`, where that is not the lane's own channel.
Value ScanEmitter::rearranged(Value v, const Index &idx) {
  int64_t c = componentOf(v);
  if (c < 0 || idx == channelIndex())
    return {};
  Index at = channelIndex();
  Value own = e.eval(v, at);
  auto distinct = combine->getAttrOfType<DenseI64ArrayAttr>("distinct");
  int64_t left = distinct ? distinct[c] : typeOf(v).getNumElements();
  bool isOwn = true; // as far as elements differ
  SmallVector<int64_t> from(e.lanes, 0);
  for (auto [i, mine, size] : llvm::zip_equal(idx, at, typeOf(v).getShape())) {
    isOwn &= left == 1 || i == mine;
    left = std::max<int64_t>(1, left / size);
    for (int64_t l = 0; l < e.lanes; ++l)
      from[l] = from[l] * size + i.offset + (i.pattern ? (*i.pattern)[l] : l * i.lane);
  }
  return isOwn ? own : shuffle(own, [&](int64_t l) {
    return std::min(l / channels, units - 1) * channels + from[l];
  });
}

/// The same, where what is known of a block's vectors does not hold for a single step.
void ScanEmitter::setTime(Value first, int64_t vector, bool single) {
  e.place.stepInStrip = VectorEval::fixed(single ? -1 : vector);
  TimeLanes::setTime(first, vector, single);
}

void ScanEmitter::storeOuts(Value first, int64_t vector, bool single, bool streaming) {
  if (silent)
    return;
  setTime(first, vector, single);
  auto valueOf = [&](Value v) { return e.eval(v, channelIndex(typeOf(v))); };
  TimeLanes::storeOuts(valueOf, single ? channels : units * channels, streaming);
}

/// True at run time if the row's outs are large and aligned: then they go past the caches.
Value ScanEmitter::streamingCondition() {
  Value condition;
  if (!schedule.getStreamBytes() || units * channels != e.lanes || tiles > 1 || op.getReverse() ||
      op.getTimeAxis() + 1 != op.getSequenceRank())
    return {};
  for (auto [out, buffer] : llvm::zip_equal(op.getYield().getOut(), outBuffers)) {
    if (!buffer)
      continue;
    auto type = cast<MemRefType>(buffer.getType());
    if (type.getElementTypeBitWidth() != 32)
      return {};
    Value bytes = e.constant(4);
    for (int64_t d = 0; d < type.getRank(); ++d)
      bytes = arith::MulIOp::create(b, loc, bytes, memref::DimOp::create(b, loc, buffer, d));
    Value large = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, bytes,
                                        e.constant(schedule.getStreamBytes()));
    // The row begins at a multiple of its own size behind the buffer, or behind the packed ones.
    Value before = rowFirst ? rowFirst : steps;
    Value rowBytes =
        arith::MulIOp::create(b, loc, before, e.constant(4 * typeOf(out).getNumElements()));
    Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, loc, buffer);
    Value bits = arith::OrIOp::create(b, loc, address, rowBytes);
    if (op.getBatchRank() == 0 && !rowFirst)
      bits = address;
    Value low = arith::AndIOp::create(b, loc, bits, e.constant(e.lanes * 4 - 1));
    Value aligned = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, low, zero);
    Value both = arith::AndIOp::create(b, loc, large, aligned);
    condition = condition ? arith::AndIOp::create(b, loc, condition, both).getResult() : both;
  }
  return condition;
}
