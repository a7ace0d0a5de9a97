//===- Passes.td - Stage 4: from seq ops to loops on buffers ---*- tablegen -*-===//
#ifndef SEQC_CONVERSION_PASSES_TD
#define SEQC_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def ExposeBuffersPass : Pass<"seqc-expose-buffers", "::mlir::ModuleOp"> {
  let summary = "functions take buffers for tensors and results";
  let description = [{
    Tensor arguments become memref arguments that are never written; results become trailing
    memref arguments.

    ```mlir
    func.func @f(%x: tensor<?xf32>) -> tensor<?xf32>
    // becomes
    func.func @f(%x: memref<?xf32>, %out: memref<?xf32>)
    ```

    Also makes `@seqc_shapes_f`, which computes the results' sizes from the arguments'.

    Requires: stage `scheduled`. Leaves: no tensor in a function's type.
    Refuses: a result whose size depends on data ("expected the size of result …").
    Example: test/Conversion/expose-buffers.mlir.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::tensor::TensorDialect"];
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
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect", "::mlir::LLVM::LLVMDialect"];
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

def LowerBoundaryPass : Pass<"seqc-lower-boundary", "::mlir::ModuleOp"> {
  let summary = "functions take the runtime's uniform arguments; parallel loops are outlined";
  let description = [{
    `func.func @f(memref…, scratch)` becomes `@seqc_body_f(ptrs, dims, scratch, par)`: buffers
    are rebuilt from the pointers and sizes. Each `scf.forall` becomes a function of a range and
    a call of `seqc_rt_parallel_for`.

    Requires: `seqc-plan-memory`. Leaves: functions whose arguments are pointers and integers.
    Refuses: nothing.
    Example: test/Conversion/lower-boundary.mlir.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect"];
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
