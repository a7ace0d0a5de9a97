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
