// RUN: %seqc-opt %s --seq-hoist --canonicalize | FileCheck %s

// The input projection of a cell becomes one product for all steps; its bias starts the sum.
// CHECK-DAG: #[[W:.*]] = affine_map<(d0, d1, d2, d3) -> (d2, d3)>
// CHECK-DAG: #[[X:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
// CHECK-DAG: #[[Y:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
// CHECK-LABEL: @input_projection
func.func @input_projection(%u: tensor<?x?x64xf32>, %w: tensor<32x64xf32>, %b: tensor<32xf32>,
    %h0: tensor<?x32xf32>) -> tensor<?x?x32xf32> {
  // CHECK: %[[G:.*]] = linalg.generic {indexing_maps = [#[[W]], #[[X]], #[[Y]]], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
  // CHECK: seq.recurrence (%[[GT:.*]]: tensor<32xf32> in %[[G]]) states(%[[H:.*]]: tensor<32xf32>
  // CHECK-NEXT: arith.addf %[[GT]], %[[H]]
  %y, %last = seq.recurrence (%x: tensor<64xf32> in %u) states(%h: tensor<32xf32> = %h0) {
    %g = linalg.matvec ins(%w, %x : tensor<32x64xf32>, tensor<64xf32>) outs(%b : tensor<32xf32>) -> tensor<32xf32>
    %s = arith.addf %g, %h : tensor<32xf32>
    %n = math.tanh %s : tensor<32xf32>
    seq.yield next(%n : tensor<32xf32>) out(%n : tensor<32xf32>)
  } : (tensor<?x?x64xf32>, tensor<?x32xf32>) -> (tensor<?x?x32xf32>, tensor<?x32xf32>)
  return %y : tensor<?x?x32xf32>
}

// An exponential larger than its inputs stays: B·T·D·N is never written.
// CHECK-LABEL: @large_values_stay
func.func @large_values_stay(%u: tensor<?x?x64xf32>, %a: tensor<64x16xf32>, %h0: tensor<?x64x16xf32>) -> tensor<?x64x16xf32> {
  // CHECK: seq.recurrence
  // CHECK: linalg.broadcast
  // CHECK: math.exp
  %last = seq.recurrence (%x: tensor<64xf32> in %u) states(%h: tensor<64x16xf32> = %h0) {
    %e = tensor.empty() : tensor<64x16xf32>
    %d = linalg.broadcast ins(%x : tensor<64xf32>) outs(%e : tensor<64x16xf32>) dimensions = [1]
    %r = arith.mulf %d, %a : tensor<64x16xf32>
    %f = math.exp %r : tensor<64x16xf32>
    %n = arith.mulf %f, %h : tensor<64x16xf32>
    seq.yield next(%n : tensor<64x16xf32>)
  } : (tensor<?x?x64xf32>, tensor<?x64x16xf32>) -> tensor<?x64x16xf32>
  return %last : tensor<?x64x16xf32>
}

// Captured values: once. Per sequence: as `given`. Per step for all: as `shared`.
// CHECK-LABEL: @operands_by_kind
func.func @operands_by_kind(%u: tensor<?x?x8xf32>, %s: tensor<?x8xf32>, %g: tensor<?x8xf32>,
    %w: tensor<8x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  %z = arith.constant dense<0.0> : tensor<8xf32>
  // CHECK: %[[A:.*]] = math.exp %{{.*}} : tensor<8x8xf32>
  // CHECK: seq.recurrence (%{{.*}}: tensor<8xf32> in %{{.*}}, %{{.*}}: tensor<8xf32> shared %{{.*}}, %{{.*}}: tensor<8xf32> given %{{.*}}) states
  // CHECK-NOT: linalg.matvec ins(%{{.*}}, %{{.*}} : tensor<8x8xf32>
  // CHECK: linalg.matvec ins(%[[A]], %{{.*}}
  // CHECK-NOT: linalg.matvec
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u, %d: tensor<8xf32> shared %s,
      %c: tensor<8xf32> given %g) states(%h: tensor<8xf32> = %h0) {
    %a = math.exp %w : tensor<8x8xf32>
    %p = linalg.matvec ins(%w, %d : tensor<8x8xf32>, tensor<8xf32>) outs(%z : tensor<8xf32>) -> tensor<8xf32>
    %q = linalg.matvec ins(%w, %c : tensor<8x8xf32>, tensor<8xf32>) outs(%z : tensor<8xf32>) -> tensor<8xf32>
    %r = linalg.matvec ins(%a, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%x : tensor<8xf32>) -> tensor<8xf32>
    %m = arith.addf %p, %q : tensor<8xf32>
    %n = arith.addf %m, %r : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}

// Between two convolutions everything goes; what makes the crossing value smaller goes, too.
// CHECK-LABEL: @convolutions
func.func @convolutions(%u: tensor<?x?x1x1x12xf32>, %w: tensor<4x1x3xf32>, %v: tensor<4x4x3xf32>, %h0: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %z = arith.constant 0.0 : f32
  %zero = arith.constant dense<0.0> : tensor<1x4x10xf32>
  // CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]
  // CHECK: arith.maximumf
  // CHECK: tensor.pad {{.*}} low[0, 0, 0, 0, 1] high[0, 0, 0, 0, 1]
  // CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]
  // CHECK: seq.recurrence (%{{.*}}: tensor<1x4x10xf32> in
  // CHECK-NOT: linalg.conv
  %last = seq.recurrence (%x: tensor<1x1x12xf32> in %u) states(%h: tensor<4xf32> = %h0) {
    %e = tensor.empty() : tensor<1x4x10xf32>
    %f = linalg.fill ins(%z : f32) outs(%e : tensor<1x4x10xf32>) -> tensor<1x4x10xf32>
    %a = linalg.conv_1d_ncw_fcw ins(%x, %w : tensor<1x1x12xf32>, tensor<4x1x3xf32>) outs(%f : tensor<1x4x10xf32>) -> tensor<1x4x10xf32>
    %r = arith.maximumf %a, %zero : tensor<1x4x10xf32>
    %p = tensor.pad %r low[0, 0, 1] high[0, 0, 1] {
    ^bb0(%i: index, %j: index, %k: index):
      tensor.yield %z : f32
    } : tensor<1x4x10xf32> to tensor<1x4x12xf32>
    %b = linalg.conv_1d_ncw_fcw ins(%p, %v : tensor<1x4x12xf32>, tensor<4x4x3xf32>) outs(%f : tensor<1x4x10xf32>) -> tensor<1x4x10xf32>
    %c = tensor.extract_slice %b[0, 0, 0] [1, 4, 1] [1, 1, 1] : tensor<1x4x10xf32> to tensor<4xf32>
    %d = tensor.extract_slice %b[0, 0, 9] [1, 4, 1] [1, 1, 1] : tensor<1x4x10xf32> to tensor<4xf32>
    %s = arith.addf %c, %h : tensor<4xf32>
    %n = arith.mulf %s, %d : tensor<4xf32>
    seq.yield next(%n : tensor<4xf32>)
  } : (tensor<?x?x1x1x12xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %last : tensor<?x4xf32>
}

// The inner recurrence first, then the outer one: work leaves both.
// CHECK-LABEL: @nested
func.func @nested(%u: tensor<?x?x4x8xf32>, %w: tensor<8x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %z = arith.constant dense<0.0> : tensor<8xf32>
  // CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]
  // CHECK: seq.recurrence
  // CHECK-NOT: linalg.matvec
  // CHECK: seq.recurrence
  // CHECK-NOT: linalg.matvec
  %last = seq.recurrence (%x: tensor<4x8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %f = seq.recurrence (%v: tensor<8xf32> in %x) states(%k: tensor<8xf32> = %h) {
      %p = linalg.matvec ins(%w, %v : tensor<8x8xf32>, tensor<8xf32>) outs(%z : tensor<8xf32>) -> tensor<8xf32>
      %m = arith.addf %k, %p : tensor<8xf32>
      seq.yield next(%m : tensor<8xf32>)
    } : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<8xf32>
    seq.yield next(%f : tensor<8xf32>)
  } : (tensor<?x?x4x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %last : tensor<?x8xf32>
}
