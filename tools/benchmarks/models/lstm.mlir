// The library's LSTM, $I inputs and $H units, weights bound at compile time. tools/bench fills in the sizes.
func.func private @seq.cells.lstm(tensor<?x?x${I}xf32>, tensor<${H4}x${I}xf32>, tensor<${H4}x${H}xf32>,
    tensor<${H4}xf32>, tensor<${H4}xf32>, tensor<?x${H}xf32>, tensor<?x${H}xf32>)
    -> (tensor<?x?x${H}xf32>, tensor<?x${H}xf32>, tensor<?x${H}xf32>)
func.func @run(%x: tensor<?x?x${I}xf32> {seqc.dims = ["B", "T"]}, %h0: tensor<?x${H}xf32> {seqc.dims = ["B"]},
    %c0: tensor<?x${H}xf32> {seqc.dims = ["B"]}, %w: tensor<${H4}x${I}xf32> {seqc.param = "w"},
    %r: tensor<${H4}x${H}xf32> {seqc.param = "r"}, %b: tensor<${H4}xf32> {seqc.param = "b"},
    %c: tensor<${H4}xf32> {seqc.param = "c"})
    -> (tensor<?x?x${H}xf32>, tensor<?x${H}xf32>, tensor<?x${H}xf32>) {
  %y, %h, %m = call @seq.cells.lstm(%x, %w, %r, %b, %c, %h0, %c0) : (tensor<?x?x${I}xf32>,
      tensor<${H4}x${I}xf32>, tensor<${H4}x${H}xf32>, tensor<${H4}xf32>, tensor<${H4}xf32>,
      tensor<?x${H}xf32>, tensor<?x${H}xf32>) -> (tensor<?x?x${H}xf32>, tensor<?x${H}xf32>, tensor<?x${H}xf32>)
  return %y, %h, %m : tensor<?x?x${H}xf32>, tensor<?x${H}xf32>, tensor<?x${H}xf32>
}
