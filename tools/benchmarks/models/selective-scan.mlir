// Mamba-1's scan, dt already positive; states [$N, $D]. tools/bench fills in the sizes.
func.func @run(%dt: tensor<?x?x${D}xf32> {seqc.dims = ["B", "T"]}, %a: tensor<${N}x${D}xf32>,
               %b: tensor<?x?x${N}xf32> {seqc.dims = ["B", "T"]},
               %c: tensor<?x?x${N}xf32> {seqc.dims = ["B", "T"]},
               %x: tensor<?x?x${D}xf32> {seqc.dims = ["B", "T"]},
               %h0: tensor<?x${N}x${D}xf32> {seqc.dims = ["B"]})
    -> (tensor<?x?x${D}xf32>, tensor<?x${N}x${D}xf32>) {
  %zero = arith.constant dense<0.0> : tensor<${D}xf32>
  %y, %last = seq.recurrence (%dt_t: tensor<${D}xf32> in %dt, %b_t: tensor<${N}xf32> in %b,
      %c_t: tensor<${N}xf32> in %c, %x_t: tensor<${D}xf32> in %x) states(%h: tensor<${N}x${D}xf32> = %h0) {
    %empty = tensor.empty() : tensor<${N}x${D}xf32>
    %dt_nd = linalg.broadcast ins(%dt_t : tensor<${D}xf32>) outs(%empty : tensor<${N}x${D}xf32>) dimensions = [0]
    %rate = arith.mulf %dt_nd, %a : tensor<${N}x${D}xf32>
    %decay = math.exp %rate : tensor<${N}x${D}xf32>
    %kept = arith.mulf %decay, %h : tensor<${N}x${D}xf32>
    %amount = arith.mulf %dt_t, %x_t : tensor<${D}xf32>
    %amount_nd = linalg.broadcast ins(%amount : tensor<${D}xf32>) outs(%empty : tensor<${N}x${D}xf32>) dimensions = [0]
    %b_nd = linalg.broadcast ins(%b_t : tensor<${N}xf32>) outs(%empty : tensor<${N}x${D}xf32>) dimensions = [1]
    %written = arith.mulf %amount_nd, %b_nd : tensor<${N}x${D}xf32>
    %next = arith.addf %kept, %written : tensor<${N}x${D}xf32>
    %y_t = linalg.vecmat ins(%c_t, %next : tensor<${N}xf32>, tensor<${N}x${D}xf32>)
        outs(%zero : tensor<${D}xf32>) -> tensor<${D}xf32>
    seq.yield next(%next : tensor<${N}x${D}xf32>) out(%y_t : tensor<${D}xf32>)
  } : (tensor<?x?x${D}xf32>, tensor<?x?x${N}xf32>, tensor<?x?x${N}xf32>, tensor<?x?x${D}xf32>,
       tensor<?x${N}x${D}xf32>) -> (tensor<?x?x${D}xf32>, tensor<?x${N}x${D}xf32>)
  return %y, %last : tensor<?x?x${D}xf32>, tensor<?x${N}x${D}xf32>
}
