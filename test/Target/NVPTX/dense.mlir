// RUN: seqc %s --target=cuda --cuda-arch=sm_90 --emit=ptx | FileCheck %s
// RUN: seqc %s --target=cuda --emit=scheduled | FileCheck %s --check-prefix=SCHEDULE
// Channels meet: a block of as many threads as channels carries a sequence. Each thread keeps its row of weights in
// registers for all of time; the state is in shared memory, with one barrier a step.
// SCHEDULE: schedule(<fused, vector_bits = 32, batch_tile = 1, strip = 16, rows = 1, vectors = 64>)
// The weights in the order in which neighbours read them.
// CHECK: .entry dense_0(
// CHECK-NEXT: .param
// CHECK: .maxntid 128
// CHECK: .entry dense_1(
// CHECK: .maxntid 64
// Two places for the state: the old one is read while the new one is written.
// CHECK: .shared .align 16 .b8 seqc_shared_{{[0-9]+}}[512];
// CHECK-COUNT-64: ld.global
// CHECK: bar.sync 0;
// The loop over time: no weight is read.
// CHECK: ld.shared.v4.b32
// CHECK-NOT: ld.global.nc
// CHECK: fma.rn.f32
// CHECK-NOT: ld.local
// CHECK: st.shared.b32
// CHECK-NEXT: bar.sync 0;
func.func @dense(%x: tensor<?x?x64xf32>, %w: tensor<64x64xf32>, %h0: tensor<?x64xf32>) -> tensor<?x?x64xf32> {
  %y, %last = seq.recurrence (%u: tensor<64xf32> in %x) states(%h: tensor<64xf32> = %h0) {
    %r = linalg.matvec ins(%w, %h : tensor<64x64xf32>, tensor<64xf32>) outs(%u : tensor<64xf32>) -> tensor<64xf32>
    %n = math.tanh %r : tensor<64xf32>
    seq.yield next(%n : tensor<64xf32>) out(%n : tensor<64xf32>)
  } : (tensor<?x?x64xf32>, tensor<?x64xf32>) -> (tensor<?x?x64xf32>, tensor<?x64xf32>)
  return %y : tensor<?x?x64xf32>
}
