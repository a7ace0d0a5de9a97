// RUN: %seqc-opt %s -split-input-file -verify-diagnostics

func.func @c1_narrow_state(%h0: tensor<?x8xbf16>, %u: tensor<?x?x8xbf16>) {
  // expected-error @+1 {{expected state #0 to be f32 or wider (or the attribute 'narrow_state'), but got 'tensor<8xbf16>'}}
  %y = seq.recurrence (%x: tensor<8xbf16> in %u) states(%h: tensor<8xbf16> = %h0) {
    seq.yield next(%x : tensor<8xbf16>)
  } : (tensor<?x?x8xbf16>, tensor<?x8xbf16>) -> tensor<?x8xbf16>
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

// -----

func.func @unranked_state(%h0: tensor<?x8xf32>, %u: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected state #0 to be a ranked tensor, but got 'f32'}}
  %y = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: f32 = %h0) {
    seq.yield next(%h : f32)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @elements_of_state(%h0: tensor<?x8xcomplex<f16>>, %u: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected state #0 to hold floats, complex<f32>, complex<f64>, integers or index, but got 'tensor<8xcomplex<f16>>'}}
  %y = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xcomplex<f16>> = %h0) {
    seq.yield next(%h : tensor<8xcomplex<f16>>)
  } : (tensor<?x?x8xf32>, tensor<?x8xcomplex<f16>>) -> tensor<?x8xcomplex<f16>>
  return
}

// -----

func.func @c3_initial(%h0: tensor<?x4xf32>, %u: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected initial value #0 to be [batch…, step…] for a step value of type 'tensor<8xf32>' and 1 batch dimension(s), but got 'tensor<?x4xf32>'}}
  %y = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%x : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x4xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @unranked_input(%h0: tensor<?x8xf32>, %u: tensor<?x?xf32>) {
  // expected-error @+1 {{expected 'in' operand #0 to be bound to a ranked tensor in the step, but got 'f32'}}
  %y = seq.recurrence (%x: f32 in %u) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%h : tensor<8xf32>)
  } : (tensor<?x?xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @c4_shared(%h0: tensor<?x8xf32>, %u: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected 'shared' operand #0 to be [T, step…] for a step value of type 'tensor<8xf32>' and 1 batch dimension(s), but got 'tensor<?x?x8xf32>'}}
  %y = seq.recurrence (%x: tensor<8xf32> shared %u) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%x : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @c5_batch(%h0: tensor<3x8xf32>, %u: tensor<2x?x8xf32>) {
  // expected-error @+1 {{expected all sizes of batch dimension 0 to agree, but got 3 and 2 in 'tensor<2x?x8xf32>'}}
  %y = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%x : tensor<8xf32>)
  } : (tensor<2x?x8xf32>, tensor<3x8xf32>) -> tensor<3x8xf32>
  return
}

// -----

func.func @c7_no_steps(%h0: tensor<?x8xf32>) {
  // expected-error @+1 {{expected 'steps', because no operand has a time axis}}
  %y = seq.recurrence () states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%h : tensor<8xf32>)
  } : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}
