// RUN: seqc-opt %s -convert-seq-to-vector | FileCheck %s
// A division that needs no state, one for each channel, is done for a strip of time before its tiles of channels; the
// one of the state stays in the step, and so does a short one.
// CHECK-LABEL: func.func @f
// CHECK: scf.forall
// CHECK: scf.for
// The strip, all channels.
// CHECK: math.sqrt
// CHECK: vector.store %{{.*}}, %[[KEPT:[a-z0-9_]+]][%{{.*}} : memref<?x1x?x512xf32>
// CHECK: scf.for
// CHECK: vector.load %[[KEPT]][
// CHECK-NOT: math.sqrt
// CHECK: arith.divf
// CHECK: return
#v = affine_map<(d0) -> (d0)>
#row = affine_map<(d0, d1) -> (d1)>
#all = affine_map<(d0, d1) -> (d0, d1)>
module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx512f", vector_bits = 512, vector_registers = 32, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @f(%x: tensor<?x?x512xf32>, %bias: tensor<512xf32>, %h0: tensor<?x4x512xf32>) -> tensor<?x4x512xf32> {
  %y, %last = seq.recurrence (%u: tensor<512xf32> in %x) states(%h: tensor<4x512xf32> = %h0) {
    %one = arith.constant 1.0 : f32
    %e = tensor.empty() : tensor<512xf32>
    %w = tensor.empty() : tensor<4x512xf32>
    %long = linalg.generic {indexing_maps = [#v, #v, #v], iterator_types = ["parallel"]} ins(%u, %bias : tensor<512xf32>, tensor<512xf32>) outs(%e : tensor<512xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %1 = arith.addf %a, %b : f32
      %2 = math.absf %1 : f32
      %3 = arith.addf %2, %one : f32
      %4 = math.sqrt %3 : f32
      %5 = arith.mulf %4, %1 : f32
      %6 = arith.addf %5, %2 : f32
      %7 = arith.mulf %6, %6 : f32
      linalg.yield %7 : f32
    } -> tensor<512xf32>
    %n = linalg.generic {indexing_maps = [#row, #all, #all], iterator_types = ["parallel", "parallel"]} ins(%long, %h : tensor<512xf32>, tensor<4x512xf32>) outs(%w : tensor<4x512xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %1 = arith.addf %a, %b : f32
      %2 = arith.divf %one, %1 : f32
      linalg.yield %2 : f32
    } -> tensor<4x512xf32>
    seq.yield next(%n : tensor<4x512xf32>) out(%u : tensor<512xf32>)
  } schedule(<fused, vector_bits = 512, batch_tile = 1, channel_tile = 64, strip = 8, rows = 6, vectors = 4>) : (tensor<?x?x512xf32>, tensor<?x4x512xf32>) -> (tensor<?x?x512xf32>, tensor<?x4x512xf32>)
  return %last : tensor<?x4x512xf32>
}
}
