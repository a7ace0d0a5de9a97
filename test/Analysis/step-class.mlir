// RUN: %seqc-opt %s --seqc-explain-steps --remark-format=emitRemark --remarks-filter="seqc.*" --remark-policy=all 2>&1 | FileCheck %s

// CHECK: step-class.mlir:[[#@LINE+4]]:11: remark: [Analysis] class {{.*}} Function=affine {{.*}}Reason="affine and elementwise in every state", class=affine-elementwise
// CHECK: remark: [Analysis] bytes {{.*}} bytes="B·T·32 + B·64", bytes_per_step=32
func.func @affine(%u: tensor<?x?x8xf32> {seqc.dims = ["B", "T"]}, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // A product of the state and an input keeps affinity.
  %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %a = arith.mulf %x, %h : tensor<8xf32>
    %n = arith.addf %a, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %last : tensor<?x8xf32>
}

// CHECK: Function=dense {{.*}}Reason="affine in every state, mixing its elements", class=affine-contraction
// CHECK: Function=dense {{.*}} bytes="batch·steps·64 + batch·64 + 256"
func.func @dense(%u: tensor<?x?x8xf32>, %w: tensor<8x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = linalg.matvec ins(%w, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%x : tensor<8xf32>) -> tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}

// CHECK: Function=tanh {{.*}}Reason="not affine in `%h`: `math.tanh` at step-class.mlir:[[#@LINE+4]]:10 is applied to a value that depends on `%h`", class=nonlinear-elementwise
func.func @tanh(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %a = arith.addf %x, %h : tensor<8xf32>
    %n = math.tanh %a : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %last : tensor<?x8xf32>
}

// Two states that are multiplied; one of them through a matrix.
// CHECK: Function=product {{.*}}Reason="not affine in `state #0`: `arith.mulf` at step-class.mlir:[[#@LINE+4]]:10 multiplies two values that depend on the state, one of them on `state #0`", class=nonlinear-dense
func.func @product(%u: tensor<?x?x8xf32>, %w: tensor<8x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %a, %b = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0, %c: tensor<8xf32> = %h0) {
    %m = linalg.matvec ins(%w, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%x : tensor<8xf32>) -> tensor<8xf32>
    %n = arith.mulf %m, %c : tensor<8xf32>
    seq.yield next(%n, %x : tensor<8xf32>, tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %a : tensor<?x8xf32>
}

// CHECK: Function=forgets {{.*}}Reason="the next states do not depend on the states", class=none
func.func @forgets(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%x : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %last : tensor<?x8xf32>
}

// Two states that mix at the same element only.
// CHECK: Function=rotation {{.*}}Reason="affine in every state, mixing 2 states at the same element", class=affine-block(2), proof="affine complex"
func.func @rotation(%u: tensor<?x?x8xf32>, %c: tensor<8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %a, %b = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0, %g: tensor<8xf32> = %h0) {
    %0 = arith.mulf %c, %h : tensor<8xf32>
    %1 = arith.mulf %x, %g : tensor<8xf32>
    %2 = arith.subf %0, %1 : tensor<8xf32>
    %3 = arith.mulf %x, %h : tensor<8xf32>
    %4 = arith.mulf %c, %g : tensor<8xf32>
    %5 = arith.addf %3, %4 : tensor<8xf32>
    seq.yield next(%2, %5 : tensor<8xf32>, tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %a : tensor<?x8xf32>
}

// CHECK: Function=gated {{.*}}Reason="not affine in `state #0`: {{.*}}", class=nonlinear-block(2)
// CHECK-NOT: proof=
func.func @gated(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %a, %b = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0, %g: tensor<8xf32> = %h0) {
    %0 = math.tanh %h : tensor<8xf32>
    %1 = arith.addf %0, %g : tensor<8xf32>
    %2 = arith.mulf %x, %h : tensor<8xf32>
    seq.yield next(%1, %2 : tensor<8xf32>, tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %a : tensor<?x8xf32>
}

// States that do not read each other are no block; one of them is not affine but a known association.
// CHECK: Function=apart {{.*}}class=nonlinear-elementwise, proof="max-plus and running sum"
func.func @apart(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %a, %b = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0, %g: tensor<8xf32> = %h0) {
    %0 = arith.addf %h, %x : tensor<8xf32>
    %1 = arith.maximumf %0, %x : tensor<8xf32>
    %2 = arith.addf %g, %x : tensor<8xf32>
    seq.yield next(%1, %2 : tensor<8xf32>, tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %a : tensor<?x8xf32>
}

// A branch on a condition that is free of the state is a selection.
// CHECK: Function=branch {{.*}}class=affine-elementwise, proof="affine elementwise"
func.func @branch(%u: tensor<?x?x8xf32>, %f: i1, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = scf.if %f -> tensor<8xf32> {
      %a = arith.mulf %x, %h : tensor<8xf32>
      scf.yield %a : tensor<8xf32>
    } else {
      %a = arith.addf %x, %h : tensor<8xf32>
      scf.yield %a : tensor<8xf32>
    }
    seq.yield next(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %last : tensor<?x8xf32>
}
