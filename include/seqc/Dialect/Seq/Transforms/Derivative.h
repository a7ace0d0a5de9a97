//===- Derivative.h - Forward-mode derivatives of ops ---------------------===//
#ifndef SEQC_DIALECT_SEQ_TRANSFORMS_DERIVATIVE_H
#define SEQC_DIALECT_SEQ_TRANSFORMS_DERIVATIVE_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "seqc/Dialect/Seq/IR/Seq.h"

namespace seqc {

/// True if a value of `type` has tangents: a float, or a tensor of floats.
bool isDifferentiable(mlir::Type type);

/// True if there is a rule for `op`. What its regions hold is asked for apart.
bool hasDerivative(mlir::Operation *op);

/// True if there is a rule for `op`, which is elementwise and of scalars or tensors.
bool hasElementwiseRule(mlir::Operation *op);

/// The first op of the step of `op` that computes with a value that depends on the states and has
/// no rule, or null.
mlir::Operation *firstWithoutDerivative(seq::RecurrenceOp op);

/// Copies ops, and computes beside each float value its tangents: what it changes by when the
/// bound values change by theirs, in first order. There is a tangent for each of `directions`
/// directions; a null one is zero. Each op is copied once, and factors of its derivative are
/// computed once for all directions, from its result where that is cheaper.
///
/// Where a function has a kink, the derivative is that of the side it takes: of the chosen operand
/// for select, minimum and maximum (the first one where they are equal), ±1 for absf by the sign
/// bit, 0 for what is piecewise constant.
class Derivative {
public:
  using Tangents = llvm::SmallVector<mlir::Value, 2>;

  /// Copies are made where `b` stands, which must outlive this.
  Derivative(mlir::OpBuilder &b, unsigned directions) : b(b), directions(directions) {}

  /// `copy` stands for `v` from here on. Copies of two values with different tangents differ.
  void bind(mlir::Value v, mlir::Value copy, mlir::ArrayRef<mlir::Value> tangents = {});
  mlir::Value copyOf(mlir::Value v) const { return map.lookupOrDefault(v); }
  /// Null for zero.
  mlir::Value tangentOf(mlir::Value v, unsigned direction) const {
    return tangent(copyOf(v), direction);
  }
  /// The same, with zeros written out. `v` is differentiable.
  mlir::Value tangentOrZero(mlir::Value v, unsigned direction);
  /// Copies one op and what its regions hold. Fails with an error at an op without a rule.
  llvm::LogicalResult copy(mlir::Operation *op);

private:
  mlir::OpBuilder &b;
  unsigned directions;
  mlir::IRMapping map;
  /// By copies, not by what was copied.
  llvm::DenseMap<mlir::Value, Tangents> tangents;

  mlir::Value tangent(mlir::Value copy, unsigned direction) const;
  /// A copy is about to go; another value could get its address.
  void forget(mlir::Value copy) { tangents.erase(copy); }
  void add(mlir::Value copy, unsigned direction, mlir::Value term);
  /// What a region that yielded `yielded` yields now: copies, then their tangents.
  llvm::SmallVector<mlir::Value> withTangents(mlir::ValueRange yielded,
                                              llvm::ArrayRef<unsigned> active);
  /// Takes such values as what `results` have become; how many these are.
  unsigned takeResults(mlir::ValueRange results, mlir::ValueRange values,
                       llvm::ArrayRef<unsigned> active);
  /// Values that copying `op` reads, outside of it.
  llvm::SmallVector<mlir::Value> readsOf(mlir::Operation *op) const;
  /// The directions in which one of `read` has a tangent.
  llvm::SmallVector<unsigned> activeDirections(mlir::ValueRange read) const;

  // Copies of one kind of op; `active` are its directions.
  void copyLinear(mlir::Operation *op, llvm::ArrayRef<unsigned> active);
  llvm::LogicalResult copyBody(mlir::Block *from);
  llvm::LogicalResult copyStructured(mlir::linalg::LinalgOp op, llvm::ArrayRef<unsigned> active);
  using WriteBody =
      llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Block::BlockArgListType)>;
  mlir::linalg::GenericOp makeGeneric(mlir::linalg::LinalgOp op, mlir::ArrayRef<mlir::Value> ins,
                                      mlir::ArrayRef<mlir::Value> outs,
                                      mlir::ArrayRef<mlir::AffineMap> maps, WriteBody write);
  void dropUnusedInputs(mlir::linalg::GenericOp op);
  llvm::LogicalResult copyMap(mlir::linalg::LinalgOp op, llvm::ArrayRef<unsigned> active);
  llvm::LogicalResult copySum(mlir::linalg::LinalgOp op, unsigned direction);
  llvm::LogicalResult copySoftmax(mlir::linalg::SoftmaxOp op);
  llvm::LogicalResult copyBranch(mlir::scf::IfOp op, llvm::ArrayRef<unsigned> active);
  llvm::LogicalResult copyCombine(seq::CombineOp op);
  llvm::LogicalResult copyRecurrence(seq::RecurrenceOp op, llvm::ArrayRef<unsigned> active);

  // Rules of elementwise ops that are copied already.
  void differentiate(mlir::Operation *op, llvm::ArrayRef<unsigned> active);
  bool differentiateLogistic(mlir::Operation *op);
  void chain(mlir::Value result, mlir::Value operand, mlir::Value factor);
};

/// What a step makes of states and of tangents of them.
struct StepDerivative {
  llvm::SmallVector<mlir::Value> next;
  /// tangents[i][d] of next state i in direction d; null for zero, and of states without tangents.
  llvm::SmallVector<Derivative::Tangents> tangents;
};

/// Writes the step of `op` for `states`, and the tangents of the next states for tangents of the
/// states: directions[d][i] of state i in direction d, null for zero. The copy reads the
/// inputs of the step as they are, so `b` stands where they can be read. With `recompute`, ops of
/// the step that do not depend on the states are copied as well; else their results are read.
/// Fails with an error at an op without a rule.
llvm::FailureOr<StepDerivative> jvp(mlir::OpBuilder &b, seq::RecurrenceOp op,
                                    mlir::ValueRange states,
                                    llvm::ArrayRef<Derivative::Tangents> directions,
                                    bool recompute = false);

/// `value` everywhere, in the shape of `like`.
mlir::Value constantLike(mlir::OpBuilder &b, mlir::Location loc, mlir::Value like, double value);

/// Erases the ops of `block` that nobody reads; `erased` is told of their values before,
/// those of their regions included.
void eraseUnused(mlir::Block &block, llvm::function_ref<void(mlir::Value)> erased = {});

} // namespace seqc

#endif // SEQC_DIALECT_SEQ_TRANSFORMS_DERIVATIVE_H
