// RUN: seqc %s --target=cuda --emit=ptx | FileCheck %s
// RUN: seqc %s --target=cuda --cuda-arch=sm_90 --emit=ptx | FileCheck %s
// Weights beyond the registers are in shared memory; more than 48 KiB have no size in PTX, whoever starts the kernel
// says it. State and weights are places of one array.
// RUN: seqc %s --target=cuda --explain | FileCheck %s --check-prefix=A
// A: 255 registers a thread, 108544 bytes of dynamic shared memory
// CHECK: .extern .shared .align 16 .b8 seqc_dynamic_shared[];
// CHECK-NOT: .shared .align 16 .b8 seqc_shared
// CHECK: seqc_dynamic_shared
func.func @gates(%x: tensor<?x?x384xf32>, %w: tensor<384x128xf32>, %h0: tensor<?x128xf32>) -> tensor<?x?x128xf32> {
  %y, %last = seq.recurrence (%u: tensor<384xf32> in %x) states(%h: tensor<128xf32> = %h0) {
    %r = linalg.matvec ins(%w, %h : tensor<384x128xf32>, tensor<128xf32>) outs(%u : tensor<384xf32>) -> tensor<384xf32>
    %a = tensor.extract_slice %r[0] [128] [1] : tensor<384xf32> to tensor<128xf32>
    %b = tensor.extract_slice %r[128] [128] [1] : tensor<384xf32> to tensor<128xf32>
    %c = tensor.extract_slice %r[256] [128] [1] : tensor<384xf32> to tensor<128xf32>
    %d = arith.mulf %a, %b : tensor<128xf32>
    %e = arith.addf %d, %c : tensor<128xf32>
    %n = math.tanh %e : tensor<128xf32>
    seq.yield next(%n : tensor<128xf32>) out(%n : tensor<128xf32>)
  } : (tensor<?x?x384xf32>, tensor<?x128xf32>) -> (tensor<?x?x128xf32>, tensor<?x128xf32>)
  return %y : tensor<?x?x128xf32>
}
