// RUN: %seqc-opt %s --seq-desugar-resets --seq-find-delays --canonicalize | FileCheck %s

// The last samples of a signal.
// CHECK-LABEL: @context
func.func @context(%u: tensor<?x?x512xf32>, %c0: tensor<?x64xf32>, %h0: tensor<?x64xf32>)
    -> (tensor<?x?x64xf32>, tensor<?x64xf32>) {
  // CHECK: %[[S:.*]] = tensor.extract_slice %{{.*}}[0, 0, 448] [%{{.*}}, %{{.*}}, 64] [1, 1, 1]
  // CHECK: %[[W:.*]], %[[F:.*]] = seq.delay %[[S]] initial(%{{.*}}) {time = 1 : i64} : (tensor<?x?x64xf32>, tensor<?x1x64xf32>)
  // CHECK: %[[D:.*]] = tensor.collapse_shape %[[W]] {{\[}}[0], [1, 2], [3]]
  // CHECK: seq.recurrence (%{{.*}}: tensor<64xf32> in %[[D]]) states(%{{.*}}: tensor<64xf32> = %{{.*}}) {
  %y, %cl, %hl = seq.recurrence (%x: tensor<512xf32> in %u) states(%c: tensor<64xf32> = %c0, %h: tensor<64xf32> = %h0) {
    %n = tensor.extract_slice %x[448] [64] [1] : tensor<512xf32> to tensor<64xf32>
    %m = arith.addf %c, %h : tensor<64xf32>
    seq.yield next(%n, %m : tensor<64xf32>, tensor<64xf32>) out(%m : tensor<64xf32>)
  } : (tensor<?x?x512xf32>, tensor<?x64xf32>, tensor<?x64xf32>) -> (tensor<?x?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>)
  return %y, %cl : tensor<?x?x64xf32>, tensor<?x64xf32>
}

// A shift register is one delay; without another state the recurrence goes away.
// CHECK-LABEL: @shift_register
func.func @shift_register(%u: tensor<?x?x8xf32>, %s0: tensor<?x3x8xf32>, %w: tensor<3x8xf32>)
    -> (tensor<?x?x8xf32>, tensor<?x3x8xf32>) {
  %z = arith.constant dense<0.0> : tensor<8xf32>
  // CHECK: seq.delay %{{.*}} initial(%{{.*}}) {time = 1 : i64} : (tensor<?x?x8xf32>, tensor<?x3x8xf32>) -> (tensor<?x?x3x8xf32>, tensor<?x3x8xf32>)
  // CHECK-NOT: seq.recurrence
  %y, %l = seq.recurrence (%x: tensor<8xf32> in %u) states(%s: tensor<3x8xf32> = %s0) {
    %old = tensor.extract_slice %s[1, 0] [2, 8] [1, 1] : tensor<3x8xf32> to tensor<2x8xf32>
    %row = tensor.expand_shape %x [[0, 1]] output_shape [1, 8] : tensor<8xf32> into tensor<1x8xf32>
    %n = tensor.concat dim(0) %old, %row : (tensor<2x8xf32>, tensor<1x8xf32>) -> tensor<3x8xf32>
    %m = arith.mulf %n, %w : tensor<3x8xf32>
    %o = linalg.reduce { arith.addf } ins(%m : tensor<3x8xf32>) outs(%z : tensor<8xf32>) dimensions = [0]
    seq.yield next(%n : tensor<3x8xf32>) out(%o : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x3x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x3x8xf32>)
  return %y, %l : tensor<?x?x8xf32>, tensor<?x3x8xf32>
}

// The same register by insertion, two samples a step.
// CHECK-LABEL: @shift_by_insertion
func.func @shift_by_insertion(%u: tensor<?x?x2xf32>, %s0: tensor<?x6xf32>, %h0: tensor<?x6xf32>) -> tensor<?x6xf32> {
  // CHECK: tensor.expand_shape %{{.*}} {{\[}}[0], [1, 2]] output_shape [%{{.*}}, 3, 2]
  // CHECK: seq.delay %{{.*}} : (tensor<?x?x2xf32>, tensor<?x3x2xf32>) -> (tensor<?x?x3x2xf32>, tensor<?x3x2xf32>)
  // CHECK: seq.recurrence (%{{.*}}: tensor<6xf32> in %{{.*}}) states(%{{.*}}: tensor<6xf32> = %{{.*}}) {
  %sl, %hl = seq.recurrence (%x: tensor<2xf32> in %u) states(%s: tensor<6xf32> = %s0, %h: tensor<6xf32> = %h0) {
    %e = tensor.empty() : tensor<6xf32>
    %old = tensor.extract_slice %s[2] [4] [1] : tensor<6xf32> to tensor<4xf32>
    %a = tensor.insert_slice %old into %e[0] [4] [1] : tensor<4xf32> into tensor<6xf32>
    %n = tensor.insert_slice %x into %a[4] [2] [1] : tensor<2xf32> into tensor<6xf32>
    %m = arith.mulf %h, %s : tensor<6xf32>
    seq.yield next(%n, %m : tensor<6xf32>, tensor<6xf32>)
  } : (tensor<?x?x2xf32>, tensor<?x6xf32>, tensor<?x6xf32>) -> (tensor<?x6xf32>, tensor<?x6xf32>)
  return %hl : tensor<?x6xf32>
}

// A state that copies a delayed one; time first, backwards.
// CHECK-LABEL: @chain
func.func @chain(%u: tensor<?x?x8xf32>, %a0: tensor<?x8xf32>, %b0: tensor<?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // CHECK: %[[W:.*]], %{{.*}} = seq.delay reverse %{{.*}} {time = 0 : i64}
  // CHECK: %[[D:.*]] = tensor.collapse_shape %[[W]]
  // CHECK: seq.delay reverse %[[D]]
  // CHECK: seq.recurrence reverse (%{{.*}}: tensor<8xf32> in %{{.*}}) states(%{{.*}}: tensor<8xf32> = %{{.*}}) {
  %y, %la, %lb, %lh = seq.recurrence reverse (%x: tensor<8xf32> in %u) states(%a: tensor<8xf32> = %a0, %b: tensor<8xf32> = %b0, %h: tensor<8xf32> = %h0) {
    %s = arith.addf %b, %h : tensor<8xf32>
    seq.yield next(%x, %a, %s : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) out(%s : tensor<8xf32>)
  } {time = 0 : i64} : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}

// Where a sequence restarts, the delayed value is the initial one.
// CHECK-LABEL: @resets
func.func @resets(%u: tensor<?x?x8xf32>, %r: tensor<?x?xi1>, %p0: tensor<?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // CHECK: seq.delay
  // CHECK: seq.recurrence (%{{.*}}: tensor<8xf32> in %{{.*}}, %{{.*}}: tensor<i1> in %{{.*}}, %{{.*}}: tensor<8xf32> in %{{.*}}, %{{.*}}: tensor<8xf32> given %{{.*}}, %{{.*}}: tensor<8xf32> given %{{.*}}) states(%{{.*}}: tensor<8xf32> = %{{.*}}) {
  // CHECK: arith.select
  %y, %lp, %lh = seq.recurrence (%x: tensor<8xf32> in %u) resets(%r) states(%p: tensor<8xf32> = %p0, %h: tensor<8xf32> = %h0) {
    %d = arith.subf %x, %p : tensor<8xf32>
    %n = arith.addf %h, %d : tensor<8xf32>
    seq.yield next(%x, %n : tensor<8xf32>, tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x?xi1>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}

// A register whose new row depends on the state is no delay line.
// CHECK-LABEL: @feedback
func.func @feedback(%u: tensor<?x?x1xf32>, %s0: tensor<?x3xf32>) -> tensor<?x3xf32> {
  // CHECK-NOT: seq.delay
  // CHECK: seq.recurrence
  %l = seq.recurrence (%x: tensor<1xf32> in %u) states(%s: tensor<3xf32> = %s0) {
    %old = tensor.extract_slice %s[1] [2] [1] : tensor<3xf32> to tensor<2xf32>
    %first = tensor.extract_slice %s[0] [1] [1] : tensor<3xf32> to tensor<1xf32>
    %new = arith.addf %x, %first : tensor<1xf32>
    %n = tensor.concat dim(0) %old, %new : (tensor<2xf32>, tensor<1xf32>) -> tensor<3xf32>
    seq.yield next(%n : tensor<3xf32>)
  } : (tensor<?x?x1xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>
  return %l : tensor<?x3xf32>
}
