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
// A filled bool is a filled byte: it needs no other buffer.
// CHECK-LABEL: func.func @seqc_body_flags
// CHECK: linalg.fill ins(%{{.*}} : i8)
// CHECK-NOT: linalg.generic
// CHECK: bufferization.materialize_in_destination %{{.*}} : (tensor<?xi8>, memref<?xi8>)
func.func @flags(%u: tensor<?xf32>, %value: i1) -> tensor<?xi1> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %u, %c0 : tensor<?xf32>
  %e = tensor.empty(%n) : tensor<?xi1>
  %f = linalg.fill ins(%value : i1) outs(%e : tensor<?xi1>) -> tensor<?xi1>
  return %f : tensor<?xi1>
}
