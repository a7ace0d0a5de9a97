// RUN: %seqc-opt %s --seq-form-scans --split-input-file --verify-diagnostics

func.func @tanh(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{expected a step that is a scan for plan 'scan', but not affine in `%h`: `math.tanh` at form-scans-invalid.mlir:7:10 is applied to a value that depends on `%h`}}
  %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %a = arith.addf %x, %h : tensor<8xf32>
    %n = math.tanh %a : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>)
  } schedule(<scan>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %last : tensor<?x8xf32>
}

// -----

func.func @dense(%u: tensor<?x?x8xf32>, %w: tensor<8x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{affine in every state, mixing its elements by a contraction}}
  %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = linalg.matvec ins(%w, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%x : tensor<8xf32>) -> tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>)
  } schedule(<scan>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %last : tensor<?x8xf32>
}
