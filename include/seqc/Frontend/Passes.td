//===- Passes.td - Passes of stage 1 ---------------------------*- tablegen -*-===//
#ifndef SEQC_FRONTEND_PASSES_TD
#define SEQC_FRONTEND_PASSES_TD

include "mlir/Pass/PassBase.td"

def CheckInputPass : Pass<"seq-check-input", "::mlir::ModuleOp"> {
  let summary = "the contract of stage 1: what a model may hold";
  let description = [{
    Refuses what the later stages do not understand, in the user's words. The module is not
    changed.

    Leaves behind: only `func arith math tensor linalg scf seq` ops; every function has a body,
    is called without recursion, and a public one is named by a C identifier and takes and
    returns ranked tensors and scalars of supported element types; no tensor's size depends on
    tensor data, overflows, or has more than 16 dimensions; `seqc.dims` names each `?`.

    Refuses, each with an error at its place: other ops ("expected an op of func, arith, …, but
    got 'gpu.launch'"), memrefs, unranked tensors, recursion, names that C cannot spell, sizes
    computed from tensor data.

    Example: `test/Frontend/check-input-invalid.mlir`.
  }];
  let dependentDialects = [];
}

#endif // SEQC_FRONTEND_PASSES_TD
