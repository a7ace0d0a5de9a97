// Quasi-recurrent network, window of two steps, fo-pooling.
//
//   z = tanh(W_z x_t + V_z x_{t-1} + b_z)
//   f = σ(W_f x_t + V_f x_{t-1} + b_f)
//   o = σ(W_o x_t + V_o x_{t-1} + b_o)
//   c_t = f ∘ c_{t-1} + (1 - f) ∘ z
//   h_t = o ∘ c_t                                     output h_t
//
// J. Bradbury et al., arXiv 1611.01576. There f keeps the memory, as here; in the authors' code f
// multiplies the input, so weights from it need W_f, V_f and b_f with the other sign.
//
//   x  [batch, T, I]   inputs            w [3H, I], v [3H, I]   weights of x_t and of x_{t-1}
//   x0 [batch, I]      input before      b [3H]                 bias; blocks in the order z, f, o
//   c0 [batch, H]      initial memory
//
// Results: outputs [batch, T, H], the last input [batch, I] and the last memory [batch, H].
//
// Usage:
//   func.func private @seq.cells.qrnn(tensor<?x?x64xf32>, tensor<384x64xf32>,
//     tensor<384x64xf32>, tensor<384xf32>, tensor<?x64xf32>, tensor<?x128xf32>)
//     -> (tensor<?x?x128xf32>, tensor<?x64xf32>, tensor<?x128xf32>)
func.func private @seq.cells.qrnn(
    %x: tensor<$B*x$Tx$Ix$F>, %w: tensor<$(3*H)x$Ix$F>, %v: tensor<$(3*H)x$Ix$F>,
    %b: tensor<$(3*H)x$F>, %x0: tensor<$B*x$Ix$F>, %c0: tensor<$B*x$Hx$F>)
    -> (tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Ix$F>, tensor<$B*x$Hx$F>) {
  %one = arith.constant dense<1.0> : tensor<$Hx$F>
  %y, %x_last, %c_last = seq.recurrence (%x_t: tensor<$Ix$F> in %x)
      states(%x_before: tensor<$Ix$F> = %x0, %c: tensor<$Hx$F> = %c0) {
    %before = linalg.matvec ins(%v, %x_before : tensor<$(3*H)x$Ix$F>, tensor<$Ix$F>)
        outs(%b : tensor<$(3*H)x$F>) -> tensor<$(3*H)x$F>
    %sum = linalg.matvec ins(%w, %x_t : tensor<$(3*H)x$Ix$F>, tensor<$Ix$F>)
        outs(%before : tensor<$(3*H)x$F>) -> tensor<$(3*H)x$F>
    %z_sum = tensor.extract_slice %sum[0] [$H] [1] : tensor<$(3*H)x$F> to tensor<$Hx$F>
    %f_sum = tensor.extract_slice %sum[$H] [$H] [1] : tensor<$(3*H)x$F> to tensor<$Hx$F>
    %o_sum = tensor.extract_slice %sum[$(2*H)] [$H] [1] : tensor<$(3*H)x$F> to tensor<$Hx$F>
    %z = math.tanh %z_sum : tensor<$Hx$F>
    %f_n = arith.negf %f_sum : tensor<$Hx$F>
    %f_e = math.exp %f_n : tensor<$Hx$F>
    %f_d = arith.addf %one, %f_e : tensor<$Hx$F>
    %f = arith.divf %one, %f_d : tensor<$Hx$F>
    %o_n = arith.negf %o_sum : tensor<$Hx$F>
    %o_e = math.exp %o_n : tensor<$Hx$F>
    %o_d = arith.addf %one, %o_e : tensor<$Hx$F>
    %o = arith.divf %one, %o_d : tensor<$Hx$F>
    %kept = arith.mulf %f, %c : tensor<$Hx$F>
    %i = arith.subf %one, %f : tensor<$Hx$F>
    %written = arith.mulf %i, %z : tensor<$Hx$F>
    %next = arith.addf %kept, %written : tensor<$Hx$F>
    %h = arith.mulf %o, %next : tensor<$Hx$F>
    seq.yield next(%x_t, %next : tensor<$Ix$F>, tensor<$Hx$F>) out(%h : tensor<$Hx$F>)
  } : (tensor<$B*x$Tx$Ix$F>, tensor<$B*x$Ix$F>, tensor<$B*x$Hx$F>)
      -> (tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Ix$F>, tensor<$B*x$Hx$F>)
  return %y, %x_last, %c_last : tensor<$B*x$Tx$Hx$F>, tensor<$B*x$Ix$F>, tensor<$B*x$Hx$F>
}
