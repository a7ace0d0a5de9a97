// RUN: %seqc-opt %s --canonicalize | FileCheck %s

// An out that nobody uses is not computed.
// CHECK-LABEL: @unused_out
func.func @unused_out(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // CHECK-NOT: math.exp
  // CHECK: seq.yield next(%{{.*}} : tensor<8xf32>){{$}}
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    %o = math.exp %n : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%o : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %last : tensor<?x8xf32>
}

// A state that never changes ends as it began; no steps change nothing.
// CHECK-LABEL: @unchanged
// CHECK-SAME: %[[U:.*]]: tensor<?x0x8xf32>, %[[H:.*]]: tensor<?x8xf32>
func.func @unchanged(%u: tensor<?x0x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // CHECK: return %[[H]]
  %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>)
  } : (tensor<?x0x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %last : tensor<?x8xf32>
}

// Sizes of results are sizes of operands.
// CHECK-LABEL: @sizes
// CHECK-SAME: %[[X:.*]]: tensor<?x?x8xf32>, %[[I:.*]]: tensor<?x1x8xf32>, %[[H:.*]]: tensor<?x8xf32>
func.func @sizes(%x: tensor<?x?x8xf32>, %i: tensor<?x1x8xf32>, %h0: tensor<?x8xf32>) -> (tensor<?x?x8xf32>, index, index, index) {
  // CHECK-DAG: %[[A:.*]] = tensor.dim %[[X]], %c1
  // CHECK-DAG: %[[B:.*]] = tensor.dim %[[I]], %c0
  // CHECK-DAG: %[[C:.*]] = tensor.dim %[[H]], %c0
  // CHECK: return %{{.*}}, %[[A]], %[[B]], %[[C]]
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %w, %l = seq.delay %x initial(%i) {time = 1 : i64} : (tensor<?x?x8xf32>, tensor<?x1x8xf32>) -> (tensor<?x?x1x8xf32>, tensor<?x1x8xf32>)
  %c = tensor.collapse_shape %w [[0], [1, 2], [3]] : tensor<?x?x1x8xf32> into tensor<?x?x8xf32>
  %y, %last = seq.recurrence (%v: tensor<8xf32> in %c) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %v : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  %t = tensor.dim %y, %c1 : tensor<?x?x8xf32>
  %b = tensor.dim %l, %c0 : tensor<?x1x8xf32>
  %d = tensor.dim %last, %c0 : tensor<?x8xf32>
  return %y, %t, %b, %d : tensor<?x?x8xf32>, index, index, index
}

// Reshapes by sizes of 1, padding and concatenation elsewhere leave a size alone.
// CHECK-LABEL: @reshaped_sizes
// CHECK-SAME: %[[X:.*]]: tensor<?x8xf32>
func.func @reshaped_sizes(%x: tensor<?x8xf32>, %v: f32) -> index {
  // CHECK: %[[D:.*]] = tensor.dim %[[X]], %c0
  // CHECK: return %[[D]]
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %c = tensor.concat dim(1) %x, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x16xf32>
  %p = tensor.pad %c low[0, 1] high[0, 1] {
  ^bb0(%i: index, %j: index):
    tensor.yield %v : f32
  } : tensor<?x16xf32> to tensor<?x18xf32>
  %e = tensor.expand_shape %p [[0, 1], [2]] output_shape [1, %n, 18] : tensor<?x18xf32> into tensor<1x?x18xf32>
  %d = tensor.dim %e, %c1 : tensor<1x?x18xf32>
  return %d : index
}
