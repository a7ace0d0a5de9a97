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
  SmallVector<Type> productTypes, neededTypes;
  for (unsigned c = 0; c < components; ++c) {
    productTypes.push_back(
        VectorType::get(e.lanes, getElementTypeOrSelf(combine.getResult(c).getType())));
    neededTypes.push_back(needed[c] ? productTypes.back() : Type());
  }
  productTypes.append(precise.count(), VectorType::get(e.lanes, b.getF32Type()));
  int64_t most = schedule.getBatchTile();
  constexpr int64_t dynamic = ShapedType::kDynamic;
  Shelf products = shelf(productTypes, {dynamic, most}, rows);
  Shelf carries = shelf(neededTypes, {dynamic, 2}, rows);
  Value flags = memref::AllocOp::create(b, loc, MemRefType::get({dynamic, most}, b.getI8Type()),
                                        ValueRange{rows});
  Value where = memref::AllocOp::create(b, loc, MemRefType::get({1}, index));

  Value longest = stepsOfLongest();
  Value few = isLess(rows, e.constant(most)),
        isLong = isLess(e.constant(schedule.getChunk()), longest);
  Value split = arith::AndIOp::create(b, loc, few, isLong);
  Value whole = arith::MaxSIOp::create(b, loc, longest, one);
  Value chunk = arith::SelectOp::create(b, loc, split, e.constant(schedule.getChunk()), whole);
  Value chunks = arith::SelectOp::create(b, loc, split, e.constant(most), one);
  Value round = arith::MulIOp::create(b, loc, chunk, chunks);
  Value rounds = arith::CeilDivUIOp::create(b, loc, whole, round);
  Value others = arith::SubIOp::create(b, loc, chunks, one);

  parallel(rows, [&](Value row) {
    setRow(row);
    put(carries, initialCarry(), {row, zero});
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
    first = least(first, steps);
    return std::make_pair(first, least(plus(first, chunk), steps));
  };

  // In parallel: the first `count` chunks of each row.
  auto overChunks = [&](Value count, llvm::function_ref<void(Value, Value, Value, Value)> body) {
    parallel(times(rows, count), [&](Value task) {
      Value row = arith::DivUIOp::create(b, loc, task, count);
      Value k = arith::RemUIOp::create(b, loc, task, count);
      setRow(row);
      auto [first, end] = borders(k);
      body(row, k, first, end);
      e.resetTile();
    });
  };

  overChunks(others, [&](Value row, Value k, Value first, Value end) {
    inside(isLess(first, end), [&] {
      Value sound;
      Product product = multiplySpan(first, end, sound);
      Tuple parts = product.value;
      parts.append(present(product.low));
      put(products, parts, {row, k});
      Value byte = arith::ExtUIOp::create(b, loc, b.getI8Type(), sound);
      memref::StoreOp::create(b, loc, byte, flags, ValueRange{row, k});
    });
  });

  overChunks(chunks, [&](Value row, Value k, Value first, Value end) {
    Value number = memref::LoadOp::create(b, loc, where, ValueRange{zero});
    Value parity = arith::AndIOp::create(b, loc, number, one);
    Value isFirst = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                          arith::OrIOp::create(b, loc, number, k), zero);
    Value work = arith::OrIOp::create(b, loc, isFirst, isLess(first, end));
    inside(work, [&] {
      Tuple carry = get(carries, {row, parity});
      carry = foldProducts(k, carry, [&](Value j, const Tuple &before) {
        Value byte = memref::LoadOp::create(b, loc, flags, ValueRange{row, j});
        Value sound = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, byte,
                                            arith::ConstantIntOp::create(b, loc, 0, 8));
        auto [from, to] = borders(j);
        SmallVector<Value> parts = get(products, {row, j});
        Product product = identity();
        product.value = Tuple(ArrayRef(parts).take_front(components));
        product.low = restore(product.low, ArrayRef(parts).drop_front(components));
        return foldOne(sound, before, product, from, to);
      });
      Tuple last = emitTime(first, end, carry);
      Value isEnd = isSame(end, steps);
      inside(isEnd, [&] { storeFinals(last); });
      Value other = arith::SubIOp::create(b, loc, one, parity);
      inside(isSame(k, others), [&] { put(carries, last, {row, other}); });
    });
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
