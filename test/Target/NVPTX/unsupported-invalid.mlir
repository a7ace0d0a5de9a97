// RUN: not seqc %s --target=cuda -o %t.ptx 2>&1 | FileCheck %s
// RUN: not ls %t.ptx
// What GPUs do not have yet is refused with its reason.
// CHECK: error: {{.*}}expected tensors as arguments of 'scaled' for a GPU, but got the scalar 'k': scalars are not available on GPUs yet
func.func @scaled(%x: tensor<?x?x64xf32>, %k: f32 {seqc.name = "k"}, %h0: tensor<?x64xf32>) -> tensor<?x?x64xf32> {
  %y, %last = seq.recurrence (%u: tensor<64xf32> in %x) states(%h: tensor<64xf32> = %h0) {
    %s = tensor.splat %k : tensor<64xf32>
    %m = arith.mulf %s, %h : tensor<64xf32>
    %n = arith.addf %m, %u : tensor<64xf32>
    seq.yield next(%n : tensor<64xf32>) out(%n : tensor<64xf32>)
  } : (tensor<?x?x64xf32>, tensor<?x64xf32>) -> (tensor<?x?x64xf32>, tensor<?x64xf32>)
  return %y : tensor<?x?x64xf32>
}
