# RUN: %python %s
# REQUIRES: numpy, scipy
"""Cells that are linear in a real state, and SRU with peepholes, in float64: linear ones as
banded systems, by LAPACK. Streaming, batches and plan `fused` give the bits of one call of plan
`reference`."""

import numpy as np
from scipy.special import expit as sigmoid
from scipy.special import log_expit as log_sigmoid

import library
from oracles import linear


def qrnn(x, w, v, b, x0, c0):
    before = np.concatenate([x0[:, None], x], 1)
    z, f, o = np.split(x @ w.T + before[:, :-1] @ v.T + b, 3, -1)
    c, last = linear(sigmoid(f), sigmoid(-f) * np.tanh(z), c0)
    return [sigmoid(o) * c, before[:, -1], last]


def min_lstm(x, w, b, h0):
    f, i, n = np.split(x @ w.T + b, 3, -1)
    total = np.logaddexp(log_sigmoid(f), log_sigmoid(i))
    return linear(np.exp(log_sigmoid(f) - total), np.exp(log_sigmoid(i) - total) * n, h0)


def hgrn(x, w, b, l, h0):
    f, i = np.split(x @ w.T + b, 2, -1)
    gate = l + (1 - l) * sigmoid(f)
    return linear(gate, (1 - gate) * i * sigmoid(i), h0)


def sru(x, w, b, c0):
    u, f, r = np.split(x @ w.T, 3, -1)
    bf, br = np.split(b, 2)
    f, r = sigmoid(f + bf), sigmoid(r + br)
    c, last = linear(f, (1 - f) * u, c0)
    return [r * c + (1 - r) * x, last]


def sru_peephole(x, w, b, v, c0):
    bf, br = np.split(b, 2)
    u, f, r = np.split(x @ w.T, 3, -1)
    c, y = c0, np.empty(x.shape)
    for t in range(x.shape[1]):
        forget, read = sigmoid(f[:, t] + v[0] * c + bf), sigmoid(r[:, t] + v[1] * c + br)
        c = u[:, t] + (c - u[:, t]) * forget
        y[:, t] = c * read + x[:, t] * (1 - read)
    return [y, c]


def ema(x, alpha, h0):
    return linear(1 - alpha, alpha * x, h0)


def mega_ema(x, delta, alpha, beta, gamma, omega, h0):
    p, n = sigmoid(delta), delta.shape[1]
    h, last = linear(1 - p * sigmoid(alpha), p * beta * x[..., None], h0)
    return [np.einsum("btdn,dn->btd", h, gamma) / np.sqrt(n) + omega * x, last]


def signed_selective_scan(u, delta, a, b, c, skip, bias, h0):
    step = np.logaddexp(0, delta + bias)[..., None]
    h, last = linear(2 * np.exp(step * a) - 1, step * u[..., None] * b[:, :, None, :], h0)
    return [np.einsum("btdn,btn->btd", h, c) + skip * u, last]


negative = lambda v: -np.exp(v)
CASES = [
    (qrnn, [dict(H=1, I=1), dict(H=17, I=5), dict(H=64, I=16)], {}),
    (min_lstm, [dict(H=1, I=1), dict(H=17, I=5), dict(H=64, I=16)], {}),
    (hgrn, [dict(H=1, I=1), dict(H=17, I=5), dict(H=64, I=16)], {"l": sigmoid}),
    (sru, [dict(H=1), dict(H=17), dict(H=64)], {}),
    (sru_peephole, [dict(H=1), dict(H=17), dict(H=64)], {}),
    (ema, [dict(D=1), dict(D=17), dict(D=64)], {"alpha": sigmoid}),
    (mega_ema, [dict(D=1, N=1), dict(D=17, N=3), dict(D=8, N=16)], {}),
    (signed_selective_scan, [dict(D=1, N=1), dict(D=17, N=3), dict(D=8, N=16)], {"a": negative}),
]
rng = np.random.default_rng(4)
for oracle, shapes, changes in CASES:
    library.check_special_values(library.Cell(oracle.__name__, **shapes[1]), rng, **changes)
    for sizes in shapes:
        every = sizes is shapes[1]
        lengths = library.LENGTHS if every else [2, 33]
        for dtype, tolerance in (("f32", 1e-5), ("f64", 1e-12))[: 1 + every]:
            cell = library.Cell(oracle.__name__, dtype, **sizes)
            for B in library.BATCHES:
                for T in lengths if dtype == "f32" else [33]:
                    values = cell.values(rng, B, T, **changes)
                    library.check(cell, values, oracle(*library.wide(values)), tolerance, tolerance)

# Gates far beyond where σ rounds to 0 or 1: nothing overflows, minLSTM's ratio stays a ratio.
for oracle, shapes, changes in CASES[:5]:
    cell = library.Cell(oracle.__name__, **shapes[-1])
    values = cell.values(rng, 2, 31, x=lambda v: 3000 * v, **changes)
    wide = library.wide(values)
    results = library.check(cell, values, oracle(*wide), 2e-4, 1e-3)
    assert all(np.isfinite(r).all() for r in results), oracle.__name__
cell = library.Cell("min_lstm", H=2, I=3)
values = cell.values(rng, 1, 3, w=0, b=[-200, -200, -200, -202, 5, 5], h0=1)
library.check(cell, values, min_lstm(*library.wide(values)), 1e-6, 1e-6)
