# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Steps that few people write (Inputs/unusual-steps.mlir): plan `fused` gives the bits of
`reference`, and both give what NumPy computes in float64."""

import os

import ml_dtypes
import numpy as np

import bits
import plans
from compiled import compile_text, levels

with open(os.path.join(os.path.dirname(__file__), "Inputs", "unusual-steps.mlir")) as file:
    TEXT = file.read()
rng = np.random.default_rng(5)


def normal(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def along_time(outs, *shape):
    return np.stack(outs, 1) if outs else np.zeros(shape)


def fir(B, T):
    x, w, d = values = [normal(B, T), normal(7), normal(B, 7)]
    line = np.concatenate([d, x], 1).astype(np.float64)
    y = [line[:, t + 1 : t + 8] @ w for t in range(T)]
    return values, [along_time(y, B, 0), line[:, T:]]


def units(B, T):
    x, d, w = values = [normal(T, 1, 1), normal(3), normal(3)]
    y = np.array([(d + t * w.astype(np.float64)) @ w + x[t, 0, 0] for t in range(T)]).reshape(T)
    return values, [y, y.reshape(T, 1, 1, 1), d + T * w.astype(np.float64)]


def swapped(B, T):
    x, a, b, c = values = [normal(B, T, 37), normal(B, 37), normal(B, 37), normal(B, 37)]
    y = []
    for t in range(T):
        y.append(a - b)
        a, b, c = b, a, x[:, t]
    return values, [along_time(y, B, 0, 37), a, b, c]


def parity(B, T):
    b, r, g = rng.random((B, T, 3)) < 0.5, rng.random((B, T)) < 0.2, rng.random((B, 3)) < 0.5
    values, g0, y = [b, r, g], g, []
    for t in range(T):
        g = b[:, t] ^ np.where(r[:, t, None], g0, g)
        y.append(g)
    return values, [along_time(y, B, 0, 3).astype(bool), g]


def branched(B, T):
    r = rng.random((B, T)) < 0.2
    x, a, b = normal(B, T, 37), normal(B, 37), normal(B, 2, 37)
    values, a0, b0, y = [x, r, a, b], a, b, []
    for t in range(T):
        a = np.where(r[:, t, None], a0, a)
        b = np.where(r[:, t, None, None], b0, b)
        y.append(a - b[:, 1])
        first = x[:, t, :1] > 0
        a, b = np.where(first, b[:, 0], b[:, 1]), np.stack([a, b[:, 0]], 1)
    return values, [along_time(y, B, 0, 37), a, b]


def bools(B, T):
    # Small integers: every sum is exact, so that no comparison depends on rounding.
    x, h = values = [np.rint(4 * normal(B, T, 700)), np.rint(normal(B, 8, 700))]
    y = []
    for t in range(T):
        h = h + x[:, t, None]
        y.append(h.sum(1) > x[:, t])
    y = along_time(y, B, 0, 700).astype(bool)
    return values, [y, y[:, :, 3:36].astype(np.float64), h]


def powers(B, T):
    k = rng.integers(0, 8, (B, T, 5)).astype(np.int32)
    x, h = 2 * normal(B, T, 5), normal(B, 5)
    before = np.concatenate([h[:, None], x], 1).astype(np.float64)
    return [x, k, h], [before[:, :-1] ** k, k**k, before[:, -1]]


def products(B, T):
    x, w, v = values = [normal(T, 3), normal(3), normal(5, 3)]
    wide = x.astype(np.float64)
    return values, [wide @ w, v @ wide.T]


def classes(B, T):
    kinds = np.array([0, 1, 1e-30, 1e30, np.inf, np.nan, 3e-39], np.float32)
    x, h = rng.choice(kinds, (B, T, 19)), rng.choice(kinds, (B, 19))
    before = np.concatenate([h[:, None], x], 1)[:, :-1]
    with np.errstate(all="ignore"):
        ratio = before / x
    normal = (np.abs(ratio) >= np.finfo(np.float32).tiny) & np.isfinite(ratio)
    return [x, h], [np.isinf(ratio), normal]


def narrow(B, T):
    x, h = normal(B, T, 37).astype(ml_dtypes.bfloat16), normal(B, 37)
    values, y = [x, h], []
    for t in range(T):
        h = h + x[:, t].astype(np.float32)
        y.append(h.astype(ml_dtypes.bfloat16).astype(np.float64))
    return values, [along_time(y, B, 0, 37), h]


def started(B, T):
    x = normal(B, T, 19)
    line = np.concatenate([np.full((B, 1, 19), 2.0), x], 1)
    return [x], [line[:, :-1] * x, line[:, -1]]


def overwritten(B, T):
    x, w, a, b = values = [normal(B, T, 9), normal(9, 9), normal(B, 9), normal(B, 9)]
    for t in range(T):
        a, b = b, a + x[:, t].astype(np.float64) @ w.T
    return values, [a, b]


def inserted(B, T):
    x, a, b = values = [normal(B, T, 4), normal(B, 4), normal(B, 4)]
    for t in range(T):
        a, b = b, np.concatenate([a[:, :1], x[:, t, 1:2], x[:, t, 1:2], a[:, 3:]], 1)
    return values, [a, b]


def traced(B, T):
    scores, pointers, s = normal(B, T, 4), rng.integers(0, 4, (B, T, 4)), rng.integers(-1, 4, B)
    path, state = np.empty((B, T)), s
    for t in reversed(range(T)):
        behind = np.take_along_axis(pointers[:, t], np.maximum(state, 0)[:, None], 1)[:, 0]
        state = path[:, t] = np.where(state < 0, scores[:, t].argmax(1), behind)
    return [scores, pointers, s], [path, state]


CASES = (fir, units, swapped, parity, branched, bools, powers, products, classes, narrow, started, overwritten, inserted,
         traced)  # fmt: skip
for march in levels():
    reference, fused = (compile_text(TEXT, plan, march) for plan in ("reference", "fused"))
    for case in CASES:
        name = case.__name__
        for B, T in [(1, 0), (1, 1), (3, 17), (2, 37), (0, 3)]:
            what = f"{name} {march} B={B} T={T}"
            values, oracle = case(B, T)
            expected = plans.check_calls(reference[name], fused[name], values, what, T)
            bits.expect_close(expected, oracle, what)
            plans.check_threads(fused[name], values, expected, what)
            if fused[name].signature["streams"]:
                plans.check_splits(fused[name], values, expected, what, rng)
print("all as NumPy says")
