// RUN: seqc %s --target=cuda --emit=lowered | FileCheck %s
// On a GPU a scan is two tasks: words of blocks are cleared, then blocks of threads go over time once.
// The look-back waits with acquire; what a block tells others is released.
// CHECK-DAG: memref.global "private" @seqc_shared_{{[0-9]+}} : memref<256x1xf32, 3> {{.*}}alignment = 16
// CHECK: func.func private @seqc_task_f_0(
// CHECK-NOT: seqc.threads
// CHECK: memref.store
// CHECK: func.func private @seqc_task_f_1({{.*}}attributes {passthrough = {{\[\[}}"seqc.threads", "256"], ["seqc.blocks", "2"]]}
// CHECK: llvm.call_intrinsic "llvm.nvvm.read.ptx.sreg.tid.x"
// CHECK: llvm.atomicrmw add {{.*}} syncscope("device") monotonic
// CHECK: llvm.call_intrinsic "llvm.nvvm.barrier.cta.sync.aligned.all"
// CHECK: llvm.store {{.*}} atomic syncscope("device") release
// CHECK: llvm.load {{.*}} atomic syncscope("device") acquire
// 64 channels fill warps: no lane needs another's elements.
// CHECK-NOT: shfl
// CHECK: func.func @seqc_body_f
// CHECK-NOT: scf.forall
func.func @f(%x: tensor<?x?x64xf32>, %a: tensor<?x?x64xf32>, %h0: tensor<?x64xf32>) -> (tensor<?x?x64xf32>, tensor<?x64xf32>) {
  %y, %last = seq.recurrence (%u: tensor<64xf32> in %x, %v: tensor<64xf32> in %a) states(%h: tensor<64xf32> = %h0) {
    %m = arith.mulf %v, %h : tensor<64xf32>
    %n = arith.addf %m, %u : tensor<64xf32>
    seq.yield next(%n : tensor<64xf32>) out(%n : tensor<64xf32>)
  } schedule(<scan, vector_bits = 32, chunk = 4, rows = 8, vectors = 1>) : (tensor<?x?x64xf32>, tensor<?x?x64xf32>, tensor<?x64xf32>) -> (tensor<?x?x64xf32>, tensor<?x64xf32>)
  return %y, %last : tensor<?x?x64xf32>, tensor<?x64xf32>
}
