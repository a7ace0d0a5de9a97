// RUN: %seqc-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{expected a fact (clock_mhz, memory_mbps, l2_mbps, all_memory_mbps, division_cycles, follows_rows), but got 'clock'}}
module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx2", vector_bits = 256, vector_registers = 16, l1_bytes = 32768, l2_bytes = 1048576, clock = 3>} {}

// -----

// expected-error @+1 {{expected a number of 0 or more for 'division_cycles', but got -1}}
module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx2", vector_bits = 256, vector_registers = 16, l1_bytes = 32768, l2_bytes = 1048576, division_cycles = -1>} {}
