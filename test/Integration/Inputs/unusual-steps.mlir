// A filter: the delay line takes a scalar.
func.func @fir(%x: tensor<?x?xf32> {seqc.dims = ["B", "T"]}, %w: tensor<7xf32>, %d0: tensor<?x7xf32> {seqc.dims = ["B"]}) -> (tensor<?x?xf32>, tensor<?x7xf32>) {
  %z = arith.constant dense<0.0> : tensor<f32>
  %y, %l = seq.recurrence (%u: tensor<f32> in %x) states(%d: tensor<7xf32> = %d0) {
    %rest = tensor.extract_slice %d[1] [6] [1] : tensor<7xf32> to tensor<6xf32>
    %row = tensor.expand_shape %u [] output_shape [1] : tensor<f32> into tensor<1xf32>
    %n = tensor.concat dim(0) %rest, %row : (tensor<6xf32>, tensor<1xf32>) -> tensor<7xf32>
    %o = linalg.dot ins(%n, %w : tensor<7xf32>, tensor<7xf32>) outs(%z : tensor<f32>) -> tensor<f32>
    seq.yield next(%n : tensor<7xf32>) out(%o : tensor<f32>)
  } : (tensor<?x?xf32>, tensor<?x7xf32>) -> (tensor<?x?xf32>, tensor<?x7xf32>)
  return %y, %l : tensor<?x?xf32>, tensor<?x7xf32>
}

// Scalars that are given sizes of 1, before and behind the recurrence; no batch.
func.func @units(%x: tensor<?x1x1xf32> {seqc.dims = ["T"]}, %d0: tensor<3xf32>, %w: tensor<3xf32>)
    -> (tensor<?xf32>, tensor<?x1x1x1xf32>, tensor<3xf32>) {
  %y, %k, %l = seq.recurrence (%u: tensor<1x1xf32> in %x) states(%d: tensor<3xf32> = %d0) {
    %c = tensor.collapse_shape %u [] : tensor<1x1xf32> into tensor<f32>
    %q = linalg.dot ins(%d, %w : tensor<3xf32>, tensor<3xf32>) outs(%c : tensor<f32>) -> tensor<f32>
    %k = tensor.expand_shape %q [] output_shape [1, 1, 1] : tensor<f32> into tensor<1x1x1xf32>
    %n = arith.addf %d, %w : tensor<3xf32>
    seq.yield next(%n : tensor<3xf32>) out(%q, %k : tensor<f32>, tensor<1x1x1xf32>)
  } : (tensor<?x1x1xf32>, tensor<3xf32>) -> (tensor<?xf32>, tensor<?x1x1x1xf32>, tensor<3xf32>)
  return %y, %k, %l : tensor<?xf32>, tensor<?x1x1x1xf32>, tensor<3xf32>
}

// New states that are other states.
func.func @swapped(%x: tensor<?x?x37xf32> {seqc.dims = ["B", "T"]}, %a0: tensor<?x37xf32> {seqc.dims = ["B"]},
                   %b0: tensor<?x37xf32> {seqc.dims = ["B"]}, %c0: tensor<?x37xf32> {seqc.dims = ["B"]})
    -> (tensor<?x?x37xf32>, tensor<?x37xf32>, tensor<?x37xf32>, tensor<?x37xf32>) {
  %y, %l, %m, %k = seq.recurrence (%u: tensor<37xf32> in %x)
      states(%a: tensor<37xf32> = %a0, %b: tensor<37xf32> = %b0, %c: tensor<37xf32> = %c0) {
    %s = arith.subf %a, %b : tensor<37xf32>
    seq.yield next(%b, %a, %u : tensor<37xf32>, tensor<37xf32>, tensor<37xf32>) out(%s : tensor<37xf32>)
  } : (tensor<?x?x37xf32>, tensor<?x37xf32>, tensor<?x37xf32>, tensor<?x37xf32>)
      -> (tensor<?x?x37xf32>, tensor<?x37xf32>, tensor<?x37xf32>, tensor<?x37xf32>)
  return %y, %l, %m, %k : tensor<?x?x37xf32>, tensor<?x37xf32>, tensor<?x37xf32>, tensor<?x37xf32>
}

// The same by way of a branch, rows of another state, and resets.
func.func @branched(%x: tensor<?x?x37xf32> {seqc.dims = ["B", "T"]}, %r: tensor<?x?xi1> {seqc.dims = ["B", "T"]},
                    %a0: tensor<?x37xf32> {seqc.dims = ["B"]}, %b0: tensor<?x2x37xf32> {seqc.dims = ["B"]})
    -> (tensor<?x?x37xf32>, tensor<?x37xf32>, tensor<?x2x37xf32>) {
  %y, %l, %m = seq.recurrence (%u: tensor<37xf32> in %x) resets(%r)
      states(%a: tensor<37xf32> = %a0, %b: tensor<2x37xf32> = %b0) {
    %c = arith.constant 0 : index
    %e = tensor.extract %u[%c] : tensor<37xf32>
    %z = arith.constant 0.0 : f32
    %p = arith.cmpf ogt, %e, %z : f32
    %b0s = tensor.extract_slice %b[0, 0] [1, 37] [1, 1] : tensor<2x37xf32> to tensor<37xf32>
    %b1s = tensor.extract_slice %b[1, 0] [1, 37] [1, 1] : tensor<2x37xf32> to tensor<37xf32>
    %na = scf.if %p -> (tensor<37xf32>) {
      scf.yield %b0s : tensor<37xf32>
    } else {
      scf.yield %b1s : tensor<37xf32>
    }
    %ae = tensor.expand_shape %a [[0, 1]] output_shape [1, 37] : tensor<37xf32> into tensor<1x37xf32>
    %be = tensor.expand_shape %b0s [[0, 1]] output_shape [1, 37] : tensor<37xf32> into tensor<1x37xf32>
    %nb = tensor.concat dim(0) %ae, %be : (tensor<1x37xf32>, tensor<1x37xf32>) -> tensor<2x37xf32>
    %s = arith.subf %a, %b1s : tensor<37xf32>
    seq.yield next(%na, %nb : tensor<37xf32>, tensor<2x37xf32>) out(%s : tensor<37xf32>)
  } : (tensor<?x?x37xf32>, tensor<?x?xi1>, tensor<?x37xf32>, tensor<?x2x37xf32>)
      -> (tensor<?x?x37xf32>, tensor<?x37xf32>, tensor<?x2x37xf32>)
  return %y, %l, %m : tensor<?x?x37xf32>, tensor<?x37xf32>, tensor<?x2x37xf32>
}

// Bools that are written and read in different vectors; enough states for tiles of channels.
func.func @bools(%x: tensor<?x?x700xf32> {seqc.dims = ["B", "T"]}, %h0: tensor<?x8x700xf32> {seqc.dims = ["B"]})
    -> (tensor<?x?x700xi1>, tensor<?x?x33xf32>, tensor<?x8x700xf32>) {
  %one = arith.constant dense<1.0> : tensor<8xf32>
  %zero = arith.constant dense<0.0> : tensor<700xf32>
  %e = tensor.empty() : tensor<8x700xf32>
  %y, %h = seq.recurrence (%u: tensor<700xf32> in %x) states(%s: tensor<8x700xf32> = %h0) {
    %b = linalg.broadcast ins(%u : tensor<700xf32>) outs(%e : tensor<8x700xf32>) dimensions = [0]
    %n = arith.addf %s, %b : tensor<8x700xf32>
    %sum = linalg.vecmat ins(%one, %n : tensor<8xf32>, tensor<8x700xf32>) outs(%zero : tensor<700xf32>) -> tensor<700xf32>
    %gt = arith.cmpf ogt, %sum, %u : tensor<700xf32>
    seq.yield next(%n : tensor<8x700xf32>) out(%gt : tensor<700xi1>)
  } : (tensor<?x?x700xf32>, tensor<?x8x700xf32>) -> (tensor<?x?x700xi1>, tensor<?x8x700xf32>)
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %B = tensor.dim %x, %c0 : tensor<?x?x700xf32>
  %T = tensor.dim %x, %c1 : tensor<?x?x700xf32>
  %cut = tensor.extract_slice %y[0, 0, 3] [%B, %T, 33] [1, 1, 1] : tensor<?x?x700xi1> to tensor<?x?x33xi1>
  %f = arith.uitofp %cut : tensor<?x?x33xi1> to tensor<?x?x33xf32>
  return %y, %f, %h : tensor<?x?x700xi1>, tensor<?x?x33xf32>, tensor<?x8x700xf32>
}

// Integer powers.
func.func @powers(%x: tensor<?x?x5xf32> {seqc.dims = ["B", "T"]}, %k: tensor<?x?x5xi32> {seqc.dims = ["B", "T"]},
                  %h0: tensor<?x5xf32> {seqc.dims = ["B"]}) -> (tensor<?x?x5xf32>, tensor<?x?x5xi32>, tensor<?x5xf32>) {
  %y, %p, %h = seq.recurrence (%u: tensor<5xf32> in %x, %n: tensor<5xi32> in %k) states(%s: tensor<5xf32> = %h0) {
    %f = math.fpowi %s, %n : tensor<5xf32>, tensor<5xi32>
    %i = math.ipowi %n, %n : tensor<5xi32>
    seq.yield next(%u : tensor<5xf32>) out(%f, %i : tensor<5xf32>, tensor<5xi32>)
  } : (tensor<?x?x5xf32>, tensor<?x?x5xi32>, tensor<?x5xf32>) -> (tensor<?x?x5xf32>, tensor<?x?x5xi32>, tensor<?x5xf32>)
  return %y, %p, %h : tensor<?x?x5xf32>, tensor<?x?x5xi32>, tensor<?x5xf32>
}

// No recurrence: products whose innermost size is dynamic, so that vectors run along it.
func.func @products(%x: tensor<?x3xf32> {seqc.dims = ["T"]}, %w: tensor<3xf32>, %v: tensor<5x3xf32>)
    -> (tensor<?xf32>, tensor<5x?xf32>) {
  %c0 = arith.constant 0 : index
  %z = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x3xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  %i = linalg.fill ins(%z : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %y = linalg.matvec ins(%x, %w : tensor<?x3xf32>, tensor<3xf32>) outs(%i : tensor<?xf32>) -> tensor<?xf32>
  %e2 = tensor.empty(%n) : tensor<5x?xf32>
  %i2 = linalg.fill ins(%z : f32) outs(%e2 : tensor<5x?xf32>) -> tensor<5x?xf32>
  %y2 = linalg.generic {
      indexing_maps = [affine_map<(a, b, k) -> (a, k)>, affine_map<(a, b, k) -> (b, k)>, affine_map<(a, b, k) -> (a, b)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%v, %x : tensor<5x3xf32>, tensor<?x3xf32>) outs(%i2 : tensor<5x?xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %1 = arith.mulf %p, %q : f32
    %2 = arith.addf %o, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<5x?xf32>
  return %y, %y2 : tensor<?xf32>, tensor<5x?xf32>
}

// Classes of numbers; the initial state is an argument, the final one no result.
func.func @classes(%x: tensor<?x?x19xf32> {seqc.dims = ["B", "T"]}, %h0: tensor<?x19xf32> {seqc.dims = ["B"]})
    -> (tensor<?x?x19xi1>, tensor<?x?x19xi1>) {
  %inf, %normal, %h = seq.recurrence (%u: tensor<19xf32> in %x) states(%s: tensor<19xf32> = %h0) {
    %n = arith.divf %s, %u : tensor<19xf32>
    %i = math.isinf %n : tensor<19xf32>
    %o = math.isnormal %n : tensor<19xf32>
    seq.yield next(%u : tensor<19xf32>) out(%i, %o : tensor<19xi1>, tensor<19xi1>)
  } : (tensor<?x?x19xf32>, tensor<?x19xf32>) -> (tensor<?x?x19xi1>, tensor<?x?x19xi1>, tensor<?x19xf32>)
  return %inf, %normal : tensor<?x?x19xi1>, tensor<?x?x19xi1>
}

// bf16 data whose innermost size is no multiple of a vector's.
func.func @narrow(%x: tensor<?x?x37xbf16> {seqc.dims = ["B", "T"]}, %h0: tensor<?x37xf32> {seqc.dims = ["B"]})
    -> (tensor<?x?x37xbf16>, tensor<?x37xf32>) {
  %y, %h = seq.recurrence (%u: tensor<37xbf16> in %x) states(%s: tensor<37xf32> = %h0) {
    %w = arith.extf %u : tensor<37xbf16> to tensor<37xf32>
    %n = arith.addf %s, %w : tensor<37xf32>
    %o = arith.truncf %n : tensor<37xf32> to tensor<37xbf16>
    seq.yield next(%n : tensor<37xf32>) out(%o : tensor<37xbf16>)
  } : (tensor<?x?x37xbf16>, tensor<?x37xf32>) -> (tensor<?x?x37xbf16>, tensor<?x37xf32>)
  return %y, %h : tensor<?x?x37xbf16>, tensor<?x37xf32>
}

// The previous step's value, from a state that the function starts and returns.
func.func @started(%x: tensor<?x?x19xf32> {seqc.dims = ["B", "T"]}) -> (tensor<?x?x19xf32>, tensor<?x19xf32>) {
  %c0 = arith.constant 0 : index
  %two = arith.constant 2.0 : f32
  %B = tensor.dim %x, %c0 : tensor<?x?x19xf32>
  %e = tensor.empty(%B) : tensor<?x19xf32>
  %h0 = linalg.fill ins(%two : f32) outs(%e : tensor<?x19xf32>) -> tensor<?x19xf32>
  %y, %h = seq.recurrence (%u: tensor<19xf32> in %x) states(%s: tensor<19xf32> = %h0) {
    %n = arith.mulf %s, %u : tensor<19xf32>
    seq.yield next(%u : tensor<19xf32>) out(%n : tensor<19xf32>)
  } : (tensor<?x?x19xf32>, tensor<?x19xf32>) -> (tensor<?x?x19xf32>, tensor<?x19xf32>)
  return %y, %h : tensor<?x?x19xf32>, tensor<?x19xf32>
}

// A new state that is written over another one, which is still needed.
func.func @overwritten(%x: tensor<?x?x9xf32> {seqc.dims = ["B", "T"]}, %w: tensor<9x9xf32>,
                       %a0: tensor<?x9xf32> {seqc.dims = ["B"]}, %b0: tensor<?x9xf32> {seqc.dims = ["B"]})
    -> (tensor<?x9xf32>, tensor<?x9xf32>) {
  %l, %m = seq.recurrence (%u: tensor<9xf32> in %x) states(%a: tensor<9xf32> = %a0, %b: tensor<9xf32> = %b0) {
    %n = linalg.matvec ins(%w, %u : tensor<9x9xf32>, tensor<9xf32>) outs(%a : tensor<9xf32>) -> tensor<9xf32>
    seq.yield next(%b, %n : tensor<9xf32>, tensor<9xf32>)
  } : (tensor<?x?x9xf32>, tensor<?x9xf32>, tensor<?x9xf32>) -> (tensor<?x9xf32>, tensor<?x9xf32>)
  return %l, %m : tensor<?x9xf32>, tensor<?x9xf32>
}

// The same in scalar code.
func.func @inserted(%x: tensor<?x?x4xf32> {seqc.dims = ["B", "T"]}, %a0: tensor<?x4xf32> {seqc.dims = ["B"]},
                    %b0: tensor<?x4xf32> {seqc.dims = ["B"]}) -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %l, %m = seq.recurrence (%u: tensor<4xf32> in %x) states(%a: tensor<4xf32> = %a0, %b: tensor<4xf32> = %b0) {
    %e = tensor.extract %u[%c1] : tensor<4xf32>
    %v = tensor.insert %e into %u[%c0] : tensor<4xf32>
    %s = tensor.extract_slice %v[0] [2] [1] : tensor<4xf32> to tensor<2xf32>
    %p = tensor.insert_slice %s into %a[1] [2] [1] : tensor<2xf32> into tensor<4xf32>
    seq.yield next(%b, %p : tensor<4xf32>, tensor<4xf32>)
  } : (tensor<?x?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>)
  return %l, %m : tensor<?x4xf32>, tensor<?x4xf32>
}

// Integers from a nested recurrence; LLVM needs two rounds to simplify them.
func.func @traced(%scores: tensor<?x?x4xf32> {seqc.dims = ["B", "T"]}, %pointers: tensor<?x?x4xi64> {seqc.dims = ["B", "T"]},
                  %s0: tensor<?xi64> {seqc.dims = ["B"]})
    -> (tensor<?x?xi64>, tensor<?xi64>) {
  %bottom = arith.constant -1.0 : f32
  %nothing = arith.constant 0.0 : f32
  %infinite = arith.divf %bottom, %nothing : f32
  %minus_inf = tensor.splat %infinite : tensor<f32>
  %zero = arith.constant dense<0> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %path, %first = seq.recurrence reverse (%delta: tensor<4xf32> in %scores,
      %psi: tensor<4xi64> in %pointers) states(%s: tensor<i64> = %s0) {
    %m_last, %best, %from, %end = seq.recurrence (%delta_i: tensor<f32> in %delta,
        %psi_i: tensor<i64> in %psi)
        states(%m: tensor<f32> = %minus_inf, %at: tensor<i64> = %zero, %origin: tensor<i64> = %zero,
               %i: tensor<i64> = %zero) {
      %better = arith.cmpf ogt, %delta_i, %m : tensor<f32>
      %m_next = arith.select %better, %delta_i, %m : tensor<i1>, tensor<f32>
      %at_next = arith.select %better, %i, %at : tensor<i1>, tensor<i64>
      %here = arith.cmpi eq, %i, %s : tensor<i64>
      %origin_next = arith.select %here, %psi_i, %origin : tensor<i1>, tensor<i64>
      %i_next = arith.addi %i, %one : tensor<i64>
      seq.yield next(%m_next, %at_next, %origin_next, %i_next
          : tensor<f32>, tensor<i64>, tensor<i64>, tensor<i64>)
    } : (tensor<4xf32>, tensor<4xi64>, tensor<f32>, tensor<i64>, tensor<i64>, tensor<i64>)
        -> (tensor<f32>, tensor<i64>, tensor<i64>, tensor<i64>)
    %unknown = arith.cmpi slt, %s, %zero : tensor<i64>
    %next = arith.select %unknown, %best, %from : tensor<i1>, tensor<i64>
    seq.yield next(%next : tensor<i64>) out(%next : tensor<i64>)
  } : (tensor<?x?x4xf32>, tensor<?x?x4xi64>, tensor<?xi64>)
      -> (tensor<?x?xi64>, tensor<?xi64>)
  return %path, %first : tensor<?x?xi64>, tensor<?xi64>
}

// A state of bools that a flag sets back.
func.func @parity(%b: tensor<?x?x3xi1> {seqc.dims = ["B", "T"]}, %r: tensor<?x?xi1> {seqc.dims = ["B", "T"]},
    %g0: tensor<?x3xi1> {seqc.dims = ["B"]}) -> (tensor<?x?x3xi1>, tensor<?x3xi1>) {
  %y, %last = seq.recurrence (%x: tensor<3xi1> in %b) resets(%r) states(%g: tensor<3xi1> = %g0) {
    %n = arith.xori %x, %g : tensor<3xi1>
    seq.yield next(%n : tensor<3xi1>) out(%n : tensor<3xi1>)
  } : (tensor<?x?x3xi1>, tensor<?x?xi1>, tensor<?x3xi1>) -> (tensor<?x?x3xi1>, tensor<?x3xi1>)
  return %y, %last : tensor<?x?x3xi1>, tensor<?x3xi1>
}
