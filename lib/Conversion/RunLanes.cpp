// Runs of steps in the lanes of a warp of a GPU. See RunLanes.h.
#include "RunLanes.h"
#include "BlockThreads.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace seqc;

Value RunLanes::number(int64_t v) { return arith::ConstantIndexOp::create(b, loc, v); }

/// `a` · `factor` + `c`.
Value RunLanes::timesPlus(Value a, int64_t factor, Value c) {
  return arith::AddIOp::create(b, loc, arith::MulIOp::create(b, loc, a, number(factor)), c);
}

void RunLanes::enter(Value thread) {
  warp = arith::DivUIOp::create(b, loc, thread, number(warpSize));
  Value ofWarp = arith::RemUIOp::create(b, loc, thread, number(warpSize));
  Value lane = arith::MinSIOp::create(b, loc, ofWarp, number(width * runs - 1));
  unit = arith::DivUIOp::create(b, loc, lane, number(width));
  place = arith::RemUIOp::create(b, loc, lane, number(width));
  isOwn = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, lane, ofWarp);
}

static int64_t bitsOf(int64_t power) { return llvm::Log2_64(power); }

int64_t RunLanes::rowOfStep(int64_t step) const {
  int64_t swapped = std::min(bitsOf(runs), bitsOf(runSteps)), rest = bitsOf(runSteps) - swapped;
  return (step & ((1 << swapped) - 1)) << rest | step >> swapped;
}

Value RunLanes::runOfUnit(Value unit) {
  if (runSteps >= runs)
    return unit;
  Value low = arith::RemUIOp::create(b, loc, unit, number(runSteps));
  Value high = arith::DivUIOp::create(b, loc, unit, number(runSteps));
  return timesPlus(low, runs / runSteps, high);
}

Value RunLanes::unitOfRun(Value run) {
  if (runSteps >= runs)
    return run;
  Value low = arith::RemUIOp::create(b, loc, run, number(runs / runSteps));
  Value high = arith::DivUIOp::create(b, loc, run, number(runs / runSteps));
  return timesPlus(low, runSteps, high);
}

Value RunLanes::laneOf(Value unit) {
  Value at = timesPlus(unit, width, place);
  return arith::IndexCastOp::create(b, loc, b.getI32Type(), at);
}

void RunLanes::exchange(MutableArrayRef<Tuple> tuples, bool ofRuns) {
  int64_t swapped = std::min(bitsOf(runs), bitsOf(runSteps)), rest = bitsOf(runSteps) - swapped;
  for (int64_t bit = 0; bit < swapped; ++bit) {
    Value mask = number(1 << bit);
    Value hasBit = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne,
                                         arith::AndIOp::create(b, loc, unit, mask), number(0));
    Value partner = laneOf(arith::XOrIOp::create(b, loc, unit, mask));
    for (int64_t low = 0; low < runSteps; ++low) {
      int64_t high = low | 1 << (rest + bit);
      if (low == high)
        continue;
      for (auto [x, y] : llvm::zip_equal(tuples[low], tuples[high])) {
        // The same at all steps; of a lane's own run it may be another lane's other value.
        if (!x || (x == y && (!ofRuns || matchPattern(x, m_Constant()))))
          continue;
        Value given = arith::SelectOp::create(b, loc, hasBit, x, y);
        Value taken = seqc::fromLane(b, loc, given, partner);
        x = arith::SelectOp::create(b, loc, hasBit, taken, x);
        y = arith::SelectOp::create(b, loc, hasBit, y, taken);
      }
    }
  }
}
