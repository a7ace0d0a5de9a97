// A step at one element: every tensor that depends on the states becomes a scalar expression of
// the states at the same element and of elements of tensors that do not depend on them. Elements
// are in row-major order, so that reshapes change nothing. A tensor of fewer elements has the
// leading sizes: each of its elements is at all those of a larger one whose indices begin alike.
//
// Equal expressions are one object, operands of commutative ops have one order, and fast-math and
// overflow flags are left out: the proof compares expressions by their address.
#include "seqc/Analysis/StepExpr.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace seqc;

void Expr::Profile(llvm::FoldingSetNodeID &key) const {
  key.AddInteger(unsigned(kind));
  key.AddInteger(index);
  for (const void *part : std::initializer_list<const void *>{
           type.getAsOpaquePointer(), value.getAsOpaquePointer(), domain.getAsOpaquePointer(),
           constant.getAsOpaquePointer(), attributes.getAsOpaquePointer()})
    key.AddPointer(part);
  key.AddPointer(map ? map.getAsOpaquePointer() : nullptr);
  key.AddPointer(name ? name->getAsOpaquePointer() : nullptr);
  for (const Expr *operand : operands)
    key.AddPointer(operand);
}

const Expr *ExprPool::unique(Expr expr) {
  llvm::FoldingSetNodeID key;
  expr.Profile(key);
  void *place = nullptr;
  if (const Expr *found = set.FindNodeOrInsertPos(key, place))
    return found;
  expr.id = storage.size();
  if (expr.kind == Expr::Kind::State)
    expr.states = uint64_t(1) << expr.index;
  for (const Expr *operand : expr.operands)
    expr.states |= operand->states;
  storage.push_back(std::move(expr));
  set.InsertNode(&storage.back(), place);
  return &storage.back();
}

const Expr *ExprPool::free(Value value, AffineMap map, RankedTensorType domain) {
  Expr e;
  e.kind = Expr::Kind::Free;
  e.type = getElementTypeOrSelf(value.getType());
  e.value = value;
  e.map = map;
  e.domain = domain;
  return unique(std::move(e));
}

const Expr *ExprPool::leaf(Expr::Kind kind, unsigned index, Type type) {
  Expr e;
  e.kind = kind;
  e.index = index;
  e.type = type;
  return unique(std::move(e));
}

const Expr *ExprPool::constant(TypedAttr value) {
  Expr e;
  e.type = value.getType();
  e.constant = value;
  return unique(std::move(e));
}

const Expr *ExprPool::number(double value, Type type) {
  Builder b(context);
  return constant(isa<FloatType>(type) ? TypedAttr(b.getFloatAttr(type, value))
                                       : TypedAttr(b.getIntegerAttr(type, int64_t(value))));
}

const Expr *ExprPool::op(OperationName name, DictionaryAttr attributes,
                         ArrayRef<const Expr *> operands, Type type, Operation *origin) {
  Expr e;
  e.kind = Expr::Kind::Op;
  e.type = type;
  e.name = name;
  e.origin = origin;
  e.operands.assign(operands.begin(), operands.end());
  SmallVector<NamedAttribute> kept;
  for (NamedAttribute attribute : attributes)
    if (attribute.getName() != "fastmath" && attribute.getName() != "overflowFlags")
      kept.push_back(attribute);
  e.attributes = DictionaryAttr::get(context, kept);
  bool commutes = name.hasTrait<OpTrait::IsCommutative>() && operands.size() == 2;
  if (commutes && operands[1]->id < operands[0]->id)
    std::swap(e.operands[0], e.operands[1]);
  return unique(std::move(e));
}

const Expr *ExprPool::op(StringRef name, ArrayRef<const Expr *> operands, Type type) {
  return op(OperationName(name, context), DictionaryAttr::get(context), operands, type);
}

bool seqc::isNumber(const Expr *e, double value) {
  if (auto number = dyn_cast_if_present<FloatAttr>(e->constant))
    return number.getValueAsDouble() == value;
  if (auto number = dyn_cast_if_present<IntegerAttr>(e->constant))
    return double(number.getType().isInteger(1) ? number.getValue().getZExtValue()
                                                : number.getValue().getSExtValue()) == value;
  return false;
}

static bool isFloat(const Expr *e) { return isa<FloatType>(e->type); }

const Expr *ExprPool::add(const Expr *a, const Expr *b) {
  if (isNumber(a, 0))
    return b;
  return isNumber(b, 0) ? a : op(isFloat(a) ? "arith.addf" : "arith.addi", {a, b});
}

const Expr *ExprPool::sub(const Expr *a, const Expr *b) {
  if (isNumber(b, 0))
    return a;
  return isNumber(a, 0) ? neg(b) : op(isFloat(a) ? "arith.subf" : "arith.subi", {a, b});
}

const Expr *ExprPool::mul(const Expr *a, const Expr *b) {
  if (isNumber(a, 1))
    return b;
  return isNumber(b, 1) ? a : op(isFloat(a) ? "arith.mulf" : "arith.muli", {a, b});
}

const Expr *ExprPool::neg(const Expr *a) {
  if (a->isOp("arith.negf"))
    return a->operands[0];
  if (auto value = dyn_cast_if_present<FloatAttr>(a->constant))
    return constant(FloatAttr::get(value.getType(), -value.getValue()));
  return isFloat(a) ? op("arith.negf", {a}) : op("arith.subi", {number(0, a->type), a});
}

const Expr *ExprPool::select(const Expr *flag, const Expr *a, const Expr *b) {
  return a == b ? a : op("arith.select", {flag, a, b});
}

const Expr *ExprPool::either(const Expr *a, const Expr *b) {
  return a == b ? a : op("arith.ori", {a, b});
}

const Expr *ExprPool::isInfinite(const Expr *a) {
  const Expr *size = op("math.absf", {a});
  auto predicate = arith::CmpFPredicateAttr::get(context, arith::CmpFPredicate::OEQ);
  auto attributes = DictionaryAttr::get(context, NamedAttribute("predicate", predicate));
  return op(OperationName("arith.cmpf", context), attributes,
            {size, number(std::numeric_limits<double>::infinity(), a->type)},
            IntegerType::get(context, 1));
}

static RankedTensorType tensorType(Value v) { return dyn_cast<RankedTensorType>(v.getType()); }

StepExprs::StepExprs(seq::RecurrenceOp op, bool wholeStep)
    : pool(op.getContext()), wholeStep(wholeStep) {
  for (auto [i, state] : llvm::enumerate(op.getStateArgs()))
    known[state] = pool.leaf(Expr::Kind::State, i, tensorType(state).getElementType());
  for (Operation &inner : op.getBody()->without_terminator())
    visit(&inner);
}

const Expr *StepExprs::leaf(Value v, AffineMap map, RankedTensorType domain) {
  if (auto fill = v.getDefiningOp<linalg::FillOp>())
    v = fill.value();
  if (auto splat = v.getDefiningOp<tensor::SplatOp>())
    v = splat.getInput();
  Attribute value;
  if (matchPattern(v, m_Constant(&value))) {
    if (auto splat = dyn_cast<SplatElementsAttr>(value))
      value = splat.getSplatValue<Attribute>();
    if (isa<FloatAttr, IntegerAttr>(value))
      return pool.constant(cast<TypedAttr>(value));
  }
  if (!tensorType(v))
    return pool.free(v, {}, {});
  // One domain for equal elements: only the sizes that matter.
  SmallVector<AffineExpr> dims;
  for (auto [i, size] : llvm::enumerate(domain.getShape()))
    dims.push_back(size == 1 ? getAffineConstantExpr(0, v.getContext())
                             : getAffineDimExpr(i, v.getContext()));
  unsigned used = 0;
  AffineMap at = map.replaceDimsAndSymbols(dims, {}, domain.getRank(), 0);
  at.walkExprs([&](AffineExpr e) {
    if (auto dim = dyn_cast<AffineDimExpr>(e))
      used = std::max(used, dim.getPosition() + 1);
  });
  return pool.free(
      v, AffineMap::get(used, 0, at.getResults(), v.getContext()),
      RankedTensorType::get(domain.getShape().take_front(used), tensorType(v).getElementType()));
}

const Expr *StepExprs::of(Value v) {
  auto it = known.find(v);
  if (it != known.end())
    return it->second;
  return opaque.contains(v) ? nullptr : whole(v);
}

/// This element of `v`, which is no expression of others.
const Expr *StepExprs::whole(Value v) {
  RankedTensorType type = tensorType(v);
  AffineMap map =
      type ? AffineMap::getMultiDimIdentityMap(type.getRank(), v.getContext()) : AffineMap();
  return leaf(v, map, type);
}

/// True if `op` only gives its first operand another shape.
static bool reshapes(Operation *op) {
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return slice.getType().hasStaticShape() && slice.getSourceType().hasStaticShape() &&
           slice.getType().getNumElements() == slice.getSourceType().getNumElements();
  return isa<tensor::CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op) &&
         cast<RankedTensorType>(op->getResult(0).getType()).hasStaticShape();
}

bool StepExprs::elementwise(Operation *op) {
  if (op->getNumResults() != 1 || op->getNumRegions() != 0)
    return false;
  SmallVector<const Expr *> operands;
  for (Value v : op->getOperands())
    operands.push_back(of(v));
  if (llvm::is_contained(operands, nullptr))
    return false;
  const Expr *e = pool.op(op->getName(), op->getAttrDictionary(), operands,
                          getElementTypeOrSelf(op->getResult(0).getType()), op);
  known[op->getResult(0)] = e;
  return true;
}

bool seqc::readsLeading(AffineMap map, ArrayRef<int64_t> shape, ArrayRef<int64_t> domain) {
  unsigned leading = 0;
  for (auto [i, size] : llvm::enumerate(shape)) {
    auto dim = dyn_cast<AffineDimExpr>(map.getResult(i));
    if (leading == i && dim && dim.getPosition() == i && size == domain[i])
      ++leading;
    else if (size != 1)
      return false;
  }
  return true;
}

bool StepExprs::structured(Operation *op) {
  auto linalgOp = cast<linalg::LinalgOp>(op);
  if (!linalgOp.hasPureTensorSemantics() ||
      linalgOp.getNumParallelLoops() != linalgOp.getNumLoops())
    return false;
  AffineMap out = linalgOp.getMatchingIndexingMap(linalgOp.getDpsInitOperand(0));
  auto domain = cast<RankedTensorType>(op->getResult(0).getType());
  if (!out.isPermutation() || !domain.hasStaticShape())
    return false;
  for (OpOperand &init : linalgOp.getDpsInitsMutable())
    if (linalgOp.getMatchingIndexingMap(&init) != out)
      return false;
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = linalgOp.getMatchingIndexingMap(&operand).compose(inversePermutation(out));
    Value v = operand.get();
    bool inPlace = map.isIdentity() || (tensorType(v) && readsLeading(map, tensorType(v).getShape(),
                                                                      domain.getShape()));
    if (touched(v) && (!inPlace || !known.contains(v)))
      return false;
    known[linalgOp.getMatchingBlockArgument(&operand)] =
        touched(v) ? known.lookup(v) : leaf(v, map, domain);
  }
  Block *body = linalgOp.getBlock();
  for (Operation &inner : body->without_terminator())
    if (!matchPattern(&inner, m_Constant()) &&
        !(OpTrait::hasElementwiseMappableTraits(&inner) && elementwise(&inner)))
      return false;
  for (auto [result, yielded] :
       llvm::zip_equal(op->getResults(), body->getTerminator()->getOperands())) {
    const Expr *e = of(yielded);
    if (!e)
      return false;
    known[result] = e;
  }
  return true;
}

bool StepExprs::conditional(Operation *op) {
  auto branch = cast<scf::IfOp>(op);
  if (touched(branch.getCondition()) || branch.getElseRegion().empty())
    return false;
  for (Region *region : {&branch.getThenRegion(), &branch.getElseRegion()})
    for (Operation &inner : region->front().without_terminator()) {
      if (!isPure(&inner))
        return false;
      visit(&inner);
    }
  const Expr *condition = of(branch.getCondition());
  for (auto [result, yes, no] : llvm::zip_equal(op->getResults(), branch.thenYield().getOperands(),
                                                branch.elseYield().getOperands())) {
    const Expr *a = of(yes), *b = of(no);
    if (!a || !b)
      return false;
    known[result] = pool.select(condition, a, b);
  }
  return true;
}

void StepExprs::visit(Operation *op) {
  SetVector<Value> used;
  used.insert(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), used);
  bool reads = wholeStep || llvm::any_of(used, [&](Value v) { return touched(v); });
  if (isa<tensor::DimOp>(op) || !reads)
    return;
  Operation *breaker = op;
  bool understood = false;
  auto known_ = [&](Value v) { return !opaque.contains(v); };
  if (!llvm::all_of(used, known_))
    breaker = opaque.lookup(*llvm::find_if_not(used, known_));
  else if (reshapes(op)) {
    const Expr *source = known.lookup(op->getOperand(0));
    known[op->getResult(0)] = source;
    understood = source != nullptr;
  } else if (isa<linalg::LinalgOp>(op))
    understood = structured(op);
  else if (isa<scf::IfOp>(op))
    understood = conditional(op);
  else if (OpTrait::hasElementwiseMappableTraits(op))
    understood = elementwise(op);
  for (Value result : op->getResults())
    if (!understood && wholeStep) {
      known[result] = whole(result);
    } else if (!understood) {
      known.erase(result);
      opaque.insert({result, breaker});
    }
}
