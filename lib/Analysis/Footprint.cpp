// The least bytes that a recurrence must move, from the shapes of its operands
// and results.
#include "seqc/Analysis/Footprint.h"

#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace seqc;

/// Adds the bytes of one `type` to `sum`; clears it where a size is dynamic.
static void add(std::optional<int64_t> &sum, Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!sum || !tensor)
    return;
  if (!tensor.hasStaticShape()) {
    sum.reset();
    return;
  }
  Type element = tensor.getElementType();
  int64_t bits = element.isIntOrFloat() ? element.getIntOrFloatBitWidth() : 64;
  *sum += tensor.getNumElements() * ((bits + 7) / 8);
}

std::optional<Footprint> seqc::footprint(seq::RecurrenceOp op) {
  std::optional<int64_t> step = 0, shared = 0, sequence = 0, once = 0;
  for (Value v : op.getInputArgs())
    add(step, v.getType());
  if (op.getResets())
    *step += 1;
  for (Value v : op.getYield().getOut())
    add(step, v.getType());
  for (Value v : op.getSharedArgs())
    add(shared, v.getType());
  for (Value v : op.getGivenArgs())
    add(sequence, v.getType());
  if (Value offsets = op.getCuSeqlens()) {
    // Two offsets each, all but the first and the last shared by two sequences.
    int64_t bytes =
        cast<RankedTensorType>(offsets.getType()).getElementType().isInteger(32) ? 4 : 8;
    *sequence += bytes;
    *once += bytes;
  }
  for (Value v : op.getStateArgs()) {
    // Read as the initial and written as the final value.
    add(sequence, v.getType());
    add(sequence, v.getType());
  }
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(op.getStep(), captured);
  for (Value v : captured)
    if (Operation *def = v.getDefiningOp(); !def || !def->hasTrait<OpTrait::ConstantLike>())
      add(once, v.getType());
  if (!step || !shared || !sequence || !once)
    return std::nullopt;
  return Footprint{*step, *shared, *sequence, *once};
}

std::string seqc::describe(seq::RecurrenceOp op, const Footprint &footprint, DimSymbols &symbols) {
  auto spell = [&](unsigned c, StringRef fallback) {
    if (std::optional<int64_t> size = symbols.staticSize(c))
      return std::to_string(*size);
    std::string name = symbols.nameOf(c);
    return name.empty() ? fallback.str() : name;
  };
  std::string batch, steps = "steps";
  for (int64_t i = 0; i < op.getBatchRank(); ++i)
    batch += spell(symbols.classOf(op.getInitial().front(), i), "batch") + "·";
  if (op.getSteps())
    steps = spell(symbols.classOfIndex(op.getSteps()), "steps");
  else if (!op.getInputs().empty())
    steps = spell(symbols.classOf(op.getInputs().front(), op.getTimeAxis()), "steps");
  else if (!op.getShared().empty())
    steps = spell(symbols.classOf(op.getShared().front(), 0), "steps");
  steps += "·";
  std::string text;
  auto term = [&](const std::string &factor, int64_t bytes) {
    if (bytes)
      text += (text.empty() ? "" : " + ") + factor + std::to_string(bytes);
  };
  term(op.isPacked() ? steps : batch + steps, footprint.perStep);
  term(steps, footprint.perSharedStep);
  term(batch, footprint.perSequence);
  term("", footprint.once);
  return text.empty() ? "0" : text;
}
