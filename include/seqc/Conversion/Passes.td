//===- Passes.td - Stage 4: from seq ops to loops on buffers ---*- tablegen -*-===//
#ifndef SEQC_CONVERSION_PASSES_TD
#define SEQC_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def FormScansPass : Pass<"seq-form-scans", "::mlir::ModuleOp"> {
  let summary = "steps of plan `scan` become one associative combination";
  let description = [{
    The proof that a step is a scan is written into the step: values that are free
    of the states, one `seq.combine` of the states with them, and then what reads its results.
    Coefficients and reset flags become added states whose final values nobody reads; a flag is a
    tensor of i1 in the shape of the states. Under another plan, `seq.combine` is inlined.

    ```mlir
    %m = arith.mulf %a, %h : tensor<8xf32>
    %n = arith.addf %m, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>)
    // becomes, with %p = 1 at first
    %n, %q = seq.combine(%h, %p) with(%x, %a) { h = a2 h1 + h2, p = a2 p1 }
    seq.yield next(%n, %q : tensor<8xf32>, tensor<8xf32>)
    ```

    Requires: schedules. Leaves: under plan `scan` exactly one `seq.combine`, whose results are
    the next states; none under other plans. Refuses: a step with plan `scan` that has no proof,
    with the op that prevents it.
    Example: test/Conversion/form-scans.mlir.
  }];
  let options = [
    Option<"all", "all", "bool", /*default=*/"false",
           "Form every step that has a proof, whatever its schedule (to test forming)">,
    Option<"inlines", "inline-combines", "bool", /*default=*/"false",
           "Inline the combinations again (to run formed steps by another plan)">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
}

def LinearizePass : Pass<"seq-linearize", "::mlir::ModuleOp"> {
  let summary = "steps of plans that guess states get their derivative";
  let description = [{
    A step of plan `newton` or `segments` whose states mix at the same element only gets a
    `seq.linearized` at its end: the next states as functions of any old states, and their
    partial derivatives. The step itself stays as it was, and no value of it gets another use.

    ```mlir
    %n = math.tanh %h : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>)
    // becomes
    %n = math.tanh %h : tensor<8xf32>
    seq.linearized to [0] from [0] { (%g) … seq.yield next(tanh %g) out(1 - (tanh %g)²) }
    seq.yield next(%n : tensor<8xf32>)
    ```

    Requires: schedules. Leaves: nothing new in other steps. Refuses: a step of plan `newton` that
    mixes elements or computes with an op without a derivative; of plan `segments`, which does
    without, such a step stays as it was.
    Example: test/Conversion/linearize.mlir.
  }];
  let options = [
    Option<"all", "all", "bool", /*default=*/"false",
           "Linearize every step that can be, whatever its schedule (to test it)">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
}

def ExposeBuffersPass : Pass<"seqc-expose-buffers", "::mlir::ModuleOp"> {
  let summary = "functions take the runtime's pointers and sizes";
  let description = [{
    A public function of tensors becomes a function of the arrays that the runtime passes:
    pointers to arguments and results, all their sizes, scratch memory and the handle for
    parallel loops. Arguments become tensors that are never written; results are materialised in
    place. `@seqc_shapes_f` computes the results' sizes from the arguments'.

    ```mlir
    func.func @f(%x: tensor<?xf32>) -> tensor<?xf32>
    // becomes
    func.func @seqc_body_f(%ptrs: !llvm.ptr, %dims: !llvm.ptr, %scratch: !llvm.ptr, %par: !llvm.ptr)
    func.func @seqc_shapes_f(%dims: !llvm.ptr)
    ```

    Requires: stage `scheduled`. Leaves: no tensor in the type of a public function.
    Refuses: a result whose size depends on data ("expected the size of result …").
    Example: test/Conversion/expose-buffers.mlir.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect",
                           "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"];
}

def ConvertSeqToVectorPass : Pass<"convert-seq-to-vector", "::mlir::ModuleOp"> {
  let summary = "recurrences with the plan `fused`, and what surrounds them, become vector loops";
  let description = [{
    Each recurrence scheduled `fused`, with the time-parallel work before and after it, becomes
    one loop nest over (batch tile, strip of time, step, rows, vectors) on buffers; linalg ops
    outside of recurrences become vector loops as well.

    Requires: `seqc-expose-buffers`, `seq-fix-numerics`. Leaves: no `seq` op with that plan that
    the emitter can express; the others are left for `convert-seq-to-loops`, with a remark.
    Refuses: nothing.
    Example: test/Conversion/seq-to-vector.mlir.
  }];
  let options = [Option<"weaken", "weaken", "std::string", "",
                        "for tests: leave out a part of the certificate of plan `segments`">];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect",
                           "::mlir::gpu::GPUDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
                           "::mlir::LLVM::LLVMDialect"];
}

def ConvertSeqToLoopsPass : Pass<"convert-seq-to-loops", "::mlir::ModuleOp"> {
  let summary = "the naive lowering: loops over batch and time on tensors";
  let description = [{
    `seq.recurrence` becomes `scf.for` over the batch dimensions and over time around the step;
    `seq.delay` becomes slices. This is the meaning of the ops.

    ```mlir
    %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) { … }
    // becomes
    scf.for %b … { scf.for %t … iter_args(%h, %y) { slices, the step, insert_slice } }
    ```

    Requires: verified seq ops. Leaves: no seq op. Refuses: an out whose size depends on data.
    Example: test/Conversion/seq-to-loops.mlir.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect",
                           "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"];
}

def BufferizePass : Pass<"seqc-bufferize", "::mlir::ModuleOp"> {
  let summary = "what is left as tensors becomes buffers and loops";
  let description = [{
    Upstream's one-shot bufferization with seqc's options (inputs are never written), and naive
    loops for the linalg ops that no plan took.

    Requires: no seq op. Leaves: no tensor. Refuses: what upstream cannot bufferize.
    Example: test/Conversion/bufferize.mlir.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
}

def PlanMemoryPass : Pass<"seqc-plan-memory", "::mlir::ModuleOp"> {
  let summary = "buffers move into the outputs or into the caller's scratch memory";
  let description = [{
    A buffer that is only copied to an output becomes that output. Every other allocation is
    given a place in one scratch area, whose size `@seqc_scratch_f` computes from the sizes of
    the arguments. Buffers of loop bodies are hoisted first.

    Requires: bufferized functions from `seqc-expose-buffers`. Leaves: no `memref.alloc`.
    Refuses: a buffer whose size is not known at the function's entry.
    Example: test/Conversion/plan-memory.mlir.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect"];
}

def OutlineParallelPass : Pass<"seqc-outline-parallel", "::mlir::ModuleOp"> {
  let summary = "parallel loops become functions of a range, called through the runtime";
  let description = [{
    Each `scf.forall` becomes `seqc_task_f_n(ptrs, dims, scratch, begin, end)`, a loop over its
    range that rebuilds the values it needs from pointers and sizes, and a call of
    `seqc_rt_parallel_for`, which the runtime hands to the host's threads.

    Requires: `seqc-plan-memory`. Leaves: no `scf.forall`. Refuses: nothing; a loop that needs a
    value which cannot be rebuilt becomes an ordinary loop.
    Example: test/Conversion/outline-parallel.mlir.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect"];
}

def FixNumericsPass : Pass<"seq-fix-numerics", "::mlir::ModuleOp"> {
  let summary = "fixes the arithmetic of every function and step before plans diverge";
  let description = [{
    Elementwise ops on tensors and named linalg ops become `linalg.generic`, fused where one op
    alone reads the result; activations become plain arithmetic, multiply-adds are fused by one
    written rule, bf16 and f16 are computed in f32, fast-math flags are removed
    (docs/Numerics.md). Scalar and vector code made from the result gives the same bits.

    ```mlir
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %m, %c : f32
    // becomes
    %s = math.fma %a, %b, %c : f32
    ```

    Requires: nothing. Leaves: no elementwise arith or math op on tensors, no named linalg op but
    `linalg.fill`, no math op with a formula of ours (unless `precise`). Refuses: nothing; a math
    op without a formula stays and becomes a call of the C library (`needsLibm`).
    Example: test/Conversion/fix-numerics-fma.mlir.
  }];
  let options = [
    Option<"precise", "precise", "bool", /*default=*/"false",
           "Leave functions to the C library instead of expanding them">,
    Option<"fastDivision", "fast-division", "bool", /*default=*/"false",
           "Use divisions in activations (targets with a fast vector division)">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
}

def CheckLoweredPass : Pass<"seq-check-lowered", "::mlir::ModuleOp"> {
  let summary = "contract of stage 4";
  let description = [{
    No seq or tensor value is left, no allocation, no `memref.copy` of strided data.

    Requires: nothing. Leaves: the module as it was. Refuses: what the sentence above excludes,
    as a bug of the compiler with its location.
    Example: test/Conversion/check-lowered-invalid.mlir.
  }];
}

#endif // SEQC_CONVERSION_PASSES_TD
