// Plan `scan` on a GPU: what tiles tell each other. See ScanThreads.h for the idea.
#include "ScanThreads.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

// What a word says that a channel of a tile has: nothing, then its product, if that can stand for
// its steps, then the states behind it.
static constexpr int64_t hasNothing = 0, hasProduct = 1, hasStates = 2;

Value ScanThreads::slot(Value ofTile) {
  Value at = plus(times(ofTile, rows), row);
  if (Value own = slotInTile())
    at = plus(times(at, e.constant(slotsOfTile())), own);
  return plus(times(at, e.constant(width)), lanes.place);
}

/// Tells later tiles, if there are some.
void ScanThreads::publish(const Shelf &shelf, ValueRange values, int64_t state) {
  inside(isLess(plus(tile, one), tilesOfRow), [&] {
    Value at = slot(tile);
    put(shelf, values, at);
    releaseWord(b, loc, arith::ConstantIntOp::create(b, loc, state, 32), words, at);
  });
}

void ScanThreads::publishProduct(const Product &product) {
  SmallVector<Value> parts(product.value);
  parts.append(present(product.low));
  publish(aggregates, parts, hasProduct);
}

void ScanThreads::publishStates(const Tuple &states) { publish(inclusives, states, hasStates); }

/// The states after a tile, once they are there.
ScanThreads::Tuple ScanThreads::waitForStates(Value ofTile) {
  Value at = slot(ofTile);
  auto wait = scf::WhileOp::create(b, loc, TypeRange(), ValueRange());
  OpBuilder::InsertionGuard guard(b);
  b.createBlock(&wait.getBefore());
  Value isThere =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, acquireWord(b, loc, words, at),
                            arith::ConstantIntOp::create(b, loc, hasStates, 32));
  scf::ConditionOp::create(b, loc, isThere, ValueRange());
  b.createBlock(&wait.getAfter());
  scf::YieldOp::create(b, loc);
  b.setInsertionPointAfter(wait);
  return get(inclusives, at);
}

/// How many tiles are asked at once whether they have something, and values of their products.
static constexpr int64_t askedAtOnce = 8, valuesAtOnce = 8;

/// Tiles whose products are read at once.
int64_t ScanThreads::foldedAtOnce() const {
  return std::max<int64_t>(1, valuesAtOnce / int64_t(aggregates.types.size()));
}

/// The nearest tile before this one whose states are there: those between have products. Of the
/// first tile, -1: no other one reads the states before it, because the last one may write them.
Value ScanThreads::nearestStates() {
  auto state = [&](int64_t v) -> Value { return arith::ConstantIntOp::create(b, loc, v, 32); };
  auto choose = [&](Value c, Value x, Value y) -> Value {
    return arith::SelectOp::create(b, loc, c, x, y);
  };
  // Most often it is the tile just before.
  Value last = minus(tile, one);
  Tuple first = ifElse(
      isLess(last, zero), [&] { return Tuple{state(hasStates)}; },
      [&] { return Tuple{acquireWord(b, loc, words, slot(last))}; });
  return ifElse(
      isSame(first[0], state(hasStates)), [&] { return Tuple{last}; },
      [&] {
        Type index = b.getIndexType();
        auto search = scf::WhileOp::create(b, loc, TypeRange(index), last);
        OpBuilder::InsertionGuard guard(b);
        Value near = b.createBlock(&search.getBefore(), {}, index, loc)->getArgument(0);
        SmallVector<Value> seen;
        for (int64_t i = 0; i < askedAtOnce; ++i) {
          Value at = arith::MaxSIOp::create(b, loc, minus(near, e.constant(i)), zero);
          seen.push_back(peekWord(b, loc, words, slot(at)));
        }
        Value advance = e.constant(askedAtOnce), found = truth(false);
        for (int64_t i = askedAtOnce - 1; i >= 0; --i) {
          Value hasAll = isSame(seen[i], state(hasStates));
          Value isFirst = isLess(near, e.constant(i + 1)); // or there is none
          Value stops = either(either(hasAll, isFirst), isSame(seen[i], state(hasNothing)));
          advance = choose(stops, e.constant(i), advance);
          found = choose(stops, hasAll, found);
        }
        Value goesOn = arith::XOrIOp::create(b, loc, found, truth(true));
        scf::ConditionOp::create(b, loc, goesOn, minus(near, advance));
        Value again = b.createBlock(&search.getAfter(), {}, index, loc)->getArgument(0);
        scf::YieldOp::create(b, loc, again);
        b.setInsertionPointAfter(search);
        acquireAll(b, loc);
        return Tuple{search.getResult(0)};
      })[0];
}

/// The states after some tiles from `carry` on, of which `first` is the next one.
ScanThreads::Tuple ScanThreads::foldTiles(Value first, Tuple carry) {
  Value last = minus(tile, one);
  SmallVector<SmallVector<Value>> parts;
  for (int64_t i = 0; i < foldedAtOnce(); ++i)
    parts.push_back(get(aggregates, slot(least(plus(first, e.constant(i)), last))));
  for (int64_t i = 0; i < foldedAtOnce(); ++i) {
    Value number = plus(first, e.constant(i));
    Product product = identity();
    product.value = Tuple(ArrayRef(parts[i]).take_front(components));
    product.low = restore(product.low, ArrayRef(parts[i]).drop_front(components));
    carry = ifElse(
        isLess(last, number), [&] { return carry; },
        [&] {
          Value sound = truth(true);
          Tuple after = foldSound(carry, product, sound);
          return ifElse(sound, [&] { return after; }, [&] { return waitForStates(number); });
        });
  }
  return carry;
}

/// The states before this tile.
ScanThreads::Tuple ScanThreads::lookBack() {
  Value near = nearestStates();
  Tuple carry = ifElse(
      isLess(near, zero), [&] { return initialCarry(); },
      [&] { return get(inclusives, slot(near)); });
  // Then the products between, in order.
  auto loop =
      scf::ForOp::create(b, loc, plus(near, one), tile, e.constant(foldedAtOnce()), present(carry));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  e.openScope();
  Tuple next = foldTiles(loop.getInductionVar(), restore(carry, loop.getRegionIterArgs()));
  scf::YieldOp::create(b, loc, present(next));
  e.closeScope();
  return restore(carry, loop.getResults());
}

/// The first warp, a lane for each channel: states before the tile, after it, and before each warp.
void ScanThreads::emitCarries() {
  Value stepsOfWarp = e.constant(runs * runSteps);
  auto firstOf = [&](Value number) {
    Value all = times(tile, e.constant(shape.steps));
    return plus(all, times(number, stepsOfWarp));
  };
  Value count = e.constant(warps); // warps that have steps
  if (!isWhole)
    count =
        least(arith::CeilDivUIOp::create(b, loc, minus(steps, firstOf(zero)), stepsOfWarp), count);
  Product product = total(zero);
  {
    auto loop = scf::ForOp::create(b, loc, one, count, one, product.flat());
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    e.openScope();
    Product before = product;
    before.assign(loop.getRegionIterArgs());
    scf::YieldOp::create(b, loc, join(before, total(loop.getInductionVar())).flat());
    e.closeScope();
    product.assign(loop.getResults());
  }
  Value sound = inAllLanes(product.lanes);
  inside(sound, [&] { publishProduct(product); });
  Tuple carry = lookBack();
  // Others that look back fold in the same way.
  Tuple after = foldSound(carry, product, sound);
  inside(sound, [&] { publishStates(after); });
  auto loop = scf::ForOp::create(b, loc, zero, count, one, present(carry));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    e.openScope();
    Value number = loop.getInductionVar();
    Tuple before = restore(carry, loop.getRegionIterArgs());
    put(carries, before, ofWarp(number));
    Product own = total(number);
    Value first = firstOf(number), end = least(plus(first, stepsOfWarp), steps);
    Tuple next = foldOne(inAllLanes(own.lanes), before, own, first, end);
    scf::YieldOp::create(b, loc, present(next));
    e.closeScope();
  }
  Tuple last = restore(carry, loop.getResults());
  inside(arith::XOrIOp::create(b, loc, sound, truth(true)), [&] { publishStates(last); });
}
