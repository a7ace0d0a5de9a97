// Random offsets of packed sequences are legal ones; the header and the C API say what they are.
// RUN: rm -rf %t && mkdir %t
// RUN: seqc-run %s --size=T=37 --size=N=4 --size=M=5 --compare=reference --guard=end --threads=3 --schedule=fused | FileCheck %s
// RUN: seqc-run %s --size=T=0 --size=N=1 --size=M=2 --compare=reference --schedule=fused | FileCheck %s --check-prefix=EMPTY
// RUN: not seqc-run %s --size=T=37 --size=N=4 --size=M=4 2>&1 | FileCheck %s --check-prefix=COUNT
// RUN: not seqc-run %s --size=N=4 --size=M=5 2>&1 | FileCheck %s --check-prefix=SIZE
// RUN: seqc %s -o %t/packed.so && FileCheck %s --check-prefix=HEADER --input-file=%t/packed.h
// CHECK: y: f32[37,6]
// CHECK: last: f32[4,6]
// CHECK: equal to reference, bit for bit
// EMPTY: last: f32[1,6]
// EMPTY: equal to reference, bit for bit
// COUNT: f: argument 'cu': expected one offset more than there are sequences (N=4 as in 'h0'), but got 4
// SIZE: expected --size T=N for the argument 'cu'
// HEADER: takes cu: i32[M], offsets of packed sequences: from 0 to T, never falling
// HEADER: No step function: `seq.recurrence` at packed.mlir:{{.*}} runs packed sequences from their start to their end (`cu_seqlens`)
func.func @f(%cu: tensor<?xi32> {seqc.name = "cu", seqc.dims = ["M"]}, %u: tensor<?x6xf32> {seqc.name = "u", seqc.dims = ["T"]}, %h0: tensor<?x6xf32> {seqc.name = "h0", seqc.dims = ["N"]})
    -> (tensor<?x6xf32> {seqc.name = "y"}, tensor<?x6xf32> {seqc.name = "last"}) {
  %y, %l = seq.recurrence (%x: tensor<6xf32> in %u) cu_seqlens(%cu) states(%h: tensor<6xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<6xf32>
    seq.yield next(%n : tensor<6xf32>) out(%n : tensor<6xf32>)
  } : (tensor<?x6xf32>, tensor<?xi32>, tensor<?x6xf32>) -> (tensor<?x6xf32>, tensor<?x6xf32>)
  return %y, %l : tensor<?x6xf32>, tensor<?x6xf32>
}
