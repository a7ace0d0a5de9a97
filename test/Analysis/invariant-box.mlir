// RUN: %seqc-opt %s --seqc-explain-steps --remark-format=emitRemark --remarks-filter="seqc.*" --remark-policy=all 2>&1 | FileCheck %s

!v = tensor<8xf32>
!w = tensor<?x?x8xf32>
!s = tensor<?x8xf32>

// CHECK: Function=gru {{.*}} box="%h stays in the hull of [-1, 1] and the initial value of %h"
func.func @gru(%u: !w, %r: tensor<8x8xf32>, %h0: !s) -> !s {
  %one = arith.constant dense<1.0> : !v
  %last = seq.recurrence (%x: !v in %u) states(%h: !v = %h0) {
    // A gate that mixes elements is a gate.
    %s = linalg.matvec ins(%r, %h : tensor<8x8xf32>, !v) outs(%x : !v) -> !v
    %m = arith.negf %s : !v
    %e = math.exp %m : !v
    %d = arith.addf %e, %one : !v
    %z = arith.divf %one, %d : !v
    %n = math.tanh %s : !v
    %k = arith.subf %one, %z : !v
    %a = arith.mulf %n, %k : !v
    %b = arith.mulf %z, %h : !v
    %next = arith.addf %b, %a : !v
    seq.yield next(%next : !v)
  } : (!w, !s) -> !s
  return %last : !s
}

// h + z (n - h), as an op and as a fused multiply-add of a clamped gate.
// CHECK: Function=lerp {{.*}} box="state #0 stays in the hull of [-1, 1] and the initial value of state #0, state #1 stays in the hull of [-1, 1] and the initial value of state #1"
func.func @lerp(%u: !w, %h0: !s) -> !s {
  %zero = arith.constant dense<0.0> : !v
  %one = arith.constant dense<1.0> : !v
  %a, %b = seq.recurrence (%x: !v in %u) states(%h: !v = %h0, %g: !v = %h0) {
    %n = math.tanh %h : !v
    %p = arith.maximumf %x, %zero : !v
    %z = arith.minimumf %p, %one : !v
    %d = arith.subf %n, %h : !v
    %s = arith.mulf %d, %z : !v
    %0 = arith.addf %s, %h : !v
    %e = arith.subf %n, %g : !v
    %1 = math.fma %z, %e, %g : !v
    seq.yield next(%0, %1 : !v, !v)
  } : (!w, !s, !s) -> (!s, !s)
  return %a : !s
}

// 1 - σ(x) is σ(-x); shares e^a / (e^a + e^b) sum to 1.
// CHECK: Function=complements {{.*}} box="state #0 stays in the hull of [-1, 1] and the initial value of state #0, state #1 stays in the hull of [-1, 1] and the initial value of state #1"
func.func @complements(%u: !w, %v: !w, %h0: !s) -> !s {
  %one = arith.constant dense<1.0> : !v
  %a, %b = seq.recurrence (%x: !v in %u, %y: !v in %v) states(%h: !v = %h0, %g: !v = %h0) {
    %n = math.tanh %h : !v
    %m = arith.negf %x : !v
    %e = math.exp %m : !v
    %f = math.exp %x : !v
    %de = arith.addf %one, %e : !v
    %df = arith.addf %one, %f : !v
    %z = arith.divf %one, %de : !v
    %k = arith.divf %one, %df : !v
    %0 = arith.mulf %z, %n : !v
    %1 = arith.mulf %k, %h : !v
    %2 = arith.addf %0, %1 : !v
    %ey = math.exp %y : !v
    %sum = arith.addf %f, %ey : !v
    %i = arith.divf %f, %sum : !v
    %j = arith.divf %ey, %sum : !v
    %3 = arith.mulf %i, %n : !v
    %4 = arith.mulf %j, %g : !v
    %5 = arith.addf %3, %4 : !v
    seq.yield next(%2, %5 : !v, !v)
  } : (!w, !w, !s, !s) -> (!s, !s)
  return %a : !s
}

// An LSTM: gates that do not know of each other; its output is bounded.
// CHECK: Function=lstm {{.*}} box="state #0 stays in [-1, 1], state #1 has no box"
func.func @lstm(%u: !w, %h0: !s) -> !s {
  %one = arith.constant dense<1.0> : !v
  %half = arith.constant dense<0.5> : !v
  %a, %b = seq.recurrence (%x: !v in %u) states(%h: !v = %h0, %c: !v = %h0) {
    %s = arith.addf %x, %h : !v
    %t = math.tanh %s : !v
    %t1 = arith.addf %t, %one : !v
    %i = arith.mulf %t1, %half : !v
    %e = math.exp %s : !v
    %d = arith.addf %one, %e : !v
    %f = arith.divf %one, %d : !v
    %0 = arith.mulf %f, %c : !v
    %1 = arith.mulf %i, %t : !v
    %2 = arith.addf %0, %1 : !v
    %tc = math.tanh %2 : !v
    %3 = arith.mulf %i, %tc : !v
    seq.yield next(%3, %2 : !v, !v)
  } : (!w, !s, !s) -> (!s, !s)
  return %a : !s
}

// CHECK: Function=integrator {{.*}} box="%h has no box"
func.func @integrator(%u: !w, %h0: !s) -> !s {
  %last = seq.recurrence (%x: !v in %u) states(%h: !v = %h0) {
    %t = math.tanh %h : !v
    %n = arith.addf %h, %t : !v
    seq.yield next(%n : !v)
  } : (!w, !s) -> !s
  return %last : !s
}

// Weights that exceed 1 together by the last bit of f32, and that do not: 0.9 and 0.1.
// CHECK: Function=weights {{.*}} box="state #0 has no box, state #1 stays in the hull of [-1, 1] and the initial value of state #1"
func.func @weights(%u: !w, %h0: !s) -> !s {
  %a9 = arith.constant dense<0.9> : !v
  %a1 = arith.constant dense<0.1> : !v
  %more = arith.constant dense<0.10000003> : !v
  %a, %b = seq.recurrence (%x: !v in %u) states(%h: !v = %h0, %g: !v = %h0) {
    %n = math.tanh %h : !v
    %0 = arith.mulf %a9, %h : !v
    %1 = arith.mulf %more, %n : !v
    %2 = arith.addf %0, %1 : !v
    %3 = arith.mulf %a9, %g : !v
    %4 = arith.mulf %n, %a1 : !v
    %5 = arith.addf %3, %4 : !v
    seq.yield next(%2, %5 : !v, !v)
  } : (!w, !s, !s) -> (!s, !s)
  return %a : !s
}

// maximumf of NaN is NaN, which no box speaks of; maxnumf makes a number of it, which is in the box.
// A maximum with an input that can be NaN is that input or the state.
// CHECK: Function=clamps {{.*}} box="state #0 stays in [-5, 2], state #1 stays in [-5, 2], state #2 has no box"
func.func @clamps(%u: !w, %h0: !s) -> !s {
  %lo = arith.constant dense<-5.0> : !v
  %hi = arith.constant dense<2.0> : !v
  %a, %b, %c = seq.recurrence (%x: !v in %u) states(%h: !v = %h0, %g: !v = %h0, %k: !v = %h0) {
    %0 = arith.addf %h, %x : !v
    %1 = arith.maximumf %0, %lo : !v
    %2 = arith.minimumf %hi, %1 : !v
    %3 = arith.maxnumf %0, %lo : !v
    %4 = arith.minnumf %hi, %3 : !v
    %t = math.tanh %k : !v
    %5 = arith.maxnumf %x, %t : !v
    seq.yield next(%2, %4, %5 : !v, !v, !v)
  } : (!w, !s, !s, !s) -> (!s, !s, !s)
  return %a : !s
}

// A NaN constant, a gate that is not within [0, 1], and a difference with another state.
// CHECK: Function=traps {{.*}} box="state #0 has no box, state #1 has no box, state #2 has no box"
func.func @traps(%u: !w, %h0: !s) -> !s {
  %nan = arith.constant dense<0x7FC00000> : !v
  %one = arith.constant dense<1.0> : !v
  %a, %b, %c = seq.recurrence (%x: !v in %u) states(%h: !v = %h0, %g: !v = %h0, %k: !v = %h0) {
    %n = math.tanh %h : !v
    %0 = arith.minimumf %nan, %h : !v
    %1 = arith.maximumf %0, %x : !v
    %r = arith.subf %one, %n : !v
    %2 = arith.mulf %n, %g : !v
    %3 = arith.mulf %r, %n : !v
    %4 = arith.addf %2, %3 : !v
    %z = math.absf %n : !v
    %5 = arith.subf %n, %k : !v
    %6 = arith.mulf %z, %5 : !v
    %7 = arith.addf %g, %6 : !v
    seq.yield next(%1, %4, %7 : !v, !v, !v)
  } : (!w, !s, !s, !s) -> (!s, !s, !s)
  return %a : !s
}

// A state that takes over another one's value lies in its hull; with one that has none, it has none.
// CHECK: Function=others {{.*}} box="state #0 stays in the hull of [-1, 1] and the initial value of state #1, state #1 stays in the hull of [-1, 1] and the initial value of state #1, state #2 has no box, state #3 has no box"
func.func @others(%u: !w, %r: tensor<?x?xi1>, %h0: !s) -> !s {
  %a, %b, %c, %d = seq.recurrence (%x: !v in %u, %f: tensor<i1> in %r) states(%h: !v = %h0, %g: !v = %h0, %k: !v = %h0, %l: !v = %h0) {
    %n = math.tanh %x : !v
    %c = tensor.extract %f[] : tensor<i1>
    %0 = arith.select %c, %n, %g : !v
    %1 = arith.select %c, %x, %k : !v
    %2 = arith.minimumf %l, %k : !v
    %3 = math.exp %l : !v
    %4 = arith.minimumf %2, %3 : !v
    seq.yield next(%0, %0, %1, %4 : !v, !v, !v, !v)
  } : (!w, tensor<?x?xi1>, !s, !s, !s, !s) -> (!s, !s, !s, !s)
  return %a : !s
}
