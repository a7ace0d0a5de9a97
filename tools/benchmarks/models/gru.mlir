// The library's GRU, $I inputs and $H units, weights bound at compile time. tools/bench fills in the sizes.
func.func private @seq.cells.gru(tensor<?x?x${I}xf32>, tensor<${H3}x${I}xf32>, tensor<${H3}x${H}xf32>,
    tensor<${H3}xf32>, tensor<${H3}xf32>, tensor<?x${H}xf32>) -> (tensor<?x?x${H}xf32>, tensor<?x${H}xf32>)
func.func @run(%x: tensor<?x?x${I}xf32> {seqc.dims = ["B", "T"]}, %h0: tensor<?x${H}xf32> {seqc.dims = ["B"]},
    %w: tensor<${H3}x${I}xf32> {seqc.param = "w"}, %r: tensor<${H3}x${H}xf32> {seqc.param = "r"},
    %b: tensor<${H3}xf32> {seqc.param = "b"}, %c: tensor<${H3}xf32> {seqc.param = "c"})
    -> (tensor<?x?x${H}xf32>, tensor<?x${H}xf32>) {
  %y, %h = call @seq.cells.gru(%x, %w, %r, %b, %c, %h0) : (tensor<?x?x${I}xf32>, tensor<${H3}x${I}xf32>,
      tensor<${H3}x${H}xf32>, tensor<${H3}xf32>, tensor<${H3}xf32>, tensor<?x${H}xf32>)
      -> (tensor<?x?x${H}xf32>, tensor<?x${H}xf32>)
  return %y, %h : tensor<?x?x${H}xf32>, tensor<?x${H}xf32>
}
