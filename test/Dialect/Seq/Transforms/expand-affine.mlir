// RUN: %seqc-opt %s --seq-expand-ops | FileCheck %s

// CHECK-LABEL: @diagonal
// CHECK-SAME: %[[A:.*]]: tensor<?x?x8xbf16>, %[[U:.*]]: tensor<?x?x8xf32>, %[[H0:.*]]: tensor<?x8xf32>
func.func @diagonal(%a: tensor<?x?x8xbf16>, %u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // CHECK: seq.recurrence reverse (%[[UT:.*]]: tensor<8xf32> in %[[U]], %[[AT:.*]]: tensor<8xbf16> in %[[A]]) states(%[[H:.*]]: tensor<8xf32> = %[[H0]]) {
  // CHECK-NEXT: %[[W:.*]] = arith.extf %[[AT]]
  // CHECK-NEXT: %[[P:.*]] = arith.mulf %[[W]], %[[H]]
  // CHECK-NEXT: %[[N:.*]] = arith.addf %[[P]], %[[UT]]
  // CHECK-NEXT: seq.yield next(%[[N]] : tensor<8xf32>) out(%[[N]] : tensor<8xf32>)
  %y, %l = seq.affine_recurrence diagonal reverse decay(%a) input(%u) initial(%h0)
      : (tensor<?x?x8xbf16>, tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}

// CHECK-LABEL: @readout
func.func @readout(%a: tensor<f32>, %u: tensor<?x?x16x8xf32>, %h0: tensor<?x16x8xf32>, %c: tensor<?x?x16xf32>) -> tensor<?x?x8xf32> {
  // CHECK: seq.recurrence
  // CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]
  // CHECK: linalg.generic {{.*}} iterator_types = ["reduction", "parallel"]
  // CHECK: seq.yield next(%{{.*}} : tensor<16x8xf32>) out(%{{.*}} : tensor<8xf32>)
  %y, %l = seq.affine_recurrence scalar constant decay(%a) input(%u) initial(%h0) readout(%c) {state_rank = 2 : i64}
      : (tensor<f32>, tensor<?x?x16x8xf32>, tensor<?x16x8xf32>, tensor<?x?x16xf32>) -> (tensor<?x?x8xf32>, tensor<?x16x8xf32>)
  return %y : tensor<?x?x8xf32>
}
