// S5: one diagonal state space of N complex modes, shared by all inputs and outputs.
//
//   λ = exp(Δ a)     w = (λ - 1) / a                  zero-order hold, Δ = exp(log Δ)
//   s_t = λ ∘ s_{t-1} + w ∘ (B x_t)
//   y_t = 2 Re(C s_t) + skip ∘ x_t                    output y_t
//
// J. T. H. Smith et al., arXiv 2208.04933. A mode stands for itself and its conjugate, hence 2 Re:
// halve C where all modes are given. Complex values are pairs of real tensors, re and im.
//
//   x  [batch, T, D]   inputs            log Δ [N], a [N]   step sizes; modes, re (negative) and im
//   s0 [batch, N]      initial states    b [N, D]           input weights, re and im
//      (re and im)                       c [D, N]           output weights, re and im
//                                        skip [D]           direct term
//
// Results: y [batch, T, D] and the last states [batch, N], re and im.
//
// Usage:
//   func.func private @seq.cells.s5(tensor<?x?x64xf32>, tensor<128xf32>, tensor<128xf32>,
//     tensor<128xf32>, tensor<128x64xf32>, tensor<128x64xf32>, tensor<64x128xf32>,
//     tensor<64x128xf32>, tensor<64xf32>, tensor<?x128xf32>, tensor<?x128xf32>)
//     -> (tensor<?x?x64xf32>, tensor<?x128xf32>, tensor<?x128xf32>)
func.func private @seq.cells.s5(
    %x: tensor<$B*x$Tx$Dx$F>, %log_step: tensor<$Nx$F>, %a_re: tensor<$Nx$F>, %a_im: tensor<$Nx$F>,
    %b_re: tensor<$Nx$Dx$F>, %b_im: tensor<$Nx$Dx$F>, %c_re: tensor<$Dx$Nx$F>,
    %c_im: tensor<$Dx$Nx$F>, %skip: tensor<$Dx$F>, %s_re0: tensor<$B*x$Nx$F>,
    %s_im0: tensor<$B*x$Nx$F>)
    -> (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Nx$F>, tensor<$B*x$Nx$F>) {
  %step = math.exp %log_step : tensor<$Nx$F>
  // λ - 1 = expm1(a) cos b - 2 sin²(b / 2) + i exp(a) sin b, a + i b = Δ a: small steps keep digits.
  %half = arith.constant dense<0.5> : tensor<$Nx$F>
  %two = arith.constant dense<2.0> : tensor<$Nx$F>
  %p = arith.mulf %step, %a_re : tensor<$Nx$F>
  %q = arith.mulf %step, %a_im : tensor<$Nx$F>
  %size = math.exp %p : tensor<$Nx$F>
  %cos = math.cos %q : tensor<$Nx$F>
  %sin = math.sin %q : tensor<$Nx$F>
  %l_re = arith.mulf %size, %cos : tensor<$Nx$F>
  %l_im = arith.mulf %size, %sin : tensor<$Nx$F>
  %grown = math.expm1 %p : tensor<$Nx$F>
  %grown_cos = arith.mulf %grown, %cos : tensor<$Nx$F>
  %q_half = arith.mulf %half, %q : tensor<$Nx$F>
  %sin_half = math.sin %q_half : tensor<$Nx$F>
  %square = arith.mulf %sin_half, %sin_half : tensor<$Nx$F>
  %turned = arith.mulf %two, %square : tensor<$Nx$F>
  %m_re = arith.subf %grown_cos, %turned : tensor<$Nx$F>
  // (λ - 1) / a = (λ - 1) conj(a) / |a|².
  %a_rr = arith.mulf %a_re, %a_re : tensor<$Nx$F>
  %a_ii = arith.mulf %a_im, %a_im : tensor<$Nx$F>
  %a_abs = arith.addf %a_rr, %a_ii : tensor<$Nx$F>
  %w_rr = arith.mulf %m_re, %a_re : tensor<$Nx$F>
  %w_ii = arith.mulf %l_im, %a_im : tensor<$Nx$F>
  %w_r = arith.addf %w_rr, %w_ii : tensor<$Nx$F>
  %w_re = arith.divf %w_r, %a_abs : tensor<$Nx$F>
  %w_ir = arith.mulf %l_im, %a_re : tensor<$Nx$F>
  %w_ri = arith.mulf %m_re, %a_im : tensor<$Nx$F>
  %w_i = arith.subf %w_ir, %w_ri : tensor<$Nx$F>
  %w_im = arith.divf %w_i, %a_abs : tensor<$Nx$F>

  // 2 Re(C s) = (2 re C) re s + (-2 im C) im s.
  %two_c = arith.constant dense<2.0> : tensor<$Dx$Nx$F>
  %minus_two = arith.constant dense<-2.0> : tensor<$Dx$Nx$F>
  %read_re = arith.mulf %two_c, %c_re : tensor<$Dx$Nx$F>
  %read_im = arith.mulf %minus_two, %c_im : tensor<$Dx$Nx$F>
  %zero = arith.constant dense<0.0> : tensor<$Nx$F>
  %y, %re_last, %im_last = seq.recurrence (%x_t: tensor<$Dx$F> in %x)
      states(%re: tensor<$Nx$F> = %s_re0, %im: tensor<$Nx$F> = %s_im0) {
    %u_re = linalg.matvec ins(%b_re, %x_t : tensor<$Nx$Dx$F>, tensor<$Dx$F>)
        outs(%zero : tensor<$Nx$F>) -> tensor<$Nx$F>
    %u_im = linalg.matvec ins(%b_im, %x_t : tensor<$Nx$Dx$F>, tensor<$Dx$F>)
        outs(%zero : tensor<$Nx$F>) -> tensor<$Nx$F>
    %in_rr = arith.mulf %w_re, %u_re : tensor<$Nx$F>
    %in_ii = arith.mulf %w_im, %u_im : tensor<$Nx$F>
    %in_re = arith.subf %in_rr, %in_ii : tensor<$Nx$F>
    %in_ri = arith.mulf %w_re, %u_im : tensor<$Nx$F>
    %in_ir = arith.mulf %w_im, %u_re : tensor<$Nx$F>
    %in_im = arith.addf %in_ri, %in_ir : tensor<$Nx$F>
    %re_re = arith.mulf %l_re, %re : tensor<$Nx$F>
    %im_im = arith.mulf %l_im, %im : tensor<$Nx$F>
    %turned_re = arith.subf %re_re, %im_im : tensor<$Nx$F>
    %next_re = arith.addf %turned_re, %in_re : tensor<$Nx$F>
    %re_im = arith.mulf %l_re, %im : tensor<$Nx$F>
    %im_re = arith.mulf %l_im, %re : tensor<$Nx$F>
    %turned_im = arith.addf %re_im, %im_re : tensor<$Nx$F>
    %next_im = arith.addf %turned_im, %in_im : tensor<$Nx$F>
    %direct = arith.mulf %skip, %x_t : tensor<$Dx$F>
    %y_re = linalg.matvec ins(%read_re, %next_re : tensor<$Dx$Nx$F>, tensor<$Nx$F>)
        outs(%direct : tensor<$Dx$F>) -> tensor<$Dx$F>
    %y_t = linalg.matvec ins(%read_im, %next_im : tensor<$Dx$Nx$F>, tensor<$Nx$F>)
        outs(%y_re : tensor<$Dx$F>) -> tensor<$Dx$F>
    seq.yield next(%next_re, %next_im : tensor<$Nx$F>, tensor<$Nx$F>) out(%y_t : tensor<$Dx$F>)
  } : (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Nx$F>, tensor<$B*x$Nx$F>)
      -> (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Nx$F>, tensor<$B*x$Nx$F>)
  return %y, %re_last, %im_last : tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Nx$F>, tensor<$B*x$Nx$F>
}
