// RUN: %seqc-opt %s --seq-derive --split-input-file --verify-diagnostics

func.func @f(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %k = arith.fptosi %x : tensor<8xf32> to tensor<8xi32>
    // expected-error @below {{expected an op whose derivative is known, but got 'math.fpowi' of a value that has one}}
    %n = math.fpowi %h, %k : tensor<8xf32>, tensor<8xi32>
    seq.yield next(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %last : tensor<?x8xf32>
}

// -----

// In the body of an op.
func.func @f(%a: tensor<4xf32>) -> tensor<4xf32> {
  %r = linalg.map ins(%a : tensor<4xf32>) outs(%a : tensor<4xf32>) (%x: f32, %o: f32) {
    %k = arith.constant 2 : i32
    // expected-error @below {{expected an op whose derivative is known, but got 'math.fpowi' of a value that has one}}
    %y = math.fpowi %x, %k : f32, i32
    linalg.yield %y : f32
  }
  return %r : tensor<4xf32>
}

// -----

// expected-error @below {{expected no symbol 'f_jvp', but got one}}
func.func @f(%a: tensor<4xf32>) -> tensor<4xf32> {
  return %a : tensor<4xf32>
}
// expected-note @below {{it is here}}
func.func private @f_jvp()
