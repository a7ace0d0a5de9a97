// RUN: %seqc-opt %s --seqc-explain-steps --remark-format=emitRemark --remarks-filter="seqc.*" --remark-policy=all 2>&1 | FileCheck %s
// What a step as a user may write it is proved to be; cell-proofs.py has the cells of the library.

// CHECK: Function=ema {{.*}}proof="affine elementwise"
func.func @ema(%u: tensor<?x?x8xf32>, %alpha: tensor<8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %gap = arith.subf %x, %h : tensor<8xf32>
    %part = arith.mulf %alpha, %gap : tensor<8xf32>
    %n = arith.addf %h, %part : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %last : tensor<?x8xf32>
}

// A second-order filter: the older output is the younger one of before.
// CHECK: Function=second_order {{.*}}class=affine-block(2), proof="affine 2x2 block"
func.func @second_order(%u: tensor<?x?x8xf32>, %a: tensor<8xf32>, %b: tensor<8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y, %z = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0, %g: tensor<8xf32> = %h0) {
    %0 = arith.mulf %a, %h : tensor<8xf32>
    %1 = arith.mulf %b, %g : tensor<8xf32>
    %2 = arith.addf %0, %1 : tensor<8xf32>
    %3 = arith.addf %2, %x : tensor<8xf32>
    seq.yield next(%3, %h : tensor<8xf32>, tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x8xf32>
}

// A maximum that is infinite is no shift: the guard is part of the proof, in either spelling.
// CHECK: Function=guarded {{.*}}proof=softmax
func.func @guarded(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %bottom = arith.constant dense<0xFF800000> : tensor<8xf32>
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %l, %k = seq.recurrence (%x: tensor<8xf32> in %u) states(%m: tensor<8xf32> = %h0, %s: tensor<8xf32> = %h0) {
    %top = arith.maximumf %m, %x : tensor<8xf32>
    %none = arith.cmpf oeq, %top, %bottom : tensor<8xf32>
    %shift = arith.select %none, %zero, %top : tensor<8xi1>, tensor<8xf32>
    %0 = arith.subf %m, %shift : tensor<8xf32>
    %1 = math.exp %0 : tensor<8xf32>
    %2 = arith.subf %x, %shift : tensor<8xf32>
    %3 = math.exp %2 : tensor<8xf32>
    %4 = arith.mulf %s, %1 : tensor<8xf32>
    %5 = arith.addf %4, %3 : tensor<8xf32>
    seq.yield next(%top, %5 : tensor<8xf32>, tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %l : tensor<?x8xf32>
}

// Another guard than that of an infinite maximum is none.
// CHECK: Function=other_guard {{.*}}class=nonlinear
// CHECK-NOT: proof=
func.func @other_guard(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %bottom = arith.constant dense<-1.0> : tensor<8xf32>
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %l, %k = seq.recurrence (%x: tensor<8xf32> in %u) states(%m: tensor<8xf32> = %h0, %s: tensor<8xf32> = %h0) {
    %top = arith.maximumf %m, %x : tensor<8xf32>
    %none = arith.cmpf oeq, %top, %bottom : tensor<8xf32>
    %shift = arith.select %none, %zero, %top : tensor<8xi1>, tensor<8xf32>
    %0 = arith.subf %m, %shift : tensor<8xf32>
    %1 = math.exp %0 : tensor<8xf32>
    %2 = arith.subf %x, %shift : tensor<8xf32>
    %3 = math.exp %2 : tensor<8xf32>
    %4 = arith.mulf %s, %1 : tensor<8xf32>
    %5 = arith.addf %4, %3 : tensor<8xf32>
    seq.yield next(%top, %5 : tensor<8xf32>, tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %l : tensor<?x8xf32>
}

// The index that came with the maximum.
// CHECK: Function=index {{.*}}proof="max with index"
func.func @index(%u: tensor<?x?x8xf32>, %v: tensor<?x?x8xi64>, %h0: tensor<?x8xf32>, %i0: tensor<?x8xi64>) -> tensor<?x8xi64> {
  %l, %k = seq.recurrence (%x: tensor<8xf32> in %u, %now: tensor<8xi64> in %v) states(%m: tensor<8xf32> = %h0, %i: tensor<8xi64> = %i0) {
    %p = arith.cmpf ogt, %x, %m : tensor<8xf32>
    %0 = arith.select %p, %x, %m : tensor<8xi1>, tensor<8xf32>
    %1 = arith.select %p, %now, %i : tensor<8xi1>, tensor<8xi64>
    seq.yield next(%0, %1 : tensor<8xf32>, tensor<8xi64>)
  } : (tensor<?x?x8xf32>, tensor<?x?x8xi64>, tensor<?x8xf32>, tensor<?x8xi64>) -> (tensor<?x8xf32>, tensor<?x8xi64>)
  return %k : tensor<?x8xi64>
}

// A comparison with twice the state is not an order.
// CHECK: Function=no_order {{.*}}class=nonlinear
// CHECK-NOT: proof=
func.func @no_order(%u: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%m: tensor<8xf32> = %h0) {
    %d = arith.addf %m, %m : tensor<8xf32>
    %p = arith.cmpf ogt, %x, %d : tensor<8xf32>
    %0 = arith.select %p, %x, %m : tensor<8xi1>, tensor<8xf32>
    seq.yield next(%0 : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %last : tensor<?x8xf32>
}
