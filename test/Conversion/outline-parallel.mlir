// RUN: seqc-opt %s -seq-fix-numerics -seqc-expose-buffers -convert-seq-to-vector -seqc-bufferize -canonicalize -seqc-plan-memory -seqc-outline-parallel | FileCheck %s
// The tile loop becomes a function of a range, which the runtime calls.
// CHECK: func.func private @seqc_rt_parallel_for
// CHECK: func.func private @seqc_task_leaky_0(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: i64, %{{.*}}: i64)
// CHECK: scf.for
// CHECK: vector.store
// CHECK: func.func @seqc_body_leaky
// CHECK: call @seqc_rt_parallel_for
// CHECK-NOT: scf.forall
func.func @leaky(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } schedule(<fused, vector_bits = 256, strip = 16, rows = 3, vectors = 3>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y, %last : tensor<?x?x8xf32>, tensor<?x8xf32>
}
