// RUN: seqc-opt %s -split-input-file -verify-diagnostics -seq-check-lowered

func.func @tensor_left(%a: tensor<4xf32>) {
  // expected-error @+1 {{expected neither seq op, tensor, allocation nor copy routine after stage 'lowered', but got a tensor}}
  %s = tensor.extract_slice %a[0] [2] [1] : tensor<4xf32> to tensor<2xf32>
  return
}

// -----

func.func @allocation_left() {
  // expected-error @+1 {{expected neither seq op, tensor, allocation nor copy routine after stage 'lowered', but got an allocation}}
  %m = memref.alloc() : memref<4xf32>
  return
}

// -----

func.func @copy_left(%a: memref<4xf32>, %b: memref<4xf32>) {
  // expected-error @+1 {{expected neither seq op, tensor, allocation nor copy routine after stage 'lowered', but got a call of a copy routine}}
  memref.copy %a, %b : memref<4xf32> to memref<4xf32>
  return
}
