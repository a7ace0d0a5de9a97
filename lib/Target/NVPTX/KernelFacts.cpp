// How a call starts kernels, read off the code that does it.
#include "Tasks.h"
#include "seqc/Target/NVPTX.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/ConstantRange.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/PatternMatch.h"

using namespace llvm;
using namespace seqc;
using Kind = SizeFormula::Kind;

/// The sizes of all tensors of `f` in the order in which a body finds them.
static std::vector<SizeFormula> sizesOf(const FunctionSignature &f) {
  std::vector<SizeFormula> sizes;
  for (const auto *tensors : {&f.arguments, &f.results})
    for (const TensorSignature &tensor : *tensors) {
      if (tensor.isScalar && tensor.elementType == ElementType::Index)
        sizes.emplace_back();
      for (const DimSignature &dim : tensor.dims)
        sizes.push_back(dim.size >= 0     ? SizeFormula::ofNumber(dim.size)
                        : dim.symbol >= 0 ? SizeFormula::ofName(f.symbols[dim.symbol])
                                          : SizeFormula());
    }
  return sizes;
}

namespace {
/// Reads numbers that a body computes from its second argument, the array of sizes.
struct FormulaReader {
  std::vector<SizeFormula> sizes;

  SizeFormula read(Value *value, unsigned depth = 0);
  SizeFormula readLoad(LoadInst &load);
  SizeFormula ceilingOf(SelectInst &choice, unsigned depth);
  std::string conditionOf(Value *condition, bool holds);
  std::string conditionsOf(CallInst *call);
};
} // namespace

SizeFormula FormulaReader::readLoad(LoadInst &load) {
  Function &function = *load.getFunction();
  const DataLayout &layout = function.getParent()->getDataLayout();
  APInt offset(64, 0);
  Value *base = load.getPointerOperand()->stripAndAccumulateConstantOffsets(
      layout, offset, /*AllowNonInbounds=*/true);
  uint64_t index = offset.getZExtValue() / 8;
  return base == function.getArg(1) && index < sizes.size() ? sizes[index] : SizeFormula();
}

/// x == 0 ? 0 : (x - 1) / y + 1.
SizeFormula FormulaReader::ceilingOf(SelectInst &choice, unsigned depth) {
  SizeFormula rest = read(choice.getFalseValue(), depth + 1);
  auto isOne = [](const SizeFormula &part) { return part.isNumber() && part.number == 1; };
  if (!match(choice.getTrueValue(), PatternMatch::m_Zero()) || rest.kind != Kind::Sum ||
      !isOne(rest.parts[1]) || rest.parts[0].kind != Kind::Quotient)
    return {};
  const SizeFormula &quotient = rest.parts[0], &above = quotient.parts[0];
  if (above.kind != Kind::Difference || !isOne(above.parts[1]))
    return {};
  return SizeFormula::of(Kind::Ceiling, above.parts[0], quotient.parts[1]);
}

SizeFormula FormulaReader::read(Value *value, unsigned depth) {
  if (auto *number = dyn_cast<ConstantInt>(value))
    return SizeFormula::ofNumber(number->getSExtValue());
  auto *at = dyn_cast<Instruction>(value);
  if (!at || depth > 64)
    return {};
  if (auto *load = dyn_cast<LoadInst>(at))
    return readLoad(*load);
  if (auto *field = dyn_cast<ExtractValueInst>(at)) {
    Value *inserted = FindInsertedValue(field->getAggregateOperand(), field->getIndices());
    return inserted ? read(inserted, depth + 1) : SizeFormula();
  }
  using Kind = SizeFormula::Kind;
  Value *left, *right;
  if (PatternMatch::match(
          at, PatternMatch::m_SMax(PatternMatch::m_Value(left), PatternMatch::m_Value(right))))
    return SizeFormula::of(Kind::Maximum, read(left, depth + 1), read(right, depth + 1));
  if (auto *choice = dyn_cast<SelectInst>(at))
    return ceilingOf(*choice, depth);
  Kind kind = Kind::Unknown;
  switch (at->getOpcode()) {
  case Instruction::Add:
    kind = Kind::Sum;
    break;
  case Instruction::Sub:
    kind = Kind::Difference;
    break;
  case Instruction::Mul:
    kind = Kind::Product;
    break;
  case Instruction::SDiv:
  case Instruction::UDiv:
    kind = Kind::Quotient;
    break;
  default:
    return {};
  }
  return SizeFormula::of(kind, read(at->getOperand(0), depth + 1),
                         read(at->getOperand(1), depth + 1));
}

/// "x >= 3 and x < 9": that `size`, which is not negative, is in `range`.
static std::string textOf(const std::string &size, const ConstantRange &range) {
  const APInt &first = range.getLower(), &end = range.getUpper();
  bool hasFirst = first.isStrictlyPositive(), hasEnd = end.isStrictlyPositive();
  std::string above = size + " >= " + std::to_string(first.getZExtValue());
  std::string below = size + " < " + std::to_string(end.getZExtValue());
  if (hasFirst && hasEnd)
    return first.ult(end) ? above + " and " + below : below + " or " + above;
  return hasFirst ? above : hasEnd ? below : "";
}

static std::string bracketed(const std::string &condition) {
  return StringRef(condition).contains(" or ") ? "(" + condition + ")" : condition;
}

/// "x >= 3 and y < 2" if `condition` says so, or if it does not where `holds` is false; empty where
/// that is not known.
std::string FormulaReader::conditionOf(Value *condition, bool holds) {
  Value *left, *right;
  const APInt *bound;
  CmpPredicate compares;
  if (match(condition, PatternMatch::m_ICmp(compares, PatternMatch::m_Value(left),
                                            PatternMatch::m_APInt(bound)))) {
    ConstantRange range = ConstantRange::makeExactICmpRegion(compares, *bound);
    if (!holds)
      range = range.inverse();
    // Two bounds of a size may be one of its distance from one of them.
    if (const APInt *distance; match(left, PatternMatch::m_Add(PatternMatch::m_Value(left),
                                                               PatternMatch::m_APInt(distance))))
      range = range.subtract(*distance);
    SizeFormula size = read(left);
    bool isKnown = !ICmpInst::isEquality(compares) && size.kind != Kind::Unknown;
    return isKnown ? textOf(size.text(), range) : "";
  }
  bool isOr = match(condition, PatternMatch::m_LogicalOr(PatternMatch::m_Value(left),
                                                         PatternMatch::m_Value(right)));
  if (!isOr && !match(condition, PatternMatch::m_LogicalAnd(PatternMatch::m_Value(left),
                                                            PatternMatch::m_Value(right))))
    return {};
  std::string first = conditionOf(left, holds), second = conditionOf(right, holds);
  if (first.empty() || second.empty())
    return {};
  return isOr == holds ? first + " or " + second : bracketed(first) + " and " + bracketed(second);
}

/// What must hold of sizes where `call` runs, in a version of a function, too, as far as branches
/// on the only way to it say so.
std::string FormulaReader::conditionsOf(CallInst *call) {
  std::string found;
  if (Function &version = *call->getFunction(); version.hasOneUse())
    if (auto *outer = dyn_cast<CallInst>(*version.user_begin()))
      found = conditionsOf(outer);
  BasicBlock *block = call->getParent();
  while (BasicBlock *before = block->getSinglePredecessor()) {
    auto *branch = dyn_cast<BranchInst>(before->getTerminator());
    std::string own;
    if (branch && branch->isConditional())
      own = conditionOf(branch->getCondition(), branch->getSuccessor(0) == block);
    if (!own.empty())
      found = found.empty() ? own : bracketed(found) + " and " + bracketed(own);
    block = before;
  }
  return found;
}

std::vector<KernelFacts> seqc::describeKernels(Module &host, const ModuleSignature &signature) {
  std::vector<KernelFacts> kernels;
  for (const FunctionSignature &f : signature.functions) {
    FormulaReader reader{sizesOf(f)};
    for (auto [number, start] : enumerate(startsOfTasks(host, f.name))) {
      Function *task = taskOf(start);
      Expected<BlockShape> shape = blockShapeOf(*task);
      if (!shape) {
        consumeError(shape.takeError()); // makeKernels says it
        continue;
      }
      kernels.push_back(
          {kernelName(f.name, number),
           f.name,
           task->getName().str(),
           reader.read(start->getArgOperand(5)),
           isOfStep(start) ? reader.read(start->getArgOperand(7)) : SizeFormula::ofNumber(1),
           reader.conditionsOf(start),
           shape->threads,
           shape->items,
           blocksOf(*task, *shape),
           int64_t(sharedBytesOf(*task)),
           dynamicBytesOf(*task) != 0,
           {}});
    }
  }
  return kernels;
}
