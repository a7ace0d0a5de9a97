// seq.scan: syntax and constraints.
#include "Bindings.h"
#include "seqc/Dialect/Seq/IR/Captures.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace seqc::seq;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

//===-----------------------------------------------------------------------===//
// Syntax
//===-----------------------------------------------------------------------===//

/// A region of one block; without a terminator nothing could be said of it.
static ParseResult parseBody(OpAsmParser &p, Region &region, ArrayRef<OpAsmParser::Argument> args) {
  SMLoc loc = p.getCurrentLocation();
  if (p.parseRegion(region, args))
    return failure();
  if (region.empty())
    return p.emitError(loc, "expected a region of one block that ends in seq.yield");
  return success();
}

static ParseResult parseArguments(OpAsmParser &p, SmallVectorImpl<OpAsmParser::Argument> &args) {
  return p.parseArgumentList(args, AsmParser::Delimiter::Paren, /*allowType=*/true);
}

static ParseResult parseRegions(OpAsmParser &p, OperationState &result,
                                ArrayRef<OpAsmParser::Argument> bound) {
  Region *lift = result.addRegion(), *combine = result.addRegion(), *read = result.addRegion();
  SmallVector<OpAsmParser::Argument> elements, seen;
  if (p.parseKeyword("lift") || parseBody(p, *lift, bound) || p.parseKeyword("combine") ||
      parseArguments(p, elements) || p.parseKeyword("with") || parseArguments(p, elements) ||
      parseBody(p, *combine, elements))
    return failure();
  if (failed(p.parseOptionalKeyword("read")))
    return success();
  return failure(parseArguments(p, seen) || parseBody(p, *read, seen));
}

ParseResult ScanOp::parse(OpAsmParser &p, OperationState &result) {
  Properties &props = result.getOrAddProperties<Properties>();
  UnitAttr unit = p.getBuilder().getUnitAttr();
  if (succeeded(p.parseOptionalKeyword("reverse")))
    props.reverse = unit;
  if (succeeded(p.parseOptionalKeyword("exclusive")))
    props.exclusive = unit;
  SmallVector<Binding> groups[3];
  SmallVector<OpAsmParser::UnresolvedOperand> resets, offsets, steps, initial, operands;
  if (parseBindings(p, groups) || parseOptionalOperandClause(p, "resets", resets) ||
      parseOptionalOperandClause(p, "cu_seqlens", offsets) ||
      parseOptionalOperandClause(p, "steps", steps) || p.parseKeyword("initial") ||
      p.parseOperandList(initial, AsmParser::Delimiter::Paren))
    return failure();
  SmallVector<OpAsmParser::Argument> bound;
  for (auto &group : groups)
    for (const Binding &binding : group) {
      bound.push_back(binding.arg);
      operands.push_back(binding.operand);
    }
  llvm::append_range(operands, resets);
  llvm::append_range(operands, offsets);
  llvm::append_range(operands, steps);
  llvm::append_range(operands, initial);
  if (parseRegions(p, result, bound) || parseOptionalSchedule(p, props.schedule))
    return failure();
  props.operandSegmentSizes = {int(groups[0].size()), int(groups[1].size()), int(groups[2].size()),
                               int(resets.size()),    int(offsets.size()),   int(steps.size()),
                               int(initial.size())};
  return parseTypes(p, result, operands);
}

static TimedOperands timed(ScanOp op) {
  ValueRange bound = op.getLift().getArguments();
  size_t inputs = op.getInputs().size(), shared = op.getShared().size();
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
          bound.take_front(inputs),
          bound.drop_front(inputs).take_front(shared),
          bound.drop_front(inputs + shared)};
}

void ScanOp::print(OpAsmPrinter &p) {
  if (getReverse())
    p << " reverse";
  if (getExclusive())
    p << " exclusive";
  printBindings(p, timed(*this));
  p << " initial(" << getInitial() << ") lift ";
  p.printRegion(getLift(), /*printEntryBlockArgs=*/false);
  auto arguments = [&](Block::BlockArgListType args) {
    p << "(";
    llvm::interleaveComma(args, p, [&](BlockArgument arg) { p.printRegionArgument(arg); });
    p << ") ";
  };
  p << " combine";
  arguments(getEarlierArgs());
  p << "with";
  arguments(getLaterArgs());
  p.printRegion(getCombine(), /*printEntryBlockArgs=*/false);
  if (!getRead().empty()) {
    p << " read";
    arguments(getRead().getArguments());
    p.printRegion(getRead(), /*printEntryBlockArgs=*/false);
  }
  printOptionalSchedule(p, getScheduleAttr());
  p.printOptionalAttrDict((*this)->getAttrs(),
                          {"operandSegmentSizes", "reverse", "exclusive", "schedule"});
  p << " : ";
  p.printFunctionalType(getOperation());
}

void ScanOp::getAsmBlockArgumentNames(Region &region, OpAsmSetValueNameFn setName) {
  if (&region == &getCombine()) {
    for (auto [i, arg] : llvm::enumerate(region.getArguments()))
      setName(arg, i < getNumComponents() ? "a" : "b");
    return;
  }
  size_t inputs = getInputs().size(), shared = inputs + getShared().size(),
         given = shared + getGiven().size();
  for (auto [i, arg] : llvm::enumerate(region.getArguments()))
    setName(arg, i < inputs ? "x" : i < shared ? "s" : i < given ? "g" : "h");
}

//===-----------------------------------------------------------------------===//
// Constraints
//===-----------------------------------------------------------------------===//

int64_t ScanOp::getBatchRank() {
  return typeOf(getInitial().front()).getRank() - typeOf(getCombine().getArgument(0)).getRank();
}

int64_t ScanOp::getTimeAxis() {
  return isPacked() ? 0 : int64_t(getTime().value_or(getBatchRank()));
}

Block::BlockArgListType ScanOp::getEarlierArgs() {
  return getCombine().getArguments().take_front(getNumComponents());
}
Block::BlockArgListType ScanOp::getLaterArgs() {
  return getCombine().getArguments().drop_front(getNumComponents());
}

/// C1
static LogicalResult checkComponents(ScanOp op) {
  unsigned count = op.getNumComponents(), args = op.getCombine().getNumArguments();
  if (count == 0)
    return op.emitOpError("expected at least one initial value, but got none");
  if (args != 2 * count)
    return op.emitOpError() << "expected 'combine' to have " << 2 * count
                            << " arguments, two for each initial value, but got " << args;
  for (auto [i, earlier, later] : llvm::enumerate(op.getEarlierArgs(), op.getLaterArgs())) {
    if (failed(
            checkStateType(op, earlier.getType(), op.getNarrowState(), "component #" + Twine(i))))
      return failure();
    if (earlier.getType() != later.getType())
      return op.emitOpError() << "expected component #" << i << " of the later element to be "
                              << earlier.getType() << ", but got " << later.getType();
  }
  return success();
}

LogicalResult ScanOp::verify() {
  if (failed(checkComponents(*this)))
    return failure();
  size_t bound = getInputs().size() + getShared().size() + getGiven().size(); // C3
  if (getLift().getNumArguments() != bound)
    return emitOpError() << "expected 'lift' to have " << bound
                         << " arguments, one per 'in', 'shared' and 'given', but got "
                         << getLift().getNumArguments();
  for (auto [i, initial, arg] : llvm::enumerate(getInitial(), getEarlierArgs())) { // C5
    int64_t rank = typeOf(initial).getRank() - typeOf(arg).getRank();
    if (rank < 0 || rank != getBatchRank())
      return emitOpError() << "expected every initial value to have the same number of batch "
                              "dimensions, but initial value #"
                           << i << " is " << typeOf(initial) << " for a component " << typeOf(arg);
    if (failed(checkBinding(timed(*this), initial, arg, rank, "initial value #" + Twine(i),
                            "[batch…, component…]")))
      return failure();
  }
  return checkTimedOperands(timed(*this)); // C6
}

/// C2, C3, C4: `region` ends in a seq.yield with `next` of these types and, unless `outs`,
/// nothing else.
static LogicalResult checkYield(ScanOp op, Region &region, StringRef name, TypeRange next,
                                bool outs) {
  auto yield = dyn_cast<YieldOp>(region.front().getTerminator());
  if (!yield)
    return op.emitOpError() << "expected '" << name << "' to end in seq.yield, but got "
                            << region.front().getTerminator()->getName();
  if (yield.getNext().size() != next.size() || (!outs && !yield.getOut().empty())) {
    auto diag = yield.emitOpError()
                << "expected '" << name << "' to yield " << next.size() << " 'next'"
                << (outs ? "" : " and no 'out'") << ", but got " << yield.getNext().size();
    return outs ? diag : diag << " and " << yield.getOut().size();
  }
  for (auto [i, value, type] : llvm::enumerate(yield.getNext(), next))
    if (value.getType() != type)
      return yield.emitOpError() << "expected '" << name << "' to yield component #" << i << " as "
                                 << type << ", but got " << value.getType();
  return success();
}

/// C4
static LogicalResult checkRead(ScanOp op) {
  SmallVector<Type> wanted(op.getLift().getArgumentTypes());
  llvm::append_range(wanted, TypeRange(ValueRange(op.getEarlierArgs())));
  if (op.getRead().getNumArguments() != wanted.size())
    return op.emitOpError() << "expected 'read' to have " << wanted.size()
                            << " arguments, those of 'lift' and the components, but got "
                            << op.getRead().getNumArguments();
  for (auto [i, want, got] : llvm::enumerate(wanted, op.getRead().getArgumentTypes()))
    if (want != got)
      return op.emitOpError() << "expected argument #" << i << " of 'read' to be " << want
                              << ", but got " << got;
  return checkYield(op, op.getRead(), "read", TypeRange(), /*outs=*/true);
}

LogicalResult ScanOp::verifyRegions() {
  auto components = llvm::map_to_vector(getEarlierArgs(), [](Value v) { return v.getType(); });
  if (failed(checkYield(*this, getLift(), "lift", components, /*outs=*/false)) ||
      failed(checkYield(*this, getCombine(), "combine", components, /*outs=*/false)) ||
      (!getRead().empty() && failed(checkRead(*this))))
    return failure();
  SetVector<Operation *> slice;
  if (Value bad = collectConstants(getCombine(), slice)) {
    auto diag = emitOpError("expected 'combine' to use from outside only what follows from "
                            "constants");
    diag.attachNote(bad.getLoc()) << "this value does not";
    return diag;
  }
  SmallVector<Type> expected; // C7
  SmallVector<Type> outs = components;
  if (!getRead().empty())
    outs.assign(getRead().front().getTerminator()->operand_type_begin(),
                getRead().front().getTerminator()->operand_type_end());
  for (Type type : outs)
    expected.push_back(getSequenceType(timed(*this), cast<RankedTensorType>(type)));
  for (Type type : components)
    expected.push_back(getBatchedType(timed(*this), cast<RankedTensorType>(type)));
  if (expected.size() != getNumResults())
    return emitOpError() << "expected " << expected.size() << " results (" << outs.size()
                         << " outs, " << components.size() << " final components), but got "
                         << getNumResults();
  return checkResultTypes(*this, expected);
}
