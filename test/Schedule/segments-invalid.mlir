// RUN: seqc-opt %s -split-input-file -verify-diagnostics -seq-select-schedule=plan=segments -seq-check-schedule
// What plan `segments` refuses, each with one sentence.

module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx512f", vector_bits = 512, vector_registers = 32, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @f(%u: tensor<?x?x4xf32>, %w: tensor<4x4xf32>, %h0: tensor<?x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x4xf32>) {
  // expected-error @+1 {{expected a step for which plan 'segments' is legal, but its states mix channels, and such states never meet bit for bit}}
  %z:2 = seq.recurrence (%x: tensor<4xf32> in %u) states(%h: tensor<4xf32> = %h0) {
    %r = linalg.matvec ins(%w, %h : tensor<4x4xf32>, tensor<4xf32>) outs(%x : tensor<4xf32>) -> tensor<4xf32>
    %n = math.tanh %r : tensor<4xf32>
    seq.yield next(%n : tensor<4xf32>) out(%n : tensor<4xf32>)
  } : (tensor<?x?x4xf32>, tensor<?x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x4xf32>)
  return %z#0, %z#1 : tensor<?x?x4xf32>, tensor<?x4xf32>
}
}

// -----

module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx512f", vector_bits = 512, vector_registers = 32, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @f(%u: tensor<?x4xf32>, %cu: tensor<?xi32>, %h0: tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  // expected-error @+1 {{expected a step for which plan 'segments' is legal, but packed sequences are a pass over time each, from one offset to the next}}
  %z:2 = seq.recurrence (%x: tensor<4xf32> in %u) cu_seqlens(%cu) states(%h: tensor<4xf32> = %h0) {
    %a = math.tanh %h : tensor<4xf32>
    %n = arith.addf %a, %x : tensor<4xf32>
    seq.yield next(%n : tensor<4xf32>) out(%n : tensor<4xf32>)
  } : (tensor<?x4xf32>, tensor<?xi32>, tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>)
  return %z#0, %z#1 : tensor<?x4xf32>, tensor<?x4xf32>
}
}

// -----

module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx512f", vector_bits = 512, vector_registers = 32, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @f(%u: tensor<?x?x4xf32>, %h0: tensor<?x4xf32>, %c0: tensor<?x2xf32>) -> (tensor<?x?x4xf32>, tensor<?x4xf32>) {
  // expected-error @+1 {{expected a step for which plan 'segments' is legal, but its states have different shapes}}
  %z:3 = seq.recurrence (%x: tensor<4xf32> in %u) states(%h: tensor<4xf32> = %h0, %c: tensor<2xf32> = %c0) {
    %n = math.tanh %h : tensor<4xf32>
    %m = math.tanh %c : tensor<2xf32>
    seq.yield next(%n, %m : tensor<4xf32>, tensor<2xf32>) out(%n : tensor<4xf32>)
  } : (tensor<?x?x4xf32>, tensor<?x4xf32>, tensor<?x2xf32>) -> (tensor<?x?x4xf32>, tensor<?x4xf32>, tensor<?x2xf32>)
  return %z#0, %z#1 : tensor<?x?x4xf32>, tensor<?x4xf32>
}
}

// -----

module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx512f", vector_bits = 512, vector_registers = 32, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @f(%u: tensor<?x?x17xf32>, %h0: tensor<?x17xf32>) -> (tensor<?x?x17xf32>, tensor<?x17xf32>) {
  // expected-error @+1 {{expected a step for which plan 'segments' is legal, but one step's 17 channels fill more than a vector of 16}}
  %z:2 = seq.recurrence (%x: tensor<17xf32> in %u) states(%h: tensor<17xf32> = %h0) {
    %a = math.tanh %h : tensor<17xf32>
    %n = arith.addf %a, %x : tensor<17xf32>
    seq.yield next(%n : tensor<17xf32>) out(%n : tensor<17xf32>)
  } : (tensor<?x?x17xf32>, tensor<?x17xf32>) -> (tensor<?x?x17xf32>, tensor<?x17xf32>)
  return %z#0, %z#1 : tensor<?x?x17xf32>, tensor<?x17xf32>
}
}

// -----

module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx512f", vector_bits = 512, vector_registers = 32, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @f(%u: tensor<?x?x?xf32>, %h0: tensor<?x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x?xf32>) {
  // expected-error @+1 {{expected a step for which plan 'segments' is legal, but many steps in a vector need a static number of channels, one or more}}
  %z:2 = seq.recurrence (%x: tensor<?xf32> in %u) states(%h: tensor<?xf32> = %h0) {
    %a = math.tanh %h : tensor<?xf32>
    %n = arith.addf %a, %x : tensor<?xf32>
    seq.yield next(%n : tensor<?xf32>) out(%n : tensor<?xf32>)
  } : (tensor<?x?x?xf32>, tensor<?x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x?xf32>)
  return %z#0, %z#1 : tensor<?x?x?xf32>, tensor<?x?xf32>
}
}

// -----

module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx512f", vector_bits = 512, vector_registers = 32, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @f(%u: tensor<?x?x4xi1>, %h0: tensor<?x4xi1>) -> (tensor<?x?x4xi1>, tensor<?x4xi1>) {
  // expected-error @+1 {{expected a step for which plan 'segments' is legal, but a state of i1 is not kept in vectors}}
  %z:2 = seq.recurrence (%x: tensor<4xi1> in %u) states(%h: tensor<4xi1> = %h0) {
    %n = arith.xori %h, %x : tensor<4xi1>
    seq.yield next(%n : tensor<4xi1>) out(%n : tensor<4xi1>)
  } : (tensor<?x?x4xi1>, tensor<?x4xi1>) -> (tensor<?x?x4xi1>, tensor<?x4xi1>)
  return %z#0, %z#1 : tensor<?x?x4xi1>, tensor<?x4xi1>
}
}

// -----

module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx512f", vector_bits = 512, vector_registers = 32, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @f(%u: tensor<?x?x4xf32>, %h0: tensor<?x4xf32>) -> (tensor<?x?x2xf32>, tensor<?x4xf32>) {
  // expected-error @+1 {{expected a step for which plan 'segments' is legal, but out #0 has another shape than the states}}
  %z:2 = seq.recurrence (%x: tensor<4xf32> in %u) states(%h: tensor<4xf32> = %h0) {
    %n = math.tanh %h : tensor<4xf32>
    %o = tensor.extract_slice %n[0] [2] [1] : tensor<4xf32> to tensor<2xf32>
    seq.yield next(%n : tensor<4xf32>) out(%o : tensor<2xf32>)
  } : (tensor<?x?x4xf32>, tensor<?x4xf32>) -> (tensor<?x?x2xf32>, tensor<?x4xf32>)
  return %z#0, %z#1 : tensor<?x?x2xf32>, tensor<?x4xf32>
}
}

// -----

module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx512f", vector_bits = 512, vector_registers = 32, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @f(%u: tensor<?x?x4xf32>, %h0: tensor<?x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x4xf32>) {
  // expected-error @+1 {{expected at most 8 rows, vectors side by side, for plan 'segments', but got 9}}
  %z:2 = seq.recurrence (%x: tensor<4xf32> in %u) states(%h: tensor<4xf32> = %h0) {
    %a = math.tanh %h : tensor<4xf32>
    %n = arith.addf %a, %x : tensor<4xf32>
    seq.yield next(%n : tensor<4xf32>) out(%n : tensor<4xf32>)
  } schedule(<segments, vector_bits = 512, batch_tile = 0, strip = 16, rows = 9, vectors = 1>) : (tensor<?x?x4xf32>, tensor<?x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x4xf32>)
  return %z#0, %z#1 : tensor<?x?x4xf32>, tensor<?x4xf32>
}
}

// -----

module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx512f", vector_bits = 512, vector_registers = 32, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @f(%u: tensor<?x?x4xf32>, %h0: tensor<?x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x4xf32>) {
  // expected-error @+1 {{expected a batch_tile of 0 to 1024 tasks for plan 'segments', but got 1025}}
  %z:2 = seq.recurrence (%x: tensor<4xf32> in %u) states(%h: tensor<4xf32> = %h0) {
    %a = math.tanh %h : tensor<4xf32>
    %n = arith.addf %a, %x : tensor<4xf32>
    seq.yield next(%n : tensor<4xf32>) out(%n : tensor<4xf32>)
  } schedule(<segments, vector_bits = 512, batch_tile = 1025, strip = 16, rows = 3, vectors = 1>) : (tensor<?x?x4xf32>, tensor<?x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x4xf32>)
  return %z#0, %z#1 : tensor<?x?x4xf32>, tensor<?x4xf32>
}
}

// -----

module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx512f", vector_bits = 512, vector_registers = 32, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @f(%u: tensor<?x?x16xf32>, %h0: tensor<?x16xf32>) -> (tensor<?x?x16xf32>, tensor<?x16xf32>) {
  // expected-error @+1 {{expected vector_bits that hold one step's 16 channels, but got 256}}
  %z:2 = seq.recurrence (%x: tensor<16xf32> in %u) states(%h: tensor<16xf32> = %h0) {
    %a = math.tanh %h : tensor<16xf32>
    %n = arith.addf %a, %x : tensor<16xf32>
    seq.yield next(%n : tensor<16xf32>) out(%n : tensor<16xf32>)
  } schedule(<segments, vector_bits = 256, batch_tile = 0, strip = 16, rows = 3, vectors = 1>) : (tensor<?x?x16xf32>, tensor<?x16xf32>) -> (tensor<?x?x16xf32>, tensor<?x16xf32>)
  return %z#0, %z#1 : tensor<?x?x16xf32>, tensor<?x16xf32>
}
}

// -----

module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx512f", vector_bits = 512, vector_registers = 32, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @f(%u: tensor<?x?x2x4xf32>, %h0: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{expected a step for which plan 'segments' is legal, but its states mix channels, and such states never meet bit for bit}}
  %z = seq.recurrence (%x: tensor<2x4xf32> in %u) states(%h: tensor<4xf32> = %h0) {
    // expected-error @+1 {{expected a step for which plan 'segments' is legal, but it is inside of another recurrence's step}}
    %r = seq.recurrence (%y: tensor<4xf32> in %x) states(%g: tensor<4xf32> = %h) {
      %a = math.tanh %g : tensor<4xf32>
      %n = arith.addf %a, %y : tensor<4xf32>
      seq.yield next(%n : tensor<4xf32>)
    } : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<4xf32>
    seq.yield next(%r : tensor<4xf32>)
  } : (tensor<?x?x2x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %z : tensor<?x4xf32>
}
}

// -----

module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx512f", vector_bits = 512, vector_registers = 32, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @f(%u: tensor<?x?x4xf32>, %p: tensor<?x?xi1>, %h0: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{expected a step for which plan 'segments' is legal, but 'scf.if' at}}
  %z = seq.recurrence (%x: tensor<4xf32> in %u, %q: tensor<i1> in %p) states(%h: tensor<4xf32> = %h0) {
    %f = tensor.extract %q[] : tensor<i1>
    %n = scf.if %f -> (tensor<4xf32>) {
      %a = arith.addf %h, %x : tensor<4xf32>
      scf.yield %a : tensor<4xf32>
    } else {
      scf.yield %h : tensor<4xf32>
    }
    seq.yield next(%n : tensor<4xf32>)
  } : (tensor<?x?x4xf32>, tensor<?x?xi1>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %z : tensor<?x4xf32>
}
}
