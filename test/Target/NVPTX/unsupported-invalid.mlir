// RUN: not seqc %s --target=cuda -o %t.ptx 2>&1 | FileCheck %s
// RUN: not ls %t.ptx
// What GPUs do not have yet is refused at its place.
// CHECK: unsupported-invalid.mlir:[[@LINE+2]]:{{.*}}: error: {{.*}}expected a step that keeps channels apart for a GPU, but `linalg.matvec` at {{.*}} reads several channels, or does not keep them innermost: steps that mix channels are not available on GPUs yet
func.func @dense(%x: tensor<?x?x64xf32>, %w: tensor<64x64xf32>, %h0: tensor<?x64xf32>) -> tensor<?x?x64xf32> {
  %y, %last = seq.recurrence (%u: tensor<64xf32> in %x) states(%h: tensor<64xf32> = %h0) {
    %r = linalg.matvec ins(%w, %h : tensor<64x64xf32>, tensor<64xf32>) outs(%u : tensor<64xf32>) -> tensor<64xf32>
    %n = math.tanh %r : tensor<64xf32>
    seq.yield next(%n : tensor<64xf32>) out(%n : tensor<64xf32>)
  } : (tensor<?x?x64xf32>, tensor<?x64xf32>) -> (tensor<?x?x64xf32>, tensor<?x64xf32>)
  return %y : tensor<?x?x64xf32>
}
