// RUN: seqc-opt %s --seq-fix-numerics | FileCheck %s
// The rule for fused multiply-adds: one use, same block, f32 or f64, the left product first.

// CHECK-LABEL: func @sums
// CHECK-SAME: (%[[A:.*]]: f32, %[[B:.*]]: f32, %[[C:.*]]: f32)
func.func @sums(%a: f32, %b: f32, %c: f32) -> (f32, f32, f32, f32) {
  // CHECK: %[[R0:.*]] = math.fma %[[A]], %[[B]], %[[C]]
  %m0 = arith.mulf %a, %b : f32
  %r0 = arith.addf %m0, %c : f32
  // CHECK: %[[R1:.*]] = math.fma %[[A]], %[[B]], %[[C]]
  %m1 = arith.mulf %a, %b : f32
  %r1 = arith.addf %c, %m1 : f32
  // CHECK: %[[NC:.*]] = arith.negf %[[C]]
  // CHECK: %[[R2:.*]] = math.fma %[[A]], %[[B]], %[[NC]]
  %m2 = arith.mulf %a, %b : f32
  %r2 = arith.subf %m2, %c : f32
  // CHECK: %[[NA:.*]] = arith.negf %[[A]]
  // CHECK: %[[R3:.*]] = math.fma %[[NA]], %[[B]], %[[C]]
  %m3 = arith.mulf %a, %b : f32
  %r3 = arith.subf %c, %m3 : f32
  // CHECK: return %[[R0]], %[[R1]], %[[R2]], %[[R3]]
  return %r0, %r1, %r2, %r3 : f32, f32, f32, f32
}

// CHECK-LABEL: func @left_of_two
// CHECK-SAME: (%[[A:.*]]: f64, %[[B:.*]]: f64)
func.func @left_of_two(%a: f64, %b: f64) -> f64 {
  // CHECK: %[[P:.*]] = arith.mulf %[[B]], %[[B]]
  // CHECK: math.fma %[[A]], %[[A]], %[[P]]
  %l = arith.mulf %a, %a : f64
  %r = arith.mulf %b, %b : f64
  %s = arith.addf %l, %r : f64
  return %s : f64
}

// CHECK-LABEL: func @two_uses
func.func @two_uses(%a: f32, %b: f32) -> (f32, f32) {
  // CHECK: arith.mulf
  // CHECK: arith.addf
  // CHECK-NOT: math.fma
  %m = arith.mulf %a, %b : f32
  %s = arith.addf %m, %a : f32
  return %m, %s : f32, f32
}

// A product from outside of a block stays where it was computed; no fast-math flag survives.
// CHECK-LABEL: func @other_block
func.func @other_block(%a: f32, %b: f32, %p: i1) -> f32 {
  // CHECK: arith.mulf %{{.*}}, %{{.*}} : f32
  // CHECK: scf.if
  // CHECK: arith.addf %{{.*}}, %{{.*}} : f32
  %m = arith.mulf %a, %b fastmath<contract> : f32
  %r = scf.if %p -> f32 {
    %s = arith.addf %m, %a fastmath<fast> : f32
    scf.yield %s : f32
  } else {
    scf.yield %b : f32
  }
  return %r : f32
}

// CHECK-LABEL: func @contraction
func.func @contraction(%a: tensor<3x4xf32>, %b: tensor<4x5xf32>, %c: tensor<3x5xf32>) -> tensor<3x5xf32> {
  // CHECK: linalg.generic
  // CHECK: ^bb0(%[[X:.*]]: f32, %[[Y:.*]]: f32, %[[ACC:.*]]: f32)
  // CHECK-NEXT: %[[S:.*]] = math.fma %[[X]], %[[Y]], %[[ACC]]
  // CHECK-NEXT: linalg.yield %[[S]]
  %r = linalg.matmul ins(%a, %b : tensor<3x4xf32>, tensor<4x5xf32>) outs(%c : tensor<3x5xf32>) -> tensor<3x5xf32>
  return %r : tensor<3x5xf32>
}

// bf16 products are summed in f32.
// CHECK-LABEL: func @contraction_bf16
func.func @contraction_bf16(%a: tensor<3x4xbf16>, %b: tensor<4x5xbf16>, %c: tensor<3x5xf32>) -> tensor<3x5xf32> {
  // CHECK: ^bb0(%{{.*}}: bf16, %{{.*}}: bf16, %[[ACC:.*]]: f32)
  // CHECK-COUNT-2: arith.extui
  // CHECK: math.fma %{{.*}}, %{{.*}}, %[[ACC]] : f32
  %r = linalg.matmul ins(%a, %b : tensor<3x4xbf16>, tensor<4x5xbf16>) outs(%c : tensor<3x5xf32>) -> tensor<3x5xf32>
  return %r : tensor<3x5xf32>
}
