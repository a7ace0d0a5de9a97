//===- InferSignature.h - The interface of a function ---------------------===//
#ifndef SEQC_ANALYSIS_INFERSIGNATURE_H
#define SEQC_ANALYSIS_INFERSIGNATURE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "seqc/Support/Signature.h"

namespace seqc {

/// Attributes of a function that `seqc-expose-states` writes and inferSignature
/// reads.
inline constexpr llvm::StringLiteral publicArgumentsAttr = "seqc.public_args";
inline constexpr llvm::StringLiteral publicResultsAttr = "seqc.public_results";
/// Array of pairs [argument, result], one per state.
inline constexpr llvm::StringLiteral statesAttr = "seqc.states";
/// String: why the function has no step form.
inline constexpr llvm::StringLiteral notStreamableAttr = "seqc.not_streamable";
/// On an argument or result [.., 2]: complex numbers, whose real and imaginary parts the last
/// dimension holds. The border shows it as [..] of complex elements.
inline constexpr llvm::StringLiteral complexAttr = "seqc.complex";
/// Private function that computes the initial values of the hidden states of
/// `f` from the public arguments of `f`: `seqc_init_` + the name of `f`.
inline constexpr llvm::StringLiteral initPrefix = "seqc_init_";

/// On a private function: the calls for which it runs in place of another one (`#seq.version`).
inline constexpr llvm::StringLiteral versionAttr = "seq.version";

/// The versions of `function`, in the order in which calls look at them.
llvm::SmallVector<mlir::func::FuncOp> versionsOf(mlir::func::FuncOp function);

/// The interface of `function`, which still has tensors as arguments and
/// results (before stage `lowered`). Before `seqc-expose-states` has run, only
/// public arguments and results are listed, and the states are those whose
/// argument and result are public.
///
/// Names come from the attribute `seqc.name` of an argument or result, else
/// from a named location, else they are "arg0", … and "result0", …; names of
/// sizes come from `seqc.dims`. Fails, with an error at the function, for a
/// type that cannot cross the library's border.
mlir::FailureOr<FunctionSignature> inferSignature(mlir::func::FuncOp function);

} // namespace seqc

#endif // SEQC_ANALYSIS_INFERSIGNATURE_H
