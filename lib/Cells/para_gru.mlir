// ParaGRU: a GRU whose recurrent weights are diagonal, so that channels do not mix.
//
//   z = σ(a_z ∘ h_{t-1} + W_z x_t + b_z)
//   r = σ(a_r ∘ h_{t-1} + W_r x_t + b_r)
//   n = tanh(a_n ∘ h_{t-1} ∘ r + W_n x_t + b_n)
//   h_t = z ∘ n + (1 - z) ∘ h_{t-1}                   output h_t
//
// F. Danieli et al., ParaRNN, arXiv 2510.21450. Blocks and rows in the order z, r, n.
//
//   x  [batch, T, I]   inputs            w [3H, I], b [3H]   input weights and bias
//   h0 [batch, H]      initial state     a [3, H]            recurrent weights
//
// Results: the states [batch, T, H] and the last one [batch, H].
//
// Usage:
//   func.func private @seq.cells.para_gru(tensor<?x?x64xf32>, tensor<384x64xf32>,
//     tensor<384xf32>, tensor<3x128xf32>, tensor<?x128xf32>)
//     -> (tensor<?x?x128xf32>, tensor<?x128xf32>)
func.func private @seq.cells.para_gru(
    %x: tensor<$B*x$Tx$Ix$F>, %w: tensor<$(3*H)x$Ix$F>, %b: tensor<$(3*H)x$F>,
    %a: tensor<3x$Hx$F>, %h0: tensor<$B*x$Hx$F>) -> (tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>) {
  %one = arith.constant dense<1.0> : tensor<$Hx$F>
  %a_z = tensor.extract_slice %a[0, 0] [1, $H] [1, 1] : tensor<3x$Hx$F> to tensor<$Hx$F>
  %a_r = tensor.extract_slice %a[1, 0] [1, $H] [1, 1] : tensor<3x$Hx$F> to tensor<$Hx$F>
  %a_n = tensor.extract_slice %a[2, 0] [1, $H] [1, 1] : tensor<3x$Hx$F> to tensor<$Hx$F>
  %y, %last = seq.recurrence (%x_t: tensor<$Ix$F> in %x) states(%h: tensor<$Hx$F> = %h0) {
    %input = linalg.matvec ins(%w, %x_t : tensor<$(3*H)x$Ix$F>, tensor<$Ix$F>)
        outs(%b : tensor<$(3*H)x$F>) -> tensor<$(3*H)x$F>
    %z_in = tensor.extract_slice %input[0] [$H] [1] : tensor<$(3*H)x$F> to tensor<$Hx$F>
    %r_in = tensor.extract_slice %input[$H] [$H] [1] : tensor<$(3*H)x$F> to tensor<$Hx$F>
    %n_in = tensor.extract_slice %input[$(2*H)] [$H] [1] : tensor<$(3*H)x$F> to tensor<$Hx$F>
    %z_rec = arith.mulf %a_z, %h : tensor<$Hx$F>
    %z_sum = arith.addf %z_rec, %z_in : tensor<$Hx$F>
    %z_n = arith.negf %z_sum : tensor<$Hx$F>
    %z_e = math.exp %z_n : tensor<$Hx$F>
    %z_d = arith.addf %one, %z_e : tensor<$Hx$F>
    %z = arith.divf %one, %z_d : tensor<$Hx$F>
    %r_rec = arith.mulf %a_r, %h : tensor<$Hx$F>
    %r_sum = arith.addf %r_rec, %r_in : tensor<$Hx$F>
    %r_n = arith.negf %r_sum : tensor<$Hx$F>
    %r_e = math.exp %r_n : tensor<$Hx$F>
    %r_d = arith.addf %one, %r_e : tensor<$Hx$F>
    %r = arith.divf %one, %r_d : tensor<$Hx$F>
    %n_rec = arith.mulf %a_n, %h : tensor<$Hx$F>
    %n_gated = arith.mulf %n_rec, %r : tensor<$Hx$F>
    %n_sum = arith.addf %n_gated, %n_in : tensor<$Hx$F>
    %n = math.tanh %n_sum : tensor<$Hx$F>
    %forget = arith.subf %one, %z : tensor<$Hx$F>
    %new = arith.mulf %z, %n : tensor<$Hx$F>
    %kept = arith.mulf %forget, %h : tensor<$Hx$F>
    %next = arith.addf %new, %kept : tensor<$Hx$F>
    seq.yield next(%next : tensor<$Hx$F>) out(%next : tensor<$Hx$F>)
  } : (tensor<$B*x$Tx$Ix$F>, tensor<$B*x$Hx$F>) -> (tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>)
  return %y, %last : tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>
}
