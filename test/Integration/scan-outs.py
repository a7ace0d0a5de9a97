# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Plan `scan` where the step reads its states and inputs in another way than element by element:
transposed, one element, a slice, a scalar of each step. Against NumPy in float64; the sums of small
integers are exact."""

import numpy as np

from compiled import compile_text

SHAPE = "2x3xf32"


def step(body, out, inputs="", results="tensor<2x3xf32>", reverse=""):
    """A running sum of [2, 3] whose out is computed by `body` from %n, its new value, and %h."""
    whole = results.replace("<", "<?x?x")
    return f"""func.func @f(%u: tensor<?x?x{SHAPE}>, %p: tensor<?x?xf32>, %h0: tensor<?x{SHAPE}>) -> {whole} {{
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %zero = arith.constant 0.0 : f32
  %y, %l = seq.recurrence {reverse} (%x: tensor<{SHAPE}> in %u, %k: tensor<f32> in %p) states(%h: tensor<{SHAPE}> = %h0) {{
    {inputs or f"%v = arith.addf %x, %x : tensor<{SHAPE}>"}
    %n = arith.addf %h, %v : tensor<{SHAPE}>
    {body}
    seq.yield next(%n : tensor<{SHAPE}>) out({out} : {results})
  }} : (tensor<?x?x{SHAPE}>, tensor<?x?xf32>, tensor<?x{SHAPE}>) -> ({whole}, tensor<?x{SHAPE}>)
  return %y : {whole}
}}"""


ONE_ELEMENT = """%s = tensor.extract %n[%c1, %c2] : tensor<2x3xf32>
    %t = tensor.splat %s : tensor<2x3xf32>
    %o = arith.subf %n, %t : tensor<2x3xf32>"""
SLICE = "%o = tensor.extract_slice %n[0, 1] [2, 1] [1, 1] : tensor<2x3xf32> to tensor<2xf32>"
SLICE_OF_OLD = "%o = tensor.extract_slice %h[1, 2] [1, 1] [1, 1] : tensor<2x3xf32> to tensor<f32>"
SCALAR_INPUT = """%s = tensor.extract %k[] : tensor<f32>
    %q = arith.addf %s, %s : f32
    %t = tensor.splat %q : tensor<2x3xf32>
    %v = arith.addf %x, %t : tensor<2x3xf32>"""
SCALAR_CHOICE = """%s = tensor.extract %k[] : tensor<f32>
    %positive = arith.cmpf ogt, %s, %zero : f32
    %v = scf.if %positive -> tensor<2x3xf32> {
      scf.yield %x : tensor<2x3xf32>
    } else {
      %m = arith.negf %x : tensor<2x3xf32>
      scf.yield %m : tensor<2x3xf32>
    }"""
ROW = """%e = tensor.empty() : tensor<2x3xf32>
    %r = tensor.extract_slice %n[1, 0] [1, 3] [1, 1] : tensor<2x3xf32> to tensor<3xf32>
    %o = linalg.broadcast ins(%r : tensor<3xf32>) outs(%e : tensor<2x3xf32>) dimensions = [0]"""
SWAPPED = """%e = tensor.empty() : tensor<2x2xf32>
    %s = tensor.extract_slice %n[0, 1] [2, 2] [1, 1] : tensor<2x3xf32> to tensor<2x2xf32>
    %i = linalg.transpose ins(%s : tensor<2x2xf32>) outs(%e : tensor<2x2xf32>) permutation = [1, 0]
    %o = tensor.extract_slice %i[0, 1] [2, 1] [1, 1] : tensor<2x2xf32> to tensor<2xf32>"""

double = lambda x, k: x + x
CASES = {  # text, the addends, the out of (new, old)
    "one element": (step(ONE_ELEMENT, "%o"), double, lambda n, h: n - n[..., 1:, 2:]),
    "slice": (step(SLICE, "%o", results="tensor<2xf32>"), double, lambda n, h: n[..., 1]),
    "slice of old": (step(SLICE_OF_OLD, "%o", results="tensor<f32>"), double, lambda n, h: h[..., 1, 2]),
    "row": (step(ROW, "%o"), double, lambda n, h: np.broadcast_to(n[..., 1:, :], n.shape)),
    "swapped": (step(SWAPPED, "%o", results="tensor<2xf32>"), double, lambda n, h: n[..., 1, 1:]),
    "scalar input": (step("", "%n", SCALAR_INPUT), lambda x, k: x + 2 * k[..., None, None], lambda n, h: n),
    "scalar choice": (step("", "%n", SCALAR_CHOICE), lambda x, k: np.where(k[..., None, None] > 0, x, -x),
                      lambda n, h: n),
}  # fmt: skip

rng = np.random.default_rng(8)
for name, (text, addend, out) in CASES.items():
    for reverse in (False, True):
        scan = compile_text(text.replace("recurrence  (", "recurrence reverse (") if reverse else text, "scan")["f"]
        for T in (0, 1, 2, 7, 97, 1031):
            x, h0 = rng.integers(-4, 5, (3, T, 2, 3)), rng.integers(-4, 5, (3, 2, 3))
            k = rng.integers(-4, 5, (3, T))
            got = scan(x.astype(np.float32), k.astype(np.float32), h0.astype(np.float32))[0]
            flip = (lambda a: a[:, ::-1]) if reverse else (lambda a: a)
            over = np.cumsum(np.concatenate([h0[:, None], flip(addend(x, k))], axis=1), axis=1, dtype=np.float64)
            want = flip(out(over[:, 1:], over[:, :-1]))
            assert np.array_equal(got, want), f"{name} reverse={reverse} T={T}"
