// RUN: %seqc-opt %s --seq-linearize --split-input-file --verify-diagnostics

func.func @dense(%u: tensor<?x?x8xf32>, %w: tensor<8x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-error @below {{expected a step that has a derivative element by element for plan 'newton', but it mixes the elements of its states}}
  %a = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = linalg.matvec ins(%w, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%x : tensor<8xf32>) -> tensor<8xf32>
    %t = math.tanh %n : tensor<8xf32>
    seq.yield next(%t : tensor<8xf32>)
  } schedule(<newton>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}

// -----

func.func @shapes(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>, %g0: tensor<?xf32>) -> tensor<?x8xf32> {
  // expected-error @below {{but its states have different shapes}}
  %a, %b = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0, %g: tensor<f32> = %g0) {
    %t = math.tanh %h : tensor<8xf32>
    seq.yield next(%t, %g : tensor<8xf32>, tensor<f32>)
  } schedule(<newton>) : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?xf32>) -> (tensor<?x8xf32>, tensor<?xf32>)
  return %a : tensor<?x8xf32>
}

// -----

func.func @integers(%u: tensor<?x?x8xi32>, %h0: tensor<?x8xi32>) -> tensor<?x8xi32> {
  // expected-error @below {{but a state is no float}}
  %a = seq.recurrence (%x: tensor<8xi32> in %u) states(%h: tensor<8xi32> = %h0) {
    %t = arith.muli %h, %x : tensor<8xi32>
    seq.yield next(%t : tensor<8xi32>)
  } schedule(<newton>) : (tensor<?x?x8xi32>, tensor<?x8xi32>) -> tensor<?x8xi32>
  return %a : tensor<?x8xi32>
}

// -----

func.func @rule(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>, %g0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-error-re @below {{but the derivative of 'math.fpowi' at linearize-invalid.mlir:{{[0-9]+}}:10 is not known}}
  %a = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %k = arith.fptosi %x : tensor<8xf32> to tensor<8xi32>
    %t = math.fpowi %h, %k : tensor<8xf32>, tensor<8xi32>
    seq.yield next(%t : tensor<8xf32>)
  } schedule(<newton>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}
