// Long short-term memory with a forget gate.
//
//   (i, f, g, o) = W x_t + b + R h_{t-1} + c          four blocks of H, in this order
//   c_t = σ(f) ∘ c_{t-1} + σ(i) ∘ tanh(g)
//   h_t = σ(o) ∘ tanh(c_t)                            output h_t
//
// S. Hochreiter, J. Schmidhuber, Long short-term memory, Neural Computation 9, 1997; forget gate:
// F. Gers et al., 2000. Gate order, layout and the two biases are those of torch.nn.LSTM
// (weight_ih, weight_hh, bias_ih, bias_hh).
//
//   x  [batch, T, I]   inputs            w [4H, I], b [4H]   input weights and bias
//   h0 [batch, H]      initial output    r [4H, H], c [4H]   recurrent weights and bias
//   c0 [batch, H]      initial memory
//
// Results: outputs [batch, T, H], the last output and the last memory [batch, H].
//
// Usage:
//   func.func private @seq.cells.lstm(tensor<?x?x64xf32>, tensor<512x64xf32>,
//     tensor<512x128xf32>, tensor<512xf32>, tensor<512xf32>, tensor<?x128xf32>,
//     tensor<?x128xf32>) -> (tensor<?x?x128xf32>, tensor<?x128xf32>, tensor<?x128xf32>)
func.func private @seq.cells.lstm(
    %x: tensor<$B*x$Tx$Ix$F>, %w: tensor<$(4*H)x$Ix$F>, %r: tensor<$(4*H)x$Hx$F>,
    %b: tensor<$(4*H)x$F>, %c: tensor<$(4*H)x$F>, %h0: tensor<$B*x$Hx$F>,
    %c0: tensor<$B*x$Hx$F>)
    -> (tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>, tensor<$B*x$Hx$F>) {
  %one = arith.constant dense<1.0> : tensor<$Hx$F>
  %y, %h_last, %c_last = seq.recurrence (%x_t: tensor<$Ix$F> in %x)
      states(%h: tensor<$Hx$F> = %h0, %cell: tensor<$Hx$F> = %c0) {
    %input = linalg.matvec ins(%w, %x_t : tensor<$(4*H)x$Ix$F>, tensor<$Ix$F>)
        outs(%b : tensor<$(4*H)x$F>) -> tensor<$(4*H)x$F>
    %recurrent = linalg.matvec ins(%r, %h : tensor<$(4*H)x$Hx$F>, tensor<$Hx$F>)
        outs(%c : tensor<$(4*H)x$F>) -> tensor<$(4*H)x$F>
    %sum = arith.addf %input, %recurrent : tensor<$(4*H)x$F>
    %i_sum = tensor.extract_slice %sum[0] [$H] [1] : tensor<$(4*H)x$F> to tensor<$Hx$F>
    %f_sum = tensor.extract_slice %sum[$H] [$H] [1] : tensor<$(4*H)x$F> to tensor<$Hx$F>
    %g_sum = tensor.extract_slice %sum[$(2*H)] [$H] [1] : tensor<$(4*H)x$F> to tensor<$Hx$F>
    %o_sum = tensor.extract_slice %sum[$(3*H)] [$H] [1] : tensor<$(4*H)x$F> to tensor<$Hx$F>
    %i_n = arith.negf %i_sum : tensor<$Hx$F>
    %i_e = math.exp %i_n : tensor<$Hx$F>
    %i_d = arith.addf %one, %i_e : tensor<$Hx$F>
    %i = arith.divf %one, %i_d : tensor<$Hx$F>
    %f_n = arith.negf %f_sum : tensor<$Hx$F>
    %f_e = math.exp %f_n : tensor<$Hx$F>
    %f_d = arith.addf %one, %f_e : tensor<$Hx$F>
    %f = arith.divf %one, %f_d : tensor<$Hx$F>
    %g = math.tanh %g_sum : tensor<$Hx$F>
    %o_n = arith.negf %o_sum : tensor<$Hx$F>
    %o_e = math.exp %o_n : tensor<$Hx$F>
    %o_d = arith.addf %one, %o_e : tensor<$Hx$F>
    %o = arith.divf %one, %o_d : tensor<$Hx$F>
    %kept = arith.mulf %f, %cell : tensor<$Hx$F>
    %written = arith.mulf %i, %g : tensor<$Hx$F>
    %next_cell = arith.addf %kept, %written : tensor<$Hx$F>
    %squashed = math.tanh %next_cell : tensor<$Hx$F>
    %next = arith.mulf %o, %squashed : tensor<$Hx$F>
    seq.yield next(%next, %next_cell : tensor<$Hx$F>, tensor<$Hx$F>) out(%next : tensor<$Hx$F>)
  } : (tensor<$B*x$Tx$Ix$F>, tensor<$B*x$Hx$F>, tensor<$B*x$Hx$F>)
      -> (tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>, tensor<$B*x$Hx$F>)
  return %y, %h_last, %c_last : tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>, tensor<$B*x$Hx$F>
}
