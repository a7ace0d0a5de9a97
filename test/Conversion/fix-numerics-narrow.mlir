// RUN: seqc-opt %s --seq-fix-numerics | FileCheck %s
// bf16 and f16 are computed in f32 and rounded after each op.

// CHECK-LABEL: func @bf16
// CHECK-NOT: arith.{{addf|mulf}} {{.*}} : bf16
// CHECK: arith.mulf {{.*}} : f32
// CHECK: arith.constant 32767 : i32
// CHECK: arith.cmpf uno
// CHECK: arith.trunci {{.*}} : i32 to i16
// CHECK: arith.bitcast {{.*}} : i16 to bf16
// CHECK: arith.addf {{.*}} : f32
// CHECK-NOT: math.fma
// CHECK-NOT: arith.{{extf|truncf}}
// CHECK: return
func.func @bf16(%a: bf16, %b: bf16) -> bf16 {
  %m = arith.mulf %a, %b : bf16
  %s = arith.addf %m, %a : bf16
  return %s : bf16
}

// CHECK-LABEL: func @f16
// CHECK: arith.extf
// CHECK: arith.mulf {{.*}} : f32
// CHECK: arith.truncf {{.*}} : f32 to f16
func.func @f16(%a: f16, %b: f16) -> f16 {
  %m = arith.mulf %a, %b : f16
  return %m : f16
}

// A function is computed in f32 and rounded once.
// CHECK-LABEL: func @tanh
// CHECK-NOT: math.tanh
// CHECK: arith.mulf {{.*}} : vector<4xf32>
// CHECK: return {{.*}} : vector<4xbf16>
func.func @tanh(%a: vector<4xbf16>) -> vector<4xbf16> {
  %m = math.tanh %a : vector<4xbf16>
  return %m : vector<4xbf16>
}

// CHECK-LABEL: func @conversions
// CHECK: arith.shli
// CHECK: arith.shrui
// CHECK-NOT: arith.{{extf|truncf}}
// CHECK: return
func.func @conversions(%a: bf16, %b: f32) -> (f32, bf16) {
  %w = arith.extf %a : bf16 to f32
  %n = arith.truncf %b : f32 to bf16
  return %w, %n : f32, bf16
}
