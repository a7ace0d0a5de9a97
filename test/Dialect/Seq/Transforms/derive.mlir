// RUN: %seqc-opt %s --seq-derive --split-input-file | FileCheck %s

// Changes are arguments and results behind those of the function, with the same sizes; integers have
// none. States carry theirs; a product reads the value that is there.
// CHECK-LABEL: @f_jvp(
// CHECK-SAME: %[[U:.*]]: tensor<?x?x8xf32> {seqc.dims = ["B", "T"]}, %[[R:.*]]: tensor<?x?xi1>, %[[H0:.*]]: tensor<?x8xf32>, %[[DU:.*]]: tensor<?x?x8xf32> {seqc.dims = ["B", "T"]}, %[[DH0:.*]]: tensor<?x8xf32>)
// CHECK-SAME: -> (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x?x8xf32>, tensor<?x8xf32>)
// CHECK: seq.recurrence reverse (%[[X:.*]]: tensor<8xf32> in %[[U]], %[[DX:.*]]: tensor<8xf32> in %[[DU]]) resets(%[[R]])
// CHECK-SAME: states(%[[H:.*]]: tensor<8xf32> = %[[H0]], %[[DH:.*]]: tensor<8xf32> = %[[DH0]]) {
// CHECK-NEXT: %[[E:.*]] = math.exp %[[H]]
// CHECK-NEXT: %[[DE:.*]] = arith.mulf %[[E]], %[[DH]]
// CHECK-NEXT: %[[N:.*]] = arith.mulf %[[E]], %[[X]]
// CHECK-NEXT: %[[P1:.*]] = arith.mulf %[[X]], %[[DE]]
// CHECK-NEXT: %[[P2:.*]] = arith.mulf %[[E]], %[[DX]]
// CHECK-NEXT: %[[DN:.*]] = arith.addf %[[P1]], %[[P2]]
// CHECK-NEXT: seq.yield next(%[[N]], %[[DN]] : {{.*}}) out(%[[E]], %[[DE]] :
func.func @f(%u: tensor<?x?x8xf32> {seqc.dims = ["B", "T"]}, %r: tensor<?x?xi1>, %h0: tensor<?x8xf32>)
    -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  %y, %last = seq.recurrence reverse (%x: tensor<8xf32> in %u) resets(%r) states(%h: tensor<8xf32> = %h0) {
    %e = math.exp %h : tensor<8xf32>
    %n = arith.mulf %e, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%e : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x?xi1>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y, %last : tensor<?x?x8xf32>, tensor<?x8xf32>
}

// -----

// A sum stays as it is; the changes of both factors are one sum that starts from the change of its
// initial value.
// CHECK-LABEL: @dot_jvp(
// CHECK-SAME: %[[A:.*]]: tensor<4xf32>, %[[B:.*]]: tensor<4xf32>, %[[C:.*]]: tensor<f32>, %[[DA:.*]]: tensor<4xf32>, %[[DB:.*]]: tensor<4xf32>, %[[DC:.*]]: tensor<f32>)
// CHECK: linalg.dot ins(%[[A]], %[[B]] :
// CHECK: linalg.generic {{.*}} ins(%[[A]], %[[B]], %[[DA]], %[[DB]] : {{.*}}) outs(%[[DC]] :
func.func @dot(%a: tensor<4xf32>, %b: tensor<4xf32>, %c: tensor<f32>) -> tensor<f32> {
  %d = linalg.dot ins(%a, %b : tensor<4xf32>, tensor<4xf32>) outs(%c : tensor<f32>) -> tensor<f32>
  return %d : tensor<f32>
}

// -----

// A maximum carries the change of what was taken; an operand without a change is not read for it.
// CHECK-LABEL: @most_jvp(
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<4xf32>, tensor<4xf32>) outs(%{{.*}}, %{{.*}} : tensor<f32>, tensor<f32>)
// CHECK: ^bb0(%[[X:.*]]: f32, %[[DX:.*]]: f32, %[[M:.*]]: f32, %[[DM:.*]]: f32):
// CHECK: %[[MAX:.*]] = arith.maximumf %[[M]], %[[X]]
// CHECK: %[[TAKEN:.*]] = arith.cmpf oge, %[[M]], %[[X]]
// CHECK: %[[D:.*]] = arith.select %[[TAKEN]], %[[DM]], %[[DX]]
// CHECK: linalg.yield %[[MAX]], %[[D]]
func.func @most(%a: tensor<4xf32>) -> tensor<f32> {
  %low = arith.constant dense<-1.0> : tensor<f32>
  %d = linalg.reduce ins(%a : tensor<4xf32>) outs(%low : tensor<f32>) dimensions = [0] (%x: f32, %m: f32) {
    %r = arith.maximumf %m, %x : f32
    linalg.yield %r : f32
  }
  return %d : tensor<f32>
}

// -----

// What does not change, and what is no float, is copied.
// CHECK-LABEL: @steps_jvp(
// CHECK: %[[F:.*]] = math.floor
// CHECK: %[[ZERO:.*]] = arith.constant dense<0.0
// CHECK: return %[[F]], %{{.*}}, %[[ZERO]] : tensor<4xf32>, tensor<4xi1>, tensor<4xf32>
func.func @steps(%a: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xi1>) {
  %f = math.floor %a : tensor<4xf32>
  %p = arith.cmpf ogt, %a, %f : tensor<4xf32>
  return %f, %p : tensor<4xf32>, tensor<4xi1>
}
