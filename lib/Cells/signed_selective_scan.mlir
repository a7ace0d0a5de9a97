// A selective scan whose decays may be negative, from -1 to 1.
//
//   Δ = softplus(δ_t + bias)                          per channel d
//   h_t[d, n] = (2 exp(Δ[d] a[d, n]) - 1) h_{t-1}[d, n] + Δ[d] b_t[n] u_t[d]
//   y_t[d] = Σ_n c_t[n] h_t[d, n] + skip[d] u_t[d]    output y_t
//
// R. Grazzi et al., Unlocking state tracking in linear RNNs through negative eigenvalues, arXiv
// 2411.12537; with exp(Δ a) alone it is Mamba-1's, selective_scan.mlir. `a` is the negative matrix
// itself (models keep log(-a)). Such a decay has no logarithm.
//
//   u, δ [batch, T, D]   inputs and step sizes      a [D, N]          decay rates
//   b, c [batch, T, N]   what is written and read   skip, bias [D]    direct term, bias of δ
//   h0   [batch, D, N]   initial state
//
// Results: y [batch, T, D] and the last state [batch, D, N].
//
// Usage:
//   func.func private @seq.cells.signed_selective_scan(tensor<?x?x1536xf32>, tensor<?x?x1536xf32>,
//     tensor<1536x16xf32>, tensor<?x?x16xf32>, tensor<?x?x16xf32>, tensor<1536xf32>,
//     tensor<1536xf32>, tensor<?x1536x16xf32>)
//     -> (tensor<?x?x1536xf32>, tensor<?x1536x16xf32>)
func.func private @seq.cells.signed_selective_scan(
    %u: tensor<$B*x$Tx$Dx$F>, %delta: tensor<$B*x$Tx$Dx$F>, %a: tensor<$Dx$Nx$F>,
    %b: tensor<$B*x$Tx$Nx$F>, %c: tensor<$B*x$Tx$Nx$F>, %skip: tensor<$Dx$F>, %bias: tensor<$Dx$F>,
    %h0: tensor<$B*x$Dx$Nx$F>) -> (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$Nx$F>) {
  %zero = arith.constant dense<0.0> : tensor<$Dx$F>
  %one = arith.constant dense<1.0> : tensor<$Dx$Nx$F>
  %y, %last = seq.recurrence (%u_t: tensor<$Dx$F> in %u, %delta_t: tensor<$Dx$F> in %delta, %b_t: tensor<$Nx$F> in %b,
      %c_t: tensor<$Nx$F> in %c) states(%h: tensor<$Dx$Nx$F> = %h0) {
    // softplus(x) = max(x, 0) + log1p(exp(-|x|)), which does not overflow.
    %biased = arith.addf %delta_t, %bias : tensor<$Dx$F>
    %positive = arith.maximumf %biased, %zero : tensor<$Dx$F>
    %size = math.absf %biased : tensor<$Dx$F>
    %minus = arith.negf %size : tensor<$Dx$F>
    %small = math.exp %minus : tensor<$Dx$F>
    %rest = math.log1p %small : tensor<$Dx$F>
    %step = arith.addf %positive, %rest : tensor<$Dx$F>

    %empty = tensor.empty() : tensor<$Dx$Nx$F>
    %step_dn = linalg.broadcast ins(%step : tensor<$Dx$F>) outs(%empty : tensor<$Dx$Nx$F>) dimensions = [1]
    %rate = arith.mulf %step_dn, %a : tensor<$Dx$Nx$F>
    %positive_decay = math.exp %rate : tensor<$Dx$Nx$F>
    %twice = arith.addf %positive_decay, %positive_decay : tensor<$Dx$Nx$F>
    %decay = arith.subf %twice, %one : tensor<$Dx$Nx$F>
    %kept = arith.mulf %decay, %h : tensor<$Dx$Nx$F>

    // Euler's rule for what is written: (Δ b) u.
    %b_dn = linalg.broadcast ins(%b_t : tensor<$Nx$F>) outs(%empty : tensor<$Dx$Nx$F>) dimensions = [0]
    %u_dn = linalg.broadcast ins(%u_t : tensor<$Dx$F>) outs(%empty : tensor<$Dx$Nx$F>) dimensions = [1]
    %b_step = arith.mulf %step_dn, %b_dn : tensor<$Dx$Nx$F>
    %written = arith.mulf %b_step, %u_dn : tensor<$Dx$Nx$F>
    %next = arith.addf %kept, %written : tensor<$Dx$Nx$F>

    %direct = arith.mulf %skip, %u_t : tensor<$Dx$F>
    %y_t = linalg.matvec ins(%next, %c_t : tensor<$Dx$Nx$F>, tensor<$Nx$F>)
        outs(%direct : tensor<$Dx$F>) -> tensor<$Dx$F>
    seq.yield next(%next : tensor<$Dx$Nx$F>) out(%y_t : tensor<$Dx$F>)
  } : (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Tx$Nx$F>,
       tensor<$B*x$Tx$Nx$F>, tensor<$B*x$Dx$Nx$F>)
      -> (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$Nx$F>)
  return %y, %last : tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$Nx$F>
}
