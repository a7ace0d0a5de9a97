// RUN: seqc-opt %s -seqc-expose-buffers | FileCheck %s
// Sizes of results come from sizes of arguments; arguments are read-only tensors of the pointers.
// CHECK-LABEL: func.func @seqc_shapes_leaky(%{{.*}}: !llvm.ptr)
// CHECK: llvm.store
// CHECK-LABEL: func.func @seqc_body_leaky
// CHECK-SAME: (%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr)
// CHECK: bufferization.to_tensor %{{.*}} restrict : memref<?x?x8xf32>
// CHECK: bufferization.materialize_in_destination %{{.*}} in restrict writable
func.func @leaky(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } schedule(<reference>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y, %last : tensor<?x?x8xf32>, tensor<?x8xf32>
}
