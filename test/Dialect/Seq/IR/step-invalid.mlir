// RUN: %seqc-opt %s -split-input-file -verify-diagnostics

func.func @c2_arguments(%h0: tensor<?x8xf32>, %n: index) {
  // expected-error @+1 {{expected 1 step arguments, one per 'in', 'shared', 'given' and state, but got 2}}
  %y = "seq.recurrence"(%n, %h0) <{operandSegmentSizes = array<i32: 0, 0, 0, 0, 0, 1, 1>}> ({
  ^bb0(%a: tensor<8xf32>, %b: tensor<8xf32>):
    seq.yield next(%a : tensor<8xf32>)
  }) : (index, tensor<?x8xf32>) -> tensor<?x8xf32>
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

func.func @terminator(%h0: tensor<?x8xf32>, %u: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected the step to end in seq.yield, but got llvm.unreachable}}
  %y = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    llvm.unreachable
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @empty_step(%h0: tensor<?x8xf32>, %u: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expects a non-empty block}}
  %y = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @two_blocks(%h0: tensor<?x8xf32>, %u: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expects region #0 to have 0 or 1 blocks}}
  %y = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    cf.br ^bb1
  ^bb1:
    seq.yield next(%x : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @c8_number_of_next(%h0: tensor<?x8xf32>, %u: tensor<?x?x8xf32>) {
  %y = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    // expected-error @+1 {{expected 1 next states, but got 2}}
    seq.yield next(%x, %h : tensor<8xf32>, tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @c9_result(%h0: tensor<?x8xf32>, %u: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected result #0 to be 'tensor<?x8xf32>', but got 'tensor<?x4xf32>'}}
  %y = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%x : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @no_state(%u: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected at least one state}}
  %y = "seq.recurrence"(%u) <{operandSegmentSizes = array<i32: 1, 0, 0, 0, 0, 0, 0>}> ({
  ^bb0(%x: tensor<8xf32>):
    "seq.yield"(%x) <{operandSegmentSizes = array<i32: 0, 1>}> : (tensor<8xf32>) -> ()
  }) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return
}

// -----

func.func @operand_types(%h0: tensor<?x8xf32>, %u: tensor<?x?x8xf32>) {
  %y = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%x : tensor<8xf32>)
  // expected-error @+1 {{expected 2 operand types, but got 1}}
  } : (tensor<?x?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @no_block(%h0: tensor<?x8xf32>, %u: tensor<?x?x8xf32>) {
  // expected-error @+1 {{region #0 ('step') failed to verify constraint: region with 1 blocks}}
  %y = "seq.recurrence"(%u, %h0) <{operandSegmentSizes = array<i32: 1, 0, 0, 0, 0, 0, 1>}> ({
  }) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @attribute(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  %y, %h = seq.recurrence (%x: tensor<8xf32> in %u) states(%s: tensor<8xf32> = %h0) {
    %n = arith.addf %s, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  // expected-error @+1 {{expected an i64 as 'time', but got "a"}}
  } {time = "a"} : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}

// -----

func.func @attribute(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  %y, %h = seq.recurrence (%x: tensor<8xf32> in %u) states(%s: tensor<8xf32> = %h0) {
    %n = arith.addf %s, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  // expected-error @+1 {{expected 'narrow_state' without a value, but got false}}
  } {narrow_state = false} : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}

// -----

func.func @attribute(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  %y, %h = seq.recurrence (%x: tensor<8xf32> in %u) states(%s: tensor<8xf32> = %h0) {
    %n = arith.addf %s, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  // expected-error @+1 {{expected 'time' or 'narrow_state' as an attribute, but got 'tiem'}}
  } {tiem = 0 : i64} : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}
