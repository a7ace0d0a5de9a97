// ParaLSTM (coupled gates, peepholes) on input projections u [B, T, 3, D] in the order f, g, o; $D channels.
// tools/bench fills in the sizes.
func.func @run(%u: tensor<?x?x3x${D}xf32> {seqc.dims = ["B", "T"]}, %a: tensor<3x${D}xf32>, %p: tensor<2x${D}xf32>,
               %h0: tensor<?x${D}xf32> {seqc.dims = ["B"]}, %c0: tensor<?x${D}xf32> {seqc.dims = ["B"]})
    -> (tensor<?x?x${D}xf32>, tensor<?x${D}xf32>, tensor<?x${D}xf32>) {
  %one = arith.constant dense<1.0> : tensor<${D}xf32>
  %a_f = tensor.extract_slice %a[0, 0] [1, ${D}] [1, 1] : tensor<3x${D}xf32> to tensor<${D}xf32>
  %a_g = tensor.extract_slice %a[1, 0] [1, ${D}] [1, 1] : tensor<3x${D}xf32> to tensor<${D}xf32>
  %a_o = tensor.extract_slice %a[2, 0] [1, ${D}] [1, 1] : tensor<3x${D}xf32> to tensor<${D}xf32>
  %p_f = tensor.extract_slice %p[0, 0] [1, ${D}] [1, 1] : tensor<2x${D}xf32> to tensor<${D}xf32>
  %p_o = tensor.extract_slice %p[1, 0] [1, ${D}] [1, 1] : tensor<2x${D}xf32> to tensor<${D}xf32>
  %y, %h_last, %c_last = seq.recurrence (%u_t: tensor<3x${D}xf32> in %u)
      states(%h: tensor<${D}xf32> = %h0, %c: tensor<${D}xf32> = %c0) {
    %f_in = tensor.extract_slice %u_t[0, 0] [1, ${D}] [1, 1] : tensor<3x${D}xf32> to tensor<${D}xf32>
    %g_in = tensor.extract_slice %u_t[1, 0] [1, ${D}] [1, 1] : tensor<3x${D}xf32> to tensor<${D}xf32>
    %o_in = tensor.extract_slice %u_t[2, 0] [1, ${D}] [1, 1] : tensor<3x${D}xf32> to tensor<${D}xf32>
    %f_h = arith.mulf %a_f, %h : tensor<${D}xf32>
    %f_c = arith.mulf %p_f, %c : tensor<${D}xf32>
    %f_rec = arith.addf %f_h, %f_c : tensor<${D}xf32>
    %f_sum = arith.addf %f_rec, %f_in : tensor<${D}xf32>
    %f_n = arith.negf %f_sum : tensor<${D}xf32>
    %f_e = math.exp %f_n : tensor<${D}xf32>
    %f_d = arith.addf %one, %f_e : tensor<${D}xf32>
    %f = arith.divf %one, %f_d : tensor<${D}xf32>
    %g_rec = arith.mulf %a_g, %h : tensor<${D}xf32>
    %g_sum = arith.addf %g_rec, %g_in : tensor<${D}xf32>
    %g = math.tanh %g_sum : tensor<${D}xf32>
    %change = arith.subf %c, %g : tensor<${D}xf32>
    %kept = arith.mulf %f, %change : tensor<${D}xf32>
    %next_c = arith.addf %kept, %g : tensor<${D}xf32>
    %o_h = arith.mulf %a_o, %h : tensor<${D}xf32>
    %o_c = arith.mulf %p_o, %next_c : tensor<${D}xf32>
    %o_rec = arith.addf %o_h, %o_c : tensor<${D}xf32>
    %o_sum = arith.addf %o_rec, %o_in : tensor<${D}xf32>
    %o_n = arith.negf %o_sum : tensor<${D}xf32>
    %o_e = math.exp %o_n : tensor<${D}xf32>
    %o_d = arith.addf %one, %o_e : tensor<${D}xf32>
    %o = arith.divf %one, %o_d : tensor<${D}xf32>
    %squashed = math.tanh %next_c : tensor<${D}xf32>
    %next = arith.mulf %o, %squashed : tensor<${D}xf32>
    seq.yield next(%next, %next_c : tensor<${D}xf32>, tensor<${D}xf32>) out(%next : tensor<${D}xf32>)
  } : (tensor<?x?x3x${D}xf32>, tensor<?x${D}xf32>, tensor<?x${D}xf32>)
      -> (tensor<?x?x${D}xf32>, tensor<?x${D}xf32>, tensor<?x${D}xf32>)
  return %y, %h_last, %c_last : tensor<?x?x${D}xf32>, tensor<?x${D}xf32>, tensor<?x${D}xf32>
}
