// RUN: %seqc-opt %s --split-input-file --verify-diagnostics

// C1
func.func @f(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %a, %b = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0, %g: tensor<8xf32> = %h0) {
    // expected-error @below {{expected 2 argument(s) and next states, but got 1 and 2}}
    seq.linearized to [1] from [0] {
    ^bb0(%h1: tensor<8xf32>):
      seq.yield next(%x, %h1 : tensor<8xf32>, tensor<8xf32>) out(%x : tensor<8xf32>)
    }
    seq.yield next(%x, %h : tensor<8xf32>, tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %b : tensor<?x8xf32>
}

// -----

// C2
func.func @f(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %a, %b = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0, %g: tensor<8xf32> = %h0) {
    // expected-error @below {{expected 2 argument(s) and next states, but got 2 and 1}}
    seq.linearized to [1] from [0] {
    ^bb0(%h1: tensor<8xf32>, %g1: tensor<8xf32>):
      seq.yield next(%h1 : tensor<8xf32>) out(%x : tensor<8xf32>)
    }
    seq.yield next(%x, %h : tensor<8xf32>, tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %b : tensor<?x8xf32>
}

// -----

// C2: types
func.func @f(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %a, %b = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0, %g: tensor<8xf32> = %h0) {
    // expected-error @below {{expected state #1 to be 'tensor<8xf32>', but got 'tensor<8xf64>'}}
    seq.linearized to [1] from [0] {
    ^bb0(%h1: tensor<8xf32>, %g1: tensor<8xf32>):
      %w = arith.extf %x : tensor<8xf32> to tensor<8xf64>
      seq.yield next(%x, %w : tensor<8xf32>, tensor<8xf64>) out(%x : tensor<8xf32>)
    }
    seq.yield next(%x, %h : tensor<8xf32>, tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %b : tensor<?x8xf32>
}

// -----

// C3: lengths
func.func @f(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %a, %b = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0, %g: tensor<8xf32> = %h0) {
    // expected-error @below {{expected as many 'to', 'from' and partials, but got 1, 2 and 1}}
    seq.linearized to [1] from [0, 1] {
    ^bb0(%h1: tensor<8xf32>, %g1: tensor<8xf32>):
      seq.yield next(%x, %h1 : tensor<8xf32>, tensor<8xf32>) out(%x : tensor<8xf32>)
    }
    seq.yield next(%x, %h : tensor<8xf32>, tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %b : tensor<?x8xf32>
}

// -----

// C3: numbers
func.func @f(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %a, %b = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0, %g: tensor<8xf32> = %h0) {
    // expected-error @below {{expected pairs of numbers of the 2 state(s), but got 1 and 2}}
    seq.linearized to [1] from [2] {
    ^bb0(%h1: tensor<8xf32>, %g1: tensor<8xf32>):
      seq.yield next(%x, %h1 : tensor<8xf32>, tensor<8xf32>) out(%x : tensor<8xf32>)
    }
    seq.yield next(%x, %h : tensor<8xf32>, tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %b : tensor<?x8xf32>
}

// -----

// C3: order
func.func @f(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %a, %b = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0, %g: tensor<8xf32> = %h0) {
    // expected-error @below {{expected pairs that ascend, but got 0 and 1 after 1 and 0}}
    seq.linearized to [1, 0] from [0, 1] {
    ^bb0(%h1: tensor<8xf32>, %g1: tensor<8xf32>):
      seq.yield next(%x, %h1 : tensor<8xf32>, tensor<8xf32>) out(%x, %x : tensor<8xf32>, tensor<8xf32>)
    }
    seq.yield next(%x, %h : tensor<8xf32>, tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %b : tensor<?x8xf32>
}

// -----

// C4
func.func @f(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %a, %b = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0, %g: tensor<8xf32> = %h0) {
    // expected-error @below {{expected partial #0 to be 'tensor<8xf32>', but got 'tensor<8xf64>'}}
    seq.linearized to [1] from [0] {
    ^bb0(%h1: tensor<8xf32>, %g1: tensor<8xf32>):
      %w = arith.extf %x : tensor<8xf32> to tensor<8xf64>
      seq.yield next(%x, %h1 : tensor<8xf32>, tensor<8xf32>) out(%w : tensor<8xf64>)
    }
    seq.yield next(%x, %h : tensor<8xf32>, tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %b : tensor<?x8xf32>
}

// -----

// C5: one
func.func @f(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %a, %b = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0, %g: tensor<8xf32> = %h0) {
    // expected-error @below {{expected one seq.linearized in a step, but got another}}
    seq.linearized to [] from [] {
    ^bb0(%h1: tensor<8xf32>, %g1: tensor<8xf32>):
      seq.yield next(%x, %h1 : tensor<8xf32>, tensor<8xf32>)
    }
    // expected-note @below {{the other one}}
    seq.linearized to [] from [] {
    ^bb0(%h2: tensor<8xf32>, %g2: tensor<8xf32>):
      seq.yield next(%x, %h2 : tensor<8xf32>, tensor<8xf32>)
    }
    seq.yield next(%x, %h : tensor<8xf32>, tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %b : tensor<?x8xf32>
}

// -----

// C5: uses
func.func @f(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %a, %b = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0, %g: tensor<8xf32> = %h0) {
    // expected-note @below {{which is here}}
    %s = arith.addf %x, %x : tensor<8xf32>
    // expected-error @below {{expected a region that uses no op of the step, but got 'arith.addf'}}
    seq.linearized to [1] from [0] {
    ^bb0(%h1: tensor<8xf32>, %g1: tensor<8xf32>):
      seq.yield next(%x, %h1 : tensor<8xf32>, tensor<8xf32>) out(%s : tensor<8xf32>)
    }
    seq.yield next(%x, %h : tensor<8xf32>, tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %b : tensor<?x8xf32>
}

// -----

// The end of the region
func.func @f(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %a, %b = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0, %g: tensor<8xf32> = %h0) {
    // expected-error @below {{expected a region that ends in seq.yield}}
    "seq.linearized"() <{to = array<i64>, from = array<i64>}> ({
    ^bb0(%h1: tensor<8xf32>, %g1: tensor<8xf32>):
      "llvm.unreachable"() : () -> ()
    }) : () -> ()
    seq.yield next(%x, %h : tensor<8xf32>, tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %b : tensor<?x8xf32>
}

// -----

// C1: one shape
func.func @f(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>, %g0: tensor<?xf32>) -> tensor<?x8xf32> {
  %a, %b = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0, %g: tensor<f32> = %g0) {
    // expected-error @below {{expected states of one shape, but got 'tensor<8xf32>' and 'tensor<f32>'}}
    seq.linearized to [] from [] {
    ^bb0(%h1: tensor<8xf32>, %g1: tensor<f32>):
      seq.yield next(%x, %g1 : tensor<8xf32>, tensor<f32>)
    }
    seq.yield next(%x, %g : tensor<8xf32>, tensor<f32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?xf32>) -> (tensor<?x8xf32>, tensor<?xf32>)
  return %a : tensor<?x8xf32>
}

// -----

// C6: bounds of each state
func.func @f(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %a = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    // expected-error @below {{expected bounds of 1 state(s), but got 2}}
    seq.linearized to [] from [] {
    ^bb0(%h1: tensor<8xf32>):
      seq.yield next(%x : tensor<8xf32>)
    } low [-1.0, 0.0] high [1.0, 1.0] initial [array<i64>]
    seq.yield next(%x : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}

// -----

// C6: lists
func.func @f(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %a = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    // expected-error @below {{expected lists of states in 'initial', but got 0 : i64}}
    seq.linearized to [] from [] {
    ^bb0(%h1: tensor<8xf32>):
      seq.yield next(%x : tensor<8xf32>)
    } low [-1.0] high [1.0] initial [0]
    seq.yield next(%x : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}

// -----

// C6: states that are there
func.func @f(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %a = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    // expected-error @below {{expected numbers of the 1 state(s) in 'initial', but got 1}}
    seq.linearized to [] from [] {
    ^bb0(%h1: tensor<8xf32>):
      seq.yield next(%x : tensor<8xf32>)
    } low [-1.0] high [1.0] initial [array<i64: 1>]
    seq.yield next(%x : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}

// -----

// C6: all or none
func.func @f(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %a = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    // expected-error @below {{expected 'low', 'high' and 'initial' together}}
    "seq.linearized"() <{to = array<i64>, from = array<i64>, low = array<f64: 0.0>}> ({
    ^bb0(%h1: tensor<8xf32>):
      seq.yield next(%x : tensor<8xf32>)
    }) : () -> ()
    seq.yield next(%x : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}
