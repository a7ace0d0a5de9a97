//===- StepExpr.h - A step at one element, as expressions -----------------===//
#ifndef SEQC_ANALYSIS_STEPEXPR_H
#define SEQC_ANALYSIS_STEPEXPR_H

#include "seqc/Dialect/Seq/IR/Seq.h"
#include "llvm/ADT/FoldingSet.h"
#include <deque>
#include <optional>

namespace seqc {

/// A scalar: what one element of a tensor of the step is. Equal expressions are one object.
struct Expr : llvm::FoldingSetNode {
  enum class Kind {
    Free,     ///< element `map` of `value`, which does not depend on the states
    State,    ///< this element of state `index`, or the one at its leading indices
    Earlier,  ///< component `index` of the earlier tuple of a combination
    Later,    ///< component `index` of the later tuple
    Constant, ///< `constant`
    Op        ///< the elementwise op `name` of `operands`
  };
  Kind kind = Kind::Constant;
  mlir::Type type;
  unsigned index = 0;
  mlir::Value value;
  /// From an element of `domain`, sizes that its own element begins with, to one of `value`; null
  /// for a scalar value.
  mlir::AffineMap map;
  mlir::RankedTensorType domain;
  mlir::TypedAttr constant;
  std::optional<mlir::OperationName> name;
  mlir::DictionaryAttr attributes;
  llvm::SmallVector<const Expr *, 3> operands;
  /// Where it was written, or null. Not part of its identity.
  mlir::Operation *origin = nullptr;
  /// The states that it reads, one bit each.
  uint64_t states = 0;
  /// Order of creation: the order of the operands of commutative ops.
  unsigned id = 0;

  bool isOp(llvm::StringRef text) const { return name && name->getStringRef() == text; }
  void Profile(llvm::FoldingSetNodeID &key) const;
};

/// Owns expressions. The functions that make ops leave out additions of zero and
/// multiplications by one.
class ExprPool {
public:
  explicit ExprPool(mlir::MLIRContext *context) : context(context) {}
  const Expr *free(mlir::Value value, mlir::AffineMap map, mlir::RankedTensorType domain);
  const Expr *leaf(Expr::Kind kind, unsigned index, mlir::Type type);
  const Expr *constant(mlir::TypedAttr value);
  const Expr *number(double value, mlir::Type type);
  const Expr *op(mlir::OperationName name, mlir::DictionaryAttr attributes,
                 llvm::ArrayRef<const Expr *> operands, mlir::Type type,
                 mlir::Operation *origin = nullptr);
  const Expr *op(llvm::StringRef name, llvm::ArrayRef<const Expr *> operands, mlir::Type type);
  const Expr *op(llvm::StringRef name, llvm::ArrayRef<const Expr *> operands) {
    return op(name, operands, operands.back()->type);
  }
  /// Of floats or integers.
  const Expr *add(const Expr *a, const Expr *b);
  const Expr *sub(const Expr *a, const Expr *b);
  const Expr *mul(const Expr *a, const Expr *b);
  const Expr *neg(const Expr *a);
  const Expr *select(const Expr *flag, const Expr *a, const Expr *b);
  const Expr *either(const Expr *a, const Expr *b);
  const Expr *isInfinite(const Expr *a);

private:
  const Expr *unique(Expr expr);
  mlir::MLIRContext *context;
  llvm::FoldingSet<Expr> set;
  std::deque<Expr> storage;
};

/// True if `map` reads a tensor of sizes `shape` at the indices that an index into `domain` begins
/// with.
bool readsLeading(mlir::AffineMap map, llvm::ArrayRef<int64_t> shape,
                  llvm::ArrayRef<int64_t> domain);

/// True for the constant `value`.
bool isNumber(const Expr *e, double value);

/// The step of a recurrence whose states have static shapes, element by element.
class StepExprs {
public:
  /// With `wholeStep`, values that do not depend on the states are expressions as well, and a value
  /// that is none, because it mixes elements, is Free instead of an obstacle.
  explicit StepExprs(seq::RecurrenceOp op, bool wholeStep = false);
  /// The expression of `v`, or null where `v` depends on the states in another way than
  /// element by element; then `obstacle` is the op that did it.
  const Expr *of(mlir::Value v);
  mlir::Operation *obstacle(mlir::Value v) const { return opaque.lookup(v); }
  /// True if computing `v` reads a state.
  bool touched(mlir::Value v) const { return known.contains(v) || opaque.contains(v); }
  ExprPool pool;

private:
  const Expr *leaf(mlir::Value v, mlir::AffineMap map, mlir::RankedTensorType domain);
  void visit(mlir::Operation *op);
  bool elementwise(mlir::Operation *op);
  bool structured(mlir::Operation *op);
  bool conditional(mlir::Operation *op);
  const Expr *whole(mlir::Value v);
  bool wholeStep;
  llvm::DenseMap<mlir::Value, const Expr *> known;
  llvm::DenseMap<mlir::Value, mlir::Operation *> opaque;
};

} // namespace seqc

#endif // SEQC_ANALYSIS_STEPEXPR_H
