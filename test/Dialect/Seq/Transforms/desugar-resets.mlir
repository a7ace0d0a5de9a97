// RUN: %seqc-opt %s --seq-expand-ops --seq-desugar-resets | FileCheck %s

// CHECK-LABEL: @resets
// CHECK-SAME: %[[U:.*]]: tensor<?x?x8xf32>, %[[R:.*]]: tensor<?x?xi1>, %[[H0:.*]]: tensor<?x8xf32> {seqc.state}
func.func @resets(%u: tensor<?x?x8xf32>, %r: tensor<?x?xi1>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // CHECK: seq.recurrence (%[[X:.*]]: tensor<8xf32> in %[[U]], %[[F:.*]]: tensor<i1> in %[[R]], %[[G:.*]]: tensor<8xf32> given %[[H0]]) states(%[[H:.*]]: tensor<8xf32> = %[[H0]]) {
  // CHECK: %[[E:.*]] = linalg.generic {{.*}} ins(%[[F]], %[[G]], %[[H]] : tensor<i1>, tensor<8xf32>, tensor<8xf32>)
  // CHECK: arith.select
  // CHECK: arith.addf %[[E]], %[[X]]
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) resets(%r) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x?xi1>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}

// CHECK-LABEL: @affine
func.func @affine(%u: tensor<?x?x8xf32>, %r: tensor<?x?xi1>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // CHECK-NOT: seq.affine_recurrence
  // CHECK: seq.recurrence
  // CHECK: arith.select
  %y, %l = seq.affine_recurrence diagonal decay(%u) input(%u) initial(%h0) resets(%r)
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x?xi1>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}
