// ParaLSTM: an LSTM with coupled input and forget gates (CIFG), diagonal recurrent weights and
// peepholes, so that channels do not mix.
//
//   f = σ(a_f ∘ h_{t-1} + p_f ∘ c_{t-1} + W_f x_t + b_f)
//   g = tanh(a_g ∘ h_{t-1} + W_g x_t + b_g)
//   c_t = f ∘ c_{t-1} + (1 - f) ∘ g
//   o = σ(a_o ∘ h_{t-1} + p_o ∘ c_t + W_o x_t + b_o)
//   h_t = o ∘ tanh(c_t)                               output h_t
//
// F. Danieli et al., ParaRNN, arXiv 2510.21450. Blocks and rows in the order f, g, o; peepholes f, o.
//
//   x  [batch, T, I]   inputs            w [3H, I], b [3H]   input weights and bias
//   h0 [batch, H]      initial output    a [3, H]            recurrent weights
//   c0 [batch, H]      initial memory    p [2, H]            peephole weights
//
// Results: outputs [batch, T, H], the last output and the last memory [batch, H].
//
// Usage:
//   func.func private @seq.cells.para_lstm(tensor<?x?x64xf32>, tensor<384x64xf32>,
//     tensor<384xf32>, tensor<3x128xf32>, tensor<2x128xf32>, tensor<?x128xf32>,
//     tensor<?x128xf32>) -> (tensor<?x?x128xf32>, tensor<?x128xf32>, tensor<?x128xf32>)
func.func private @seq.cells.para_lstm(
    %x: tensor<$B*x$Tx$Ix$F>, %w: tensor<$(3*H)x$Ix$F>, %b: tensor<$(3*H)x$F>,
    %a: tensor<3x$Hx$F>, %p: tensor<2x$Hx$F>, %h0: tensor<$B*x$Hx$F>,
    %c0: tensor<$B*x$Hx$F>) -> (tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>, tensor<$B*x$Hx$F>) {
  %one = arith.constant dense<1.0> : tensor<$Hx$F>
  %a_f = tensor.extract_slice %a[0, 0] [1, $H] [1, 1] : tensor<3x$Hx$F> to tensor<$Hx$F>
  %a_g = tensor.extract_slice %a[1, 0] [1, $H] [1, 1] : tensor<3x$Hx$F> to tensor<$Hx$F>
  %a_o = tensor.extract_slice %a[2, 0] [1, $H] [1, 1] : tensor<3x$Hx$F> to tensor<$Hx$F>
  %p_f = tensor.extract_slice %p[0, 0] [1, $H] [1, 1] : tensor<2x$Hx$F> to tensor<$Hx$F>
  %p_o = tensor.extract_slice %p[1, 0] [1, $H] [1, 1] : tensor<2x$Hx$F> to tensor<$Hx$F>
  %y, %h_last, %c_last = seq.recurrence (%x_t: tensor<$Ix$F> in %x)
      states(%h: tensor<$Hx$F> = %h0, %c: tensor<$Hx$F> = %c0) {
    %input = linalg.matvec ins(%w, %x_t : tensor<$(3*H)x$Ix$F>, tensor<$Ix$F>)
        outs(%b : tensor<$(3*H)x$F>) -> tensor<$(3*H)x$F>
    %f_in = tensor.extract_slice %input[0] [$H] [1] : tensor<$(3*H)x$F> to tensor<$Hx$F>
    %g_in = tensor.extract_slice %input[$H] [$H] [1] : tensor<$(3*H)x$F> to tensor<$Hx$F>
    %o_in = tensor.extract_slice %input[$(2*H)] [$H] [1] : tensor<$(3*H)x$F> to tensor<$Hx$F>
    %f_h = arith.mulf %a_f, %h : tensor<$Hx$F>
    %f_c = arith.mulf %p_f, %c : tensor<$Hx$F>
    %f_rec = arith.addf %f_h, %f_c : tensor<$Hx$F>
    %f_sum = arith.addf %f_rec, %f_in : tensor<$Hx$F>
    %f_n = arith.negf %f_sum : tensor<$Hx$F>
    %f_e = math.exp %f_n : tensor<$Hx$F>
    %f_d = arith.addf %one, %f_e : tensor<$Hx$F>
    %f = arith.divf %one, %f_d : tensor<$Hx$F>
    %g_rec = arith.mulf %a_g, %h : tensor<$Hx$F>
    %g_sum = arith.addf %g_rec, %g_in : tensor<$Hx$F>
    %g = math.tanh %g_sum : tensor<$Hx$F>
    %kept = arith.mulf %f, %c : tensor<$Hx$F>
    %i = arith.subf %one, %f : tensor<$Hx$F>
    %written = arith.mulf %i, %g : tensor<$Hx$F>
    %next_c = arith.addf %kept, %written : tensor<$Hx$F>
    %o_h = arith.mulf %a_o, %h : tensor<$Hx$F>
    %o_c = arith.mulf %p_o, %next_c : tensor<$Hx$F>
    %o_rec = arith.addf %o_h, %o_c : tensor<$Hx$F>
    %o_sum = arith.addf %o_rec, %o_in : tensor<$Hx$F>
    %o_n = arith.negf %o_sum : tensor<$Hx$F>
    %o_e = math.exp %o_n : tensor<$Hx$F>
    %o_d = arith.addf %one, %o_e : tensor<$Hx$F>
    %o = arith.divf %one, %o_d : tensor<$Hx$F>
    %squashed = math.tanh %next_c : tensor<$Hx$F>
    %next = arith.mulf %o, %squashed : tensor<$Hx$F>
    seq.yield next(%next, %next_c : tensor<$Hx$F>, tensor<$Hx$F>) out(%next : tensor<$Hx$F>)
  } : (tensor<$B*x$Tx$Ix$F>, tensor<$B*x$Hx$F>, tensor<$B*x$Hx$F>)
      -> (tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>, tensor<$B*x$Hx$F>)
  return %y, %h_last, %c_last : tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>, tensor<$B*x$Hx$F>
}
