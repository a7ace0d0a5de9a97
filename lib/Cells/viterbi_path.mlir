// The best path from Viterbi's scores and back pointers, from the last step to the first.
//
//   s_t = ψ_t(s_{t+1})                                output s_t
//   s_{T-1} = the least state of greatest δ_{T-1}     if s_T = -1
//
// A. J. Viterbi, IEEE Transactions on Information Theory 13, 1967. δ and ψ are what viterbi.mlir
// gives. The state s_T is the one after the last step, where that is known (a later segment's first
// one), or -1.
//
//   δ [batch, T, S]   scores                    s [batch]   the state after the last step, or -1
//   ψ [batch, T, S]   back pointers (i64)
//
// Results: the path [batch, T] and its first state [batch] (i64).
//
// Usage:
//   func.func private @seq.cells.viterbi_path(tensor<?x?x16xf32>, tensor<?x?x16xi64>,
//     tensor<?xi64>) -> (tensor<?x?xi64>, tensor<?xi64>)
func.func private @seq.cells.viterbi_path(
    %scores: tensor<$B*x$Tx$Sx$F>, %pointers: tensor<$B*x$Tx$Sxi64>, %s0: tensor<$B*xi64>)
    -> (tensor<$B*x$Txi64>, tensor<$B*xi64>) {
  %bottom = arith.constant -1.0 : $F
  %nothing = arith.constant 0.0 : $F
  %infinite = arith.divf %bottom, %nothing : $F
  %minus_inf = tensor.splat %infinite : tensor<$F>
  %zero = arith.constant dense<0> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %path, %first = seq.recurrence reverse (%delta: tensor<$Sx$F> in %scores,
      %psi: tensor<$Sxi64> in %pointers) states(%s: tensor<i64> = %s0) {
    // Through the states i: the best one, and where s came from.
    %m_last, %best, %from, %end = seq.recurrence (%delta_i: tensor<$F> in %delta,
        %psi_i: tensor<i64> in %psi)
        states(%m: tensor<$F> = %minus_inf, %at: tensor<i64> = %zero, %origin: tensor<i64> = %zero,
               %i: tensor<i64> = %zero) {
      %better = arith.cmpf ogt, %delta_i, %m : tensor<$F>
      %m_next = arith.select %better, %delta_i, %m : tensor<i1>, tensor<$F>
      %at_next = arith.select %better, %i, %at : tensor<i1>, tensor<i64>
      %here = arith.cmpi eq, %i, %s : tensor<i64>
      %origin_next = arith.select %here, %psi_i, %origin : tensor<i1>, tensor<i64>
      %i_next = arith.addi %i, %one : tensor<i64>
      seq.yield next(%m_next, %at_next, %origin_next, %i_next
          : tensor<$F>, tensor<i64>, tensor<i64>, tensor<i64>)
    } : (tensor<$Sx$F>, tensor<$Sxi64>, tensor<$F>, tensor<i64>, tensor<i64>, tensor<i64>)
        -> (tensor<$F>, tensor<i64>, tensor<i64>, tensor<i64>)
    %unknown = arith.cmpi slt, %s, %zero : tensor<i64>
    %next = arith.select %unknown, %best, %from : tensor<i1>, tensor<i64>
    seq.yield next(%next : tensor<i64>) out(%next : tensor<i64>)
  } : (tensor<$B*x$Tx$Sx$F>, tensor<$B*x$Tx$Sxi64>, tensor<$B*xi64>)
      -> (tensor<$B*x$Txi64>, tensor<$B*xi64>)
  return %path, %first : tensor<$B*x$Txi64>, tensor<$B*xi64>
}
