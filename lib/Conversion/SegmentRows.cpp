// Plan `segments` of steps that mix channels: rows, their memory, and what moves between them. See
// SegmentRows.h for the idea, SegmentRowsPlan.cpp for the rounds.
#include "SegmentRows.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

SegmentRows::SegmentRows(seq::RecurrenceOp op, Weakness weakness)
    : LoopWords(op), op(op), e(b, loc, op.getScheduleAttr().getVectorBits() / 32), stats(b, loc),
      weakness(weakness), schedule(op.getScheduleAttr()),
      segments(segmentsOfTask * std::max<int64_t>(1, schedule.getBatchTile())) {
  if (auto known = op->getAttrOfType<DenseF64ArrayAttr>(scalesName))
    scales.assign(known.asArrayRef().begin(), known.asArrayRef().end());
  scales.resize(op.getNumStates(), usualScale);
}

//===-----------------------------------------------------------------------===//
// Small words
//===-----------------------------------------------------------------------===//

Value SegmentRows::load(Value buffer, ValueRange at) {
  return memref::LoadOp::create(b, loc, buffer, at);
}

void SegmentRows::store(Value v, Value buffer, ValueRange at) {
  memref::StoreOp::create(b, loc, v, buffer, at);
}

void SegmentRows::repeat(Value from, Value to, Body body) {
  auto loop = scf::ForOp::create(b, loc, from, to, one);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

void SegmentRows::choose(Value condition, llvm::function_ref<void()> yes,
                         llvm::function_ref<void()> no) {
  auto choice = scf::IfOp::create(b, loc, condition, /*withElse=*/bool(no));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  yes();
  if (!no)
    return;
  b.setInsertionPointToStart(choice.elseBlock());
  no();
}

void SegmentRows::inside(Value condition, llvm::function_ref<void()> body) {
  choose(condition, body, {});
}

/// `condition` and, where it holds, `other`.
Value SegmentRows::andThen(Value condition, llvm::function_ref<Value()> other) {
  auto choice = scf::IfOp::create(b, loc, b.getI1Type(), condition, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  scf::YieldOp::create(b, loc, other());
  b.setInsertionPointToStart(choice.elseBlock());
  scf::YieldOp::create(b, loc, condition);
  return choice.getResult(0);
}

void SegmentRows::whilst(llvm::function_ref<Value()> condition, llvm::function_ref<void()> body) {
  auto loop = scf::WhileOp::create(b, loc, TypeRange(), ValueRange());
  OpBuilder::InsertionGuard guard(b);
  b.createBlock(&loop.getBefore());
  scf::ConditionOp::create(b, loc, condition(), ValueRange());
  b.createBlock(&loop.getAfter());
  body();
  scf::YieldOp::create(b, loc);
}

/// i1: `holds` is true for one of `count` numbers at least; counted, which becomes vectors.
Value SegmentRows::any(Value count, llvm::function_ref<Value(Value)> holds) {
  Value none = arith::ConstantIntOp::create(b, loc, b.getI32Type(), 0);
  auto loop = scf::ForOp::create(b, loc, zero, count, one, none);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value found = arith::ExtUIOp::create(b, loc, b.getI32Type(), holds(loop.getInductionVar()));
  scf::YieldOp::create(b, loc, plus(loop.getRegionIterArgs().front(), found));
  b.setInsertionPointAfter(loop);
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, loop.getResult(0), none);
}

//===-----------------------------------------------------------------------===//
// Memory
//===-----------------------------------------------------------------------===//

Value SegmentRows::allocate(ArrayRef<int64_t> shape, Type element, ValueRange dynamic) {
  return memref::AllocOp::create(b, loc, MemRefType::get(shape, element), dynamic);
}

Value SegmentRows::bufferOf(Value tensor) {
  auto type = MemRefType::get(typeOf(tensor).getShape(), typeOf(tensor).getElementType());
  return bufferization::ToBufferOp::create(b, loc, type, tensor, /*read_only=*/true);
}

/// What `buffer` has at some leading indices, without these dimensions.
Value SegmentRows::part(Value buffer, ArrayRef<OpFoldResult> leading) {
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<OpFoldResult> offsets(leading), sizes(leading.size(), b.getIndexAttr(1)),
      strides(type.getRank(), b.getIndexAttr(1));
  for (int64_t d = leading.size(); d < type.getRank(); ++d) {
    offsets.push_back(b.getIndexAttr(0));
    sizes.push_back(memref::getMixedSize(b, loc, buffer, d));
  }
  auto reduced = memref::SubViewOp::inferRankReducedResultType(
      type.getShape().drop_front(leading.size()), type, offsets, sizes, strides);
  return memref::SubViewOp::create(b, loc, cast<MemRefType>(reduced), buffer, offsets, sizes,
                                   strides);
}

/// `count` steps from `first` on of a whole value of the current sequence, or, if it has no batch
/// dimensions, of all of them.
Value SegmentRows::stepsOf(Value buffer, Value first, OpFoldResult count, bool hasBatch) {
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<OpFoldResult> offsets, sizes, strides(type.getRank(), b.getIndexAttr(1));
  if (hasBatch) {
    offsets.append(batch.begin(), batch.end());
    sizes.assign(batch.size(), b.getIndexAttr(1));
  }
  int64_t axis = hasBatch ? op.getTimeAxis() : 0;
  offsets.insert(offsets.begin() + axis, first);
  sizes.insert(sizes.begin() + axis, count);
  SmallVector<int64_t> kept = {getConstantIntValue(count).value_or(ShapedType::kDynamic)};
  for (int64_t d = offsets.size(); d < type.getRank(); ++d) {
    offsets.push_back(b.getIndexAttr(0));
    sizes.push_back(b.getIndexAttr(type.getDimSize(d)));
    kept.push_back(type.getDimSize(d));
  }
  auto reduced = memref::SubViewOp::inferRankReducedResultType(kept, type, offsets, sizes, strides);
  return memref::SubViewOp::create(b, loc, cast<MemRefType>(reduced), buffer, offsets, sizes,
                                   strides);
}

/// Copies a part of one size to another place: vectors of what is contiguous.
void SegmentRows::copy(Value from, Value to) {
  auto type = cast<MemRefType>(to.getType());
  int64_t rank = type.getRank(), last = rank ? type.getShape().back() : 0;
  int64_t lanes = schedule.getVectorBits() / std::max(8u, type.getElementTypeBitWidth());
  if (last < lanes) {
    memref::CopyOp::create(b, loc, from, to);
    return;
  }
  OpBuilder::InsertionGuard guard(b);
  SmallVector<Value> at;
  for (int64_t d = 0; d < rank - 1; ++d) {
    Value size = memref::DimOp::create(b, loc, to, d);
    auto loop = scf::ForOp::create(b, loc, zero, size, one);
    b.setInsertionPointToStart(loop.getBody());
    at.push_back(loop.getInductionVar());
  }
  auto vector = VectorType::get(lanes, type.getElementType());
  auto move = [&](Value first) {
    SmallVector<Value> place(at);
    place.push_back(first);
    vector::StoreOp::create(b, loc, vector::LoadOp::create(b, loc, vector, from, place), to, place);
  };
  auto loop = scf::ForOp::create(b, loc, zero, constant(last / lanes), one);
  if (last % lanes)
    move(constant(last - lanes)); // some elements twice
  b.setInsertionPointToStart(loop.getBody());
  move(times(loop.getInductionVar(), constant(lanes)));
}

/// `buffer` with the sizes behind `leading` ones as one.
Value SegmentRows::elements(Value buffer, int64_t leading) {
  int64_t rank = cast<MemRefType>(buffer.getType()).getRank();
  SmallVector<ReassociationIndices> groups;
  for (int64_t d = 0; d < rank; ++d)
    if (d <= leading)
      groups.push_back({d});
    else
      groups.back().push_back(d);
  return rank == leading + 1 ? buffer
                             : memref::CollapseShapeOp::create(b, loc, buffer, groups).getResult();
}

//===-----------------------------------------------------------------------===//
// Work before the recurrence
//===-----------------------------------------------------------------------===//

/// True if `operand` of `producer` has the leading dimensions, batch and time, of its result.
static bool hasLeading(linalg::GenericOp producer, OpOperand &operand) {
  AffineMap out = producer.getMatchingIndexingMap(producer.getDpsInitOperand(0));
  AffineMap map = producer.getMatchingIndexingMap(&operand);
  return map.getNumResults() >= 2 && map.getResult(0) == out.getResult(0) &&
         map.getResult(1) == out.getResult(1);
}

/// True if it can be done for some steps of some rows: sizes within a step are static.
static bool canFollowBlocks(Operation *producer) {
  auto generic = dyn_cast<linalg::GenericOp>(producer);
  return generic && llvm::all_of(producer->getOperands(), [](Value v) {
           auto type = dyn_cast<RankedTensorType>(v.getType());
           return !type || type.getRank() < 2 ||
                  !llvm::any_of(type.getShape().drop_front(2), ShapedType::isDynamic);
         });
}

void SegmentRows::findProducers() {
  Group group{op, {}, {}};
  if (op.getBatchRank() == 1 && op.getTimeAxis() == 1)
    addProducers(group, 2);
  SetVector<Operation *> kept;
  for (Operation *member : llvm::reverse(group.before.getArrayRef()))
    if (canFollowBlocks(member) && llvm::all_of(member->getUsers(), [&](Operation *user) {
          return user == op || kept.contains(user);
        }))
      kept.insert(member);
  for (Operation *member : llvm::reverse(kept.getArrayRef()))
    before.insert(member);
  auto add = [&](Value v) {
    Operation *def = v.getDefiningOp();
    if (!isa_and_nonnull<tensor::EmptyOp, linalg::FillOp>(def) && !(def && before.contains(def)))
      sources.insert(v);
  };
  for (Operation *member : before)
    for (OpOperand &operand : member->getOpOperands())
      if (hasLeading(cast<linalg::GenericOp>(member), operand))
        add(operand.get());
  for (ValueRange operands : {op.getInputs(), op.getShared()})
    for (Value v : operands)
      add(v);
}

//===-----------------------------------------------------------------------===//
// Rows
//===-----------------------------------------------------------------------===//

/// What `v`, a value of whole sequences, is for some steps of some rows.
static RankedTensorType typeForRows(RankedTensorType type, int64_t leading, int64_t rows,
                                    int64_t steps) {
  SmallVector<int64_t> shape = {rows, steps};
  llvm::append_range(shape, type.getShape().drop_front(leading));
  return type.clone(shape);
}

SegmentRows::Rows SegmentRows::makeRows(int64_t rows, int64_t perTask, Value steps) {
  Rows r;
  r.rows = rows;
  r.perTask = perTask;
  r.steps = steps;
  auto make = [&](RankedTensorType type, Value v, SmallVector<Value> &buffers) {
    SmallVector<Value> dynamic;
    if (type.getNumDynamicDims())
      dynamic.push_back(steps);
    buffers.push_back(allocate(type.getShape(), type.getElementType(), dynamic));
    r.tensors[v] = bufferization::ToTensorOp::create(b, loc, type, buffers.back(),
                                                     /*restrict=*/true, /*writable=*/false);
  };
  for (Value v : sources)
    make(typeForRows(typeOf(v), hasBatch(v) ? op.getBatchRank() + 1 : 1, rows,
                     steps ? ShapedType::kDynamic : blockSteps),
         v, r.sources);
  auto ofRow = [&](Value v, Value arg) {
    SmallVector<int64_t> shape = {rows};
    llvm::append_range(shape, typeOf(arg).getShape());
    return typeOf(v).clone(shape);
  };
  for (auto [v, arg] : llvm::zip_equal(op.getGiven(), op.getGivenArgs()))
    make(ofRow(v, arg), v, r.given);
  // Initial values may be one value for several states.
  for (auto [v, arg] : llvm::zip_equal(op.getInitial(), op.getStateArgs())) {
    RankedTensorType type = ofRow(v, arg);
    r.carry.push_back(allocate(type.getShape(), type.getElementType()));
    r.initial.push_back(bufferization::ToTensorOp::create(b, loc, type, r.carry.back(),
                                                          /*restrict=*/true, /*writable=*/false));
  }
  return r;
}

/// The steps of `r` from its carry on, with the work before them.
void SegmentRows::emit(Rows &r) {
  IRMapping map;
  for (auto [v, tensor] : r.tensors)
    map.map(v, tensor);
  SmallVector<OpFoldResult> leading = {b.getIndexAttr(r.rows), countOf(r)};
  int64_t staticSteps = r.steps ? ShapedType::kDynamic : blockSteps;
  for (Operation *member : before) {
    auto generic = cast<linalg::GenericOp>(member);
    IRMapping own = map;
    for (OpOperand &operand : generic.getDpsInitsMutable()) {
      Operation *def = operand.get().getDefiningOp();
      if (!isa_and_nonnull<tensor::EmptyOp, linalg::FillOp>(def))
        continue;
      SmallVector<OpFoldResult> sizes = leading;
      for (int64_t size : typeOf(operand.get()).getShape().drop_front(2))
        sizes.push_back(b.getIndexAttr(size));
      Value init = tensor::EmptyOp::create(b, loc, sizes, typeOf(operand.get()).getElementType());
      if (auto fill = dyn_cast<linalg::FillOp>(def))
        init = linalg::FillOp::create(b, loc, fill.getInputs(), init).getResult(0);
      own.map(operand.get(), init);
    }
    Operation *clone = b.clone(*member, own);
    for (auto [old, fresh] : llvm::zip_equal(member->getResults(), clone->getResults())) {
      fresh.setType(typeForRows(typeOf(old), 2, r.rows, staticSteps));
      map.map(old, fresh);
    }
  }
  auto mapped = [&](ValueRange values) {
    return llvm::map_to_vector(values, [&](Value v) { return map.lookup(v); });
  };
  SmallVector<Value> inputs = mapped(op.getInputs());
  llvm::append_range(inputs, mapped(op.getShared()));
  SmallVector<Value> next(op.getYield().getNext()), all(op.getYield().getOut());
  llvm::append_range(all, next);
  SmallVector<Type> types;
  for (Value v : all)
    types.push_back(typeForRows(typeOf(v), 0, r.rows, staticSteps));
  llvm::append_range(types, ValueRange(r.initial).getTypes());
  auto fused = schedule.withPlan(seq::Plan::Fused).withTiles(r.perTask, 0, schedule.getStrip());
  auto rows = seq::RecurrenceOp::create(
      b, loc, types, inputs, /*shared=*/ValueRange(), mapped(op.getGiven()), /*resets=*/Value(),
      /*steps=*/op.getSteps() ? getValueOrCreateConstantIndexOp(b, loc, countOf(r)) : Value(),
      r.initial, op.getReverseAttr(), op.getNarrowStateAttr(), /*time=*/IntegerAttr(), fused);
  IRMapping inside;
  op.getStep().cloneInto(&rows.getStep(), inside);
  SmallVector<Value> clones(rows.getYield().getNext());
  rows.getYield().getOutMutable().append(clones);
  SmallVector<Value> results =
      llvm::map_to_vector(rows.getResults(), [&](Value v) -> Value { return bufferOf(v); });
  ArrayRef<Value> buffers = results;
  r.outs.assign(buffers.take_front(op.getNumOuts()));
  r.trajectory.assign(buffers.slice(op.getNumOuts(), op.getNumStates()));
  r.finals.assign(buffers.take_back(op.getNumStates()));
}

//===-----------------------------------------------------------------------===//
// The recurrence as a whole
//===-----------------------------------------------------------------------===//

void SegmentRows::allocateAll() {
  for (Value v : op.getOuts()) {
    SmallVector<Value> dynamic;
    for (int64_t d = 0; d < typeOf(v).getRank(); ++d)
      if (typeOf(v).isDynamicDim(d))
        dynamic.push_back(e.sizeOf(v, d));
    outs.push_back(allocate(typeOf(v).getShape(), typeOf(v).getElementType(), dynamic));
  }
  for (auto [v, arg] : llvm::zip_equal(op.getInitial(), op.getStateArgs())) {
    Type element = typeOf(arg).getElementType();
    SmallVector<Value> dynamic;
    for (int64_t d = 0; d < typeOf(v).getRank(); ++d)
      if (typeOf(v).isDynamicDim(d))
        dynamic.push_back(batchSizes[d]);
    finals.push_back(allocate(typeOf(v).getShape(), element, dynamic));
    auto shaped = [&](ArrayRef<int64_t> leading) {
      SmallVector<int64_t> shape(leading);
      llvm::append_range(shape, typeOf(arg).getShape());
      return shape;
    };
    starts.push_back(allocate(shaped({segments}), element));
    points.push_back(allocate(shaped({ShapedType::kDynamic, segments}), element, longest));
    probes.push_back(allocate(shaped({}), element));
  }
  Type index = b.getIndexType();
  next = allocate({segments}, index);
  valid = allocate({segments}, index);
  jumped = allocate({ShapedType::kDynamic, segments}, index, longest);
  counts = allocate({3}, index);
  stats.allocate(one);
}

void SegmentRows::run() {
  findProducers(); // sizes have no uses of theirs yet
  e.recurrence = op;
  e.isMember = [this](Operation *o) {
    return before.contains(o) || isa<linalg::FillOp, tensor::EmptyOp>(o);
  };
  zero = constant(0);
  one = constant(1);
  for (int64_t d = 0; d < op.getBatchRank(); ++d)
    batchSizes.push_back(e.sizeOf(op.getInitial().front(), d));
  steps = e.sizeOfSteps();
  Value block = constant(blockSteps), count = constant(segments);
  blocks = arith::DivUIOp::create(b, loc, steps, block);
  whole = arith::DivUIOp::create(b, loc, blocks, count);
  longer = arith::RemUIOp::create(b, loc, blocks, count);
  longest = arith::CeilDivUIOp::create(b, loc, blocks, count);
  allocateAll();
  Rows side = makeRows(segments, segmentsOfTask), single = makeRows(1, 1),
       last = makeRows(1, 1, arith::RemUIOp::create(b, loc, steps, block));
  for (Value v : sources)
    sourceBuffers.push_back(bufferOf(v));
  SmallVector<Value> zeros(batchSizes.size(), zero), ones(batchSizes.size(), one);
  OpBuilder::InsertPoint end = b.saveInsertionPoint();
  auto nest = scf::buildLoopNest(b, loc, zeros, batchSizes, ones,
                                 [&](OpBuilder &nested, Location, ValueRange at) {
                                   b.restoreInsertionPoint(nested.saveInsertionPoint());
                                   batch.assign(at.begin(), at.end());
                                   emitSequence(side, single, last);
                                 });
  (void)nest;
  b.restoreInsertionPoint(end);
  b.setInsertionPoint(op);
  stats.report(op->getParentOfType<func::FuncOp>());
  for (auto [v, buffer] : llvm::zip_equal(op.getOuts(), outs))
    replaceByBuffer(b, v, buffer);
  for (auto [v, buffer] : llvm::zip_equal(op.getFinals(), finals))
    replaceByBuffer(b, v, buffer);
  op.erase();
  for (Operation *member : llvm::reverse(before.getArrayRef()))
    member->erase();
}
