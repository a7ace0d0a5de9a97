// RUN: %seqc-opt %s | %seqc-opt | FileCheck %s

// CHECK-LABEL: @elman
func.func @elman(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %one = arith.constant dense<1.0> : tensor<8xf32>
  %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %s = arith.addf %x, %h : tensor<8xf32>
    %n = math.tanh %s : tensor<8xf32>
    // CHECK: seq.linearized to [0] from [0] {
    // CHECK-NEXT: ^bb0(%{{.*}}: tensor<8xf32>):
    // CHECK: seq.yield next(%{{.*}} : tensor<8xf32>) out(%{{.*}} : tensor<8xf32>)
    // CHECK-NEXT: }
    seq.linearized to [0] from [0] {
    ^bb0(%h1: tensor<8xf32>):
      %s1 = arith.addf %x, %h1 : tensor<8xf32>
      %n1 = math.tanh %s1 : tensor<8xf32>
      %q = arith.mulf %n1, %n1 : tensor<8xf32>
      %d = arith.subf %one, %q : tensor<8xf32>
      seq.yield next(%n1 : tensor<8xf32>) out(%d : tensor<8xf32>)
    }
    seq.yield next(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %last : tensor<?x8xf32>
}

// Two states, one partial; and a step that forgets: none.
// CHECK-LABEL: @pair
// CHECK: seq.linearized to [1] from [0] {
// CHECK: seq.yield next(%{{.*}}, %{{.*}} : tensor<8xf32>, tensor<8xf32>) out(%{{.*}} : tensor<8xf32>)
// CHECK: seq.linearized to [] from [] {
// CHECK: seq.yield next(%{{.*}} : tensor<8xf32>)
func.func @pair(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %one = arith.constant dense<1.0> : tensor<8xf32>
  %a, %b = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0, %g: tensor<8xf32> = %h0) {
    seq.linearized to [1] from [0] {
    ^bb0(%h1: tensor<8xf32>, %g1: tensor<8xf32>):
      seq.yield next(%x, %h1 : tensor<8xf32>, tensor<8xf32>) out(%one : tensor<8xf32>)
    }
    seq.yield next(%x, %h : tensor<8xf32>, tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  %c = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    seq.linearized to [] from [] {
    ^bb0(%h1: tensor<8xf32>):
      seq.yield next(%x : tensor<8xf32>)
    }
    seq.yield next(%x : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %b, %c : tensor<?x8xf32>, tensor<?x8xf32>
}

// Bounds of guesses.
// CHECK-LABEL: @bounded
// CHECK: seq.linearized to [0] from [0] {
// CHECK: } low [-1.000000e+00] high [1.000000e+00] initial [array<i64: 0>]
func.func @bounded(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %one = arith.constant dense<1.0> : tensor<8xf32>
  %a = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    seq.linearized to [0] from [0] {
    ^bb0(%h1: tensor<8xf32>):
      seq.yield next(%h1 : tensor<8xf32>) out(%one : tensor<8xf32>)
    } low [-1.0] high [1.0] initial [array<i64: 0>]
    seq.yield next(%h : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}
