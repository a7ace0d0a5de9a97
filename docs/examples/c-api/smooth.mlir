// Exponential smoothing of 4 channels: h_t = h_{t-1} + a (x_t - h_{t-1}).
func.func @smooth(
    %x: tensor<?x?x4xf32> {seqc.name = "x", seqc.dims = ["B", "T"]},
    %a: tensor<4xf32> {seqc.name = "a"},
    %h0: tensor<?x4xf32> {seqc.name = "h0", seqc.dims = ["B"]})
    -> (tensor<?x?x4xf32> {seqc.name = "h"}, tensor<?x4xf32> {seqc.name = "last"}) {
  %h, %last = seq.recurrence (%x_t: tensor<4xf32> in %x) states(%p: tensor<4xf32> = %h0) {
    %d = arith.subf %x_t, %p : tensor<4xf32>
    %m = arith.mulf %a, %d : tensor<4xf32>
    %n = arith.addf %p, %m : tensor<4xf32>
    seq.yield next(%n : tensor<4xf32>) out(%n : tensor<4xf32>)
  } : (tensor<?x?x4xf32>, tensor<?x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x4xf32>)
  return %h, %last : tensor<?x?x4xf32>, tensor<?x4xf32>
}
