// RUN: %seqc-opt %s -seq-select-schedule=plan=scan --split-input-file --verify-diagnostics
// Why a step that is a scan cannot run in vectors by plan `scan`.

// The larger state ends with the sizes of the smaller one.
module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx2,+fma", vector_bits = 256, vector_registers = 16, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @trailing(%u: tensor<?x?x2xf32>, %h0: tensor<?x2xf32>, %g0: tensor<?x4x2xf32>) -> tensor<?x4x2xf32> {
  %e = tensor.empty() : tensor<4x2xf32>
  // expected-error @+1 {{state #0 has sizes [2], with which the largest sizes [4, 2] do not begin}}
  %a, %b = seq.recurrence (%x: tensor<2xf32> in %u) states(%h: tensor<2xf32> = %h0, %g: tensor<4x2xf32> = %g0) {
    %n = arith.addf %h, %x : tensor<2xf32>
    %w = linalg.broadcast ins(%x : tensor<2xf32>) outs(%e : tensor<4x2xf32>) dimensions = [0]
    %m = arith.addf %g, %w : tensor<4x2xf32>
    seq.yield next(%n, %m : tensor<2xf32>, tensor<4x2xf32>)
  } : (tensor<?x?x2xf32>, tensor<?x2xf32>, tensor<?x4x2xf32>) -> (tensor<?x2xf32>, tensor<?x4x2xf32>)
  return %b : tensor<?x4x2xf32>
}
}

// -----

// The same of an out.
module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx2,+fma", vector_bits = 256, vector_registers = 16, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @trailing_out(%u: tensor<?x?x4x2xf32>, %h0: tensor<?x4x2xf32>) -> tensor<?x?x2xf32> {
  // expected-error @+1 {{out #0 has sizes [2], with which the largest sizes [4, 2] do not begin}}
  %y, %l = seq.recurrence (%x: tensor<4x2xf32> in %u) states(%h: tensor<4x2xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<4x2xf32>
    %o = tensor.extract_slice %n[1, 0] [1, 2] [1, 1] : tensor<4x2xf32> to tensor<2xf32>
    seq.yield next(%n : tensor<4x2xf32>) out(%o : tensor<2xf32>)
  } : (tensor<?x?x4x2xf32>, tensor<?x4x2xf32>) -> (tensor<?x?x2xf32>, tensor<?x4x2xf32>)
  return %y : tensor<?x?x2xf32>
}
}

// -----

// A number a row, read without the leading size of 1.
module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx2,+fma", vector_bits = 256, vector_registers = 16, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @reads(%u: tensor<?x?x2xf32>, %v: tensor<?x?x1x2x2xf32>, %h0: tensor<?x1x2xf32>, %g0: tensor<?x1x2x2xf32>) -> tensor<?x1x2x2xf32> {
  // expected-error @+1 {{it reads a value of sizes [2], with which the largest sizes [1, 2, 2] do not begin}}
  %a, %b = seq.recurrence (%x: tensor<2xf32> in %u, %z: tensor<1x2x2xf32> in %v)
      states(%h: tensor<1x2xf32> = %h0, %g: tensor<1x2x2xf32> = %g0) {
    %f = tensor.collapse_shape %h [[0, 1]] : tensor<1x2xf32> into tensor<2xf32>
    %s = arith.addf %f, %x : tensor<2xf32>
    %n = tensor.expand_shape %s [[0, 1]] output_shape [1, 2] : tensor<2xf32> into tensor<1x2xf32>
    %m = arith.addf %g, %z : tensor<1x2x2xf32>
    seq.yield next(%n, %m : tensor<1x2xf32>, tensor<1x2x2xf32>)
  } : (tensor<?x?x2xf32>, tensor<?x?x1x2x2xf32>, tensor<?x1x2xf32>, tensor<?x1x2x2xf32>) -> (tensor<?x1x2xf32>, tensor<?x1x2x2xf32>)
  return %b : tensor<?x1x2x2xf32>
}
}

// -----

// 67 is a prime.
module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx2,+fma", vector_bits = 256, vector_registers = 16, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @prime(%u: tensor<?x?x67xf32>, %h0: tensor<?x67xf32>, %k: index) -> tensor<?x?x67xf32> {
  // expected-error @+1 {{one step's 67 channels do not divide into equal parts that fill more than half of a vector of 8}}
  %y, %l = seq.recurrence (%x: tensor<67xf32> in %u) states(%h: tensor<67xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<67xf32>
    seq.yield next(%n : tensor<67xf32>) out(%n : tensor<67xf32>)
  } : (tensor<?x?x67xf32>, tensor<?x67xf32>) -> (tensor<?x?x67xf32>, tensor<?x67xf32>)
  return %y : tensor<?x?x67xf32>
}
}

// -----

// Each part of the channels would write the out.
module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx2,+fma", vector_bits = 256, vector_registers = 16, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @shared_out(%u: tensor<?x?x4x16xf32>, %h0: tensor<?x4x16xf32>, %k: index) -> tensor<?x?x4xf32> {
  // expected-error @+1 {{out #0 has sizes [4], and each part of the 64 channels would write it}}
  %y, %l = seq.recurrence (%x: tensor<4x16xf32> in %u) states(%h: tensor<4x16xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<4x16xf32>
    %o = tensor.extract_slice %n[0, 0] [4, 1] [1, 1] : tensor<4x16xf32> to tensor<4xf32>
    seq.yield next(%n : tensor<4x16xf32>) out(%o : tensor<4xf32>)
  } : (tensor<?x?x4x16xf32>, tensor<?x4x16xf32>) -> (tensor<?x?x4xf32>, tensor<?x4x16xf32>)
  return %y : tensor<?x?x4xf32>
}
}

// -----

// A vector holds a part of what the out is made of.
module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx2,+fma", vector_bits = 256, vector_registers = 16, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @moved(%u: tensor<?x?x16x16xf32>, %h0: tensor<?x16x16xf32>, %k: index) -> tensor<?x?x16x16xf32> {
  // expected-error-re @+1 {{'linalg.transpose' at {{.*}} moves elements of the states between channels, of which a vector of 8 holds a part}}
  %y, %l = seq.recurrence (%x: tensor<16x16xf32> in %u) states(%h: tensor<16x16xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<16x16xf32>
    %e = tensor.empty() : tensor<16x16xf32>
    %o = linalg.transpose ins(%n : tensor<16x16xf32>) outs(%e : tensor<16x16xf32>) permutation = [1, 0]
    seq.yield next(%n : tensor<16x16xf32>) out(%o : tensor<16x16xf32>)
  } : (tensor<?x?x16x16xf32>, tensor<?x16x16xf32>) -> (tensor<?x?x16x16xf32>, tensor<?x16x16xf32>)
  return %y : tensor<?x?x16x16xf32>
}
}

// -----

// An element whose index is known at run time only.
module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx2,+fma", vector_bits = 256, vector_registers = 16, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @run_time(%u: tensor<?x?x3xf32>, %h0: tensor<?x3xf32>, %k: index) -> tensor<?x?x3xf32> {
  // expected-error-re @+1 {{'tensor.extract' at {{.*}} reads the states at an index that is no constant}}
  %y, %l = seq.recurrence (%x: tensor<3xf32> in %u) states(%h: tensor<3xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<3xf32>
    %s = tensor.extract %n[%k] : tensor<3xf32>
    %o = tensor.splat %s : tensor<3xf32>
    seq.yield next(%n : tensor<3xf32>) out(%o : tensor<3xf32>)
  } : (tensor<?x?x3xf32>, tensor<?x3xf32>) -> (tensor<?x?x3xf32>, tensor<?x3xf32>)
  return %y : tensor<?x?x3xf32>
}
}

// -----

// An index of each step.
module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx2,+fma", vector_bits = 256, vector_registers = 16, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @every_step(%u: tensor<?x?xi64>, %v: tensor<8xf32>, %h0: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error-re @+1 {{'tensor.extract_slice' at {{.*}} reads at an index that changes from step to step}}
  %l = seq.recurrence (%x: tensor<i64> in %u) states(%h: tensor<f32> = %h0) {
    %i = tensor.extract %x[] : tensor<i64>
    %k = arith.index_cast %i : i64 to index
    %s = tensor.extract_slice %v[%k] [1] [1] : tensor<8xf32> to tensor<f32>
    %n = arith.addf %h, %s : tensor<f32>
    seq.yield next(%n : tensor<f32>)
  } : (tensor<?x?xi64>, tensor<?xf32>) -> tensor<?xf32>
  return %l : tensor<?xf32>
}
}

// -----

// A declared combination that mixes channels.
module attributes {seqc.target = #seq.target<"x86_64-unknown-linux-gnu", cpu = "x86-64", features = "+avx2,+fma", vector_bits = 256, vector_registers = 16, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @product(%u: tensor<?x?x2x2xf32>, %h0: tensor<?x2x2xf32>) -> tensor<?x2x2xf32> {
  // expected-error-re @+1 {{'linalg.matmul' at {{.*}} does not work element by element}}
  %l = seq.recurrence (%x: tensor<2x2xf32> in %u) states(%h: tensor<2x2xf32> = %h0) {
    %n = seq.combine(%h) with(%x) {
    ^bb0(%a: tensor<2x2xf32>, %b: tensor<2x2xf32>):
      %zero = arith.constant dense<0.0> : tensor<2x2xf32>
      %p = linalg.matmul ins(%b, %a : tensor<2x2xf32>, tensor<2x2xf32>) outs(%zero : tensor<2x2xf32>) -> tensor<2x2xf32>
      seq.yield next(%p : tensor<2x2xf32>)
    } : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
    seq.yield next(%n : tensor<2x2xf32>)
  } : (tensor<?x?x2x2xf32>, tensor<?x2x2xf32>) -> tensor<?x2x2xf32>
  return %l : tensor<?x2x2xf32>
}
}
