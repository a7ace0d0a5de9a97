// RUN: seqc-opt %s --seq-fix-numerics | FileCheck %s
// A minimum or maximum with a constant is one compare and one select; NaN and the order of
// zeros stay what arith says.

// CHECK-LABEL: func @maximum
// CHECK-SAME: (%[[X:.*]]: f32)
func.func @maximum(%x: f32) -> (f32, f32, f32) {
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00
  // CHECK-DAG: %[[FIVE:.*]] = arith.constant 5.000000e+00
  %zero = arith.constant 0.0 : f32
  %five = arith.constant 5.0 : f32
  // CHECK: %[[P:.*]] = arith.cmpf ole, %[[X]], %[[ZERO]]
  // CHECK: arith.select %[[P]], %[[ZERO]], %[[X]]
  %a = arith.maximumf %x, %zero : f32
  // CHECK: %[[Q:.*]] = arith.cmpf ogt, %[[X]], %[[FIVE]]
  // CHECK: arith.select %[[Q]], %[[FIVE]], %[[X]]
  %b = arith.minimumf %five, %x : f32
  // CHECK: %[[R:.*]] = arith.cmpf ogt, %[[X]], %[[ZERO]]
  // CHECK: arith.select %[[R]], %[[X]], %[[ZERO]]
  %c = arith.maxnumf %x, %zero : f32
  return %a, %b, %c : f32, f32, f32
}

// Two variables: maximumf stays, maxnumf takes the number.
// CHECK-LABEL: func @variables
func.func @variables(%x: f32, %y: f32) -> (f32, f32) {
  // CHECK: arith.maximumf
  %a = arith.maximumf %x, %y : f32
  // CHECK: arith.cmpf ogt
  // CHECK: arith.cmpf uno
  %b = arith.maxnumf %x, %y : f32
  return %a, %b : f32, f32
}

// CHECK-LABEL: func @clamp
// CHECK-NOT: math.clampf
// CHECK: arith.cmpf olt
// CHECK: arith.cmpf ogt
func.func @clamp(%x: f32) -> f32 {
  %low = arith.constant -2.0 : f32
  %high = arith.constant 2.0 : f32
  %a = math.clampf %x to [%low, %high] : f32
  return %a : f32
}
