// RUN: %seqc-opt %s --seq-linearize | FileCheck %s
// RUN: %seqc-opt %s --seq-linearize | %seqc-opt --seq-fix-numerics | FileCheck %s --check-prefix=FIXED

// h' = tanh(a h + x): the product of the step is not read again, and the derivative uses the tangent's
// value.
// CHECK-LABEL: @elementwise
// CHECK: seq.recurrence (%[[X:.*]]: tensor<8xf32> in
// CHECK: %[[P:.*]] = arith.mulf
// CHECK-NEXT: arith.addf %[[P]]
// CHECK: seq.linearized to [0] from [0] {
// CHECK-NEXT: ^bb0(%[[H:.*]]: tensor<8xf32>):
// CHECK-NEXT: %[[M:.*]] = arith.mulf %[[A:.*]], %[[H]]
// CHECK-NEXT: %[[S:.*]] = arith.addf %[[M]], %[[X]]
// CHECK-NEXT: %[[T:.*]] = math.tanh %[[S]]
// CHECK-NEXT: %[[Q:.*]] = arith.mulf %[[T]], %[[T]]
// CHECK-NEXT: %[[ONE:.*]] = arith.constant dense<1.0
// CHECK-NEXT: %[[D:.*]] = arith.subf %[[ONE]], %[[Q]]
// CHECK-NEXT: %[[J:.*]] = arith.mulf %[[D]], %[[A]]
// CHECK-NEXT: seq.yield next(%[[T]] : tensor<8xf32>) out(%[[J]] : tensor<8xf32>)
// FIXED-LABEL: @elementwise
// FIXED: seq.linearized
// FIXED: math.fma
// FIXED-NOT: math.tanh
func.func @elementwise(%u: tensor<?x?x8xf32>, %a: tensor<8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %p = arith.mulf %a, %h : tensor<8xf32>
    %s = arith.addf %p, %x : tensor<8xf32>
    %n = math.tanh %s : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>)
  } schedule(<newton>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %last : tensor<?x8xf32>
}

// A block of two states without one of its four partials. A value that no next state needs is not
// computed again.
// CHECK-LABEL: @block
// CHECK: math.sin
// CHECK: seq.linearized to [0, 0, 1] from [0, 1, 0] {
// CHECK-NOT: math.sin
// CHECK: %[[TWICE:.*]] = arith.addf %[[G:.*]], %[[G]] :
// CHECK: %[[ONE:.*]] = arith.constant dense<1.0
// CHECK: %[[E:.*]] = math.exp
// CHECK: seq.yield next(%{{.*}}, %[[E]] : {{.*}}) out(%[[ONE]], %[[TWICE]], %[[E]] :
func.func @block(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  %y, %a, %b = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0, %g: tensor<8xf32> = %h0) {
    %0 = arith.mulf %g, %g : tensor<8xf32>
    %1 = arith.addf %h, %0 : tensor<8xf32>
    %2 = math.exp %h : tensor<8xf32>
    %3 = math.sin %1 : tensor<8xf32>
    seq.yield next(%1, %2 : tensor<8xf32>, tensor<8xf32>) out(%3 : tensor<8xf32>)
  } schedule(<segments>) : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}

// Plan `segments` does without, where elements mix; other plans have no use for it.
// CHECK-LABEL: @none
// CHECK-NOT: seq.linearized
func.func @none(%u: tensor<?x?x8xf32>, %w: tensor<8x8xf32>, %h0: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %a = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = linalg.matvec ins(%w, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%x : tensor<8xf32>) -> tensor<8xf32>
    %t = math.tanh %n : tensor<8xf32>
    seq.yield next(%t : tensor<8xf32>)
  } schedule(<segments>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %b = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %t = math.tanh %h : tensor<8xf32>
    seq.yield next(%t : tensor<8xf32>)
  } schedule(<fused>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %a, %b : tensor<?x8xf32>, tensor<?x8xf32>
}
