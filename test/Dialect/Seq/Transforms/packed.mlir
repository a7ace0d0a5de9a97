// RUN: %seqc-opt %s --seqc-simplified | FileCheck %s

// The projection of all steps of all sequences is one product; that of a value per sequence is one,
// too, and no form outside of the step has both.
// CHECK-LABEL: func.func @hoisted
// CHECK-SAME: seqc.not_streamable = "`seq.recurrence` at packed.mlir:{{.*}} runs packed sequences from their start to their end (`cu_seqlens`)"
// CHECK: %[[P:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]
// CHECK: %[[Q:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]
// CHECK: seq.recurrence (%{{.*}}: tensor<8xf32> in %[[P]], %{{.*}}: tensor<8xf32> given %[[Q]]) cu_seqlens(
// CHECK-NOT: linalg.matvec
// CHECK: %[[S:.*]] = arith.addf
// CHECK: linalg.matvec ins(%{{.*}}, %[[S]]
func.func @hoisted(%u: tensor<?x4xf32>, %g: tensor<?x4xf32>, %w: tensor<8x4xf32>, %v: tensor<8x8xf32>, %b: tensor<8xf32>, %cu: tensor<?xi32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %last = seq.recurrence (%x: tensor<4xf32> in %u, %c: tensor<4xf32> given %g) cu_seqlens(%cu) states(%h: tensor<8xf32> = %h0) {
    %p = linalg.matvec ins(%w, %x : tensor<8x4xf32>, tensor<4xf32>) outs(%b : tensor<8xf32>) -> tensor<8xf32>
    %q = linalg.matvec ins(%w, %c : tensor<8x4xf32>, tensor<4xf32>) outs(%b : tensor<8xf32>) -> tensor<8xf32>
    %s = arith.addf %p, %q : tensor<8xf32>
    %r = linalg.matvec ins(%v, %s : tensor<8x8xf32>, tensor<8xf32>) outs(%b : tensor<8xf32>) -> tensor<8xf32>
    %n = arith.addf %h, %r : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>)
  } : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %last : tensor<?x8xf32>
}

// A state that is the last input stays a state: a delay would reach into the sequence before.
// CHECK-LABEL: func.func @last_input
// CHECK-NOT: seq.delay
// CHECK: seq.recurrence {{.*}} states(%{{.*}}: tensor<8xf32> = %{{.*}}, %{{.*}}: tensor<8xf32> = %{{.*}})
func.func @last_input(%u: tensor<?x8xf32>, %cu: tensor<?xi32>, %h0: tensor<?x8xf32>, %p0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y, %l:2 = seq.recurrence (%x: tensor<8xf32> in %u) cu_seqlens(%cu) states(%h: tensor<8xf32> = %h0, %p: tensor<8xf32> = %p0) {
    %n = arith.mulf %h, %p : tensor<8xf32>
    seq.yield next(%n, %x : tensor<8xf32>, tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x8xf32>, tensor<?xi32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x8xf32>
}

// `resets` restart within a sequence, from its own initial value; sizes come from the operands.
// CHECK-LABEL: func.func @restarted
// CHECK: seq.recurrence (%{{.*}}: tensor<8xf32> in %{{.*}}, %{{.*}}: tensor<i1> in %{{.*}}, %{{.*}}: tensor<8xf32> given %[[H0:.*]]) cu_seqlens(%{{.*}}) states(%{{.*}}: tensor<8xf32> = %[[H0]])
// CHECK: %[[T:.*]] = tensor.dim %[[U:arg0]], %c0
// CHECK: %[[N:.*]] = tensor.dim %[[H0]], %c0
// CHECK: return %{{.*}}, %[[T]], %[[N]]
func.func @restarted(%u: tensor<?x8xf32>, %r: tensor<?xi1>, %cu: tensor<?xi32>, %h0: tensor<?x8xf32>) -> (tensor<?x8xf32>, index, index) {
  %c0 = arith.constant 0 : index
  %y, %l = seq.recurrence (%x: tensor<8xf32> in %u) resets(%r) cu_seqlens(%cu) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x8xf32>, tensor<?xi1>, tensor<?xi32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  %t = tensor.dim %y, %c0 : tensor<?x8xf32>
  %n = tensor.dim %l, %c0 : tensor<?x8xf32>
  return %y, %t, %n : tensor<?x8xf32>, index, index
}

// CHECK-LABEL: func.func @affine
// CHECK: seq.recurrence (%{{.*}}: tensor<8xf32> in %arg1, %{{.*}}: tensor<8xf32> in %arg0) cu_seqlens(%arg3) states(%{{.*}}: tensor<8xf32> = %arg2)
func.func @affine(%a: tensor<?x8xf32>, %u: tensor<?x8xf32>, %h0: tensor<?x8xf32>, %cu: tensor<?xi32>) -> tensor<?x8xf32> {
  %y, %l = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h0) cu_seqlens(%cu)
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @ema
// CHECK: seq.recurrence (%{{.*}}: tensor<8xf32> in %arg0, %{{.*}}: tensor<f32> in %arg1) cu_seqlens(%arg3) states(%{{.*}}: tensor<8xf32> = %arg2)
func.func @ema(%x: tensor<?x8xf32>, %b: tensor<?xf32>, %h0: tensor<?x8xf32>, %cu: tensor<?xi32>) -> tensor<?x8xf32> {
  %y, %l = seq.ema scalar input(%x) decay(%b) initial(%h0) cu_seqlens(%cu)
      : (tensor<?x8xf32>, tensor<?xf32>, tensor<?x8xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @scan
// CHECK: seq.recurrence (%{{.*}}: tensor<2xf32> in %arg0) cu_seqlens(%arg1) states(%{{.*}}: tensor<2xf32> = %arg2)
// CHECK: seq.combine
func.func @scan(%u: tensor<?x2xf32>, %cu: tensor<?xi32>, %h0: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %y, %l = seq.scan (%x: tensor<2xf32> in %u) cu_seqlens(%cu) initial(%h0) lift {
    seq.yield next(%x : tensor<2xf32>)
  } combine(%a: tensor<2xf32>) with(%b: tensor<2xf32>) {
    %c = arith.addf %a, %b : tensor<2xf32>
    seq.yield next(%c : tensor<2xf32>)
  } : (tensor<?x2xf32>, tensor<?xi32>, tensor<?x2xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>)
  return %y : tensor<?x2xf32>
}
