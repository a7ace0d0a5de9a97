// Functions of every form that the C API, the Python module and seqc-run meet.

func.func @twice(%x: f32 {seqc.name = "x"}) -> f32 {
  %y = arith.addf %x, %x : f32
  return %y : f32
}

// Every element type, as a tensor and unchanged in value.
func.func @types(
    %a: tensor<?xf64> {seqc.name = "a", seqc.dims = ["N"]},
    %b: tensor<?xf32> {seqc.name = "b", seqc.dims = ["N"]},
    %c: tensor<?xf16> {seqc.name = "c", seqc.dims = ["N"]},
    %d: tensor<?xbf16> {seqc.name = "d", seqc.dims = ["N"]},
    %e: tensor<?xi64> {seqc.name = "e", seqc.dims = ["N"]},
    %f: tensor<?xi32> {seqc.name = "f", seqc.dims = ["N"]},
    %g: tensor<?xi16> {seqc.name = "g", seqc.dims = ["N"]},
    %h: tensor<?xi8> {seqc.name = "h", seqc.dims = ["N"]},
    %i: tensor<?xi1> {seqc.name = "i", seqc.dims = ["N"]})
    -> (tensor<?xf64>, tensor<?xf32>, tensor<?xf16>, tensor<?xbf16>, tensor<?xi64>, tensor<?xi32>,
        tensor<?xi16>, tensor<?xi8>, tensor<?xi1>) {
  %0 = arith.addf %a, %a : tensor<?xf64>
  %1 = arith.addf %b, %b : tensor<?xf32>
  %2 = arith.addf %c, %c : tensor<?xf16>
  %3 = arith.addf %d, %d : tensor<?xbf16>
  %4 = arith.addi %e, %e : tensor<?xi64>
  %5 = arith.addi %f, %f : tensor<?xi32>
  %6 = arith.addi %g, %g : tensor<?xi16>
  %7 = arith.addi %h, %h : tensor<?xi8>
  %8 = arith.andi %i, %i : tensor<?xi1>
  return %0, %1, %2, %3, %4, %5, %6, %7, %8 : tensor<?xf64>, tensor<?xf32>, tensor<?xf16>,
      tensor<?xbf16>, tensor<?xi64>, tensor<?xi32>, tensor<?xi16>, tensor<?xi8>, tensor<?xi1>
}

// A running sum with its state as argument and result.
func.func @sum(
    %x: tensor<?x?x3xf32> {seqc.name = "x", seqc.dims = ["B", "T"]},
    %s0: tensor<?x3xf32> {seqc.name = "s0", seqc.dims = ["B"]})
    -> (tensor<?x?x3xf32> {seqc.name = "sums"}, tensor<?x3xf32> {seqc.name = "total"}) {
  %y, %last = seq.recurrence (%x_t: tensor<3xf32> in %x) states(%p: tensor<3xf32> = %s0) {
    %n = arith.addf %p, %x_t : tensor<3xf32>
    seq.yield next(%n : tensor<3xf32>) out(%n : tensor<3xf32>)
  } : (tensor<?x?x3xf32>, tensor<?x3xf32>) -> (tensor<?x?x3xf32>, tensor<?x3xf32>)
  return %y, %last : tensor<?x?x3xf32>, tensor<?x3xf32>
}

// No step form: it needs the end of the sequence first.
func.func @backwards(
    %x: tensor<?x?x3xf32> {seqc.name = "x", seqc.dims = ["B", "T"]},
    %s0: tensor<?x3xf32> {seqc.name = "s0", seqc.dims = ["B"]}) -> tensor<?x?x3xf32> {
  %y, %last = seq.recurrence reverse (%x_t: tensor<3xf32> in %x) states(%p: tensor<3xf32> = %s0) {
    %n = arith.addf %p, %x_t : tensor<3xf32>
    seq.yield next(%n : tensor<3xf32>) out(%n : tensor<3xf32>)
  } : (tensor<?x?x3xf32>, tensor<?x3xf32>) -> (tensor<?x?x3xf32>, tensor<?x3xf32>)
  return %y : tensor<?x?x3xf32>
}
