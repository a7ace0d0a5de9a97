// RUN: %seqc-opt %s --seq-form-scans | FileCheck %s

// CHECK-LABEL: @tuple
func.func @tuple(%u: tensor<?x8xf32>, %h0: tensor<8xf32>, %k0: tensor<i64>) -> (tensor<8xf32>, tensor<i64>) {
  // CHECK: seq.recurrence (%[[X:.*]]: tensor<8xf32> in %{{.*}}) states(%[[H:.*]]: tensor<8xf32> = %{{.*}}, %[[K:.*]]: tensor<i64> = %{{.*}}) {
  // CHECK: %[[ONE:.*]] = arith.constant dense<1> : tensor<i64>
  // CHECK-NEXT: %[[M:.*]] = arith.maximumf %[[H]], %[[X]]
  // CHECK-NEXT: %[[N:.*]] = arith.addi %[[K]], %[[ONE]]
  // CHECK-NEXT: seq.yield next(%[[M]], %[[N]] : tensor<8xf32>, tensor<i64>)
  // CHECK-NOT: seq.combine
  %l, %m = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0, %k: tensor<i64> = %k0) {
    %one = arith.constant dense<1> : tensor<i64>
    %n, %i = seq.combine(%h, %k) with(%x, %one) {
    ^bb0(%a: tensor<8xf32>, %p: tensor<i64>, %b: tensor<8xf32>, %q: tensor<i64>):
      %c = arith.maximumf %a, %b : tensor<8xf32>
      %s = arith.addi %p, %q : tensor<i64>
      seq.yield next(%c, %s : tensor<8xf32>, tensor<i64>)
    } : (tensor<8xf32>, tensor<i64>, tensor<8xf32>, tensor<i64>) -> (tensor<8xf32>, tensor<i64>)
    seq.yield next(%n, %i : tensor<8xf32>, tensor<i64>)
  } : (tensor<?x8xf32>, tensor<8xf32>, tensor<i64>) -> (tensor<8xf32>, tensor<i64>)
  return %l, %m : tensor<8xf32>, tensor<i64>
}
