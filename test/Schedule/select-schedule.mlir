// RUN: seqc-opt %s -seq-expand-ops -seq-select-schedule | FileCheck %s
// RUN: seqc-opt %s -seq-expand-ops '-seq-select-schedule=assume=B=3' | FileCheck %s --check-prefix=ASSUMED
// RUN: seqc-opt %s -seq-expand-ops '-seq-select-schedule=assume=B=8' | FileCheck %s --check-prefix=EIGHT
// RUN: not seqc-opt %s -seq-expand-ops '-seq-select-schedule=assume=B' 2>&1 | FileCheck %s --check-prefix=INVALID
// RUN: seqc-opt %s -seq-expand-ops -seq-select-schedule=plan=reference | FileCheck %s --check-prefix=REFERENCE
// RUN: not seqc-opt %s -seq-expand-ops -seq-select-schedule=plan=chunked 2>&1 | FileCheck %s --check-prefix=LATER
// The numbers follow from the target in the module; a schedule written by hand wins,
// except over the plan that others are compared with.
module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx2,+fma", vector_bits = 256, vector_registers = 16, l1_bytes = 32768, l2_bytes = 1048576>} {
// CHECK: func.func @leaky
// CHECK-SAME: seq.schedule = #seq.schedule<fused, vector_bits = 256, strip = 16, rows = 6, vectors = 2, prefetch = 2, stream_bytes = 1048576>
// CHECK: schedule(<fused, vector_bits = 256, batch_tile = 1, strip = 16, rows = 6, vectors = 2, prefetch = 2, stream_bytes = 1048576>)
// CHECK: schedule(<fused, vector_bits = 128, strip = 4, rows = 1, vectors = 1>)
// REFERENCE: schedule(<reference>)
// REFERENCE-LABEL: func.func @by_hand
// REFERENCE: schedule(<reference>)
func.func @leaky(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y, %last : tensor<?x?x8xf32>, tensor<?x8xf32>
}
func.func @by_hand(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } schedule(<fused, vector_bits = 128, strip = 4, rows = 1, vectors = 1>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y, %last : tensor<?x?x8xf32>, tensor<?x8xf32>
}
// Sequences advance together where a step takes long until its states are known.
// EIGHT-LABEL: func.func @long_chain
// EIGHT: schedule(<fused, vector_bits = 256, batch_tile = 8,
func.func @long_chain(%u: tensor<?x?x8xf32> {seqc.dims = ["B", "T"]}, %h0: tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %s = arith.addf %h, %x : tensor<8xf32>
    %n = math.tanh %s : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y, %last : tensor<?x?x8xf32>, tensor<?x8xf32>
}
// Eight states in each of 1000 channels are too many for L1, and half of the registers hold those of
// one vector; a sum over the innermost dimension mixes channels.
// CHECK-LABEL: func.func @tiled
// CHECK: schedule(<fused, vector_bits = 256, batch_tile = 1, channel_tile = 8, strip = 64, rows = 6, vectors = 2, prefetch = 2, stream_bytes = 1048576>)
func.func @tiled(%u: tensor<?x?x1000xf32>, %h0: tensor<?x8x1000xf32>) -> tensor<?x?x1000xf32> {
  %zero = arith.constant dense<0.0> : tensor<1000xf32>
  %one = arith.constant dense<1.0> : tensor<8xf32>
  %y, %last = seq.recurrence (%x: tensor<1000xf32> in %u) states(%h: tensor<8x1000xf32> = %h0) {
    %e = tensor.empty() : tensor<8x1000xf32>
    %b = linalg.broadcast ins(%x : tensor<1000xf32>) outs(%e : tensor<8x1000xf32>) dimensions = [0]
    %n = arith.addf %h, %b : tensor<8x1000xf32>
    %o = linalg.vecmat ins(%one, %n : tensor<8xf32>, tensor<8x1000xf32>) outs(%zero : tensor<1000xf32>) -> tensor<1000xf32>
    seq.yield next(%n : tensor<8x1000xf32>) out(%o : tensor<1000xf32>)
  } : (tensor<?x?x1000xf32>, tensor<?x8x1000xf32>) -> (tensor<?x?x1000xf32>, tensor<?x8x1000xf32>)
  return %y : tensor<?x?x1000xf32>
}
// CHECK-LABEL: func.func @mixed
// CHECK: schedule(<fused, vector_bits = 256, batch_tile = 64, strip = 16, rows = 6, vectors = 2, prefetch = 2, stream_bytes = 1048576>)
func.func @mixed(%u: tensor<?x?x8xf32>, %h0: tensor<?x8x8000xf32>) -> tensor<?x?x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %one = arith.constant dense<1.0> : tensor<8000xf32>
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8x8000xf32> = %h0) {
    %e = tensor.empty() : tensor<8x8000xf32>
    %b = linalg.broadcast ins(%x : tensor<8xf32>) outs(%e : tensor<8x8000xf32>) dimensions = [1]
    %n = arith.addf %h, %b : tensor<8x8000xf32>
    %o = linalg.matvec ins(%n, %one : tensor<8x8000xf32>, tensor<8000xf32>) outs(%zero : tensor<8xf32>) -> tensor<8xf32>
    seq.yield next(%n : tensor<8x8000xf32>) out(%o : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8x8000xf32>) -> (tensor<?x?x8xf32>, tensor<?x8x8000xf32>)
  return %y : tensor<?x?x8xf32>
}
// A dense step takes as many sequences as there usually are.
// ASSUMED-LABEL: func.func @dense
// ASSUMED: schedule(<fused, vector_bits = 256, batch_tile = 3, strip = 16
// LATER: expected plan 'reference', 'fused', 'scan', 'segments' or 'newton', but got 'chunked', which seqc does not implement yet
// INVALID: expected an assumed size like B=8, but got 'B'
func.func @dense(%u: tensor<?x?x8xf32> {seqc.dims = ["B", "T"]}, %w: tensor<8x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = linalg.matvec ins(%w, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%x : tensor<8xf32>) -> tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}
// Packed sequences advance one by one: no two have the same steps.
// CHECK-LABEL: func.func @packed
// CHECK: schedule(<fused, vector_bits = 256, batch_tile = 1, strip = 16, rows = 6, vectors = 2, prefetch = 2, stream_bytes = 1048576>)
// CHECK: schedule(<fused, vector_bits = 256, batch_tile = 1, strip = 16, rows = 6, vectors = 2, prefetch = 2, stream_bytes = 1048576>)
func.func @packed(%u: tensor<?x8xf32>, %cu: tensor<?xi32>, %h0: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) cu_seqlens(%cu) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x8xf32>, tensor<?xi32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  %z, %l = seq.affine_recurrence diagonal decay(%y) input(%u) initial(%last) cu_seqlens(%cu)
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %z, %l : tensor<?x8xf32>, tensor<?x8xf32>
}
}
