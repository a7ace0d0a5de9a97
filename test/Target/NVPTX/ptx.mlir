// RUN: seqc %s --target=cuda --schedule=fused -o %t.ptx && FileCheck %s --check-prefixes=PTX,SM80 < %t.ptx
// RUN: seqc %s --target=cuda --schedule=fused --cuda-arch=sm_90 --emit=ptx | FileCheck %s --check-prefixes=PTX,SM90
// RUN: seqc %s --target=cuda --schedule=fused --cuda-arch=sm_100 --emit=asm | FileCheck %s --check-prefixes=PTX,SM100
// RUN: seqc %s --target=cuda --schedule=fused --emit=scheduled | FileCheck %s --check-prefix=SCHEDULE
// A thread carries one channel of one sequence over time: its state stays in a register, neighbours read neighbours,
// and what rounds, rounds as on a CPU. Arguments come by value; no library is called.
// SCHEDULE: seqc.target = #seq.target<"nvptx64-nvidia-cuda", cpu = "sm_80", features = "+ptx80", vector_bits = 32,
// SCHEDULE: schedule(<fused, vector_bits = 32, batch_tile = 1, channel_tile = 1, rows = 1, vectors = 1>)
// SM80: .target sm_80
// SM90: .target sm_90
// SM100: .target sm_100
// PTX: .visible .entry ema_0(
// 3 + 2 addresses, 3 + 1 + 2 + 3 + 2 sizes, scratch, items.
// PTX-NEXT: .param .align 8 .b8 ema_0_param_0[144]
// PTX: .maxntid 128
// PTX: .minnctapersm 8
// PTX-NOT: .local
// PTX-NOT: call
// Inputs are read past stores, a state is not.
// PTX: ld.global.nc.b32
// PTX: ld.global.b32
// PTX: fma.rn.f32
// PTX: st.global.b32
// PTX-NOT: div.approx
// PTX-NOT: .entry
func.func @ema(%x: tensor<?x?x64xf32> {seqc.dims = ["B", "T"]}, %a: tensor<64xf32>, %h0: tensor<?x64xf32> {seqc.dims = ["B"]}) -> (tensor<?x?x64xf32>, tensor<?x64xf32>) {
  %y, %last = seq.recurrence (%u: tensor<64xf32> in %x) states(%h: tensor<64xf32> = %h0) {
    %d = arith.subf %u, %h : tensor<64xf32>
    %m = arith.mulf %a, %d : tensor<64xf32>
    %n = arith.addf %h, %m : tensor<64xf32>
    seq.yield next(%n : tensor<64xf32>) out(%n : tensor<64xf32>)
  } : (tensor<?x?x64xf32>, tensor<?x64xf32>) -> (tensor<?x?x64xf32>, tensor<?x64xf32>)
  return %y, %last : tensor<?x?x64xf32>, tensor<?x64xf32>
}
