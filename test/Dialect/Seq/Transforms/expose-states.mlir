// RUN: %seqc-opt %s --seq-desugar-resets --seqc-expose-states | FileCheck %s

// Neither the initial value nor the final one is public.
// CHECK-LABEL: func.func @hidden
// CHECK-SAME: %[[S:[^:]*]]: tensor<?x8xf32> {seqc.name = "state0"}) -> (tensor<?x?x8xf32>, tensor<?x8xf32>) attributes {seqc.public_args = 1 : i64, seqc.public_results = 1 : i64, seqc.states = [array<i64: 1, 1>]}
// CHECK-NOT: linalg.fill
// CHECK: %[[Y:.*]]:2 = seq.recurrence {{.*}} = %[[S]])
// CHECK: return %[[Y]]#0, %[[Y]]#1
// CHECK-LABEL: func.func private @seqc_init_hidden(
// CHECK: %[[F:.*]] = linalg.fill
// CHECK-NOT: seq.recurrence
// CHECK: return %[[F]]
func.func @hidden(%u: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %c0 = arith.constant 0 : index
  %z = arith.constant 0.0 : f32
  %d = tensor.dim %u, %c0 : tensor<?x?x8xf32>
  %e = tensor.empty(%d) : tensor<?x8xf32>
  %h0 = linalg.fill ins(%z : f32) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @public
// CHECK-SAME: seqc.public_args = 2 : i64, seqc.public_results = 2 : i64, seqc.states = [array<i64: 1, 1>]
func.func @public(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y, %last : tensor<?x?x8xf32>, tensor<?x8xf32>
}

// What resets restore is the value at the start of the stream: a state that never changes.
// CHECK-LABEL: func.func @restored
// CHECK-SAME: %[[H0:[^ ]*]]: tensor<?x8xf32> {seqc.state}, %[[K:[^ ]*]]: tensor<?x8xf32> {seqc.name = "state0"})
// CHECK-SAME: seqc.states = [array<i64: 2, 1>, array<i64: 3, 2>]
// CHECK: seq.recurrence {{.*}} given %[[K]]) states(%{{.*}}: tensor<8xf32> = %[[H0]])
// CHECK: return %{{.*}}, %{{.*}}, %[[K]]
// CHECK-LABEL: func.func private @seqc_init_restored
// CHECK: return %arg2
func.func @restored(%u: tensor<?x?x8xf32>, %r: tensor<?x?xi1>, %h0: tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) resets(%r) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x?xi1>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y, %last : tensor<?x?x8xf32>, tensor<?x8xf32>
}

// CHECK-LABEL: func.func @backwards
// CHECK-SAME: seqc.not_streamable = "`seq.recurrence` at expose-states.mlir:{{[0-9:]+}} runs backwards (`reverse`)"
func.func @backwards(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  %y, %last = seq.recurrence reverse (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}

// The states stand in the order of their arguments, whatever ops own them.
// CHECK-LABEL: func.func @order
// CHECK-SAME: seqc.states = [array<i64: 1, 0>, array<i64: 2, 1>]
func.func @order(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>, %p0: tensor<?x1x8xf32>) -> (tensor<?x8xf32>, tensor<?x1x8xf32>) {
  %w, %f = seq.delay %u initial(%p0) {time = 1 : i64} : (tensor<?x?x8xf32>, tensor<?x1x8xf32>) -> (tensor<?x?x1x8xf32>, tensor<?x1x8xf32>)
  %c = tensor.collapse_shape %w [[0], [1, 2], [3]] : tensor<?x?x1x8xf32> into tensor<?x?x8xf32>
  %last = seq.recurrence (%x: tensor<8xf32> in %c) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %last, %f : tensor<?x8xf32>, tensor<?x1x8xf32>
}
