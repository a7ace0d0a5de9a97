// h = A h + x with a 2x2 matrix per channel, A's four elements as rows; $D channels. tools/bench fills in the
// sizes.
func.func @run(%a: tensor<?x?x4x${D}xf32> {seqc.dims = ["B", "T"]}, %x: tensor<?x?x2x${D}xf32> {seqc.dims = ["B", "T"]},
               %g0: tensor<?x${D}xf32> {seqc.dims = ["B"]}, %h0: tensor<?x${D}xf32> {seqc.dims = ["B"]})
    -> (tensor<?x?x${D}xf32>, tensor<?x?x${D}xf32>, tensor<?x${D}xf32>, tensor<?x${D}xf32>) {
  %y:2, %last:2 = seq.recurrence (%a_t: tensor<4x${D}xf32> in %a, %x_t: tensor<2x${D}xf32> in %x)
      states(%g: tensor<${D}xf32> = %g0, %h: tensor<${D}xf32> = %h0) {
    %a00 = tensor.extract_slice %a_t[0, 0] [1, ${D}] [1, 1] : tensor<4x${D}xf32> to tensor<${D}xf32>
    %a01 = tensor.extract_slice %a_t[1, 0] [1, ${D}] [1, 1] : tensor<4x${D}xf32> to tensor<${D}xf32>
    %a10 = tensor.extract_slice %a_t[2, 0] [1, ${D}] [1, 1] : tensor<4x${D}xf32> to tensor<${D}xf32>
    %a11 = tensor.extract_slice %a_t[3, 0] [1, ${D}] [1, 1] : tensor<4x${D}xf32> to tensor<${D}xf32>
    %x0 = tensor.extract_slice %x_t[0, 0] [1, ${D}] [1, 1] : tensor<2x${D}xf32> to tensor<${D}xf32>
    %x1 = tensor.extract_slice %x_t[1, 0] [1, ${D}] [1, 1] : tensor<2x${D}xf32> to tensor<${D}xf32>
    %p00 = arith.mulf %a00, %g : tensor<${D}xf32>
    %p01 = arith.mulf %a01, %h : tensor<${D}xf32>
    %p10 = arith.mulf %a10, %g : tensor<${D}xf32>
    %p11 = arith.mulf %a11, %h : tensor<${D}xf32>
    %s0 = arith.addf %p01, %x0 : tensor<${D}xf32>
    %s1 = arith.addf %p11, %x1 : tensor<${D}xf32>
    %next_g = arith.addf %p00, %s0 : tensor<${D}xf32>
    %next_h = arith.addf %p10, %s1 : tensor<${D}xf32>
    seq.yield next(%next_g, %next_h : tensor<${D}xf32>, tensor<${D}xf32>)
        out(%next_g, %next_h : tensor<${D}xf32>, tensor<${D}xf32>)
  } : (tensor<?x?x4x${D}xf32>, tensor<?x?x2x${D}xf32>, tensor<?x${D}xf32>, tensor<?x${D}xf32>)
      -> (tensor<?x?x${D}xf32>, tensor<?x?x${D}xf32>, tensor<?x${D}xf32>, tensor<?x${D}xf32>)
  return %y#0, %y#1, %last#0, %last#1 : tensor<?x?x${D}xf32>, tensor<?x?x${D}xf32>, tensor<?x${D}xf32>, tensor<?x${D}xf32>
}
