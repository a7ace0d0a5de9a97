//===- Passes.td - Stage 2: simplify ---------------------------*- tablegen -*-===//
#ifndef SEQC_DIALECT_SEQ_TRANSFORMS_PASSES_TD
#define SEQC_DIALECT_SEQ_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def DesugarResetsPass : Pass<"seq-desugar-resets", "::mlir::ModuleOp"> {
  let summary = "`resets` becomes a selection at the top of the step";
  let description = [{
    A recurrence with `resets(%r)` reads the flag as one more `in` value and its initial values
    as `given` ones, and chooses between state and initial value before anything else.

    ```mlir
    seq.recurrence (…) resets(%r) states(%h: tensor<8xf32> = %h0) { … %h … }
    // becomes
    seq.recurrence (…, %f: tensor<i1> in %r, %i: tensor<8xf32> given %h0)
        states(%h: tensor<8xf32> = %h0) {
      %e = linalg.generic … ins(%f, %i, %h) { arith.select }
      … %e …
    }
    ```

    An argument of the function that is used only as an initial value is marked `seqc.state`
    first: its new use is its value at the start of a stream, not at the start of a call. A
    `seq.affine_recurrence` with resets is expanded before.

    Requires: verified seq ops. Leaves: no `resets` on a recurrence. Refuses: nothing.
    Example: test/Dialect/Seq/Transforms/desugar-resets.mlir.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def ExpandAffinePass : Pass<"seq-expand-affine", "::mlir::ModuleOp"> {
  let summary = "`seq.affine_recurrence` becomes `seq.recurrence`";
  let description = [{
    The step is written out: widen narrower floats, multiply, add, and contract with the readout
    in ascending n.

    ```mlir
    %y, %l = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h0) : …
    // becomes
    %y, %l = seq.recurrence (%a_t … in %a, %u_t … in %u) states(%h … = %h0) {
      %p = arith.mulf %a_t, %h  %n = arith.addf %p, %u_t  seq.yield next(%n) out(%n)
    }
    ```

    Requires: verified seq ops. Leaves: no `seq.affine_recurrence`. Refuses: nothing.
    Example: test/Dialect/Seq/Transforms/expand-affine.mlir.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect"];
}

def ExposeStatesPass : Pass<"seqc-expose-states", "::mlir::ModuleOp"> {
  let summary = "hidden states of streaming functions become arguments and results";
  let description = [{
    In a public function that has a step form, a state whose initial value is not an argument
    gets a trailing argument, one whose final value is not returned a trailing result, and a
    private function computes the initial values from the public arguments.

    ```mlir
    func.func @f(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
    // becomes
    func.func @f(%x: tensor<?x?x8xf32>, %s: tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
        attributes {seqc.public_args = 1, seqc.public_results = 1, seqc.states = [array<i64: 1, 1>]}
    func.func private @seqc_init_f(%x: tensor<?x?x8xf32>) -> tensor<?x8xf32>
    ```

    Other public functions get `seqc.not_streamable`, the reason, and a remark.

    Requires: calls are inlined. Leaves: `seqc.states` or `seqc.not_streamable` on each public
    function. Refuses: nothing. Example: test/Dialect/Seq/Transforms/expose-states.mlir.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect"];
}

#endif // SEQC_DIALECT_SEQ_TRANSFORMS_PASSES_TD
