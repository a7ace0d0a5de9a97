// RUN: seqc-opt %s -convert-seq-to-loops | FileCheck %s
// One loop over the batch, one over time; the state is carried, the output filled slice by slice.
// CHECK-LABEL: func.func @leaky
// CHECK: scf.for
// CHECK: bufferization.alloc_tensor() copy
// CHECK: scf.for
// CHECK: arith.addf
// CHECK: tensor.insert_slice
// CHECK: bufferization.materialize_in_destination
// CHECK-NOT: seq.recurrence
func.func @leaky(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } schedule(<reference>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y, %last : tensor<?x?x8xf32>, tensor<?x8xf32>
}
