// Values at indices, as vectors. See VectorEval.h for the idea.
#include "VectorEval.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

//===-----------------------------------------------------------------------===//
// Index arithmetic
//===-----------------------------------------------------------------------===//

Value VectorEval::constant(int64_t v) { return arith::ConstantIndexOp::create(b, loc, v); }

Value VectorEval::value(const Idx &i) {
  if (!i.base)
    return constant(i.offset);
  return i.offset ? compute(Arithmetic::AddConstant, i.base, Value(), i.offset) : i.base;
}

/// An operation on `a` and `c`, or on `a` and `number` (AddConstant, Scale), made once.
Value VectorEval::compute(Arithmetic kind, Value a, Value c, int64_t number) {
  ArithmeticKey key{kind, a.getAsOpaquePointer(), c ? c.getAsOpaquePointer() : nullptr, number};
  for (Scope &scope : llvm::reverse(cache))
    if (auto it = scope.indices.find(key); it != scope.indices.end())
      return it->second;
  auto make = [&]() -> Value {
    switch (kind) {
    case Arithmetic::Add:
      return arith::AddIOp::create(b, loc, a, c);
    case Arithmetic::AddConstant:
      return arith::AddIOp::create(b, loc, a, constant(number));
    case Arithmetic::Subtract:
      return arith::SubIOp::create(b, loc, a, c);
    case Arithmetic::Multiply:
      return arith::MulIOp::create(b, loc, a, c);
    case Arithmetic::Scale:
      return arith::MulIOp::create(b, loc, a, constant(number));
    case Arithmetic::Divide:
      return arith::DivUIOp::create(b, loc, a, c);
    }
    llvm_unreachable("every kind is above");
  };
  return cache.back().indices[key] = make();
}

Value VectorEval::subtract(Value a, Value c) { return compute(Arithmetic::Subtract, a, c); }
Value VectorEval::multiply(Value a, Value c) { return compute(Arithmetic::Multiply, a, c); }
Value VectorEval::divide(Value a, Value c) { return compute(Arithmetic::Divide, a, c); }

Distances VectorEval::lanesOf(const Idx &i) const {
  if (i.pattern)
    return *i.pattern;
  Distances distances(lanes);
  for (int64_t l = 0; l < lanes; ++l)
    distances[l] = l * i.lane;
  return distances;
}

Idx VectorEval::withPattern(Value base, Distances distances) {
  int64_t each = lanes > 1 ? distances[1] : 0;
  bool even = true;
  for (int64_t l = 0; l < lanes; ++l)
    even &= distances[l] == l * each;
  if (even)
    return {base, 0, each};
  return {base, 0, 0, &*patterns.insert(std::move(distances)).first};
}

Idx VectorEval::add(const Idx &a, const Idx &c) {
  Value base = !a.base ? c.base : !c.base ? a.base : compute(Arithmetic::Add, a.base, c.base);
  if (!a.pattern && !c.pattern)
    return {base, a.offset + c.offset, a.lane + c.lane};
  Distances sum = lanesOf(a);
  for (auto [x, y] : llvm::zip_equal(sum, lanesOf(c)))
    x += y;
  Idx i = withPattern(base, sum);
  i.offset = a.offset + c.offset;
  return i;
}

Idx VectorEval::scale(const Idx &a, int64_t factor) {
  if (factor == 1)
    return a;
  Value base = a.base && factor ? compute(Arithmetic::Scale, a.base, Value(), factor) : Value();
  if (!a.pattern)
    return {base, a.offset * factor, a.lane * factor};
  Distances scaled = *a.pattern;
  for (int64_t &distance : scaled)
    distance *= factor;
  Idx i = withPattern(base, scaled);
  i.offset = a.offset * factor;
  return i;
}

Idx VectorEval::evalAffine(AffineExpr e, ArrayRef<Idx> dims) {
  if (auto dim = dyn_cast<AffineDimExpr>(e))
    return dims[dim.getPosition()];
  if (auto c = dyn_cast<AffineConstantExpr>(e))
    return fixed(c.getValue());
  auto binary = cast<AffineBinaryOpExpr>(e);
  Idx lhs = evalAffine(binary.getLHS(), dims);
  if (e.getKind() == AffineExprKind::Add)
    return add(lhs, evalAffine(binary.getRHS(), dims));
  return scale(lhs, cast<AffineConstantExpr>(binary.getRHS()).getValue());
}

OpFoldResult VectorEval::mixedSizeOf(Value v, int64_t dim) {
  if (!typeOf(v).isDynamicDim(dim))
    return b.getIndexAttr(typeOf(v).getDimSize(dim));
  return sizeOf(v, dim);
}

/// Size of an out (the recurrence itself is about to go).
Value VectorEval::sizeOfResult(OpResult v, int64_t dim) {
  int64_t leading = recurrence.getSequenceRank(), time = recurrence.getTimeAxis();
  Value out = recurrence.getYield().getOut()[v.getResultNumber()];
  if (dim >= leading)
    return sizeOf(out, dim - leading);
  if (dim != time)
    return sizeOf(recurrence.getInitial().front(), dim < time ? dim : dim - 1);
  return sizeOfSteps();
}

Value VectorEval::sizeOfSteps() {
  if (recurrence.getSteps())
    return recurrence.getSteps();
  if (!recurrence.getInputs().empty())
    return sizeOf(recurrence.getInputs().front(), recurrence.getTimeAxis());
  return sizeOf(recurrence.getShared().front(), 0);
}

std::pair<Value, Value> VectorEval::spanOfPacked(Value n) {
  Value offsets = leafOf(recurrence.getCuSeqlens())->buffer;
  auto offset = [&](Value at) -> Value {
    Value v = memref::LoadOp::create(b, loc, offsets, at);
    return v.getType().isIndex() ? v : arith::IndexCastOp::create(b, loc, b.getIndexType(), v);
  };
  Value first = offset(n), end = offset(arith::AddIOp::create(b, loc, n, constant(1)));
  return {first, arith::SubIOp::create(b, loc, end, first)};
}

Index VectorEval::sequenceIndex() {
  Index idx;
  if (!recurrence.isPacked())
    idx = place.batch;
  idx.insert(idx.begin() + recurrence.getTimeAxis(), place.time);
  return idx;
}

Value VectorEval::sizeOf(Value v, int64_t dim) {
  RankedTensorType type = typeOf(v);
  if (!type.isDynamicDim(dim))
    return constant(type.getDimSize(dim));
  bool inside = recurrence && recurrence.getStep().isAncestor(v.getParentRegion());
  if (!inside && !(v.getDefiningOp() && isMember(v.getDefiningOp())))
    return v.getDefiningOp() == recurrence ? sizeOfResult(cast<OpResult>(v), dim)
                                           : tensor::DimOp::create(b, loc, v, dim).getResult();
  if (auto arg = dyn_cast<BlockArgument>(v)) {
    unsigned fromEnd = recurrence.getBody()->getNumArguments() - arg.getArgNumber();
    Value whole = fromEnd <= recurrence.getNumStates()
                      ? recurrence->getOperand(recurrence->getNumOperands() - fromEnd)
                      : recurrence->getOperand(arg.getArgNumber());
    return sizeOf(whole, typeOf(whole).getRank() - type.getRank() + dim);
  }
  Operation *op = v.getDefiningOp();
  if (auto dps = dyn_cast<DestinationStyleOpInterface>(op))
    return sizeOf(dps.getDpsInits()[cast<OpResult>(v).getResultNumber()], dim);
  if (auto castOp = dyn_cast<tensor::CastOp>(op))
    return sizeOf(castOp.getSource(), dim);
  if (auto delay = dyn_cast<seq::DelayOp>(op))
    return sizeOf(delay.getInput(), dim > int64_t(delay.getTime()) ? dim - 1 : dim);
  ReifiedRankedShapedTypeDims shapes;
  OpBuilder before(op);
  if (failed(reifyResultShapes(before, op, shapes)))
    return constant(0);
  OpFoldResult size = shapes[cast<OpResult>(v).getResultNumber()][dim];
  if (auto value = dyn_cast<Value>(size))
    return evalScalar(value);
  return constant(*getConstantIntValue(size));
}

//===-----------------------------------------------------------------------===//
// Vectors
//===-----------------------------------------------------------------------===//

Value VectorEval::broadcast(Value scalar) {
  return vector::BroadcastOp::create(b, loc, VectorType::get(lanes, scalar.getType()), scalar);
}

Value VectorEval::splat(TypedAttr element) {
  auto type = VectorType::get(lanes, element.getType());
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, element));
}

/// The vector of index values that `i` stands for.
Value VectorEval::loopIndexVector(const Idx &i) {
  Value start = broadcast(value({i.base, i.offset, 0}));
  if (!i.varies())
    return start;
  auto type = VectorType::get(lanes, b.getIndexType());
  Value iota = arith::ConstantOp::create(b, loc, DenseIntElementsAttr::get(type, lanesOf(i)));
  return arith::AddIOp::create(b, loc, start, iota);
}

void VectorEval::define(Value v, const Index &idx, Value vec) {
  Index full = idx;
  full.push_back(place.row);
  full.push_back(place.stepInStrip);
  cache.back().values[{v.getAsOpaquePointer(), full}] = vec;
}

Index VectorEval::leafIndex(const Leaf &leaf, const Index &idx) {
  if (leaf.prefix == Leaf::Whole)
    return idx;
  Index out;
  if (leaf.prefix == Leaf::Tile) {
    out = idx;
    out.back().base = subtract(value({out.back().base, 0, 0}), firstChannel);
    return out;
  }
  if (leaf.prefix == Leaf::Sequence || leaf.prefix == Leaf::Batch) {
    out = leaf.prefix == Leaf::Sequence ? sequenceIndex() : place.batch;
    out.append(idx.begin(), idx.end());
    return out;
  }
  // Of memory that a block shares, each has its own.
  out.push_back(cast<MemRefType>(leaf.buffer.getType()).getDimSize(0) == 1 ? fixed(0)
                                                                           : Idx{task, 0, 0});
  if (leaf.prefix == Leaf::State || leaf.prefix == Leaf::NextState) {
    Value next = parity;
    if (parity && leaf.prefix == Leaf::NextState)
      next = arith::SubIOp::create(b, loc, constant(1), parity);
    bool twice = cast<MemRefType>(leaf.buffer.getType()).getDimSize(1) == 2;
    out.push_back(twice && next ? Idx{next, 0, 0} : fixed(0));
  }
  out.push_back(place.row);
  if (leaf.prefix == Leaf::Strip || leaf.prefix == Leaf::StripOfStep)
    out.push_back(place.stepInStrip);
  out.append(idx.begin() + (leaf.prefix == Leaf::Strip ? recurrence.getSequenceRank() : 0),
             idx.end());
  return out;
}

//===-----------------------------------------------------------------------===//
// Values
//===-----------------------------------------------------------------------===//

Value *VectorEval::lookup(const Key &key) {
  for (Scope &scope : llvm::reverse(cache))
    if (auto it = scope.values.find(key); it != scope.values.end())
      return &it->second;
  return nullptr;
}

void VectorEval::resetTile() {
  cache.assign(1, {});
  collected.assign(1, {});
  demands.clear();
}

void VectorEval::isolate(llvm::function_ref<void()> body) {
  Place outside = place;
  auto known = std::move(cache);
  resetTile();
  body();
  cache = std::move(known);
  place = outside;
}

Index VectorEval::loopDims(linalg::GenericOp op, unsigned result, const Index &idx) {
  Index dims(op.getNumLoops());
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(result));
  for (auto [i, at] : llvm::enumerate(idx))
    dims[map.getDimPosition(i)] = at;
  return dims;
}

Index VectorEval::operandIndex(linalg::GenericOp op, OpOperand &operand, ArrayRef<Idx> dims) {
  Index out;
  for (AffineExpr e : op.getMatchingIndexingMap(&operand).getResults())
    out.push_back(evalAffine(e, dims));
  return out;
}

std::optional<std::pair<Value, Index>> VectorEval::step(Value v, const Index &idx) {
  if (auto arg = dyn_cast<BlockArgument>(v)) {
    if (!recurrence || arg.getOwner() != recurrence.getBody() || leaves.contains(v))
      return std::nullopt;
    unsigned n = arg.getArgNumber(), fromEnd = arg.getOwner()->getNumArguments() - n;
    if (fromEnd <= recurrence.getNumStates()) // a state before its first step
      n = recurrence->getNumOperands() - fromEnd;
    Index whole;
    if (n < recurrence.getInputs().size()) {
      whole = sequenceIndex();
    } else if (n < recurrence.getInputs().size() + recurrence.getShared().size()) {
      whole = {place.time};
    } else {
      whole = place.batch;
    }
    whole.append(idx.begin(), idx.end());
    return std::make_pair(recurrence->getOperand(n), whole);
  }
  Operation *op = v.getDefiningOp();
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    Index source;
    unsigned next = 0;
    for (auto [i, offset, stride] :
         llvm::enumerate(slice.getMixedOffsets(), slice.getMixedStrides())) {
      Idx at = dropped.test(i) ? fixed(0) : scale(idx[next++], *getConstantIntValue(stride));
      if (std::optional<int64_t> c = getConstantIntValue(offset))
        at.offset += *c;
      else
        at = add(at, {evalScalar(cast<Value>(offset)), 0, 0});
      source.push_back(at);
    }
    return std::make_pair(slice.getSource(), source);
  }
  if (auto castOp = dyn_cast<tensor::CastOp>(op))
    return std::make_pair(castOp.getSource(), idx);
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    Index source;
    for (ReassociationIndicesRef group : expand.getReassociationIndices()) {
      Idx at = fixed(0);
      for (int64_t d : group) {
        int64_t size = typeOf(v).getDimSize(d);
        if (size != 1 || group.size() == 1)
          at = add(group.front() == d ? fixed(0) : scale(at, size), idx[d]);
      }
      source.push_back(at);
    }
    return std::make_pair(expand.getSrc(), source);
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    Index source(typeOf(collapse.getSrc()).getRank(), fixed(0));
    for (auto [i, group] : llvm::enumerate(collapse.getReassociationIndices())) {
      SmallVector<int64_t> wide;
      for (int64_t d : group)
        if (typeOf(collapse.getSrc()).getDimSize(d) != 1)
          wide.push_back(d);
      if (wide.size() > 1)
        return std::nullopt;
      source[wide.empty() ? group.front() : wide.front()] = idx[i];
    }
    return std::make_pair(collapse.getSrc(), source);
  }
  return std::nullopt;
}

SmallVector<Value> VectorEval::cloneBody(linalg::GenericOp op, ArrayRef<Value> args,
                                         ArrayRef<Idx> dims) {
  Block *body = op.getBody();
  IRMapping map;
  for (auto [arg, v] : llvm::zip_equal(body->getArguments(), args))
    if (v)
      map.map(arg, v);
  auto operand = [&](Value v) -> Value {
    if (Value mapped = map.lookupOrNull(v))
      return mapped;
    Attribute attr;
    Value mapped = matchPattern(v, m_Constant(&attr)) ? splat(cast<TypedAttr>(attr)) : evalLanes(v);
    map.map(v, mapped);
    return mapped;
  };
  for (Operation &inner : body->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
      map.map(index.getResult(), loopIndexVector(dims[index.getDim()]));
      continue;
    }
    if (isa<arith::ConstantOp>(inner)) {
      operand(inner.getResult(0));
      continue;
    }
    map.map(inner.getResults(), widened(&inner, operand)->getResults());
  }
  SmallVector<Value> results;
  for (Value v : body->getTerminator()->getOperands())
    results.push_back(operand(v));
  return results;
}

Value VectorEval::evalGeneric(linalg::GenericOp op, unsigned result, const Index &idx) {
  Index dims = loopDims(op, result, idx);
  SmallVector<Value> args;
  for (OpOperand &operand : op->getOpOperands()) {
    bool used = op.payloadUsesValueFromOperand(&operand);
    if (!used)
      args.push_back({});
    else if (isa<RankedTensorType>(operand.get().getType()))
      args.push_back(eval(operand.get(), operandIndex(op, operand, dims)));
    else
      args.push_back(evalLanes(operand.get()));
  }
  return cloneBody(op, args, dims)[result];
}

// One step back in time, or the initial window before the start.
Value VectorEval::evalDelay(seq::DelayOp op, const Index &idx) {
  int64_t time = op.getTime(), k = op.getLength();
  Index source = idx;
  Idx t = idx[time], j = idx[time + 1];
  source.erase(source.begin() + time + 1);
  Value inside;
  Index initial = source;
  if (op.getReverse()) {
    source[time] = add(t, fixed(1));
    initial[time] = fixed(0);
    inside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, value(source[time]),
                                   sizeOf(op.getInput(), time));
  } else {
    source[time] = add(add(t, j), fixed(-k));
    initial[time] = add(t, j);
    inside =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, value(source[time]), constant(0));
  }
  auto type = VectorType::get(lanes, typeOf(op.getInput()).getElementType());
  auto branch = [&](Value v, const Index &at) {
    return [&, v](OpBuilder &, Location) {
      OpBuilder::InsertionGuard guard(b);
      cache.push_back({});
      Value vec = eval(v, at);
      scf::YieldOp::create(b, loc, vec);
      cache.pop_back();
    };
  };
  auto choice = scf::IfOp::create(b, loc, type, inside, /*withElse=*/true);
  auto fill = [&](Block *block, auto emit) {
    OpBuilder::InsertionGuard guard(b);
    if (!block->empty())
      block->clear();
    b.setInsertionPointToStart(block);
    emit(b, loc);
  };
  fill(choice.thenBlock(), branch(op.getInput(), source));
  fill(choice.elseBlock(), branch(op.getInitial(), initial));
  return choice.getResult(0);
}

const Leaf *VectorEval::leafOf(Value v) {
  if (auto it = leaves.find(v); it != leaves.end())
    return &it->second;
  Operation *op = v.getDefiningOp();
  if (recurrence && v.getParentBlock() == recurrence.getBody())
    return nullptr;
  if (op && isMember(op))
    return nullptr;
  if (isa_and_nonnull<tensor::EmptyOp, linalg::FillOp, tensor::SplatOp, tensor::ExtractSliceOp,
                      tensor::CastOp, tensor::ExpandShapeOp>(op))
    return nullptr;
  if (auto constantOp = v.getDefiningOp<arith::ConstantOp>())
    if (auto dense = dyn_cast<DenseElementsAttr>(constantOp.getValue()); dense && dense.isSplat())
      return nullptr;
  // A tensor from outside: its buffer, taken where the group begins.
  OpBuilder::InsertionGuard guard(b);
  b.restoreInsertionPoint(*entry);
  auto type = MemRefType::get(typeOf(v).getShape(), typeOf(v).getElementType());
  Value buffer = bufferization::ToBufferOp::create(b, loc, type, v, /*read_only=*/true);
  return &(leaves[v] = Leaf{buffer, Leaf::Whole});
}

Value VectorEval::eval(Value v, const Index &idx) {
  Index full = idx;
  full.push_back(place.row);
  full.push_back(place.stepInStrip);
  Key key{v.getAsOpaquePointer(), full};
  if (Value *found = lookup(key))
    return *found;
  Value result = rearranged ? rearranged(v, idx) : Value();
  if (result) {
    // Found.
  } else if (const Leaf *found = leafOf(v)) {
    Leaf leaf = *found;
    Index at = leafIndex(leaf, idx);
    result = load(leaf.buffer, at);
    if (prefetchSteps && leaf.prefix == Leaf::Whole && !mask)
      for (auto [d, i] : llvm::enumerate(idx))
        if (place.time.base && i == place.time)
          prefetch(leaf.buffer, at, d);
  } else if (auto moved = step(v, idx)) {
    result = eval(moved->first, moved->second);
  } else if (auto op = v.getDefiningOp<linalg::GenericOp>()) {
    unsigned n = cast<OpResult>(v).getResultNumber();
    if (isReduction(op)) {
      // Not collected before: a loop of its own.
      demands.clear();
      collected.push_back({});
      collect(v, idx);
      emitContractions(nullptr);
      collected.pop_back();
      return *lookup(key);
    }
    result = evalGeneric(op, n, idx);
  } else if (auto fill = v.getDefiningOp<linalg::FillOp>()) {
    Attribute attr;
    result = matchPattern(fill.value(), m_Constant(&attr)) ? splat(cast<TypedAttr>(attr))
                                                           : evalLanes(fill.value());
  } else if (auto splatOp = v.getDefiningOp<tensor::SplatOp>()) {
    result = evalLanes(splatOp.getInput());
  } else if (auto delay = v.getDefiningOp<seq::DelayOp>()) {
    result = evalDelay(delay, idx);
  } else if (auto constantOp = v.getDefiningOp<arith::ConstantOp>()) {
    auto dense = cast<DenseElementsAttr>(constantOp.getValue());
    result = splat(cast<TypedAttr>(dense.getSplatValue<Attribute>()));
  } else {
    // tensor.empty: any value will do, and zero is the same one everywhere.
    result = splat(b.getZeroAttr(typeOf(v).getElementType()));
  }
  cache.back().values[key] = result;
  return result;
}

//===-----------------------------------------------------------------------===//
// What can be evaluated
//===-----------------------------------------------------------------------===//

static bool simpleMap(AffineMap map) {
  std::function<bool(AffineExpr)> simple = [&](AffineExpr e) {
    if (isa<AffineDimExpr, AffineConstantExpr>(e))
      return true;
    auto binary = dyn_cast<AffineBinaryOpExpr>(e);
    if (!binary)
      return false;
    if (e.getKind() == AffineExprKind::Add)
      return simple(binary.getLHS()) && simple(binary.getRHS());
    return e.getKind() == AffineExprKind::Mul && simple(binary.getLHS()) &&
           isa<AffineConstantExpr>(binary.getRHS());
  };
  return map.getNumSymbols() == 0 && llvm::all_of(map.getResults(), simple);
}

static bool canEvaluateGeneric(linalg::GenericOp op) {
  if (!op.hasPureTensorSemantics())
    return false;
  bool reduction = VectorEval::isReduction(op);
  if (reduction && op->getNumResults() != 1)
    return false;
  for (OpOperand &init : op.getDpsInitsMutable()) {
    AffineMap map = op.getMatchingIndexingMap(&init);
    if (reduction ? !map.isProjectedPermutation() : !map.isPermutation())
      return false;
  }
  if (!llvm::all_of(op.getIndexingMapsArray(), simpleMap))
    return false;
  for (Operation &inner : op.getBody()->without_terminator()) {
    if (isa<linalg::IndexOp, arith::ConstantOp>(inner))
      continue;
    if (inner.getNumRegions() || !OpTrait::hasElementwiseMappableTraits(&inner))
      return false;
  }
  return true;
}

bool seqc::canEvaluate(Operation *op) {
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    return canEvaluateGeneric(generic);
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return llvm::all_of(slice.getMixedStrides(),
                        [](OpFoldResult s) { return getConstantIntValue(s).has_value(); });
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return insert.hasUnitStride();
  if (auto pad = dyn_cast<tensor::PadOp>(op))
    return bool(pad.getConstantPaddingValue());
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return llvm::all_of(expand.getReassociationIndices(), [&](ReassociationIndicesRef group) {
      return llvm::all_of(group.drop_front(),
                          [&](int64_t d) { return !expand.getResultType().isDynamicDim(d); });
    });
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
    // An index of two joined sizes is not linear.
    return llvm::all_of(collapse.getReassociationIndices(), [&](ReassociationIndicesRef group) {
      return llvm::count_if(
                 group, [&](int64_t d) { return collapse.getSrcType().getDimSize(d) != 1; }) <= 1;
    });
  if (auto delay = dyn_cast<seq::DelayOp>(op))
    return cast<RankedTensorType>(delay.getInput().getType()).getRank() >
               int64_t(delay.getTime()) + 1 ||
           delay.getLength() == 1;
  if (auto constantOp = dyn_cast<arith::ConstantOp>(op))
    return true;
  if (auto extract = dyn_cast<tensor::ExtractOp>(op))
    return true;
  if (isa<linalg::FillOp, tensor::CastOp, tensor::CollapseShapeOp, tensor::ConcatOp,
          tensor::EmptyOp, tensor::SplatOp, tensor::DimOp>(op))
    return true;
  bool scalars = llvm::none_of(op->getOperandTypes(), [](Type t) { return isa<TensorType>(t); }) &&
                 llvm::none_of(op->getResultTypes(), [](Type t) { return isa<TensorType>(t); });
  return scalars && op->getNumRegions() == 0 && isMemoryEffectFree(op);
}
