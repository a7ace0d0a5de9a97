// S4D: diagonal state spaces, one input and one output a channel, N complex modes each.
//
//   λ = exp(Δ a)     w = (λ - 1) / a                  zero-order hold, Δ = exp(log Δ)
//   s_t[d, n] = λ[d, n] s_{t-1}[d, n] + w[d, n] x_t[d]
//   y_t[d] = 2 Re Σ_n c[d, n] s_t[d, n] + skip[d] x_t[d]    output y_t
//
// A. Gu et al., arXiv 2206.11893. A mode stands for itself and its conjugate, hence 2 Re; B is 1,
// as in the authors' code (c absorbs it). Complex values are pairs of real tensors, re and im.
//
//   x  [batch, T, D]     inputs              log Δ, skip [D]   step sizes, direct term
//   s0 [batch, D, N]     initial states      a [D, N]          modes, re (negative) and im
//      (re and im)                           c [D, N]          output weights, re and im
//
// Results: y [batch, T, D] and the last states [batch, D, N], re and im.
//
// Usage:
//   func.func private @seq.cells.s4d(tensor<?x?x256xf32>, tensor<256xf32>, tensor<256x32xf32>,
//     tensor<256x32xf32>, tensor<256x32xf32>, tensor<256x32xf32>, tensor<256xf32>,
//     tensor<?x256x32xf32>, tensor<?x256x32xf32>)
//     -> (tensor<?x?x256xf32>, tensor<?x256x32xf32>, tensor<?x256x32xf32>)
func.func private @seq.cells.s4d(
    %x: tensor<$B*x$Tx$Dx$F>, %log_step: tensor<$Dx$F>, %a_re: tensor<$Dx$Nx$F>,
    %a_im: tensor<$Dx$Nx$F>, %c_re: tensor<$Dx$Nx$F>, %c_im: tensor<$Dx$Nx$F>,
    %skip: tensor<$Dx$F>, %s_re0: tensor<$B*x$Dx$Nx$F>, %s_im0: tensor<$B*x$Dx$Nx$F>)
    -> (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$Nx$F>, tensor<$B*x$Dx$Nx$F>) {
  %empty = tensor.empty() : tensor<$Dx$Nx$F>
  %step_d = math.exp %log_step : tensor<$Dx$F>
  %step = linalg.broadcast ins(%step_d : tensor<$Dx$F>) outs(%empty : tensor<$Dx$Nx$F>) dimensions = [1]
  // λ - 1 = expm1(a) cos b - 2 sin²(b / 2) + i exp(a) sin b, a + i b = Δ a: small steps keep digits.
  %half = arith.constant dense<0.5> : tensor<$Dx$Nx$F>
  %two = arith.constant dense<2.0> : tensor<$Dx$Nx$F>
  %p = arith.mulf %step, %a_re : tensor<$Dx$Nx$F>
  %q = arith.mulf %step, %a_im : tensor<$Dx$Nx$F>
  %size = math.exp %p : tensor<$Dx$Nx$F>
  %cos = math.cos %q : tensor<$Dx$Nx$F>
  %sin = math.sin %q : tensor<$Dx$Nx$F>
  %l_re = arith.mulf %size, %cos : tensor<$Dx$Nx$F>
  %l_im = arith.mulf %size, %sin : tensor<$Dx$Nx$F>
  %grown = math.expm1 %p : tensor<$Dx$Nx$F>
  %grown_cos = arith.mulf %grown, %cos : tensor<$Dx$Nx$F>
  %q_half = arith.mulf %half, %q : tensor<$Dx$Nx$F>
  %sin_half = math.sin %q_half : tensor<$Dx$Nx$F>
  %square = arith.mulf %sin_half, %sin_half : tensor<$Dx$Nx$F>
  %turned = arith.mulf %two, %square : tensor<$Dx$Nx$F>
  %m_re = arith.subf %grown_cos, %turned : tensor<$Dx$Nx$F>
  // (λ - 1) / a = (λ - 1) conj(a) / |a|².
  %a_rr = arith.mulf %a_re, %a_re : tensor<$Dx$Nx$F>
  %a_ii = arith.mulf %a_im, %a_im : tensor<$Dx$Nx$F>
  %a_abs = arith.addf %a_rr, %a_ii : tensor<$Dx$Nx$F>
  %w_rr = arith.mulf %m_re, %a_re : tensor<$Dx$Nx$F>
  %w_ii = arith.mulf %l_im, %a_im : tensor<$Dx$Nx$F>
  %w_r = arith.addf %w_rr, %w_ii : tensor<$Dx$Nx$F>
  %w_re = arith.divf %w_r, %a_abs : tensor<$Dx$Nx$F>
  %w_ir = arith.mulf %l_im, %a_re : tensor<$Dx$Nx$F>
  %w_ri = arith.mulf %m_re, %a_im : tensor<$Dx$Nx$F>
  %w_i = arith.subf %w_ir, %w_ri : tensor<$Dx$Nx$F>
  %w_im = arith.divf %w_i, %a_abs : tensor<$Dx$Nx$F>

  // 2 Re(c s) = (2 re c) re s + (-2 im c) im s.
  %minus_two = arith.constant dense<-2.0> : tensor<$Dx$Nx$F>
  %read_re = arith.mulf %two, %c_re : tensor<$Dx$Nx$F>
  %read_im = arith.mulf %minus_two, %c_im : tensor<$Dx$Nx$F>
  %y, %re_last, %im_last = seq.recurrence (%x_t: tensor<$Dx$F> in %x)
      states(%re: tensor<$Dx$Nx$F> = %s_re0, %im: tensor<$Dx$Nx$F> = %s_im0) {
    %blank = tensor.empty() : tensor<$Dx$Nx$F>
    %x_dn = linalg.broadcast ins(%x_t : tensor<$Dx$F>) outs(%blank : tensor<$Dx$Nx$F>) dimensions = [1]
    %in_re = arith.mulf %w_re, %x_dn : tensor<$Dx$Nx$F>
    %in_im = arith.mulf %w_im, %x_dn : tensor<$Dx$Nx$F>
    %re_re = arith.mulf %l_re, %re : tensor<$Dx$Nx$F>
    %im_im = arith.mulf %l_im, %im : tensor<$Dx$Nx$F>
    %turned_re = arith.subf %re_re, %im_im : tensor<$Dx$Nx$F>
    %next_re = arith.addf %turned_re, %in_re : tensor<$Dx$Nx$F>
    %re_im = arith.mulf %l_re, %im : tensor<$Dx$Nx$F>
    %im_re = arith.mulf %l_im, %re : tensor<$Dx$Nx$F>
    %turned_im = arith.addf %re_im, %im_re : tensor<$Dx$Nx$F>
    %next_im = arith.addf %turned_im, %in_im : tensor<$Dx$Nx$F>
    %direct = arith.mulf %skip, %x_t : tensor<$Dx$F>
    %part_re = arith.mulf %read_re, %next_re : tensor<$Dx$Nx$F>
    %part_im = arith.mulf %read_im, %next_im : tensor<$Dx$Nx$F>
    %part = arith.addf %part_re, %part_im : tensor<$Dx$Nx$F>
    %y_t = linalg.reduce { arith.addf } ins(%part : tensor<$Dx$Nx$F>)
        outs(%direct : tensor<$Dx$F>) dimensions = [1]
    seq.yield next(%next_re, %next_im : tensor<$Dx$Nx$F>, tensor<$Dx$Nx$F>)
        out(%y_t : tensor<$Dx$F>)
  } : (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$Nx$F>, tensor<$B*x$Dx$Nx$F>)
      -> (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$Nx$F>, tensor<$B*x$Dx$Nx$F>)
  return %y, %re_last, %im_last
      : tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$Nx$F>, tensor<$B*x$Dx$Nx$F>
}
