// RUN: %seqc-opt %s --seq-expand-ops | FileCheck %s
// RUN: %seqc-opt %s --canonicalize --cse --seq-expand-ops | FileCheck %s

// Lift, one combination, read; the constant of the combination stays with it, wherever other
// passes have put it.
// CHECK-LABEL: @capped
// CHECK-SAME: %[[U:.*]]: tensor<?x?x8xf32>, %[[H0:.*]]: tensor<?x8xf32>
func.func @capped(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  // CHECK: seq.recurrence reverse (%[[X:.*]]: tensor<8xf32> in %[[U]]) states(%[[H:.*]]: tensor<8xf32> = %[[H0]]) {
  // CHECK: %[[E:.*]] = math.exp %[[X]]
  // CHECK: %[[N:.*]] = seq.combine(%[[H]]) with(%[[E]]) {
  // CHECK: ^bb0(%[[A:.*]]: tensor<8xf32>, %[[B:.*]]: tensor<8xf32>):
  // CHECK-NEXT: %[[CAP:.*]] = arith.constant dense<5.0
  // CHECK-NEXT: %[[C:.*]] = arith.addf %[[A]], %[[B]]
  // CHECK-NEXT: %[[D:.*]] = arith.minimumf %[[C]], %[[CAP]]
  // CHECK: }
  // CHECK: %[[Y:.*]] = arith.subf %[[X]], %[[H]]
  // CHECK: seq.yield next(%[[N]] : tensor<8xf32>) out(%[[Y]] : tensor<8xf32>)
  // CHECK-NEXT: } schedule(<reference>) {time = 0 : i64}
  %y, %last = seq.scan reverse exclusive (%x: tensor<8xf32> in %u) initial(%h0) lift {
    %e = math.exp %x : tensor<8xf32>
    seq.yield next(%e : tensor<8xf32>)
  } combine(%a: tensor<8xf32>) with(%b: tensor<8xf32>) {
    %cap = arith.constant dense<5.0> : tensor<8xf32>
    %c = arith.addf %a, %b : tensor<8xf32>
    %d = arith.minimumf %c, %cap : tensor<8xf32>
    seq.yield next(%d : tensor<8xf32>)
  } read(%x: tensor<8xf32>, %h: tensor<8xf32>) {
    %y = arith.subf %x, %h : tensor<8xf32>
    seq.yield out(%y : tensor<8xf32>)
  } schedule(<reference>) {time = 0 : i64} : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y, %last : tensor<?x?x8xf32>, tensor<?x8xf32>
}
