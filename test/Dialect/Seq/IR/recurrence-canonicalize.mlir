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
