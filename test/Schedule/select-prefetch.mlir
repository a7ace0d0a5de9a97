// RUN: seqc-opt %s -split-input-file -seq-select-schedule | FileCheck %s
// Where memory is the limit and the core follows rows by itself, nothing is prefetched by instructions.
module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx512f", vector_bits = 512, vector_registers = 32, l1_bytes = 32768, l2_bytes = 1048576, follows_rows = 1>} {
// CHECK-LABEL: func.func @limited_by_memory
// CHECK: schedule(<fused, vector_bits = 512, batch_tile = 1, strip = 16, rows = 6, vectors = 4, stream_bytes = 1048576>)
func.func @limited_by_memory(%u: tensor<8x4096x512xf32>, %h0: tensor<8x512xf32>) -> tensor<8x4096x512xf32> {
  %y, %last = seq.recurrence (%x: tensor<512xf32> in %u) states(%h: tensor<512xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<512xf32>
    seq.yield next(%n : tensor<512xf32>) out(%n : tensor<512xf32>)
  } : (tensor<8x4096x512xf32>, tensor<8x512xf32>) -> (tensor<8x4096x512xf32>, tensor<8x512xf32>)
  return %y : tensor<8x4096x512xf32>
}
// CHECK-LABEL: func.func @limited_by_arithmetic
// CHECK: schedule(<fused, {{.*}}prefetch = 2,
func.func @limited_by_arithmetic(%u: tensor<8x4096x512xf32>, %h0: tensor<8x512xf32>) -> tensor<8x4096x512xf32> {
  %y, %last = seq.recurrence (%x: tensor<512xf32> in %u) states(%h: tensor<512xf32> = %h0) {
    %s = arith.addf %h, %x : tensor<512xf32>
    %t = math.tanh %s : tensor<512xf32>
    %e = math.exp %t : tensor<512xf32>
    %n = math.tanh %e : tensor<512xf32>
    seq.yield next(%n : tensor<512xf32>) out(%n : tensor<512xf32>)
  } : (tensor<8x4096x512xf32>, tensor<8x512xf32>) -> (tensor<8x4096x512xf32>, tensor<8x512xf32>)
  return %y : tensor<8x4096x512xf32>
}
}
// -----
module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx512f", vector_bits = 512, vector_registers = 32, l1_bytes = 32768, l2_bytes = 1048576>} {
// CHECK-LABEL: func.func @unknown_core
// CHECK: schedule(<fused, {{.*}}prefetch = 2,
func.func @unknown_core(%u: tensor<8x4096x512xf32>, %h0: tensor<8x512xf32>) -> tensor<8x4096x512xf32> {
  %y, %last = seq.recurrence (%x: tensor<512xf32> in %u) states(%h: tensor<512xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<512xf32>
    seq.yield next(%n : tensor<512xf32>) out(%n : tensor<512xf32>)
  } : (tensor<8x4096x512xf32>, tensor<8x512xf32>) -> (tensor<8x4096x512xf32>, tensor<8x512xf32>)
  return %y : tensor<8x4096x512xf32>
}
}
