// h = a h + x of complex numbers; $D channels. tools/bench fills in the sizes.
func.func @run(%a: tensor<?x?x${D}xcomplex<f32>> {seqc.dims = ["B", "T"]},
               %x: tensor<?x?x${D}xcomplex<f32>> {seqc.dims = ["B", "T"]},
               %h0: tensor<?x${D}xcomplex<f32>> {seqc.dims = ["B"]})
    -> (tensor<?x?x${D}xcomplex<f32>>, tensor<?x${D}xcomplex<f32>>) {
  %y, %last = seq.affine_recurrence diagonal decay(%a) input(%x) initial(%h0)
      : (tensor<?x?x${D}xcomplex<f32>>, tensor<?x?x${D}xcomplex<f32>>, tensor<?x${D}xcomplex<f32>>)
      -> (tensor<?x?x${D}xcomplex<f32>>, tensor<?x${D}xcomplex<f32>>)
  return %y, %last : tensor<?x?x${D}xcomplex<f32>>, tensor<?x${D}xcomplex<f32>>
}
