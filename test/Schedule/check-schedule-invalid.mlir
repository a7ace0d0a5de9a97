// RUN: seqc-opt %s -split-input-file -verify-diagnostics -seq-check-schedule

// -----

func.func @leaky(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  // expected-error @+1 {{expected vector_bits of 128, 256 or 512, but got 0}}
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } schedule(<scan>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y, %last : tensor<?x?x8xf32>, tensor<?x8xf32>
}

// -----

func.func @leaky(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  // expected-error @+1 {{expected plan 'reference', 'fused', 'scan', 'segments' or 'newton', but got 'chunked', which seqc does not implement yet}}
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } schedule(<chunked>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y, %last : tensor<?x?x8xf32>, tensor<?x8xf32>
}

// -----

func.func @leaky(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  // expected-error @+1 {{expected vector_bits of 128, 256 or 512, but got 100}}
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } schedule(<fused, vector_bits = 100, strip = 1, rows = 1, vectors = 1>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y, %last : tensor<?x?x8xf32>, tensor<?x8xf32>
}

// -----

func.func @leaky(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  // expected-error @+1 {{expected rows and vectors of 1 or more whose product is at most 32 registers, but got 9 and 9}}
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } schedule(<fused, vector_bits = 256, strip = 1, rows = 9, vectors = 9>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y, %last : tensor<?x?x8xf32>, tensor<?x8xf32>
}

// -----

func.func @leaky(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  // expected-error @+1 {{expected a strip between 1 and 4096 steps, but got 0}}
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } schedule(<fused, vector_bits = 256, rows = 1, vectors = 1>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y, %last : tensor<?x?x8xf32>, tensor<?x8xf32>
}

// -----

func.func @leaky(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{expected a channel_tile that is a multiple of 8, the elements of a vector, but got 4}}
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } schedule(<fused, vector_bits = 256, channel_tile = 4, strip = 1, rows = 1, vectors = 1>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}

// -----

func.func @leaky(%u: tensor<?x?x8xf32>, %h0: tensor<?x200x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{expected a channel_tile with at most 64 vectors of states, but got 8 with 200}}
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<200x8xf32> = %h0) {
    %e = tensor.empty() : tensor<200x8xf32>
    %b = linalg.broadcast ins(%x : tensor<8xf32>) outs(%e : tensor<200x8xf32>) dimensions = [0]
    %n = arith.addf %h, %b : tensor<200x8xf32>
    seq.yield next(%n : tensor<200x8xf32>) out(%x : tensor<8xf32>)
  } schedule(<fused, vector_bits = 256, channel_tile = 8, strip = 1, rows = 1, vectors = 1>) : (tensor<?x?x8xf32>, tensor<?x200x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x200x8xf32>)
  return %y : tensor<?x?x8xf32>
}

// -----

func.func @leaky(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{expected a step that keeps channels apart for channel_tile = 8, but `linalg.broadcast` at}}
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %z = arith.constant dense<0.0> : tensor<8xf32>
    %m = tensor.empty() : tensor<8x8xf32>
    %s = linalg.broadcast ins(%h : tensor<8xf32>) outs(%m : tensor<8x8xf32>) dimensions = [1]
    %n = linalg.vecmat ins(%x, %s : tensor<8xf32>, tensor<8x8xf32>) outs(%z : tensor<8xf32>) -> tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } schedule(<fused, vector_bits = 256, channel_tile = 8, strip = 1, rows = 1, vectors = 1>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}

// -----

func.func @leaky(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x4xf32> {
  // expected-error @+1 {{expected a step that keeps channels apart for channel_tile = 8, but an output has another innermost size than the states}}
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    %o = tensor.extract_slice %x[0] [4] [1] : tensor<8xf32> to tensor<4xf32>
    seq.yield next(%n : tensor<8xf32>) out(%o : tensor<4xf32>)
  } schedule(<fused, vector_bits = 256, channel_tile = 8, strip = 1, rows = 1, vectors = 1>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x4xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x4xf32>
}

// -----

func.func @leaky(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{expected a batch_tile between 0 and 4096 sequences, but got 5000}}
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } schedule(<fused, vector_bits = 256, batch_tile = 5000, strip = 1, rows = 1, vectors = 1>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}

// -----

func.func @packed(%u: tensor<?x8xf32>, %cu: tensor<?xi32>, %h0: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  // expected-error @+1 {{expected a batch_tile of at most 1 with 'cu_seqlens', where each sequence has steps of its own, but got 8}}
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) cu_seqlens(%cu) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } schedule(<fused, vector_bits = 256, batch_tile = 8, strip = 16, rows = 3, vectors = 3>) : (tensor<?x8xf32>, tensor<?xi32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %y, %last : tensor<?x8xf32>, tensor<?x8xf32>
}
