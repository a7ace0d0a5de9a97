// Linear recurrent unit: complex diagonal modes shared by all inputs and outputs.
//
//   λ = exp(-exp(ν) + i exp(θ))
//   s_t = λ ∘ s_{t-1} + exp(γ) ∘ (B x_t)              s, λ, B, C complex
//   y_t = Re(C s_t) + D x_t                           output y_t
//
// A. Orvieto et al., arXiv 2303.06349. Complex values are pairs of real tensors, re and im.
//
//   x  [batch, T, I]   inputs            ν, θ, γ [N]       logarithms: rate, angle, input scale
//   s0 [batch, N]      initial states    b [N, I]          input weights, re and im
//      (re and im)                       c [O, N]          output weights, re and im
//                                        d [O, I]          direct weights
//
// Results: y [batch, T, O] and the last states [batch, N], re and im.
//
// Usage:
//   func.func private @seq.cells.lru(tensor<?x?x64xf32>, tensor<128xf32>, tensor<128xf32>,
//     tensor<128xf32>, tensor<128x64xf32>, tensor<128x64xf32>, tensor<64x128xf32>,
//     tensor<64x128xf32>, tensor<64x64xf32>, tensor<?x128xf32>, tensor<?x128xf32>)
//     -> (tensor<?x?x64xf32>, tensor<?x128xf32>, tensor<?x128xf32>)
func.func private @seq.cells.lru(
    %x: tensor<$B*x$Tx$Ix$F>, %nu: tensor<$Nx$F>, %theta: tensor<$Nx$F>, %gamma: tensor<$Nx$F>,
    %b_re: tensor<$Nx$Ix$F>, %b_im: tensor<$Nx$Ix$F>, %c_re: tensor<$Ox$Nx$F>,
    %c_im: tensor<$Ox$Nx$F>, %d: tensor<$Ox$Ix$F>, %s_re0: tensor<$B*x$Nx$F>,
    %s_im0: tensor<$B*x$Nx$F>)
    -> (tensor<$B*x$Tx$Ox$F>, tensor<$B*x$Nx$F>, tensor<$B*x$Nx$F>) {
  %rate = math.exp %nu : tensor<$Nx$F>
  %log_size = arith.negf %rate : tensor<$Nx$F>
  %size = math.exp %log_size : tensor<$Nx$F>
  %angle = math.exp %theta : tensor<$Nx$F>
  %cos = math.cos %angle : tensor<$Nx$F>
  %sin = math.sin %angle : tensor<$Nx$F>
  %l_re = arith.mulf %size, %cos : tensor<$Nx$F>
  %l_im = arith.mulf %size, %sin : tensor<$Nx$F>
  %scale = math.exp %gamma : tensor<$Nx$F>
  %c_minus = arith.negf %c_im : tensor<$Ox$Nx$F>
  %zero_n = arith.constant dense<0.0> : tensor<$Nx$F>
  %zero_o = arith.constant dense<0.0> : tensor<$Ox$F>
  %y, %re_last, %im_last = seq.recurrence (%x_t: tensor<$Ix$F> in %x)
      states(%re: tensor<$Nx$F> = %s_re0, %im: tensor<$Nx$F> = %s_im0) {
    %u_re = linalg.matvec ins(%b_re, %x_t : tensor<$Nx$Ix$F>, tensor<$Ix$F>)
        outs(%zero_n : tensor<$Nx$F>) -> tensor<$Nx$F>
    %u_im = linalg.matvec ins(%b_im, %x_t : tensor<$Nx$Ix$F>, tensor<$Ix$F>)
        outs(%zero_n : tensor<$Nx$F>) -> tensor<$Nx$F>
    %in_re = arith.mulf %scale, %u_re : tensor<$Nx$F>
    %in_im = arith.mulf %scale, %u_im : tensor<$Nx$F>
    %re_re = arith.mulf %l_re, %re : tensor<$Nx$F>
    %im_im = arith.mulf %l_im, %im : tensor<$Nx$F>
    %turned_re = arith.subf %re_re, %im_im : tensor<$Nx$F>
    %next_re = arith.addf %turned_re, %in_re : tensor<$Nx$F>
    %re_im = arith.mulf %l_re, %im : tensor<$Nx$F>
    %im_re = arith.mulf %l_im, %re : tensor<$Nx$F>
    %turned_im = arith.addf %re_im, %im_re : tensor<$Nx$F>
    %next_im = arith.addf %turned_im, %in_im : tensor<$Nx$F>
    %direct = linalg.matvec ins(%d, %x_t : tensor<$Ox$Ix$F>, tensor<$Ix$F>)
        outs(%zero_o : tensor<$Ox$F>) -> tensor<$Ox$F>
    %y_re = linalg.matvec ins(%c_re, %next_re : tensor<$Ox$Nx$F>, tensor<$Nx$F>)
        outs(%direct : tensor<$Ox$F>) -> tensor<$Ox$F>
    %y_t = linalg.matvec ins(%c_minus, %next_im : tensor<$Ox$Nx$F>, tensor<$Nx$F>)
        outs(%y_re : tensor<$Ox$F>) -> tensor<$Ox$F>
    seq.yield next(%next_re, %next_im : tensor<$Nx$F>, tensor<$Nx$F>) out(%y_t : tensor<$Ox$F>)
  } : (tensor<$B*x$Tx$Ix$F>, tensor<$B*x$Nx$F>, tensor<$B*x$Nx$F>)
      -> (tensor<$B*x$Tx$Ox$F>, tensor<$B*x$Nx$F>, tensor<$B*x$Nx$F>)
  return %y, %re_last, %im_last : tensor<$B*x$Tx$Ox$F>, tensor<$B*x$Nx$F>, tensor<$B*x$Nx$F>
}
