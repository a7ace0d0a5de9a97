// Simple recurrent unit whose gates see the input alone.
//
//   u = W_u x_t     f = σ(W_f x_t + b_f)     r = σ(W_r x_t + b_r)
//   c_t = f ∘ c_{t-1} + (1 - f) ∘ u
//   h_t = r ∘ c_t + (1 - r) ∘ x_t                     output h_t
//
// T. Lei et al., arXiv 1709.02755, first version, without a nonlinearity on c. The
// step is linear in the state; sru_peephole.mlir is not. Scale the highway input x_t outside.
//
//   x  [batch, T, H]   inputs            w [3H, H]   weights, blocks in the order u, f, r
//   c0 [batch, H]      initial state     b [2H]      bias, order f, r
//
// Results: outputs [batch, T, H] and the last state [batch, H].
//
// Usage:
//   func.func private @seq.cells.sru(tensor<?x?x128xf32>, tensor<384x128xf32>,
//     tensor<256xf32>, tensor<?x128xf32>) -> (tensor<?x?x128xf32>, tensor<?x128xf32>)
func.func private @seq.cells.sru(
    %x: tensor<$B*x$Tx$Hx$F>, %w: tensor<$(3*H)x$Hx$F>, %b: tensor<$(2*H)x$F>,
    %c0: tensor<$B*x$Hx$F>) -> (tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>) {
  %one = arith.constant dense<1.0> : tensor<$Hx$F>
  %b_f = tensor.extract_slice %b[0] [$H] [1] : tensor<$(2*H)x$F> to tensor<$Hx$F>
  %b_r = tensor.extract_slice %b[$H] [$H] [1] : tensor<$(2*H)x$F> to tensor<$Hx$F>
  %zero = arith.constant dense<0.0> : tensor<$(3*H)x$F>
  %y, %last = seq.recurrence (%x_t: tensor<$Hx$F> in %x) states(%c: tensor<$Hx$F> = %c0) {
    %input = linalg.matvec ins(%w, %x_t : tensor<$(3*H)x$Hx$F>, tensor<$Hx$F>)
        outs(%zero : tensor<$(3*H)x$F>) -> tensor<$(3*H)x$F>
    %u = tensor.extract_slice %input[0] [$H] [1] : tensor<$(3*H)x$F> to tensor<$Hx$F>
    %f_in = tensor.extract_slice %input[$H] [$H] [1] : tensor<$(3*H)x$F> to tensor<$Hx$F>
    %r_in = tensor.extract_slice %input[$(2*H)] [$H] [1] : tensor<$(3*H)x$F> to tensor<$Hx$F>
    %f_sum = arith.addf %f_in, %b_f : tensor<$Hx$F>
    %f_n = arith.negf %f_sum : tensor<$Hx$F>
    %f_e = math.exp %f_n : tensor<$Hx$F>
    %f_d = arith.addf %one, %f_e : tensor<$Hx$F>
    %f = arith.divf %one, %f_d : tensor<$Hx$F>
    %r_sum = arith.addf %r_in, %b_r : tensor<$Hx$F>
    %r_n = arith.negf %r_sum : tensor<$Hx$F>
    %r_e = math.exp %r_n : tensor<$Hx$F>
    %r_d = arith.addf %one, %r_e : tensor<$Hx$F>
    %r = arith.divf %one, %r_d : tensor<$Hx$F>
    %kept = arith.mulf %f, %c : tensor<$Hx$F>
    %renewed = arith.subf %one, %f : tensor<$Hx$F>
    %written = arith.mulf %renewed, %u : tensor<$Hx$F>
    %next = arith.addf %kept, %written : tensor<$Hx$F>
    %read = arith.mulf %r, %next : tensor<$Hx$F>
    %carried = arith.subf %one, %r : tensor<$Hx$F>
    %highway = arith.mulf %carried, %x_t : tensor<$Hx$F>
    %h = arith.addf %read, %highway : tensor<$Hx$F>
    seq.yield next(%next : tensor<$Hx$F>) out(%h : tensor<$Hx$F>)
  } : (tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>) -> (tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>)
  return %y, %last : tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Hx$F>
}
