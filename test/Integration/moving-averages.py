# RUN: %python %s
# REQUIRES: numpy, scipy
"""seq.ema against SciPy's lfilter and the kernels of Mega and Megalodon (a convolution and the decayed
initial state); bias correction, per-step decay, reverse, resets, time-major data, no batch, f64."""

import numpy as np
from scipy.signal import lfilter

import bits
from compiled import compile_text

N, D = 4, 3


def function(name, clauses, arguments, results):
    """`arguments`: (clause's name or "", SSA name, type); the op's operands in its own order."""
    listed = ", ".join(f"%{n}: {t}" for n, t in arguments)
    types, outs = ", ".join(t for _, t in arguments), ", ".join(results)
    names = ", ".join(f"%r{i}" for i in range(len(results)))
    return f"""func.func @{name}({listed}) -> ({outs}) {{
  {names} = seq.ema {clauses} : ({types}) -> ({outs})
  return {names} : {outs}
}}
"""


def tensor(shape, dtype):
    return f"tensor<{shape}{dtype}>"


def simple(name, kind, dtype="f32", before="", after="", decay=None, batch="?x", resets=False, corrected=False):
    x, h = tensor(f"{batch}?x{D}x", dtype), tensor(f"{batch}{D}x", dtype)
    step = f"{D}x" if kind == "diagonal" else ""
    b = tensor(step if decay == "constant" else f"{batch}?x{step}", dtype)
    arguments, results = [("x", x), ("b", b), ("h", h)], [x, h]
    initial = "%h"
    if corrected:
        arguments.append(("c", tensor(batch + step, dtype)))
        results.append(arguments[-1][1])
        initial += ", %c"
    clause = ""
    if resets:
        arguments.append(("r", f"tensor<{batch}?xi1>"))
        clause = "resets(%r)"
    words = f"{kind} {'constant' if decay == 'constant' else ''} {'corrected' if corrected else ''} {before}"
    return function(name, f"{words} input(%x) decay(%b) initial({initial}) {clause} {after}", arguments, results)


P, H, X = f"tensor<{N}x{D}xf32>", f"tensor<?x{N}x{D}xf32>", f"tensor<?x?x{D}xf32>"
TEXT = (
    simple("scalar", "scalar", decay="constant") + simple("diagonal64", "diagonal", "f64", decay="constant", batch="?x?x")
    + simple("unbatched", "diagonal", "f64", decay="constant", batch="") + simple("steps", "diagonal")
    + simple("scalar_steps", "scalar") + simple("adam", "scalar", "f64", decay="constant", corrected=True)
    + simple("reverse", "scalar", before="reverse", decay="constant") + simple("resets", "diagonal", decay="constant", resets=True)
    + simple("time_major", "diagonal", after="{time = 0 : i64}")
    + function("damped", "damped input(%x) alpha(%a) delta(%d) expand(%b) project(%g) initial(%h)",
               [("x", X), ("a", P), ("d", P), ("b", P), ("g", P), ("h", H)], [X, H])
    + function("complex", "complex input(%x) alpha(%a) delta(%d) angle(%t) project(%g, %k) initial(%h, %i)",
               [("x", X), ("a", P), ("d", P), ("t", P), ("g", P), ("k", P), ("h", H), ("i", H)], [X, H, H])
)


def filtered(beta, x, h):
    """h_t = β h_{t-1} + (1-β) x_t along axis -2 by lfilter; beta and h have the shape of one step."""
    y = np.empty(x.shape)
    beta = np.broadcast_to(beta, h.shape)
    for at in np.ndindex(h.shape):
        b, index = float(beta[at]), at[:-1] + (slice(None), at[-1])
        y[index] = lfilter([1 - b], [1, -b], x[index].astype(np.float64), zi=[b * float(h[at])])[0]
    return [y, y[..., -1, :] if x.shape[-2] else h]


def modes(q, taken, x, h):
    """All states of a linear system with constant coefficients: kernel q^l and decayed initial state."""
    T, out = x.shape[1], np.zeros((x.shape[0], x.shape[1], N, D), q.dtype)
    lags = np.arange(T)
    kernel = q[None] ** lags[:, None, None]
    for t in range(T):
        out[:, t] = np.einsum("knd,bkd->bnd", kernel[t::-1] if t else kernel[:1], x[:, : t + 1]) * taken + q ** (t + 1) * h
    return out, out[:, -1] if T else h


for schedule in ("reference", "auto"):
    module = compile_text(TEXT, schedule=schedule)
    rng = np.random.default_rng(11)
    f32 = lambda v: v.astype(np.float32)
    for T in (0, 1, 2, 31, 127):
        close = lambda name, got, want, tolerance=2e-6: bits.expect_close(got, want, f"{schedule} {name} T={T}", tolerance, tolerance)
        x, h = f32(rng.standard_normal((2, T, D))), f32(rng.standard_normal((2, D)))
        beta, each = f32(rng.uniform(0.5, 0.99, ())), f32(rng.uniform(0.5, 0.99, D))
        close("scalar", module["scalar"](x, beta, h), filtered(beta, x, h))
        y, last = filtered(beta, x[:, ::-1], h)
        close("reverse", module["reverse"](x, beta, h), [y[:, ::-1], last])
        x4, h4, b4 = rng.standard_normal((2, 3, T, D)), rng.standard_normal((2, 3, D)), rng.uniform(0.5, 0.99, D)
        close("diagonal64", module["diagonal64"](x4, b4, h4), filtered(b4, x4, h4), 1e-13)
        close("unbatched", module["unbatched"](x4[0, 0], b4, h4[0, 0]), filtered(b4, x4[0, 0], h4[0, 0]), 1e-13)
        x64, zero, one = x.astype(np.float64), np.zeros((2, D)), np.ones(2)
        y, last = filtered(0.9, x64, zero)
        powers = 0.9 ** np.arange(1, T + 1)
        got = module["adam"](x64, np.float64(0.9) * np.ones(()), zero, one)
        close("adam", got, [y / (1 - powers)[None, :, None], last, one * 0.9**T], 1e-12)
        r = rng.random((2, T)) < 0.2
        y, last = np.empty(x.shape), np.array(h, np.float64)
        for b in range(2):
            ends = [0, *np.flatnonzero(r[b]), T]
            for start, end in zip(ends, ends[1:]):
                y[b, start:end], last[b] = filtered(each, x[b, start:end], h[b])
        close("resets", module["resets"](x, each, h, r), [y, last])
        # A decay per step in product form: h_t = P_t (h_0 + Σ (1-β_s) x_s / P_s).
        moving = f32(rng.uniform(0.8, 0.99, (2, T, D)))
        product = np.cumprod(moving.astype(np.float64), axis=1)
        y = product * (h[:, None] + np.cumsum((1 - moving.astype(np.float64)) * x / product, axis=1))
        close("steps", module["steps"](x, moving, h), [y, y[:, -1] if T else h])
        swap = lambda v: v.swapaxes(0, 1)
        close("time_major", module["time_major"](swap(x), swap(moving), h), [swap(y), y[:, -1] if T else h])
        product = np.cumprod(moving[..., :1].astype(np.float64), axis=1)
        y = product * (h[:, None] + np.cumsum((1 - moving[..., :1].astype(np.float64)) * x / product, axis=1))
        close("scalar_steps", module["scalar_steps"](x, moving[..., 0].copy(), h), [y, y[:, -1] if T else h])
        alpha, delta = f32(rng.uniform(0.1, 0.9, (2, N, D)))
        expand, project, other, angle = f32(rng.standard_normal((4, N, D)))
        start, turned = f32(rng.standard_normal((2, 2, N, D)))
        a, d = alpha.astype(np.float64), delta.astype(np.float64)
        states, last = modes(1 - a * d, a * expand, x, start)
        y = np.einsum("btnd,nd->btd", states, project)
        close("damped", module["damped"](x, alpha, delta, expand, project, start), [y, last], 5e-6)
        q = (1 - a * d) * np.exp(1j * angle.astype(np.float64))
        states, last = modes(q, a, x, start + 1j * turned)
        y = np.einsum("btnd,nd->btd", states, project + 1j * other).real
        got = module["complex"](x, alpha, delta, angle, project, other, start, turned)
        close("complex", got, [y, last.real, last.imag], 5e-6)
