// RUN: %seqc-opt %s -split-input-file -verify-diagnostics

func.func @plan(%h0: tensor<?x8xf32>, %u: tensor<?x?x8xf32>) {
  %y = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%x : tensor<8xf32>)
  // expected-error @+1 {{expected a plan (reference, fused, scan, chunked, segments, newton), but got 'fussed'}}
  } schedule(<fussed>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @certificate(%h0: tensor<?x8xf32>, %u: tensor<?x?x8xf32>) {
  %y = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%x : tensor<8xf32>)
  // expected-error @+1 {{expected a certificate (bitwise, backward), but got 'forward'}}
  } schedule(<segments, certificate = forward>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @number_of_schedule(%h0: tensor<?x8xf32>, %u: tensor<?x?x8xf32>) {
  %y = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%x : tensor<8xf32>)
  // expected-error @+1 {{expected a number of a schedule (vector_bits, batch_tile, channel_tile, chunk, strip, rows, vectors, prefetch, stream_bytes, certificate), but got 'tile'}}
  } schedule(<fused, tile = 3>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @negative_number(%h0: tensor<?x8xf32>, %u: tensor<?x?x8xf32>) {
  %y = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%x : tensor<8xf32>)
  // expected-error @+1 {{expected a number of 0 or more for 'rows', but got -3}}
  } schedule(<fused, rows = -3>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

// expected-error @+1 {{expected attribute 'seq.schedule' to be #seq.schedule<…>, but got 3 : i64}}
func.func private @attribute() attributes {seq.schedule = 3 : i64}
