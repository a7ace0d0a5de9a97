// A cascade of K second-order filter sections, the same for all D channels.
//
//   y^0_t = x_t
//   y^k_t = b_0 y^{k-1}_t + z1^k_{t-1}                section k in transposed direct form II
//   z1^k_t = b_1 y^{k-1}_t - a_1 y^k_t + z2^k_{t-1}
//   z2^k_t = b_2 y^{k-1}_t - a_2 y^k_t                output y^K_t
//
// A. V. Oppenheim, R. W. Schafer, Discrete-Time Signal Processing. A row of `sos` is b_0, b_1, b_2,
// a_0, a_1, a_2, as scipy.signal writes it and sosfilt reads it; a row is divided by its a_0. The
// step runs through the sections by a recurrence of its own, which has no vector form yet: for a few
// sections, uses of biquad.mlir one after the other are faster.
//
//   x      [batch, T, D]   inputs            sos [K, 6]   coefficients
//   z1, z2 [batch, K, D]   initial states
//
// Results: y [batch, T, D] and the last states z1, z2 [batch, K, D].
//
// Usage:
//   func.func private @seq.cells.biquad_cascade(tensor<?x?x2xf32>, tensor<4x6xf32>,
//     tensor<?x4x2xf32>, tensor<?x4x2xf32>)
//     -> (tensor<?x?x2xf32>, tensor<?x4x2xf32>, tensor<?x4x2xf32>)
func.func private @seq.cells.biquad_cascade(
    %x: tensor<$B*x$Tx$Dx$F>, %sos: tensor<$Kx6x$F>, %z1_0: tensor<$B*x$Kx$Dx$F>,
    %z2_0: tensor<$B*x$Kx$Dx$F>)
    -> (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Kx$Dx$F>, tensor<$B*x$Kx$Dx$F>) {
  %a0 = tensor.extract_slice %sos[0, 3] [$K, 1] [1, 1] : tensor<$Kx6x$F> to tensor<$Kx$F>
  %empty_k6 = tensor.empty() : tensor<$Kx6x$F>
  %a0_k6 = linalg.broadcast ins(%a0 : tensor<$Kx$F>) outs(%empty_k6 : tensor<$Kx6x$F>) dimensions = [1]
  %unit = arith.divf %sos, %a0_k6 : tensor<$Kx6x$F>
  %y, %z1_last, %z2_last = seq.recurrence (%x_t: tensor<$Dx$F> in %x)
      states(%z1: tensor<$Kx$Dx$F> = %z1_0, %z2: tensor<$Kx$Dx$F> = %z2_0) {
    %new1, %new2, %y_t = seq.recurrence (%row: tensor<6x$F> in %unit, %z1_k: tensor<$Dx$F> in %z1,
        %z2_k: tensor<$Dx$F> in %z2) states(%v: tensor<$Dx$F> = %x_t) {
      %empty = tensor.empty() : tensor<6x$Dx$F>
      %rows = linalg.broadcast ins(%row : tensor<6x$F>) outs(%empty : tensor<6x$Dx$F>) dimensions = [1]
      %b0 = tensor.extract_slice %rows[0, 0] [1, $D] [1, 1] : tensor<6x$Dx$F> to tensor<$Dx$F>
      %b1 = tensor.extract_slice %rows[1, 0] [1, $D] [1, 1] : tensor<6x$Dx$F> to tensor<$Dx$F>
      %b2 = tensor.extract_slice %rows[2, 0] [1, $D] [1, 1] : tensor<6x$Dx$F> to tensor<$Dx$F>
      %a1 = tensor.extract_slice %rows[4, 0] [1, $D] [1, 1] : tensor<6x$Dx$F> to tensor<$Dx$F>
      %a2 = tensor.extract_slice %rows[5, 0] [1, $D] [1, 1] : tensor<6x$Dx$F> to tensor<$Dx$F>
      %in0 = arith.mulf %b0, %v : tensor<$Dx$F>
      %out = arith.addf %in0, %z1_k : tensor<$Dx$F>
      %in1 = arith.mulf %b1, %v : tensor<$Dx$F>
      %back1 = arith.mulf %a1, %out : tensor<$Dx$F>
      %sum1 = arith.addf %in1, %z2_k : tensor<$Dx$F>
      %next1 = arith.subf %sum1, %back1 : tensor<$Dx$F>
      %in2 = arith.mulf %b2, %v : tensor<$Dx$F>
      %back2 = arith.mulf %a2, %out : tensor<$Dx$F>
      %next2 = arith.subf %in2, %back2 : tensor<$Dx$F>
      seq.yield next(%out : tensor<$Dx$F>) out(%next1, %next2 : tensor<$Dx$F>, tensor<$Dx$F>)
    } : (tensor<$Kx6x$F>, tensor<$Kx$Dx$F>, tensor<$Kx$Dx$F>, tensor<$Dx$F>)
        -> (tensor<$Kx$Dx$F>, tensor<$Kx$Dx$F>, tensor<$Dx$F>)
    seq.yield next(%new1, %new2 : tensor<$Kx$Dx$F>, tensor<$Kx$Dx$F>) out(%y_t : tensor<$Dx$F>)
  } : (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Kx$Dx$F>, tensor<$B*x$Kx$Dx$F>)
      -> (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Kx$Dx$F>, tensor<$B*x$Kx$Dx$F>)
  return %y, %z1_last, %z2_last
      : tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Kx$Dx$F>, tensor<$B*x$Kx$Dx$F>
}
