// RUN: %seqc-opt %s -split-input-file -verify-diagnostics

func.func @c1_narrow_state(%h0: tensor<?x8xbf16>, %u: tensor<?x?x8xbf16>) {
  // expected-error @+1 {{expected state #0 to be f32 or wider (or the attribute 'narrow_state'), but got 'tensor<8xbf16>'}}
  %y = seq.recurrence (%x: tensor<8xbf16> in %u) states(%h: tensor<8xbf16> = %h0) {
    seq.yield next(%x : tensor<8xbf16>)
  } : (tensor<?x?x8xbf16>, tensor<?x8xbf16>) -> tensor<?x8xbf16>
  return
}

// -----

func.func @c2_arguments(%h0: tensor<?x8xf32>, %n: index) {
  // expected-error @+1 {{expected 1 step arguments, one per 'in', 'shared', 'given' and state, but got 2}}
  %y = "seq.recurrence"(%n, %h0) <{operandSegmentSizes = array<i32: 0, 0, 0, 0, 1, 1>}> ({
  ^bb0(%a: tensor<8xf32>, %b: tensor<8xf32>):
    seq.yield next(%a : tensor<8xf32>)
  }) : (index, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @c3_batch_ranks(%h0: tensor<?x8xf32>, %c0: tensor<8xf32>, %u: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected every initial value to have the same number of batch dimensions, but state #1 is 'tensor<8xf32>' for a step value 'tensor<8xf32>'}}
  %y:2 = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0, %c: tensor<8xf32> = %c0) {
    seq.yield next(%x, %x : tensor<8xf32>, tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<8xf32>) -> (tensor<?x8xf32>, tensor<8xf32>)
  return
}

// -----

func.func @c4_input(%h0: tensor<?x8xf32>, %u: tensor<?x?x4xf32>) {
  // expected-error @+1 {{expected 'in' operand #0 to be [batch…, T, step…] for a step value of type 'tensor<8xf32>' and 1 batch dimension(s), but got 'tensor<?x?x4xf32>'}}
  %y = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%x : tensor<8xf32>)
  } : (tensor<?x?x4xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @c4_given(%h0: tensor<?x8xf32>, %u: tensor<?x?x8xf32>, %g: tensor<8xf32>) {
  // expected-error @+1 {{expected 'given' operand #0 to be [batch…, step…] for a step value of type 'tensor<8xf32>' and 1 batch dimension(s), but got 'tensor<8xf32>'}}
  %y = seq.recurrence (%x: tensor<8xf32> in %u, %c: tensor<8xf32> given %g) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%x : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @c5_steps(%h0: tensor<?x8xf32>, %u: tensor<?x5x8xf32>, %v: tensor<?x6x8xf32>) {
  // expected-error @+1 {{expected all numbers of steps to agree, but got 6 and 5 in 'tensor<?x5x8xf32>'}}
  %y = seq.recurrence (%x: tensor<8xf32> in %u, %z: tensor<8xf32> in %v) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%x : tensor<8xf32>)
  } : (tensor<?x5x8xf32>, tensor<?x6x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @c8_next(%h0: tensor<?x8xf32>, %u: tensor<?x?x4xf32>) {
  // expected-note @+1 {{the state is declared here}}
  %y = seq.recurrence (%x: tensor<4xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    // expected-error @+1 {{expected next state #0 to be 'tensor<8xf32>', but got 'tensor<4xf32>'}}
    seq.yield next(%x : tensor<4xf32>)
  } : (tensor<?x?x4xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @c9_results(%h0: tensor<?x8xf32>, %u: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected 2 results (1 outs, 1 final states), but got 1}}
  %y = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%x : tensor<8xf32>) out(%x : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @clause(%h0: tensor<?x8xf32>, %u: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected 'in', 'shared' or 'given' after the type of a step's value}}
  %y = seq.recurrence (%x: tensor<8xf32> of %u) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%x : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @c6_resets(%h0: tensor<?x8xf32>, %u: tensor<?x?x8xf32>, %r: tensor<?x?xi8>) {
  // expected-error @+1 {{expected 'resets' to be [batch…, T] of i1 with 1 batch dimension(s), but got 'tensor<?x?xi8>'}}
  %y = seq.recurrence (%x: tensor<8xf32> in %u) resets(%r) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%x : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x?xi8>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @c7_steps(%h0: tensor<?x8xf32>, %u: tensor<?x?x8xf32>, %n: index) {
  // expected-error @+1 {{expected no 'steps', because other operands have a time axis}}
  %y = seq.recurrence (%x: tensor<8xf32> in %u) steps(%n) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%x : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, index, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @c10_time(%h0: tensor<?x8xf32>, %u: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected 'time' between 0 and 1 (the number of batch dimensions), but got 2}}
  %y = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%x : tensor<8xf32>)
  } {time = 2 : i64} : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}
