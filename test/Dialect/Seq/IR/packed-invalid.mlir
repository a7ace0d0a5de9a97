// RUN: %seqc-opt %s -split-input-file -verify-diagnostics

func.func @c4_input(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>, %cu: tensor<?xi32>) {
  // expected-error @+1 {{expected 'in' operand #0 to be [T, step…] for a step value of type 'tensor<8xf32>' and 1 batch dimension(s), but got 'tensor<?x?x8xf32>'}}
  %y = seq.recurrence (%x: tensor<8xf32> in %u) cu_seqlens(%cu) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%h : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?xi32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @c6_resets(%u: tensor<?x8xf32>, %h0: tensor<?x8xf32>, %r: tensor<?x?xi1>, %cu: tensor<?xi32>) {
  // expected-error @+1 {{expected 'resets' to be [batch…, T] of i1 with 0 batch dimension(s), but got 'tensor<?x?xi1>'}}
  %y = seq.recurrence (%x: tensor<8xf32> in %u) resets(%r) cu_seqlens(%cu) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%h : tensor<8xf32>)
  } : (tensor<?x8xf32>, tensor<?x?xi1>, tensor<?xi32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @c11_element(%u: tensor<?x8xf32>, %h0: tensor<?x8xf32>, %cu: tensor<?xf32>) {
  // expected-error @+1 {{expected 'cu_seqlens' to be [N+1] of i32, i64 or index, but got 'tensor<?xf32>'}}
  %y = seq.recurrence (%x: tensor<8xf32> in %u) cu_seqlens(%cu) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%h : tensor<8xf32>)
  } : (tensor<?x8xf32>, tensor<?xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @c11_narrow(%u: tensor<?x8xf32>, %h0: tensor<?x8xf32>, %cu: tensor<?xi16>) {
  // expected-error @+1 {{expected 'cu_seqlens' to be [N+1] of i32, i64 or index, but got 'tensor<?xi16>'}}
  %y = seq.recurrence (%x: tensor<8xf32> in %u) cu_seqlens(%cu) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%h : tensor<8xf32>)
  } : (tensor<?x8xf32>, tensor<?xi16>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @c11_rank(%u: tensor<?x8xf32>, %h0: tensor<?x8xf32>, %cu: tensor<?x2xi32>) {
  // expected-error @+1 {{expected 'cu_seqlens' to be [N+1] of i32, i64 or index, but got 'tensor<?x2xi32>'}}
  %y = seq.recurrence (%x: tensor<8xf32> in %u) cu_seqlens(%cu) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%h : tensor<8xf32>)
  } : (tensor<?x8xf32>, tensor<?x2xi32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @c11_count(%u: tensor<?x8xf32>, %h0: tensor<4x8xf32>, %cu: tensor<4xi32>) {
  // expected-error @+1 {{expected 'cu_seqlens' to have one offset more than there are sequences (4), but got 'tensor<4xi32>'}}
  %y = seq.recurrence (%x: tensor<8xf32> in %u) cu_seqlens(%cu) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%h : tensor<8xf32>)
  } : (tensor<?x8xf32>, tensor<4xi32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @c11_no_offset(%u: tensor<?x8xf32>, %h0: tensor<?x8xf32>, %cu: tensor<0xi32>) {
  // expected-error @+1 {{expected 'cu_seqlens' to have one offset more than there are sequences, but got 'tensor<0xi32>'}}
  %y = seq.recurrence (%x: tensor<8xf32> in %u) cu_seqlens(%cu) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%h : tensor<8xf32>)
  } : (tensor<?x8xf32>, tensor<0xi32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @c11_batch(%u: tensor<?x8xf32>, %h0: tensor<?x?x8xf32>, %cu: tensor<?xi32>) {
  // expected-error @+1 {{expected one batch dimension, the sequences, with 'cu_seqlens', but got initial values with 2}}
  %y = seq.recurrence (%x: tensor<8xf32> in %u) cu_seqlens(%cu) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%h : tensor<8xf32>)
  } : (tensor<?x8xf32>, tensor<?xi32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return
}

// -----

func.func @c11_no_batch(%u: tensor<?x8xf32>, %h0: tensor<8xf32>, %cu: tensor<?xi32>) {
  // expected-error @+1 {{expected one batch dimension, the sequences, with 'cu_seqlens', but got initial values with 0}}
  %y = seq.recurrence (%x: tensor<8xf32> in %u) cu_seqlens(%cu) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%h : tensor<8xf32>)
  } : (tensor<?x8xf32>, tensor<?xi32>, tensor<8xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @c12_shared(%u: tensor<?x8xf32>, %h0: tensor<?x8xf32>, %cu: tensor<?xi32>) {
  // expected-error @+1 {{expected no 'shared' operand with 'cu_seqlens', where no step is one of all sequences: bind it as 'in', [T, step…], or as 'given'}}
  %y = seq.recurrence (%x: tensor<8xf32> shared %u) cu_seqlens(%cu) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%h : tensor<8xf32>)
  } : (tensor<?x8xf32>, tensor<?xi32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @c12_time(%u: tensor<?x8xf32>, %h0: tensor<?x8xf32>, %cu: tensor<?xi32>) {
  // expected-error @+1 {{expected no 'time' with 'cu_seqlens', where time is the first dimension, but got 0}}
  %y = seq.recurrence (%x: tensor<8xf32> in %u) cu_seqlens(%cu) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%h : tensor<8xf32>)
  } {time = 0 : i64} : (tensor<?x8xf32>, tensor<?xi32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @c9_outs(%u: tensor<?x8xf32>, %h0: tensor<?x8xf32>, %cu: tensor<?xi32>) {
  // expected-error @+1 {{expected result #0 to be 'tensor<?x8xf32>', but got 'tensor<?x?x8xf32>'}}
  %y, %l = seq.recurrence (%x: tensor<8xf32> in %u) cu_seqlens(%cu) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%h : tensor<8xf32>) out(%x : tensor<8xf32>)
  } : (tensor<?x8xf32>, tensor<?xi32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @affine_c1_ranks(%a: tensor<?x?x8xf32>, %u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>, %cu: tensor<?xi32>) {
  // expected-error @+1 {{expected 'input' to be [T, S…] and 'initial' [N, S…], but got 'tensor<?x?x8xf32>' and 'tensor<?x8xf32>'}}
  %y, %l = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h0) cu_seqlens(%cu)
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @affine_c9_element(%a: tensor<?x8xf32>, %u: tensor<?x8xf32>, %h0: tensor<?x8xf32>, %cu: tensor<?xi8>) {
  // expected-error @+1 {{expected 'cu_seqlens' to be [N+1] of i32, i64 or index, but got 'tensor<?xi8>'}}
  %y, %l = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h0) cu_seqlens(%cu)
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi8>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @affine_c9_count(%a: tensor<?x8xf32>, %u: tensor<?x8xf32>, %h0: tensor<3x8xf32>, %cu: tensor<3xi64>) {
  // expected-error @+1 {{expected 'cu_seqlens' to have one offset more than there are sequences (3), but got 'tensor<3xi64>'}}
  %y, %l = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h0) cu_seqlens(%cu)
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<3x8xf32>, tensor<3xi64>) -> (tensor<?x8xf32>, tensor<3x8xf32>)
  return
}

// -----

func.func @affine_c9_batch(%a: tensor<?x?x8xf32>, %u: tensor<?x?x8xf32>, %h0: tensor<?x?x8xf32>, %cu: tensor<?xi32>) {
  // expected-error @+1 {{expected 'input' to be [T, S…] with 'cu_seqlens', but got 'tensor<?x?x8xf32>' with 'state_rank' 1}}
  %y, %l = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h0) cu_seqlens(%cu)
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?xi32>) -> (tensor<?x?x8xf32>, tensor<?x?x8xf32>)
  return
}

// -----

func.func @affine_c9_time(%a: tensor<?x8xf32>, %u: tensor<?x8xf32>, %h0: tensor<?x8xf32>, %cu: tensor<?xi32>) {
  // expected-error @+1 {{expected no 'time' with 'cu_seqlens', where time is the first dimension, but got 0}}
  %y, %l = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h0) cu_seqlens(%cu) {time = 0 : i64}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @scan_c6_shared(%u: tensor<?x2xf32>, %cu: tensor<?xi32>, %h0: tensor<?x2xf32>) {
  // expected-error @+1 {{expected no 'shared' operand with 'cu_seqlens', where no step is one of all sequences: bind it as 'in', [T, step…], or as 'given'}}
  %y, %l = seq.scan (%x: tensor<2xf32> shared %u) cu_seqlens(%cu) initial(%h0) lift {
    seq.yield next(%x : tensor<2xf32>)
  } combine(%a: tensor<2xf32>) with(%b: tensor<2xf32>) {
    seq.yield next(%b : tensor<2xf32>)
  } : (tensor<?x2xf32>, tensor<?xi32>, tensor<?x2xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>)
  return
}

// -----

func.func @scan_c6_time(%u: tensor<?x2xf32>, %cu: tensor<?xi32>, %h0: tensor<?x2xf32>) {
  // expected-error @+1 {{expected no 'time' with 'cu_seqlens', where time is the first dimension, but got 0}}
  %y, %l = seq.scan (%x: tensor<2xf32> in %u) cu_seqlens(%cu) initial(%h0) lift {
    seq.yield next(%x : tensor<2xf32>)
  } combine(%a: tensor<2xf32>) with(%b: tensor<2xf32>) {
    seq.yield next(%b : tensor<2xf32>)
  } {time = 0 : i64} : (tensor<?x2xf32>, tensor<?xi32>, tensor<?x2xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>)
  return
}

// -----

func.func @ema_c10_batch(%x: tensor<?x?x8xf32>, %b: tensor<f32>, %h0: tensor<?x8xf32>, %cu: tensor<?xi32>) {
  // expected-error @+1 {{expected 'input' to be [T, S…] with 'cu_seqlens', but got 'tensor<?x?x8xf32>' with 'value_rank' 1}}
  %y, %l = seq.ema scalar constant input(%x) decay(%b) initial(%h0) cu_seqlens(%cu)
      : (tensor<?x?x8xf32>, tensor<f32>, tensor<?x8xf32>, tensor<?xi32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @ema_c10_count(%x: tensor<?x8xf32>, %b: tensor<f32>, %h0: tensor<3x8xf32>, %cu: tensor<3xi64>) {
  // expected-error @+1 {{expected 'cu_seqlens' to have one offset more than there are sequences (3), but got 'tensor<3xi64>'}}
  %y, %l = seq.ema scalar constant input(%x) decay(%b) initial(%h0) cu_seqlens(%cu)
      : (tensor<?x8xf32>, tensor<f32>, tensor<3x8xf32>, tensor<3xi64>) -> (tensor<?x8xf32>, tensor<3x8xf32>)
  return
}

// -----

func.func @ema_c10_time(%x: tensor<?x8xf32>, %b: tensor<f32>, %h0: tensor<?x8xf32>, %cu: tensor<?xi32>) {
  // expected-error @+1 {{expected no 'time' with 'cu_seqlens', where time is the first dimension, but got 0}}
  %y, %l = seq.ema scalar constant input(%x) decay(%b) initial(%h0) cu_seqlens(%cu) {time = 0 : i64}
      : (tensor<?x8xf32>, tensor<f32>, tensor<?x8xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return
}
