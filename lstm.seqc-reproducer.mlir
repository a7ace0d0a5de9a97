// Reproducer of seqc 0.1.0, LLVM 22.1.8
// seqc /tmp/rows/lstm.mlir -o /tmp/rows/a.so --schedule=segments --certificate=backward
// segmentation fault
func.func private @seq.cells.lstm(tensor<?x?x32xf32>, tensor<256x32xf32>,
     tensor<256x64xf32>, tensor<256xf32>, tensor<256xf32>, tensor<?x64xf32>,
     tensor<?x64xf32>) -> (tensor<?x?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>)
func.func @f(%x: tensor<?x?x32xf32>, %w: tensor<256x32xf32>,
     %r: tensor<256x64xf32>, %b: tensor<256xf32>, %c: tensor<256xf32>, %h0: tensor<?x64xf32>,
     %c0: tensor<?x64xf32>) -> (tensor<?x?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>) {
  %0:3 = call @seq.cells.lstm(%x, %w, %r, %b, %c, %h0, %c0) : (tensor<?x?x32xf32>, tensor<256x32xf32>,
     tensor<256x64xf32>, tensor<256xf32>, tensor<256xf32>, tensor<?x64xf32>,
     tensor<?x64xf32>) -> (tensor<?x?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>)
  return %0#0, %0#1, %0#2 : tensor<?x?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>
}
