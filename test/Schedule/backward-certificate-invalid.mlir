// RUN: seqc-opt %s -split-input-file -verify-diagnostics '-seq-select-schedule=plan=segments certificate=backward' -seq-check-schedule
// What the backward certificate refuses, each with one sentence.

module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx512f", vector_bits = 512, vector_registers = 32, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @f(%u: tensor<?x?x4xf32>, %w: tensor<4x4xf32>, %r: tensor<?x?xi1>, %h0: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{expected a step for which plan 'segments' is legal, but 'resets' go back to the initial values, which segments do not start from}}
  %z:2 = seq.recurrence (%x: tensor<4xf32> in %u) resets(%r) states(%h: tensor<4xf32> = %h0) {
    %q = linalg.matvec ins(%w, %h : tensor<4x4xf32>, tensor<4xf32>) outs(%x : tensor<4xf32>) -> tensor<4xf32>
    %n = math.tanh %q : tensor<4xf32>
    seq.yield next(%n : tensor<4xf32>) out(%n : tensor<4xf32>)
  } : (tensor<?x?x4xf32>, tensor<?x?xi1>, tensor<?x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x4xf32>)
  return %z#1 : tensor<?x4xf32>
}
}

// -----

module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx512f", vector_bits = 512, vector_registers = 32, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @f(%u: tensor<?x?x4xi32>, %w: tensor<4x4xi32>, %h0: tensor<?x4xi32>) -> tensor<?x4xi32> {
  // expected-error @+1 {{expected a step for which plan 'segments' is legal, but state #0 is no tensor of f32 or f64 with channels}}
  %z:2 = seq.recurrence (%x: tensor<4xi32> in %u) states(%h: tensor<4xi32> = %h0) {
    %r = linalg.matvec ins(%w, %h : tensor<4x4xi32>, tensor<4xi32>) outs(%x : tensor<4xi32>) -> tensor<4xi32>
    seq.yield next(%r : tensor<4xi32>) out(%r : tensor<4xi32>)
  } : (tensor<?x?x4xi32>, tensor<?x4xi32>) -> (tensor<?x?x4xi32>, tensor<?x4xi32>)
  return %z#1 : tensor<?x4xi32>
}
}

// -----

module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx512f", vector_bits = 512, vector_registers = 32, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @f(%u: tensor<?x?x?xf32>, %w: tensor<?x?xf32>, %h0: tensor<?x?xf32>) -> tensor<?x?xf32> {
  // expected-error @+1 {{expected a step for which plan 'segments' is legal, but what a step reads and writes needs static sizes, and no elements of i1}}
  %z:2 = seq.recurrence (%x: tensor<?xf32> in %u) states(%h: tensor<?xf32> = %h0) {
    %r = linalg.matvec ins(%w, %h : tensor<?x?xf32>, tensor<?xf32>) outs(%x : tensor<?xf32>) -> tensor<?xf32>
    %n = math.tanh %r : tensor<?xf32>
    seq.yield next(%n : tensor<?xf32>) out(%n : tensor<?xf32>)
  } : (tensor<?x?x?xf32>, tensor<?x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x?xf32>)
  return %z#1 : tensor<?x?xf32>
}
}

// -----

module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx512f", vector_bits = 512, vector_registers = 32, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @f(%u: tensor<?x?x4xf32>, %w: tensor<4x4xf32>, %h0: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{expected the certificate 'backward' with plan 'segments' only, but got plan 'fused'}}
  %z:2 = seq.recurrence (%x: tensor<4xf32> in %u) states(%h: tensor<4xf32> = %h0) {
    %r = linalg.matvec ins(%w, %h : tensor<4x4xf32>, tensor<4xf32>) outs(%x : tensor<4xf32>) -> tensor<4xf32>
    %n = math.tanh %r : tensor<4xf32>
    seq.yield next(%n : tensor<4xf32>) out(%n : tensor<4xf32>)
  } schedule(<fused, vector_bits = 512, strip = 16, rows = 6, vectors = 4, certificate = backward>) : (tensor<?x?x4xf32>, tensor<?x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x4xf32>)
  return %z#1 : tensor<?x4xf32>
}
}

// -----

module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx512f", vector_bits = 512, vector_registers = 32, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @f(%u: tensor<?x?x4xf32>, %w: tensor<4x4xf32>, %h0: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{expected the certificate 'bitwise' for a step that keeps channels apart, but got 'backward'}}
  %z:2 = seq.recurrence (%x: tensor<4xf32> in %u) states(%h: tensor<4xf32> = %h0) {
    %n = math.tanh %h : tensor<4xf32>
    seq.yield next(%n : tensor<4xf32>) out(%n : tensor<4xf32>)
  } schedule(<segments, vector_bits = 512, strip = 16, rows = 3, vectors = 1, certificate = backward>) : (tensor<?x?x4xf32>, tensor<?x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x4xf32>)
  return %z#1 : tensor<?x4xf32>
}
}
