// RUN: seqc-opt %s -split-input-file -seq-fix-numerics | FileCheck %s
// Activations divide where the target says that this is as fast as multiplying.
// CHECK-LABEL: func.func @fast
// CHECK: arith.divf
module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx512f", vector_bits = 512, vector_registers = 32, l1_bytes = 32768, l2_bytes = 1048576, division_cycles = 4>} {
func.func @fast(%x: tensor<8xf32>) -> tensor<8xf32> {
  %y = math.tanh %x : tensor<8xf32>
  return %y : tensor<8xf32>
}
}
// -----
// CHECK-LABEL: func.func @slow
// CHECK-NOT: arith.divf
module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx512f", vector_bits = 512, vector_registers = 32, l1_bytes = 32768, l2_bytes = 1048576, division_cycles = 5>} {
func.func @slow(%x: tensor<8xf32>) -> tensor<8xf32> {
  %y = math.tanh %x : tensor<8xf32>
  return %y : tensor<8xf32>
}
}
// -----
// CHECK-LABEL: func.func @unknown
// CHECK-NOT: arith.divf
module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx512f", vector_bits = 512, vector_registers = 32, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @unknown(%x: tensor<8xf32>) -> tensor<8xf32> {
  %y = math.tanh %x : tensor<8xf32>
  return %y : tensor<8xf32>
}
}
