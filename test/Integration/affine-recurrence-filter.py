# RUN: %python %s
# REQUIRES: numpy, scipy
"""seq.affine_recurrence is SciPy's first-order filter: constant coefficients against lfilter,
changing ones through the product form, readout, reverse, resets, time-major data, dtypes."""

import ml_dtypes
import numpy as np
import scipy.linalg
from scipy.signal import lfilter

import bits
from compiled import compile_text

LENGTHS = [0, 1, 2, 3, 31, 32, 33, 1023, 1024, 1025, 4096, 65537]


def constant(structure, dtype, D):
    decay = f"tensor<{dtype}>" if structure == "scalar" else f"tensor<{D}x{dtype}>"
    types = f"({decay}, tensor<?x?x{D}x{dtype}>, tensor<?x{D}x{dtype}>)"
    results = f"(tensor<?x?x{D}x{dtype}>, tensor<?x{D}x{dtype}>)"
    return f"""func.func @f(%a: {decay}, %u: tensor<?x?x{D}x{dtype}>, %h: tensor<?x{D}x{dtype}>) -> {results} {{
  %y, %l = seq.affine_recurrence {structure} constant decay(%a) input(%u) initial(%h) : {types} -> {results}
  return %y, %l : tensor<?x?x{D}x{dtype}>, tensor<?x{D}x{dtype}>
}}"""


def filtered(a, u, h):
    """Along axis 1, per channel, by lfilter: y_t = a y_{t-1} + u_t."""
    a, y = np.broadcast_to(np.asarray(a, np.float64), u.shape[-1:]), np.empty(u.shape)
    for b in range(u.shape[0]):
        for d in range(u.shape[2]):
            state = [a[d] * float(h[b, d])]
            y[b, :, d] = lfilter([1.0], [1.0, -a[d]], u[b, :, d].astype(np.float64), zi=state)[0]
    return [y, y[:, -1] if u.shape[1] else h]


rng = np.random.default_rng(3)
for structure in ("scalar", "diagonal"):
    for dtype, tolerance in (("f32", 3e-6), ("f64", 1e-13)):
        D = 3
        function = compile_text(constant(structure, dtype, D))["f"]
        for T in LENGTHS:
            B = 1 if T > 2000 else 3
            number = np.float32 if dtype == "f32" else np.float64
            a = rng.uniform(-0.99, 0.99, () if structure == "scalar" else (D,)).astype(number)
            u, h = rng.standard_normal((B, T, D)).astype(number), rng.standard_normal((B, D)).astype(number)
            what = f"{structure} {dtype} T={T}"
            bits.expect_close(function(a, u, h), filtered(a, u, h), what, tolerance, tolerance)

VARYING = """
func.func @diagonal(%a: tensor<?x?x16xf32>, %u: tensor<?x?x16xf32>, %h: tensor<?x16xf32>) -> (tensor<?x?x16xf32>, tensor<?x16xf32>) {
  %y, %l = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h) : (tensor<?x?x16xf32>, tensor<?x?x16xf32>, tensor<?x16xf32>) -> (tensor<?x?x16xf32>, tensor<?x16xf32>)
  return %y, %l : tensor<?x?x16xf32>, tensor<?x16xf32>
}
func.func @scalar(%a: tensor<?x?xf32>, %u: tensor<?x?x16xf32>, %h: tensor<?x16xf32>) -> (tensor<?x?x16xf32>, tensor<?x16xf32>) {
  %y, %l = seq.affine_recurrence scalar decay(%a) input(%u) initial(%h) : (tensor<?x?xf32>, tensor<?x?x16xf32>, tensor<?x16xf32>) -> (tensor<?x?x16xf32>, tensor<?x16xf32>)
  return %y, %l : tensor<?x?x16xf32>, tensor<?x16xf32>
}
func.func @reverse(%a: tensor<?x?x16xf32>, %u: tensor<?x?x16xf32>, %h: tensor<?x16xf32>) -> (tensor<?x?x16xf32>, tensor<?x16xf32>) {
  %y, %l = seq.affine_recurrence diagonal reverse decay(%a) input(%u) initial(%h) : (tensor<?x?x16xf32>, tensor<?x?x16xf32>, tensor<?x16xf32>) -> (tensor<?x?x16xf32>, tensor<?x16xf32>)
  return %y, %l : tensor<?x?x16xf32>, tensor<?x16xf32>
}
func.func @time_major(%a: tensor<?x?x16xf32>, %u: tensor<?x?x16xf32>, %h: tensor<?x16xf32>) -> (tensor<?x?x16xf32>, tensor<?x16xf32>) {
  %y, %l = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h) {time = 0 : i64} : (tensor<?x?x16xf32>, tensor<?x?x16xf32>, tensor<?x16xf32>) -> (tensor<?x?x16xf32>, tensor<?x16xf32>)
  return %y, %l : tensor<?x?x16xf32>, tensor<?x16xf32>
}
func.func @resets(%a: tensor<?x?x16xf32>, %u: tensor<?x?x16xf32>, %h: tensor<?x16xf32>, %r: tensor<?x?xi1>) -> (tensor<?x?x16xf32>, tensor<?x16xf32>) {
  %y, %l = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h) resets(%r) : (tensor<?x?x16xf32>, tensor<?x?x16xf32>, tensor<?x16xf32>, tensor<?x?xi1>) -> (tensor<?x?x16xf32>, tensor<?x16xf32>)
  return %y, %l : tensor<?x?x16xf32>, tensor<?x16xf32>
}
func.func @readout(%a: tensor<?x?x4x16xf32>, %u: tensor<?x?x4x16xf32>, %h: tensor<?x4x16xf32>, %c: tensor<?x?x4xf32>) -> (tensor<?x?x16xf32>, tensor<?x4x16xf32>) {
  %y, %l = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h) readout(%c) {state_rank = 2 : i64} : (tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32>, tensor<?x4x16xf32>, tensor<?x?x4xf32>) -> (tensor<?x?x16xf32>, tensor<?x4x16xf32>)
  return %y, %l : tensor<?x?x16xf32>, tensor<?x4x16xf32>
}
func.func @narrow(%a: tensor<?x?x16xbf16>, %u: tensor<?x?x16xf16>, %h: tensor<?x16xf32>) -> (tensor<?x?x16xf32>, tensor<?x16xf32>) {
  %y, %l = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h) : (tensor<?x?x16xbf16>, tensor<?x?x16xf16>, tensor<?x16xf32>) -> (tensor<?x?x16xf32>, tensor<?x16xf32>)
  return %y, %l : tensor<?x?x16xf32>, tensor<?x16xf32>
}
"""


def solved(a, u, h):
    """All states of one batch entry at once: the bidiagonal system (I - shift(a)) y = u."""
    a, u, y = np.asarray(a, np.float64), np.array(u, np.float64), np.empty(u.shape)
    T = u.shape[1]
    if not T:
        return [y, np.asarray(h, np.float64)]
    u[:, 0] += a[:, 0] * h
    for index in np.ndindex(u.shape[0], *u.shape[2:]):
        at = (index[0], slice(None)) + index[1:]
        band = np.ones((2, T))
        band[1, :-1] = -a[at][1:]
        y[at] = scipy.linalg.solve_banded((1, 0), band, u[at])
    return [y, y[:, -1]]


module = compile_text(VARYING)
for T in (0, 1, 2, 3, 31, 33, 257):
    for B in (1, 2, 7):
        a = rng.uniform(-1, 1, (B, T, 16)).astype(np.float32)
        u, h = rng.standard_normal((B, T, 16)).astype(np.float32), rng.standard_normal((B, 16)).astype(np.float32)
        near = lambda name, got, want: bits.expect_close(got, want, f"{name} B={B} T={T}", 3e-6, 3e-6)
        near("diagonal", module["diagonal"](a, u, h), solved(a, u, h))
        wide = np.broadcast_to(a[..., :1], a.shape)
        near("scalar", module["scalar"](a[..., 0], u, h), solved(wide, u, h))
        y, last = solved(a[:, ::-1], u[:, ::-1], h)
        near("reverse", module["reverse"](a, u, h), [y[:, ::-1], last])
        y, last = solved(a, u, h)
        swap = lambda v: v.swapaxes(0, 1)
        near("time_major", module["time_major"](swap(a), swap(u), h), [swap(y), last])
        r = rng.random((B, T)) < 0.2
        y, state = np.empty(u.shape), np.asarray(h, np.float64)
        for b in range(B):
            start, last = 0, h[b]
            for end in [*np.flatnonzero(r[b]), T]:
                y[b : b + 1, start:end], _ = solved(a[b : b + 1, start:end], u[b : b + 1, start:end], h[b : b + 1])
                start = end
        finals = y[:, -1] if T else h
        near("resets", module["resets"](a, u, h, r), [y, finals])
        a4, u4 = rng.uniform(-1, 1, (2, B, T, 4, 16)).astype(np.float32)
        h4, c = rng.standard_normal((B, 4, 16)).astype(np.float32), rng.standard_normal((B, T, 4)).astype(np.float32)
        y, last = solved(a4, u4, h4)
        near("readout", module["readout"](a4, u4, h4, c), [np.einsum("btnd,btn->btd", y, c), last])
        an, un = a.astype(ml_dtypes.bfloat16), u.astype(np.float16)
        near("narrow", module["narrow"](an, un, h), solved(an, un, h))
