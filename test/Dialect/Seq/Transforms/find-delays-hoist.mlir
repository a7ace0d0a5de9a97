// RUN: %seqc-opt %s --seq-find-delays --seq-hoist --canonicalize | FileCheck %s

// A convolution over a delay line runs once for all steps, outside of the recurrence.
// CHECK-LABEL: @convolution_over_delay_line
// CHECK: %[[W:.*]], %[[F:.*]] = seq.delay %[[U:.*]] initial(%{{.*}}) {time = 1 : i64} : (tensor<?x?x8xf32>, tensor<?x3x8xf32>) -> (tensor<?x?x3x8xf32>, tensor<?x3x8xf32>)
// CHECK: %[[OLD:.*]] = tensor.extract_slice %[[W]][0, 0, 1, 0]
// CHECK: %[[NOW:.*]] = tensor.concat dim(2) %[[OLD]], %{{.*}} -> tensor<?x?x3x8xf32>
// CHECK: %[[WINDOW:.*]] = tensor.expand_shape %[[NOW]]
// CHECK: %[[C:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]} ins(%[[WINDOW]], %{{.*}} : tensor<?x?x1x3x8xf32>, tensor<3x8x4xf32>)
// CHECK: %[[H:.*]] = seq.recurrence (%{{.*}}: tensor<1x1x4xf32> in %[[C]]) states(%{{.*}}: tensor<4xf32> = %{{.*}}) {
// CHECK-NOT: linalg
// CHECK: return %[[F]], %[[H]]
func.func @convolution_over_delay_line(%u: tensor<?x?x8xf32>, %s0: tensor<?x3x8xf32>, %w: tensor<3x8x4xf32>, %h0: tensor<?x4xf32>)
    -> (tensor<?x3x8xf32>, tensor<?x4xf32>) {
  %zero = arith.constant dense<0.0> : tensor<1x1x4xf32>
  %sl, %hl = seq.recurrence (%x: tensor<8xf32> in %u) states(%s: tensor<3x8xf32> = %s0, %h: tensor<4xf32> = %h0) {
    %old = tensor.extract_slice %s[1, 0] [2, 8] [1, 1] : tensor<3x8xf32> to tensor<2x8xf32>
    %row = tensor.expand_shape %x [[0, 1]] output_shape [1, 8] : tensor<8xf32> into tensor<1x8xf32>
    %n = tensor.concat dim(0) %old, %row : (tensor<2x8xf32>, tensor<1x8xf32>) -> tensor<3x8xf32>
    %window = tensor.expand_shape %n [[0, 1], [2]] output_shape [1, 3, 8] : tensor<3x8xf32> into tensor<1x3x8xf32>
    %c = linalg.conv_1d_nwc_wcf ins(%window, %w : tensor<1x3x8xf32>, tensor<3x8x4xf32>)
        outs(%zero : tensor<1x1x4xf32>) -> tensor<1x1x4xf32>
    %p = tensor.collapse_shape %c [[0, 1, 2]] : tensor<1x1x4xf32> into tensor<4xf32>
    %q = arith.addf %p, %h : tensor<4xf32>
    %m = math.tanh %q : tensor<4xf32>
    seq.yield next(%n, %m : tensor<3x8xf32>, tensor<4xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x3x8xf32>, tensor<?x4xf32>) -> (tensor<?x3x8xf32>, tensor<?x4xf32>)
  return %sl, %hl : tensor<?x3x8xf32>, tensor<?x4xf32>
}

// A dot product of the window: the weights are met once for all steps.
// CHECK-LABEL: @dot_over_delay_line
// CHECK: seq.delay %{{.*}} : (tensor<?x?xf32>, tensor<?x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x4xf32>)
// CHECK: %[[DOT:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]} ins(%{{.*}}, %{{.*}} : tensor<4xf32>, tensor<?x?x4xf32>)
// CHECK: seq.recurrence (%{{.*}}: tensor<f32> in %[[DOT]]) states(%{{.*}}: tensor<f32> = %{{.*}}) {
// CHECK-NOT: linalg
// CHECK: return
func.func @dot_over_delay_line(%u: tensor<?x?xf32>, %s0: tensor<?x4xf32>, %w: tensor<4xf32>, %h0: tensor<?xf32>)
    -> (tensor<?x4xf32>, tensor<?xf32>) {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %sl, %hl = seq.recurrence (%x: tensor<f32> in %u) states(%s: tensor<4xf32> = %s0, %h: tensor<f32> = %h0) {
    %old = tensor.extract_slice %s[1] [3] [1] : tensor<4xf32> to tensor<3xf32>
    %row = tensor.expand_shape %x [] output_shape [1] : tensor<f32> into tensor<1xf32>
    %n = tensor.concat dim(0) %old, %row : (tensor<3xf32>, tensor<1xf32>) -> tensor<4xf32>
    %p = linalg.dot ins(%w, %n : tensor<4xf32>, tensor<4xf32>) outs(%zero : tensor<f32>) -> tensor<f32>
    %q = arith.mulf %h, %p : tensor<f32>
    seq.yield next(%n, %q : tensor<4xf32>, tensor<f32>)
  } : (tensor<?x?xf32>, tensor<?x4xf32>, tensor<?xf32>) -> (tensor<?x4xf32>, tensor<?xf32>)
  return %sl, %hl : tensor<?x4xf32>, tensor<?xf32>
}
