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
  %count = arith.constant $S : i64
  %one = arith.constant 1 : i64
  %last_state = arith.subi %count, %one : i64
  %highest = tensor.splat %last_state : tensor<$Sxi64>
  %highest_ss = tensor.splat %last_state : tensor<$Sx$Sxi64>
  %number = tensor.generate {
  ^bb0(%i: index, %j: index):
    %row = arith.index_cast %i : index to i64
    tensor.yield %row : i64
  } : tensor<$Sx$Sxi64>
  %scores, %pointers, %last = seq.recurrence (%e_t: tensor<$Sx$F> in %e)
      states(%p: tensor<$Sx$F> = %p0) {
    %delta = arith.addf %p, %e_t : tensor<$Sx$F>
    %empty = tensor.empty() : tensor<$Sx$Sx$F>
    %from = linalg.broadcast ins(%delta : tensor<$Sx$F>) outs(%empty : tensor<$Sx$Sx$F>) dimensions = [1]
    %path = arith.addf %from, %transition : tensor<$Sx$Sx$F>
    %best = linalg.reduce { arith.maximumf } ins(%path : tensor<$Sx$Sx$F>)
        outs(%minus_inf : tensor<$Sx$F>) dimensions = [0]
    // The least of the states whose path is the best one.
    %best_ss = linalg.broadcast ins(%best : tensor<$Sx$F>) outs(%empty : tensor<$Sx$Sx$F>) dimensions = [0]
    %is_best = arith.cmpf oeq, %path, %best_ss : tensor<$Sx$Sx$F>
    %candidate = arith.select %is_best, %number, %highest_ss : tensor<$Sx$Sxi1>, tensor<$Sx$Sxi64>
    %arg = linalg.reduce { arith.minsi } ins(%candidate : tensor<$Sx$Sxi64>)
        outs(%highest : tensor<$Sxi64>) dimensions = [0]
    seq.yield next(%best : tensor<$Sx$F>) out(%delta, %arg : tensor<$Sx$F>, tensor<$Sxi64>)
  } : (tensor<$B*x$Tx$Sx$F>, tensor<$B*x$Sx$F>)
      -> (tensor<$B*x$Tx$Sx$F>, tensor<$B*x$Tx$Sxi64>, tensor<$B*x$Sx$F>)
  return %scores, %pointers, %last
      : tensor<$B*x$Tx$Sx$F>, tensor<$B*x$Tx$Sxi64>, tensor<$B*x$Sx$F>
}
