//===- SeqDialect.td - The seq dialect -------------------------*- tablegen -*-===//
#ifndef SEQC_DIALECT_SEQ_IR_SEQDIALECT_TD
#define SEQC_DIALECT_SEQ_IR_SEQDIALECT_TD

include "mlir/IR/OpBase.td"

def Seq_Dialect : Dialect {
  let name = "seq";
  let cppNamespace = "::seqc::seq";
  let summary = "State over time: recurrences written as one step of one sequence";
  let description = [{
    Every op with a time axis describes *one time step of one sequence* and maps it over any
    number of batch dimensions. Weights are captured from outside; nobody writes a broadcast.

    Shapes, with `batch…` the batch dimensions, `T` the number of steps and `step…` the shape
    that the region sees:

    | operand | whole shape | the region sees |
    |---|---|---|
    | `in` (per step) | `[batch…, T, step…]` | `tensor<step…>` |
    | `shared` (per step, one for the whole batch) | `[T, step…]` | `tensor<step…>` |
    | `given` (per sequence, constant over time) | `[batch…, step…]` | `tensor<step…>` |
    | `states` (initial values) | `[batch…, step…]` | `tensor<step…>` |
    | captured (uniform: weights) | any | the same value |
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let dependentDialects = ["::mlir::tensor::TensorDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::arith::ArithDialect"];
}

#endif // SEQC_DIALECT_SEQ_IR_SEQDIALECT_TD
