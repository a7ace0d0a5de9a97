// RUN: not %seqc %s --schedule=scan --emit=scheduled -o - 2>&1 | FileCheck %s
// SRU with a peephole: what looks affine is not, because the gate reads the state.
// CHECK: scan-form-invalid.mlir:8:11: error: {{.*}} expected a step for which plan 'scan' is legal, but not affine in `%h`: `math.exp` at scan-form-invalid.mlir:11:10 is applied to a value that depends on `%h`
// CHECK-NOT: error:
func.func @sru(%f_in: tensor<?x?x2xf32>, %u: tensor<?x?x2xf32>, %v: tensor<2xf32>, %c0: tensor<?x2xf32>)
    -> tensor<?x2xf32> {
  %one = arith.constant dense<1.0> : tensor<2xf32>
  %last = seq.recurrence (%f_t: tensor<2xf32> in %f_in, %u_t: tensor<2xf32> in %u) states(%c: tensor<2xf32> = %c0) {
    %0 = arith.mulf %v, %c : tensor<2xf32>
    %1 = arith.subf %f_t, %0 : tensor<2xf32>
    %e = math.exp %1 : tensor<2xf32>
    %d = arith.addf %one, %e : tensor<2xf32>
    %f = arith.divf %one, %d : tensor<2xf32>
    %kept = arith.mulf %f, %c : tensor<2xf32>
    %renewed = arith.subf %one, %f : tensor<2xf32>
    %written = arith.mulf %renewed, %u_t : tensor<2xf32>
    %next = arith.addf %kept, %written : tensor<2xf32>
    seq.yield next(%next : tensor<2xf32>)
  } : (tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  return %last : tensor<?x2xf32>
}
