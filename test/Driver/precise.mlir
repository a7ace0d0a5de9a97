// --precise calls libm for an activation, and says so; without it no object needs libm.
// RUN: %seqc %s -o %t.o 2>&1 | count 0
// RUN: llvm-nm --undefined-only --format=just-symbols %t.o | FileCheck %s --implicit-check-not=tanh --check-prefix=EXPANDED
// RUN: %seqc %s --precise -o %t.precise.o 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: llvm-nm --undefined-only --format=just-symbols %t.precise.o | FileCheck %s --check-prefix=PRECISE

// EXPANDED: malloc
// REMARK: precise.mlir:[[@LINE+6]]:11: remark: this step calls the C library for each element of 'math.tanh', which has no vector form here
// PRECISE: {{^}}tanhf{{$}}

func.func @decay(%u: tensor<?x?x8xf32> {seqc.dims = ["B", "T"]}, %h0: tensor<?x8xf32> {seqc.dims = ["B"]})
    -> tensor<?x8xf32> {
  // The remark is about this step.
  %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %s = arith.addf %h, %x : tensor<8xf32>
    %n = math.tanh %s : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %last : tensor<?x8xf32>
}
