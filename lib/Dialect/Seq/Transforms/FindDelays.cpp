// States that are functions of the last k inputs alone.
//
// If the next value of a state does not depend on any state, then the state at
// step t is that value at step t-1: an input, shifted by one. If it is a
// register (rows of the state move up by m, m new rows follow), then the state
// is the last k/m groups of new rows. Either is what `seq.delay` says; the step
// reads its window as an `in` value. A state that copies another one of that
// kind is found in the next round, because its next value is then an input,
// too.
#include "Rebuild.h"
#include "seqc/Dialect/Seq/Transforms/Passes.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/IR/Remarks.h"

namespace seqc {
#define GEN_PASS_DEF_FINDDELAYSPASS
#include "seqc/Dialect/Seq/Transforms/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

namespace {
/// One row of a register's next value: row `row` of `source`, or all of it
/// (-1).
struct Row {
  Value source;
  int64_t row = 0;
};

/// What a state delays: `fresh` is the step's value that enters, `groups` how
/// many of them the state holds, `rows` the rows of one (0: the state is one
/// value without rows).
struct DelayLine {
  unsigned state = 0;
  Value fresh;
  int64_t groups = 1, rows = 0;
};
} // namespace

/// Offset and size along the first dimension of a slice that is full in all
/// others.
static std::optional<std::pair<int64_t, int64_t>> leadingSlice(OffsetSizeAndStrideOpInterface slice,
                                                               RankedTensorType whole) {
  for (auto [i, offset, size, stride] :
       llvm::enumerate(slice.getStaticOffsets(), slice.getStaticSizes(), slice.getStaticStrides()))
    if (stride != 1 || ShapedType::isDynamic(offset) || ShapedType::isDynamic(size) ||
        (i > 0 && (offset != 0 || size != whole.getDimSize(i))))
      return std::nullopt;
  return std::pair(slice.getStaticOffset(0), slice.getStaticSize(0));
}

/// The rows of `v` along its first dimension, seen through slices and
/// concatenations.
static SmallVector<Row> rowsOf(Value v) {
  RankedTensorType type = typeOf(v);
  SmallVector<Row> rows;
  if (auto concat = v.getDefiningOp<tensor::ConcatOp>(); concat && concat.getDim() == 0) {
    for (Value part : concat.getInputs())
      llvm::append_range(rows, rowsOf(part));
    return rows;
  }
  if (auto extract = v.getDefiningOp<tensor::ExtractSliceOp>();
      extract && extract.getSourceType().getRank() == type.getRank())
    if (auto part = leadingSlice(extract, extract.getSourceType())) {
      SmallVector<Row> all = rowsOf(extract.getSource());
      return SmallVector<Row>(ArrayRef(all).slice(part->first, part->second));
    }
  if (auto insert = v.getDefiningOp<tensor::InsertSliceOp>())
    if (auto part = leadingSlice(insert, type)) {
      rows = rowsOf(insert.getDest());
      bool dropped = insert.getSourceType().getRank() < type.getRank();
      SmallVector<Row> source = {{insert.getSource(), -1}};
      if (!dropped)
        source = rowsOf(insert.getSource());
      if (int64_t(source.size()) == part->second) {
        llvm::copy(source, rows.begin() + part->first);
        return rows;
      }
      rows.clear();
    }
  if (auto expand = v.getDefiningOp<tensor::ExpandShapeOp>();
      expand && type.getDimSize(0) == 1 && expand.getSrcType().getRank() + 1 == type.getRank() &&
      expand.getSrcType().getShape() == type.getShape().drop_front())
    return {{expand.getSrc(), -1}};
  for (int64_t i = 0; i < type.getDimSize(0); ++i)
    rows.push_back({v, i});
  return rows;
}

namespace {
/// Turns states of one recurrence into delays until none is left to turn.
struct DelayFinder {
  seq::RecurrenceOp op;

  std::optional<DelayLine> match(Lifter &lifter, unsigned state);
  std::optional<DelayLine> matchRegister(Lifter &lifter, unsigned state);
  bool isSmall(Lifter &lifter, Value fresh);
  Value buildDelay(const DelayLine &line, Lifter &lifter, OpBuilder &b);
  bool evaluateAll(const DelayLine &line);
  void convert(const DelayLine &line);
  void run();
};
} // namespace

/// A value crosses the border of the step only if it is not larger than the
/// per-step values that it is computed from.
bool DelayFinder::isSmall(Lifter &lifter, Value fresh) {
  std::optional<int64_t> bytes = stepBytes(fresh);
  int64_t inputs = 0;
  SmallVector<Value> work = {fresh};
  DenseSet<Value> seen;
  while (!work.empty()) {
    Value v = work.pop_back_val();
    if (!seen.insert(v).second)
      continue;
    if (isa<BlockArgument>(v) && v.getParentBlock() == op.getBody()) {
      std::optional<int64_t> more = stepBytes(v);
      if (!more || !bytes)
        return true;
      inputs += *more;
    } else if (Operation *def = v.getDefiningOp(); def && def->getBlock() == op.getBody()) {
      if (isReduction(def))
        return true;
      llvm::append_range(work, readBy(def));
    }
  }
  return *bytes <= inputs;
}

std::optional<DelayLine> DelayFinder::matchRegister(Lifter &lifter, unsigned state) {
  Value next = op.getYield().getNext()[state], old = op.getStateArgs()[state];
  RankedTensorType type = typeOf(old);
  // With another place of the time axis the window would have to be transposed.
  if (!type.hasStaticShape() || type.getRank() == 0 || type.getDimSize(0) < 1 ||
      op.getTimeAxis() != op.getBatchRank())
    return std::nullopt;
  SmallVector<Row> rows = rowsOf(next);
  int64_t size = rows.size(), kept = 0;
  while (kept < size && rows[kept].source == old)
    ++kept;
  int64_t added = size - kept;
  // A delay runs backwards with a window of one value only.
  if (kept == 0 || added == 0 || size % added != 0 || op.getReverse())
    return std::nullopt;
  for (int64_t i = 0; i < kept; ++i)
    if (rows[i].row != i + added)
      return std::nullopt;
  Value fresh = rows[kept].source;
  bool whole = rows[kept].row == -1;
  if (!lifter.canLift(fresh) || (whole && added != 1))
    return std::nullopt;
  for (int64_t i = 0; i < added; ++i)
    if (rows[kept + i].source != fresh || (!whole && rows[kept + i].row != i))
      return std::nullopt;
  if (!whole && typeOf(fresh).getDimSize(0) != added)
    return std::nullopt;
  return DelayLine{state, fresh, size / added, whole ? 0 : added};
}

std::optional<DelayLine> DelayFinder::match(Lifter &lifter, unsigned state) {
  Value next = op.getYield().getNext()[state];
  if (lifter.canLift(next))
    return isSmall(lifter, next) ? std::optional(DelayLine{state, next, 1, 0}) : std::nullopt;
  return matchRegister(lifter, state);
}

/// Groups that merge dimension `at` of a rank-`rank` shape with the next one.
static SmallVector<ReassociationIndices> mergeAt(int64_t rank, int64_t at) {
  SmallVector<ReassociationIndices> groups;
  for (int64_t i = 0; i < rank; ++i) {
    if (i == at + 1)
      groups.back().push_back(i);
    else
      groups.push_back({i});
  }
  return groups;
}

/// `v` with its dimension `at` split in (outer, inner), both static.
static Value split(OpBuilder &b, Location loc, Value v, int64_t at, int64_t outer, int64_t inner) {
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, v);
  SmallVector<int64_t> shape(typeOf(v).getShape());
  shape[at] = outer;
  sizes[at] = b.getIndexAttr(outer);
  shape.insert(shape.begin() + at + 1, inner);
  sizes.insert(sizes.begin() + at + 1, b.getIndexAttr(inner));
  return tensor::ExpandShapeOp::create(b, loc, typeOf(v).clone(shape), v, mergeAt(shape.size(), at),
                                       sizes);
}

/// `v` with a dimension of size 1 put in at `at`.
static Value addUnit(OpBuilder &b, Location loc, Value v, int64_t at) {
  int64_t rank = typeOf(v).getRank();
  SmallVector<int64_t> shape(typeOf(v).getShape());
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, v);
  shape.insert(shape.begin() + at, 1);
  sizes.insert(sizes.begin() + at, b.getIndexAttr(1));
  SmallVector<ReassociationIndices> groups;
  if (rank > 0)
    groups = mergeAt(rank + 1, at == rank ? at - 1 : at);
  return tensor::ExpandShapeOp::create(b, loc, typeOf(v).clone(shape), v, groups, sizes);
}

/// `v` with dimensions `at` and `at + 1` merged; a dimension of size 1
/// disappears.
static Value merge(OpBuilder &b, Location loc, Value v, int64_t at) {
  int64_t rank = typeOf(v).getRank();
  SmallVector<ReassociationIndices> groups;
  if (rank > 1)
    groups = mergeAt(rank, at);
  return tensor::CollapseShapeOp::create(b, loc, v, groups);
}

static Value castTo(OpBuilder &b, Location loc, Type type, Value v) {
  return v.getType() == type ? v : tensor::CastOp::create(b, loc, type, v).getResult();
}

/// Builds the delay and replaces the final state; returns the sequence that the
/// step reads.
Value DelayFinder::buildDelay(const DelayLine &line, Lifter &lifter, OpBuilder &b) {
  Location loc = op.getYield().getNext()[line.state].getLoc();
  int64_t time = op.getTimeAxis(), batch = op.getBatchRank();
  Value sequence = lifter.liftTo(line.fresh, lifter.allLeads());
  Value initial = op.getInitial()[line.state];
  bool single = line.groups == 1 && line.rows == 0;
  // The window of one value is a new dimension; rows of a register are its
  // first dimension.
  if (single)
    initial = addUnit(b, loc, initial, time);
  else if (line.rows > 0)
    initial = split(b, loc, initial, batch, line.groups, line.rows);
  SmallVector<int64_t> window(typeOf(sequence).getShape());
  window.insert(window.begin() + time + 1, line.groups);
  auto delay =
      seq::DelayOp::create(b, loc, typeOf(sequence).clone(window), initial.getType(), sequence,
                           initial, b.getI64IntegerAttr(time), op.getReverseAttr());
  Value delayed = delay.getWindow(), final = delay.getFinal();
  if (single) {
    bool last = time > 0 && time == typeOf(final).getRank() - 1;
    delayed = merge(b, loc, delayed, time);
    final = merge(b, loc, final, last ? time - 1 : time);
  } else if (line.rows > 0) {
    delayed = merge(b, loc, delayed, time + 1);
    final = merge(b, loc, final, batch);
  }
  Value result = op.getFinals()[line.state];
  result.replaceAllUsesWith(castTo(b, loc, result.getType(), final));
  remark::passed(loc, remark::RemarkOpts::name("delay").category("seqc.simplify"))
      << remark::add("the state holds the last {0} value(s) of an input: it "
                     "becomes a shifted input",
                     line.groups);
  return delayed;
}

void DelayFinder::convert(const DelayLine &line) {
  OpBuilder b(op);
  Lifter lifter(op, b);
  auto step = cast<RankedTensorType>(op.getStateArgs()[line.state].getType());
  Lifted delayed = {buildDelay(line, lifter, b), lifter.allLeads()};
  Value arg = addOperand(op, lifter, delayed, step);
  op.getStateArgs()[line.state].replaceAllUsesWith(arg);
  op = removeState(op, line.state);
}

/// When the only state is a delay line and all outs have a form on whole
/// tensors, everything is computed for all steps at once and the recurrence
/// goes away.
bool DelayFinder::evaluateAll(const DelayLine &line) {
  BlockArgument state = op.getStateArgs().front();
  OpBuilder b(op);
  Lifter probe(op, b);
  probe.bind(state, state, probe.allLeads());
  if (!llvm::all_of(op.getYield().getOut(), [&](Value v) { return probe.canLift(v).has_value(); }))
    return false;
  Lifter lifter(op, b);
  lifter.bind(state, buildDelay(line, lifter, b), lifter.allLeads());
  for (auto [v, result] : llvm::zip_equal(op.getYield().getOut(), op.getOuts()))
    result.replaceAllUsesWith(
        castTo(b, op.getLoc(), result.getType(), lifter.liftTo(v, lifter.allLeads())));
  op.erase();
  op = nullptr;
  return true;
}

void DelayFinder::run() {
  // A delay of packed sequences would reach from one into the one before.
  if (op.isPacked())
    return;
  for (bool changed = true; changed && op;) {
    changed = false;
    OpBuilder b(op);
    Lifter lifter(op, b);
    for (unsigned i = 0, e = op.getNumStates(); i < e && !changed; ++i) {
      std::optional<DelayLine> line = match(lifter, i);
      if (!line)
        continue;
      changed = true;
      // A recurrence has at least one state.
      if (e > 1)
        convert(*line);
      else if (!evaluateAll(*line))
        return;
    }
  }
}

namespace {
struct FindDelaysPass : seqc::impl::FindDelaysPassBase<FindDelaysPass> {
  void runOnOperation() override {
    for (seq::RecurrenceOp op : innerFirst(getOperation())) {
      DelayFinder finder{op};
      finder.run();
      if (finder.op)
        eraseUnused(finder.op);
    }
  }
};
} // namespace
