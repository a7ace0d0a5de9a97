// RUN: not seqc %s --emit=asm 2>&1 | FileCheck %s
// LLVM would end the process where an architecture and a version of PTX do not fit.
// CHECK: error: expected the facts of sm_80, sm_90 or sm_100 as seqc writes them in 'seqc.target', but got others
module attributes {seqc.target = #seq.target<"nvptx64-nvidia-cuda", cpu = "sm_100", features = "+ptx60", vector_bits = 32, vector_registers = 255, l1_bytes = 196608, l2_bytes = 41943040>} {
func.func @f(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  %y, %last = seq.recurrence (%u: tensor<8xf32> in %x) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %u, %h : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}
}
