//===- Lift.h - A step's ops, for all steps of all sequences at once ------===//
#ifndef SEQC_LIB_DIALECT_SEQ_TRANSFORMS_LIFT_H
#define SEQC_LIB_DIALECT_SEQ_TRANSFORMS_LIFT_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Builders.h"
#include "seqc/Dialect/Seq/IR/Seq.h"
#include "llvm/ADT/DenseMap.h"
#include <optional>

namespace seqc {

/// Leading dimensions that a lifted value has, as bits over the whole shape's
/// leading positions
/// `[batch…, T]` in their order: a uniform value has none, a `given` one all
/// but time. With `cu_seqlens` the positions are `[T, N]`.
using Leads = uint32_t;

/// A value of the step, for all steps: `[leading…, step…]`. A scalar becomes
/// `[leading…]`.
struct Lifted {
  mlir::Value whole;
  Leads leads = 0;
};

/// Writes ops of a recurrence's step as ops on whole tensors, outside of it.
/// The formula of each element, the order of every sum included, stays the
/// same.
class Lifter {
public:
  /// Builds at `b`, which stands directly before or after `op`. `in`, `shared`
  /// and `given` arguments of the step are known from the start.
  Lifter(seq::RecurrenceOp op, mlir::OpBuilder &b);

  /// All leading dimensions of a value per step. With `cu_seqlens` that is time alone, and a value
  /// of both a step and its sequence is not lifted: which step is whose depends on the offsets.
  Leads allLeads() { return op.isPacked() ? timeLead() : (Leads(1) << staticSizes.size()) - 1; }
  /// Those of a value per sequence.
  Leads givenLeads() { return ((Leads(1) << staticSizes.size()) - 1) & ~timeLead(); }
  Leads timeLead() { return Leads(1) << op.getTimeAxis(); }

  /// The leading dimensions that `v` would have, or none if it cannot be
  /// lifted: it depends on a state, or on an op that has no form on whole
  /// tensors.
  std::optional<Leads> canLift(mlir::Value v);

  /// Makes `whole` the lifted form of the step's value `inner`.
  void bind(mlir::Value inner, mlir::Value whole, Leads leads);

  /// Builds the lifted form; needs canLift.
  Lifted lift(mlir::Value v);
  /// The same with exactly the dimensions `leads`, a superset of those of the
  /// value.
  mlir::Value liftTo(mlir::Value v, Leads leads);

  /// Type of a lifted value of step type `type` (a tensor, or a scalar).
  mlir::RankedTensorType wholeType(mlir::Type type, Leads leads);

private:
  std::optional<Leads> canLiftOp(mlir::Operation *inner);
  bool hasForm(mlir::Operation *inner, Leads leads);
  bool isInside(mlir::Value v) { return op.getStep().isAncestor(v.getParentRegion()); }
  void liftOp(mlir::Operation *inner);
  void liftUniform(mlir::Operation *inner);
  mlir::Value liftElementwise(mlir::Operation *inner, Leads leads);
  mlir::Value liftTensorOp(mlir::Operation *inner, Leads leads);
  mlir::Value liftExtract(mlir::tensor::ExtractOp inner, Leads leads);
  void liftLinalg(mlir::linalg::LinalgOp inner, Leads leads);
  mlir::Value liftDestination(mlir::Value init, Leads leads, bool read);
  mlir::Value broadcast(Lifted value, Leads leads);
  /// Map of an operand with dimensions `leads` under loops over `loops`, before
  /// `map`.
  mlir::AffineMap prefixMap(mlir::AffineMap map, Leads leads, Leads loops);
  mlir::SmallVector<mlir::OpFoldResult> leadSizes(Leads leads);
  mlir::SmallVector<mlir::OpFoldResult> stepSizes(Lifted value);
  mlir::Value emptyFor(Lifted like, Leads leads, mlir::RankedTensorType type);
  mlir::OpFoldResult uniform(mlir::OpFoldResult v);
  mlir::SmallVector<mlir::OpFoldResult> withLeads(mlir::ArrayRef<mlir::OpFoldResult> leading,
                                                  mlir::ArrayRef<mlir::OpFoldResult> rest);

  seq::RecurrenceOp op;
  mlir::OpBuilder &b;
  llvm::SmallVector<int64_t> staticSizes;
  llvm::SmallVector<mlir::OpFoldResult> sizes;
  llvm::DenseMap<mlir::Value, Lifted> values;
  llvm::DenseMap<mlir::Operation *, std::optional<Leads>> memo;
};

} // namespace seqc

#endif // SEQC_LIB_DIALECT_SEQ_TRANSFORMS_LIFT_H
