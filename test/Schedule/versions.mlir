// RUN: seqc-opt %s -seq-select-schedule=versions=true -seq-check-schedule | FileCheck %s
// RUN: seqc-opt %s '-seq-select-schedule=versions=true assume=B=1' | FileCheck %s --check-prefix=TOLD
// RUN: seqc-opt %s '-seq-select-schedule=versions=true assume=B=1,T=4096' | FileCheck %s --check-prefix=NONE
// RUN: seqc-opt %s '-seq-select-schedule=versions=true plan=segments' | FileCheck %s --check-prefix=NONE
// RUN: seqc-opt %s -seq-select-schedule | FileCheck %s --check-prefix=NONE
// Segments of time pay for one long sequence; more sequences or fewer steps run as plan `fused`. A size that is told
// gets no version, nor does a plan that is asked for.
// CHECK-LABEL: func.func @one_vector(
// CHECK: schedule(<segments,
// CHECK: func.func private @one_vector.version1(
// CHECK-SAME: seq.version = [#seq.version<@one_vector, argument = 0, dimension = 0, from = 2>, #seq.version<@one_vector, argument = 0, dimension = 1, below = 512>]
// CHECK: schedule(<fused, vector_bits = 512, batch_tile = 8,
// CHECK-NOT: seq.version
// TOLD: seq.version = [#seq.version<@one_vector, argument = 0, dimension = 1, below = 512>]
// TOLD-NOT: seq.version =
// NONE-NOT: seq.version
module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx512f", vector_bits = 512, vector_registers = 32, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @one_vector(%u: tensor<?x?x16xf32> {seqc.dims = ["B", "T"]}, %h0: tensor<?x16xf32>) -> tensor<?x?x16xf32> {
  %y, %last = seq.recurrence (%x: tensor<16xf32> in %u) states(%h: tensor<16xf32> = %h0) {
    %s = arith.addf %h, %x : tensor<16xf32>
    %n = math.tanh %s : tensor<16xf32>
    seq.yield next(%n : tensor<16xf32>) out(%n : tensor<16xf32>)
  } : (tensor<?x?x16xf32>, tensor<?x16xf32>) -> (tensor<?x?x16xf32>, tensor<?x16xf32>)
  return %y : tensor<?x?x16xf32>
}
// By hand, a schedule is that of all calls; a private function is called by others at their sizes.
// CHECK-LABEL: func.func @by_hand(
// CHECK: schedule(<segments, vector_bits = 512, strip = 16, rows = 3, vectors = 1>)
func.func @by_hand(%u: tensor<?x?x16xf32>, %h0: tensor<?x16xf32>) -> tensor<?x?x16xf32> {
  %y, %last = seq.recurrence (%x: tensor<16xf32> in %u) states(%h: tensor<16xf32> = %h0) {
    %s = arith.addf %h, %x : tensor<16xf32>
    %n = math.tanh %s : tensor<16xf32>
    seq.yield next(%n : tensor<16xf32>) out(%n : tensor<16xf32>)
  } schedule(<segments, vector_bits = 512, strip = 16, rows = 3, vectors = 1>) : (tensor<?x?x16xf32>, tensor<?x16xf32>) -> (tensor<?x?x16xf32>, tensor<?x16xf32>)
  return %y : tensor<?x?x16xf32>
}
// A scan of a few channels is the cheapest at every size.
// CHECK-LABEL: func.func @few(
// CHECK: schedule(<scan,
// CHECK-NOT: func.func
func.func @few(%u: tensor<?x?x2xf32>, %h0: tensor<?x2xf32>) -> tensor<?x?x2xf32> {
  %y, %last = seq.recurrence (%x: tensor<2xf32> in %u) states(%h: tensor<2xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<2xf32>
    seq.yield next(%n : tensor<2xf32>) out(%n : tensor<2xf32>)
  } : (tensor<?x?x2xf32>, tensor<?x2xf32>) -> (tensor<?x?x2xf32>, tensor<?x2xf32>)
  return %y : tensor<?x?x2xf32>
}
}
