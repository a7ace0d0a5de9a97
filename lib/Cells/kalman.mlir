// Kalman filter with N state variables and M observations whose noises are independent.
//
//   for each observation m with row h of H and variance r:
//     g = P h     s = h · g + r     m ← m + g (y[m] - h · m) / s     P ← P - g gᵀ / s
//   outputs the filtered mean m and covariance P
//   m ← F m     P ← F P Fᵀ + Q                       prediction for the next step
//
// R. E. Kalman, Journal of Basic Engineering 82, 1960. Observations one after the other equal all at
// once where R is diagonal (whiten them otherwise), and need no inverse. The states m, P are the
// prediction for the step to come: to begin, the prior, symmetric, as P stays to the last bit.
//
//   y [batch, T, M]     observations        F [N, N], Q [N, N]   transition and its noise
//   m [batch, N]        prior mean          H [M, N], r [M]      observation and its variances > 0
//   P [batch, N, N]     prior covariance
//
// Results: means [batch, T, N], covariances [batch, T, N, N], the last prediction m and P.
//
// Usage:
//   func.func private @seq.cells.kalman(tensor<?x?x2xf32>, tensor<4x4xf32>, tensor<4x4xf32>,
//     tensor<2x4xf32>, tensor<2xf32>, tensor<?x4xf32>, tensor<?x4x4xf32>)
//     -> (tensor<?x?x4xf32>, tensor<?x?x4x4xf32>, tensor<?x4xf32>, tensor<?x4x4xf32>)
func.func private @seq.cells.kalman(
    %y: tensor<$B*x$Tx$Mx$F>, %f: tensor<$Nx$Nx$F>, %q: tensor<$Nx$Nx$F>, %h: tensor<$Mx$Nx$F>,
    %r: tensor<$Mx$F>, %m0: tensor<$B*x$Nx$F>, %p0: tensor<$B*x$Nx$Nx$F>)
    -> (tensor<$B*x$Tx$Nx$F>, tensor<$B*x$Tx$Nx$Nx$F>, tensor<$B*x$Nx$F>, tensor<$B*x$Nx$Nx$F>) {
  %zero = arith.constant dense<0.0> : tensor<$Nx$F>
  %zero_nn = arith.constant dense<0.0> : tensor<$Nx$Nx$F>
  %half = arith.constant dense<0.5> : tensor<$Nx$Nx$F>
  %nothing = arith.constant dense<0.0> : tensor<$F>
  %empty_nn = tensor.empty() : tensor<$Nx$Nx$F>
  %f_t = linalg.transpose ins(%f : tensor<$Nx$Nx$F>) outs(%empty_nn : tensor<$Nx$Nx$F>) permutation = [1, 0]
  %means, %covariances, %m_last, %p_last = seq.recurrence (%y_t: tensor<$Mx$F> in %y)
      states(%m: tensor<$Nx$F> = %m0, %p: tensor<$Nx$Nx$F> = %p0) {
    %m_new, %p_new = seq.recurrence (%y_m: tensor<$F> in %y_t, %row: tensor<$Nx$F> in %h,
        %r_m: tensor<$F> in %r) states(%m_k: tensor<$Nx$F> = %m, %p_k: tensor<$Nx$Nx$F> = %p) {
      %g = linalg.matvec ins(%p_k, %row : tensor<$Nx$Nx$F>, tensor<$Nx$F>)
          outs(%zero : tensor<$Nx$F>) -> tensor<$Nx$F>
      %s = linalg.dot ins(%row, %g : tensor<$Nx$F>, tensor<$Nx$F>)
          outs(%r_m : tensor<$F>) -> tensor<$F>
      %seen = linalg.dot ins(%row, %m_k : tensor<$Nx$F>, tensor<$Nx$F>)
          outs(%nothing : tensor<$F>) -> tensor<$F>
      %new = arith.subf %y_m, %seen : tensor<$F>
      %gain = arith.divf %new, %s : tensor<$F>
      %empty = tensor.empty() : tensor<$Nx$F>
      %blank = tensor.empty() : tensor<$Nx$Nx$F>
      %gain_n = linalg.broadcast ins(%gain : tensor<$F>) outs(%empty : tensor<$Nx$F>) dimensions = [0]
      %change = arith.mulf %g, %gain_n : tensor<$Nx$F>
      %m_next = arith.addf %m_k, %change : tensor<$Nx$F>
      // g gᵀ / s as (g / √s)(g / √s)ᵀ: the same bits above and below the diagonal.
      %root = math.sqrt %s : tensor<$F>
      %root_n = linalg.broadcast ins(%root : tensor<$F>) outs(%empty : tensor<$Nx$F>) dimensions = [0]
      %k = arith.divf %g, %root_n : tensor<$Nx$F>
      %k_rows = linalg.broadcast ins(%k : tensor<$Nx$F>) outs(%blank : tensor<$Nx$Nx$F>) dimensions = [1]
      %k_columns = linalg.broadcast ins(%k : tensor<$Nx$F>) outs(%blank : tensor<$Nx$Nx$F>) dimensions = [0]
      %known = arith.mulf %k_rows, %k_columns : tensor<$Nx$Nx$F>
      %p_next = arith.subf %p_k, %known : tensor<$Nx$Nx$F>
      seq.yield next(%m_next, %p_next : tensor<$Nx$F>, tensor<$Nx$Nx$F>)
    } : (tensor<$Mx$F>, tensor<$Mx$Nx$F>, tensor<$Mx$F>, tensor<$Nx$F>, tensor<$Nx$Nx$F>)
        -> (tensor<$Nx$F>, tensor<$Nx$Nx$F>)

    %m_ahead = linalg.matvec ins(%f, %m_new : tensor<$Nx$Nx$F>, tensor<$Nx$F>)
        outs(%zero : tensor<$Nx$F>) -> tensor<$Nx$F>
    %f_p = linalg.matmul ins(%f, %p_new : tensor<$Nx$Nx$F>, tensor<$Nx$Nx$F>)
        outs(%zero_nn : tensor<$Nx$Nx$F>) -> tensor<$Nx$Nx$F>
    %f_p_f = linalg.matmul ins(%f_p, %f_t : tensor<$Nx$Nx$F>, tensor<$Nx$Nx$F>)
        outs(%q : tensor<$Nx$Nx$F>) -> tensor<$Nx$Nx$F>
    %square = tensor.empty() : tensor<$Nx$Nx$F>
    %turned = linalg.transpose ins(%f_p_f : tensor<$Nx$Nx$F>) outs(%square : tensor<$Nx$Nx$F>) permutation = [1, 0]
    %both = arith.addf %f_p_f, %turned : tensor<$Nx$Nx$F>
    %p_ahead = arith.mulf %half, %both : tensor<$Nx$Nx$F>
    seq.yield next(%m_ahead, %p_ahead : tensor<$Nx$F>, tensor<$Nx$Nx$F>)
        out(%m_new, %p_new : tensor<$Nx$F>, tensor<$Nx$Nx$F>)
  } : (tensor<$B*x$Tx$Mx$F>, tensor<$B*x$Nx$F>, tensor<$B*x$Nx$Nx$F>)
      -> (tensor<$B*x$Tx$Nx$F>, tensor<$B*x$Tx$Nx$Nx$F>, tensor<$B*x$Nx$F>, tensor<$B*x$Nx$Nx$F>)
  return %means, %covariances, %m_last, %p_last
      : tensor<$B*x$Tx$Nx$F>, tensor<$B*x$Tx$Nx$Nx$F>, tensor<$B*x$Nx$F>, tensor<$B*x$Nx$Nx$F>
}
