// RUN: seqc-opt %s -seq-select-schedule=versions=true -seq-check-schedule | FileCheck %s
// RUN: seqc-opt %s '-seq-select-schedule=versions=true assume=B=1,T=4096' | FileCheck %s --check-prefix=NONE

// Of one sequence a scan is cheaper on a GPU; many of them fill it, and short ones have one tile: then each channel is a
// thread, in a version of the function. What somebody told the sizes of gets no version.

// CHECK-LABEL: func.func @affine(
// CHECK: schedule(<scan,
// CHECK: func.func private @affine.version1(
// CHECK-SAME: seq.version = [#seq.version<@affine, argument = 0, dimension = 0, from = {{[0-9]+}}>, #seq.version<@affine, argument = 0, dimension = 1, below = {{[0-9]+}}>]
// CHECK: schedule(<fused,
// NONE-NOT: seq.version
module attributes {seqc.target = #seq.target<"nvptx64-nvidia-cuda", cpu = "sm_90", features = "+ptx80", vector_bits = 32, vector_registers = 255, l1_bytes = 196608, l2_bytes = 41943040>} {
  func.func @affine(%a: tensor<?x?x64xf32> {seqc.dims = ["B", "T"]}, %x: tensor<?x?x64xf32> {seqc.dims = ["B", "T"]},
                    %h0: tensor<?x64xf32> {seqc.dims = ["B"]}) -> (tensor<?x?x64xf32>, tensor<?x64xf32>) {
    %y, %last = seq.recurrence (%c: tensor<64xf32> in %a, %u: tensor<64xf32> in %x) states(%h: tensor<64xf32> = %h0) {
      %m = arith.mulf %c, %h : tensor<64xf32>
      %n = arith.addf %m, %u : tensor<64xf32>
      seq.yield next(%n : tensor<64xf32>) out(%n : tensor<64xf32>)
    } : (tensor<?x?x64xf32>, tensor<?x?x64xf32>, tensor<?x64xf32>) -> (tensor<?x?x64xf32>, tensor<?x64xf32>)
    return %y, %last : tensor<?x?x64xf32>, tensor<?x64xf32>
  }
}
