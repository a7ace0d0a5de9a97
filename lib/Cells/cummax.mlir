// Running maximum and the step at which it was first met.
//
//   y_t = max(x_0, …, x_t)     i_t = the least j with x_j = y_t      outputs y_t, i_t
//
// Of equal values the earliest wins. NaN is above everything, so the first NaN stays. To begin
// with nothing, m = -∞, i = 0 and count = 0.
//
//   x [batch, T, D]   inputs            m, i [batch, D]   initial maximum and its step
//                                       count [batch]     steps before the first one
//
// Results: y and i [batch, T, D], the last m and i [batch, D], and count + T [batch].
//
// Usage:
//   func.func private @seq.cells.cummax(tensor<?x?x64xf32>, tensor<?x64xf32>, tensor<?x64xi64>,
//     tensor<?xi64>) -> (tensor<?x?x64xf32>, tensor<?x?x64xi64>, tensor<?x64xf32>,
//     tensor<?x64xi64>, tensor<?xi64>)
func.func private @seq.cells.cummax(
    %x: tensor<$B*x$Tx$Dx$F>, %m0: tensor<$B*x$Dx$F>, %i0: tensor<$B*x$Dxi64>,
    %count0: tensor<$B*xi64>)
    -> (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Tx$Dxi64>, tensor<$B*x$Dx$F>, tensor<$B*x$Dxi64>,
        tensor<$B*xi64>) {
  %one = arith.constant dense<1> : tensor<i64>
  %y, %at, %m_last, %i_last, %count_last = seq.recurrence (%x_t: tensor<$Dx$F> in %x)
      states(%m: tensor<$Dx$F> = %m0, %i: tensor<$Dxi64> = %i0, %count: tensor<i64> = %count0) {
    // Above, or the first NaN.
    %above = arith.cmpf ugt, %x_t, %m : tensor<$Dx$F>
    %number = arith.cmpf ord, %m, %m : tensor<$Dx$F>
    %new = arith.andi %above, %number : tensor<$Dxi1>
    %empty = tensor.empty() : tensor<$Dxi64>
    %now = linalg.broadcast ins(%count : tensor<i64>) outs(%empty : tensor<$Dxi64>) dimensions = [0]
    %m_next = arith.select %new, %x_t, %m : tensor<$Dxi1>, tensor<$Dx$F>
    %i_next = arith.select %new, %now, %i : tensor<$Dxi1>, tensor<$Dxi64>
    %count_next = arith.addi %count, %one : tensor<i64>
    seq.yield next(%m_next, %i_next, %count_next : tensor<$Dx$F>, tensor<$Dxi64>, tensor<i64>)
        out(%m_next, %i_next : tensor<$Dx$F>, tensor<$Dxi64>)
  } : (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$F>, tensor<$B*x$Dxi64>, tensor<$B*xi64>)
      -> (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Tx$Dxi64>, tensor<$B*x$Dx$F>, tensor<$B*x$Dxi64>,
          tensor<$B*xi64>)
  return %y, %at, %m_last, %i_last, %count_last
      : tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Tx$Dxi64>, tensor<$B*x$Dx$F>, tensor<$B*x$Dxi64>,
        tensor<$B*xi64>
}
