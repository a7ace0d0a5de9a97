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
  %zero_s = arith.constant dense<0> : tensor<$Sxi64>
  %count = arith.constant $S : i64
  %one = arith.constant 1 : i64
  %last_state = arith.subi %count, %one : i64
  %highest = tensor.splat %last_state : tensor<i64>
  %highest_s = tensor.splat %last_state : tensor<$Sxi64>
  %number = tensor.generate {
  ^bb0(%i: index):
    %state = arith.index_cast %i : index to i64
    tensor.yield %state : i64
  } : tensor<$Sxi64>
  %path, %first = seq.recurrence reverse (%delta: tensor<$Sx$F> in %scores,
      %psi: tensor<$Sxi64> in %pointers) states(%s: tensor<i64> = %s0) {
    // The least of the best states.
    %empty = tensor.empty() : tensor<$Sx$F>
    %top = linalg.reduce { arith.maximumf } ins(%delta : tensor<$Sx$F>)
        outs(%minus_inf : tensor<$F>) dimensions = [0]
    %top_s = linalg.broadcast ins(%top : tensor<$F>) outs(%empty : tensor<$Sx$F>) dimensions = [0]
    %is_best = arith.cmpf oeq, %delta, %top_s : tensor<$Sx$F>
    %candidate = arith.select %is_best, %number, %highest_s : tensor<$Sxi1>, tensor<$Sxi64>
    %best = linalg.reduce { arith.minsi } ins(%candidate : tensor<$Sxi64>)
        outs(%highest : tensor<i64>) dimensions = [0]

    // ψ at s: one term of the sum is not zero.
    %blank = tensor.empty() : tensor<$Sxi64>
    %s_s = linalg.broadcast ins(%s : tensor<i64>) outs(%blank : tensor<$Sxi64>) dimensions = [0]
    %here = arith.cmpi eq, %number, %s_s : tensor<$Sxi64>
    %term = arith.select %here, %psi, %zero_s : tensor<$Sxi1>, tensor<$Sxi64>
    %from = linalg.reduce { arith.addi } ins(%term : tensor<$Sxi64>)
        outs(%zero : tensor<i64>) dimensions = [0]
    %unknown = arith.cmpi slt, %s, %zero : tensor<i64>
    %next = arith.select %unknown, %best, %from : tensor<i1>, tensor<i64>
    seq.yield next(%next : tensor<i64>) out(%next : tensor<i64>)
  } : (tensor<$B*x$Tx$Sx$F>, tensor<$B*x$Tx$Sxi64>, tensor<$B*xi64>)
      -> (tensor<$B*x$Txi64>, tensor<$B*xi64>)
  return %path, %first : tensor<$B*x$Txi64>, tensor<$B*xi64>
}
