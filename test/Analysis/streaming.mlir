// RUN: %seqc-opt %s --seqc-expose-states | FileCheck %s

// Work that treats all steps alike streams, stacked recurrences too; both states are kept.
// CHECK-LABEL: func.func @stacked
// CHECK-SAME: seqc.states = [array<i64: 2, 1>, array<i64: 3, 2>]
func.func @stacked(%u: tensor<?x?x8xf32>, %w: tensor<8x8xf32>, %h0: tensor<?x8xf32>, %k0: tensor<?x8xf32>)
    -> (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %u, %c0 : tensor<?x?x8xf32>
  %t = tensor.dim %u, %c1 : tensor<?x?x8xf32>
  %y, %hl = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  %e = tensor.empty(%b, %t) : tensor<?x?x8xf32>
  %p = linalg.generic {indexing_maps = [affine_map<(b, t, i, k) -> (b, t, k)>, affine_map<(b, t, i, k) -> (i, k)>,
      affine_map<(b, t, i, k) -> (b, t, i)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%y, %w : tensor<?x?x8xf32>, tensor<8x8xf32>) outs(%e : tensor<?x?x8xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %m = arith.mulf %a, %c : f32
    linalg.yield %m : f32
  } -> tensor<?x?x8xf32>
  %s = tensor.extract_slice %p[0, 0, 0] [%b, %t, 8] [1, 1, 1] : tensor<?x?x8xf32> to tensor<?x?x8xf32>
  %z, %kl = seq.recurrence (%x: tensor<8xf32> in %s) states(%k: tensor<8xf32> = %k0) {
    %n = arith.addf %k, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %z, %hl, %kl : tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
}

// CHECK-LABEL: func.func @no_recurrence
// CHECK-SAME: seqc.not_streamable = "it holds no recurrence"
func.func @no_recurrence(%u: tensor<?xf32>) -> tensor<?xf32> {
  return %u : tensor<?xf32>
}

// CHECK-LABEL: func.func @convolution_over_time
// CHECK-SAME: seqc.not_streamable = "`linalg.conv_1d_nwc_wcf` at streaming.mlir:{{[0-9:]+}} mixes time steps"
func.func @convolution_over_time(%u: tensor<?x10x8xf32>, %w: tensor<3x8x8xf32>, %o: tensor<?x8x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8x8xf32> {
  %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>)
  } : (tensor<?x10x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %c = linalg.conv_1d_nwc_wcf ins(%u, %w : tensor<?x10x8xf32>, tensor<3x8x8xf32>) outs(%o : tensor<?x8x8xf32>) -> tensor<?x8x8xf32>
  return %c : tensor<?x8x8xf32>
}

// CHECK-LABEL: func.func @mean_over_time
// CHECK-SAME: seqc.not_streamable = "`linalg.reduce` at streaming.mlir:{{[0-9:]+}} reduces along time"
func.func @mean_over_time(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  %m = linalg.reduce { arith.addf } ins(%y : tensor<?x?x8xf32>) outs(%h0 : tensor<?x8xf32>) dimensions = [1]
  return %m : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @encoder_decoder
// CHECK-SAME: seqc.not_streamable = "`seq.recurrence` at streaming.mlir:{{[0-9:]+}} needs a value that is known only after the last step as an initial value"
func.func @encoder_decoder(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %a = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %b = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %a) {
    %n = arith.mulf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %b : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @part_of_time
// CHECK-SAME: seqc.not_streamable = "`tensor.extract_slice` at streaming.mlir:{{[0-9:]+}} takes a part of the steps"
func.func @part_of_time(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %b = tensor.dim %u, %c0 : tensor<?x?x8xf32>
  %a = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %s = tensor.extract_slice %u[0, 0, 0] [%b, 1, 8] [1, 1, 1] : tensor<?x?x8xf32> to tensor<?x8xf32>
  %r = arith.addf %a, %s : tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @two_axes
// CHECK-SAME: seqc.not_streamable = "its recurrences run along several time axes"
func.func @two_axes(%u: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %a = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%x : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %b = seq.recurrence (%x: tensor<8xf32> in %v) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%x : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %a, %b : tensor<?x8xf32>, tensor<?x8xf32>
}

// CHECK-LABEL: func.func @position
// CHECK-SAME: seqc.not_streamable = "`linalg.generic` at streaming.mlir:{{[0-9:]+}} uses the position in time"
func.func @position(%u: tensor<?x?xf32>, %h0: tensor<?xf32>) -> tensor<?x?xf32> {
  %y, %last = seq.recurrence (%x: tensor<f32> in %u) states(%h: tensor<f32> = %h0) {
    %n = arith.addf %h, %x : tensor<f32>
    seq.yield next(%n : tensor<f32>) out(%n : tensor<f32>)
  } : (tensor<?x?xf32>, tensor<?xf32>) -> (tensor<?x?xf32>, tensor<?xf32>)
  %p = linalg.generic {indexing_maps = [affine_map<(b, t) -> (b, t)>], iterator_types = ["parallel", "parallel"]} outs(%y : tensor<?x?xf32>) {
  ^bb0(%o: f32):
    %t = linalg.index 1 : index
    %i = arith.index_cast %t : index to i32
    %f = arith.sitofp %i : i32 to f32
    linalg.yield %f : f32
  } -> tensor<?x?xf32>
  return %p : tensor<?x?xf32>
}

// CHECK-LABEL: func.func @learned_start
// CHECK-SAME: seqc.not_streamable = "an initial value follows from argument #1, which is not known when a stream starts"
func.func @learned_start(%u: tensor<?x?x8xf32>, %w: tensor<8xf32>) -> tensor<?x?x8xf32> {
  %c0 = arith.constant 0 : index
  %d = tensor.dim %u, %c0 : tensor<?x?x8xf32>
  %e = tensor.empty(%d) : tensor<?x8xf32>
  %h0 = linalg.broadcast ins(%w : tensor<8xf32>) outs(%e : tensor<?x8xf32>) dimensions = [0]
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}
