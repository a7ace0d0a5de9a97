// RUN: %seqc-opt %s -split-input-file -verify-diagnostics

func.func @scan_c1_none(%u: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected at least one initial value, but got none}}
  %y = seq.scan (%x: tensor<8xf32> in %u) initial() lift {
    seq.yield
  } combine() with() {
    seq.yield
  } : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return
}

// -----

func.func @scan_c1_arguments(%u: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) {
  // expected-error @+1 {{expected 'combine' to have 2 arguments, two for each initial value, but got 1}}
  %y, %l = seq.scan (%x: tensor<8xf32> in %u) initial(%h) lift {
    seq.yield next(%x : tensor<8xf32>)
  } combine(%a: tensor<8xf32>) with() {
    seq.yield next(%a : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @scan_c1_narrow(%u: tensor<?x?x8xf16>, %h: tensor<?x8xf16>) {
  // expected-error @+1 {{expected component #0 to be f32 or wider (or the attribute 'narrow_state'), but got 'tensor<8xf16>'}}
  %y, %l = seq.scan (%x: tensor<8xf16> in %u) initial(%h) lift {
    seq.yield next(%x : tensor<8xf16>)
  } combine(%a: tensor<8xf16>) with(%b: tensor<8xf16>) {
    seq.yield next(%b : tensor<8xf16>)
  } : (tensor<?x?x8xf16>, tensor<?x8xf16>) -> (tensor<?x?x8xf16>, tensor<?x8xf16>)
  return
}

// -----

func.func @scan_c1_later(%u: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) {
  // expected-error @+1 {{expected component #0 of the later element to be 'tensor<8xf32>', but got 'tensor<4xf32>'}}
  %y, %l = seq.scan (%x: tensor<8xf32> in %u) initial(%h) lift {
    seq.yield next(%x : tensor<8xf32>)
  } combine(%a: tensor<8xf32>) with(%b: tensor<4xf32>) {
    seq.yield next(%a : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @scan_c2_yield(%u: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) {
  %y, %l = seq.scan (%x: tensor<8xf32> in %u) initial(%h) lift {
    seq.yield next(%x : tensor<8xf32>)
  } combine(%a: tensor<8xf32>) with(%b: tensor<8xf32>) {
    // expected-error @+1 {{expected 'combine' to yield 1 'next' and no 'out', but got 1 and 1}}
    seq.yield next(%a : tensor<8xf32>) out(%a : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

// expected-note @+1 {{this value does not}}
func.func @scan_c2_capture(%u: tensor<?x?x8xf32>, %h: tensor<?x8xf32>, %w: tensor<8xf32>) {
  // expected-error @+1 {{expected 'combine' to use from outside only what follows from constants}}
  %y, %l = seq.scan (%x: tensor<8xf32> in %u) initial(%h) lift {
    seq.yield next(%x : tensor<8xf32>)
  } combine(%a: tensor<8xf32>) with(%b: tensor<8xf32>) {
    %c = arith.mulf %b, %w : tensor<8xf32>
    seq.yield next(%c : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @scan_c3_yield(%u: tensor<?x?x8xf32>, %h: tensor<?x4xf32>) {
  %y, %l = seq.scan (%x: tensor<8xf32> in %u) initial(%h) lift {
    // expected-error @+1 {{expected 'lift' to yield component #0 as 'tensor<4xf32>', but got 'tensor<8xf32>'}}
    seq.yield next(%x : tensor<8xf32>)
  } combine(%a: tensor<4xf32>) with(%b: tensor<4xf32>) {
    seq.yield next(%a : tensor<4xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x4xf32>)
  return
}

// -----

func.func @scan_c3_arguments(%u: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) {
  // expected-error @+1 {{expected 'lift' to have 1 arguments, one per 'in', 'shared' and 'given', but got 0}}
  %y, %l = "seq.scan"(%u, %h) <{operandSegmentSizes = array<i32: 1, 0, 0, 0, 0, 1>}> ({
    %c = arith.constant dense<0.0> : tensor<8xf32>
    seq.yield next(%c : tensor<8xf32>)
  }, {
  ^bb0(%a: tensor<8xf32>, %b: tensor<8xf32>):
    seq.yield next(%a : tensor<8xf32>)
  }, {}) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @scan_c4_arguments(%u: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) {
  // expected-error @+1 {{expected 'read' to have 2 arguments, those of 'lift' and the components, but got 1}}
  %y, %l = seq.scan (%x: tensor<8xf32> in %u) initial(%h) lift {
    seq.yield next(%x : tensor<8xf32>)
  } combine(%a: tensor<8xf32>) with(%b: tensor<8xf32>) {
    seq.yield next(%a : tensor<8xf32>)
  } read(%x: tensor<8xf32>) {
    seq.yield out(%x : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @scan_c4_next(%u: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) {
  %y, %l = seq.scan (%x: tensor<8xf32> in %u) initial(%h) lift {
    seq.yield next(%x : tensor<8xf32>)
  } combine(%a: tensor<8xf32>) with(%b: tensor<8xf32>) {
    seq.yield next(%a : tensor<8xf32>)
  } read(%x: tensor<8xf32>, %s: tensor<8xf32>) {
    // expected-error @+1 {{expected 'read' to yield 0 'next', but got 1}}
    seq.yield next(%s : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @scan_c5_batch(%u: tensor<?x?x8xf32>, %h: tensor<?x8xf32>, %k: tensor<8xf32>) {
  // expected-error @+1 {{expected every initial value to have the same number of batch dimensions, but initial value #1 is 'tensor<8xf32>' for a component 'tensor<8xf32>'}}
  %y:4 = seq.scan (%x: tensor<8xf32> in %u) initial(%h, %k) lift {
    seq.yield next(%x, %x : tensor<8xf32>, tensor<8xf32>)
  } combine(%a: tensor<8xf32>, %p: tensor<8xf32>) with(%b: tensor<8xf32>, %q: tensor<8xf32>) {
    seq.yield next(%a, %p : tensor<8xf32>, tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<8xf32>) -> (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<8xf32>)
  return
}

// -----

func.func @scan_c6_steps(%n: index, %u: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) {
  // expected-error @+1 {{expected no 'steps', because other operands have a time axis}}
  %y, %l = seq.scan (%x: tensor<8xf32> in %u) steps(%n) initial(%h) lift {
    seq.yield next(%x : tensor<8xf32>)
  } combine(%a: tensor<8xf32>) with(%b: tensor<8xf32>) {
    seq.yield next(%a : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, index, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @scan_c6_time(%u: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) {
  // expected-error @+1 {{expected 'time' between 0 and 1 (the number of batch dimensions), but got 2}}
  %y, %l = seq.scan (%x: tensor<8xf32> in %u) initial(%h) lift {
    seq.yield next(%x : tensor<8xf32>)
  } combine(%a: tensor<8xf32>) with(%b: tensor<8xf32>) {
    seq.yield next(%a : tensor<8xf32>)
  } {time = 2 : i64} : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @scan_c7_results(%u: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) {
  // expected-error @+1 {{expected 2 results (1 outs, 1 final components), but got 1}}
  %y = seq.scan (%x: tensor<8xf32> in %u) initial(%h) lift {
    seq.yield next(%x : tensor<8xf32>)
  } combine(%a: tensor<8xf32>) with(%b: tensor<8xf32>) {
    seq.yield next(%a : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x?x8xf32>
  return
}

// -----

func.func @scan_c7_type(%u: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) {
  // expected-error @+1 {{expected result #0 to be 'tensor<?x?x8xf32>', but got 'tensor<?x?x9xf32>'}}
  %y, %l = seq.scan (%x: tensor<8xf32> in %u) initial(%h) lift {
    seq.yield next(%x : tensor<8xf32>)
  } combine(%a: tensor<8xf32>) with(%b: tensor<8xf32>) {
    seq.yield next(%a : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x9xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @scan_empty(%n: index, %h: tensor<?x8xf32>) {
  // expected-error @+1 {{expected a region of one block that ends in seq.yield}}
  %y, %l = seq.scan () steps(%n) initial(%h) lift {
  } combine(%a: tensor<8xf32>) with(%b: tensor<8xf32>) {
    seq.yield next(%a : tensor<8xf32>)
  } : (index, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @combine_c1_none() {
  // expected-error @+1 {{expected at least one 'earlier' value, but got none}}
  "seq.combine"() ({
    seq.yield
  }) : () -> ()
  return
}

// -----

func.func @combine_c1_results(%a: tensor<8xf32>) {
  // expected-error @+1 {{expected 1 result(s) and as many yielded values, but got 1 and 0}}
  %c = seq.combine(%a) with(%a) {
  ^bb0(%p: tensor<8xf32>, %q: tensor<8xf32>):
    seq.yield
  } : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @combine_c2_types(%a: tensor<8xf32>, %b: tensor<4xf32>) {
  // expected-error @+1 {{expected every value #0 to be 'tensor<8xf32>', but got 'tensor<4xf32>'}}
  %c = seq.combine(%a) with(%b) {
  ^bb0(%p: tensor<8xf32>, %q: tensor<4xf32>):
    seq.yield next(%p : tensor<8xf32>)
  } : (tensor<8xf32>, tensor<4xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @combine_c3_arguments(%a: tensor<8xf32>) {
  // expected-error @+1 {{expected a region with 2 arguments that yields no 'out', but got 1 argument(s) and 0 'out'}}
  %c = seq.combine(%a) with(%a) {
  ^bb0(%p: tensor<8xf32>):
    seq.yield next(%p : tensor<8xf32>)
  } : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return
}
