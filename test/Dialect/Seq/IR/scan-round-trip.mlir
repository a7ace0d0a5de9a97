// RUN: %seqc-opt %s | %seqc-opt | FileCheck %s
// RUN: %seqc-opt %s --mlir-print-op-generic | %seqc-opt | FileCheck %s
// RUN: %seqc-opt %s --emit-bytecode | %seqc-opt | FileCheck %s

// CHECK-LABEL: @sum
func.func @sum(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // CHECK: seq.scan (%[[X:.*]]: tensor<8xf32> in %{{.*}}) initial(%{{.*}}) lift {
  // CHECK-NEXT: seq.yield next(%[[X]] : tensor<8xf32>)
  // CHECK-NEXT: } combine(%[[A:.*]]: tensor<8xf32>) with(%[[B:.*]]: tensor<8xf32>) {
  // CHECK-NEXT: %[[C:.*]] = arith.addf %[[A]], %[[B]]
  // CHECK-NEXT: seq.yield next(%[[C]] : tensor<8xf32>)
  // CHECK-NEXT: } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  %y, %last = seq.scan (%x: tensor<8xf32> in %u) initial(%h0) lift {
    seq.yield next(%x : tensor<8xf32>)
  } combine(%a: tensor<8xf32>) with(%b: tensor<8xf32>) {
    %c = arith.addf %a, %b : tensor<8xf32>
    seq.yield next(%c : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}

// CHECK-LABEL: @every_clause
func.func @every_clause(%u: tensor<?x?x8xbf16>, %s: tensor<?xi64>, %g: tensor<?x8xf32>,
    %r: tensor<?x?xi1>, %h0: tensor<?x8xbf16>, %i0: tensor<?xi64>) -> tensor<?x?x8xf32> {
  // CHECK: seq.scan reverse exclusive (%{{.*}}: tensor<8xbf16> in %{{.*}}, %{{.*}}: tensor<i64> shared %{{.*}}, %{{.*}}: tensor<8xf32> given %{{.*}}) resets(%{{.*}}) initial(%{{.*}}, %{{.*}}) lift {
  // CHECK: } combine(%{{.*}}: tensor<8xbf16>, %{{.*}}: tensor<i64>) with(%{{.*}}: tensor<8xbf16>, %{{.*}}: tensor<i64>) {
  // CHECK: } read(%{{.*}}: tensor<8xbf16>, %{{.*}}: tensor<i64>, %[[G:.*]]: tensor<8xf32>, %{{.*}}: tensor<8xbf16>, %{{.*}}: tensor<i64>) {
  // CHECK-NEXT: seq.yield out(%[[G]] : tensor<8xf32>)
  // CHECK-NEXT: } schedule(<reference>) {narrow_state, time = 0 : i64}
  %y, %l, %i = seq.scan reverse exclusive (%x: tensor<8xbf16> in %u, %d: tensor<i64> shared %s,
      %c: tensor<8xf32> given %g) resets(%r) initial(%h0, %i0) lift {
    seq.yield next(%x, %d : tensor<8xbf16>, tensor<i64>)
  } combine(%a: tensor<8xbf16>, %n: tensor<i64>) with(%b: tensor<8xbf16>, %m: tensor<i64>) {
    %v = arith.maximumf %a, %b : tensor<8xbf16>
    %k = arith.addi %n, %m : tensor<i64>
    seq.yield next(%v, %k : tensor<8xbf16>, tensor<i64>)
  } read(%x: tensor<8xbf16>, %d: tensor<i64>, %c: tensor<8xf32>, %v: tensor<8xbf16>, %k: tensor<i64>) {
    seq.yield out(%c : tensor<8xf32>)
  } schedule(<reference>) {narrow_state, time = 0 : i64}
    : (tensor<?x?x8xbf16>, tensor<?xi64>, tensor<?x8xf32>, tensor<?x?xi1>, tensor<?x8xbf16>, tensor<?xi64>)
    -> (tensor<?x?x8xf32>, tensor<?x8xbf16>, tensor<?xi64>)
  return %y : tensor<?x?x8xf32>
}

// CHECK-LABEL: @steps
func.func @steps(%n: index, %h0: tensor<f32>) -> tensor<?xf32> {
  // CHECK: seq.scan () steps(%{{.*}}) initial(%{{.*}}) lift {
  %one = arith.constant dense<1.0> : tensor<f32>
  %y, %l = seq.scan () steps(%n) initial(%h0) lift {
    seq.yield next(%one : tensor<f32>)
  } combine(%a: tensor<f32>) with(%b: tensor<f32>) {
    %c = arith.addf %a, %b : tensor<f32>
    seq.yield next(%c : tensor<f32>)
  } : (index, tensor<f32>) -> (tensor<?xf32>, tensor<f32>)
  return %y : tensor<?xf32>
}

// CHECK-LABEL: @combine
func.func @combine(%u: tensor<?x8xf32>, %h0: tensor<8xf32>) -> tensor<8xf32> {
  // CHECK: %[[N:.*]] = seq.combine(%{{.*}}) with(%{{.*}}) {
  // CHECK: } : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  // CHECK: seq.yield next(%[[N]] : tensor<8xf32>)
  %l = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = seq.combine(%h) with(%x) {
    ^bb0(%a: tensor<8xf32>, %b: tensor<8xf32>):
      %c = arith.maximumf %a, %b : tensor<8xf32>
      seq.yield next(%c : tensor<8xf32>)
    } : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>)
  } : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %l : tensor<8xf32>
}
