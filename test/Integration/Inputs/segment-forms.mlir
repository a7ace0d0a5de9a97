// Steps in forms that plan `segments` has to see through. Every function has a batch B and T steps.

// All kinds of operands; the row's own value and the weights do not depend on time.
func.func @kinds(%x: tensor<?x?x3xbf16> {seqc.dims = ["B", "T"]}, %s: tensor<?xf32> {seqc.dims = ["T"]},
    %g: tensor<?x3xf32> {seqc.dims = ["B"]}, %d: tensor<3xf32>, %h0: tensor<?x3xf32> {seqc.dims = ["B"]})
    -> (tensor<?x?x3xf32>, tensor<?x3xf32>) {
  %y, %l = seq.recurrence (%x_t: tensor<3xbf16> in %x, %s_t: tensor<f32> shared %s, %c: tensor<3xf32> given %g)
      states(%h: tensor<3xf32> = %h0) {
    %e = tensor.empty() : tensor<3xf32>
    %w = arith.extf %x_t : tensor<3xbf16> to tensor<3xf32>
    %b = linalg.broadcast ins(%s_t : tensor<f32>) outs(%e : tensor<3xf32>) dimensions = [0]
    %m = arith.mulf %h, %d : tensor<3xf32>
    %a = arith.addf %m, %c : tensor<3xf32>
    %n = arith.addf %a, %w : tensor<3xf32>
    %t = math.tanh %n : tensor<3xf32>
    %o = arith.mulf %t, %b : tensor<3xf32>
    seq.yield next(%o : tensor<3xf32>) out(%t : tensor<3xf32>)
  } : (tensor<?x?x3xbf16>, tensor<?xf32>, tensor<?x3xf32>, tensor<?x3xf32>) -> (tensor<?x?x3xf32>, tensor<?x3xf32>)
  return %y, %l : tensor<?x?x3xf32>, tensor<?x3xf32>
}

// Two states of a matrix that read a row and a column each; both start from one tensor, swap places,
// and only one of the finals is asked for.
func.func @matrix(%x: tensor<?x?x4xf32> {seqc.dims = ["B", "T"]}, %k: tensor<?x?x2xf32> {seqc.dims = ["B", "T"]},
    %h0: tensor<?x2x4xf32> {seqc.dims = ["B"]}) -> (tensor<?x?x2x4xf32>, tensor<?x2x4xf32>) {
  %y, %l, %m = seq.recurrence (%x_t: tensor<4xf32> in %x, %k_t: tensor<2xf32> in %k)
      states(%h: tensor<2x4xf32> = %h0, %c: tensor<2x4xf32> = %h0) {
    %e = tensor.empty() : tensor<2x4xf32>
    %half = arith.constant dense<0.5> : tensor<2x4xf32>
    %b = linalg.broadcast ins(%x_t : tensor<4xf32>) outs(%e : tensor<2x4xf32>) dimensions = [0]
    %r = linalg.broadcast ins(%k_t : tensor<2xf32>) outs(%e : tensor<2x4xf32>) dimensions = [1]
    %g = math.tanh %r : tensor<2x4xf32>
    %p = arith.mulf %g, %c : tensor<2x4xf32>
    %q = arith.addf %p, %b : tensor<2x4xf32>
    %n = arith.mulf %half, %h : tensor<2x4xf32>
    %o = arith.subf %n, %q : tensor<2x4xf32>
    seq.yield next(%q, %n : tensor<2x4xf32>, tensor<2x4xf32>) out(%o : tensor<2x4xf32>)
  } : (tensor<?x?x4xf32>, tensor<?x?x2xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>)
      -> (tensor<?x?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>)
  return %y, %m : tensor<?x?x2x4xf32>, tensor<?x2x4xf32>
}

// One after the other, with work before, between and behind; the second runs backwards.
func.func @chain(%x: tensor<?x?x2xf32> {seqc.dims = ["B", "T"]}, %h0: tensor<?x2xf32> {seqc.dims = ["B"]})
    -> (tensor<?x?x2xf32>, tensor<?x2xf32>) {
  %u = math.tanh %x : tensor<?x?x2xf32>
  %y, %l = seq.recurrence (%x_t: tensor<2xf32> in %u) states(%h: tensor<2xf32> = %h0) {
    %t = math.tanh %h : tensor<2xf32>
    %n = arith.addf %t, %x_t : tensor<2xf32>
    seq.yield next(%n : tensor<2xf32>) out(%n : tensor<2xf32>)
  } : (tensor<?x?x2xf32>, tensor<?x2xf32>) -> (tensor<?x?x2xf32>, tensor<?x2xf32>)
  %v = arith.mulf %y, %x : tensor<?x?x2xf32>
  %z, %k = seq.recurrence reverse (%x_t: tensor<2xf32> in %v, %o_t: tensor<2xf32> in %y)
      states(%h: tensor<2xf32> = %l) {
    %c = arith.cmpf ogt, %x_t, %o_t : tensor<2xf32>
    %a = arith.addf %h, %x_t : tensor<2xf32>
    %n = arith.select %c, %a, %o_t : tensor<2xi1>, tensor<2xf32>
    seq.yield next(%n : tensor<2xf32>) out(%a : tensor<2xf32>)
  } : (tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x2xf32>) -> (tensor<?x?x2xf32>, tensor<?x2xf32>)
  %w = math.exp %z : tensor<?x?x2xf32>
  return %w, %k : tensor<?x?x2xf32>, tensor<?x2xf32>
}

// States of small and of large integers, of bf16, and of f64, side by side; nothing but finals.
func.func @widths(%x: tensor<?x?x3xi16> {seqc.dims = ["B", "T"]}, %a0: tensor<?x3xi8> {seqc.dims = ["B"]},
    %b0: tensor<?x3xi64> {seqc.dims = ["B"]}, %c0: tensor<?x3xbf16> {seqc.dims = ["B"]},
    %d0: tensor<?x3xf64> {seqc.dims = ["B"]}) -> (tensor<?x3xi8>, tensor<?x3xi64>, tensor<?x3xbf16>, tensor<?x3xf64>) {
  %l:4 = seq.recurrence (%x_t: tensor<3xi16> in %x) states(%a: tensor<3xi8> = %a0, %b: tensor<3xi64> = %b0,
      %c: tensor<3xbf16> = %c0, %d: tensor<3xf64> = %d0) {
    %half = arith.constant dense<0.5> : tensor<3xf32>
    %tenth = arith.constant dense<0.1> : tensor<3xf64>
    %s = arith.trunci %x_t : tensor<3xi16> to tensor<3xi8>
    %na = arith.xori %a, %s : tensor<3xi8>
    %w = arith.extsi %na : tensor<3xi8> to tensor<3xi64>
    %nb = arith.maxsi %b, %w : tensor<3xi64>
    %f = arith.sitofp %x_t : tensor<3xi16> to tensor<3xf32>
    %cw = arith.extf %c : tensor<3xbf16> to tensor<3xf32>
    %p = arith.mulf %cw, %half : tensor<3xf32>
    %q = arith.addf %p, %f : tensor<3xf32>
    %nc = arith.truncf %q : tensor<3xf32> to tensor<3xbf16>
    %e = arith.extf %q : tensor<3xf32> to tensor<3xf64>
    %r = arith.mulf %d, %tenth : tensor<3xf64>
    %nd = arith.addf %r, %e : tensor<3xf64>
    seq.yield next(%na, %nb, %nc, %nd : tensor<3xi8>, tensor<3xi64>, tensor<3xbf16>, tensor<3xf64>)
  } {narrow_state} : (tensor<?x?x3xi16>, tensor<?x3xi8>, tensor<?x3xi64>, tensor<?x3xbf16>, tensor<?x3xf64>)
      -> (tensor<?x3xi8>, tensor<?x3xi64>, tensor<?x3xbf16>, tensor<?x3xf64>)
  return %l#0, %l#1, %l#2, %l#3 : tensor<?x3xi8>, tensor<?x3xi64>, tensor<?x3xbf16>, tensor<?x3xf64>
}

// As many steps as an argument says; without any input all segments but the first start alike.
func.func @counted(%n: index, %h0: tensor<?x4xf32> {seqc.dims = ["B"]}) -> tensor<?x4xf32> {
  %half = arith.constant dense<0.5> : tensor<4xf32>
  %l = seq.recurrence () steps(%n) states(%h: tensor<4xf32> = %h0) {
    %t = math.tanh %h : tensor<4xf32>
    %s = arith.subf %t, %half : tensor<4xf32>
    seq.yield next(%s : tensor<4xf32>)
  } : (index, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %l : tensor<?x4xf32>
}

// A choice by a flag of the step; resets to what the row starts from.
func.func @branch(%x: tensor<?x?x3xf32> {seqc.dims = ["B", "T"]}, %p: tensor<?x?xi1> {seqc.dims = ["B", "T"]},
    %r: tensor<?x?xi1> {seqc.dims = ["B", "T"]}, %h0: tensor<?x3xf32> {seqc.dims = ["B"]})
    -> (tensor<?x?x3xf32>, tensor<?x3xf32>) {
  %y, %l = seq.recurrence (%x_t: tensor<3xf32> in %x, %p_t: tensor<i1> in %p) resets(%r)
      states(%h: tensor<3xf32> = %h0) {
    %e = tensor.empty() : tensor<3xi1>
    %f = linalg.broadcast ins(%p_t : tensor<i1>) outs(%e : tensor<3xi1>) dimensions = [0]
    %a = arith.addf %h, %x_t : tensor<3xf32>
    %b = math.tanh %h : tensor<3xf32>
    %n = arith.select %f, %a, %b : tensor<3xi1>, tensor<3xf32>
    seq.yield next(%n : tensor<3xf32>) out(%h : tensor<3xf32>)
  } : (tensor<?x?x3xf32>, tensor<?x?xi1>, tensor<?x?xi1>, tensor<?x3xf32>) -> (tensor<?x?x3xf32>, tensor<?x3xf32>)
  return %y, %l : tensor<?x?x3xf32>, tensor<?x3xf32>
}

// A complex number, its parts beside each other in memory.
func.func @complex(%x: tensor<?x?x3xcomplex<f32>> {seqc.dims = ["B", "T"]}, %w: tensor<3xcomplex<f32>>,
    %h0: tensor<?x3xcomplex<f32>> {seqc.dims = ["B"]}) -> (tensor<?x?x3xcomplex<f32>>, tensor<?x3xcomplex<f32>>) {
  %y, %l = seq.recurrence (%x_t: tensor<3xcomplex<f32>> in %x) states(%h: tensor<3xcomplex<f32>> = %h0) {
    %e = tensor.empty() : tensor<3xcomplex<f32>>
    %n = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>,
        affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%w, %h, %x_t : tensor<3xcomplex<f32>>, tensor<3xcomplex<f32>>, tensor<3xcomplex<f32>>)
        outs(%e : tensor<3xcomplex<f32>>) {
    ^bb0(%a: complex<f32>, %b: complex<f32>, %c: complex<f32>, %o: complex<f32>):
      %m = complex.mul %a, %b : complex<f32>
      %s = complex.add %m, %c : complex<f32>
      linalg.yield %s : complex<f32>
    } -> tensor<3xcomplex<f32>>
    seq.yield next(%n : tensor<3xcomplex<f32>>) out(%n : tensor<3xcomplex<f32>>)
  } : (tensor<?x?x3xcomplex<f32>>, tensor<?x3xcomplex<f32>>) -> (tensor<?x?x3xcomplex<f32>>, tensor<?x3xcomplex<f32>>)
  return %y, %l : tensor<?x?x3xcomplex<f32>>, tensor<?x3xcomplex<f32>>
}

// Static sizes: two rows, 800 steps, no batch in the second.
func.func @fixed(%x: tensor<2x800x5xf32>, %h0: tensor<2x5xf32>, %u: tensor<800xf32>, %k0: tensor<f32>)
    -> (tensor<2x800x5xf32>, tensor<2x5xf32>, tensor<800xf32>, tensor<f32>) {
  %y, %l = seq.recurrence (%x_t: tensor<5xf32> in %x) states(%h: tensor<5xf32> = %h0) {
    %t = math.tanh %h : tensor<5xf32>
    %n = arith.addf %t, %x_t : tensor<5xf32>
    seq.yield next(%n : tensor<5xf32>) out(%t : tensor<5xf32>)
  } : (tensor<2x800x5xf32>, tensor<2x5xf32>) -> (tensor<2x800x5xf32>, tensor<2x5xf32>)
  %z, %k = seq.recurrence (%x_t: tensor<f32> in %u) states(%h: tensor<f32> = %k0) {
    %n = arith.maximumf %h, %x_t : tensor<f32>
    seq.yield next(%n : tensor<f32>) out(%n : tensor<f32>)
  } : (tensor<800xf32>, tensor<f32>) -> (tensor<800xf32>, tensor<f32>)
  return %y, %l, %z, %k : tensor<2x800x5xf32>, tensor<2x5xf32>, tensor<800xf32>, tensor<f32>
}
