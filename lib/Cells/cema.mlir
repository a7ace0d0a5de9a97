// Complex exponential moving average of Megalodon (CEMA).
//
//   p = σ(α)     φ[d, n] = n (2 π / N) σ(θ[d])        n = 1 … N
//   q = (1 - p σ(δ)) exp(i φ)
//   h_t[d, n] = q[d, n] h_{t-1}[d, n] + p[d, n] x_t[d]      h, q, γ complex
//   y_t[d] = Re Σ_n γ[d, n] h_t[d, n] / √N + ω[d] x_t[d]    output y_t
//
// X. Ma et al., arXiv 2404.08801, with the raw parameters of the authors' code. Complex values are
// pairs of real tensors, re and im.
//
//   x  [batch, T, D]      inputs             α, δ [D, N]   rates and damping
//   h0 [batch, D, N]      initial states     θ, ω [D]      base angle, direct term
//      (re and im)                           γ [D, N]      output weights, re and im
//
// Results: y [batch, T, D] and the last states [batch, D, N], re and im.
//
// Usage:
//   func.func private @seq.cells.cema(tensor<?x?x512xf32>, tensor<512x16xf32>,
//     tensor<512x16xf32>, tensor<512xf32>, tensor<512x16xf32>, tensor<512x16xf32>,
//     tensor<512xf32>, tensor<?x512x16xf32>, tensor<?x512x16xf32>)
//     -> (tensor<?x?x512xf32>, tensor<?x512x16xf32>, tensor<?x512x16xf32>)
func.func private @seq.cells.cema(
    %x: tensor<$B*x$Tx$Dx$F>, %alpha: tensor<$Dx$Nx$F>, %delta: tensor<$Dx$Nx$F>,
    %theta: tensor<$Dx$F>, %gamma_re: tensor<$Dx$Nx$F>, %gamma_im: tensor<$Dx$Nx$F>,
    %omega: tensor<$Dx$F>, %h_re0: tensor<$B*x$Dx$Nx$F>, %h_im0: tensor<$B*x$Dx$Nx$F>)
    -> (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$Nx$F>, tensor<$B*x$Dx$Nx$F>) {
  %one = arith.constant dense<1.0> : tensor<$Dx$Nx$F>
  %p_n = arith.negf %alpha : tensor<$Dx$Nx$F>
  %p_e = math.exp %p_n : tensor<$Dx$Nx$F>
  %p_d = arith.addf %one, %p_e : tensor<$Dx$Nx$F>
  %p = arith.divf %one, %p_d : tensor<$Dx$Nx$F>
  %damp_n = arith.negf %delta : tensor<$Dx$Nx$F>
  %damp_e = math.exp %damp_n : tensor<$Dx$Nx$F>
  %damp_d = arith.addf %one, %damp_e : tensor<$Dx$Nx$F>
  %damp = arith.divf %one, %damp_d : tensor<$Dx$Nx$F>
  %damped = arith.mulf %p, %damp : tensor<$Dx$Nx$F>
  %size = arith.subf %one, %damped : tensor<$Dx$Nx$F>
  // γ is scaled by N^(-1/2).
  %modes = arith.constant $N : i64
  %modes_f = arith.sitofp %modes : i64 to $F
  %root = math.sqrt %modes_f : $F
  %root_dn = tensor.splat %root : tensor<$Dx$Nx$F>

  // The angles: n of 2 π σ(θ) / N.
  %one_i = arith.constant 1 : index
  %turn = arith.constant 6.283185307179586 : $F
  %base = arith.divf %turn, %modes_f : $F
  %count = tensor.generate {
  ^bb0(%d: index, %n: index):
    %number = arith.addi %n, %one_i : index
    %number_i = arith.index_cast %number : index to i64
    %number_f = arith.sitofp %number_i : i64 to $F
    %multiple = arith.mulf %number_f, %base : $F
    tensor.yield %multiple : $F
  } : tensor<$Dx$Nx$F>
  %empty = tensor.empty() : tensor<$Dx$Nx$F>
  %theta_dn = linalg.broadcast ins(%theta : tensor<$Dx$F>) outs(%empty : tensor<$Dx$Nx$F>) dimensions = [1]
  %part_n = arith.negf %theta_dn : tensor<$Dx$Nx$F>
  %part_e = math.exp %part_n : tensor<$Dx$Nx$F>
  %part_d = arith.addf %one, %part_e : tensor<$Dx$Nx$F>
  %part = arith.divf %one, %part_d : tensor<$Dx$Nx$F>
  %angle = arith.mulf %count, %part : tensor<$Dx$Nx$F>
  %cos = math.cos %angle : tensor<$Dx$Nx$F>
  %sin = math.sin %angle : tensor<$Dx$Nx$F>
  %l_re = arith.mulf %size, %cos : tensor<$Dx$Nx$F>
  %l_im = arith.mulf %size, %sin : tensor<$Dx$Nx$F>
  %read_re = arith.divf %gamma_re, %root_dn : tensor<$Dx$Nx$F>
  %gamma_minus = arith.negf %gamma_im : tensor<$Dx$Nx$F>
  %read_im = arith.divf %gamma_minus, %root_dn : tensor<$Dx$Nx$F>
  %y, %re_last, %im_last = seq.recurrence (%x_t: tensor<$Dx$F> in %x)
      states(%re: tensor<$Dx$Nx$F> = %h_re0, %im: tensor<$Dx$Nx$F> = %h_im0) {
    %blank = tensor.empty() : tensor<$Dx$Nx$F>
    %x_dn = linalg.broadcast ins(%x_t : tensor<$Dx$F>) outs(%blank : tensor<$Dx$Nx$F>) dimensions = [1]
    %in_re = arith.mulf %p, %x_dn : tensor<$Dx$Nx$F>
    %re_re = arith.mulf %l_re, %re : tensor<$Dx$Nx$F>
    %im_im = arith.mulf %l_im, %im : tensor<$Dx$Nx$F>
    %turned_re = arith.subf %re_re, %im_im : tensor<$Dx$Nx$F>
    %next_re = arith.addf %turned_re, %in_re : tensor<$Dx$Nx$F>
    %re_im = arith.mulf %l_re, %im : tensor<$Dx$Nx$F>
    %im_re = arith.mulf %l_im, %re : tensor<$Dx$Nx$F>
    %next_im = arith.addf %re_im, %im_re : tensor<$Dx$Nx$F>
    %direct = arith.mulf %omega, %x_t : tensor<$Dx$F>
    %part_re = arith.mulf %read_re, %next_re : tensor<$Dx$Nx$F>
    %part_im = arith.mulf %read_im, %next_im : tensor<$Dx$Nx$F>
    %both = arith.addf %part_re, %part_im : tensor<$Dx$Nx$F>
    %y_t = linalg.reduce { arith.addf } ins(%both : tensor<$Dx$Nx$F>)
        outs(%direct : tensor<$Dx$F>) dimensions = [1]
    seq.yield next(%next_re, %next_im : tensor<$Dx$Nx$F>, tensor<$Dx$Nx$F>)
        out(%y_t : tensor<$Dx$F>)
  } : (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$Nx$F>, tensor<$B*x$Dx$Nx$F>)
      -> (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$Nx$F>, tensor<$B*x$Dx$Nx$F>)
  return %y, %re_last, %im_last
      : tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$Nx$F>, tensor<$B*x$Dx$Nx$F>
}
