// Megalodon's complex EMA: $N turning averages of each channel, y the real part of what they are read as; $D
// channels, parts in arrays of their own. tools/bench fills in the sizes.
func.func @run(%x: tensor<?x?x${D}xf32> {seqc.dims = ["B", "T"]}, %qr: tensor<${N}x${D}xf32>, %qi: tensor<${N}x${D}xf32>,
               %p: tensor<${N}x${D}xf32>, %gr: tensor<${N}x${D}xf32>, %gi: tensor<${N}x${D}xf32>,
               %r0: tensor<?x${N}x${D}xf32> {seqc.dims = ["B"]}, %i0: tensor<?x${N}x${D}xf32> {seqc.dims = ["B"]})
    -> (tensor<?x?x${D}xf32>, tensor<?x${N}x${D}xf32>, tensor<?x${N}x${D}xf32>) {
  %zero = arith.constant dense<0.0> : tensor<${D}xf32>
  %y, %last:2 = seq.recurrence (%x_t: tensor<${D}xf32> in %x)
      states(%r: tensor<${N}x${D}xf32> = %r0, %i: tensor<${N}x${D}xf32> = %i0) {
    %empty = tensor.empty() : tensor<${N}x${D}xf32>
    %x_nd = linalg.broadcast ins(%x_t : tensor<${D}xf32>) outs(%empty : tensor<${N}x${D}xf32>) dimensions = [0]
    %written = arith.mulf %p, %x_nd : tensor<${N}x${D}xf32>
    %rr = arith.mulf %qr, %r : tensor<${N}x${D}xf32>
    %ii = arith.mulf %qi, %i : tensor<${N}x${D}xf32>
    %kept_r = arith.subf %rr, %ii : tensor<${N}x${D}xf32>
    %next_r = arith.addf %kept_r, %written : tensor<${N}x${D}xf32>
    %ri = arith.mulf %qr, %i : tensor<${N}x${D}xf32>
    %ir = arith.mulf %qi, %r : tensor<${N}x${D}xf32>
    %next_i = arith.addf %ri, %ir : tensor<${N}x${D}xf32>
    %read_r = arith.mulf %gr, %next_r : tensor<${N}x${D}xf32>
    %read_i = arith.mulf %gi, %next_i : tensor<${N}x${D}xf32>
    %read = arith.subf %read_r, %read_i : tensor<${N}x${D}xf32>
    %y_t = linalg.reduce { arith.addf } ins(%read : tensor<${N}x${D}xf32>) outs(%zero : tensor<${D}xf32>) dimensions = [0]
    seq.yield next(%next_r, %next_i : tensor<${N}x${D}xf32>, tensor<${N}x${D}xf32>) out(%y_t : tensor<${D}xf32>)
  } : (tensor<?x?x${D}xf32>, tensor<?x${N}x${D}xf32>, tensor<?x${N}x${D}xf32>)
      -> (tensor<?x?x${D}xf32>, tensor<?x${N}x${D}xf32>, tensor<?x${N}x${D}xf32>)
  return %y, %last#0, %last#1 : tensor<?x?x${D}xf32>, tensor<?x${N}x${D}xf32>, tensor<?x${N}x${D}xf32>
}
