// RUN: %seqc-opt %s -convert-seq-to-loops | FileCheck %s --check-prefix=LOOPS
// RUN: %seqc-opt %s -seq-fix-numerics -seqc-expose-buffers -convert-seq-to-vector | FileCheck %s --check-prefix=VECTORS

// A sequence runs its own steps, cu[n] … cu[n+1]-1, and no others.
// LOOPS-LABEL: func.func @leaky
// LOOPS: scf.for %[[N:.*]] = %c0{{.*}} to
// LOOPS: bufferization.alloc_tensor() copy
// LOOPS: %[[NEXT:.*]] = arith.addi %[[N]], %c1
// LOOPS: %[[E0:.*]] = tensor.extract %{{.*}}[%[[N]]] : tensor<?xi32>
// LOOPS: %[[FIRST:.*]] = arith.index_cast %[[E0]]
// LOOPS: %[[E1:.*]] = tensor.extract %{{.*}}[%[[NEXT]]] : tensor<?xi32>
// LOOPS: %[[END:.*]] = arith.index_cast %[[E1]]
// LOOPS: %[[COUNT:.*]] = arith.subi %[[END]], %[[FIRST]]
// LOOPS: scf.for %[[I:.*]] = %c0{{.*}} to %[[COUNT]]
// LOOPS: %[[T:.*]] = arith.addi %[[FIRST]], %[[I]]
// LOOPS: tensor.extract_slice %{{.*}}[%[[T]], 0] [1, 8] [1, 1]
// LOOPS: tensor.insert_slice %{{.*}} into %{{.*}}[%[[T]], 0] [1, 8] [1, 1]
// LOOPS-NOT: seq.recurrence

// The same as a task; the batch tile of the schedule is that of sequences of equal lengths.
// VECTORS-LABEL: func.func @seqc_body_leaky
// VECTORS: %[[CU:.*]] = bufferization.to_buffer %{{.*}} read_only : tensor<?xi32> to memref<?xi32>
// VECTORS: scf.forall (%[[N:.*]]) in
// VECTORS: %[[E0:.*]] = memref.load %[[CU]][%[[N]]] : memref<?xi32>
// VECTORS: %[[FIRST:.*]] = arith.index_cast %[[E0]]
// VECTORS: %[[E1:.*]] = memref.load %[[CU]]
// VECTORS: %[[END:.*]] = arith.index_cast %[[E1]]
// VECTORS: %[[COUNT:.*]] = arith.subi %[[END]], %[[FIRST]]
// VECTORS: scf.for %[[I:.*]] = %{{.*}} to %[[COUNT]]
// VECTORS: arith.addf {{.*}} : vector<8xf32>
// VECTORS-NOT: seq.recurrence
func.func @leaky(%u: tensor<?x8xf32>, %cu: tensor<?xi32>, %h0: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) cu_seqlens(%cu) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } schedule(<fused, vector_bits = 256, strip = 16, rows = 3, vectors = 3>) : (tensor<?x8xf32>, tensor<?xi32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %y, %last : tensor<?x8xf32>, tensor<?x8xf32>
}

// Backwards: from the end of the sequence.
// LOOPS-LABEL: func.func @backwards
// LOOPS: tensor.extract {{.*}}xi32>
// LOOPS: %[[FIRST:.*]] = arith.index_cast
// LOOPS: tensor.extract {{.*}}xi32>
// LOOPS: %[[END:.*]] = arith.index_cast
// LOOPS: %[[COUNT:.*]] = arith.subi %[[END]], %[[FIRST]]
// LOOPS: scf.for %[[I:.*]] = %c0{{.*}} to %[[COUNT]]
// LOOPS: %[[LAST:.*]] = arith.subi %[[COUNT]], %c1
// LOOPS: %[[LEFT:.*]] = arith.subi %[[LAST]], %[[I]]
// LOOPS: arith.addi %[[FIRST]], %[[LEFT]]
// VECTORS-LABEL: func.func @seqc_body_backwards
// VECTORS: memref.load {{.*}}xi32>
// VECTORS: %[[FIRST:.*]] = arith.index_cast
// VECTORS: memref.load {{.*}}xi32>
// VECTORS: %[[END:.*]] = arith.index_cast
// VECTORS: %[[COUNT:.*]] = arith.subi %[[END]], %[[FIRST]]
// VECTORS: scf.for %[[I:.*]] = %{{.*}} to %[[COUNT]]
// VECTORS: %[[LAST:.*]] = arith.subi %[[COUNT]], %c1
// VECTORS: %[[LEFT:.*]] = arith.subi %[[LAST]], %{{.*}}
// VECTORS: arith.addi %[[FIRST]], %[[LEFT]]
func.func @backwards(%u: tensor<?x8xf32>, %cu: tensor<?xi32>, %h0: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %y, %last = seq.recurrence reverse (%x: tensor<8xf32> in %u) cu_seqlens(%cu) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } schedule(<fused, vector_bits = 256, strip = 16, rows = 3, vectors = 3>) : (tensor<?x8xf32>, tensor<?xi32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %y, %last : tensor<?x8xf32>, tensor<?x8xf32>
}
