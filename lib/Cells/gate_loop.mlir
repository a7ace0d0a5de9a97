// GateLoop: complex gates that depend on the data, one mode a channel.
//
//   a = σ(α_t) exp(i β_t)
//   s_t = a ∘ s_{t-1} + k_t ∘ v_t                     s complex; q, k, v real
//   y_t = q_t ∘ Re(s_t)                               output y_t
//
// T. Katsch, arXiv 2311.01927, with heads of width one. The projections of the input and the output
// gate are the caller's. Complex values are pairs of real tensors, re and im.
//
//   q, k, v, α, β [batch, T, D]   read, written, gate's logit, gate's angle in radians
//   s0            [batch, D]      initial states, re and im
//
// Results: y [batch, T, D] and the last states [batch, D], re and im.
//
// Usage:
//   func.func private @seq.cells.gate_loop(tensor<?x?x256xf32>, tensor<?x?x256xf32>,
//     tensor<?x?x256xf32>, tensor<?x?x256xf32>, tensor<?x?x256xf32>, tensor<?x256xf32>,
//     tensor<?x256xf32>) -> (tensor<?x?x256xf32>, tensor<?x256xf32>, tensor<?x256xf32>)
func.func private @seq.cells.gate_loop(
    %q: tensor<$B*x$Tx$Dx$F>, %k: tensor<$B*x$Tx$Dx$F>, %v: tensor<$B*x$Tx$Dx$F>,
    %alpha: tensor<$B*x$Tx$Dx$F>, %beta: tensor<$B*x$Tx$Dx$F>, %s_re0: tensor<$B*x$Dx$F>,
    %s_im0: tensor<$B*x$Dx$F>)
    -> (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$F>, tensor<$B*x$Dx$F>) {
  %one = arith.constant dense<1.0> : tensor<$Dx$F>
  %y, %re_last, %im_last = seq.recurrence (%q_t: tensor<$Dx$F> in %q, %k_t: tensor<$Dx$F> in %k,
      %v_t: tensor<$Dx$F> in %v, %alpha_t: tensor<$Dx$F> in %alpha, %beta_t: tensor<$Dx$F> in %beta)
      states(%re: tensor<$Dx$F> = %s_re0, %im: tensor<$Dx$F> = %s_im0) {
    %size_n = arith.negf %alpha_t : tensor<$Dx$F>
    %size_e = math.exp %size_n : tensor<$Dx$F>
    %size_d = arith.addf %one, %size_e : tensor<$Dx$F>
    %size = arith.divf %one, %size_d : tensor<$Dx$F>
    %cos = math.cos %beta_t : tensor<$Dx$F>
    %sin = math.sin %beta_t : tensor<$Dx$F>
    %l_re = arith.mulf %size, %cos : tensor<$Dx$F>
    %l_im = arith.mulf %size, %sin : tensor<$Dx$F>
    %in_re = arith.mulf %k_t, %v_t : tensor<$Dx$F>
    %re_re = arith.mulf %l_re, %re : tensor<$Dx$F>
    %im_im = arith.mulf %l_im, %im : tensor<$Dx$F>
    %turned_re = arith.subf %re_re, %im_im : tensor<$Dx$F>
    %next_re = arith.addf %turned_re, %in_re : tensor<$Dx$F>
    %re_im = arith.mulf %l_re, %im : tensor<$Dx$F>
    %im_re = arith.mulf %l_im, %re : tensor<$Dx$F>
    %next_im = arith.addf %re_im, %im_re : tensor<$Dx$F>
    %y_t = arith.mulf %q_t, %next_re : tensor<$Dx$F>
    seq.yield next(%next_re, %next_im : tensor<$Dx$F>, tensor<$Dx$F>) out(%y_t : tensor<$Dx$F>)
  } : (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Tx$Dx$F>,
       tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$F>, tensor<$B*x$Dx$F>)
      -> (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$F>, tensor<$B*x$Dx$F>)
  return %y, %re_last, %im_last : tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$F>, tensor<$B*x$Dx$F>
}
