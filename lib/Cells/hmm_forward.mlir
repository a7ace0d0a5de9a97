// Forward algorithm of a hidden Markov model with S states, in logarithms.
//
//   α_t(j) = p_t(j) + e_t(j)                          output α_t = log P(x_0 … x_t, state j at t)
//   p_{t+1}(j) = log Σ_i exp(α_t(i) + A(i, j))
//
// L. R. Rabiner, A tutorial on hidden Markov models, Proceedings of the IEEE 77, 1989. The state p is
// the prediction for the step to come: to begin, the log of the initial distribution. -∞ is
// probability 0 and may stand anywhere. log P(x) = log Σ_j exp(α_{T-1}(j)).
//
//   e [batch, T, S]   log likelihood of the step's observation in each state
//   A [S, S]          log transitions, from the row's state to the column's
//   p [batch, S]      log prediction for the first step
//
// Results: α [batch, T, S] and the last prediction [batch, S].
//
// Usage:
//   func.func private @seq.cells.hmm_forward(tensor<?x?x16xf32>, tensor<16x16xf32>,
//     tensor<?x16xf32>) -> (tensor<?x?x16xf32>, tensor<?x16xf32>)
func.func private @seq.cells.hmm_forward(
    %e: tensor<$B*x$Tx$Sx$F>, %transition: tensor<$Sx$Sx$F>, %p0: tensor<$B*x$Sx$F>)
    -> (tensor<$B*x$Tx$Sx$F>, tensor<$B*x$Sx$F>) {
  %zero = arith.constant dense<0.0> : tensor<$Sx$F>
  %bottom = arith.constant -1.0 : $F
  %nothing = arith.constant 0.0 : $F
  %infinite = arith.divf %bottom, %nothing : $F
  %minus_inf = tensor.splat %infinite : tensor<$Sx$F>
  %y, %last = seq.recurrence (%e_t: tensor<$Sx$F> in %e) states(%p: tensor<$Sx$F> = %p0) {
    %alpha = arith.addf %p, %e_t : tensor<$Sx$F>
    %empty = tensor.empty() : tensor<$Sx$Sx$F>
    %from = linalg.broadcast ins(%alpha : tensor<$Sx$F>) outs(%empty : tensor<$Sx$Sx$F>) dimensions = [1]
    %path = arith.addf %from, %transition : tensor<$Sx$Sx$F>
    %top = linalg.reduce { arith.maximumf } ins(%path : tensor<$Sx$Sx$F>)
        outs(%minus_inf : tensor<$Sx$F>) dimensions = [0]
    // A state that no path reaches: -∞ - -∞ would be NaN.
    %none = arith.cmpf oeq, %top, %minus_inf : tensor<$Sx$F>
    %shift = arith.select %none, %zero, %top : tensor<$Sxi1>, tensor<$Sx$F>
    %shift_ss = linalg.broadcast ins(%shift : tensor<$Sx$F>) outs(%empty : tensor<$Sx$Sx$F>) dimensions = [0]
    %less = arith.subf %path, %shift_ss : tensor<$Sx$Sx$F>
    %exp = math.exp %less : tensor<$Sx$Sx$F>
    %sum = linalg.reduce { arith.addf } ins(%exp : tensor<$Sx$Sx$F>)
        outs(%zero : tensor<$Sx$F>) dimensions = [0]
    %log = math.log %sum : tensor<$Sx$F>
    %next = arith.addf %shift, %log : tensor<$Sx$F>
    seq.yield next(%next : tensor<$Sx$F>) out(%alpha : tensor<$Sx$F>)
  } : (tensor<$B*x$Tx$Sx$F>, tensor<$B*x$Sx$F>) -> (tensor<$B*x$Tx$Sx$F>, tensor<$B*x$Sx$F>)
  return %y, %last : tensor<$B*x$Tx$Sx$F>, tensor<$B*x$Sx$F>
}
