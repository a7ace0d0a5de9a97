// Damped multi-mode exponential moving average of Mega.
//
//   p = σ(δ)     q = 1 - p σ(α)                       both in (0, 1)
//   h_t[d, n] = q[d, n] h_{t-1}[d, n] + p[d, n] β[d, n] x_t[d]
//   y_t[d] = Σ_n γ[d, n] h_t[d, n] / √N + ω[d] x_t[d]       output y_t
//
// X. Ma et al., arXiv 2209.10655. The parameters are the raw ones of the authors' code, whose names
// (kept here) are those of the paper with α and δ exchanged. The activation silu(y) is the caller's.
//
//   x  [batch, T, D]      inputs             δ, α, β, γ [D, N]   parameters of the modes
//   h0 [batch, D, N]      initial states     ω [D]               direct term
//
// Results: y [batch, T, D] and the last states [batch, D, N].
//
// Usage:
//   func.func private @seq.cells.mega_ema(tensor<?x?x512xf32>, tensor<512x16xf32>,
//     tensor<512x16xf32>, tensor<512x16xf32>, tensor<512x16xf32>, tensor<512xf32>,
//     tensor<?x512x16xf32>) -> (tensor<?x?x512xf32>, tensor<?x512x16xf32>)
func.func private @seq.cells.mega_ema(
    %x: tensor<$B*x$Tx$Dx$F>, %delta: tensor<$Dx$Nx$F>, %alpha: tensor<$Dx$Nx$F>,
    %beta: tensor<$Dx$Nx$F>, %gamma: tensor<$Dx$Nx$F>, %omega: tensor<$Dx$F>,
    %h0: tensor<$B*x$Dx$Nx$F>) -> (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$Nx$F>) {
  %one = arith.constant dense<1.0> : tensor<$Dx$Nx$F>
  %p_n = arith.negf %delta : tensor<$Dx$Nx$F>
  %p_e = math.exp %p_n : tensor<$Dx$Nx$F>
  %p_d = arith.addf %one, %p_e : tensor<$Dx$Nx$F>
  %p = arith.divf %one, %p_d : tensor<$Dx$Nx$F>
  %damp_n = arith.negf %alpha : tensor<$Dx$Nx$F>
  %damp_e = math.exp %damp_n : tensor<$Dx$Nx$F>
  %damp_d = arith.addf %one, %damp_e : tensor<$Dx$Nx$F>
  %damp = arith.divf %one, %damp_d : tensor<$Dx$Nx$F>
  %damped = arith.mulf %p, %damp : tensor<$Dx$Nx$F>
  %q = arith.subf %one, %damped : tensor<$Dx$Nx$F>
  %write = arith.mulf %p, %beta : tensor<$Dx$Nx$F>
  // γ is scaled by N^(-1/2).
  %modes = arith.constant $N : i64
  %modes_f = arith.sitofp %modes : i64 to $F
  %root = math.sqrt %modes_f : $F
  %root_dn = tensor.splat %root : tensor<$Dx$Nx$F>
  %read = arith.divf %gamma, %root_dn : tensor<$Dx$Nx$F>
  %y, %last = seq.recurrence (%x_t: tensor<$Dx$F> in %x) states(%h: tensor<$Dx$Nx$F> = %h0) {
    %empty = tensor.empty() : tensor<$Dx$Nx$F>
    %x_dn = linalg.broadcast ins(%x_t : tensor<$Dx$F>) outs(%empty : tensor<$Dx$Nx$F>) dimensions = [1]
    %kept = arith.mulf %q, %h : tensor<$Dx$Nx$F>
    %written = arith.mulf %write, %x_dn : tensor<$Dx$Nx$F>
    %next = arith.addf %kept, %written : tensor<$Dx$Nx$F>
    %direct = arith.mulf %omega, %x_t : tensor<$Dx$F>
    %part = arith.mulf %read, %next : tensor<$Dx$Nx$F>
    %y_t = linalg.reduce { arith.addf } ins(%part : tensor<$Dx$Nx$F>)
        outs(%direct : tensor<$Dx$F>) dimensions = [1]
    seq.yield next(%next : tensor<$Dx$Nx$F>) out(%y_t : tensor<$Dx$F>)
  } : (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$Nx$F>)
      -> (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$Nx$F>)
  return %y, %last : tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$Nx$F>
}
