// RUN: seqc-opt %s -seq-select-schedule | FileCheck %s
// RUN: seqc-opt %s '-seq-select-schedule=threads=4' | FileCheck %s --check-prefix=THREADS
// RUN: seqc-opt %s '-seq-select-schedule=threads=4 assume=B=8' | FileCheck %s --check-prefix=BATCH
// Plan `scan` for few channels, also where some states are scalars, and for packed sequences; not for a
// vector of channels or more, which have lanes to fill without it.
module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx2,+fma", vector_bits = 256, vector_registers = 16, l1_bytes = 32768, l2_bytes = 1048576>} {
// CHECK-LABEL: func.func @scalar_beside_vector
// CHECK: schedule(<scan,
func.func @scalar_beside_vector(%u: tensor<?x?xi64>, %v: tensor<?x?x2xf32>, %h0: tensor<?xi64>, %g0: tensor<?x2xf32>) -> tensor<?x?x2xf32> {
  %y, %l, %m = seq.recurrence (%x: tensor<i64> in %u, %z: tensor<2xf32> in %v) states(%h: tensor<i64> = %h0, %g: tensor<2xf32> = %g0) {
    %n = arith.addi %h, %x : tensor<i64>
    %s = arith.maximumf %g, %z : tensor<2xf32>
    seq.yield next(%n, %s : tensor<i64>, tensor<2xf32>) out(%s : tensor<2xf32>)
  } : (tensor<?x?xi64>, tensor<?x?x2xf32>, tensor<?xi64>, tensor<?x2xf32>) -> (tensor<?x?x2xf32>, tensor<?xi64>, tensor<?x2xf32>)
  return %y : tensor<?x?x2xf32>
}
// CHECK-LABEL: func.func @packed
// CHECK: schedule(<scan,
func.func @packed(%u: tensor<?x2xf32>, %h0: tensor<?x2xf32>, %cu: tensor<?xi32>) -> tensor<?x2xf32> {
  %y, %l = seq.recurrence (%x: tensor<2xf32> in %u) cu_seqlens(%cu) states(%h: tensor<2xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<2xf32>
    seq.yield next(%n : tensor<2xf32>) out(%n : tensor<2xf32>)
  } : (tensor<?x2xf32>, tensor<?xi32>, tensor<?x2xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>)
  return %y : tensor<?x2xf32>
}
// CHECK-LABEL: func.func @one_vector
// CHECK: schedule(<fused,
func.func @one_vector(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  %y, %l = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}
// CHECK-LABEL: func.func @wide
// CHECK: schedule(<fused, vector_bits = 256, batch_tile = 1, strip = 16,
// THREADS-LABEL: func.func @wide
// THREADS: schedule(<fused, vector_bits = 256, batch_tile = 1, strip = 16,
// THREADS-LABEL: func.func @many_operations
// THREADS: schedule(<fused, vector_bits = 256, batch_tile = 1, channel_tile = 24, rows = 6,
// BATCH-LABEL: func.func @wide
// BATCH-NOT: channel_tile
// BATCH: return
func.func @wide(%u: tensor<?x?x96xf32> {seqc.dims = ["B"]}, %h0: tensor<?x96xf32> {seqc.dims = ["B"]}) -> tensor<?x?x96xf32> {
  %y, %l = seq.recurrence (%x: tensor<96xf32> in %u) states(%h: tensor<96xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<96xf32>
    seq.yield next(%n : tensor<96xf32>) out(%n : tensor<96xf32>)
  } : (tensor<?x?x96xf32>, tensor<?x96xf32>) -> (tensor<?x?x96xf32>, tensor<?x96xf32>)
  return %y : tensor<?x?x96xf32>
}
// Where memory is not the limit, threads get tiles of channels.
func.func @many_operations(%u: tensor<?x?x96xf32>, %h0: tensor<?x96xf32>) -> tensor<?x?x96xf32> {
  %y, %l = seq.recurrence (%x: tensor<96xf32> in %u) states(%h: tensor<96xf32> = %h0) {
    %s = arith.addf %h, %x : tensor<96xf32>
    %n = math.tanh %s : tensor<96xf32>
    seq.yield next(%n : tensor<96xf32>) out(%n : tensor<96xf32>)
  } : (tensor<?x?x96xf32>, tensor<?x96xf32>) -> (tensor<?x?x96xf32>, tensor<?x96xf32>)
  return %y : tensor<?x?x96xf32>
}
}
