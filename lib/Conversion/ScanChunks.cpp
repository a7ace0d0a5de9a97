// Plan `scan`: rows of the batch, and chunks of long rows, as parallel work.
//
// Where rows are fewer than the threads that were planned for, some chunks of a row are evaluated
// at once, and then the next ones, so that what a thread reads twice is still in its cache:
//
//   for each round:
//     parallel over rows and all chunks of the round but the last: the chunk's product
//     parallel over rows and chunks: state ← the carry combined with the products before, in order
//                                    (or with a chunk's steps where its product is not sound)
//                                    the chunk's steps from that state
//
// Borders of chunks depend on sizes and the schedule alone, so that threads never change bits.
#include "ScanEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

static Value minimum(OpBuilder &b, Location loc, Value a, Value c) {
  return arith::MinSIOp::create(b, loc, a, c);
}

//===-----------------------------------------------------------------------===//
// The product of a chunk
//===-----------------------------------------------------------------------===//

SmallVector<Value> ScanEmitter::Product::flat() const {
  SmallVector<Value> values(value);
  values.append(present(low));
  values.push_back(lanes);
  values.append(least);
  return values;
}

/// The opposite of flat(), for a product of the same components.
void ScanEmitter::Product::assign(ValueRange values) {
  value = Tuple(values.take_front(value.size()));
  values = values.drop_front(value.size());
  low = restore(low, values);
  values = values.drop_front(present(low).size());
  lanes = values.front();
  least = Tuple(values.drop_front());
}

/// A product of no steps yet: no value, and nothing wrong.
ScanEmitter::Product ScanEmitter::identity() {
  Product product;
  product.value.resize(components);
  product.low.resize(components);
  for (unsigned c : precise.set_bits())
    product.low[c] = splat(VectorType::get(e.lanes, b.getF32Type()), 0);
  auto type = VectorType::get(e.lanes, b.getI1Type());
  product.lanes = arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, true));
  for (ArrayRef<unsigned> group : coefficients()) {
    Type element = getElementTypeOrSelf(combine.getResult(group[0]).getType());
    product.least.push_back(splat(VectorType::get(e.lanes, element), 1));
  }
  return product;
}

/// Watches the value of `product` after more steps, whose conditions are known.
void ScanEmitter::append(Product &product) {
  watchProduct(product.value, product.least);
  if (Value lanes = takeConditions())
    product.lanes = arith::AndIOp::create(b, loc, product.lanes, lanes);
}

/// The value of `product` after steps whose product is `later`, with low parts `low`.
void ScanEmitter::extend(Product &product, const Tuple &later, const Tuple &low) {
  Tuple next = apply(product.value, later, low, all);
  if (precise.any()) {
    Tuple wide = multiplyWide(widened(product.value, product.low), widened(later, low));
    product.low = lowOf(wide, next);
  }
  product.value = next;
}

/// `product` after the block at `first`.
void ScanEmitter::multiplyBlock(Value first, Product &product, bool isFirst) {
  Loaded block = loadBlock(first, largest);
  for (auto [g, end] : llvm::enumerate(block.ends)) {
    Tuple total = lastUnit(end), low = lastUnit(block.lows[g]);
    watchTotal(block.elements[g], total);
    if (isFirst && g == 0) {
      product.value = total;
      product.low = low;
    } else {
      extend(product, total, low);
    }
  }
  if (Value fine = soundLanes())
    conditions.push_back(fine);
}

/// The product of the first block of [first, end), or of the first step of a shorter span; steps
/// from `start` on are left.
ScanEmitter::Product ScanEmitter::startSpan(Value first, Value end, Value &start) {
  Value afterBlock = arith::AddIOp::create(b, loc, first, e.constant(stepsOf(largest)));
  Value isLong = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle, afterBlock, end);
  Product product = identity();
  SmallVector<Type> types;
  for (Value v : combine.getResults().take_front(components))
    types.push_back(VectorType::get(e.lanes, getElementTypeOrSelf(v.getType())));
  for (Value v : present(product.low))
    types.push_back(v.getType());
  types.push_back(product.lanes.getType());
  for (Value v : product.least)
    types.push_back(v.getType());
  auto choice = scf::IfOp::create(b, loc, types, isLong, /*withElse=*/true);
  for (bool block : {true, false}) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(block ? choice.thenBlock() : choice.elseBlock());
    e.openScope();
    Product begun = identity();
    if (block) {
      multiplyBlock(first, begun, /*isFirst=*/true);
    } else {
      setTime(first, 0, true);
      begun.value = elements();
      for (auto [low, own] : llvm::zip_equal(begun.low, elementLows()))
        low = own ? own : low;
    }
    append(begun);
    scf::YieldOp::create(b, loc, begun.flat());
    e.closeScope();
  }
  start = arith::SelectOp::create(b, loc, isLong, afterBlock,
                                  arith::AddIOp::create(b, loc, first, one));
  product.assign(choice.getResults());
  return product;
}

/// The product of steps [first, end), of which there is one at least; `sound` says whether it can
/// stand for them.
ScanEmitter::Product ScanEmitter::multiplySpan(Value first, Value end, Value &sound) {
  Value start;
  Product product = startSpan(first, end, start);
  auto loopTo = [&](Value last, int64_t step, auto body) {
    auto loop = scf::ForOp::create(b, loc, start, last, e.constant(step), product.flat());
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    e.openScope();
    Product inside = product;
    inside.assign(loop.getRegionIterArgs());
    body(loop.getInductionVar(), inside);
    append(inside);
    scf::YieldOp::create(b, loc, inside.flat());
    e.closeScope();
    product.assign(loop.getResults());
    start = last;
  };
  Value left = arith::SubIOp::create(b, loc, end, start);
  Value rest = arith::RemUIOp::create(b, loc, left, e.constant(stepsOf(largest)));
  loopTo(arith::SubIOp::create(b, loc, end, rest), stepsOf(largest),
         [&](Value at, Product &inside) { multiplyBlock(at, inside, false); });
  loopTo(end, 1, [&](Value at, Product &inside) {
    setTime(at, 0, true);
    Tuple step = elements();
    extend(inside, step, elementLows());
    watch(inside.value);
    watchNumbers(step, largest);
    if (Value fine = soundLanes())
      conditions.push_back(fine);
  });
  Value lanes = product.lanes;
  if (Value ends = soundProduct(product.value, product.least))
    lanes = arith::AndIOp::create(b, loc, lanes, ends);
  sound = inAllLanes(lanes);
  return product;
}

//===-----------------------------------------------------------------------===//
// Rows and chunks
//===-----------------------------------------------------------------------===//

namespace {
/// Memory that chunks hand on: a vector for each component, or bools.
struct Shelf {
  OpBuilder &b;
  Location loc;
  SmallVector<Value> buffers;

  void put(ArrayRef<Value> t, ValueRange at, Value zero) {
    for (auto [buffer, v] : llvm::zip_equal(buffers, t))
      if (v)
        vector::StoreOp::create(b, loc, v, buffer, index(at, zero));
  }
  SmallVector<Value> get(ArrayRef<Type> types, ValueRange at, Value zero) {
    SmallVector<Value> t;
    for (auto [buffer, type] : llvm::zip_equal(buffers, types))
      t.push_back(
          type ? vector::LoadOp::create(b, loc, cast<VectorType>(type), buffer, index(at, zero))
                     .getResult()
               : Value());
    return t;
  }
  static SmallVector<Value> index(ValueRange at, Value zero) {
    SmallVector<Value> all(at);
    all.push_back(zero);
    return all;
  }
};
} // namespace

/// A parallel loop over `count` tasks.
void ScanEmitter::parallel(Value count, llvm::function_ref<void(Value)> body) {
  auto loop =
      scf::ForallOp::create(b, loc, ArrayRef<OpFoldResult>{count}, ValueRange{}, std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar(0));
}

/// Each row as one task.
void ScanEmitter::emitRows(Value rows) {
  parallel(rows, [&](Value row) {
    setRow(row);
    storeFinals(emitTime(zero, steps, initialCarry()));
    e.resetTile();
  });
}

/// Rows in chunks, unless there are enough rows or they are short.
void ScanEmitter::emitChunks(Value rows) {
  Type index = b.getIndexType();
  SmallVector<Type> types, neededTypes;
  for (unsigned c = 0; c < components; ++c) {
    types.push_back(VectorType::get(e.lanes, getElementTypeOrSelf(combine.getResult(c).getType())));
    neededTypes.push_back(needed[c] ? types.back() : Type());
  }
  SmallVector<Type> productTypes(types);
  productTypes.append(precise.count(), VectorType::get(e.lanes, b.getF32Type()));
  auto shelf = [&](int64_t each, ArrayRef<Type> types) {
    Shelf made{b, loc, {}};
    for (Type type : types)
      made.buffers.push_back(
          memref::AllocOp::create(b, loc,
                                  MemRefType::get({ShapedType::kDynamic, each, e.lanes},
                                                  cast<VectorType>(type).getElementType()),
                                  ValueRange{rows}));
    return made;
  };
  int64_t most = schedule.getBatchTile();
  Shelf products = shelf(most, productTypes), carries = shelf(2, types);
  Value flags = memref::AllocOp::create(
      b, loc, MemRefType::get({ShapedType::kDynamic, most}, b.getI8Type()), ValueRange{rows});
  Value where = memref::AllocOp::create(b, loc, MemRefType::get({1}, index));

  auto less = [&](Value a, Value c) {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, a, c).getResult();
  };
  Value longest = stepsOfLongest();
  Value few = less(rows, e.constant(most)), isLong = less(e.constant(schedule.getChunk()), longest);
  Value split = arith::AndIOp::create(b, loc, few, isLong);
  Value whole = arith::MaxSIOp::create(b, loc, longest, one);
  Value chunk = arith::SelectOp::create(b, loc, split, e.constant(schedule.getChunk()), whole);
  Value chunks = arith::SelectOp::create(b, loc, split, e.constant(most), one);
  Value round = arith::MulIOp::create(b, loc, chunk, chunks);
  Value rounds = arith::CeilDivUIOp::create(b, loc, whole, round);
  Value others = arith::SubIOp::create(b, loc, chunks, one);

  parallel(rows, [&](Value row) {
    setRow(row);
    carries.put(initialCarry(), {row, zero}, zero);
    e.resetTile();
  });
  auto loop = scf::ForOp::create(b, loc, zero, rounds, one);
  b.setInsertionPointToStart(loop.getBody());
  memref::StoreOp::create(b, loc, loop.getInductionVar(), where, ValueRange{zero});
  // First step and end of chunk k of the current round.
  auto borders = [&](Value k) {
    Value number = memref::LoadOp::create(b, loc, where, ValueRange{zero});
    Value first = arith::MulIOp::create(b, loc, number, round);
    first = arith::AddIOp::create(b, loc, first, arith::MulIOp::create(b, loc, k, chunk));
    first = minimum(b, loc, first, steps);
    return std::make_pair(
        first, minimum(b, loc, arith::AddIOp::create(b, loc, first, chunk).getResult(), steps));
  };
  auto inside = [&](Value condition, auto body) {
    auto choice = scf::IfOp::create(b, loc, condition, /*withElse=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    e.openScope();
    body();
    e.closeScope();
  };

  parallel(arith::MulIOp::create(b, loc, rows, others), [&](Value task) {
    Value row = arith::DivUIOp::create(b, loc, task, others);
    Value k = arith::RemUIOp::create(b, loc, task, others);
    setRow(row);
    auto [first, end] = borders(k);
    inside(less(first, end), [&] {
      Value sound;
      Product product = multiplySpan(first, end, sound);
      Tuple parts = product.value;
      parts.append(present(product.low));
      products.put(parts, {row, k}, zero);
      Value byte = arith::ExtUIOp::create(b, loc, b.getI8Type(), sound);
      memref::StoreOp::create(b, loc, byte, flags, ValueRange{row, k});
    });
    e.resetTile();
  });

  parallel(arith::MulIOp::create(b, loc, rows, chunks), [&](Value task) {
    Value row = arith::DivUIOp::create(b, loc, task, chunks);
    Value k = arith::RemUIOp::create(b, loc, task, chunks);
    setRow(row);
    auto [first, end] = borders(k);
    Value number = memref::LoadOp::create(b, loc, where, ValueRange{zero});
    Value parity = arith::AndIOp::create(b, loc, number, one);
    Value isFirst = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                          arith::OrIOp::create(b, loc, number, k), zero);
    Value work = arith::OrIOp::create(b, loc, isFirst, less(first, end));
    inside(work, [&] {
      Tuple carry = carries.get(neededTypes, {row, parity}, zero);
      carry = foldProducts(k, carry, [&](Value j, const Tuple &before) {
        Value byte = memref::LoadOp::create(b, loc, flags, ValueRange{row, j});
        Value sound = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, byte,
                                            arith::ConstantIntOp::create(b, loc, 0, 8));
        auto [from, to] = borders(j);
        SmallVector<Value> parts = products.get(productTypes, {row, j}, zero);
        Product product = identity();
        product.value = Tuple(ArrayRef(parts).take_front(components));
        product.low = restore(product.low, ArrayRef(parts).drop_front(components));
        return foldOne(sound, before, product, from, to);
      });
      Tuple last = emitTime(first, end, carry);
      Value isEnd = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, end, steps);
      inside(isEnd, [&] { storeFinals(last); });
      Value other = arith::SubIOp::create(b, loc, one, parity);
      inside(arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, k, others),
             [&] { carries.put(last, {row, other}, zero); });
    });
    e.resetTile();
  });
}

/// `carry` after chunks 0 … k - 1 of the round, one after the other.
ScanEmitter::Tuple ScanEmitter::foldProducts(Value k, const Tuple &carry,
                                             llvm::function_ref<Tuple(Value, const Tuple &)> one_) {
  auto loop = scf::ForOp::create(b, loc, zero, k, one, present(carry));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  e.openScope();
  Tuple next = one_(loop.getInductionVar(), restore(carry, loop.getRegionIterArgs()));
  scf::YieldOp::create(b, loc, present(next));
  e.closeScope();
  return restore(carry, loop.getResults());
}

/// `carry` after one chunk: by its product, or by its steps [first, end).
ScanEmitter::Tuple ScanEmitter::foldOne(Value sound, const Tuple &carry, const Product &product,
                                        Value first, Value end) {
  SmallVector<Type> types =
      llvm::map_to_vector(present(carry), [](Value v) { return v.getType(); });
  Tuple after = apply(carry, product.value, product.low, needed);
  watchStates(carry, after);
  watchFinite(after);
  if (Value lanes = takeConditions())
    sound = arith::AndIOp::create(b, loc, sound, inAllLanes(lanes));
  auto choice = scf::IfOp::create(b, loc, types, sound, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  scf::YieldOp::create(b, loc, present(after));
  b.setInsertionPointToStart(choice.elseBlock());
  e.openScope();
  silent = true;
  scf::YieldOp::create(b, loc, present(emitSpan(first, end, carry, false)));
  silent = false;
  e.closeScope();
  return restore(carry, choice.getResults());
}
