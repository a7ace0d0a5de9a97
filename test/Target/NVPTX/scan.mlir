// RUN: seqc %s --target=cuda --schedule=scan -o %t.ptx && FileCheck %s --check-prefix=PTX < %t.ptx
// RUN: seqc %s --target=cuda --schedule=scan --cuda-arch=sm_90 --emit=ptx | FileCheck %s --check-prefix=PTX
// RUN: seqc %s --target=cuda --schedule=scan --emit=scheduled | FileCheck %s --check-prefix=SCHEDULE
// One pass: a block takes a ticket, loads at constant distances, tells others with release and waits with acquire; one
// channel alone: lanes exchange elements.
// SCHEDULE: schedule(<scan, vector_bits = 32, chunk = 8, rows = 8, vectors = 1>)
// PTX: .visible .entry wide_0(
// PTX: .maxntid 128
// PTX: .visible .entry wide_1(
// PTX: .maxntid 256
// PTX: .minnctapersm 2
// PTX-NOT: .local
// PTX: .shared .align 16
// PTX: atom{{.*}}.add.u32
// PTX: bar.sync 0
// PTX: ld.global.nc.b32 {{%r[0-9]+}}, {{\[}}[[AT:%rd[0-9]+]]+1536]
// PTX: ld.global.nc.b32 {{%r[0-9]+}}, {{\[}}[[AT]]+1792]
// PTX: bar.sync 0
// PTX: st.release.gpu.global.b32
// PTX: ld.acquire.gpu.global.b32
// PTX: bar.sync 0
// PTX: .visible .entry narrow_1(
// PTX: shfl.sync.idx.b32
func.func @wide(%x: tensor<?x?x64xf32>, %a: tensor<?x?x64xf32>, %h0: tensor<?x64xf32>) -> (tensor<?x?x64xf32>, tensor<?x64xf32>) {
  %y, %last = seq.recurrence (%u: tensor<64xf32> in %x, %v: tensor<64xf32> in %a) states(%h: tensor<64xf32> = %h0) {
    %m = arith.mulf %v, %h : tensor<64xf32>
    %n = arith.addf %m, %u : tensor<64xf32>
    seq.yield next(%n : tensor<64xf32>) out(%n : tensor<64xf32>)
  } : (tensor<?x?x64xf32>, tensor<?x?x64xf32>, tensor<?x64xf32>) -> (tensor<?x?x64xf32>, tensor<?x64xf32>)
  return %y, %last : tensor<?x?x64xf32>, tensor<?x64xf32>
}
func.func @narrow(%x: tensor<?xf32>, %h0: tensor<f32>) -> tensor<?xf32> {
  %y, %last = seq.recurrence (%u: tensor<f32> in %x) states(%h: tensor<f32> = %h0) {
    %n = arith.addf %h, %u : tensor<f32>
    seq.yield next(%n : tensor<f32>) out(%n : tensor<f32>)
  } : (tensor<?xf32>, tensor<f32>) -> (tensor<?xf32>, tensor<f32>)
  return %y : tensor<?xf32>
}
