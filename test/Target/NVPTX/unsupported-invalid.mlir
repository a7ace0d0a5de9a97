// RUN: not seqc %s --target=cuda --precise -o %t.ptx 2>&1 | FileCheck %s
// RUN: not ls %t.ptx
// What GPUs do not have is refused with its reason.
// CHECK: error: expected steps without calls of the C library for a GPU, but got one of 'llvm.tanh
func.func @precise(%x: tensor<?x?x64xf32>, %h0: tensor<?x64xf32>) -> tensor<?x?x64xf32> {
  %y, %last = seq.recurrence (%u: tensor<64xf32> in %x) states(%h: tensor<64xf32> = %h0) {
    %s = arith.addf %h, %u : tensor<64xf32>
    %n = math.tanh %s : tensor<64xf32>
    seq.yield next(%n : tensor<64xf32>) out(%n : tensor<64xf32>)
  } : (tensor<?x?x64xf32>, tensor<?x64xf32>) -> (tensor<?x?x64xf32>, tensor<?x64xf32>)
  return %y : tensor<?x?x64xf32>
}
