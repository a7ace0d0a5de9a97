// Elman's simple recurrent network.
//
//   h_t = tanh(W x_t + b + R h_{t-1} + c)            output h_t
//
// J. L. Elman, Finding structure in time, Cognitive Science 14, 1990. The layout is that of
// torch.nn.RNN (weight_ih, weight_hh, bias_ih, bias_hh).
//
//   x  [batch, T, I]   inputs            w [H, I], b [H]   input weights and bias
//   h0 [batch, H]      initial state     r [H, H], c [H]   recurrent weights and bias
//
// Results: the states [batch, T, H] and the last one [batch, H].
//
// Usage:
//   func.func private @seq.cells.elman(tensor<?x?x64xf32>, tensor<128x64xf32>,
//     tensor<128x128xf32>, tensor<128xf32>, tensor<128xf32>, tensor<?x128xf32>)
//     -> (tensor<?x?x128xf32>, tensor<?x128xf32>)
func.func private @seq.cells.elman(
    %x: tensor<$B*x$Tx$Ix$F>, %w: tensor<$Hx$Ix$F>, %r: tensor<$Hx$Hx$F>,
    %b: tensor<$Hx$F>, %c: tensor<$Hx$F>, %h0: tensor<$B*x$Hx$F>)
    -> (tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>) {
  %y, %last = seq.recurrence (%x_t: tensor<$Ix$F> in %x) states(%h: tensor<$Hx$F> = %h0) {
    %input = linalg.matvec ins(%w, %x_t : tensor<$Hx$Ix$F>, tensor<$Ix$F>)
        outs(%b : tensor<$Hx$F>) -> tensor<$Hx$F>
    %recurrent = linalg.matvec ins(%r, %h : tensor<$Hx$Hx$F>, tensor<$Hx$F>)
        outs(%c : tensor<$Hx$F>) -> tensor<$Hx$F>
    %sum = arith.addf %input, %recurrent : tensor<$Hx$F>
    %next = math.tanh %sum : tensor<$Hx$F>
    seq.yield next(%next : tensor<$Hx$F>) out(%next : tensor<$Hx$F>)
  } : (tensor<$B*x$Tx$Ix$F>, tensor<$B*x$Hx$F>) -> (tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>)
  return %y, %last : tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>
}
