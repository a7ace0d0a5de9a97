// The contract changes nothing, and sizes may come from scalars and from other sizes.
// RUN: seqc-opt --seq-check-input %s | FileCheck %s

// CHECK-LABEL: func.func @sizes(
// CHECK: tensor.extract_slice
func.func @sizes(%x: tensor<?x8xf32> {seqc.dims = ["N"]}, %n: index, %data: tensor<4xindex>)
    -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %size = tensor.dim %x, %c0 : tensor<?x8xf32>
  %m = arith.minsi %size, %n : index
  // Data may move a window, only its size may not depend on it.
  %offset = tensor.extract %data[%c0] : tensor<4xindex>
  %y = tensor.extract_slice %x[%offset, 0] [%m, 8] [1, 1] : tensor<?x8xf32> to tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// A private helper may have any name.
// CHECK-LABEL: func.func private @while.helper
func.func private @while.helper(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
