// h = a h + x of complex numbers whose parts are arrays of their own; $D channels. tools/bench fills in the
// sizes.
func.func @run(%ar: tensor<?x?x${D}xf32> {seqc.dims = ["B", "T"]}, %ai: tensor<?x?x${D}xf32> {seqc.dims = ["B", "T"]},
               %xr: tensor<?x?x${D}xf32> {seqc.dims = ["B", "T"]}, %xi: tensor<?x?x${D}xf32> {seqc.dims = ["B", "T"]},
               %r0: tensor<?x${D}xf32> {seqc.dims = ["B"]}, %i0: tensor<?x${D}xf32> {seqc.dims = ["B"]})
    -> (tensor<?x?x${D}xf32>, tensor<?x?x${D}xf32>, tensor<?x${D}xf32>, tensor<?x${D}xf32>) {
  %y:2, %last:2 = seq.recurrence (%ar_t: tensor<${D}xf32> in %ar, %ai_t: tensor<${D}xf32> in %ai,
      %xr_t: tensor<${D}xf32> in %xr, %xi_t: tensor<${D}xf32> in %xi)
      states(%r: tensor<${D}xf32> = %r0, %i: tensor<${D}xf32> = %i0) {
    %rr = arith.mulf %ar_t, %r : tensor<${D}xf32>
    %ii = arith.mulf %ai_t, %i : tensor<${D}xf32>
    %kept_r = arith.subf %rr, %ii : tensor<${D}xf32>
    %next_r = arith.addf %kept_r, %xr_t : tensor<${D}xf32>
    %ri = arith.mulf %ar_t, %i : tensor<${D}xf32>
    %ir = arith.mulf %ai_t, %r : tensor<${D}xf32>
    %kept_i = arith.addf %ri, %ir : tensor<${D}xf32>
    %next_i = arith.addf %kept_i, %xi_t : tensor<${D}xf32>
    seq.yield next(%next_r, %next_i : tensor<${D}xf32>, tensor<${D}xf32>)
        out(%next_r, %next_i : tensor<${D}xf32>, tensor<${D}xf32>)
  } : (tensor<?x?x${D}xf32>, tensor<?x?x${D}xf32>, tensor<?x?x${D}xf32>, tensor<?x?x${D}xf32>,
       tensor<?x${D}xf32>, tensor<?x${D}xf32>)
      -> (tensor<?x?x${D}xf32>, tensor<?x?x${D}xf32>, tensor<?x${D}xf32>, tensor<?x${D}xf32>)
  return %y#0, %y#1, %last#0, %last#1 : tensor<?x?x${D}xf32>, tensor<?x?x${D}xf32>, tensor<?x${D}xf32>, tensor<?x${D}xf32>
}
