// Running mean and variance (Welford); $D channels. tools/bench fills in the sizes.
func.func @run(%x: tensor<?x?x${D}xf32> {seqc.dims = ["B", "T"]}, %n0: tensor<?xf32> {seqc.dims = ["B"]},
               %m0: tensor<?x${D}xf32> {seqc.dims = ["B"]}, %v0: tensor<?x${D}xf32> {seqc.dims = ["B"]})
    -> (tensor<?x?x${D}xf32>, tensor<?x?x${D}xf32>, tensor<?xf32>, tensor<?x${D}xf32>, tensor<?x${D}xf32>) {
  %one = arith.constant dense<1.0> : tensor<f32>
  %y:2, %last:3 = seq.recurrence (%x_t: tensor<${D}xf32> in %x)
      states(%n: tensor<f32> = %n0, %m: tensor<${D}xf32> = %m0, %v: tensor<${D}xf32> = %v0) {
    %next_n = arith.addf %n, %one : tensor<f32>
    %new = arith.divf %one, %next_n : tensor<f32>
    %old = arith.subf %one, %new : tensor<f32>
    %empty = tensor.empty() : tensor<${D}xf32>
    %new_d = linalg.broadcast ins(%new : tensor<f32>) outs(%empty : tensor<${D}xf32>) dimensions = [0]
    %old_d = linalg.broadcast ins(%old : tensor<f32>) outs(%empty : tensor<${D}xf32>) dimensions = [0]
    %off = arith.subf %x_t, %m : tensor<${D}xf32>
    %part = arith.mulf %new_d, %off : tensor<${D}xf32>
    %next_m = arith.addf %m, %part : tensor<${D}xf32>
    %spread = arith.mulf %part, %off : tensor<${D}xf32>
    %sum = arith.addf %v, %spread : tensor<${D}xf32>
    %next_v = arith.mulf %old_d, %sum : tensor<${D}xf32>
    seq.yield next(%next_n, %next_m, %next_v : tensor<f32>, tensor<${D}xf32>, tensor<${D}xf32>)
        out(%next_m, %next_v : tensor<${D}xf32>, tensor<${D}xf32>)
  } : (tensor<?x?x${D}xf32>, tensor<?xf32>, tensor<?x${D}xf32>, tensor<?x${D}xf32>)
      -> (tensor<?x?x${D}xf32>, tensor<?x?x${D}xf32>, tensor<?xf32>, tensor<?x${D}xf32>, tensor<?x${D}xf32>)
  return %y#0, %y#1, %last#0, %last#1, %last#2 : tensor<?x?x${D}xf32>, tensor<?x?x${D}xf32>, tensor<?xf32>,
      tensor<?x${D}xf32>, tensor<?x${D}xf32>
}
