// RUN: seqc-opt %s '-seq-select-schedule=versions=true' -seq-check-schedule -mlir-print-local-scope | FileCheck %s
// RUN: seqc-opt %s '-seq-select-schedule=assume=T=4' | FileCheck %s --check-prefix=FEW
// RUN: seqc-opt %s '-seq-select-schedule=plan=reference' | FileCheck %s --check-prefix=FEW
// A sum over modes that lie side by side: channels and modes change places in the step, once for all of time. A call
// of a few steps keeps the order.
// FEW-NOT: transpose
module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx512f", vector_bits = 512, vector_registers = 32, l1_bytes = 32768, l2_bytes = 1048576>} {
// CHECK-LABEL: func.func @modes(
// CHECK-SAME: %[[X:[^ :,]+]]: tensor<?x?x512xf32> {{.*}}, %[[A:[^ :,]+]]: tensor<512x16xf32>, %[[H:[^ :,]+]]: tensor<?x512x16xf32>)
// CHECK-DAG: %[[HT:[^ :,]+]] = linalg.transpose ins(%[[H]] : tensor<?x512x16xf32>) outs(%{{.*}} : tensor<?x16x512xf32>) permutation = [0, 2, 1]
// CHECK-DAG: %[[AT:[^ :,]+]] = linalg.transpose ins(%[[A]] : tensor<512x16xf32>) outs(%{{.*}} : tensor<16x512xf32>) permutation = [1, 0]
// CHECK: %[[Y:[^ :,]+]]:2 = seq.recurrence (%{{.*}} in %{{.*}}) states(%[[S:[^:]*]]: tensor<16x512xf32> = %[[HT]]) {
// CHECK: linalg.generic {{.*}}(d0, d1) -> (d1)>, {{.*}}(d0, d1) -> (d0, d1)>{{.*}} outs(%{{.*}} : tensor<16x512xf32>)
// CHECK: arith.mulf %[[AT]], %[[S]] : tensor<16x512xf32>
// CHECK: linalg.generic {{.*}}(d0, d1) -> (d1, d0)>, {{.*}}(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]}
// CHECK: schedule(<fused, vector_bits = 512, batch_tile = 1, channel_tile = 16, strip = 64,
// CHECK: linalg.transpose ins(%[[Y]]#1 : tensor<?x16x512xf32>) outs(%{{.*}} : tensor<?x512x16xf32>) permutation = [0, 2, 1]
// CHECK: func.func private @modes.version1(
// CHECK-SAME: seq.version = [#seq.version<@modes, argument = 0, dimension = 1, below = 8>]
// CHECK-NOT: transpose
// CHECK: return
func.func @modes(%x: tensor<?x?x512xf32> {seqc.dims = ["B", "T"]}, %a: tensor<512x16xf32>, %h0: tensor<?x512x16xf32>) -> (tensor<?x?x512xf32>, tensor<?x512x16xf32>) {
  %y, %last = seq.recurrence (%u: tensor<512xf32> in %x) states(%h: tensor<512x16xf32> = %h0) {
    %e = tensor.empty() : tensor<512x16xf32>
    %w = linalg.broadcast ins(%u : tensor<512xf32>) outs(%e : tensor<512x16xf32>) dimensions = [1]
    %m = arith.mulf %a, %h : tensor<512x16xf32>
    %n = arith.addf %m, %w : tensor<512x16xf32>
    %s = linalg.reduce { arith.addf } ins(%n : tensor<512x16xf32>) outs(%u : tensor<512xf32>) dimensions = [1]
    seq.yield next(%n : tensor<512x16xf32>) out(%s : tensor<512xf32>)
  } : (tensor<?x?x512xf32>, tensor<?x512x16xf32>) -> (tensor<?x?x512xf32>, tensor<?x512x16xf32>)
  return %y, %last : tensor<?x?x512xf32>, tensor<?x512x16xf32>
}
// What has a time axis would have to be moved at each step.
// CHECK-LABEL: func.func @wide_inputs(
// CHECK-NOT: transpose
// CHECK: return
func.func @wide_inputs(%x: tensor<?x?x512x16xf32>, %z: tensor<512xf32>, %h0: tensor<?x512x16xf32>) -> tensor<?x?x512xf32> {
  %y, %last = seq.recurrence (%u: tensor<512x16xf32> in %x) states(%h: tensor<512x16xf32> = %h0) {
    %n = arith.addf %u, %h : tensor<512x16xf32>
    %s = linalg.reduce { arith.addf } ins(%n : tensor<512x16xf32>) outs(%z : tensor<512xf32>) dimensions = [1]
    seq.yield next(%n : tensor<512x16xf32>) out(%s : tensor<512xf32>)
  } : (tensor<?x?x512x16xf32>, tensor<?x512x16xf32>) -> (tensor<?x?x512xf32>, tensor<?x512x16xf32>)
  return %y : tensor<?x?x512xf32>
}
// Sums over channels are read along rows as they are.
// CHECK-LABEL: func.func @both_ways(
// CHECK-NOT: transpose
// CHECK: return
func.func @both_ways(%x: tensor<?x?x512xf32>, %z: tensor<512xf32>, %v: tensor<16xf32>, %h0: tensor<?x512x16xf32>) -> (tensor<?x?x512xf32>, tensor<?x?x16xf32>) {
  %y, %q, %last = seq.recurrence (%u: tensor<512xf32> in %x) states(%h: tensor<512x16xf32> = %h0) {
    %e = tensor.empty() : tensor<512x16xf32>
    %w = linalg.broadcast ins(%u : tensor<512xf32>) outs(%e : tensor<512x16xf32>) dimensions = [1]
    %n = arith.addf %w, %h : tensor<512x16xf32>
    %s = linalg.reduce { arith.addf } ins(%n : tensor<512x16xf32>) outs(%z : tensor<512xf32>) dimensions = [1]
    %r = linalg.reduce { arith.addf } ins(%n : tensor<512x16xf32>) outs(%v : tensor<16xf32>) dimensions = [0]
    seq.yield next(%n : tensor<512x16xf32>) out(%s, %r : tensor<512xf32>, tensor<16xf32>)
  } : (tensor<?x?x512xf32>, tensor<?x512x16xf32>) -> (tensor<?x?x512xf32>, tensor<?x?x16xf32>, tensor<?x512x16xf32>)
  return %y, %q : tensor<?x?x512xf32>, tensor<?x?x16xf32>
}
// A few channels fill no vector; a schedule by hand is for the step as it is written.
// CHECK-LABEL: func.func @few_channels(
// CHECK-NOT: transpose
// CHECK: return
func.func @few_channels(%x: tensor<?x?x8xf32>, %h0: tensor<?x8x64xf32>) -> tensor<?x?x8xf32> {
  %y, %last = seq.recurrence (%u: tensor<8xf32> in %x) states(%h: tensor<8x64xf32> = %h0) {
    %e = tensor.empty() : tensor<8x64xf32>
    %w = linalg.broadcast ins(%u : tensor<8xf32>) outs(%e : tensor<8x64xf32>) dimensions = [1]
    %n = arith.addf %h, %w : tensor<8x64xf32>
    %s = linalg.reduce { arith.addf } ins(%n : tensor<8x64xf32>) outs(%u : tensor<8xf32>) dimensions = [1]
    seq.yield next(%n : tensor<8x64xf32>) out(%s : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8x64xf32>) -> (tensor<?x?x8xf32>, tensor<?x8x64xf32>)
  return %y : tensor<?x?x8xf32>
}
// CHECK-LABEL: func.func @by_hand(
// CHECK-NOT: transpose
// CHECK: return
func.func @by_hand(%x: tensor<?x?x512xf32>, %h0: tensor<?x512x16xf32>) -> tensor<?x?x512xf32> {
  %y, %last = seq.recurrence (%u: tensor<512xf32> in %x) states(%h: tensor<512x16xf32> = %h0) {
    %e = tensor.empty() : tensor<512x16xf32>
    %w = linalg.broadcast ins(%u : tensor<512xf32>) outs(%e : tensor<512x16xf32>) dimensions = [1]
    %n = arith.addf %h, %w : tensor<512x16xf32>
    %s = linalg.reduce { arith.addf } ins(%n : tensor<512x16xf32>) outs(%u : tensor<512xf32>) dimensions = [1]
    seq.yield next(%n : tensor<512x16xf32>) out(%s : tensor<512xf32>)
  } schedule(<fused, vector_bits = 512, batch_tile = 1, strip = 16, rows = 6, vectors = 4>) : (tensor<?x?x512xf32>, tensor<?x512x16xf32>) -> (tensor<?x?x512xf32>, tensor<?x512x16xf32>)
  return %y : tensor<?x?x512xf32>
}
}
