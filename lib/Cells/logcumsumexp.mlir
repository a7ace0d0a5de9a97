// Running log Σ exp.
//
//   y_t = log(exp x_0 + … + exp x_t)                  output y_t
//
// The state is the largest x so far, m, and s = Σ exp(x - m), so that nothing overflows. -∞ is an
// empty term, +∞ stays +∞. To begin with nothing, m = -∞ and s = 0.
//
//   x [batch, T, D]   inputs            m, s [batch, D]   initial states
//
// Results: y [batch, T, D] and the last states m and s [batch, D].
//
// Usage:
//   func.func private @seq.cells.logcumsumexp(tensor<?x?x64xf32>, tensor<?x64xf32>,
//     tensor<?x64xf32>) -> (tensor<?x?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>)
func.func private @seq.cells.logcumsumexp(
    %x: tensor<$B*x$Tx$Dx$F>, %m0: tensor<$B*x$Dx$F>, %s0: tensor<$B*x$Dx$F>)
    -> (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$F>, tensor<$B*x$Dx$F>) {
  %zero = arith.constant dense<0.0> : tensor<$Dx$F>
  %one = arith.constant 1.0 : $F
  %nothing = arith.constant 0.0 : $F
  %infinite = arith.divf %one, %nothing : $F
  %inf = tensor.splat %infinite : tensor<$Dx$F>
  %y, %m_last, %s_last = seq.recurrence (%x_t: tensor<$Dx$F> in %x)
      states(%m: tensor<$Dx$F> = %m0, %s: tensor<$Dx$F> = %s0) {
    %top = arith.maximumf %m, %x_t : tensor<$Dx$F>
    // An infinite maximum is no shift: ∞ - ∞ would be NaN.
    %size = math.absf %top : tensor<$Dx$F>
    %finite = arith.cmpf olt, %size, %inf : tensor<$Dx$F>
    %shift = arith.select %finite, %top, %zero : tensor<$Dxi1>, tensor<$Dx$F>
    %m_less = arith.subf %m, %shift : tensor<$Dx$F>
    %m_exp = math.exp %m_less : tensor<$Dx$F>
    %kept = arith.mulf %s, %m_exp : tensor<$Dx$F>
    %x_less = arith.subf %x_t, %shift : tensor<$Dx$F>
    %x_exp = math.exp %x_less : tensor<$Dx$F>
    %sum = arith.addf %kept, %x_exp : tensor<$Dx$F>
    %log = math.log %sum : tensor<$Dx$F>
    %y_t = arith.addf %shift, %log : tensor<$Dx$F>
    seq.yield next(%top, %sum : tensor<$Dx$F>, tensor<$Dx$F>) out(%y_t : tensor<$Dx$F>)
  } : (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$F>, tensor<$B*x$Dx$F>)
      -> (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$F>, tensor<$B*x$Dx$F>)
  return %y, %m_last, %s_last : tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$F>, tensor<$B*x$Dx$F>
}
