// RUN: %seqc-opt %s --seq-sink --canonicalize | FileCheck %s

// A decoder that reads weights moves behind the recurrence with what follows it.
// CHECK-LABEL: @decoder
func.func @decoder(%u: tensor<?x?x32xf32>, %w: tensor<1x32xf32>, %h0: tensor<?x32xf32>) -> tensor<?x?x1xf32> {
  %z = arith.constant dense<0.0> : tensor<1xf32>
  // CHECK: %[[Y:.*]]:2 = seq.recurrence
  // CHECK-NOT: linalg.matvec
  // CHECK: seq.yield next(%[[N:.*]] : tensor<32xf32>) out(%[[N]] : tensor<32xf32>)
  // CHECK: %[[D:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %[[Y]]#0 : tensor<1x32xf32>, tensor<?x?x32xf32>)
  // CHECK: %[[P:.*]] = math.tanh %{{.*}} : tensor<?x?x1xf32>
  // CHECK: return %[[P]]
  %y, %last = seq.recurrence (%x: tensor<32xf32> in %u) states(%h: tensor<32xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<32xf32>
    %d = linalg.matvec ins(%w, %n : tensor<1x32xf32>, tensor<32xf32>) outs(%z : tensor<1xf32>) -> tensor<1xf32>
    %p = math.tanh %d : tensor<1xf32>
    seq.yield next(%n : tensor<32xf32>) out(%p : tensor<1xf32>)
  } : (tensor<?x?x32xf32>, tensor<?x32xf32>) -> (tensor<?x?x1xf32>, tensor<?x32xf32>)
  return %y : tensor<?x?x1xf32>
}

// A readout of a large state that reads no weights stays: B·T·D·N is never written.
// CHECK-LABEL: @readout_stays
func.func @readout_stays(%u: tensor<?x?x64x16xf32>, %c: tensor<?x?x16xf32>, %h0: tensor<?x64x16xf32>) -> tensor<?x?x64xf32> {
  %z = arith.constant dense<0.0> : tensor<64xf32>
  // CHECK: seq.recurrence
  // CHECK: linalg.matvec
  // CHECK: seq.yield
  %y, %last = seq.recurrence (%x: tensor<64x16xf32> in %u, %c_t: tensor<16xf32> in %c) states(%h: tensor<64x16xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<64x16xf32>
    %o = linalg.matvec ins(%n, %c_t : tensor<64x16xf32>, tensor<16xf32>) outs(%z : tensor<64xf32>) -> tensor<64xf32>
    seq.yield next(%n : tensor<64x16xf32>) out(%o : tensor<64xf32>)
  } : (tensor<?x?x64x16xf32>, tensor<?x?x16xf32>, tensor<?x64x16xf32>) -> (tensor<?x?x64xf32>, tensor<?x64x16xf32>)
  return %y : tensor<?x?x64xf32>
}

// What feeds the state stays.
// CHECK-LABEL: @feedback_stays
func.func @feedback_stays(%u: tensor<?x?x8xf32>, %w: tensor<8x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // CHECK: seq.recurrence
  // CHECK: linalg.matvec
  // CHECK: seq.yield
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = linalg.matvec ins(%w, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%x : tensor<8xf32>) -> tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}

// A sum over modes whose weights are one for each channel and mode stays, too, although it reads weights: none is used
// twice, and what it reads is as large as they are.
// CHECK-LABEL: @weights_of_channels_stay
func.func @weights_of_channels_stay(%u: tensor<?x?x64xf32>, %w: tensor<64x16xf32>, %h0: tensor<?x64x16xf32>) -> tensor<?x?x64xf32> {
  // CHECK: seq.recurrence
  // CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]
  // CHECK: seq.yield next(%{{.*}} : tensor<64x16xf32>) out(%{{.*}} : tensor<64xf32>)
  // CHECK-NOT: linalg.generic
  // CHECK: return
  %y, %last = seq.recurrence (%x: tensor<64xf32> in %u) states(%h: tensor<64x16xf32> = %h0) {
    %n = math.tanh %h : tensor<64x16xf32>
    %s = linalg.generic {indexing_maps = [affine_map<(d, n) -> (d, n)>, affine_map<(d, n) -> (d, n)>, affine_map<(d, n) -> (d)>], iterator_types = ["parallel", "reduction"]} ins(%n, %w : tensor<64x16xf32>, tensor<64x16xf32>) outs(%x : tensor<64xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %1 = arith.mulf %p, %q : f32
      %2 = arith.addf %o, %1 : f32
      linalg.yield %2 : f32
    } -> tensor<64xf32>
    seq.yield next(%n : tensor<64x16xf32>) out(%s : tensor<64xf32>)
  } : (tensor<?x?x64xf32>, tensor<?x64x16xf32>) -> (tensor<?x?x64xf32>, tensor<?x64x16xf32>)
  return %y : tensor<?x?x64xf32>
}
