// S5: $N complex modes shared by $D channels, h = a h + B x, y = Re(C h) + d x; parts in arrays of their own.
// tools/bench fills in the sizes.
func.func @run(%x: tensor<?x?x${D}xf32> {seqc.dims = ["B", "T"]}, %ar: tensor<${N}xf32>, %ai: tensor<${N}xf32>,
               %br: tensor<${D}x${N}xf32>, %bi: tensor<${D}x${N}xf32>, %cr: tensor<${N}x${D}xf32>,
               %ci: tensor<${N}x${D}xf32>, %d: tensor<${D}xf32>,
               %r0: tensor<?x${N}xf32> {seqc.dims = ["B"]}, %i0: tensor<?x${N}xf32> {seqc.dims = ["B"]})
    -> (tensor<?x?x${D}xf32>, tensor<?x${N}xf32>, tensor<?x${N}xf32>) {
  %none = arith.constant dense<0.0> : tensor<${N}xf32>
  %zero = arith.constant dense<0.0> : tensor<${D}xf32>
  %y, %last:2 = seq.recurrence (%x_t: tensor<${D}xf32> in %x)
      states(%r: tensor<${N}xf32> = %r0, %i: tensor<${N}xf32> = %i0) {
    %xr = linalg.vecmat ins(%x_t, %br : tensor<${D}xf32>, tensor<${D}x${N}xf32>) outs(%none : tensor<${N}xf32>) -> tensor<${N}xf32>
    %xi = linalg.vecmat ins(%x_t, %bi : tensor<${D}xf32>, tensor<${D}x${N}xf32>) outs(%none : tensor<${N}xf32>) -> tensor<${N}xf32>
    %rr = arith.mulf %ar, %r : tensor<${N}xf32>
    %ii = arith.mulf %ai, %i : tensor<${N}xf32>
    %kept_r = arith.subf %rr, %ii : tensor<${N}xf32>
    %next_r = arith.addf %kept_r, %xr : tensor<${N}xf32>
    %ri = arith.mulf %ar, %i : tensor<${N}xf32>
    %ir = arith.mulf %ai, %r : tensor<${N}xf32>
    %kept_i = arith.addf %ri, %ir : tensor<${N}xf32>
    %next_i = arith.addf %kept_i, %xi : tensor<${N}xf32>
    %yr = linalg.vecmat ins(%next_r, %cr : tensor<${N}xf32>, tensor<${N}x${D}xf32>) outs(%zero : tensor<${D}xf32>) -> tensor<${D}xf32>
    %yi = linalg.vecmat ins(%next_i, %ci : tensor<${N}xf32>, tensor<${N}x${D}xf32>) outs(%zero : tensor<${D}xf32>) -> tensor<${D}xf32>
    %read = arith.subf %yr, %yi : tensor<${D}xf32>
    %direct = arith.mulf %d, %x_t : tensor<${D}xf32>
    %y_t = arith.addf %read, %direct : tensor<${D}xf32>
    seq.yield next(%next_r, %next_i : tensor<${N}xf32>, tensor<${N}xf32>) out(%y_t : tensor<${D}xf32>)
  } : (tensor<?x?x${D}xf32>, tensor<?x${N}xf32>, tensor<?x${N}xf32>)
      -> (tensor<?x?x${D}xf32>, tensor<?x${N}xf32>, tensor<?x${N}xf32>)
  return %y, %last#0, %last#1 : tensor<?x?x${D}xf32>, tensor<?x${N}xf32>, tensor<?x${N}xf32>
}
