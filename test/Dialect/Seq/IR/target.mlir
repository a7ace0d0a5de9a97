// RUN: %seqc-opt %s -split-input-file | %seqc-opt -split-input-file | FileCheck %s
// Any of the measured facts may be known.
// CHECK: l2_bytes = 1048576, memory_mbps = 40000, division_cycles = 3>
module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx2", vector_bits = 256, vector_registers = 16, l1_bytes = 32768, l2_bytes = 1048576, division_cycles = 3, memory_mbps = 40000>} {}
// -----
// CHECK: l2_bytes = 1048576>
module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx2", vector_bits = 256, vector_registers = 16, l1_bytes = 32768, l2_bytes = 1048576>} {}
