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
    first: its new use is its value at the start of a stream, not at the start of a call.

    Requires: verified seq ops. Leaves: no `resets` on a recurrence. Refuses: nothing.
    Example: test/Dialect/Seq/Transforms/desugar-resets.mlir.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def FindDelaysPass : Pass<"seq-find-delays", "::mlir::ModuleOp"> {
  let summary = "states that hold the last k inputs become `seq.delay`";
  let description = [{
    A state whose next value does not depend on any state is last step's value of something that
    can be computed for all steps at once; a state of the form concat(h[1:], new) is the last k
    of them. Both become an `in` value that a `seq.delay` feeds, and what no longer depends on a
    state can be hoisted. Chains of such states are found one after the other.

    ```mlir
    %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%p: tensor<8xf32> = %p0, …) {
      …  seq.yield next(%x, …)
    // becomes
    %w, %f = seq.delay %u initial(%p1) {time = 1 : i64}      // %p1: %p0 with a window of one
    %d = tensor.collapse_shape %w …
    %y = seq.recurrence (%x: … in %u, %p: tensor<8xf32> in %d) states(…)
    ```

    Requires: `seq-desugar-resets`. Leaves: at least one state in each recurrence, unless the
    whole step could be computed for all steps at once: then there is no recurrence. Refuses:
    nothing. Example: test/Dialect/Seq/Transforms/find-delays.mlir.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def HoistPass : Pass<"seq-hoist", "::mlir::ModuleOp"> {
  let summary = "contractions that do not need the state leave the step";
  let description = [{
    A contraction, convolution or reduction of a step that depends on no state is evaluated for
    all steps at once before the recurrence, together with what leads to it. Its result enters
    the step as an `in` value (`shared`, `given` or captured where it depends on no more). What
    is elementwise stays in the step, unless it stands between two hoisted ops or makes what
    enters the step smaller.

    ```mlir
    seq.recurrence (%x: tensor<64xf32> in %u) states(%h …) {
      %g = linalg.matvec ins(%w, %x) outs(%b) …
    // becomes
    %G = linalg.generic {…} ins(%w, %u : tensor<512x64xf32>, tensor<?x?x64xf32>) …
    seq.recurrence (%g: tensor<512xf32> in %G) states(%h …) {
    ```

    A value crosses the border of the step only if it is not larger than all that computing it
    in the step reads: exp(Δ A) of a selective scan never does.

    Requires: `seq-desugar-resets`. Leaves: the same values. Refuses: nothing; ops that cannot
    be written for all steps at once stay where they are.
    Example: test/Dialect/Seq/Transforms/hoist.mlir.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect"];
}

def SinkPass : Pass<"seq-sink", "::mlir::ModuleOp"> {
  let summary = "contractions that only feed outs move behind the recurrence";
  let description = [{
    A contraction of the step whose result reaches the outs alone is evaluated for all steps at
    once after the recurrence, together with what follows it; the step yields its inputs instead.

    ```mlir
      %y = linalg.matvec ins(%w, %n) outs(%b) …
      seq.yield next(%n) out(%y)
    // becomes
      seq.yield next(%n) out(%n)
    }
    %Y = linalg.generic {…} ins(%w, %N) …
    ```

    It moves if the values that must be yielded for it are together not larger than what it
    reads from outside of the step (weights), so that a readout c_t·h_t with a large state stays.

    Requires: `seq-desugar-resets`. Leaves: the same values. Refuses: nothing.
    Example: test/Dialect/Seq/Transforms/sink.mlir.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect"];
}

def ExpandOpsPass : Pass<"seq-expand-ops", "::mlir::ModuleOp"> {
  let summary = "`seq.affine_recurrence`, `seq.ema` and `seq.scan` become `seq.recurrence`";
  let description = [{
    The step is written out: widen narrower floats, multiply, add, and contract with a readout in
    ascending order. What needs no step, such as 1 - decay of a constant decay, stands before the
    recurrence. A scan's step has one `seq.combine`. A schedule is kept.

    ```mlir
    %y, %l = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h0) : …
    // becomes
    %y, %l = seq.recurrence (%a_t … in %a, %u_t … in %u) states(%h … = %h0) {
      %p = arith.mulf %a_t, %h  %n = arith.addf %p, %u_t  seq.yield next(%n) out(%n)
    }
    ```

    Requires: verified seq ops. Leaves: none of the three. Refuses: nothing.
    Example: test/Dialect/Seq/Transforms/expand-affine.mlir.
  }];
  let dependentDialects = ["::mlir::complex::ComplexDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
}

def ExpandComplexPass : Pass<"seq-expand-complex", "::mlir::ModuleOp"> {
  let summary = "complex tensors become pairs of real ones";
  let description = [{
    A value of complex type becomes two real ones of its shape: a state two states, an `in` value
    two, a `linalg.generic` one op for each half. The formulas are the textbook's, in this order,
    and are the meaning of complex arithmetic here:

    ```
    (a + ib)(c + id) = (a c - b d) + i(a d + b c)      exp(a + ib) = e^a cos b + i e^a sin b
    ```

    At the border of a function a complex argument or result is a real tensor with one more
    dimension of size 2, in the same memory, and has the attribute `seqc.complex`.

    ```mlir
    func.func @f(%x: tensor<?x8xcomplex<f32>>, …
    // becomes
    func.func @f(%x: tensor<?x8x2xf32> {seqc.complex}, …
      %re = tensor.extract_slice %x[0, 0, 0] …   %im = tensor.extract_slice %x[0, 0, 1] …
    ```

    Requires: `seqc-expose-states`, calls are inlined. Leaves: no complex type. Refuses: complex
    numbers in ops other than those of `tensor`, `linalg`, `scf`, `seq` and `complex.create`,
    `constant`, `re`, `im`, `add`, `sub`, `mul`, `neg`, `conj` and `exp`.
    Example: test/Dialect/Seq/Transforms/expand-complex.mlir.
  }];
  let dependentDialects = ["::mlir::complex::ComplexDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
}

def DerivePass : Pass<"seq-derive", "::mlir::ModuleOp"> {
  let summary = "forward-mode derivatives of public functions";
  let description = [{
    Beside each public function `f` stands `f_jvp` (Jacobian times vector): its arguments are those
    of `f` and then a change of each argument of floats, its results those of `f` and then the change
    of each result of floats, in first order. A `seq.recurrence` becomes one that carries the
    changes of its states as states. Resets, packed sequences and streams work as they do in `f`.

    ```mlir
    func.func @f(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x8xf32>
    // gets a neighbour
    func.func @f_jvp(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>, %dx: tensor<?x?x8xf32>,
        %dh: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
    ```

    Requires: `seq-expand-ops` and `seq-expand-complex` where they have work; no calls. Leaves: `f`
    as it was. Refuses: an op without a rule on a value that depends on an argument of floats, with
    its place; a name `f_jvp` that is taken. Kinks: Derivative.h.
    Example: test/Dialect/Seq/Transforms/derive.mlir.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect"];
}

def ExplainStepsPass : Pass<"seqc-explain-steps", "::mlir::ModuleOp"> {
  let summary = "remarks on the class of each step and the bytes that it must move";
  let description = [{
    Tells what the analyses know of each recurrence, in the categories of `--explain`: name
    `class` with the class, the association that it proves the step to be (`proof`) and a
    sentence, name `bytes` with the least bytes that it moves.

    ```
    remark: [Analysis] class | Category:seqc.step | class=nonlinear-dense, Reason="not affine in …"
    ```

    Requires: verified seq ops. Leaves: the module as it was. Refuses: nothing.
    Example: test/Analysis/step-class.mlir.
  }];
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
