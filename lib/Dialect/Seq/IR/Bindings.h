//===- Bindings.h - What ops with a time axis have in common --------------===//
#ifndef SEQC_LIB_DIALECT_SEQ_IR_BINDINGS_H
#define SEQC_LIB_DIALECT_SEQ_IR_BINDINGS_H

#include "seqc/Dialect/Seq/IR/Seq.h"

namespace seqc::seq {

/// One binding of an operand list: `%arg: type <clause> %operand`.
struct Binding {
  mlir::OpAsmParser::Argument arg;
  mlir::OpAsmParser::UnresolvedOperand operand;
};

/// Parses `(%a: type in %x, …)` into the groups `in`, `shared` and `given`.
mlir::ParseResult parseBindings(mlir::OpAsmParser &p, mlir::SmallVector<Binding> (&groups)[3]);

/// Parses `keyword(%operand)` if it is there.
mlir::ParseResult
parseOptionalOperandClause(mlir::OpAsmParser &p, llvm::StringRef keyword,
                           mlir::SmallVectorImpl<mlir::OpAsmParser::UnresolvedOperand> &ops);

/// Parses `schedule(<…>)` if it is there.
mlir::ParseResult parseOptionalSchedule(mlir::OpAsmParser &p, ScheduleAttr &schedule);

/// Parses the end of an op, `{attributes} : (operand types) -> (result types)`, and resolves
/// `operands`. Of attributes without a dialect only `time` and `narrow_state` are known.
mlir::ParseResult parseTypes(mlir::OpAsmParser &p, mlir::OperationState &result,
                             llvm::ArrayRef<mlir::OpAsmParser::UnresolvedOperand> operands);

/// The operands of a recurrence or a scan by role, and what makes their shapes readable.
struct TimedOperands {
  mlir::Operation *op;
  mlir::OperandRange inputs, shared, given, initial;
  mlir::Value resets, cuSeqlens, steps;
  int64_t batchRank, time;
  /// What the region sees of each input, shared and given operand.
  mlir::ValueRange inputArgs, sharedArgs, givenArgs;

  /// Number of leading dimensions of inputs and outs: batch and time, or time alone.
  int64_t sequenceRank() const { return cuSeqlens ? 1 : batchRank + 1; }
};

/// Prints `(%a: type in %x, …)`, then the clauses `resets`, `cu_seqlens` and `steps`.
void printBindings(mlir::OpAsmPrinter &p, const TimedOperands &operands);
/// Prints ` schedule(<…>)` if there is one.
void printOptionalSchedule(mlir::OpAsmPrinter &p, ScheduleAttr schedule);

/// Visits each batch size and step count of the operands: f(kind, operand, dim), where kind
/// is the batch dimension or `batchRank` for the time axis.
void forEachSize(const TimedOperands &operands,
                 llvm::function_ref<void(int64_t, mlir::Value, int64_t)> f);

/// Sizes of the batch dimensions, static where any operand's are.
mlir::SmallVector<int64_t> getStaticBatch(const TimedOperands &operands);
/// Number of steps, static where any operand's is.
int64_t getStaticSteps(const TimedOperands &operands);
/// `[batch…, T, step…]` with the time axis in its place, or `[T, step…]`.
mlir::RankedTensorType getSequenceType(const TimedOperands &operands, mlir::RankedTensorType step);
/// `[batch…, step…]`.
mlir::RankedTensorType getBatchedType(const TimedOperands &operands, mlir::RankedTensorType step);

/// Reports a type that no state can have; `what` names the state.
mlir::LogicalResult checkStateType(mlir::Operation *op, mlir::Type type, bool narrow,
                                   const llvm::Twine &what);
/// Reports an operand that is not `leading` sizes followed by the type of `arg`.
mlir::LogicalResult checkBinding(const TimedOperands &operands, mlir::Value operand,
                                 mlir::Value arg, int64_t leading, const llvm::Twine &what,
                                 llvm::StringRef shape);
/// Reports a wrong `time`, shape of an operand, `resets`, `cu_seqlens`, `steps`, or sizes that do
/// not agree.
mlir::LogicalResult checkTimedOperands(const TimedOperands &operands);
/// Reports result types other than `expected`, where sizes may be more or less static.
mlir::LogicalResult checkResultTypes(mlir::Operation *op, mlir::TypeRange expected);

} // namespace seqc::seq

#endif // SEQC_LIB_DIALECT_SEQ_IR_BINDINGS_H
