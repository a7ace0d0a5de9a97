// Gated recurrent unit, reset after the recurrent product (PyTorch, cuDNN).
//
//   r = σ(W_r x_t + b_r + R_r h_{t-1} + c_r)
//   z = σ(W_z x_t + b_z + R_z h_{t-1} + c_z)
//   n = tanh(W_n x_t + b_n + r ∘ (R_n h_{t-1} + c_n))
//   h_t = (1 - z) ∘ n + z ∘ h_{t-1}                   output h_t
//
// K. Cho et al., arXiv 1406.1078 (first version); with the reset gate after the product, so that
// one matrix product serves all three gates. Layout of torch.nn.GRU: blocks in the order r, z, n.
// The form of the later paper is gru_reset_before.mlir.
//
//   x  [batch, T, I]   inputs            w [3H, I], b [3H]   input weights and bias
//   h0 [batch, H]      initial state     r [3H, H], c [3H]   recurrent weights and bias
//
// Results: the states [batch, T, H] and the last one [batch, H].
//
// Usage:
//   func.func private @seq.cells.gru(tensor<?x?x64xf32>, tensor<384x64xf32>,
//     tensor<384x128xf32>, tensor<384xf32>, tensor<384xf32>, tensor<?x128xf32>)
//     -> (tensor<?x?x128xf32>, tensor<?x128xf32>)
func.func private @seq.cells.gru(
    %x: tensor<$B*x$Tx$Ix$F>, %w: tensor<$(3*H)x$Ix$F>, %r: tensor<$(3*H)x$Hx$F>,
    %b: tensor<$(3*H)x$F>, %c: tensor<$(3*H)x$F>, %h0: tensor<$B*x$Hx$F>)
    -> (tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>) {
  %one = arith.constant dense<1.0> : tensor<$Hx$F>
  %y, %last = seq.recurrence (%x_t: tensor<$Ix$F> in %x) states(%h: tensor<$Hx$F> = %h0) {
    %input = linalg.matvec ins(%w, %x_t : tensor<$(3*H)x$Ix$F>, tensor<$Ix$F>)
        outs(%b : tensor<$(3*H)x$F>) -> tensor<$(3*H)x$F>
    %recurrent = linalg.matvec ins(%r, %h : tensor<$(3*H)x$Hx$F>, tensor<$Hx$F>)
        outs(%c : tensor<$(3*H)x$F>) -> tensor<$(3*H)x$F>
    %r_in = tensor.extract_slice %input[0] [$H] [1] : tensor<$(3*H)x$F> to tensor<$Hx$F>
    %z_in = tensor.extract_slice %input[$H] [$H] [1] : tensor<$(3*H)x$F> to tensor<$Hx$F>
    %n_in = tensor.extract_slice %input[$(2*H)] [$H] [1] : tensor<$(3*H)x$F> to tensor<$Hx$F>
    %r_rec = tensor.extract_slice %recurrent[0] [$H] [1] : tensor<$(3*H)x$F> to tensor<$Hx$F>
    %z_rec = tensor.extract_slice %recurrent[$H] [$H] [1] : tensor<$(3*H)x$F> to tensor<$Hx$F>
    %n_rec = tensor.extract_slice %recurrent[$(2*H)] [$H] [1] : tensor<$(3*H)x$F> to tensor<$Hx$F>
    %r_sum = arith.addf %r_in, %r_rec : tensor<$Hx$F>
    %reset_n = arith.negf %r_sum : tensor<$Hx$F>
    %reset_e = math.exp %reset_n : tensor<$Hx$F>
    %reset_d = arith.addf %one, %reset_e : tensor<$Hx$F>
    %reset = arith.divf %one, %reset_d : tensor<$Hx$F>
    %z_sum = arith.addf %z_in, %z_rec : tensor<$Hx$F>
    %z_n = arith.negf %z_sum : tensor<$Hx$F>
    %z_e = math.exp %z_n : tensor<$Hx$F>
    %z_d = arith.addf %one, %z_e : tensor<$Hx$F>
    %z = arith.divf %one, %z_d : tensor<$Hx$F>
    %n_gated = arith.mulf %reset, %n_rec : tensor<$Hx$F>
    %n_sum = arith.addf %n_in, %n_gated : tensor<$Hx$F>
    %n = math.tanh %n_sum : tensor<$Hx$F>
    %renewed = arith.subf %one, %z : tensor<$Hx$F>
    %new = arith.mulf %renewed, %n : tensor<$Hx$F>
    %kept = arith.mulf %z, %h : tensor<$Hx$F>
    %next = arith.addf %new, %kept : tensor<$Hx$F>
    seq.yield next(%next : tensor<$Hx$F>) out(%next : tensor<$Hx$F>)
  } : (tensor<$B*x$Tx$Ix$F>, tensor<$B*x$Hx$F>) -> (tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>)
  return %y, %last : tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>
}
