# RUN: %python %s
# REQUIRES: numpy, scipy
"""Complex tensors: seq.affine_recurrence and plain steps against NumPy in complex128 and SciPy's
lfilter with complex coefficients; reverse, resets, readout, pieces of a stream, wrong types."""

import numpy as np
from scipy.signal import lfilter

import bits
from compiled import compile_text

LENGTHS = [0, 1, 2, 31, 97]
SIZES = [1, 2, 3, 16, 257]
rng = np.random.default_rng(11)


def draw(dtype, *shape):
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(dtype)


def decays(dtype, *shape):
    return (rng.uniform(0.5, 0.99, shape) * np.exp(1j * rng.uniform(-3, 3, shape))).astype(dtype)


def near(got, want, what, dtype):
    tolerance = 1e-5 if dtype == np.complex64 else 1e-13
    for g, w in zip(got, want):
        assert g.dtype == dtype and g.shape == w.shape, (what, g.dtype, g.shape, w.shape)
        scale = max(1, np.abs(w).max(initial=0))
        assert np.abs(g - w).max(initial=0) <= tolerance * scale, (what, np.abs(g - w).max())


def affine(structure, D, c, flags="", extra=""):
    decay = f"tensor<?x?x{c}>" if structure == "scalar" else f"tensor<?x?x{D}x{c}>"
    if "constant" in flags:
        decay = f"tensor<{c}>" if structure == "scalar" else f"tensor<{D}x{c}>"
    u, h, r = f"tensor<?x?x{D}x{c}>", f"tensor<?x{D}x{c}>", "tensor<?x?xi1>"
    resets = ", %r: " + r if extra else ""
    types = f"({decay}, {u}, {h}{', ' + r if extra else ''}) -> ({u}, {h})"
    return f"""func.func @f(%a: {decay}, %u: {u}, %h: {h}{resets}) -> ({u}, {h}) {{
  %y, %l = seq.affine_recurrence {structure} {flags} decay(%a) input(%u) initial(%h) {extra} : {types}
  return %y, %l : {u}, {h}
}}"""


def run(a, u, h, resets=None):
    """The recurrence in complex128; `a` is broadcast to `u`."""
    a, state = np.broadcast_to(a, u.shape).astype(np.complex128), h.astype(np.complex128)
    y = np.empty(u.shape, np.complex128)
    for t in range(u.shape[1]):
        if resets is not None:
            state = np.where(resets[:, t, None], h, state)
        state = a[:, t] * state + u[:, t]
        y[:, t] = state
    return [y, state]


def both(text):
    return [compile_text(text, schedule)["f"] for schedule in ("fused", "reference")]


def equal_bits(functions, arguments, what):
    first, second = (f(*arguments) for f in functions)
    for a, b in zip(first, second):
        assert a.tobytes() == b.tobytes(), f"{what}: fused differs from reference"
    return first


for dtype, c in ((np.complex64, "complex<f32>"), (np.complex128, "complex<f64>")):
    for D in SIZES if dtype == np.complex64 else (1, 3, 16):
        functions = both(affine("diagonal", D, c))
        for T in LENGTHS:
            B = 2
            a, u, h = decays(dtype, B, T, D), draw(dtype, B, T, D), draw(dtype, B, D)
            what = f"diagonal {c} T={T} D={D}"
            near(equal_bits(functions, (a, u, h), what), run(a, u, h), what, dtype)
    D, B, T = 5, 3, 61
    u, h = draw(dtype, B, T, D), draw(dtype, B, D)
    a = decays(dtype, D)
    got = equal_bits(both(affine("diagonal", D, c, "constant")), (a, u, h), "constant")
    y = np.stack([
        lfilter([1], [1, -a[d]], u[..., d].astype(np.complex128), zi=(a[d] * h[:, d])[:, None])[0]
        for d in range(D)], -1)
    near(got, [y, y[:, -1]], "constant against lfilter", dtype)
    a = decays(dtype, B, T)
    got = equal_bits(both(affine("scalar", D, c)), (a, u, h), "scalar")
    near(got, run(a[..., None], u, h), "scalar", dtype)
    a = decays(dtype, B, T, D)
    got = equal_bits(both(affine("diagonal", D, c, "reverse")), (a, u, h), "reverse")
    y, last = run(a[:, ::-1], u[:, ::-1], h)
    near(got, [y[:, ::-1], last], "reverse", dtype)
    r = rng.random((B, T)) < 0.2
    got = equal_bits(both(affine("diagonal", D, c, "", "resets(%r)")), (a, u, h, r), "resets")
    near(got, run(a, u, h, r), "resets", dtype)


def pieces(text, dtype, D, cuts):
    """A sequence in pieces: the bits of one call."""
    a, u, h = decays(dtype, 2, cuts[-1], D), draw(dtype, 2, cuts[-1], D), draw(dtype, 2, D)
    function = compile_text(text, "fused")["f"]
    whole, _ = function(a, u, h)
    assert function.signature["states"][0]["argument"] == 2
    stream = function.stream([h], **{function.signature["symbols"][0]: 2})
    for begin, end in zip(cuts, cuts[1:]):
        part, = stream.step(a[:, begin:end], u[:, begin:end], result_shapes=[(2, end - begin, D)])
        assert part.tobytes() == whole[:, begin:end].tobytes(), (D, begin, end)


for D in (1, 3, 16, 257):
    pieces(affine("diagonal", D, "complex<f32>"), np.complex64, D, [0, 1, 1, 18, 19, 40])
pieces(affine("diagonal", 5, "complex<f64>"), np.complex128, 5, [0, 7, 9])

# Plan `scan` reassociates: near the numbers of single steps, and the states are the last outs.
for D in (1, 2, 4):
    for flags in ("", "reverse"):
        function = compile_text(affine("diagonal", D, "complex<f32>", flags), "scan")["f"]
        for T in (0, 1, 2, 7, 31, 127, 1021):
            a, u, h = (draw_(np.complex64, 3, *n) for draw_, n in
                       ((decays, (T, D)), (draw, (T, D)), (draw, (D,))))
            order = slice(None, None, -1 if flags else 1)
            y, last = run(a[:, order], u[:, order], h)
            got = function(a, u, h)
            near(got, [y[:, order], last], f"scan {flags} T={T} D={D}", np.complex64)
            assert T == 0 or got[0][:, 0 if flags else -1].tobytes() == got[1].tobytes()

# LRU as a plain step: real input, B and C as complex matrices, y = Re(C h); exp(i θ) in the step.
LRU = """
func.func @lru(%x: tensor<?x?x4xf32>, %b: tensor<16x4xcomplex<f32>>, %nu: tensor<16xf32>,
    %theta: tensor<16xf32>, %c: tensor<4x16xcomplex<f32>>, %h0: tensor<?x16xcomplex<f32>>)
    -> (tensor<?x?x4xf32>, tensor<?x16xcomplex<f32>>) {
  %zero = complex.constant [0.0 : f32, 0.0 : f32] : complex<f32>
  %y, %l = seq.recurrence (%x_t: tensor<4xf32> in %x) states(%h: tensor<16xcomplex<f32>> = %h0) {
    %e4 = tensor.empty() : tensor<4xcomplex<f32>>
    %wide = linalg.map ins(%x_t : tensor<4xf32>) outs(%e4 : tensor<4xcomplex<f32>>)
      (%v: f32, %o: complex<f32>) {
        %none = arith.constant 0.0 : f32
        %z = complex.create %v, %none : complex<f32>
        linalg.yield %z : complex<f32>
      }
    %e = tensor.empty() : tensor<16xcomplex<f32>>
    %f = linalg.fill ins(%zero : complex<f32>) outs(%e : tensor<16xcomplex<f32>>) -> tensor<16xcomplex<f32>>
    %u = linalg.matvec ins(%b, %wide : tensor<16x4xcomplex<f32>>, tensor<4xcomplex<f32>>)
      outs(%f : tensor<16xcomplex<f32>>) -> tensor<16xcomplex<f32>>
    %n = linalg.map ins(%nu, %theta, %h, %u : tensor<16xf32>, tensor<16xf32>, tensor<16xcomplex<f32>>, tensor<16xcomplex<f32>>)
      outs(%e : tensor<16xcomplex<f32>>)
      (%p: f32, %q: f32, %s: complex<f32>, %v: complex<f32>, %o: complex<f32>) {
        %minus = arith.negf %p : f32
        %log = complex.create %minus, %q : complex<f32>
        %a = complex.exp %log : complex<f32>
        %m = complex.mul %a, %s : complex<f32>
        %r = complex.add %m, %v : complex<f32>
        linalg.yield %r : complex<f32>
      }
    %f4 = linalg.fill ins(%zero : complex<f32>) outs(%e4 : tensor<4xcomplex<f32>>) -> tensor<4xcomplex<f32>>
    %ch = linalg.matvec ins(%c, %n : tensor<4x16xcomplex<f32>>, tensor<16xcomplex<f32>>)
      outs(%f4 : tensor<4xcomplex<f32>>) -> tensor<4xcomplex<f32>>
    %r4 = tensor.empty() : tensor<4xf32>
    %re = linalg.map ins(%ch : tensor<4xcomplex<f32>>) outs(%r4 : tensor<4xf32>)
      (%v: complex<f32>, %o: f32) {
        %r = complex.re %v : complex<f32>
        linalg.yield %r : f32
      }
    seq.yield next(%n : tensor<16xcomplex<f32>>) out(%re : tensor<4xf32>)
  } : (tensor<?x?x4xf32>, tensor<?x16xcomplex<f32>>) -> (tensor<?x?x4xf32>, tensor<?x16xcomplex<f32>>)
  return %y, %l : tensor<?x?x4xf32>, tensor<?x16xcomplex<f32>>
}
"""
B, T = 3, 67
x, b = rng.standard_normal((B, T, 4)).astype(np.float32), draw(np.complex64, 16, 4)
nu, theta = rng.uniform(0.02, 0.5, 16).astype(np.float32), rng.uniform(0, 3, 16).astype(np.float32)
c, h = draw(np.complex64, 4, 16), draw(np.complex64, B, 16)
wanted, last = run(np.exp(-nu.astype(float) + 1j * theta), x @ b.T.astype(np.complex128), h)
wanted = (wanted @ c.T.astype(np.complex128)).real
got = equal_bits([compile_text(LRU, s)["lru"] for s in ("fused", "reference")],
                 (x, b, nu, theta, c, h), "LRU")
for g, w in zip(got, (wanted, last)):
    error = np.abs(g - w).max() / np.abs(w).max()
    assert error < 1e-5, f"LRU: {error:.3g} of the largest magnitude"
