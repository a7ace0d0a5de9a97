// Plan `segments`: inputs that are read as they lie in memory.
#include "SegmentEmitter.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

bool SegmentEmitter::canRun() { return channels >= 1 && channels <= e.lanes && canEvaluateStep(); }

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
