// One cell serves several types in one module; what follows the second dot tells them apart.
// RUN: %seqc %s --emit=seq -o - | FileCheck %s

func.func private @seq.cells.gru.first(tensor<?x?x3xf32>, tensor<12x3xf32>, tensor<12x4xf32>,
  tensor<12xf32>, tensor<12xf32>, tensor<?x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x4xf32>)
func.func private @seq.cells.gru.second(tensor<5x?x4xf64>, tensor<6x4xf64>, tensor<6x2xf64>,
  tensor<6xf64>, tensor<6xf64>, tensor<5x2xf64>) -> (tensor<5x?x2xf64>, tensor<5x2xf64>)
func.func private @seq.cells.elman(tensor<9x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>,
  tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> (tensor<9x2xf32>, tensor<2xf32>)

// CHECK-NOT: seq.cells
// CHECK-LABEL: func.func @dynamic
// CHECK: seq.recurrence (%{{.*}}: tensor<3xf32> in %{{.*}}) states(%{{.*}}: tensor<4xf32> = %{{.*}})
func.func @dynamic(%x: tensor<?x?x3xf32>, %w: tensor<12x3xf32>, %r: tensor<12x4xf32>, %b: tensor<12xf32>,
    %c: tensor<12xf32>, %h: tensor<?x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x4xf32>) {
  %y:2 = call @seq.cells.gru.first(%x, %w, %r, %b, %c, %h) : (tensor<?x?x3xf32>, tensor<12x3xf32>,
    tensor<12x4xf32>, tensor<12xf32>, tensor<12xf32>, tensor<?x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x4xf32>)
  return %y#0, %y#1 : tensor<?x?x4xf32>, tensor<?x4xf32>
}

// CHECK-LABEL: func.func @wide
// CHECK: seq.recurrence (%{{.*}}: tensor<4xf64> in %{{.*}}) states(%{{.*}}: tensor<2xf64> = %{{.*}})
func.func @wide(%x: tensor<5x?x4xf64>, %w: tensor<6x4xf64>, %r: tensor<6x2xf64>, %b: tensor<6xf64>,
    %c: tensor<6xf64>, %h: tensor<5x2xf64>) -> (tensor<5x?x2xf64>, tensor<5x2xf64>) {
  %y:2 = call @seq.cells.gru.second(%x, %w, %r, %b, %c, %h) : (tensor<5x?x4xf64>, tensor<6x4xf64>,
    tensor<6x2xf64>, tensor<6xf64>, tensor<6xf64>, tensor<5x2xf64>) -> (tensor<5x?x2xf64>, tensor<5x2xf64>)
  return %y#0, %y#1 : tensor<5x?x2xf64>, tensor<5x2xf64>
}

// No batch dimension at all.
// CHECK-LABEL: func.func @single
// CHECK: seq.recurrence (%{{.*}}: tensor<2xf32> in %{{.*}}) states(%{{.*}}: tensor<2xf32> = %{{.*}})
func.func @single(%x: tensor<9x2xf32>, %w: tensor<2x2xf32>, %b: tensor<2xf32>, %h: tensor<2xf32>)
    -> (tensor<9x2xf32>, tensor<2xf32>) {
  %y:2 = call @seq.cells.elman(%x, %w, %w, %b, %b, %h) : (tensor<9x2xf32>, tensor<2x2xf32>,
    tensor<2x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> (tensor<9x2xf32>, tensor<2xf32>)
  return %y#0, %y#1 : tensor<9x2xf32>, tensor<2xf32>
}
