# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Steps that are evaluated in tiles of channels give the bits of `reference`: ragged last tiles, tiles
wider than all channels, states that are read after their new value is known, weights of coincident
sizes, work before and after the recurrence."""

import numpy as np

import plans
from compiled import compile_text, levels

SCHEDULE = (
    "schedule(<fused, vector_bits = {bits}, channel_tile = {tile}, strip = 8, rows = 2, "
    "vectors = 2, prefetch = 2>)"
)

# Two states per channel and a delay line of three; both are read after new values are known. The
# contraction before the recurrence and tanh behind it share its strips of time.
DELAY_LINE = """
func.func @f(%x: tensor<?x?x24xf32> {seqc.dims = ["B", "T"]}, %w: tensor<24x100xf32>, %bias: tensor<3x100xf32>,
             %g0: tensor<?x3x100xf32> {seqc.dims = ["B"]}, %h0: tensor<?x100xf32> {seqc.dims = ["B"]})
    -> (tensor<?x?x100xf32>, tensor<?x3x100xf32>, tensor<?x100xf32>) {
  %z = arith.constant dense<0.0> : tensor<100xf32>
  %y, %g, %h = seq.recurrence DIRECTION (%x_t: tensor<24xf32> in %x)
      states(%line: tensor<3x100xf32> = %g0, %s: tensor<100xf32> = %h0) {
    %p = linalg.vecmat ins(%x_t, %w : tensor<24xf32>, tensor<24x100xf32>) outs(%z : tensor<100xf32>)
        -> tensor<100xf32>
    %u = math.tanh %p : tensor<100xf32>
    %top = tensor.extract_slice %line[0, 0] [1, 100] [1, 1] : tensor<3x100xf32> to tensor<100xf32>
    %rest = tensor.extract_slice %line[1, 0] [2, 100] [1, 1] : tensor<3x100xf32> to tensor<2x100xf32>
    %m = arith.mulf %top, %s : tensor<100xf32>
    %n = arith.addf %m, %u : tensor<100xf32>
    %t = math.tanh %n : tensor<100xf32>
    %row = tensor.expand_shape %t [[0, 1]] output_shape [1, 100] : tensor<100xf32> into tensor<1x100xf32>
    %shifted = tensor.concat dim(0) %rest, %row : (tensor<2x100xf32>, tensor<1x100xf32>) -> tensor<3x100xf32>
    %next = arith.addf %shifted, %bias : tensor<3x100xf32>
    %next_s = arith.addf %u, %top : tensor<100xf32>
    seq.yield next(%next, %next_s : tensor<3x100xf32>, tensor<100xf32>) out(%n : tensor<100xf32>)
  } SCHEDULE : (tensor<?x?x24xf32>, tensor<?x3x100xf32>, tensor<?x100xf32>)
      -> (tensor<?x?x100xf32>, tensor<?x3x100xf32>, tensor<?x100xf32>)
  %out = math.tanh %y : tensor<?x?x100xf32>
  return %out, %g, %h : tensor<?x?x100xf32>, tensor<?x3x100xf32>, tensor<?x100xf32>
}
"""

# States [48, 48]: `w` and `v` are as wide as there are channels, but are read elsewhere.
SQUARE = """
func.func @f(%x: tensor<?x?x48xf32> {seqc.dims = ["B", "T"]}, %w: tensor<48x48xf32>, %v: tensor<48xf32>,
             %h0: tensor<?x48x48xf32> {seqc.dims = ["B"]}) -> (tensor<?x?x48xf32>, tensor<?x48x48xf32>) {
  %y, %h = seq.recurrence DIRECTION (%x_t: tensor<48xf32> in %x) states(%s: tensor<48x48xf32> = %h0) {
    %empty = tensor.empty() : tensor<48x48xf32>
    %next = linalg.generic {
        indexing_maps = [affine_map<(n, c) -> (n)>, affine_map<(n, c) -> (c, n)>, affine_map<(n, c) -> (n)>,
                         affine_map<(n, c) -> (n, c)>, affine_map<(n, c) -> (n, c)>],
        iterator_types = ["parallel", "parallel"]}
        ins(%v, %w, %x_t, %s : tensor<48xf32>, tensor<48x48xf32>, tensor<48xf32>, tensor<48x48xf32>)
        outs(%empty : tensor<48x48xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32, %d: f32, %o: f32):
      %1 = arith.mulf %a, %b : f32
      %2 = arith.mulf %c, %d : f32
      %3 = arith.addf %1, %2 : f32
      linalg.yield %3 : f32
    } -> tensor<48x48xf32>
    %y_t = linalg.vecmat ins(%x_t, %next : tensor<48xf32>, tensor<48x48xf32>) outs(%v : tensor<48xf32>)
        -> tensor<48xf32>
    seq.yield next(%next : tensor<48x48xf32>) out(%y_t : tensor<48xf32>)
  } SCHEDULE : (tensor<?x?x48xf32>, tensor<?x48x48xf32>) -> (tensor<?x?x48xf32>, tensor<?x48x48xf32>)
  return %y, %h : tensor<?x?x48xf32>, tensor<?x48x48xf32>
}
"""

# A scan with 16 states in each of 400 channels: too many for L1, so that --schedule=auto tiles them
# where there are registers for 16.
SCAN = """
func.func @f(%dt: tensor<?x?x400xf32> {seqc.dims = ["B", "T"]}, %a: tensor<16x400xf32>,
             %b: tensor<?x?x16xf32> {seqc.dims = ["B", "T"]}, %h0: tensor<?x16x400xf32> {seqc.dims = ["B"]})
    -> (tensor<?x?x400xf32>, tensor<?x16x400xf32>) {
  %zero = arith.constant dense<0.0> : tensor<400xf32>
  %y, %h = seq.recurrence DIRECTION (%dt_t: tensor<400xf32> in %dt, %b_t: tensor<16xf32> in %b)
      states(%s: tensor<16x400xf32> = %h0) {
    %empty = tensor.empty() : tensor<16x400xf32>
    %dt_nd = linalg.broadcast ins(%dt_t : tensor<400xf32>) outs(%empty : tensor<16x400xf32>) dimensions = [0]
    %b_nd = linalg.broadcast ins(%b_t : tensor<16xf32>) outs(%empty : tensor<16x400xf32>) dimensions = [1]
    %rate = arith.mulf %dt_nd, %a : tensor<16x400xf32>
    %decay = math.exp %rate : tensor<16x400xf32>
    %kept = arith.mulf %decay, %s : tensor<16x400xf32>
    %next = arith.addf %kept, %b_nd : tensor<16x400xf32>
    %y_t = linalg.vecmat ins(%b_t, %next : tensor<16xf32>, tensor<16x400xf32>) outs(%zero : tensor<400xf32>)
        -> tensor<400xf32>
    seq.yield next(%next : tensor<16x400xf32>) out(%y_t : tensor<400xf32>)
  } SCHEDULE : (tensor<?x?x400xf32>, tensor<?x?x16xf32>, tensor<?x16x400xf32>)
      -> (tensor<?x?x400xf32>, tensor<?x16x400xf32>)
  return %y, %h : tensor<?x?x400xf32>, tensor<?x16x400xf32>
}
"""

BITS = {"x86-64-v3": 256, "x86-64-v4": 512, "native": 128}
SHAPES = {
    "delay line": (DELAY_LINE, lambda B, T: [(B, T, 24), (24, 100), (3, 100), (B, 3, 100), (B, 100)]),
    "square": (SQUARE, lambda B, T: [(B, T, 48), (48, 48), (48,), (B, 48, 48)]),
    "scan": (SCAN, lambda B, T: [(B, T, 400), (16, 400), (B, T, 16), (B, 16, 400)]),
}
TILES = {"delay line": [1, 3, 7, 16], "square": [1], "scan": [1, 4, None]}
SIZES = [(1, 0), (1, 1), (2, 7), (1, 8), (3, 9), (1, 37)]


def check(name, direction, march):
    text, shapes = SHAPES[name]
    text = text.replace("DIRECTION", direction)
    rng = np.random.default_rng(7)
    reference = compile_text(text.replace("SCHEDULE", ""), "reference", march)["f"]
    for vectors in TILES[name]:
        tile = vectors and vectors * BITS[march] // 32
        schedule = SCHEDULE.format(bits=BITS[march], tile=tile) if tile else ""
        fused = compile_text(text.replace("SCHEDULE", schedule), "fused", march)["f"]
        for B, T in SIZES:
            what = f"{name} {direction} {march} tile {tile} B={B} T={T}"
            values = [0.3 * rng.standard_normal(s).astype(np.float32) for s in shapes(B, T)]
            expected = plans.check_calls(reference, fused, values, what, 1)
            plans.check_threads(fused, values, expected, what)
            if fused.signature["streams"]:
                plans.check_splits(fused, values, expected, what, rng)


for march in levels():
    for name in SHAPES:
        for direction in ("", "reverse"):
            check(name, direction, march)
print("every tile gives the same bits")
