// Exponential moving average, one rate a channel.
//
//   h_t = h_{t-1} + α ∘ (x_t - h_{t-1})               output h_t
//
// That is (1 - α) h + α x, spelt so that no rounded 1 - α multiplies the state. β = 1 - α is the
// decay; span = 2 / α - 1; half-life = -1 / log2 β. Where β is near 1, form α itself, not 1 - β.
//
//   x  [batch, T, D]   inputs            α [D]   rates, in (0, 1]
//   h0 [batch, D]      initial average
//
// Results: the averages [batch, T, D] and the last one [batch, D].
//
// Usage:
//   func.func private @seq.cells.ema(tensor<?x?x64xf32>, tensor<64xf32>, tensor<?x64xf32>)
//     -> (tensor<?x?x64xf32>, tensor<?x64xf32>)
func.func private @seq.cells.ema(
    %x: tensor<$B*x$Tx$Dx$F>, %alpha: tensor<$Dx$F>, %h0: tensor<$B*x$Dx$F>)
    -> (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$F>) {
  %y, %last = seq.recurrence (%x_t: tensor<$Dx$F> in %x) states(%h: tensor<$Dx$F> = %h0) {
    %gap = arith.subf %x_t, %h : tensor<$Dx$F>
    %part = arith.mulf %alpha, %gap : tensor<$Dx$F>
    %next = arith.addf %h, %part : tensor<$Dx$F>
    seq.yield next(%next : tensor<$Dx$F>) out(%next : tensor<$Dx$F>)
  } : (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$F>) -> (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$F>)
  return %y, %last : tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$F>
}
