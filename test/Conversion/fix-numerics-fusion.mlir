// RUN: seqc-opt %s --seq-fix-numerics=precise --canonicalize | FileCheck %s
// Elementwise chains become one body; nothing is computed twice or crosses a step's border.

// CHECK-LABEL: func @chain
// CHECK-COUNT-1: linalg.generic
// CHECK: math.exp
// CHECK: arith.divf
// CHECK: math.fma
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @chain(%x: tensor<4x?xf32>, %w: tensor<4x?xf32>) -> tensor<4x?xf32> {
  %i = arith.constant 1 : index
  %one = arith.constant 1.0 : f32
  %d = tensor.dim %x, %i : tensor<4x?xf32>
  %e = tensor.empty(%d) : tensor<4x?xf32>
  %ones = linalg.fill ins(%one : f32) outs(%e : tensor<4x?xf32>) -> tensor<4x?xf32>
  %n = arith.negf %x : tensor<4x?xf32>
  %p = math.exp %n : tensor<4x?xf32>
  %s = arith.addf %p, %ones : tensor<4x?xf32>
  %r = arith.divf %ones, %s : tensor<4x?xf32>
  %m = arith.mulf %r, %w : tensor<4x?xf32>
  %a = arith.addf %m, %x : tensor<4x?xf32>
  return %a : tensor<4x?xf32>
}

// A result with two readers is computed once.
// CHECK-LABEL: func @two_readers
// CHECK-COUNT-1: math.tanh
// CHECK-NOT: math.tanh
// CHECK: return
func.func @two_readers(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %t = math.tanh %x : tensor<8xf32>
  %a = arith.addf %t, %x : tensor<8xf32>
  return %t, %a : tensor<8xf32>, tensor<8xf32>
}

// Neither an elementwise op that a contraction reads many times ...
// CHECK-LABEL: func @not_into_contraction
// CHECK: math.tanh
// CHECK-NEXT: linalg.yield
// CHECK: linalg.generic {{.*}}"reduction"
// CHECK-NEXT: ^bb0
// CHECK-NEXT: math.fma
func.func @not_into_contraction(%a: tensor<3x4xf32>, %b: tensor<4x5xf32>, %c: tensor<3x5xf32>) -> tensor<3x5xf32> {
  %t = math.tanh %a : tensor<3x4xf32>
  %r = linalg.matmul ins(%t, %b : tensor<3x4xf32>, tensor<4x5xf32>) outs(%c : tensor<3x5xf32>) -> tensor<3x5xf32>
  return %r : tensor<3x5xf32>
}

// ... nor one that is broadcast is moved.
// CHECK-LABEL: func @not_into_broadcast
// CHECK: math.exp
// CHECK-NEXT: linalg.yield
// CHECK: arith.addf
func.func @not_into_broadcast(%a: tensor<4xf32>, %b: tensor<64x4xf32>) -> tensor<64x4xf32> {
  %t = math.exp %a : tensor<4xf32>
  %e = tensor.empty() : tensor<64x4xf32>
  %w = linalg.broadcast ins(%t : tensor<4xf32>) outs(%e : tensor<64x4xf32>) dimensions = [0]
  %r = arith.addf %w, %b : tensor<64x4xf32>
  return %r : tensor<64x4xf32>
}

// CHECK-LABEL: func @not_into_step
// CHECK: math.exp
// CHECK: seq.recurrence
// CHECK-NOT: math.exp
// CHECK: math.tanh
// CHECK-NOT: linalg.generic
// CHECK: seq.yield
func.func @not_into_step(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>, %g: tensor<8xf32>) -> tensor<?x?x8xf32> {
  %e = math.exp %g : tensor<8xf32>
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %s = arith.addf %h, %x : tensor<8xf32>
    %d = arith.mulf %s, %e : tensor<8xf32>
    %n = math.tanh %d : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}

// A scalar condition is the same for every element.
// CHECK-LABEL: func @scalar_condition
// CHECK-SAME: (%[[P:.*]]: i1
// CHECK: arith.select %[[P]], %{{.*}}, %{{.*}} : f32
func.func @scalar_condition(%p: i1, %a: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<8xf32> {
  %n = arith.negf %a : tensor<8xf32>
  %r = arith.select %p, %n, %b : tensor<8xf32>
  return %r : tensor<8xf32>
}

// Integers are fused like floats and not changed.
// CHECK-LABEL: func @integers
// CHECK: arith.muli
// CHECK-NEXT: arith.addi
func.func @integers(%a: tensor<8xi32>, %b: tensor<8xi32>) -> tensor<8xi32> {
  %m = arith.muli %a, %b : tensor<8xi32>
  %s = arith.addi %m, %a : tensor<8xi32>
  return %s : tensor<8xi32>
}
