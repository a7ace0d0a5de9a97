// Mega's damped EMA: $N decaying averages of each channel, read by one weight each; $D channels. tools/bench
// fills in the sizes.
func.func @run(%x: tensor<?x?x${D}xf32> {seqc.dims = ["B", "T"]}, %q: tensor<${N}x${D}xf32>, %p: tensor<${N}x${D}xf32>,
               %g: tensor<${N}x${D}xf32>, %h0: tensor<?x${N}x${D}xf32> {seqc.dims = ["B"]})
    -> (tensor<?x?x${D}xf32>, tensor<?x${N}x${D}xf32>) {
  %zero = arith.constant dense<0.0> : tensor<${D}xf32>
  %y, %last = seq.recurrence (%x_t: tensor<${D}xf32> in %x) states(%h: tensor<${N}x${D}xf32> = %h0) {
    %empty = tensor.empty() : tensor<${N}x${D}xf32>
    %x_nd = linalg.broadcast ins(%x_t : tensor<${D}xf32>) outs(%empty : tensor<${N}x${D}xf32>) dimensions = [0]
    %kept = arith.mulf %q, %h : tensor<${N}x${D}xf32>
    %written = arith.mulf %p, %x_nd : tensor<${N}x${D}xf32>
    %next = arith.addf %kept, %written : tensor<${N}x${D}xf32>
    %read = arith.mulf %g, %next : tensor<${N}x${D}xf32>
    %y_t = linalg.reduce { arith.addf } ins(%read : tensor<${N}x${D}xf32>) outs(%zero : tensor<${D}xf32>) dimensions = [0]
    seq.yield next(%next : tensor<${N}x${D}xf32>) out(%y_t : tensor<${D}xf32>)
  } : (tensor<?x?x${D}xf32>, tensor<?x${N}x${D}xf32>) -> (tensor<?x?x${D}xf32>, tensor<?x${N}x${D}xf32>)
  return %y, %last : tensor<?x?x${D}xf32>, tensor<?x${N}x${D}xf32>
}
