// RUN: seqc-opt %s --seq-fix-numerics | FileCheck %s
// RUN: seqc-opt %s --seq-fix-numerics=fast-division | FileCheck %s --check-prefix=DIVIDE
// RUN: seqc-opt %s --seq-fix-numerics=precise | FileCheck %s --check-prefix=PRECISE

// Every spelling of the sigmoid clamps at -104 (what exp does too) and at 64 (what only it does).
// CHECK-LABEL: func @sigmoids
// CHECK-COUNT-5: constant 6.400000e+01 : f32
// CHECK-NOT: math.exp
// CHECK-NOT: arith.divf
// CHECK: return
// DIVIDE-LABEL: func @sigmoids
// DIVIDE-COUNT-5: arith.divf
// PRECISE-LABEL: func @sigmoids
// PRECISE-COUNT-5: math.exp
func.func @sigmoids(%x: f32, %y: f32) -> (f32, f32, f32, f32, f32) {
  %one = arith.constant 1.0 : f32
  %zero = arith.constant 0.0 : f32
  %minus = arith.constant -1.0 : f32
  %n0 = arith.negf %x : f32
  %e0 = math.exp %n0 : f32
  %d0 = arith.addf %one, %e0 : f32
  %r0 = arith.divf %one, %d0 : f32
  %n1 = arith.subf %zero, %x : f32
  %e1 = math.exp %n1 : f32
  %d1 = arith.addf %e1, %one : f32
  %r1 = arith.divf %one, %d1 : f32
  %n2 = arith.mulf %x, %minus : f32
  %e2 = math.exp %n2 : f32
  %d2 = arith.addf %one, %e2 : f32
  %r2 = arith.divf %one, %d2 : f32
  // silu
  %n3 = arith.negf %x : f32
  %e3 = math.exp %n3 : f32
  %d3 = arith.addf %one, %e3 : f32
  %r3 = arith.divf %x, %d3 : f32
  // exp(x) / (1 + exp(x))
  %e4 = math.exp %y : f32
  %d4 = arith.addf %one, %e4 : f32
  %r4 = arith.divf %e4, %d4 : f32
  return %r0, %r1, %r2, %r3, %r4 : f32, f32, f32, f32, f32
}

// Softplus never takes exp of a positive number: it starts from |x|.
// CHECK-LABEL: func @softplus
// CHECK-COUNT-2: math.absf
// CHECK-NOT: math.exp
// CHECK-NOT: math.log
// CHECK: return
// PRECISE-LABEL: func @softplus
// PRECISE: math.log1p
// PRECISE: math.log %
func.func @softplus(%x: f32) -> (f32, f32) {
  %one = arith.constant 1.0 : f32
  %e = math.exp %x : f32
  %a = math.log1p %e : f32
  %s = arith.addf %e, %one : f32
  %b = math.log %s : f32
  return %a, %b : f32, f32
}

// CHECK-LABEL: func @all
// CHECK-NOT: math.{{exp|exp2|expm1|log|log2|log10|log1p|tanh|erf|rsqrt|sin|cos|tan|powf}}{{ }}
// CHECK: return
// PRECISE-LABEL: func @all
// PRECISE: math.exp
// PRECISE: math.tanh
func.func @all(%x: f32, %y: f32) -> f32 {
  %0 = math.exp %x : f32
  %1 = math.exp2 %0 : f32
  %2 = math.expm1 %1 : f32
  %3 = math.log %2 : f32
  %4 = math.log2 %3 : f32
  %5 = math.log10 %4 : f32
  %6 = math.log1p %5 : f32
  %7 = math.tanh %6 : f32
  %8 = math.erf %7 : f32
  %9 = math.rsqrt %8 : f32
  %10 = math.sin %9 : f32
  %11 = math.cos %10 : f32
  %12 = math.tan %11 : f32
  %13 = math.powf %12, %y : f32
  return %13 : f32
}

// f64 has its own polynomials; its sin stays for the C library.
// CHECK-LABEL: func @doubles
// CHECK-NOT: math.exp
// CHECK: math.sin
// CHECK-NOT: math.tanh
// CHECK: return
func.func @doubles(%x: vector<8xf64>) -> vector<8xf64> {
  %0 = math.exp %x : vector<8xf64>
  %1 = math.sin %0 : vector<8xf64>
  %2 = math.tanh %1 : vector<8xf64>
  return %2 : vector<8xf64>
}

// CHECK-LABEL: func @small_powers
// CHECK-SAME: (%[[X:.*]]: f64)
// CHECK: arith.mulf %[[X]], %[[X]]
// CHECK: arith.divf %{{.*}}, %[[X]]
func.func @small_powers(%x: f64) -> (f64, f64) {
  %two = arith.constant 2.0 : f64
  %minus = arith.constant -1.0 : f64
  %a = math.powf %x, %two : f64
  %b = math.powf %x, %minus : f64
  return %a, %b : f64, f64
}
