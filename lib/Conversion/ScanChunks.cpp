// Plan `scan`: rows of the batch, and chunks of long rows, as parallel work.
//
// Where rows are fewer than the threads that were planned for, a row is evaluated in rounds of
// chunks. The first one of a round, its head, follows from the states before it; of the others,
// products are known first, and what a thread reads for a product is still in its cache when it
// evaluates the chunk, one phase later:
//
//   for each phase r:
//     parallel over rows and chunks:
//       head of round r            state ← the end of head r - 1 combined with the other products
//                                  of round r - 1, in order (or with a chunk's steps where its
//                                  product is not sound); the head's steps from that state
//       another chunk, k           the same for chunk k of round r - 1, after the products before
//       it;
//                                  then the product of chunk k of round r
//
// A head is half as long again as the others, because it costs no product.
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

/// The product of steps [first, end), one by one or in blocks.
ScanEmitter::Product ScanEmitter::multiplyAll(Value first, Value end, Value &sound) {
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

/// True where each state is multiplied by a number, so that decays alone say what is forgotten.
bool ScanEmitter::decaysByNumbers() {
  ArrayRef<int64_t> sizes = factors();
  auto isFloat = [&](unsigned c) { return isa<FloatType>(typeOfComponent(c).getElementType()); };
  return units > 1 && llvm::is_contained(sizes, 1) &&
         llvm::all_of(sizes, [](int64_t size) { return size == 0 || size == 1; }) &&
         llvm::all_of(llvm::seq(components), isFloat);
}

VectorType ScanEmitter::typeOfComponent(unsigned c) {
  return VectorType::get(e.lanes, getElementTypeOrSelf(combine.getResult(c).getType()));
}

/// Zeros in place of all components.
ScanEmitter::Tuple ScanEmitter::zeros() {
  Tuple t;
  for (unsigned c = 0; c < components; ++c)
    t.push_back(splat(typeOfComponent(c), 0.0));
  return t;
}

/// True if nothing in steps [first, end), whole blocks, can last for ever once it is multiplied by
/// 0: no coefficient is above 1, and what is added cannot overflow.
Value ScanEmitter::isCalm(Value first, Value end) {
  auto loop = scf::ForOp::create(b, loc, first, end, e.constant(stepsOf(largest)), zeros());
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> most(loop.getRegionIterArgs());
    for (int64_t i = 0; i < largest.groups * largest.vectors; ++i) {
      e.openScope();
      setTime(loop.getInductionVar(), i, false);
      for (auto [seen, v] : llvm::zip_equal(most, elements()))
        seen = greatestOf({seen, v});
      e.closeScope();
    }
    scf::YieldOp::create(b, loc, most);
  }
  for (auto [most, size] : llvm::zip_equal(loop.getResults(), factors()))
    conditions.push_back(atMost(most, size ? 1 : mostAdded(most)));
  return inAllLanes(takeConditions());
}

/// The product of steps [first, end), of which there is one at least; `sound` says whether it can
/// stand for them. Decays make it that of the last steps: where their product is 0, what was before
/// them is read only to see that it is calm.
ScanEmitter::Product ScanEmitter::multiplySpan(Value first, Value end, Value &sound) {
  if (!decaysByNumbers())
    return multiplyAll(first, end, sound);
  Product product = identity();
  product.value = zeros();
  SmallVector<Value> state = product.flat();
  state.append(2, arith::ConstantIntOp::create(b, loc, 0, 1)); // sound, done
  SmallVector<Type> types = llvm::map_to_vector(state, [](Value v) { return v.getType(); });
  // Some blocks, many, all.
  constexpr int64_t attempts[] = {16, 256, INT64_MAX};
  auto loop = scf::ForOp::create(b, loc, zero, e.constant(std::size(attempts)), one, state);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  auto choice = scf::IfOp::create(b, loc, types, loop.getRegionIterArgs().back(), true);
  b.setInsertionPointToStart(choice.thenBlock());
  scf::YieldOp::create(b, loc, loop.getRegionIterArgs());
  b.setInsertionPointToStart(choice.elseBlock());
  e.openScope();
  Value block = e.constant(stepsOf(largest));
  Value before = arith::DivUIOp::create(b, loc, minus(end, first), block); // blocks
  Value tail = before;
  for (int64_t k : {1, 0})
    tail = arith::SelectOp::create(b, loc, isSame(loop.getInductionVar(), e.constant(k)),
                                   least(before, e.constant(attempts[k])), tail);
  Value from = plus(first, times(minus(before, tail), block));
  Value isSound;
  Product last = multiplyAll(from, end, isSound);
  Value isAll = isSame(from, first);
  for (ArrayRef<unsigned> group : coefficients())
    conditions.push_back(atMost(greatestOf({last.value[group[0]]}), 0));
  Value forgets = both(isSound, inAllLanes(takeConditions()));
  auto calm = scf::IfOp::create(b, loc, b.getI1Type(), both(forgets, isLess(first, from)), true);
  for (bool look : {true, false}) {
    OpBuilder::InsertionGuard inner(b);
    b.setInsertionPointToStart(look ? calm.thenBlock() : calm.elseBlock());
    e.openScope();
    scf::YieldOp::create(b, loc, look ? isCalm(first, from) : isAll);
    e.closeScope();
  }
  SmallVector<Value> next = last.flat();
  next.push_back(isSound);
  next.push_back(calm.getResult(0));
  scf::YieldOp::create(b, loc, next);
  e.closeScope();
  b.setInsertionPointAfter(choice);
  scf::YieldOp::create(b, loc, choice.getResults());
  sound = loop.getResults().drop_back().back();
  product.assign(loop.getResults().drop_back(2));
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
    productTypes.push_back(typeOfComponent(c));
    neededTypes.push_back(needed[c] ? productTypes.back() : Type());
  }
  productTypes.append(precise.count(), VectorType::get(e.lanes, b.getF32Type()));
  int64_t most = schedule.getBatchTile();
  constexpr int64_t dynamic = ShapedType::kDynamic;
  Shelf products = shelf(productTypes, {dynamic, 2, most}, rows);
  Shelf carries = shelf(neededTypes, {dynamic, 2}, rows);
  Value flags = memref::AllocOp::create(b, loc, MemRefType::get({dynamic, 2, most}, b.getI8Type()),
                                        ValueRange{rows});
  Value where = memref::AllocOp::create(b, loc, MemRefType::get({1}, index));

  Value longest = stepsOfLongest();
  Value few = isLess(rows, e.constant(most)),
        isLong = isLess(e.constant(schedule.getChunk()), longest);
  Value split = both(few, isLong);
  Value whole = arith::MaxSIOp::create(b, loc, longest, one);
  auto choose = [&](Value c, Value x, Value y) -> Value {
    return arith::SelectOp::create(b, loc, c, x, y);
  };
  // The first chunk of a round is half as long again, because it needs no product.
  int64_t more = schedule.getChunk() / 2 / e.lanes * e.lanes;
  Value chunk = e.constant(schedule.getChunk());
  Value head = choose(split, e.constant(schedule.getChunk() + more), whole);
  Value chunks = choose(split, e.constant(most), one);
  Value others = minus(chunks, one);
  Value round = plus(head, times(others, chunk));
  Value rounds = arith::CeilDivUIOp::create(b, loc, whole, round);
  // The last round's other chunks follow in a phase of their own.
  Value phases = plus(rounds, choose(split, one, zero));

  parallel(rows, [&](Value row) {
    setRow(row);
    put(carries, initialCarry(), {row, zero});
    e.resetTile();
  });
  auto loop = scf::ForOp::create(b, loc, zero, phases, one);
  b.setInsertionPointToStart(loop.getBody());
  memref::StoreOp::create(b, loc, loop.getInductionVar(), where, ValueRange{zero});
  // First step and end of chunk k of a round; there is none before the first.
  auto borders = [&](Value number, Value k) {
    Value isHead = isSame(k, zero);
    Value before = plus(head, times(minus(k, one), chunk));
    Value first = plus(times(number, round), choose(isHead, zero, before));
    first = choose(isLess(number, zero), steps, least(first, steps));
    return std::make_pair(first, least(plus(first, choose(isHead, head, chunk)), steps));
  };

  parallel(times(rows, chunks), [&](Value task) {
    Value row = arith::DivUIOp::create(b, loc, task, chunks);
    Value k = arith::RemUIOp::create(b, loc, task, chunks);
    setRow(row);
    Value number = memref::LoadOp::create(b, loc, where, ValueRange{zero});
    Value previous = minus(number, one);
    Value parity = arith::AndIOp::create(b, loc, number, one);
    Value other = minus(one, parity);
    Value isHead = isSame(k, zero);
    auto [first, end] = borders(choose(isHead, number, previous), k);
    Value isFirst = both(isHead, isSame(number, zero));
    inside(either(isFirst, isLess(first, end)), [&] {
      // Between the head of the previous round, whose end is known, and this chunk.
      Value between = choose(isHead, choose(isFirst, zero, others), minus(k, one));
      Tuple carry = get(carries, {row, parity});
      carry = foldProducts(between, carry, [&](Value j, const Tuple &before) {
        Value chunkBefore = plus(j, one);
        Value byte = memref::LoadOp::create(b, loc, flags, ValueRange{row, other, chunkBefore});
        Value sound = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, byte,
                                            arith::ConstantIntOp::create(b, loc, 0, 8));
        auto [from, to] = borders(previous, chunkBefore);
        SmallVector<Value> parts = get(products, {row, other, chunkBefore});
        Product product = identity();
        product.value = Tuple(ArrayRef(parts).take_front(components));
        product.low = restore(product.low, ArrayRef(parts).drop_front(components));
        return foldOne(sound, before, product, from, to);
      });
      Tuple last = emitTime(first, end, carry);
      inside(isSame(end, steps), [&] { storeFinals(last); });
      inside(isHead, [&] { put(carries, last, {row, other}); });
    });
    auto [from, to] = borders(number, k);
    Value isNext = isLess(from, to);
    inside(both(isNext, isLess(zero, k)), [&] {
      Value sound;
      Product product = multiplySpan(from, to, sound);
      Tuple parts = product.value;
      parts.append(present(product.low));
      put(products, parts, {row, parity, k});
      Value byte = arith::ExtUIOp::create(b, loc, b.getI8Type(), sound);
      memref::StoreOp::create(b, loc, byte, flags, ValueRange{row, parity, k});
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

/// `carry` after some steps, by their product; `sound` says whether that can stand for them.
ScanEmitter::Tuple ScanEmitter::foldSound(const Tuple &carry, const Product &product,
                                          Value &sound) {
  Tuple after = apply(carry, product.value, product.low, needed);
  watchStates(carry, after);
  watchFinite(after);
  if (decaysByNumbers())
    for (unsigned c : needed.set_bits())
      if (factors()[c] == 0)
        conditions.push_back(atMost(greatestOf({carry[c]}), mostAdded(carry[c])));
  if (Value lanes = takeConditions())
    sound = both(sound, inAllLanes(lanes));
  return after;
}

/// `carry` after one chunk: by its product, or by its steps [first, end).
ScanEmitter::Tuple ScanEmitter::foldOne(Value sound, const Tuple &carry, const Product &product,
                                        Value first, Value end) {
  SmallVector<Type> types =
      llvm::map_to_vector(present(carry), [](Value v) { return v.getType(); });
  Tuple after = foldSound(carry, product, sound);
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
