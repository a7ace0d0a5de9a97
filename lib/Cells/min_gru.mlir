// minGRU: a GRU whose gates do not see the state, so that the step is linear in it.
//
//   z = σ(W_z x_t + b_z)        n = W_n x_t + b_n
//   h_t = (1 - z) ∘ h_{t-1} + z ∘ n                   output h_t
//
// L. Feng et al., Were RNNs all we needed?, arXiv 2410.01201, in its plain form: any sign of n and
// of the initial state is fine.
//
//   x  [batch, T, I]   inputs            w [2H, I], b [2H]   weights and bias, order z, n
//   h0 [batch, H]      initial state
//
// Results: the states [batch, T, H] and the last one [batch, H].
//
// Usage:
//   func.func private @seq.cells.min_gru(tensor<?x?x64xf32>, tensor<256x64xf32>,
//     tensor<256xf32>, tensor<?x128xf32>) -> (tensor<?x?x128xf32>, tensor<?x128xf32>)
func.func private @seq.cells.min_gru(
    %x: tensor<$B*x$Tx$Ix$F>, %w: tensor<$(2*H)x$Ix$F>, %b: tensor<$(2*H)x$F>,
    %h0: tensor<$B*x$Hx$F>) -> (tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>) {
  %one = arith.constant dense<1.0> : tensor<$Hx$F>
  %y, %last = seq.recurrence (%x_t: tensor<$Ix$F> in %x) states(%h: tensor<$Hx$F> = %h0) {
    %input = linalg.matvec ins(%w, %x_t : tensor<$(2*H)x$Ix$F>, tensor<$Ix$F>)
        outs(%b : tensor<$(2*H)x$F>) -> tensor<$(2*H)x$F>
    %z_sum = tensor.extract_slice %input[0] [$H] [1] : tensor<$(2*H)x$F> to tensor<$Hx$F>
    %n = tensor.extract_slice %input[$H] [$H] [1] : tensor<$(2*H)x$F> to tensor<$Hx$F>
    %z_n = arith.negf %z_sum : tensor<$Hx$F>
    %z_e = math.exp %z_n : tensor<$Hx$F>
    %z_d = arith.addf %one, %z_e : tensor<$Hx$F>
    %z = arith.divf %one, %z_d : tensor<$Hx$F>
    %forget = arith.subf %one, %z : tensor<$Hx$F>
    %kept = arith.mulf %forget, %h : tensor<$Hx$F>
    %new = arith.mulf %z, %n : tensor<$Hx$F>
    %next = arith.addf %kept, %new : tensor<$Hx$F>
    seq.yield next(%next : tensor<$Hx$F>) out(%next : tensor<$Hx$F>)
  } : (tensor<$B*x$Tx$Ix$F>, tensor<$B*x$Hx$F>) -> (tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>)
  return %y, %last : tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>
}
