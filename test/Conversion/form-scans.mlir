// RUN: %seqc-opt %s --seq-form-scans="all" | FileCheck %s
// RUN: %seqc-opt %s --seq-form-scans="all inline-combines" | FileCheck %s --check-prefix=INLINED
// RUN: %seqc-opt %s --seq-form-scans | FileCheck %s --check-prefix=INLINED

// INLINED-NOT: seq.combine

// The coefficient is a second component, at first 1.
// CHECK-LABEL: func.func @affine
// CHECK: %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
// CHECK: %[[ONES:.*]] = linalg.fill ins(%[[ONE]] : f32)
// CHECK: seq.recurrence ({{.*}}) states(%[[H:.*]]: tensor<8xf32> = %{{.*}}, %[[A:.*]]: tensor<8xf32> = %[[ONES]])
// CHECK: %[[C:.*]]:2 = seq.combine(%[[H]], %[[A]]) with(%[[X:.*]], %[[X]]) {
// CHECK-NEXT: ^bb0(%[[H1:.*]]: tensor<8xf32>, %[[A1:.*]]: tensor<8xf32>, %[[H2:.*]]: tensor<8xf32>, %[[A2:.*]]: tensor<8xf32>):
// CHECK-DAG: arith.mulf
// CHECK-DAG: arith.addf
// CHECK: seq.yield next
// CHECK: %[[Y:.*]] = arith.negf %[[C]]#0
// CHECK: seq.yield next(%[[C]]#0, %[[C]]#1 : {{.*}}) out(%[[Y]] : tensor<8xf32>)
func.func @affine(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %a = arith.mulf %x, %h : tensor<8xf32>
    %n = arith.addf %a, %x : tensor<8xf32>
    %o = arith.negf %n : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%o : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}

// 1 - k is rounded; a third component has what that took, and no rule but the later element's.
// CHECK-LABEL: func.func @average
// CHECK: %[[C:.*]]:3 = seq.combine(%{{.*}}, %{{.*}}, %{{.*}}) with(%{{.*}}, %{{.*}}, %{{.*}}) {
// CHECK-NEXT: ^bb0({{.*}}, %[[LOW:[^,]*]]: tensor<8xf32>):
// CHECK: seq.yield next(%{{.*}}, %{{.*}}, %[[LOW]] :
// CHECK: factors = array<i64: 0, 1, 0>, lows = array<i64: 1>
func.func @average(%u: tensor<?x8xf32>, %k: tensor<8xf32>, %h0: tensor<8xf32>) -> tensor<8xf32> {
  %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %d = arith.subf %x, %h : tensor<8xf32>
    %m = arith.mulf %k, %d : tensor<8xf32>
    %n = arith.addf %h, %m : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>)
  } : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %last : tensor<8xf32>
}

// A running maximum needs no other component.
// CHECK-LABEL: func.func @maximum
// CHECK: seq.combine(%{{.*}}) with(%{{.*}}) {
// CHECK: arith.maximumf
func.func @maximum(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.maximumf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %last : tensor<?x8xf32>
}

// A rotation keeps two of its four entries: h, g, a, b.
// CHECK-LABEL: func.func @complex
// CHECK: seq.combine(%{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}}) with
func.func @complex(%a: tensor<?x?x8xf32>, %b: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %re, %im = seq.recurrence (%c: tensor<8xf32> in %a, %s: tensor<8xf32> in %b)
      states(%h: tensor<8xf32> = %h0, %g: tensor<8xf32> = %h0) {
    %0 = arith.mulf %c, %h : tensor<8xf32>
    %1 = arith.mulf %s, %g : tensor<8xf32>
    %2 = arith.subf %0, %1 : tensor<8xf32>
    %3 = arith.mulf %s, %h : tensor<8xf32>
    %4 = arith.mulf %c, %g : tensor<8xf32>
    %5 = arith.addf %3, %4 : tensor<8xf32>
    seq.yield next(%2, %5 : tensor<8xf32>, tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %re : tensor<?x8xf32>
}

// The flag of resets is a component of its own.
// CHECK-LABEL: func.func @resets
// CHECK: seq.combine(%{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}}) with
// CHECK: : (tensor<8xf32>, tensor<8xf32>, tensor<8xi1>,
func.func @resets(%u: tensor<?x?x8xf32>, %r: tensor<?x?x8xi1>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %last = seq.recurrence (%x: tensor<8xf32> in %u, %f: tensor<8xi1> in %r, %i: tensor<8xf32> given %h0)
      states(%h: tensor<8xf32> = %h0) {
    %s = arith.select %f, %i, %h : tensor<8xi1>, tensor<8xf32>
    %a = arith.mulf %x, %s : tensor<8xf32>
    %n = arith.addf %a, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x?x8xi1>, tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %last : tensor<?x8xf32>
}

// A declared combination that starts over: the element of a reset is combined with the initial value.
// CHECK-LABEL: func.func @declared_resets
// CHECK: %[[R:.*]]:2 = seq.recurrence (%[[X:.*]]: tensor<8xf32> in %{{.*}}, %[[F:.*]]: tensor<i1> in %{{.*}}, %[[I:.*]]: tensor<8xf32> given %{{.*}}) states(%[[H:.*]]: tensor<8xf32> = %{{.*}}, %[[P:.*]]: tensor<8xi1> = %{{.*}}) {
// CHECK: %[[FLAG:.*]] = linalg.generic {{.*}} ins(%[[F]] : tensor<i1>)
// CHECK: %[[SUM:.*]] = arith.addf %[[I]], %[[X]]
// CHECK: %[[E:.*]] = arith.select %[[FLAG]], %[[SUM]], %[[X]]
// CHECK: %[[C:.*]]:2 = seq.combine(%[[H]], %[[P]]) with(%[[E]], %[[FLAG]]) {
// CHECK-NEXT: ^bb0(%[[A:.*]]: tensor<8xf32>, %[[P1:.*]]: tensor<8xi1>, %[[B:.*]]: tensor<8xf32>, %[[P2:.*]]: tensor<8xi1>):
// CHECK: %[[AB:.*]] = arith.addf %[[A]], %[[B]]
// CHECK: %[[N:.*]] = arith.select %[[P2]], %[[B]], %[[AB]]
// CHECK: %[[Q:.*]] = arith.ori %[[P1]], %[[P2]]
// CHECK: seq.yield next(%[[N]], %[[Q]] :
// CHECK: seq.yield next(%[[C]]#0, %[[C]]#1 :
func.func @declared_resets(%u: tensor<?x?x8xf32>, %r: tensor<?x?xi1>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %last = seq.recurrence (%x: tensor<8xf32> in %u, %f: tensor<i1> in %r, %i: tensor<8xf32> given %h0)
      states(%h: tensor<8xf32> = %h0) {
    %e = tensor.empty() : tensor<8xf32>
    %s = linalg.generic {indexing_maps = [affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
        iterator_types = ["parallel"]} ins(%f, %i, %h : tensor<i1>, tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) {
    ^bb0(%c: i1, %a: f32, %b: f32, %o: f32):
      %v = arith.select %c, %a, %b : f32
      linalg.yield %v : f32
    } -> tensor<8xf32>
    %n = seq.combine(%s) with(%x) {
    ^bb0(%a: tensor<8xf32>, %b: tensor<8xf32>):
      %v = arith.addf %a, %b : tensor<8xf32>
      seq.yield next(%v : tensor<8xf32>)
    } : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x?xi1>, tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %last : tensor<?x8xf32>
}
