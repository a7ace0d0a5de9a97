// Hierarchically gated recurrent network: a forget gate with a lower bound, tied to the input.
//
//   f = l + (1 - l) ∘ σ(W_f x_t + b_f)
//   i = silu(W_i x_t + b_i)
//   h_t = f ∘ h_{t-1} + (1 - f) ∘ i                   output h_t
//
// Z. Qin et al., arXiv 2311.04823, in real numbers. The gated norm of h is the caller's.
//
//   x  [batch, T, I]   inputs            w [2H, I], b [2H]   weights and bias, order f, i
//   h0 [batch, H]      initial state     l [H]               lower bound of f, in [0, 1]
//
// Results: the states [batch, T, H] and the last one [batch, H].
//
// Usage:
//   func.func private @seq.cells.hgrn(tensor<?x?x64xf32>, tensor<256x64xf32>,
//     tensor<256xf32>, tensor<128xf32>, tensor<?x128xf32>)
//     -> (tensor<?x?x128xf32>, tensor<?x128xf32>)
func.func private @seq.cells.hgrn(
    %x: tensor<$B*x$Tx$Ix$F>, %w: tensor<$(2*H)x$Ix$F>, %b: tensor<$(2*H)x$F>, %l: tensor<$Hx$F>,
    %h0: tensor<$B*x$Hx$F>) -> (tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>) {
  %one = arith.constant dense<1.0> : tensor<$Hx$F>
  %free = arith.subf %one, %l : tensor<$Hx$F>
  %y, %last = seq.recurrence (%x_t: tensor<$Ix$F> in %x) states(%h: tensor<$Hx$F> = %h0) {
    %input = linalg.matvec ins(%w, %x_t : tensor<$(2*H)x$Ix$F>, tensor<$Ix$F>)
        outs(%b : tensor<$(2*H)x$F>) -> tensor<$(2*H)x$F>
    %f_in = tensor.extract_slice %input[0] [$H] [1] : tensor<$(2*H)x$F> to tensor<$Hx$F>
    %i_in = tensor.extract_slice %input[$H] [$H] [1] : tensor<$(2*H)x$F> to tensor<$Hx$F>
    %f_n = arith.negf %f_in : tensor<$Hx$F>
    %f_e = math.exp %f_n : tensor<$Hx$F>
    %f_d = arith.addf %one, %f_e : tensor<$Hx$F>
    %f_sig = arith.divf %one, %f_d : tensor<$Hx$F>
    %f_open = arith.mulf %free, %f_sig : tensor<$Hx$F>
    %f = arith.addf %l, %f_open : tensor<$Hx$F>
    // 1 - f = (1 - l) σ(-x): a difference would lose the digits of a gate near one.
    %r_e = math.exp %f_in : tensor<$Hx$F>
    %r_d = arith.addf %one, %r_e : tensor<$Hx$F>
    %r_sig = arith.divf %one, %r_d : tensor<$Hx$F>
    %renewed = arith.mulf %free, %r_sig : tensor<$Hx$F>
    %i_n = arith.negf %i_in : tensor<$Hx$F>
    %i_e = math.exp %i_n : tensor<$Hx$F>
    %i_d = arith.addf %one, %i_e : tensor<$Hx$F>
    %i = arith.divf %i_in, %i_d : tensor<$Hx$F>
    %kept = arith.mulf %f, %h : tensor<$Hx$F>
    %new = arith.mulf %renewed, %i : tensor<$Hx$F>
    %next = arith.addf %kept, %new : tensor<$Hx$F>
    seq.yield next(%next : tensor<$Hx$F>) out(%next : tensor<$Hx$F>)
  } : (tensor<$B*x$Tx$Ix$F>, tensor<$B*x$Hx$F>) -> (tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>)
  return %y, %last : tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>
}
