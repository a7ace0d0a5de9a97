// Which dimensions of the states does a step add up in its outs, and does it keep the others apart?
//
// Ops are followed from the states on: a value that is made of them has their sizes, one element
// for each mode of each channel, until a sum makes it one of channels.
#include "seqc/Analysis/ScanModes.h"
#include "seqc/Analysis/Place.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace seqc;

SmallVector<int64_t> ScanModes::sizes(bool ofModes) const {
  SmallVector<int64_t> found;
  for (auto [dim, size] : llvm::enumerate(shape))
    if (isMode(dim) == ofModes)
      found.push_back(size);
  return found;
}

static ArrayRef<int64_t> shapeOf(Value v) {
  auto type = dyn_cast<RankedTensorType>(v.getType());
  return type ? type.getShape() : ArrayRef<int64_t>();
}

namespace {
/// Follows the states of one step.
class ModeFinder {
public:
  explicit ModeFinder(seq::RecurrenceOp op) : op(op) {}
  ScanModes find();

private:
  seq::RecurrenceOp op;
  ScanModes found;
  DenseSet<Value> ofModes, ofChannels; ///< made of the states: before sums, and of them
  DenseSet<Value> overTime;            ///< free of the states, and another one in each step

  bool readsAny(Operation *inner, const DenseSet<Value> &values);
  std::string follow(Operation *inner);
  std::string followStates(Operation *inner);
  std::string addSum(linalg::LinalgOp sum);
  void noteReads(linalg::LinalgOp inner, ArrayRef<unsigned> modeLoops);
  std::string checkOuts();
};
} // namespace

bool ModeFinder::readsAny(Operation *inner, const DenseSet<Value> &values) {
  SetVector<Value> read;
  read.insert(inner->operand_begin(), inner->operand_end());
  getUsedValuesDefinedAbove(inner->getRegions(), read);
  return llvm::any_of(read, [&](Value v) { return values.contains(v); });
}

/// Notes the sum `sum` over modes, or says why it is none.
std::string ModeFinder::addSum(linalg::LinalgOp sum) {
  std::string moved = describeOp(sum) + " does not add up states along some of their dimensions";
  AffineMap map;
  for (OpOperand *input : sum.getDpsInputOperands()) {
    if (!ofModes.contains(input->get()))
      continue;
    AffineMap own = sum.getMatchingIndexingMap(input);
    if (!own.isPermutation() || (map && own != map))
      return moved;
    map = own;
  }
  if (!map || sum->getNumResults() != 1 || ofModes.contains(sum.getDpsInits()[0]))
    return moved;
  if (ofChannels.contains(sum.getDpsInits()[0]))
    return describeOp(sum) + " begins with another sum over states";
  SmallVector<unsigned> loops, dims, modeLoops;
  SmallVector<AffineExpr> kept;
  for (unsigned k = 0; k < map.getNumResults(); ++k) {
    loops.push_back(map.getDimPosition(k));
    if (sum.getIteratorTypesArray()[loops[k]] == utils::IteratorType::reduction) {
      dims.push_back(k);
      modeLoops.push_back(loops[k]);
    } else {
      kept.push_back(map.getResult(k));
    }
  }
  AffineMap out = sum.getMatchingIndexingMap(sum.getDpsInitOperand(0));
  if (out.getResults() != ArrayRef(kept) || !llvm::is_sorted(modeLoops))
    return moved;
  if (!found.dims.empty() && found.dims != dims)
    return describeOp(sum) + " adds up states along other dimensions than the sum before it";
  found.dims = dims;
  found.sums.push_back(sum);
  found.loopOf.push_back(loops);
  ofChannels.insert(sum->getResult(0));
  return {};
}

/// An op that reads values which are made of the states.
std::string ModeFinder::followStates(Operation *inner) {
  auto structured = dyn_cast<linalg::LinalgOp>(inner);
  bool modes = readsAny(inner, ofModes), channels = readsAny(inner, ofChannels);
  if (structured && structured.getNumReductionLoops() && modes && !channels)
    return addSum(structured);
  bool inPlace = modes != channels &&
                 (isa<seq::CombineOp>(inner) || OpTrait::hasElementwiseMappableTraits(inner));
  if (structured && modes != channels && structured.getNumReductionLoops() == 0) {
    AffineMap out = structured.getMatchingIndexingMap(structured.getDpsInitOperand(0));
    inPlace = out.isPermutation() && llvm::all_of(structured->getOpOperands(), [&](OpOperand &o) {
                return (!ofModes.contains(o.get()) && !ofChannels.contains(o.get())) ||
                       structured.getMatchingIndexingMap(&o) == out;
              });
  }
  if (!inPlace)
    return describeOp(inner) + " moves elements of the states between modes or channels";
  (modes ? ofModes : ofChannels).insert(inner->result_begin(), inner->result_end());
  return {};
}

std::string ModeFinder::follow(Operation *inner) {
  if (readsAny(inner, ofModes) || readsAny(inner, ofChannels))
    return followStates(inner);
  auto structured = dyn_cast<linalg::LinalgOp>(inner);
  if (structured && structured.getNumReductionLoops())
    return describeOp(inner) + " does not work element by element";
  if (readsAny(inner, overTime))
    overTime.insert(inner->result_begin(), inner->result_end());
  return {};
}

/// What `inner`, an op of single modes, reads besides: for all modes alike, or for each.
void ModeFinder::noteReads(linalg::LinalgOp inner, ArrayRef<unsigned> modeLoops) {
  for (OpOperand *input : inner.getDpsInputOperands()) {
    AffineMap map = inner.getMatchingIndexingMap(input);
    if (!overTime.contains(input->get()) || !isa<RankedTensorType>(input->get().getType()))
      continue;
    if (llvm::none_of(modeLoops, [&](unsigned loop) { return map.isFunctionOfDim(loop); }))
      found.shared.push_back(input);
    else
      found.readsModes = true;
  }
}

std::string ModeFinder::checkOuts() {
  for (auto [i, out] : llvm::enumerate(op.getYield().getOut()))
    if (shapeOf(out) != ArrayRef(found.shape) && shapeOf(out) != ArrayRef(found.sizes(false)))
      return "out #" + std::to_string(i) + " has neither the sizes of the states nor those of a " +
             "sum over their modes";
  return {};
}

ScanModes ModeFinder::find() {
  found.shape = llvm::to_vector(shapeOf(op.getStateArgs().front()));
  for (Value state : op.getStateArgs()) {
    ofModes.insert(state);
    if (shapeOf(state) != ArrayRef(found.shape))
      found.refusal = "its states have different sizes";
  }
  for (ValueRange args : {ValueRange(op.getInputArgs()), ValueRange(op.getSharedArgs())})
    overTime.insert(args.begin(), args.end());
  for (Operation &inner : op.getBody()->without_terminator())
    if (found.refusal.empty())
      found.refusal = follow(&inner);
  if (found.refusal.empty() && found.sums.empty())
    found.refusal = "it does not add up states in an out";
  if (found.refusal.empty())
    found.refusal = checkOuts();
  if (!found.refusal.empty())
    return std::move(found);
  for (auto [sum, loops] : llvm::zip_equal(found.sums, found.loopOf)) {
    SmallVector<unsigned> modeLoops;
    for (unsigned dim : found.dims)
      modeLoops.push_back(loops[dim]);
    noteReads(sum, modeLoops);
  }
  for (auto inner : op.getBody()->getOps<linalg::LinalgOp>())
    if (inner.getNumReductionLoops() == 0 && inner->getNumResults() &&
        shapeOf(inner->getResult(0)) == ArrayRef(found.shape)) {
      SmallVector<unsigned> modeLoops;
      AffineMap out = inner.getMatchingIndexingMap(inner.getDpsInitOperand(0));
      for (unsigned dim : found.dims)
        modeLoops.push_back(out.getDimPosition(dim));
      noteReads(inner, modeLoops);
    }
  return std::move(found);
}

ScanModes seqc::analyzeScanModes(seq::RecurrenceOp op) { return ModeFinder(op).find(); }
