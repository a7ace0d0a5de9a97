// From a step that is affine in its states to its scan form.
//
// Each tensor of the step is seen as Σ_j A_j h_j + u, with coefficients A_j and u that are free of
// the states and are built as IR where an op needs them. Sums add coefficients, products and
// quotients by a free factor scale them, a free select chooses between them. A select between a
// free value and one of the states drops the states: that is a flag, never a factor 0.
#include "seqc/Dialect/Seq/Transforms/FormScan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "seqc/Analysis/StepClass.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace seqc;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

namespace {
/// A coefficient: zero, one, or a value; with `drop`, zero where that flag (i1) is set.
struct Coef {
  enum Kind { Zero, One, Some } kind = Zero;
  Value value, drop;
  bool isZero() const { return kind == Zero; }
};

/// Σ_j coefs[j] h_j + u.
struct Linear {
  SmallVector<Coef> coefs;
  Value u; ///< null: zero
  bool depends() const {
    return llvm::any_of(coefs, [](const Coef &c) { return !c.isZero(); });
  }
};

struct Former {
  seq::RecurrenceOp op;
  ScanFormed result;
  unsigned states;
  DenseMap<Value, Linear> linear;
  Operation *breaker = nullptr;

  explicit Former(seq::RecurrenceOp op) : op(op), states(op.getNumStates()) {}
  const Linear *dependent(Value v) {
    auto it = linear.find(v);
    return it == linear.end() ? nullptr : &it->second;
  }
  bool openGenerics();
  bool openGeneric(linalg::GenericOp generic);
  bool visit(Operation *inner);
  void run();
  bool formAffine();
  bool formSimple();
};
} // namespace

static Value constantLike(OpBuilder &b, Location loc, RankedTensorType type, double v) {
  Attribute element = isa<FloatType>(type.getElementType())
                          ? Attribute(b.getFloatAttr(type.getElementType(), v))
                          : Attribute(b.getIntegerAttr(type.getElementType(), int64_t(v)));
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, element));
}

//===-----------------------------------------------------------------------===//
// linalg.generic as ops on tensors
//===-----------------------------------------------------------------------===//

/// An elementwise generic on state-dependent values becomes ops on whole tensors.
bool Former::openGeneric(linalg::GenericOp generic) {
  if (generic.getNumReductionLoops() || !generic.hasPureTensorSemantics())
    return false;
  auto type = typeOf(generic->getResult(0));
  if (!type.hasStaticShape())
    return false;
  for (OpOperand &init : generic.getDpsInitsMutable())
    if (!generic.getMatchingIndexingMap(&init).isIdentity())
      return false;
  for (Operation &inner : generic.getBody()->without_terminator())
    if (inner.getNumRegions() || isa<linalg::IndexOp>(inner) ||
        !(OpTrait::hasElementwiseMappableTraits(&inner) || isa<arith::ConstantOp>(inner)))
      return false;
  OpBuilder b(generic);
  Location loc = generic.getLoc();
  IRMapping map;
  auto ofShape = [&](Type element) { return RankedTensorType::get(type.getShape(), element); };
  for (OpOperand &operand : generic->getOpOperands()) {
    BlockArgument arg = generic.getMatchingBlockArgument(&operand);
    if (arg.use_empty())
      continue;
    Value v = operand.get();
    AffineMap indices = generic.getMatchingIndexingMap(&operand);
    if (!isa<RankedTensorType>(v.getType())) {
      map.map(arg, tensor::SplatOp::create(b, loc, ofShape(v.getType()), v).getResult());
      continue;
    }
    if (indices.isIdentity()) {
      map.map(arg, v);
      continue;
    }
    SmallVector<int64_t> missing;
    SmallVector<unsigned> kept;
    for (AffineExpr e : indices.getResults()) {
      auto dim = dyn_cast<AffineDimExpr>(e);
      if (!dim || (!kept.empty() && dim.getPosition() <= kept.back()))
        return false;
      kept.push_back(dim.getPosition());
    }
    for (int64_t d = 0; d < type.getRank(); ++d)
      if (!llvm::is_contained(kept, unsigned(d)))
        missing.push_back(d);
    Value empty = tensor::EmptyOp::create(b, loc, type.getShape(), typeOf(v).getElementType());
    map.map(arg, linalg::BroadcastOp::create(b, loc, v, empty, missing)->getResult(0));
  }
  auto lookup = [&](Value v) -> Value {
    if (Value mapped = map.lookupOrNull(v))
      return mapped;
    return tensor::SplatOp::create(b, loc, ofShape(v.getType()), v);
  };
  for (Operation &inner : generic.getBody()->without_terminator()) {
    if (auto constant = dyn_cast<arith::ConstantOp>(inner)) {
      auto attr = DenseElementsAttr::get(ofShape(constant.getType()), Attribute(constant.getValue()));
      map.map(inner.getResult(0), arith::ConstantOp::create(b, loc, attr).getResult());
      continue;
    }
    OperationState state(inner.getLoc(), inner.getName());
    for (Value v : inner.getOperands())
      state.addOperands(lookup(v));
    for (Type t : inner.getResultTypes())
      state.addTypes(ofShape(t));
    state.addAttributes(inner.getAttrs());
    map.map(inner.getResults(), b.create(state)->getResults());
  }
  for (auto [r, v] : llvm::zip_equal(generic.getResults(), generic.getBody()->getTerminator()->getOperands()))
    r.replaceAllUsesWith(lookup(v));
  generic.erase();
  return true;
}

/// Generics that read a state, directly or through others.
bool Former::openGenerics() {
  DenseSet<Value> reached;
  reached.insert(op.getStateArgs().begin(), op.getStateArgs().end());
  for (Operation &inner : llvm::make_early_inc_range(op.getBody()->without_terminator())) {
    if (llvm::none_of(inner.getOperands(), [&](Value v) { return reached.contains(v); }))
      continue;
    Block::iterator before(&inner);
    auto previous = before == op.getBody()->begin() ? op.getBody()->begin() : std::prev(before);
    bool first = before == op.getBody()->begin();
    auto generic = dyn_cast<linalg::GenericOp>(inner);
    if (generic && openGeneric(generic)) {
      // What took its place reads states, too.
      for (auto it = first ? op.getBody()->begin() : std::next(previous);
           it != op.getBody()->end(); ++it)
        if (llvm::any_of(it->getOperands(), [&](Value v) { return reached.contains(v); }))
          reached.insert(it->result_begin(), it->result_end());
      continue;
    }
    reached.insert(inner.result_begin(), inner.result_end());
  }
  return true;
}

//===-----------------------------------------------------------------------===//
// Linear forms
//===-----------------------------------------------------------------------===//

namespace {
/// Builds coefficients at one place.
struct Builder {
  OpBuilder b;
  Location loc;
  RankedTensorType type;
  bool isFloat() const { return isa<FloatType>(type.getElementType()); }

  Value valueOf(const Coef &c) {
    return c.kind == Coef::Some ? c.value : constantLike(b, loc, type, c.kind == Coef::One);
  }
  Value orZero(Value u) { return u ? u : constantLike(b, loc, type, 0); }
  Value add(Value x, Value y) {
    if (!x || !y)
      return x ? x : y;
    return isFloat() ? arith::AddFOp::create(b, loc, x, y).getResult()
                     : arith::AddIOp::create(b, loc, x, y).getResult();
  }
  Value negate(Value x) {
    if (!x)
      return x;
    return isFloat() ? arith::NegFOp::create(b, loc, x).getResult()
                     : arith::SubIOp::create(b, loc, constantLike(b, loc, type, 0), x).getResult();
  }
  Value scale(Value x, Value factor, bool divide) {
    if (!x)
      return x;
    if (divide)
      return arith::DivFOp::create(b, loc, x, factor);
    return isFloat() ? arith::MulFOp::create(b, loc, x, factor).getResult()
                     : arith::MulIOp::create(b, loc, x, factor).getResult();
  }
  std::optional<Coef> add(const Coef &x, const Coef &y) {
    if (x.isZero() || y.isZero())
      return x.isZero() ? y : x;
    if (x.drop != y.drop)
      return std::nullopt;
    return Coef{Coef::Some, add(valueOf(x), valueOf(y)), x.drop};
  }
  Coef negate(const Coef &c) {
    return c.isZero() ? c : Coef{Coef::Some, negate(valueOf(c)), c.drop};
  }
  Coef scale(const Coef &c, Value factor, bool divide) {
    if (c.isZero())
      return c;
    if (c.kind == Coef::One && !divide)
      return {Coef::Some, factor, c.drop};
    return {Coef::Some, scale(valueOf(c), factor, divide), c.drop};
  }
};
} // namespace

/// Follows one op; false if it is not affine in the states.
bool Former::visit(Operation *inner) {
  SmallVector<const Linear *> operands;
  bool any = false;
  for (Value v : inner->getOperands()) {
    operands.push_back(dependent(v));
    any |= operands.back() != nullptr;
  }
  bool captured = false;
  inner->walk([&](Operation *nested) {
    if (nested != inner)
      for (Value v : nested->getOperands())
        captured |= dependent(v) != nullptr;
  });
  if (!any && !captured)
    return true;
  auto type = inner->getNumResults() == 1
                  ? dyn_cast<RankedTensorType>(inner->getResult(0).getType())
                  : RankedTensorType();
  if (captured || !type)
    return false;
  OpBuilder at(inner);
  at.setInsertionPointAfter(inner);
  Builder b{at, inner->getLoc(), type};
  Linear made;
  made.coefs.resize(states);
  auto partOf = [&](unsigned i) {
    Linear part;
    if (operands[i])
      return *operands[i];
    part.coefs.resize(states);
    part.u = inner->getOperand(i);
    return part;
  };
  if (isa<arith::AddFOp, arith::AddIOp, arith::SubFOp, arith::SubIOp>(inner)) {
    Linear x = partOf(0), y = partOf(1);
    if (isa<arith::SubFOp, arith::SubIOp>(inner)) {
      for (Coef &c : y.coefs)
        c = b.negate(c);
      y.u = b.negate(y.u);
    }
    for (unsigned j = 0; j < states; ++j) {
      std::optional<Coef> sum = b.add(x.coefs[j], y.coefs[j]);
      if (!sum)
        return false;
      made.coefs[j] = *sum;
    }
    made.u = b.add(x.u, y.u);
  } else if (isa<arith::NegFOp>(inner)) {
    made = partOf(0);
    for (Coef &c : made.coefs)
      c = b.negate(c);
    made.u = b.negate(made.u);
  } else if (isa<arith::MulFOp, arith::MulIOp, arith::DivFOp>(inner)) {
    bool divide = isa<arith::DivFOp>(inner);
    if ((operands[0] && operands[1]) || (divide && operands[1]))
      return false;
    unsigned d = operands[0] ? 0 : 1;
    Value factor = inner->getOperand(1 - d);
    made = partOf(d);
    for (Coef &c : made.coefs)
      c = b.scale(c, factor, divide);
    made.u = b.scale(made.u, factor, divide);
  } else if (isa<math::FmaOp>(inner)) {
    if (operands[0] && operands[1])
      return false;
    Linear sum = partOf(2);
    if (operands[0] || operands[1]) {
      unsigned d = operands[0] ? 0 : 1;
      Linear product = partOf(d);
      Value factor = inner->getOperand(1 - d);
      for (unsigned j = 0; j < states; ++j) {
        std::optional<Coef> c = b.add(b.scale(product.coefs[j], factor, false), sum.coefs[j]);
        if (!c)
          return false;
        made.coefs[j] = *c;
      }
      made.u = b.add(b.scale(product.u, factor, false), sum.u);
    } else {
      made = sum;
      made.u = b.add(arith::MulFOp::create(b.b, b.loc, inner->getOperand(0), inner->getOperand(1)),
                     sum.u);
    }
  } else if (auto select = dyn_cast<arith::SelectOp>(inner)) {
    if (operands[0])
      return false;
    Value flag = select.getCondition();
    if (!isa<RankedTensorType>(flag.getType()))
      flag = tensor::SplatOp::create(
          b.b, b.loc, RankedTensorType::get(type.getShape(), flag.getType()), flag);
    Linear x = partOf(1), y = partOf(2);
    if (!x.depends() || !y.depends()) {
      // Dropped where the free side is chosen.
      Linear &kept = x.depends() ? x : y;
      Value drop = flag;
      if (x.depends()) {
        auto boolType = cast<RankedTensorType>(flag.getType());
        Value ones = constantLike(b.b, b.loc, boolType, 1);
        drop = arith::XOrIOp::create(b.b, b.loc, flag, ones);
      }
      for (unsigned j = 0; j < states; ++j) {
        Coef c = kept.coefs[j];
        if (!c.isZero())
          c.drop = c.drop ? arith::OrIOp::create(b.b, b.loc, c.drop, drop).getResult() : drop;
        made.coefs[j] = c;
      }
    } else {
      for (unsigned j = 0; j < states; ++j) {
        Coef p = x.coefs[j], q = y.coefs[j];
        if (p.drop != q.drop)
          return false;
        if (p.isZero() && q.isZero())
          continue;
        if (p.isZero() || q.isZero()) // the other must be dropped, not multiplied by 0
          return false;
        made.coefs[j] = {Coef::Some,
                         arith::SelectOp::create(b.b, b.loc, flag, b.valueOf(p), b.valueOf(q)),
                         p.drop};
      }
    }
    made.u = arith::SelectOp::create(b.b, b.loc, flag, b.orZero(x.u), b.orZero(y.u));
  } else if (auto cast = dyn_cast<tensor::CastOp>(inner)) {
    return false;
  } else {
    return false;
  }
  linear[inner->getResult(0)] = made;
  return true;
}

//===-----------------------------------------------------------------------===//
// Scan forms
//===-----------------------------------------------------------------------===//

/// `op` with further states, whose final results nobody uses.
static seq::RecurrenceOp appendStates(seq::RecurrenceOp op, ValueRange initial) {
  SmallVector<Type> types(op.getResultTypes());
  Block *body = op.getBody();
  OpBuilder b(op);
  for (Value v : initial) {
    auto whole = typeOf(v);
    types.push_back(whole);
    body->addArgument(RankedTensorType::get(whole.getShape().drop_front(op.getBatchRank()),
                                            whole.getElementType()),
                      op.getLoc());
  }
  op.getInitialMutable().append(initial);
  auto fresh = seq::RecurrenceOp::create(b, op.getLoc(), types, op->getOperands(),
                                         op.getProperties(),
                                         llvm::to_vector(op->getDiscardableAttrs()));
  fresh.getStep().takeBody(op.getStep());
  op->replaceAllUsesWith(fresh->getResults().take_front(op.getNumResults()));
  op.erase();
  return fresh;
}

/// An initial value like that of state 0 with another element type, full of `v`.
static Value splatInitial(OpBuilder &b, seq::RecurrenceOp op, Type element, double v) {
  Location loc = op.getLoc();
  Value like = op.getInitial().front();
  auto type = RankedTensorType::get(typeOf(like).getShape(), element);
  Attribute attr = isa<FloatType>(element) ? Attribute(b.getFloatAttr(element, v))
                                           : Attribute(b.getIntegerAttr(element, int64_t(v)));
  Value scalar = arith::ConstantOp::create(b, loc, cast<TypedAttr>(attr));
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, like);
  Value empty = tensor::EmptyOp::create(b, loc, sizes, element);
  if (empty.getType() != type)
    empty = tensor::CastOp::create(b, loc, type, empty);
  return linalg::FillOp::create(b, loc, scalar, empty).getResult(0);
}

/// Who reads a next state reads it from `combine`, behind which it moves.
static void readFromCombine(seq::RecurrenceOp op, seq::CombineOp combine) {
  seq::YieldOp yield = op.getYield();
  DenseSet<Operation *> needed; // by what is combined
  SmallVector<Value> work(combine.getLater().begin(), combine.getLater().end());
  while (!work.empty()) {
    Operation *def = work.pop_back_val().getDefiningOp();
    if (!def || def->getBlock() != op.getBody() || !needed.insert(def).second)
      continue;
    def->walk([&](Operation *inner) { llvm::append_range(work, inner->getOperands()); });
  }
  DenseMap<Value, Value> fresh;
  for (auto [old, made] : llvm::zip(yield.getNext(), combine.getResults()))
    if (!old.getDefiningOp() || !needed.contains(old.getDefiningOp()))
      fresh[old] = made;
  DenseSet<Operation *> moved;
  for (Operation &inner : llvm::make_early_inc_range(op.getBody()->without_terminator())) {
    if (&inner == combine)
      break;
    if (needed.contains(&inner))
      continue;
    bool follows = false;
    inner.walk([&](Operation *nested) {
      for (OpOperand &operand : nested->getOpOperands()) {
        if (Value made = fresh.lookup(operand.get()); made) {
          operand.set(made);
          follows = true;
        }
        follows |= moved.contains(operand.get().getDefiningOp());
      }
    });
    if (!follows)
      continue;
    inner.moveBefore(yield);
    moved.insert(&inner);
  }
  for (OpOperand &operand : yield.getOutMutable())
    if (Value made = fresh.lookup(operand.get()))
      operand.set(made);
  yield.getNextMutable().assign(combine.getResults());
  SmallVector<Operation *> ops;
  for (Operation &inner : op.getBody()->without_terminator())
    ops.push_back(&inner);
  for (Operation *inner : llvm::reverse(ops))
    if (isOpTriviallyDead(inner))
      inner->erase();
}

/// The states as a product of matrices whose entries are coefficients.
bool Former::formAffine() {
  for (auto [j, arg] : llvm::enumerate(op.getStateArgs())) {
    Linear self;
    self.coefs.resize(states);
    self.coefs[j].kind = Coef::One;
    linear[arg] = self;
  }
  SmallVector<Operation *> inner;
  for (Operation &o : op.getBody()->without_terminator())
    inner.push_back(&o);
  for (Operation *o : inner)
    if (!visit(o) && !breaker)
      breaker = o;
  auto step = typeOf(op.getStateArgs().front());
  SmallVector<Linear> rows;
  OpBuilder b(op.getYield());
  Builder build{b, op.getLoc(), step};
  for (Value next : op.getYield().getNext()) {
    if (auto it = linear.find(next); it != linear.end()) {
      rows.push_back(it->second);
      continue;
    }
    // Free of the states, or behind what is not affine.
    StepClass facts = classifyStep(op);
    unsigned to = rows.size();
    bool depends = llvm::any_of(facts.pairs, [&](const StateDependence &pair) {
      return pair.to == to && pair.kind != DependenceClass::None;
    });
    if (depends)
      return false;
    Linear row;
    row.coefs.resize(states);
    row.u = next;
    rows.push_back(row);
  }
  for (Value arg : op.getStateArgs())
    if (arg.getType() != step) {
      result.refusal = "its states have different shapes";
      return false;
    }
  if (states > 4) {
    result.refusal = "its " + std::to_string(states) +
                     " states would be multiplied as matrices, and 4 are the most";
    return false;
  }
  if (!isa<FloatType>(step.getElementType()) && states > 1) {
    result.refusal = "it mixes several integer states";
    return false;
  }
  // Which entries a product of such matrices can have.
  unsigned n = states;
  auto has = [&](const SmallVector<char> &m, unsigned i, unsigned j) { return m[i * n + j]; };
  SmallVector<char> entries(n * n), ones(n * n);
  Value drop;
  for (unsigned i = 0; i < n; ++i)
    for (unsigned j = 0; j < n; ++j) {
      const Coef &c = rows[i].coefs[j];
      entries[i * n + j] = !c.isZero();
      ones[i * n + j] = c.kind == Coef::One;
      if (c.isZero())
        continue;
      if (drop && c.drop != drop) {
        result.refusal = "its states are dropped by different flags";
        return false;
      }
      if (c.drop)
        drop = c.drop;
    }
  if (drop) // one flag for the whole matrix
    for (Linear &row : rows)
      for (Coef &c : row.coefs)
        if (!c.isZero() && !c.drop) {
          result.refusal = "a flag drops some of its states only";
          return false;
        }
  for (bool changed = true; changed;) {
    changed = false;
    for (unsigned i = 0; i < n; ++i)
      for (unsigned j = 0; j < n; ++j)
        for (unsigned k = 0; k < n; ++k)
          if (!has(entries, i, j) && has(entries, i, k) && has(entries, k, j))
            changed = entries[i * n + j] = true;
  }
  bool diagonal = true;
  for (unsigned i = 0; i < n; ++i)
    for (unsigned j = 0; j < n; ++j)
      diagonal &= i == j || !has(entries, i, j);
  // A diagonal entry of 1 stays 1.
  if (diagonal)
    for (unsigned i = 0; i < n; ++i)
      if (ones[i * n + i])
        entries[i * n + i] = false;
  auto negated = [](Value x, Value y) {
    auto neg = x.getDefiningOp<arith::NegFOp>();
    return neg && neg.getOperand() == y;
  };
  // [[a, -b], [b, a]]: two entries tell all four.
  bool complex = false;
  if (n == 2 && !drop) {
    const Coef &a = rows[0].coefs[0], &d = rows[1].coefs[1], &p = rows[0].coefs[1],
               &q = rows[1].coefs[0];
    complex = a.kind == Coef::Some && d.kind == Coef::Some && p.kind == Coef::Some &&
              q.kind == Coef::Some && a.value == d.value &&
              (negated(p.value, q.value) || negated(q.value, p.value));
  }
  SmallVector<std::pair<unsigned, unsigned>> kept;
  for (unsigned i = 0; i < n; ++i)
    for (unsigned j = 0; j < n; ++j)
      if (entries[i * n + j] && !(complex && i == 0))
        kept.push_back({i, j});

  // New states: the entries, then the flag.
  SmallVector<Value> later, initial;
  OpBuilder outside(op);
  for (Linear &row : rows)
    later.push_back(build.orZero(row.u));
  for (auto [i, j] : kept) {
    later.push_back(build.valueOf(rows[i].coefs[j]));
    initial.push_back(splatInitial(outside, op, step.getElementType(), i == j));
  }
  Type flagElement = b.getI32Type();
  auto flagType = RankedTensorType::get(step.getShape(), flagElement);
  if (drop) {
    later.push_back(arith::ExtUIOp::create(b, op.getLoc(), flagType, drop));
    initial.push_back(splatInitial(outside, op, flagElement, 0));
  }
  op = appendStates(op, initial);
  seq::YieldOp yield = op.getYield();
  b.setInsertionPoint(yield);
  SmallVector<Value> earlier(op.getStateArgs().begin(), op.getStateArgs().end());
  SmallVector<Type> types = llvm::map_to_vector(later, [](Value v) { return v.getType(); });
  auto combine = seq::CombineOp::create(b, op.getLoc(), types, earlier, later);
  if (isa<FloatType>(step.getElementType()))
    combine->setAttr("affine", b.getI64IntegerAttr(diagonal ? 1 : n));
  Block &rule = combine.getRule().emplaceBlock();
  SmallVector<Value> first, second;
  for (Type t : types)
    first.push_back(rule.addArgument(t, op.getLoc()));
  for (Type t : types)
    second.push_back(rule.addArgument(t, op.getLoc()));
  OpBuilder in = OpBuilder::atBlockBegin(&rule);
  Builder m{in, op.getLoc(), step};
  auto entry = [&](ArrayRef<Value> side, unsigned i, unsigned j) -> Coef {
    unsigned from = complex && i == 0 ? 1 : i, at = complex && i == 0 ? 1 - j : j;
    for (auto [k, pair] : llvm::enumerate(kept))
      if (pair == std::pair(from, at)) {
        Value v = side[n + k];
        if (complex && i == 0 && j == 1)
          v = m.negate(v);
        return {Coef::Some, v, Value()};
      }
    return {ones[i * n + j] && diagonal && i == j ? Coef::One : Coef::Zero, Value(), Value()};
  };
  SmallVector<Value> next;
  Value flag;
  if (drop) {
    Value none = constantLike(in, op.getLoc(), flagType, 0);
    flag = arith::CmpIOp::create(in, op.getLoc(), arith::CmpIPredicate::ne, second.back(), none);
  }
  auto chosen = [&](Value kept, Value dropped) {
    return flag ? arith::SelectOp::create(in, op.getLoc(), flag, dropped, kept).getResult() : kept;
  };
  for (unsigned i = 0; i < n; ++i) {
    Value sum = second[i];
    for (unsigned j = 0; j < n; ++j) {
      Coef a = entry(second, i, j);
      if (a.isZero())
        continue;
      sum = m.add(a.kind == Coef::One ? first[j] : m.scale(first[j], a.value, false), sum);
    }
    next.push_back(chosen(sum, second[i]));
  }
  for (auto [i, j] : kept) {
    Value sum;
    for (unsigned k = 0; k < n; ++k) {
      Coef x = entry(second, i, k), y = entry(first, k, j);
      if (x.isZero() || y.isZero())
        continue;
      sum = m.add(sum, m.scale(m.valueOf(x), m.valueOf(y), false));
    }
    next.push_back(m.orZero(sum));
  }
  if (drop)
    next.push_back(arith::OrIOp::create(in, op.getLoc(), first.back(), second.back()));
  seq::YieldOp::create(in, op.getLoc(), next, ValueRange{});
  readFromCombine(op, combine);
  result.kind = diagonal ? "affine, element by element"
                : complex ? "affine, a complex number for each channel"
                          : "affine, a " + std::to_string(n) + "×" + std::to_string(n) +
                                " block for each channel";
  return true;
}

/// Each next state is one associative and commutative op of the state and a free value.
bool Former::formSimple() {
  SmallVector<Operation *> rules;
  SmallVector<Value> later;
  DenseSet<Value> old(op.getStateArgs().begin(), op.getStateArgs().end());
  StepClass facts = classifyStep(op);
  for (auto [i, next] : llvm::enumerate(op.getYield().getNext())) {
    Operation *def = next.getDefiningOp();
    if (!def || !isa<arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp, arith::MinNumFOp,
                     arith::MaxSIOp, arith::MinSIOp, arith::MaxUIOp, arith::MinUIOp, arith::AndIOp,
                     arith::OrIOp, arith::XOrIOp, arith::MulIOp>(def))
      return false;
    Value state = op.getStateArgs()[i];
    unsigned at = def->getOperand(0) == state ? 0 : 1;
    Value free = def->getOperand(1 - at);
    if (def->getOperand(at) != state || free == state)
      return false;
    rules.push_back(def);
    later.push_back(free);
  }
  // What is combined is free of the states.
  SmallVector<Value> work = later;
  DenseSet<Value> seen;
  while (!work.empty()) {
    Value v = work.pop_back_val();
    if (old.contains(v))
      return false;
    Operation *def = v.getDefiningOp();
    if (!seen.insert(v).second || !def || def->getBlock() != op.getBody())
      continue;
    def->walk([&](Operation *inner) { llvm::append_range(work, inner->getOperands()); });
  }
  OpBuilder b(op.getYield());
  SmallVector<Type> types = llvm::map_to_vector(later, [](Value v) { return v.getType(); });
  auto combine = seq::CombineOp::create(b, op.getLoc(), types, op.getStateArgs(), later);
  Block &rule = combine.getRule().emplaceBlock();
  for (int side = 0; side < 2; ++side)
    for (Type t : types)
      rule.addArgument(t, op.getLoc());
  OpBuilder in = OpBuilder::atBlockBegin(&rule);
  SmallVector<Value> next;
  llvm::SmallSetVector<StringRef, 2> names;
  for (auto [i, def] : llvm::enumerate(rules)) {
    names.insert(def->getName().stripDialect());
    Operation *made = in.clone(*def);
    made->setOperands({rule.getArgument(i), rule.getArgument(states + i)});
    next.push_back(made->getResult(0));
  }
  seq::YieldOp::create(in, op.getLoc(), next, ValueRange{});
  readFromCombine(op, combine);
  result.kind = "running " + llvm::join(names, ", ");
  return true;
}

void Former::run() {
  seq::CombineOp declared;
  for (seq::CombineOp combine : op.getBody()->getOps<seq::CombineOp>())
    declared = combine;
  if (declared) {
    if (llvm::equal(declared.getEarlier(), op.getStateArgs()) &&
        llvm::equal(declared.getResults(), op.getYield().getNext()))
      result.kind = "declared associative";
    else
      result.refusal = "its seq.combine does not lead from the old states to the new ones";
    return;
  }
  openGenerics();
  if (formSimple() || formAffine())
    return;
  if (result.refusal.empty())
    result.refusal = describe(op, classifyStep(op));
}

ScanFormed seqc::formScan(seq::RecurrenceOp op) {
  Former former(op);
  former.run();
  former.result.op = former.op;
  if (!former.result.refusal.empty())
    former.result.op = {};
  return former.result;
}

ScanFormed seqc::formCopy(seq::RecurrenceOp op) {
  OpBuilder b(op);
  Former former(cast<seq::RecurrenceOp>(b.clone(*op)));
  former.run();
  former.result.op = former.op;
  if (!former.result.refusal.empty())
    discardCopy(former.result);
  return former.result;
}

/// Erases `v`'s definition and what only it used.
static void eraseDead(Value v) {
  Operation *def = v.getDefiningOp();
  if (!def || !isOpTriviallyDead(def))
    return;
  SmallVector<Value> operands(def->getOperands());
  def->erase();
  llvm::for_each(operands, eraseDead);
}

void seqc::discardCopy(ScanFormed &formed) {
  SmallVector<Value> operands(formed.op->getOperands());
  formed.op.erase();
  formed.op = {};
  llvm::for_each(llvm::SetVector<Value>(operands.begin(), operands.end()), eraseDead);
}

void seqc::inlineCombines(seq::RecurrenceOp op) {
  for (seq::CombineOp combine :
       llvm::make_early_inc_range(op.getBody()->getOps<seq::CombineOp>())) {
    OpBuilder b(combine);
    IRMapping map;
    unsigned n = combine.getEarlier().size();
    for (unsigned i = 0; i < n; ++i) {
      map.map(combine.getBody()->getArgument(i), combine.getEarlier()[i]);
      map.map(combine.getBody()->getArgument(n + i), combine.getLater()[i]);
    }
    for (Operation &inner : combine.getBody()->without_terminator())
      b.clone(inner, map);
    for (auto [result, next] : llvm::zip_equal(combine.getResults(), combine.getYield().getNext()))
      result.replaceAllUsesWith(map.lookup(next));
    combine.erase();
  }
}
