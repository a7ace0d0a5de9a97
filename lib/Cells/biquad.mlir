// One second-order filter section a channel, in transposed direct form II.
//
//   y_t = b_0 x_t + z1_{t-1}                          output y_t
//   z1_t = b_1 x_t - a_1 y_t + z2_{t-1}
//   z2_t = b_2 x_t - a_2 y_t
//
// A. V. Oppenheim, R. W. Schafer, Discrete-Time Signal Processing. The states are those of
// scipy.signal.lfilter (`zi`); divide by a_0 first. biquad_cascade.mlir chains several sections.
//
//   x      [batch, T, D]   inputs            b [3, D]   feed-forward coefficients b_0, b_1, b_2
//   z1, z2 [batch, D]      initial states    a [2, D]   feedback coefficients a_1, a_2
//
// Results: y [batch, T, D] and the last states z1, z2 [batch, D].
//
// Usage:
//   func.func private @seq.cells.biquad(tensor<?x?x2xf32>, tensor<3x2xf32>, tensor<2x2xf32>,
//     tensor<?x2xf32>, tensor<?x2xf32>) -> (tensor<?x?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>)
func.func private @seq.cells.biquad(
    %x: tensor<$B*x$Tx$Dx$F>, %b: tensor<3x$Dx$F>, %a: tensor<2x$Dx$F>,
    %z1_0: tensor<$B*x$Dx$F>, %z2_0: tensor<$B*x$Dx$F>)
    -> (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$F>, tensor<$B*x$Dx$F>) {
  %b0 = tensor.extract_slice %b[0, 0] [1, $D] [1, 1] : tensor<3x$Dx$F> to tensor<$Dx$F>
  %b1 = tensor.extract_slice %b[1, 0] [1, $D] [1, 1] : tensor<3x$Dx$F> to tensor<$Dx$F>
  %b2 = tensor.extract_slice %b[2, 0] [1, $D] [1, 1] : tensor<3x$Dx$F> to tensor<$Dx$F>
  %a1 = tensor.extract_slice %a[0, 0] [1, $D] [1, 1] : tensor<2x$Dx$F> to tensor<$Dx$F>
  %a2 = tensor.extract_slice %a[1, 0] [1, $D] [1, 1] : tensor<2x$Dx$F> to tensor<$Dx$F>
  %y, %z1_last, %z2_last = seq.recurrence (%x_t: tensor<$Dx$F> in %x)
      states(%z1: tensor<$Dx$F> = %z1_0, %z2: tensor<$Dx$F> = %z2_0) {
    %in0 = arith.mulf %b0, %x_t : tensor<$Dx$F>
    %y_t = arith.addf %in0, %z1 : tensor<$Dx$F>
    %in1 = arith.mulf %b1, %x_t : tensor<$Dx$F>
    %back1 = arith.mulf %a1, %y_t : tensor<$Dx$F>
    %sum1 = arith.addf %in1, %z2 : tensor<$Dx$F>
    %next1 = arith.subf %sum1, %back1 : tensor<$Dx$F>
    %in2 = arith.mulf %b2, %x_t : tensor<$Dx$F>
    %back2 = arith.mulf %a2, %y_t : tensor<$Dx$F>
    %next2 = arith.subf %in2, %back2 : tensor<$Dx$F>
    seq.yield next(%next1, %next2 : tensor<$Dx$F>, tensor<$Dx$F>) out(%y_t : tensor<$Dx$F>)
  } : (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$F>, tensor<$B*x$Dx$F>)
      -> (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$F>, tensor<$B*x$Dx$F>)
  return %y, %z1_last, %z2_last : tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$F>, tensor<$B*x$Dx$F>
}
