// RUN: seqc-opt %s -seqc-expose-buffers -convert-elementwise-to-linalg -convert-seq-to-loops -seqc-bufferize | FileCheck %s
// What no plan took becomes buffers and scalar loops.
// CHECK-LABEL: func.func @seqc_body_leaky
// CHECK: memref.alloc
// CHECK: scf.for
// CHECK: memref.load
// CHECK: arith.addf {{.*}} : f32
// CHECK: memref.store
// CHECK-NOT: tensor<
func.func @leaky(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } schedule(<reference>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y, %last : tensor<?x?x8xf32>, tensor<?x8xf32>
}
