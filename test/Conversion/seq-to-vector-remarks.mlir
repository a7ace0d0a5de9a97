// RUN: seqc-opt %s -seq-fix-numerics -seqc-expose-buffers -convert-seq-to-vector -verify-diagnostics -o /dev/null
// Where a step falls back to scalar code, a remark says why.
func.func @joined(%u: tensor<?x?x6xf32>, %h0: tensor<?x2x3xf32>) -> tensor<?x?x6xf32> {
  // expected-remark @below {{this step runs as scalar code: 'tensor.collapse_shape' has no vector form here}}
  %y, %last = seq.recurrence (%x: tensor<6xf32> in %u) states(%h: tensor<2x3xf32> = %h0) {
    %flat = tensor.collapse_shape %h [[0, 1]] : tensor<2x3xf32> into tensor<6xf32>
    %n = arith.addf %flat, %x : tensor<6xf32>
    %next = tensor.expand_shape %n [[0, 1]] output_shape [2, 3] : tensor<6xf32> into tensor<2x3xf32>
    seq.yield next(%next : tensor<2x3xf32>) out(%n : tensor<6xf32>)
  } schedule(<fused, vector_bits = 256, strip = 16, rows = 6, vectors = 2>) : (tensor<?x?x6xf32>, tensor<?x2x3xf32>) -> (tensor<?x?x6xf32>, tensor<?x2x3xf32>)
  return %y : tensor<?x?x6xf32>
}

func.func @arctangent(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-remark @below {{this step calls the C library for each element of 'math.atan', which has no vector form here}}
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %a = math.atan %h : tensor<8xf32>
    %n = arith.addf %a, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } schedule(<fused, vector_bits = 256, strip = 16, rows = 6, vectors = 2>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}
