// h = h + a (x - h), a constant in time; $D channels. tools/bench fills in the sizes.
func.func @run(%x: tensor<?x?x${D}xf32> {seqc.dims = ["B", "T"]}, %a: tensor<${D}xf32>,
               %h0: tensor<?x${D}xf32> {seqc.dims = ["B"]}) -> (tensor<?x?x${D}xf32>, tensor<?x${D}xf32>) {
  %y, %last = seq.recurrence (%x_t: tensor<${D}xf32> in %x) states(%h: tensor<${D}xf32> = %h0) {
    %change = arith.subf %x_t, %h : tensor<${D}xf32>
    %part = arith.mulf %a, %change : tensor<${D}xf32>
    %next = arith.addf %h, %part : tensor<${D}xf32>
    seq.yield next(%next : tensor<${D}xf32>) out(%next : tensor<${D}xf32>)
  } : (tensor<?x?x${D}xf32>, tensor<?x${D}xf32>) -> (tensor<?x?x${D}xf32>, tensor<?x${D}xf32>)
  return %y, %last : tensor<?x?x${D}xf32>, tensor<?x${D}xf32>
}
