// Plan `segments`: what a step reads.
#include "SegmentEmitter.h"
#include "seqc/Analysis/Interleaved.h"

#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// All values that `op` reads, those of its regions from outside of it as well.
static SetVector<Value> readsOf(Operation *op) {
  SetVector<Value> reads;
  getUsedValuesDefinedAbove(op->getRegions(), reads);
  reads.insert(op->operand_begin(), op->operand_end());
  return reads;
}

void SegmentEmitter::findDependences() {
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
bool SegmentEmitter::addRead(Value v, const Index &at) {
  SmallVector<Read> &reads = ofTime.contains(v) ? elements : invariants;
  if (llvm::none_of(reads, [&](const Read &r) { return r.value == v && r.at == at; }))
    reads.push_back({v, at});
  return true;
}

/// Notes what `v` at `at` is made of; false where a state is read at another channel, or where an
/// op does not work element by element.
bool SegmentEmitter::collect(Value v, const Index &at) {
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

bool SegmentEmitter::canRun() {
  auto shape = typeOf(op.getStateArgs().front()).getShape();
  if (op.isPacked() || ShapedType::isDynamicShape(shape) || channels < 1 || channels > e.lanes)
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
  auto collectAll = [&](ValueRange values) {
    return llvm::all_of(values, [&](Value v) { return collect(v, channelIndex(typeOf(v))); });
  };
  if (linearized &&
      !(collectAll(linearized.getYield().getNext()) && collectAll(linearized.getYield().getOut())))
    linearized = {}; // what it reads alone is read in vain
  guessesSteps &= bool(linearized);
  return collectAll(op.getYield().getNext()) && collectAll(outs);
}

/// The step's derivative, if all states are floats of one type.
void SegmentEmitter::findLinearized() {
  auto all = op.getBody()->getOps<seq::LinearizedOp>();
  Type element = typeOf(op.getStateArgs().front()).getElementType();
  for (Value state : op.getStateArgs())
    if (all.empty() || typeOf(state).getElementType() != element)
      return;
  linearized = *all.begin();
}

/// Which unit of lanes of the input's step `read` is, if it is one.
std::optional<int64_t> SegmentEmitter::unitWithin(const Read &read) {
  auto arg = dyn_cast<BlockArgument>(read.value);
  if (!arg || arg.getArgNumber() >= op.getInputs().size() || typeOf(arg).getNumElements() == 0)
    return std::nullopt;
  SmallVector<int64_t> distances(e.lanes, 0);
  int64_t stride = 1;
  for (int64_t d = typeOf(arg).getRank() - 1; d >= 0; --d) {
    const Idx &at = read.at[d];
    if (at.base)
      return std::nullopt;
    for (int64_t l = 0; l < e.lanes; ++l)
      distances[l] += stride * (at.offset + (at.pattern ? (*at.pattern)[l] : l * at.lane));
    stride *= typeOf(arg).getDimSize(d);
  }
  for (int64_t l = 0; l < e.lanes; ++l)
    if (distances[l] != distances[0] + l % channels)
      return std::nullopt;
  return distances[0] % channels ? std::nullopt : std::optional(distances[0] / channels);
}

/// Finds inputs that are read as they lie in memory, half of them at least.
void SegmentEmitter::findStreams() {
  if (op.getReverse() || op.getTimeAxis() != op.getBatchRank() || units * channels != e.lanes)
    return;
  for (auto [arg, input] : llvm::zip(op.getInputArgs(), op.getInputs())) {
    auto type = typeOf(arg);
    if (ShapedType::isDynamicShape(type.getShape()) || type.getNumElements() % channels ||
        holdsBools(arg))
      continue;
    const Leaf *leaf = e.leafOf(input);
    if (!leaf || !cast<MemRefType>(leaf->buffer.getType()).getLayout().isIdentity())
      continue;
    Stream stream{leaf->buffer, type.getRank(), {}};
    stream.elements.resize(type.getNumElements() / channels);
    SmallVector<unsigned> own;
    for (auto [i, read] : llvm::enumerate(elements))
      if (std::optional<int64_t> unit = read.value == arg ? unitWithin(read) : std::nullopt) {
        stream.elements[*unit].push_back(i);
        own.push_back(i);
      }
    if (2 * own.size() < stream.elements.size() || own.empty())
      continue;
    llvm::append_range(streamed, own);
    streams.push_back(stream);
  }
  baseLeaves = e.leaves;
}
