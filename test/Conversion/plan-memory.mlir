// RUN: seqc-opt %s -seqc-expose-buffers -convert-elementwise-to-linalg -convert-seq-to-loops -seqc-bufferize -canonicalize -seqc-plan-memory -seq-check-lowered | FileCheck %s
// Temporaries have places in scratch, whose size a function computes; nothing is allocated.
// CHECK-LABEL: func.func @seqc_scratch_leaky(%{{.*}}: !llvm.ptr) -> i64
// CHECK-LABEL: func.func @seqc_body_leaky
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.copy
// CHECK: llvm.getelementptr %arg2
func.func @leaky(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } schedule(<reference>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y, %last : tensor<?x?x8xf32>, tensor<?x8xf32>
}
