// RUN: seqc-opt %s -seq-select-schedule=assume=B=1,T=16384 | FileCheck %s --check-prefix=BITWISE
// RUN: seqc-opt %s '-seq-select-schedule=assume=B=1,T=16384 certificate=backward' -seq-check-schedule | FileCheck %s --check-prefix=BACKWARD
// RUN: seqc-opt %s '-seq-select-schedule=assume=B=64,T=16384 certificate=backward' | FileCheck %s --check-prefix=MANY
// RUN: seqc-opt %s '-seq-select-schedule=assume=B=1,T=200 certificate=backward' | FileCheck %s --check-prefix=SHORT
// RUN: seqc-opt %s '-seq-select-schedule=assume=B=1,T=16384 certificate=backward threads=2' | FileCheck %s --check-prefix=THREADS
// RUN: not seqc-opt %s -seq-select-schedule=certificate=forward 2>&1 | FileCheck %s --check-prefix=INVALID
// A step that mixes channels runs in segments only if the certificate is asked for, and where that is cheaper. A step
// that keeps them apart has the bitwise one in any case.
// BITWISE-LABEL: func.func @dense
// BITWISE: schedule(<fused,
// BACKWARD-LABEL: func.func @dense
// BACKWARD: schedule(<segments, vector_bits = 512, strip = 16, rows = 6, vectors = 4, prefetch = 2, stream_bytes = 1048576, certificate = backward>)
// MANY-LABEL: func.func @dense
// MANY: schedule(<fused,
// SHORT-LABEL: func.func @dense
// SHORT: schedule(<fused,
// THREADS-LABEL: func.func @dense
// THREADS: schedule(<segments, vector_bits = 512, batch_tile = 2,
// INVALID: expected a certificate (bitwise, backward), but got 'forward'
module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx512f", vector_bits = 512, vector_registers = 32, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @dense(%u: tensor<?x?x256xf32> {seqc.dims = ["B", "T"]}, %w: tensor<256x256xf32>, %h0: tensor<?x256xf32>) -> tensor<?x?x256xf32> {
  %y, %last = seq.recurrence (%x: tensor<256xf32> in %u) states(%h: tensor<256xf32> = %h0) {
    %r = linalg.matvec ins(%w, %h : tensor<256x256xf32>, tensor<256xf32>) outs(%x : tensor<256xf32>) -> tensor<256xf32>
    %n = math.tanh %r : tensor<256xf32>
    seq.yield next(%n : tensor<256xf32>) out(%n : tensor<256xf32>)
  } : (tensor<?x?x256xf32>, tensor<?x256xf32>) -> (tensor<?x?x256xf32>, tensor<?x256xf32>)
  return %y : tensor<?x?x256xf32>
}
// BACKWARD-LABEL: func.func @apart
// BACKWARD: schedule(<segments, vector_bits = 512, strip = 16, rows = 3, vectors = 1>)
func.func @apart(%u: tensor<?x?x4xf32> {seqc.dims = ["B", "T"]}, %h0: tensor<?x4xf32>) -> tensor<?x?x4xf32> {
  %y, %last = seq.recurrence (%x: tensor<4xf32> in %u) states(%h: tensor<4xf32> = %h0) {
    %s = arith.addf %h, %x : tensor<4xf32>
    %n = math.tanh %s : tensor<4xf32>
    seq.yield next(%n : tensor<4xf32>) out(%n : tensor<4xf32>)
  } : (tensor<?x?x4xf32>, tensor<?x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x4xf32>)
  return %y : tensor<?x?x4xf32>
}
}
