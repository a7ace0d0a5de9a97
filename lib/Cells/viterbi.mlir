// Viterbi's forward pass over S states: the score of the best path to each one, and back pointers.
//
//   δ_t(j) = p_t(j) + e_t(j)                          output δ_t
//   p_{t+1}(j) = max_i (δ_t(i) + A(i, j))
//   ψ_t(j) = the least i with that maximum            output ψ_t: where j at step t + 1 comes from
//
// A. J. Viterbi, IEEE Transactions on Information Theory 13, 1967; with any scores it decodes a
// linear-chain CRF. The state p is the score before the step to come is seen: to begin, the initial
// scores. -∞ forbids a state or a transition. viterbi_path.mlir reads the path off δ and ψ.
//
//   e [batch, T, S]   score of each state at the step
//   A [S, S]          score of a transition, from the row's state to the column's
//   p [batch, S]      scores before the first step
//
// Results: δ [batch, T, S], ψ [batch, T, S] (i64), the last p [batch, S].
//
// Usage:
//   func.func private @seq.cells.viterbi(tensor<?x?x16xf32>, tensor<16x16xf32>, tensor<?x16xf32>)
//     -> (tensor<?x?x16xf32>, tensor<?x?x16xi64>, tensor<?x16xf32>)
func.func private @seq.cells.viterbi(
    %e: tensor<$B*x$Tx$Sx$F>, %transition: tensor<$Sx$Sx$F>, %p0: tensor<$B*x$Sx$F>)
    -> (tensor<$B*x$Tx$Sx$F>, tensor<$B*x$Tx$Sxi64>, tensor<$B*x$Sx$F>) {
  %bottom = arith.constant -1.0 : $F
  %nothing = arith.constant 0.0 : $F
  %infinite = arith.divf %bottom, %nothing : $F
  %minus_inf = tensor.splat %infinite : tensor<$Sx$F>
  %first = arith.constant dense<0> : tensor<$Sxi64>
  %start = arith.constant dense<0> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %scores, %pointers, %last = seq.recurrence (%e_t: tensor<$Sx$F> in %e)
      states(%p: tensor<$Sx$F> = %p0) {
    %delta = arith.addf %p, %e_t : tensor<$Sx$F>
    // Through the states i in order; a later one must be better to win.
    %best, %arg, %end = seq.recurrence (%delta_i: tensor<$F> in %delta, %row: tensor<$Sx$F> in %transition)
        states(%m: tensor<$Sx$F> = %minus_inf, %at: tensor<$Sxi64> = %first, %i: tensor<i64> = %start) {
      %empty = tensor.empty() : tensor<$Sx$F>
      %from = linalg.broadcast ins(%delta_i : tensor<$F>) outs(%empty : tensor<$Sx$F>) dimensions = [0]
      %path = arith.addf %from, %row : tensor<$Sx$F>
      %better = arith.cmpf ogt, %path, %m : tensor<$Sx$F>
      %blank = tensor.empty() : tensor<$Sxi64>
      %now = linalg.broadcast ins(%i : tensor<i64>) outs(%blank : tensor<$Sxi64>) dimensions = [0]
      %m_next = arith.select %better, %path, %m : tensor<$Sxi1>, tensor<$Sx$F>
      %at_next = arith.select %better, %now, %at : tensor<$Sxi1>, tensor<$Sxi64>
      %i_next = arith.addi %i, %one : tensor<i64>
      seq.yield next(%m_next, %at_next, %i_next : tensor<$Sx$F>, tensor<$Sxi64>, tensor<i64>)
    } : (tensor<$Sx$F>, tensor<$Sx$Sx$F>, tensor<$Sx$F>, tensor<$Sxi64>, tensor<i64>)
        -> (tensor<$Sx$F>, tensor<$Sxi64>, tensor<i64>)
    seq.yield next(%best : tensor<$Sx$F>) out(%delta, %arg : tensor<$Sx$F>, tensor<$Sxi64>)
  } : (tensor<$B*x$Tx$Sx$F>, tensor<$B*x$Sx$F>)
      -> (tensor<$B*x$Tx$Sx$F>, tensor<$B*x$Tx$Sxi64>, tensor<$B*x$Sx$F>)
  return %scores, %pointers, %last
      : tensor<$B*x$Tx$Sx$F>, tensor<$B*x$Tx$Sxi64>, tensor<$B*x$Sx$F>
}
