// A target that stands in the text is its own; one that is asked for wins.
// RUN: seqc %s --march=x86-64-v3 --emit=seq -o %t.mlir
// RUN: seqc %t.mlir --emit=scheduled -o - | FileCheck %s --check-prefix=TEXT
// RUN: seqc %t.mlir --march=x86-64-v4 --emit=scheduled -o - | FileCheck %s --check-prefix=ASKED
// TEXT: schedule(<scan, vector_bits = 256
// ASKED: schedule(<scan, vector_bits = 512
func.func @sums(%x: tensor<?x?x6xf32> {seqc.dims = ["B", "T"]}, %h0: tensor<?x6xf32> {seqc.dims = ["B"]}) -> tensor<?x?x6xf32> {
  %y, %h = seq.recurrence (%u: tensor<6xf32> in %x) states(%s: tensor<6xf32> = %h0) {
    %n = arith.addf %s, %u : tensor<6xf32>
    seq.yield next(%n : tensor<6xf32>) out(%n : tensor<6xf32>)
  } : (tensor<?x?x6xf32>, tensor<?x6xf32>) -> (tensor<?x?x6xf32>, tensor<?x6xf32>)
  return %y : tensor<?x?x6xf32>
}
