// seq.recurrence and seq.yield: syntax, shapes, constraints.
#include "Bindings.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace seqc::seq;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

//===-----------------------------------------------------------------------===//
// Syntax
//===-----------------------------------------------------------------------===//

ParseResult seqc::seq::parseBindings(OpAsmParser &p, SmallVector<Binding> (&groups)[3]) {
  return p.parseCommaSeparatedList(AsmParser::Delimiter::OptionalParen, [&]() -> ParseResult {
    Binding binding;
    if (p.parseArgument(binding.arg, /*allowType=*/true))
      return failure();
    int group = succeeded(p.parseOptionalKeyword("in"))       ? 0
                : succeeded(p.parseOptionalKeyword("shared")) ? 1
                : succeeded(p.parseOptionalKeyword("given"))  ? 2
                                                              : -1;
    if (group < 0)
      return p.emitError(p.getCurrentLocation(),
                         "expected 'in', 'shared' or 'given' after the type of a step's value");
    if (p.parseOperand(binding.operand))
      return failure();
    groups[group].push_back(binding);
    return success();
  });
}

static ParseResult parseStates(OpAsmParser &p, SmallVector<Binding> &states) {
  if (p.parseKeyword("states"))
    return failure();
  return p.parseCommaSeparatedList(AsmParser::Delimiter::Paren, [&]() -> ParseResult {
    Binding binding;
    if (p.parseArgument(binding.arg, /*allowType=*/true) || p.parseEqual() ||
        p.parseOperand(binding.operand))
      return failure();
    states.push_back(binding);
    return success();
  });
}

ParseResult
seqc::seq::parseOptionalOperandClause(OpAsmParser &p, StringRef keyword,
                                      SmallVectorImpl<OpAsmParser::UnresolvedOperand> &ops) {
  if (failed(p.parseOptionalKeyword(keyword)))
    return success();
  return failure(p.parseLParen() || p.parseOperand(ops.emplace_back()) || p.parseRParen());
}

/// Of the op's own attributes the dictionary has `time` and `narrow_state`; other names without a
/// dialect are misspelt.
static ParseResult checkAttributes(OpAsmParser &p, SMLoc loc, const NamedAttrList &attributes) {
  for (NamedAttribute attribute : attributes) {
    StringRef name = attribute.getName();
    Attribute value = attribute.getValue();
    auto number = dyn_cast<IntegerAttr>(value);
    if (name == "time" && !(number && number.getType().isSignlessInteger(64)))
      return p.emitError(loc, "expected an i64 as 'time', but got ") << value;
    if (name == "narrow_state" && !isa<UnitAttr>(value))
      return p.emitError(loc, "expected 'narrow_state' without a value, but got ") << value;
    if (name != "time" && name != "narrow_state" && !name.contains('.'))
      return p.emitError(loc, "expected 'time' or 'narrow_state' as an attribute, but got '")
             << name << "'";
  }
  return success();
}

ParseResult seqc::seq::parseOptionalSchedule(OpAsmParser &p, ScheduleAttr &schedule) {
  if (failed(p.parseOptionalKeyword("schedule")))
    return success();
  return failure(p.parseLParen() || p.parseCustomAttributeWithFallback(schedule) ||
                 p.parseRParen());
}

ParseResult seqc::seq::parseTypes(OpAsmParser &p, OperationState &result,
                                  ArrayRef<OpAsmParser::UnresolvedOperand> operands) {
  FunctionType type;
  SMLoc typeLoc, attributesLoc = p.getCurrentLocation();
  if (p.parseOptionalAttrDict(result.attributes) ||
      checkAttributes(p, attributesLoc, result.attributes) || p.parseColon() ||
      p.getCurrentLocation(&typeLoc) || p.parseType(type))
    return failure();
  if (type.getNumInputs() != operands.size())
    return p.emitError(typeLoc, "expected ")
           << operands.size() << " operand types, but got " << type.getNumInputs();
  result.addTypes(type.getResults());
  return p.resolveOperands(operands, type.getInputs(), typeLoc, result.operands);
}

ParseResult RecurrenceOp::parse(OpAsmParser &p, OperationState &result) {
  Properties &props = result.getOrAddProperties<Properties>();
  UnitAttr unit = p.getBuilder().getUnitAttr();
  if (succeeded(p.parseOptionalKeyword("reverse")))
    props.reverse = unit;
  SmallVector<Binding> groups[3], states;
  SmallVector<OpAsmParser::UnresolvedOperand> resets, offsets, steps;
  if (parseBindings(p, groups) || parseOptionalOperandClause(p, "resets", resets) ||
      parseOptionalOperandClause(p, "cu_seqlens", offsets) ||
      parseOptionalOperandClause(p, "steps", steps) || parseStates(p, states))
    return failure();

  SmallVector<OpAsmParser::Argument> args;
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  auto append = [&](ArrayRef<Binding> bindings) {
    for (const Binding &b : bindings) {
      args.push_back(b.arg);
      operands.push_back(b.operand);
    }
  };
  for (auto &group : groups)
    append(group);
  llvm::append_range(operands, resets);
  llvm::append_range(operands, offsets);
  llvm::append_range(operands, steps);
  append(states);

  Region *region = result.addRegion();
  if (p.parseRegion(*region, args))
    return failure();
  if (region->empty())
    return p.emitError(p.getCurrentLocation(),
                       "expected a step of one block that ends in seq.yield");
  if (parseOptionalSchedule(p, props.schedule))
    return failure();
  props.operandSegmentSizes = {int(groups[0].size()), int(groups[1].size()), int(groups[2].size()),
                               int(resets.size()),    int(offsets.size()),   int(steps.size()),
                               int(states.size())};
  return parseTypes(p, result, operands);
}

void seqc::seq::printBindings(OpAsmPrinter &p, const TimedOperands &t) {
  p << " (";
  bool first = true;
  auto bindings = [&](ValueRange args, OperandRange operands, StringRef clause) {
    for (auto [arg, operand] : llvm::zip_equal(args, operands)) {
      if (!first)
        p << ", ";
      first = false;
      p << arg << ": " << arg.getType() << " " << clause << " " << operand;
    }
  };
  bindings(t.inputArgs, t.inputs, "in");
  bindings(t.sharedArgs, t.shared, "shared");
  bindings(t.givenArgs, t.given, "given");
  p << ")";
  if (t.resets)
    p << " resets(" << t.resets << ")";
  if (t.cuSeqlens)
    p << " cu_seqlens(" << t.cuSeqlens << ")";
  if (t.steps)
    p << " steps(" << t.steps << ")";
}

void seqc::seq::printOptionalSchedule(OpAsmPrinter &p, ScheduleAttr schedule) {
  if (!schedule)
    return;
  p << " schedule(";
  p.printStrippedAttrOrType(schedule);
  p << ")";
}

static TimedOperands timed(RecurrenceOp op) {
  return {op,
          op.getInputs(),
          op.getShared(),
          op.getGiven(),
          op.getInitial(),
          op.getResets(),
          op.getCuSeqlens(),
          op.getSteps(),
          op.getBatchRank(),
          op.getTimeAxis(),
          op.getInputArgs(),
          op.getSharedArgs(),
          op.getGivenArgs()};
}

void RecurrenceOp::print(OpAsmPrinter &p) {
  if (getReverse())
    p << " reverse";
  printBindings(p, timed(*this));
  p << " states(";
  llvm::interleaveComma(llvm::zip_equal(getStateArgs(), getInitial()), p, [&](auto it) {
    auto [arg, initial] = it;
    p << arg << ": " << arg.getType() << " = " << initial;
  });
  p << ") ";
  p.printRegion(getStep(), /*printEntryBlockArgs=*/false);
  printOptionalSchedule(p, getScheduleAttr());
  p.printOptionalAttrDict((*this)->getAttrs(), {"operandSegmentSizes", "reverse", "schedule"});
  p << " : ";
  p.printFunctionalType(getOperation());
}

void RecurrenceOp::getAsmBlockArgumentNames(Region &, OpAsmSetValueNameFn setName) {
  for (Value v : getInputArgs())
    setName(v, "x");
  for (Value v : getSharedArgs())
    setName(v, "s");
  for (Value v : getGivenArgs())
    setName(v, "g");
  for (Value v : getStateArgs())
    setName(v, "h");
}

//===-----------------------------------------------------------------------===//
// Shapes
//===-----------------------------------------------------------------------===//

SmallVector<Region *> RecurrenceOp::getLoopRegions() { return {&getStep()}; }

Block::BlockArgListType RecurrenceOp::getInputArgs() {
  return getStep().getArguments().take_front(getInputs().size());
}
Block::BlockArgListType RecurrenceOp::getSharedArgs() {
  return getStep().getArguments().drop_front(getInputs().size()).take_front(getShared().size());
}
Block::BlockArgListType RecurrenceOp::getGivenArgs() {
  return getStep().getArguments().drop_back(getInitial().size()).take_back(getGiven().size());
}
Block::BlockArgListType RecurrenceOp::getStateArgs() {
  return getStep().getArguments().take_back(getInitial().size());
}
YieldOp RecurrenceOp::getYield() { return cast<YieldOp>(getBody()->getTerminator()); }

int64_t RecurrenceOp::getBatchRank() {
  return typeOf(getInitial().front()).getRank() - typeOf(getStateArgs().front()).getRank();
}
int64_t RecurrenceOp::getTimeAxis() {
  return isPacked() ? 0 : int64_t(getTime().value_or(getBatchRank()));
}

void seqc::seq::forEachSize(const TimedOperands &t, function_ref<void(int64_t, Value, int64_t)> f) {
  auto whole = [&](Value v) {
    for (int64_t i = 0; i < t.sequenceRank() - 1; ++i)
      f(i, v, i < t.time ? i : i + 1);
    f(t.batchRank, v, t.time);
  };
  for (Value v : t.inputs)
    whole(v);
  if (t.resets)
    whole(t.resets);
  for (Value v : t.shared)
    f(t.batchRank, v, 0);
  for (auto values : {t.given, t.initial})
    for (Value v : values)
      for (int64_t i = 0; i < t.batchRank; ++i)
        f(i, v, i);
}

SmallVector<int64_t> seqc::seq::getStaticBatch(const TimedOperands &t) {
  SmallVector<int64_t> sizes(t.batchRank, ShapedType::kDynamic);
  forEachSize(t, [&](int64_t kind, Value v, int64_t dim) {
    if (kind < int64_t(sizes.size()) && !typeOf(v).isDynamicDim(dim))
      sizes[kind] = typeOf(v).getDimSize(dim);
  });
  return sizes;
}

int64_t seqc::seq::getStaticSteps(const TimedOperands &t) {
  int64_t steps = ShapedType::kDynamic;
  forEachSize(t, [&](int64_t kind, Value v, int64_t dim) {
    if (kind == t.batchRank && !typeOf(v).isDynamicDim(dim))
      steps = typeOf(v).getDimSize(dim);
  });
  if (t.steps)
    if (std::optional<int64_t> n = getConstantIntValue(t.steps); n && *n >= 0)
      steps = *n;
  return steps;
}

RankedTensorType seqc::seq::getSequenceType(const TimedOperands &t, RankedTensorType stepType) {
  SmallVector<int64_t> shape;
  if (!t.cuSeqlens)
    shape = getStaticBatch(t);
  shape.insert(shape.begin() + t.time, getStaticSteps(t));
  llvm::append_range(shape, stepType.getShape());
  return RankedTensorType::get(shape, stepType.getElementType());
}

RankedTensorType seqc::seq::getBatchedType(const TimedOperands &t, RankedTensorType stepType) {
  SmallVector<int64_t> shape = getStaticBatch(t);
  llvm::append_range(shape, stepType.getShape());
  return RankedTensorType::get(shape, stepType.getElementType());
}

SmallVector<int64_t> RecurrenceOp::getStaticBatch() { return seq::getStaticBatch(timed(*this)); }
int64_t RecurrenceOp::getStaticSteps() { return seq::getStaticSteps(timed(*this)); }
RankedTensorType RecurrenceOp::getSequenceType(RankedTensorType stepType) {
  return seq::getSequenceType(timed(*this), stepType);
}

static OpFoldResult sizeOf(RecurrenceOp op, OpBuilder &b, int64_t wanted, int64_t staticSize) {
  if (!ShapedType::isDynamic(staticSize))
    return b.getIndexAttr(staticSize);
  OpFoldResult found;
  forEachSize(timed(op), [&](int64_t kind, Value v, int64_t dim) {
    if (!found && kind == wanted)
      found = tensor::DimOp::create(b, op.getLoc(), v, dim).getResult();
  });
  return found;
}

SmallVector<OpFoldResult> RecurrenceOp::getBatchSizes(OpBuilder &b) {
  SmallVector<OpFoldResult> sizes;
  for (auto [i, size] : llvm::enumerate(getStaticBatch()))
    sizes.push_back(sizeOf(*this, b, i, size));
  return sizes;
}

OpFoldResult RecurrenceOp::getStepCount(OpBuilder &b) {
  if (getSteps())
    return getSteps();
  return sizeOf(*this, b, getBatchRank(), getStaticSteps());
}

SmallVector<Type> RecurrenceOp::inferResultTypes() {
  SmallVector<Type> types;
  for (Value v : getYield().getOut())
    types.push_back(getSequenceType(typeOf(v)));
  for (Value v : getStateArgs())
    types.push_back(getBatchedType(timed(*this), typeOf(v)));
  return types;
}

//===-----------------------------------------------------------------------===//
// Constraints
//===-----------------------------------------------------------------------===//

/// Checks that `operand` is `leading` sizes followed by the step type of `arg` (C3, C4).
LogicalResult seqc::seq::checkBinding(const TimedOperands &t, Value operand, Value arg,
                                      int64_t leading, const Twine &what, StringRef shape) {
  auto step = dyn_cast<RankedTensorType>(arg.getType());
  if (!step)
    return t.op->emitOpError() << "expected " << what
                               << " to be bound to a ranked tensor in the step, but got "
                               << arg.getType();
  RankedTensorType whole = typeOf(operand);
  bool ok = whole.getRank() == leading + step.getRank() &&
            whole.getElementType() == step.getElementType();
  for (int64_t i = 0; ok && i < step.getRank(); ++i)
    ok = whole.getDimSize(leading + i) == step.getDimSize(i);
  if (ok)
    return success();
  return t.op->emitOpError() << "expected " << what << " to be " << shape
                             << " for a step value of type " << step << " and " << t.batchRank
                             << " batch dimension(s), but got " << whole;
}

LogicalResult seqc::seq::checkStateType(Operation *op, Type type, bool narrow, const Twine &what) {
  auto step = dyn_cast<RankedTensorType>(type);
  if (!step)
    return op->emitOpError() << "expected " << what << " to be a ranked tensor, but got " << type;
  auto complex = dyn_cast<ComplexType>(step.getElementType());
  if (complex ? !complex.getElementType().isF32() && !complex.getElementType().isF64()
              : !step.getElementType().isIntOrIndexOrFloat())
    return op->emitOpError() << "expected " << what
                             << " to hold floats, complex<f32>, complex<f64>, integers or index, "
                                "but got "
                             << step;
  if (auto f = dyn_cast<FloatType>(step.getElementType()); f && f.getWidth() < 32 && !narrow)
    return op->emitOpError() << "expected " << what
                             << " to be f32 or wider (or the attribute 'narrow_state'), but got "
                             << step;
  return success();
}

/// C1, C2, C3: what makes the number of batch dimensions known.
static LogicalResult checkStates(RecurrenceOp op) {
  size_t wanted = op->getNumOperands() - bool(op.getResets()) - op.isPacked() - bool(op.getSteps());
  if (op.getStep().getNumArguments() != wanted)
    return op.emitOpError()
           << "expected " << wanted
           << " step arguments, one per 'in', 'shared', 'given' and state, but got "
           << op.getStep().getNumArguments();
  if (op.getInitial().empty())
    return op.emitOpError("expected at least one state");
  for (auto [i, arg, initial] : llvm::enumerate(op.getStateArgs(), op.getInitial())) {
    if (failed(checkStateType(op, arg.getType(), op.getNarrowState(), "state #" + Twine(i))))
      return failure();
    auto step = cast<RankedTensorType>(arg.getType());
    if (typeOf(initial).getRank() - step.getRank() != op.getBatchRank() || op.getBatchRank() < 0)
      return op.emitOpError() << "expected every initial value to have the same number of batch "
                                 "dimensions, but state #"
                              << i << " is " << typeOf(initial) << " for a step value " << step;
    if (failed(checkBinding(timed(op), initial, arg, op.getBatchRank(),
                            "initial value #" + Twine(i), "[batch…, step…]")))
      return failure();
  }
  return success();
}

/// C4: shapes of the other operands.
static LogicalResult checkOperands(const TimedOperands &t) {
  for (auto [i, arg, v] : llvm::enumerate(t.inputArgs, t.inputs))
    if (failed(checkBinding(t, v, arg, t.sequenceRank(), "'in' operand #" + Twine(i),
                            t.cuSeqlens ? "[T, step…]" : "[batch…, T, step…]")))
      return failure();
  for (auto [i, arg, v] : llvm::enumerate(t.sharedArgs, t.shared))
    if (failed(checkBinding(t, v, arg, 1, "'shared' operand #" + Twine(i), "[T, step…]")))
      return failure();
  for (auto [i, arg, v] : llvm::enumerate(t.givenArgs, t.given))
    if (failed(checkBinding(t, v, arg, t.batchRank, "'given' operand #" + Twine(i),
                            "[batch…, step…]")))
      return failure();
  return success();
}

/// C11 and C12: packed sequences.
static LogicalResult checkPacked(const TimedOperands &t) {
  if (t.batchRank != 1)
    return t.op->emitOpError() << "expected one batch dimension, the sequences, with "
                                  "'cu_seqlens', but got initial values with "
                               << t.batchRank;
  if (!t.shared.empty())
    return t.op->emitOpError("expected no 'shared' operand with 'cu_seqlens', where no step is one "
                             "of all sequences: bind it as 'in', [T, step…], or as 'given'");
  return verifyCuSeqlens(t.op, t.cuSeqlens, getStaticBatch(t).front());
}

/// C5: static sizes agree.
static LogicalResult checkSizes(const TimedOperands &t) {
  SmallVector<int64_t> batch = getStaticBatch(t);
  int64_t steps = getStaticSteps(t);
  LogicalResult result = success();
  forEachSize(t, [&](int64_t kind, Value v, int64_t dim) {
    int64_t size = typeOf(v).getDimSize(dim);
    int64_t expected = kind == t.batchRank ? steps : batch[kind];
    if (failed(result) || ShapedType::isDynamic(size) || size == expected)
      return;
    auto diag = t.op->emitOpError("expected ");
    if (kind == t.batchRank)
      diag << "all numbers of steps to agree";
    else
      diag << "all sizes of batch dimension " << kind << " to agree";
    diag << ", but got " << expected << " and " << size << " in " << typeOf(v);
    result = failure();
  });
  return result;
}

LogicalResult seqc::seq::checkTimedOperands(const TimedOperands &t) {
  if (t.time < 0 || t.time > t.batchRank) // C10
    return t.op->emitOpError() << "expected 'time' between 0 and " << t.batchRank
                               << " (the number of batch dimensions), but got " << t.time;
  if (t.cuSeqlens && failed(checkPacked(t)))
    return failure();
  if (failed(checkOperands(t)))
    return failure();
  if (t.resets) // C6
    if (typeOf(t.resets).getRank() != t.sequenceRank() ||
        !typeOf(t.resets).getElementType().isInteger(1))
      return t.op->emitOpError() << "expected 'resets' to be [batch…, T] of i1 with "
                                 << t.sequenceRank() - 1 << " batch dimension(s), but got "
                                 << typeOf(t.resets);
  bool hasTime = !t.inputs.empty() || !t.shared.empty() || t.resets;
  if (hasTime == bool(t.steps)) // C7
    return t.op->emitOpError(hasTime
                                 ? "expected no 'steps', because other operands have a time axis"
                                 : "expected 'steps', because no operand has a time axis");
  return checkSizes(t);
}

LogicalResult seqc::seq::checkResultTypes(Operation *op, TypeRange expected) {
  for (auto [i, want, got] : llvm::enumerate(expected, op->getResultTypes()))
    if (failed(verifyCompatibleShape(want, got)) ||
        getElementTypeOrSelf(want) != getElementTypeOrSelf(got))
      return op->emitOpError() << "expected result #" << i << " to be " << want << ", but got "
                               << got;
  return success();
}

LogicalResult RecurrenceOp::verify() {
  if (failed(checkStates(*this)))
    return failure();
  return checkTimedOperands(timed(*this));
}

LogicalResult RecurrenceOp::verifyRegions() {
  auto yield = dyn_cast<YieldOp>(getBody()->getTerminator()); // C8
  if (!yield)
    return emitOpError("expected the step to end in seq.yield, but got ")
           << getBody()->getTerminator()->getName();
  auto states = getStateArgs();
  if (yield.getNext().size() != states.size())
    return yield.emitOpError() << "expected " << states.size() << " next states, but got "
                               << yield.getNext().size();
  for (auto [i, next, state] : llvm::enumerate(yield.getNext(), states))
    if (next.getType() != state.getType()) {
      auto diag = yield.emitOpError() << "expected next state #" << i << " to be "
                                      << state.getType() << ", but got " << next.getType();
      diag.attachNote(state.getLoc()) << "the state is declared here";
      return diag;
    }
  SmallVector<Type> expected = inferResultTypes(); // C9
  if (expected.size() != getNumResults())
    return emitOpError() << "expected " << expected.size() << " results (" << yield.getOut().size()
                         << " outs, " << states.size() << " final states), but got "
                         << getNumResults();
  return checkResultTypes(*this, expected);
}

//===-----------------------------------------------------------------------===//
// Canonicalisation
//===-----------------------------------------------------------------------===//

namespace {
/// An out that nobody uses is not computed.
struct DropUnusedOuts : OpRewritePattern<RecurrenceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(RecurrenceOp op, PatternRewriter &rewriter) const override {
    SmallVector<Value> outs;
    SmallVector<Type> types;
    SmallVector<unsigned> kept;
    for (auto [i, out] : llvm::enumerate(op.getOuts()))
      if (!out.use_empty()) {
        kept.push_back(i);
        outs.push_back(op.getYield().getOut()[i]);
        types.push_back(out.getType());
      }
    if (kept.size() == op.getNumOuts())
      return failure();
    llvm::append_range(types, op.getFinals().getTypes());
    YieldOp yield = op.getYield();
    rewriter.modifyOpInPlace(yield, [&] { yield.getOutMutable().assign(outs); });
    auto fresh =
        RecurrenceOp::create(rewriter, op.getLoc(), types, op->getOperands(), op.getProperties(),
                             llvm::to_vector(op->getDiscardableAttrs()));
    rewriter.inlineRegionBefore(op.getStep(), fresh.getStep(), fresh.getStep().end());
    SmallVector<Value> replacements(op.getNumResults());
    for (auto [position, index] : llvm::enumerate(kept))
      replacements[index] = fresh.getResult(position);
    for (auto [old, value] : llvm::zip_equal(op.getFinals(), fresh.getFinals()))
      replacements[old.getResultNumber()] = value;
    for (auto [result, value] : llvm::zip_equal(op.getResults(), replacements))
      if (value)
        rewriter.replaceAllUsesWith(result, value);
    rewriter.eraseOp(op);
    return success();
  }
};

/// With T = 0 known, a final state is its initial value; so is one whose next value is itself.
struct FoldUnchangedFinals : OpRewritePattern<RecurrenceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(RecurrenceOp op, PatternRewriter &rewriter) const override {
    bool changed = false;
    bool never = op.getStaticSteps() == 0;
    for (auto [next, state, initial, final] : llvm::zip_equal(
             op.getYield().getNext(), op.getStateArgs(), op.getInitial(), op.getFinals()))
      if ((never || next == state) && !final.use_empty() && initial.getType() == final.getType()) {
        rewriter.replaceAllUsesWith(final, initial);
        changed = true;
      }
    return success(changed);
  }
};

/// A size of a sequence op's result, or one that a reshape, padding or concatenation left alone, is
/// a size of the operand. Passes ask for sizes where values are made and thus find the arguments'.
struct FoldDim : OpRewritePattern<tensor::DimOp> {
  using OpRewritePattern::OpRewritePattern;

  /// The operand and dimension that size `dim` of `v` comes from, or null.
  static std::pair<Value, int64_t> origin(Value v, int64_t dim) {
    Operation *def = v.getDefiningOp();
    if (auto collapse = dyn_cast_if_present<tensor::CollapseShapeOp>(def)) {
      int64_t found = -1;
      ReassociationIndices group = collapse.getReassociationIndices()[dim];
      for (int64_t i : group)
        if (collapse.getSrcType().getDimSize(i) != 1)
          found = found == -1 ? i : -2;
      return {found >= 0 ? collapse.getSrc() : Value(), found};
    }
    if (auto expand = dyn_cast_if_present<tensor::ExpandShapeOp>(def)) {
      for (auto [i, group] : llvm::enumerate(expand.getReassociationIndices()))
        if (llvm::all_of(group, [&](int64_t j) {
              return (j == dim) != (expand.getResultType().getDimSize(j) == 1);
            }))
          return {expand.getSrc(), i};
    }
    if (auto concat = dyn_cast_if_present<tensor::ConcatOp>(def);
        concat && dim != int64_t(concat.getDim()))
      return {concat.getInputs().front(), dim};
    if (auto pad = dyn_cast_if_present<tensor::PadOp>(def);
        pad && isConstantIntValue(pad.getMixedLowPad()[dim], 0) &&
        isConstantIntValue(pad.getMixedHighPad()[dim], 0))
      return {pad.getSource(), dim};
    if (auto delay = dyn_cast_if_present<DelayOp>(def)) {
      if (v == delay.getFinal())
        return {delay.getInitial(), dim};
      return {delay.getInput(), dim <= int64_t(delay.getTime()) ? dim : dim - 1};
    }
    if (auto op = dyn_cast_if_present<RecurrenceOp>(def)) {
      unsigned number = cast<OpResult>(v).getResultNumber();
      if (number >= op.getNumOuts())
        return {op.getInitial()[number - op.getNumOuts()], dim};
      int64_t time = op.getTimeAxis();
      if (dim < op.getSequenceRank() && dim != time)
        return {op.getInitial().front(), dim < time ? dim : dim - 1};
      if (dim == time && !op.getInputs().empty())
        return {op.getInputs().front(), time};
    }
    return {};
  }

  LogicalResult matchAndRewrite(tensor::DimOp op, PatternRewriter &rewriter) const override {
    std::optional<int64_t> dim = op.getConstantIndex();
    auto type = dyn_cast<RankedTensorType>(op.getSource().getType());
    if (!dim || !type || *dim < 0 || *dim >= type.getRank())
      return failure();
    auto [source, position] = origin(op.getSource(), *dim);
    if (!source)
      return failure();
    rewriter.replaceOpWithNewOp<tensor::DimOp>(op, source, position);
    return success();
  }
};
} // namespace

void RecurrenceOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<DropUnusedOuts, FoldUnchangedFinals, FoldDim>(context);
}

RecurrenceOp seqc::seq::recreate(RecurrenceOp op, TypeRange results) {
  OpBuilder b(op);
  auto fresh = RecurrenceOp::create(b, op.getLoc(), results, op->getOperands(), op.getProperties(),
                                    llvm::to_vector(op->getDiscardableAttrs()));
  fresh.getStep().takeBody(op.getStep());
  return fresh;
}
