// RUN: seqc-opt %s -seq-fix-numerics -seqc-expose-buffers -convert-seq-to-vector | FileCheck %s
// A task per tile of the batch; the state stays in its own row; eight lanes at once.
// CHECK-LABEL: func.func @seqc_body_leaky
// CHECK: scf.forall
// CHECK: vector.load {{.*}} vector<8xf32>
// CHECK: scf.for
// CHECK: arith.addf {{.*}} : vector<8xf32>
// CHECK: vector.store
// CHECK-NOT: seq.recurrence
func.func @leaky(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } schedule(<fused, vector_bits = 256, strip = 16, rows = 3, vectors = 3>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y, %last : tensor<?x?x8xf32>, tensor<?x8xf32>
}
