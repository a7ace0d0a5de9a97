// Running maxima; $D channels. tools/bench fills in the sizes.
func.func @run(%x: tensor<?x?x${D}xf32> {seqc.dims = ["B", "T"]}, %h0: tensor<?x${D}xf32> {seqc.dims = ["B"]})
    -> (tensor<?x?x${D}xf32>, tensor<?x${D}xf32>) {
  %y, %last = seq.recurrence (%x_t: tensor<${D}xf32> in %x) states(%h: tensor<${D}xf32> = %h0) {
    %next = arith.maximumf %h, %x_t : tensor<${D}xf32>
    seq.yield next(%next : tensor<${D}xf32>) out(%next : tensor<${D}xf32>)
  } : (tensor<?x?x${D}xf32>, tensor<?x${D}xf32>) -> (tensor<?x?x${D}xf32>, tensor<?x${D}xf32>)
  return %y, %last : tensor<?x?x${D}xf32>, tensor<?x${D}xf32>
}
