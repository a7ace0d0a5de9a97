# RUN: %python %s
# REQUIRES: numpy, scipy
"""Cells that are scans of other monoids than sums: running log-sum-exp and maximum, Aaren, RWKV-4,
TimestepNorm. Oracles: NumPy's accumulate, SciPy's logsumexp and softmax over every prefix, and
moments of all that was seen, at once; in float64."""

import numpy as np
from scipy.special import logsumexp, softmax

import bits
import library


def prefixes(x):
    """x[:, :1], x[:, :2], …"""
    return (x[:, : t + 1] for t in range(x.shape[1]))


def along_time(pieces, like):
    return np.stack(list(pieces), 1) if like.shape[1] else np.empty(like.shape)


def logcumsumexp(x, m, s):
    """The state that was there, log s + m, is one more term in front."""
    with np.errstate(divide="ignore"):
        whole = np.concatenate([(m + np.log(s))[:, None], x], 1)
    y = np.logaddexp.accumulate(whole, axis=1)
    top = np.maximum(m, x.max(1, initial=-np.inf))
    return [y[:, 1:], top, np.exp(y[:, -1] - top)]


def cummax(x, m, i, count):
    y = np.maximum.accumulate(np.concatenate([m[:, None], x], 1), axis=1)
    at, place = np.empty(x.shape), i.astype(np.float64)
    for t in range(x.shape[1]):
        new = ~(y[:, t + 1] == y[:, t]) & ~np.isnan(y[:, t])
        place = np.where(new, (count + t)[:, None], place)
        at[:, t] = place
    return [y[:, 1:], at, y[:, -1], place, count + x.shape[1]]


def aaren(s, v, m, u, w):
    """The state is one more value, w / u, of score m + log u."""
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = np.concatenate([(m + np.log(u))[:, None], s], 1)
        first = np.where(u[:, None] > 0, w / u[:, None], 0)
    values = np.concatenate([first[:, None], v], 1)
    y = along_time((np.einsum("bt,btd->bd", softmax(p, 1), values[:, : p.shape[1]]) for p in prefixes(scores)), values)
    top = np.maximum(m, s.max(1, initial=-np.inf))
    total = np.exp(logsumexp(scores, 1) - top)
    return [y[:, 1:], top, total, total[:, None] * y[:, -1]]


def rwkv4_wkv(k, v, w, u, a, b, p):
    """Each y is one softmax over its past: exponents (t - 1 - j) w + k_j, and u + k_t for itself."""
    with np.errstate(divide="ignore", invalid="ignore"):
        first, start = np.where(b > 0, a / b, 0), p + np.log(b)
    values, y = np.concatenate([first[:, None], v], 1), np.empty(k.shape)

    def exponents(t):
        ages = t - 1 - np.arange(t)
        return np.concatenate([(start + t * w)[:, None], ages[:, None] * w + k[:, :t]], 1)

    T = k.shape[1]
    for t in range(T):
        whole = np.concatenate([exponents(t), (u + k[:, t])[:, None]], 1)
        y[:, t] = (softmax(whole, 1) * values[:, : t + 2]).sum(1)
    last = exponents(T)
    top = p
    for t in range(T):
        top = np.maximum(top + w, k[:, t])
    b = np.exp(logsumexp(last, 1) - top)
    return [y, b * (softmax(last, 1) * values).sum(1), b, top]


def timestep_norm(x, weight, bias, eps, count, mean, var):
    """Mean and variance of all channels of a group up to t, `count` steps of the prior included."""
    y, n, size = np.empty(x.shape), count[:, None], x.shape[-1]
    means, variances = [mean], [var]
    for seen in prefixes(x):
        steps = seen.shape[1]
        mu = (n * mean + seen.mean(-1).sum(1)) / (n + steps)
        spread = ((seen - mu[:, None, :, None]) ** 2).sum((1, 3)) / size
        square = (n * (var + (mean - mu) ** 2) + spread) / (n + steps)
        normal = (seen[:, -1] - mu[..., None]) / np.sqrt(square + eps)[..., None]
        y[:, steps - 1] = normal * (1 + weight) + bias
        means.append(mu)
        variances.append(square)
    return [y, count + x.shape[1], means[-1], variances[-1]]


positive = lambda v: np.exp(v)
EMPTY = {
    "logcumsumexp": {"m0": -np.inf, "s0": 0},
    "aaren": {"m0": -np.inf, "u0": 0, "w0": 0},
    "rwkv4_wkv": {"a0": 0, "b0": 0, "p0": -np.inf},
    "cummax": {"m0": -np.inf},
    "timestep_norm": {"mean0": 0, "var0": 0},
}
wide = [dict(D=1), dict(D=17), dict(D=64)]
rwkv = {"b0": positive, "w": lambda v: -np.exp(v - 2)}
small_integers = lambda v: np.rint(3 * v)
CASES = [
    (logcumsumexp, wide, {"x": lambda v: 30 * v, "s0": lambda v: 1 + v**2}),
    (cummax, wide, {"x": small_integers, "m0": small_integers, "i0": -1, "count0": 5}),
    (aaren, wide, {"s": lambda v: 10 * v, "u0": lambda v: 1 + v**2}),
    (rwkv4_wkv, wide, {"k": lambda v: 10 * v, **rwkv}),
    (timestep_norm, [dict(G=1, S=1), dict(G=3, S=17), dict(G=16, S=4)], {"eps": 1e-3, "count0": 4, "var0": positive}),
]
rng = np.random.default_rng(10)
for oracle, shapes, changes in CASES:
    library.check_special_values(library.Cell(oracle.__name__, **shapes[1]), rng, **changes)
    for sizes in shapes:
        every = sizes is shapes[1]
        lengths = library.LENGTHS if every else [2, 33]
        # RWKV-4's exponent itself is rounded at every step.
        for dtype, tolerance in (("f32", 2e-4 if oracle is rwkv4_wkv else 2e-5), ("f64", 1e-12))[: 1 + every]:
            cell = library.Cell(oracle.__name__, dtype, **sizes)
            for start in ({}, EMPTY[cell.name]):
                if start and cell.name in ("cummax", "timestep_norm"):
                    start = start | {"count0": 0}
                for B in library.BATCHES:
                    for T in lengths if dtype == "f32" else [33]:
                        if cell.name == "timestep_norm" and start and sizes["S"] == 1:
                            continue  # a first step of one channel has no variance
                        values = cell.values(rng, B, T, **changes | start)
                        with np.errstate(invalid="ignore"):
                            expected = oracle(*library.wide(values))
                        expected = [np.where(np.isnan(e), 0, e) if not T else e for e in expected]
                        library.check(cell, values, expected, tolerance, tolerance)

# Huge, infinite and absent terms.
inf = np.inf
cell = library.Cell("logcumsumexp", D=2)
x = np.array([[[-inf, 3e38], [-inf, -3e38], [1000, 1], [1001, inf], [-inf, 2]]])
values = cell.values(rng, 1, 5, x=x, **EMPTY["logcumsumexp"])
with np.errstate(invalid="ignore"):
    y = library.check(cell, values, [logcumsumexp(*library.wide(values))[0], [[1001, inf]], [[1 + np.exp(-1), inf]]])[0]
assert y[0, 0, 0] == -inf and y[0, 1, 0] == -inf and y[0, 3, 1] == inf and y[0, 4, 1] == inf, y

cell = library.Cell("cummax", D=5)
nan = np.nan
x = [[[1, nan, -inf, 0.0, -inf], [1, 2, -inf, -0.0, 3], [2, nan, 4, 0.0, 3]]]
values = cell.values(rng, 1, 3, x=x, **EMPTY["cummax"])
y, at, *_ = library.check(cell, values, cummax(*library.wide(values)))
bits.expect_same([at], [np.array([[[0, 0, 0, 0, 0], [0, 0, 0, 0, 1], [2, 0, 2, 0, 1]]])], "cummax: earliest wins")
assert np.isnan(y[0, :, 1]).all() and not np.signbit(y[0, :, 3]).any(), y

cell = library.Cell("aaren", D=2)
values = cell.values(rng, 1, 4, s=[[-inf, 500, -3e38, 501]], **EMPTY["aaren"])
with np.errstate(invalid="ignore"):
    y = library.check(cell, values, aaren(*library.wide(values)))[0]
assert np.isnan(y[0, 0]).all() and np.array_equal(y[0, 1], values[1][0, 1]), y

# The reference code starts from p = -1e38; -∞ and keys that are absent do as well.
cell = library.Cell("rwkv4_wkv", D=3)
for start in (-inf, -1e38):
    values = cell.values(rng, 2, 31, k=lambda v: np.where(v > 1.5, -inf, 100 * v), **rwkv | EMPTY["rwkv4_wkv"] | {"p0": start})
    values[0][:, 0] = 1
    y = library.check(cell, values, rwkv4_wkv(*library.wide(values)), 2e-4, 2e-4)[0]
    assert np.isfinite(y).all(), y

# Statistics far from zero: no difference of large squares.
cell = library.Cell("timestep_norm", G=2, S=8)
values = cell.values(rng, 2, 257, x=lambda v: 1000 + v, eps=1e-5, **EMPTY["timestep_norm"] | {"count0": 0})
library.check(cell, values, timestep_norm(*library.wide(values)), 5e-4, 5e-4)
