// RWKV-4's WKV: softmax with a decay, each step read with a bonus for itself; $D channels. The state is a
// common exponent p and two sums scaled by it. tools/bench fills in the sizes.
func.func @run(%k: tensor<?x?x${D}xf32> {seqc.dims = ["B", "T"]}, %v: tensor<?x?x${D}xf32> {seqc.dims = ["B", "T"]},
               %decay: tensor<${D}xf32>, %bonus: tensor<${D}xf32>, %p0: tensor<?x${D}xf32> {seqc.dims = ["B"]},
               %a0: tensor<?x${D}xf32> {seqc.dims = ["B"]}, %b0: tensor<?x${D}xf32> {seqc.dims = ["B"]})
    -> (tensor<?x?x${D}xf32>, tensor<?x${D}xf32>, tensor<?x${D}xf32>, tensor<?x${D}xf32>) {
  %y, %last:3 = seq.recurrence (%k_t: tensor<${D}xf32> in %k, %v_t: tensor<${D}xf32> in %v)
      states(%p: tensor<${D}xf32> = %p0, %a: tensor<${D}xf32> = %a0, %b: tensor<${D}xf32> = %b0) {
    %own = arith.addf %bonus, %k_t : tensor<${D}xf32>
    %top = arith.maximumf %p, %own : tensor<${D}xf32>
    %p_top = arith.subf %p, %top : tensor<${D}xf32>
    %own_top = arith.subf %own, %top : tensor<${D}xf32>
    %past = math.exp %p_top : tensor<${D}xf32>
    %now = math.exp %own_top : tensor<${D}xf32>
    %a_past = arith.mulf %past, %a : tensor<${D}xf32>
    %v_now = arith.mulf %now, %v_t : tensor<${D}xf32>
    %b_past = arith.mulf %past, %b : tensor<${D}xf32>
    %above = arith.addf %a_past, %v_now : tensor<${D}xf32>
    %below = arith.addf %b_past, %now : tensor<${D}xf32>
    %y_t = arith.divf %above, %below : tensor<${D}xf32>

    %decayed = arith.addf %p, %decay : tensor<${D}xf32>
    %next_p = arith.maximumf %decayed, %k_t : tensor<${D}xf32>
    %old_d = arith.subf %decayed, %next_p : tensor<${D}xf32>
    %new_d = arith.subf %k_t, %next_p : tensor<${D}xf32>
    %old = math.exp %old_d : tensor<${D}xf32>
    %new = math.exp %new_d : tensor<${D}xf32>
    %a_old = arith.mulf %old, %a : tensor<${D}xf32>
    %v_new = arith.mulf %new, %v_t : tensor<${D}xf32>
    %b_old = arith.mulf %old, %b : tensor<${D}xf32>
    %next_a = arith.addf %a_old, %v_new : tensor<${D}xf32>
    %next_b = arith.addf %b_old, %new : tensor<${D}xf32>
    seq.yield next(%next_p, %next_a, %next_b : tensor<${D}xf32>, tensor<${D}xf32>, tensor<${D}xf32>)
        out(%y_t : tensor<${D}xf32>)
  } : (tensor<?x?x${D}xf32>, tensor<?x?x${D}xf32>, tensor<?x${D}xf32>, tensor<?x${D}xf32>, tensor<?x${D}xf32>)
      -> (tensor<?x?x${D}xf32>, tensor<?x${D}xf32>, tensor<?x${D}xf32>, tensor<?x${D}xf32>)
  return %y, %last#0, %last#1, %last#2 : tensor<?x?x${D}xf32>, tensor<?x${D}xf32>, tensor<?x${D}xf32>, tensor<?x${D}xf32>
}
