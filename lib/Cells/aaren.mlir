// Attention as a recurrence: the softmax average of all values so far.
//
//   y_t = Σ_{j ≤ t} exp(s_j) v_j / Σ_{j ≤ t} exp(s_j)       output y_t
//
// L. Feng et al., Attention as an RNN, arXiv 2405.13956. The score s_j = q · k_j is the caller's:
// one product for all steps. The state is the largest score m and u = Σ exp(s - m),
// w = Σ exp(s - m) v; to begin with nothing, m = -∞, u = 0, w = 0. A score of -∞ leaves a value
// out; where all are left out, y is NaN.
//
//   s [batch, T]      scores            m, u [batch], w [batch, D]   initial states
//   v [batch, T, D]   values
//
// Results: y [batch, T, D] and the last states m, u [batch], w [batch, D].
//
// Usage:
//   func.func private @seq.cells.aaren(tensor<?x?xf32>, tensor<?x?x64xf32>, tensor<?xf32>,
//     tensor<?xf32>, tensor<?x64xf32>)
//     -> (tensor<?x?x64xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?x64xf32>)
func.func private @seq.cells.aaren(
    %s: tensor<$B*x$Tx$F>, %v: tensor<$B*x$Tx$Dx$F>, %m0: tensor<$B*x$F>, %u0: tensor<$B*x$F>,
    %w0: tensor<$B*x$Dx$F>)
    -> (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$F>, tensor<$B*x$F>, tensor<$B*x$Dx$F>) {
  %zero = arith.constant dense<0.0> : tensor<$F>
  %bottom = arith.constant -1.0 : $F
  %nothing = arith.constant 0.0 : $F
  %infinite = arith.divf %bottom, %nothing : $F
  %minus_inf = tensor.splat %infinite : tensor<$F>
  %y, %m_last, %u_last, %w_last = seq.recurrence (%s_t: tensor<$F> in %s, %v_t: tensor<$Dx$F> in %v)
      states(%m: tensor<$F> = %m0, %u: tensor<$F> = %u0, %w: tensor<$Dx$F> = %w0) {
    %top = arith.maximumf %m, %s_t : tensor<$F>
    // No score yet: -∞ - -∞ would be NaN.
    %none = arith.cmpf oeq, %top, %minus_inf : tensor<$F>
    %shift = arith.select %none, %zero, %top : tensor<i1>, tensor<$F>
    %m_less = arith.subf %m, %shift : tensor<$F>
    %keep = math.exp %m_less : tensor<$F>
    %s_less = arith.subf %s_t, %shift : tensor<$F>
    %add = math.exp %s_less : tensor<$F>
    %u_kept = arith.mulf %u, %keep : tensor<$F>
    %u_next = arith.addf %u_kept, %add : tensor<$F>
    %empty = tensor.empty() : tensor<$Dx$F>
    %keep_d = linalg.broadcast ins(%keep : tensor<$F>) outs(%empty : tensor<$Dx$F>) dimensions = [0]
    %add_d = linalg.broadcast ins(%add : tensor<$F>) outs(%empty : tensor<$Dx$F>) dimensions = [0]
    %w_kept = arith.mulf %w, %keep_d : tensor<$Dx$F>
    %w_new = arith.mulf %v_t, %add_d : tensor<$Dx$F>
    %w_next = arith.addf %w_kept, %w_new : tensor<$Dx$F>
    %u_d = linalg.broadcast ins(%u_next : tensor<$F>) outs(%empty : tensor<$Dx$F>) dimensions = [0]
    %y_t = arith.divf %w_next, %u_d : tensor<$Dx$F>
    seq.yield next(%top, %u_next, %w_next : tensor<$F>, tensor<$F>, tensor<$Dx$F>)
        out(%y_t : tensor<$Dx$F>)
  } : (tensor<$B*x$Tx$F>, tensor<$B*x$Tx$Dx$F>, tensor<$B*x$F>, tensor<$B*x$F>, tensor<$B*x$Dx$F>)
      -> (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$F>, tensor<$B*x$F>, tensor<$B*x$Dx$F>)
  return %y, %m_last, %u_last, %w_last
      : tensor<$B*x$Tx$Dx$F>, tensor<$B*x$F>, tensor<$B*x$F>, tensor<$B*x$Dx$F>
}
