// Attention as a recurrence (Aaren): softmax over all scores so far, one score a step; $D channels of values.
// tools/bench fills in the sizes.
func.func @run(%s: tensor<?x?xf32> {seqc.dims = ["B", "T"]}, %v: tensor<?x?x${D}xf32> {seqc.dims = ["B", "T"]},
               %m0: tensor<?xf32> {seqc.dims = ["B"]}, %u0: tensor<?xf32> {seqc.dims = ["B"]},
               %w0: tensor<?x${D}xf32> {seqc.dims = ["B"]})
    -> (tensor<?x?x${D}xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?x${D}xf32>) {
  %y, %last:3 = seq.recurrence (%s_t: tensor<f32> in %s, %v_t: tensor<${D}xf32> in %v)
      states(%m: tensor<f32> = %m0, %u: tensor<f32> = %u0, %w: tensor<${D}xf32> = %w0) {
    %next_m = arith.maximumf %m, %s_t : tensor<f32>
    %m_d = arith.subf %m, %next_m : tensor<f32>
    %s_d = arith.subf %s_t, %next_m : tensor<f32>
    %old = math.exp %m_d : tensor<f32>
    %new = math.exp %s_d : tensor<f32>
    %u_old = arith.mulf %u, %old : tensor<f32>
    %next_u = arith.addf %u_old, %new : tensor<f32>
    %empty = tensor.empty() : tensor<${D}xf32>
    %old_d = linalg.broadcast ins(%old : tensor<f32>) outs(%empty : tensor<${D}xf32>) dimensions = [0]
    %new_d = linalg.broadcast ins(%new : tensor<f32>) outs(%empty : tensor<${D}xf32>) dimensions = [0]
    %u_d = linalg.broadcast ins(%next_u : tensor<f32>) outs(%empty : tensor<${D}xf32>) dimensions = [0]
    %w_old = arith.mulf %w, %old_d : tensor<${D}xf32>
    %w_new = arith.mulf %v_t, %new_d : tensor<${D}xf32>
    %next_w = arith.addf %w_old, %w_new : tensor<${D}xf32>
    %y_t = arith.divf %next_w, %u_d : tensor<${D}xf32>
    seq.yield next(%next_m, %next_u, %next_w : tensor<f32>, tensor<f32>, tensor<${D}xf32>)
        out(%y_t : tensor<${D}xf32>)
  } : (tensor<?x?xf32>, tensor<?x?x${D}xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?x${D}xf32>)
      -> (tensor<?x?x${D}xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?x${D}xf32>)
  return %y, %last#0, %last#1, %last#2 : tensor<?x?x${D}xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?x${D}xf32>
}
