// From one step of one sequence to all steps of all sequences.
//
// Every value of the step gets the leading dimensions of the values that it
// depends on: all of [batch…, T] when a per-step input is among them, none when
// it comes from captured values. An op is then rewritten by its kind: linalg
// ops gain parallel loops in front, elementwise ops act on larger tensors,
// slices and reshapes leave the leading dimensions alone. Operands with fewer
// leading dimensions are read through maps that do not mention the missing
// loops; nobody materialises a broadcast, except where an op must write into
// the broadcast value.
#include "Lift.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType tensorType(Value v) { return dyn_cast<RankedTensorType>(v.getType()); }

Lifter::Lifter(seq::RecurrenceOp op, OpBuilder &b) : op(op), b(b) {
  staticSizes = op.getStaticBatch();
  staticSizes.insert(staticSizes.begin() + op.getTimeAxis(), op.getStaticSteps());
  auto bindAll = [&](Block::BlockArgListType args, OperandRange operands, Leads leads) {
    for (auto [arg, operand] : llvm::zip_equal(args, operands))
      values[arg] = {operand, leads};
  };
  bindAll(op.getInputArgs(), op.getInputs(), allLeads());
  bindAll(op.getSharedArgs(), op.getShared(), timeLead());
  bindAll(op.getGivenArgs(), op.getGiven(), givenLeads());
}

void Lifter::bind(Value inner, Value whole, Leads leads) {
  values[inner] = {whole, leads};
  memo.clear();
}

//===-----------------------------------------------------------------------===//
// What can be lifted
//===-----------------------------------------------------------------------===//

std::optional<Leads> Lifter::canLift(Value v) {
  if (auto it = values.find(v); it != values.end())
    return it->second.leads;
  if (!isInside(v))
    return Leads(0);
  Operation *def = v.getDefiningOp();
  if (!def || def->getBlock() != op.getBody())
    return std::nullopt;
  if (auto it = memo.find(def); it != memo.end())
    return it->second;
  std::optional<Leads> leads = canLiftOp(def);
  memo[def] = leads;
  return leads;
}

std::optional<Leads> Lifter::canLiftOp(Operation *inner) {
  SetVector<Value> used;
  used.insert(inner->operand_begin(), inner->operand_end());
  getUsedValuesDefinedAbove(inner->getRegions(), used);
  Leads leads = 0;
  for (Value v : used) {
    std::optional<Leads> more = canLift(v);
    if (!more)
      return std::nullopt;
    leads |= *more;
  }
  if (isa<tensor::DimOp>(inner))
    return cast<tensor::DimOp>(inner).getConstantIndex() ? std::optional<Leads>(0) : std::nullopt;
  if (op.isPacked() && leads == (allLeads() | givenLeads()))
    return std::nullopt;
  if (leads == 0)
    return isMemoryEffectFree(inner) && isSpeculatable(inner) ? std::optional<Leads>(0)
                                                              : std::nullopt;
  return hasForm(inner, leads) ? std::optional<Leads>(leads) : std::nullopt;
}

bool Lifter::hasForm(Operation *inner, Leads leads) {
  // Sizes, offsets and captured values of a region must be the same for all
  // steps.
  for (Value v : inner->getOperands())
    if (v.getType().isIndex() && canLift(v) != Leads(0) &&
        !OpTrait::hasElementwiseMappableTraits(inner))
      return false;
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(inner->getRegions(), captured);
  for (Value v : captured)
    if (canLift(v) != Leads(0))
      return false;
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(inner))
    return linalgOp.hasPureTensorSemantics() && llvm::all_of(inner->getOperands(), [](Value v) {
             return tensorType(v) || v.getType().isIntOrIndexOrFloat();
           });
  if (OpTrait::hasElementwiseMappableTraits(inner))
    return inner->getNumResults() == 1 && isMemoryEffectFree(inner);
  if (auto pad = dyn_cast<tensor::PadOp>(inner)) {
    Value value = pad.getConstantPaddingValue();
    return value && canLift(value) == Leads(0);
  }
  if (auto make = dyn_cast<tensor::FromElementsOp>(inner))
    return make.getType().getRank() == 0;
  return isa<tensor::ExtractSliceOp, tensor::InsertSliceOp, tensor::ConcatOp, tensor::CastOp,
             tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::ExtractOp>(inner);
}

//===-----------------------------------------------------------------------===//
// Shapes
//===-----------------------------------------------------------------------===//

RankedTensorType Lifter::wholeType(Type type, Leads leads) {
  SmallVector<int64_t> shape;
  for (auto [i, size] : llvm::enumerate(staticSizes))
    if (leads >> i & 1)
      shape.push_back(size);
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (tensor)
    llvm::append_range(shape, tensor.getShape());
  return RankedTensorType::get(shape, tensor ? tensor.getElementType() : type);
}

SmallVector<OpFoldResult> Lifter::leadSizes(Leads leads) {
  if (sizes.empty()) {
    sizes = op.getBatchSizes(b);
    sizes.insert(sizes.begin() + op.getTimeAxis(), op.getStepCount(b));
    if (int64_t steps = op.getStaticSteps(); !ShapedType::isDynamic(steps))
      sizes[op.getTimeAxis()] = b.getIndexAttr(steps);
  }
  SmallVector<OpFoldResult> chosen;
  for (auto [i, size] : llvm::enumerate(sizes))
    if (leads >> i & 1)
      chosen.push_back(size);
  return chosen;
}

SmallVector<OpFoldResult> Lifter::stepSizes(Lifted value) {
  SmallVector<OpFoldResult> all = tensor::getMixedSizes(b, op.getLoc(), value.whole);
  all.erase(all.begin(), all.begin() + llvm::popcount(value.leads));
  return all;
}

SmallVector<OpFoldResult> Lifter::withLeads(ArrayRef<OpFoldResult> leading,
                                            ArrayRef<OpFoldResult> rest) {
  SmallVector<OpFoldResult> all(leading);
  for (OpFoldResult v : rest)
    all.push_back(uniform(v));
  return all;
}

OpFoldResult Lifter::uniform(OpFoldResult v) {
  auto value = dyn_cast<Value>(v);
  return value ? OpFoldResult(lift(value).whole) : v;
}

/// An empty tensor for a value of type `type` whose step sizes are those of
/// `like`.
Value Lifter::emptyFor(Lifted like, Leads leads, RankedTensorType type) {
  SmallVector<OpFoldResult> all = leadSizes(leads);
  llvm::append_range(all, stepSizes(like));
  for (auto [i, size] : llvm::enumerate(all))
    if (!type.isDynamicDim(i))
      size = b.getIndexAttr(type.getDimSize(i));
  return tensor::EmptyOp::create(b, op.getLoc(), all, type.getElementType());
}

AffineMap Lifter::prefixMap(AffineMap map, Leads leads, Leads loops) {
  unsigned added = llvm::popcount(loops);
  SmallVector<AffineExpr> results;
  for (unsigned i = 0, loop = 0; i < staticSizes.size(); ++i) {
    if (leads >> i & 1)
      results.push_back(b.getAffineDimExpr(loop));
    loop += loops >> i & 1;
  }
  llvm::append_range(results, map.shiftDims(added).getResults());
  return AffineMap::get(map.getNumDims() + added, 0, results, b.getContext());
}

//===-----------------------------------------------------------------------===//
// Lifting
//===-----------------------------------------------------------------------===//

Lifted Lifter::lift(Value v) {
  auto it = values.find(v);
  if (it == values.end()) {
    if (!isInside(v))
      return {v, 0};
    liftOp(v.getDefiningOp());
    it = values.find(v);
  }
  // Operands may know less about sizes than the op does.
  Lifted &lifted = it->second;
  if (lifted.leads)
    if (RankedTensorType type = wholeType(v.getType(), lifted.leads);
        type != lifted.whole.getType())
      lifted.whole = tensor::CastOp::create(b, op.getLoc(), type, lifted.whole);
  return lifted;
}

Value Lifter::liftTo(Value v, Leads leads) { return broadcast(lift(v), leads); }

void Lifter::liftOp(Operation *inner) {
  Leads leads = *canLift(inner->getResult(0));
  if (auto dim = dyn_cast<tensor::DimOp>(inner)) {
    Lifted source = lift(dim.getSource());
    int64_t index = *dim.getConstantIndex() + llvm::popcount(source.leads);
    values[dim.getResult()] = {
        tensor::DimOp::create(b, inner->getLoc(), source.whole, index).getResult(), 0};
    return;
  }
  if (leads == 0)
    return liftUniform(inner);
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(inner))
    return liftLinalg(linalgOp, leads);
  Value whole = OpTrait::hasElementwiseMappableTraits(inner) ? liftElementwise(inner, leads)
                                                             : liftTensorOp(inner, leads);
  values[inner->getResult(0)] = {whole, leads};
}

void Lifter::liftUniform(Operation *inner) {
  IRMapping map;
  SetVector<Value> used;
  used.insert(inner->operand_begin(), inner->operand_end());
  getUsedValuesDefinedAbove(inner->getRegions(), used);
  for (Value v : used)
    map.map(v, lift(v).whole);
  Operation *copy = b.clone(*inner, map);
  for (auto [old, fresh] : llvm::zip_equal(inner->getResults(), copy->getResults()))
    values[old] = {fresh, 0};
}

Value Lifter::liftExtract(tensor::ExtractOp inner, Leads leads) {
  Lifted source = lift(inner.getTensor());
  if (inner.getIndices().empty())
    return source.whole;
  unsigned added = llvm::popcount(leads);
  SmallVector<OpFoldResult> offsets(added, b.getIndexAttr(0)), extents = leadSizes(leads);
  for (Value index : inner.getIndices()) {
    offsets.push_back(lift(index).whole);
    extents.push_back(b.getIndexAttr(1));
  }
  SmallVector<OpFoldResult> strides(offsets.size(), b.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(b, inner.getLoc(), wholeType(inner.getType(), leads),
                                        source.whole, offsets, extents, strides);
}

/// Groups of a reshape of the step behind `added` leading dimensions. A scalar has no group for the
/// `wide` sizes of 1 that are its other shape: they join the last leading dimension.
static SmallVector<ReassociationIndices> shiftGroups(ArrayRef<ReassociationIndices> groups,
                                                     int64_t added, int64_t wide) {
  SmallVector<ReassociationIndices> shifted;
  for (int64_t i = 0; i < added; ++i)
    shifted.push_back({i});
  for (const ReassociationIndices &group : groups) {
    ReassociationIndices more;
    for (int64_t i : group)
      more.push_back(i + added);
    shifted.push_back(more);
  }
  if (groups.empty() && added)
    for (int64_t i = 0; i < wide; ++i)
      shifted.back().push_back(i + added);
  return shifted;
}

Value Lifter::liftTensorOp(Operation *inner, Leads leads) {
  Location loc = inner->getLoc();
  RankedTensorType type = wholeType(inner->getResult(0).getType(), leads);
  int64_t added = llvm::popcount(leads);
  SmallVector<OpFoldResult> zeros(added, b.getIndexAttr(0)), ones(added, b.getIndexAttr(1));
  if (auto extract = dyn_cast<tensor::ExtractOp>(inner))
    return liftExtract(extract, leads);
  if (isa<tensor::FromElementsOp>(inner))
    return lift(inner->getOperand(0)).whole;
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(inner))
    return tensor::ExtractSliceOp::create(b, loc, type, lift(slice.getSource()).whole,
                                          withLeads(zeros, slice.getMixedOffsets()),
                                          withLeads(leadSizes(leads), slice.getMixedSizes()),
                                          withLeads(ones, slice.getMixedStrides()));
  if (auto slice = dyn_cast<tensor::InsertSliceOp>(inner)) {
    Value source = liftTo(slice.getSource(), leads);
    Value dest = liftDestination(slice.getDest(), leads, /*read=*/true);
    return tensor::InsertSliceOp::create(b, loc, source, dest,
                                         withLeads(zeros, slice.getMixedOffsets()),
                                         withLeads(leadSizes(leads), slice.getMixedSizes()),
                                         withLeads(ones, slice.getMixedStrides()));
  }
  if (auto concat = dyn_cast<tensor::ConcatOp>(inner)) {
    SmallVector<Value> parts;
    for (Value part : concat.getInputs())
      parts.push_back(liftTo(part, leads));
    return tensor::ConcatOp::create(b, loc, type, concat.getDim() + added, parts);
  }
  if (auto pad = dyn_cast<tensor::PadOp>(inner))
    return tensor::PadOp::create(b, loc, type, lift(pad.getSource()).whole,
                                 withLeads(zeros, pad.getMixedLowPad()),
                                 withLeads(zeros, pad.getMixedHighPad()),
                                 lift(pad.getConstantPaddingValue()).whole, pad.getNofold());
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(inner))
    return tensor::CollapseShapeOp::create(
        b, loc, type, lift(collapse.getSrc()).whole,
        shiftGroups(collapse.getReassociationIndices(), added, collapse.getSrcType().getRank()));
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(inner))
    return tensor::ExpandShapeOp::create(
        b, loc, type, lift(expand.getSrc()).whole,
        shiftGroups(expand.getReassociationIndices(), added, expand.getResultType().getRank()),
        withLeads(leadSizes(leads), expand.getMixedOutputShape()));
  return tensor::CastOp::create(b, loc, type, lift(inner->getOperand(0)).whole);
}

Value Lifter::broadcast(Lifted value, Leads leads) {
  if (value.leads == leads)
    return value.whole;
  Location loc = op.getLoc();
  RankedTensorType whole = cast<RankedTensorType>(value.whole.getType());
  int64_t stepRank = whole.getRank() - llvm::popcount(value.leads);
  auto step = RankedTensorType::get(whole.getShape().take_back(stepRank), whole.getElementType());
  RankedTensorType type = wholeType(step, leads);
  AffineMap identity = b.getMultiDimIdentityMap(stepRank);
  SmallVector<AffineMap> maps = {prefixMap(identity, value.leads, leads),
                                 b.getMultiDimIdentityMap(type.getRank())};
  SmallVector<utils::IteratorType> loops(type.getRank(), utils::IteratorType::parallel);
  return linalg::GenericOp::create(b, loc, type, value.whole, emptyFor(value, leads, type), maps,
                                   loops,
                                   [](OpBuilder &nested, Location l, ValueRange args) {
                                     linalg::YieldOp::create(nested, l, args[0]);
                                   })
      .getResult(0);
}
