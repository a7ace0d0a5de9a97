// minLSTM: an LSTM whose gates do not see the state, normalised to sum to one.
//
//   f = σ(W_f x_t + b_f)     i = σ(W_i x_t + b_i)     n = W_n x_t + b_n
//   h_t = f / (f + i) ∘ h_{t-1} + i / (f + i) ∘ n     output h_t
//
// L. Feng et al., Were RNNs all we needed?, arXiv 2410.01201, in its plain form: any sign of n and
// of the initial state is fine. Evaluated as f / (f + i) = σ(log f - log i), which is right where
// both gates round to zero.
//
//   x  [batch, T, I]   inputs            w [3H, I], b [3H]   weights and bias, order f, i, n
//   h0 [batch, H]      initial state
//
// Results: the states [batch, T, H] and the last one [batch, H].
//
// Usage:
//   func.func private @seq.cells.min_lstm(tensor<?x?x64xf32>, tensor<384x64xf32>,
//     tensor<384xf32>, tensor<?x128xf32>) -> (tensor<?x?x128xf32>, tensor<?x128xf32>)
func.func private @seq.cells.min_lstm(
    %x: tensor<$B*x$Tx$Ix$F>, %w: tensor<$(3*H)x$Ix$F>, %b: tensor<$(3*H)x$F>,
    %h0: tensor<$B*x$Hx$F>) -> (tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>) {
  %one = arith.constant dense<1.0> : tensor<$Hx$F>
  %zero = arith.constant dense<0.0> : tensor<$Hx$F>
  %y, %last = seq.recurrence (%x_t: tensor<$Ix$F> in %x) states(%h: tensor<$Hx$F> = %h0) {
    %input = linalg.matvec ins(%w, %x_t : tensor<$(3*H)x$Ix$F>, tensor<$Ix$F>)
        outs(%b : tensor<$(3*H)x$F>) -> tensor<$(3*H)x$F>
    %f = tensor.extract_slice %input[0] [$H] [1] : tensor<$(3*H)x$F> to tensor<$Hx$F>
    %i = tensor.extract_slice %input[$H] [$H] [1] : tensor<$(3*H)x$F> to tensor<$Hx$F>
    %n = tensor.extract_slice %input[$(2*H)] [$H] [1] : tensor<$(3*H)x$F> to tensor<$Hx$F>

    // -log σ(x) = softplus(-x) = max(-x, 0) + log1p(exp(-|x|)).
    %f_minus = arith.negf %f : tensor<$Hx$F>
    %f_positive = arith.maximumf %f_minus, %zero : tensor<$Hx$F>
    %f_size = math.absf %f : tensor<$Hx$F>
    %f_below = arith.negf %f_size : tensor<$Hx$F>
    %f_small = math.exp %f_below : tensor<$Hx$F>
    %f_rest = math.log1p %f_small : tensor<$Hx$F>
    %f_log = arith.addf %f_positive, %f_rest : tensor<$Hx$F>
    %i_minus = arith.negf %i : tensor<$Hx$F>
    %i_positive = arith.maximumf %i_minus, %zero : tensor<$Hx$F>
    %i_size = math.absf %i : tensor<$Hx$F>
    %i_below = arith.negf %i_size : tensor<$Hx$F>
    %i_small = math.exp %i_below : tensor<$Hx$F>
    %i_rest = math.log1p %i_small : tensor<$Hx$F>
    %i_log = arith.addf %i_positive, %i_rest : tensor<$Hx$F>

    // d = log f - log i.
    %d = arith.subf %i_log, %f_log : tensor<$Hx$F>
    %d_minus = arith.negf %d : tensor<$Hx$F>
    %d_exp = math.exp %d_minus : tensor<$Hx$F>
    %d_sum = arith.addf %one, %d_exp : tensor<$Hx$F>
    %forget = arith.divf %one, %d_sum : tensor<$Hx$F>
    %e_exp = math.exp %d : tensor<$Hx$F>
    %e_sum = arith.addf %one, %e_exp : tensor<$Hx$F>
    %write = arith.divf %one, %e_sum : tensor<$Hx$F>
    %kept = arith.mulf %forget, %h : tensor<$Hx$F>
    %new = arith.mulf %write, %n : tensor<$Hx$F>
    %next = arith.addf %kept, %new : tensor<$Hx$F>
    seq.yield next(%next : tensor<$Hx$F>) out(%next : tensor<$Hx$F>)
  } : (tensor<$B*x$Tx$Ix$F>, tensor<$B*x$Hx$F>) -> (tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>)
  return %y, %last : tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>
}
