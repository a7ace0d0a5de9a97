// RUN: %seqc-opt %s -split-input-file -verify-diagnostics

func.func @affine_c1_element(%a: tensor<?x?x8xf32>, %u: tensor<?x?x8xf32>, %h0: tensor<?x8xbf16>) {
  // expected-error @+1 {{expected 'initial' to be f32 or f64, but got 'tensor<?x8xbf16>'}}
  %y, %l = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h0)
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x8xbf16>) -> (tensor<?x?x8xbf16>, tensor<?x8xbf16>)
  return
}

// -----

func.func @affine_c2_decay(%a: tensor<?x?x4xf32>, %u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) {
  // expected-error @+1 {{expected 'decay' to have shape [?, ?, 8], but got 'tensor<?x?x4xf32>'}}
  %y, %l = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h0)
      : (tensor<?x?x4xf32>, tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @affine_c3_readout(%a: tensor<?x?x8xf32>, %u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>, %c: tensor<?x?x4xf32>) {
  // expected-error @+1 {{expected 'readout' to have shape [?, ?, 8], but got 'tensor<?x?x4xf32>'}}
  %y, %l = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h0) readout(%c)
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x?x4xf32>) -> (tensor<?x?xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @affine_c4_resets(%a: tensor<?x?x8xf32>, %u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>, %r: tensor<?x?xi8>) {
  // expected-error @+1 {{expected 'resets' to be of i1, but got 'tensor<?x?xi8>'}}
  %y, %l = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h0) resets(%r)
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x?xi8>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @affine_c6_wider(%a: tensor<?x?x8xf64>, %u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) {
  // expected-error @+1 {{expected 'decay' to hold 'f32' or a narrower float, but got 'tensor<?x?x8xf64>'}}
  %y, %l = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h0)
      : (tensor<?x?x8xf64>, tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @affine_c7_time(%a: tensor<?x?x8xf32>, %u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) {
  // expected-error @+1 {{expected 'time' between 0 and 1 (the number of batch dimensions), but got 2}}
  %y, %l = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h0) {time = 2 : i64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @delay_c1_rank(%x: tensor<?x?x8xf32>, %x0: tensor<?x8xf32>) {
  // expected-error @+1 {{expected 'initial' with the rank and element type of 'tensor<?x?x8xf32>' and 'time' as a position in it, but got 'tensor<?x8xf32>' and 1}}
  %w, %l = seq.delay %x initial(%x0) {time = 1 : i64}
      : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x1x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @delay_c2_window(%x: tensor<?x?x8xf32>, %x0: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected a static, positive size of 'initial' at position 1, but got 'tensor<?x?x8xf32>'}}
  %w, %l = seq.delay %x initial(%x0) {time = 1 : i64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> (tensor<?x?x?x8xf32>, tensor<?x?x8xf32>)
  return
}

// -----

func.func @delay_c3_sizes(%x: tensor<?x?x8xf32>, %x0: tensor<?x1x4xf32>) {
  // expected-error @+1 {{expected 'initial' to have shape [?, 1, 8], but got 'tensor<?x1x4xf32>'}}
  %w, %l = seq.delay %x initial(%x0) {time = 1 : i64}
      : (tensor<?x?x8xf32>, tensor<?x1x4xf32>) -> (tensor<?x?x1x8xf32>, tensor<?x1x4xf32>)
  return
}

// -----

func.func @delay_c4_reverse(%x: tensor<?x?x8xf32>, %x0: tensor<?x3x8xf32>) {
  // expected-error @+1 {{expected a window of one value with 'reverse', but got 3}}
  %w, %l = seq.delay reverse %x initial(%x0) {time = 1 : i64}
      : (tensor<?x?x8xf32>, tensor<?x3x8xf32>) -> (tensor<?x?x3x8xf32>, tensor<?x3x8xf32>)
  return
}

// -----

func.func @affine_c8_state_rank(%a: tensor<?x?x8xf32>, %u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) {
  // expected-error @+1 {{expected 'state_rank' between 0 and 2, but got 3}}
  %y, %l = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h0) {state_rank = 3 : i64}
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @affine_ranks(%a: tensor<?x?x8xf32>, %u: tensor<?x?x8xf32>, %h0: tensor<8xf32>) {
  // expected-error @+1 {{expected 'input' to be [batch…, T, S…] and 'initial' [batch…, S…], but got 'tensor<?x?x8xf32>' and 'tensor<8xf32>'}}
  %y, %l = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h0)
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<8xf32>) -> (tensor<?x?x8xf32>, tensor<8xf32>)
  return
}

// -----

func.func @affine_input(%a: tensor<?x?x8xf32>, %u: tensor<?x?x4xf32>, %h0: tensor<?x8xf32>) {
  // expected-error @+1 {{expected 'input' to have shape [?, ?, 8], but got 'tensor<?x?x4xf32>'}}
  %y, %l = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h0)
      : (tensor<?x?x8xf32>, tensor<?x?x4xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @affine_c3_scalar_state(%a: tensor<?x?xf32>, %u: tensor<?x?xf32>, %h0: tensor<?xf32>, %c: tensor<?x?x1xf32>) {
  // expected-error @+1 {{expected a state of rank 1 or more for 'readout', but got 'tensor<?xf32>'}}
  %y, %l = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h0) readout(%c) {state_rank = 0 : i64}
      : (tensor<?x?xf32>, tensor<?x?xf32>, tensor<?xf32>, tensor<?x?x1xf32>) -> (tensor<?x?xf32>, tensor<?xf32>)
  return
}

// -----

func.func @affine_c4_shape_of_resets(%a: tensor<?x?x8xf32>, %u: tensor<?x5x8xf32>, %h0: tensor<?x8xf32>, %r: tensor<?x6xi1>) {
  // expected-error @+1 {{expected 'resets' to have shape [?, 5], but got 'tensor<?x6xi1>'}}
  %y, %l = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h0) resets(%r)
      : (tensor<?x?x8xf32>, tensor<?x5x8xf32>, tensor<?x8xf32>, tensor<?x6xi1>) -> (tensor<?x5x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @affine_c2_block(%a: tensor<?x?x2x3x8xf32>, %u: tensor<?x?x2x8xf32>, %h0: tensor<?x2x8xf32>) {
  // expected-error @+1 {{expected 'decay' to have shape [?, ?, 2, 2, 8], but got 'tensor<?x?x2x3x8xf32>'}}
  %y, %l = seq.affine_recurrence block decay(%a) input(%u) initial(%h0) {state_rank = 2 : i64}
      : (tensor<?x?x2x3x8xf32>, tensor<?x?x2x8xf32>, tensor<?x2x8xf32>) -> (tensor<?x?x2x8xf32>, tensor<?x2x8xf32>)
  return
}

// -----

func.func @affine_c2_dense(%a: tensor<4x8xf32>, %u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) {
  // expected-error @+1 {{expected 'decay' to have shape [8, 8], but got 'tensor<4x8xf32>'}}
  %y, %l = seq.affine_recurrence dense constant decay(%a) input(%u) initial(%h0)
      : (tensor<4x8xf32>, tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @affine_c3_head_dense(%a: tensor<2x8x8xf32>, %u: tensor<?x?x2x8xf32>, %h0: tensor<?x2x8xf32>, %c: tensor<?x?x2xf32>) {
  // expected-error @+1 {{expected no 'readout' with 'head_dense'}}
  %y, %l = seq.affine_recurrence head_dense constant decay(%a) input(%u) initial(%h0) readout(%c) {state_rank = 2 : i64}
      : (tensor<2x8x8xf32>, tensor<?x?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x?x2xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x8xf32>)
  return
}

// -----

func.func @affine_c8_dense(%a: tensor<8x8xf32>, %u: tensor<?x?x2x8xf32>, %h0: tensor<?x2x8xf32>) {
  // expected-error @+1 {{expected a 'state_rank' of 1 with 'dense', but got 2}}
  %y, %l = seq.affine_recurrence dense constant decay(%a) input(%u) initial(%h0) {state_rank = 2 : i64}
      : (tensor<8x8xf32>, tensor<?x?x2x8xf32>, tensor<?x2x8xf32>) -> (tensor<?x?x2x8xf32>, tensor<?x2x8xf32>)
  return
}

// -----

func.func @affine_c8_head_dense(%a: tensor<8x8xf32>, %u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) {
  // expected-error @+1 {{expected a 'state_rank' of 2 with 'head_dense', but got 1}}
  %y, %l = seq.affine_recurrence head_dense constant decay(%a) input(%u) initial(%h0)
      : (tensor<8x8xf32>, tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @affine_c8_block(%a: tensor<f32>, %u: tensor<?x?xf32>, %h0: tensor<?xf32>) {
  // expected-error @+1 {{expected a 'state_rank' of 1 or more with 'block', but got 0}}
  %y, %l = seq.affine_recurrence block constant decay(%a) input(%u) initial(%h0) {state_rank = 0 : i64}
      : (tensor<f32>, tensor<?x?xf32>, tensor<?xf32>) -> (tensor<?x?xf32>, tensor<?xf32>)
  return
}
