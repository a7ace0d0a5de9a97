// Running log-sum-exp, from an initial -inf; $D channels. tools/bench fills in the sizes.
func.func @run(%x: tensor<?x?x${D}xf32> {seqc.dims = ["B", "T"]}, %h0: tensor<?x${D}xf32> {seqc.dims = ["B"]})
    -> (tensor<?x?x${D}xf32>, tensor<?x${D}xf32>) {
  %y, %last = seq.recurrence (%x_t: tensor<${D}xf32> in %x) states(%h: tensor<${D}xf32> = %h0) {
    %m = arith.maximumf %h, %x_t : tensor<${D}xf32>
    %h_m = arith.subf %h, %m : tensor<${D}xf32>
    %x_m = arith.subf %x_t, %m : tensor<${D}xf32>
    %h_e = math.exp %h_m : tensor<${D}xf32>
    %x_e = math.exp %x_m : tensor<${D}xf32>
    %sum = arith.addf %h_e, %x_e : tensor<${D}xf32>
    %log = math.log %sum : tensor<${D}xf32>
    %next = arith.addf %m, %log : tensor<${D}xf32>
    seq.yield next(%next : tensor<${D}xf32>) out(%next : tensor<${D}xf32>)
  } : (tensor<?x?x${D}xf32>, tensor<?x${D}xf32>) -> (tensor<?x?x${D}xf32>, tensor<?x${D}xf32>)
  return %y, %last : tensor<?x?x${D}xf32>, tensor<?x${D}xf32>
}
