# RUN: %python %s
# REQUIRES: numpy, scipy
"""Structured coefficients of seq.affine_recurrence: companion matrices are SciPy's all-pole filters; matrices
that change with time are one linear system over all steps."""

import numpy as np
from scipy.signal import lfilter, lfiltic

import bits
from compiled import compile_text


def affine(name, structure, decay, state, leading="?x?x", words="", after="", readout=None, batch="?x", resets=""):
    """`decay`, `state`: their shapes in one step, as in a type."""
    rank = state.count("x")
    a, u, h = f"tensor<{decay}f64>", f"tensor<{leading}{state}f64>", f"tensor<{batch}{state}f64>"
    out = f"tensor<{leading}{state.split('x', 1)[1] if readout else state}f64>"
    types, names = [a, u, h], "%a: " + a + ", %u: " + u + ", %h: " + h
    if readout:
        types.append(f"tensor<{leading}{readout}f64>")
        names += f", %c: {types[-1]}"
    if resets:
        types.append(f"tensor<{leading[:-1]}xi1>")
        names += f", %r: {types[-1]}"
    text = ", ".join(types)
    return f"""func.func @{name}({names}) -> ({out}, {h}) {{
  %y, %l = seq.affine_recurrence {structure} {words} decay(%a) input(%u) initial(%h) {'readout(%c)' if readout else ''} {resets}
    {{state_rank = {rank} : i64 {after}}} : ({text}) -> ({out}, {h})
  return %y, %l : {out}, {h}
}}
"""


TEXT = (
    affine("block", "block", "2x2x3x", "2x3x", words="constant", readout="2x")
    + affine("heads", "head_dense", "2x4x4x", "2x4x", words="constant reverse", after=", time = 0 : i64")
    + affine("dense", "dense", "5x5x", "5x", words="constant", leading="?x?x?x", batch="?x?x")
    + affine("dense_steps", "dense", "?x3x3x", "3x", leading="?x", batch="")
    + affine("head_steps", "head_dense", "?x?x2x3x3x", "2x3x")
    + affine("block_steps", "block", "?x?x3x3x2x", "3x2x", resets="resets(%r)")
)


def companion(poles):
    """Coefficients a of 1 + a_1 z^-1 + …, and the matrix that advances (y_t, y_{t-1}, …)."""
    a = np.real(np.poly(poles))
    matrix = np.eye(len(poles), k=-1)
    matrix[0] = -a[1:]
    return a, matrix


def filtered(a, x, past):
    """The all-pole filter along the last axis, from past = (y_{-1}, y_{-2}, …): all (y_t, y_{t-1}, …)."""
    y, _ = lfilter([1.0], a, x, zi=lfiltic([1.0], a, past))
    whole = np.concatenate([past[::-1], y])
    return np.stack([whole[len(past) - i : len(whole) - i] for i in range(len(past))], axis=-1)


def solved(a, u, h):
    """h_t = A_t h_{t-1} + u_t for all t at once, as a block bidiagonal system."""
    T, n = u.shape
    if T == 0:
        return u, h
    system, right = np.eye(T * n), u.reshape(-1).copy()
    right[:n] += a[0] @ h
    for t in range(1, T):
        system[t * n : (t + 1) * n, (t - 1) * n : t * n] = -a[t]
    y = np.linalg.solve(system, right).reshape(T, n)
    return y, y[-1]


for schedule in ("reference", "auto"):
    module = compile_text(TEXT, schedule=schedule)
    rng = np.random.default_rng(5)
    for T in (0, 1, 2, 31, 101):
        close = lambda name, got, want: bits.expect_close(got, want, f"{schedule} {name} T={T}", 1e-11, 1e-11)
        last_of = lambda y, h: y[-1] if T else h
        # Two poles for each of three channels; the readout picks y_t.
        parts = [companion([r * np.exp(1j * w), r * np.exp(-1j * w)]) for r, w in ((0.9, 0.3), (0.5, 1.0), (0.97, 2.0))]
        x, h = rng.standard_normal((2, T, 3)), rng.standard_normal((2, 2, 3))
        u = np.stack([x, np.zeros_like(x)], axis=2)
        want, finals = np.empty((2, T, 3)), np.empty((2, 2, 3))
        for b in range(2):
            for d, (a, _) in enumerate(parts):
                y = filtered(a, x[b, :, d], h[b, :, d])
                want[b, :, d], finals[b, :, d] = y[:, 0], last_of(y, h[b, :, d])
        matrix = np.stack([m for _, m in parts], axis=-1)
        pick = np.broadcast_to([1.0, 0.0], (2, T, 2)).copy()
        close("block", module["block"](matrix, u, h, pick), [want, finals])
        parts = [companion(p) for p in ([0.9, -0.5, 0.3, 0.1], [0.7, 0.6, -0.9, 0.2])]
        x, h = rng.standard_normal((T, 3, 2)), rng.standard_normal((3, 2, 4))
        u = np.zeros((T, 3, 2, 4))
        u[..., 0] = x
        want, finals = np.empty((T, 3, 2, 4)), np.empty((3, 2, 4))
        for b in range(3):
            for e, (a, _) in enumerate(parts):
                y = filtered(a, x[::-1, b, e], h[b, e])
                want[:, b, e], finals[b, e] = y[::-1], last_of(y, h[b, e])
        close("heads", module["heads"](np.stack([m for _, m in parts]), u, h), [want, finals])
        a, m = companion([0.9, -0.8, 0.5, 0.3, -0.2])
        x, h = rng.standard_normal((2, 3, T)), rng.standard_normal((2, 3, 5))
        u = np.zeros((2, 3, T, 5))
        u[..., 0] = x
        want = np.stack([[filtered(a, x[i, j], h[i, j]) for j in range(3)] for i in range(2)])
        close("dense", module["dense"](m, u, h), [want, want[:, :, -1] if T else h])
        a, u, h = rng.uniform(-0.5, 0.5, (T, 3, 3)), rng.standard_normal((T, 3)), rng.standard_normal(3)
        close("dense_steps", module["dense_steps"](a, u, h), solved(a, u, h))
        a, u, h = rng.uniform(-0.5, 0.5, (2, T, 2, 3, 3)), rng.standard_normal((2, T, 2, 3)), rng.standard_normal((2, 2, 3))
        want, finals = np.empty(u.shape), np.empty(h.shape)
        for at in np.ndindex(2, 2):
            every = (at[0], slice(None), at[1])
            want[every], finals[at] = solved(a[every], u[every], h[at])
        close("head_steps", module["head_steps"](a, u, h), [want, finals])
        a, u, h = rng.uniform(-0.5, 0.5, (2, T, 3, 3, 2)), rng.standard_normal((2, T, 3, 2)), rng.standard_normal((2, 3, 2))
        r = rng.random((2, T)) < 0.2
        want, finals = np.empty(u.shape), np.array(h)
        for b, d in np.ndindex(2, 2):
            ends = [0, *np.flatnonzero(r[b]), T]
            for start, end in zip(ends, ends[1:]):
                y, finals[b, :, d] = solved(a[b, start:end, ..., d], u[b, start:end, :, d], h[b, :, d])
                want[b, start:end, :, d] = y
        close("block_steps", module["block_steps"](a, u, h, r), [want, finals])
