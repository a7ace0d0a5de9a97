// RUN: %seqc-opt %s --seq-expand-ops --seq-expand-complex --split-input-file --verify-diagnostics | FileCheck %s

// Border: one tensor of pairs in the memory of the complex one. Step: a state is two states.
// CHECK-LABEL: func.func @diagonal
// CHECK-SAME: %[[A:.*]]: tensor<?x?x8x2xf32> {seqc.complex}, %[[U:.*]]: tensor<?x?x8x2xf32> {seqc.complex}, %[[H:.*]]: tensor<?x8x2xf32> {seqc.complex})
// CHECK-SAME: -> (tensor<?x?x8x2xf32> {seqc.complex}, tensor<?x8x2xf32> {seqc.complex})
func.func @diagonal(%a: tensor<?x?x8xcomplex<f32>>, %u: tensor<?x?x8xcomplex<f32>>, %h: tensor<?x8xcomplex<f32>>)
    -> (tensor<?x?x8xcomplex<f32>>, tensor<?x8xcomplex<f32>>) {
  // CHECK-DAG: %[[AR:.*]] = tensor.extract_slice %[[A]][0, 0, 0, 0] {{.*}} : tensor<?x?x8x2xf32> to tensor<?x?x8xf32>
  // CHECK-DAG: %[[AI:.*]] = tensor.extract_slice %[[A]][0, 0, 0, 1]
  // CHECK-DAG: %[[UR:.*]] = tensor.extract_slice %[[U]][0, 0, 0, 0]
  // CHECK-DAG: %[[UI:.*]] = tensor.extract_slice %[[U]][0, 0, 0, 1]
  // CHECK-DAG: %[[HR:.*]] = tensor.extract_slice %[[H]][0, 0, 0]
  // CHECK-DAG: %[[HI:.*]] = tensor.extract_slice %[[H]][0, 0, 1]
  // CHECK: %[[R:.*]]:3 = seq.recurrence (%{{.*}}: tensor<8xf32> in %[[UR]], %{{.*}}: tensor<8xf32> in %[[UI]], %{{.*}}: tensor<8xf32> in %[[AR]], %{{.*}}: tensor<8xf32> in %[[AI]])
  // CHECK-SAME: states(%{{.*}}: tensor<8xf32> = %[[HR]], %{{.*}}: tensor<8xf32> = %[[HI]])
  // The real half: (a c - b d) + u.
  // CHECK: %[[RE:.*]] = linalg.generic
  // CHECK: ^bb0(%[[A0:.*]]: f32, %[[A1:.*]]: f32, %[[H0:.*]]: f32, %[[H1:.*]]: f32, %[[U0:.*]]: f32, %{{.*}}: f32):
  // CHECK-NEXT: %[[AC:.*]] = arith.mulf %[[A0]], %[[H0]]
  // CHECK-NEXT: %[[BD:.*]] = arith.mulf %[[A1]], %[[H1]]
  // CHECK-NEXT: %[[S:.*]] = arith.subf %[[AC]], %[[BD]]
  // CHECK-NEXT: %[[N:.*]] = arith.addf %[[S]], %[[U0]]
  // CHECK-NEXT: linalg.yield %[[N]]
  // The imaginary half: (a d + b c) + u.
  // CHECK: %[[IM:.*]] = linalg.generic
  // CHECK: ^bb0(%[[A0:.*]]: f32, %[[A1:.*]]: f32, %[[H0:.*]]: f32, %[[H1:.*]]: f32, %[[U1:.*]]: f32, %{{.*}}: f32):
  // CHECK-NEXT: %[[AD:.*]] = arith.mulf %[[A0]], %[[H1]]
  // CHECK-NEXT: %[[BC:.*]] = arith.mulf %[[A1]], %[[H0]]
  // CHECK-NEXT: %[[S:.*]] = arith.addf %[[AD]], %[[BC]]
  // CHECK-NEXT: %[[N:.*]] = arith.addf %[[S]], %[[U1]]
  // CHECK-NEXT: linalg.yield %[[N]]
  // What is only returned is put together in the step.
  // CHECK: %[[FIRST:.*]] = tensor.insert_slice %[[RE]] into %{{.*}}[0, 0] [8, 1] [1, 1] : tensor<8xf32> into tensor<8x2xf32>
  // CHECK-NEXT: %[[PAIRS:.*]] = tensor.insert_slice %[[IM]] into %[[FIRST]][0, 1] [8, 1] [1, 1]
  // CHECK-NEXT: seq.yield next(%[[RE]], %[[IM]] : tensor<8xf32>, tensor<8xf32>) out(%[[PAIRS]] : tensor<8x2xf32>)
  // CHECK: tensor.insert_slice %[[R]]#1
  // CHECK: %[[LAST:.*]] = tensor.insert_slice %[[R]]#2
  // CHECK: return %[[R]]#0, %[[LAST]]
  %y, %l = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h)
      : (tensor<?x?x8xcomplex<f32>>, tensor<?x?x8xcomplex<f32>>, tensor<?x8xcomplex<f32>>)
      -> (tensor<?x?x8xcomplex<f32>>, tensor<?x8xcomplex<f32>>)
  return %y, %l : tensor<?x?x8xcomplex<f32>>, tensor<?x8xcomplex<f32>>
}

// -----

// A constant is split, a reader of one half computes that half alone.
// CHECK-LABEL: func.func @real_part
// CHECK-SAME: %[[X:.*]]: tensor<2x2xf64> {seqc.complex}) -> tensor<2xf64>
// CHECK-NOT: complex.
func.func @real_part(%x: tensor<2xcomplex<f64>>) -> tensor<2xf64> {
  // CHECK-DAG: arith.constant dense<[1.000000e+00, 3.000000e+00]> : tensor<2xf64>
  // CHECK-DAG: arith.constant dense<[2.000000e+00, 4.000000e+00]> : tensor<2xf64>
  %c = arith.constant dense<[(1.0, 2.0), (3.0, 4.0)]> : tensor<2xcomplex<f64>>
  %e = tensor.empty() : tensor<2xf64>
  // CHECK: linalg.generic
  // CHECK: arith.subf
  // CHECK: math.exp
  // CHECK: math.cos
  // CHECK-NOT: math.sin
  // CHECK: linalg.yield
  // CHECK: return
  %r = linalg.map ins(%x, %c : tensor<2xcomplex<f64>>, tensor<2xcomplex<f64>>) outs(%e : tensor<2xf64>)
    (%v: complex<f64>, %w: complex<f64>, %o: f64) {
      %p = complex.mul %v, %w : complex<f64>
      %n = complex.neg %p : complex<f64>
      %j = complex.conj %n : complex<f64>
      %z = complex.exp %j : complex<f64>
      %re = complex.re %z : complex<f64>
      linalg.yield %re : f64
    }
  return %r : tensor<2xf64>
}

// -----

// The two operands of a contraction: each half sums its own products.
// CHECK-LABEL: func.func @contraction
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]
// CHECK: arith.subf
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]
// CHECK-NOT: arith.subf
// CHECK: return
func.func @contraction(%m: tensor<4x8xcomplex<f32>>, %x: tensor<8xcomplex<f32>>, %i: tensor<4xcomplex<f32>>) -> tensor<4xcomplex<f32>> {
  %y = linalg.matvec ins(%m, %x : tensor<4x8xcomplex<f32>>, tensor<8xcomplex<f32>>) outs(%i : tensor<4xcomplex<f32>>) -> tensor<4xcomplex<f32>>
  return %y : tensor<4xcomplex<f32>>
}

// -----

func.func @unknown(%x: tensor<8xcomplex<f32>>) -> tensor<8xcomplex<f32>> {
  %e = tensor.empty() : tensor<8xcomplex<f32>>
  %r = linalg.map ins(%x : tensor<8xcomplex<f32>>) outs(%e : tensor<8xcomplex<f32>>)
    (%v: complex<f32>, %o: complex<f32>) {
      // expected-error @below {{expected complex numbers in create, constant, re, im, add, sub, mul, neg, conj, exp or select, but got 'complex.tanh'}}
      %t = complex.tanh %v : complex<f32>
      linalg.yield %t : complex<f32>
    }
  return %r : tensor<8xcomplex<f32>>
}
