// A declared cell is specialised to its types and inlined; the batch may have any rank.
// RUN: seqc --emit=seq %s | FileCheck %s

func.func private @seq.cells.gru.a(tensor<?x?x4xf32>, tensor<24x4xf32>, tensor<24x8xf32>,
  tensor<24xf32>, tensor<24xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
func.func private @seq.cells.gru.b(tensor<10x4xf64>, tensor<24x4xf64>, tensor<24x8xf64>,
  tensor<24xf64>, tensor<24xf64>, tensor<8xf64>) -> (tensor<10x8xf64>, tensor<8xf64>)

// CHECK-NOT: seq.cells
// CHECK-LABEL: func.func @batched(
// CHECK: linalg.matvec {{.*}}tensor<24x4xf32>, tensor<4xf32>
// CHECK: tensor.extract_slice %{{.*}}[16] [8] [1] : tensor<24xf32> to tensor<8xf32>
// CHECK-NOT: func.call
func.func @batched(%x: tensor<?x?x4xf32>, %w: tensor<24x4xf32>, %r: tensor<24x8xf32>,
    %b: tensor<24xf32>, %c: tensor<24xf32>, %h: tensor<?x8xf32>)
    -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  %y, %l = func.call @seq.cells.gru.a(%x, %w, %r, %b, %c, %h)
    : (tensor<?x?x4xf32>, tensor<24x4xf32>, tensor<24x8xf32>, tensor<24xf32>, tensor<24xf32>,
       tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y, %l : tensor<?x?x8xf32>, tensor<?x8xf32>
}

// CHECK-LABEL: func.func @single(
// CHECK: seq.recurrence
// CHECK-SAME: tensor<4xf64>
// CHECK: (tensor<10x4xf64>, tensor<8xf64>) -> (tensor<10x8xf64>, tensor<8xf64>)
func.func @single(%x: tensor<10x4xf64>, %w: tensor<24x4xf64>, %r: tensor<24x8xf64>,
    %b: tensor<24xf64>, %c: tensor<24xf64>, %h: tensor<8xf64>) -> (tensor<10x8xf64>, tensor<8xf64>) {
  %y, %l = func.call @seq.cells.gru.b(%x, %w, %r, %b, %c, %h)
    : (tensor<10x4xf64>, tensor<24x4xf64>, tensor<24x8xf64>, tensor<24xf64>, tensor<24xf64>,
       tensor<8xf64>) -> (tensor<10x8xf64>, tensor<8xf64>)
  return %y, %l : tensor<10x8xf64>, tensor<8xf64>
}
