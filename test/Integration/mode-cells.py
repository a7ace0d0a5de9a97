# RUN: %python %s
# REQUIRES: numpy, scipy
"""Cells with complex modes (LRU, S4D, S5, GateLoop, Megalodon's CEMA) against complex128: banded
systems, by LAPACK."""

import numpy as np
from scipy.special import expit as sigmoid

import library
from oracles import linear


def parts(y, last):
    return [y, last.real, last.imag]


def lru(x, nu, theta, gamma, b_re, b_im, c_re, c_im, d, re0, im0):
    decay = np.exp(-np.exp(nu) + 1j * np.exp(theta))
    s, last = linear(decay, np.exp(gamma) * (x @ (b_re + 1j * b_im).T), re0 + 1j * im0)
    return parts((s @ (c_re + 1j * c_im).T).real + x @ d.T, last)


def held(log_step, a):
    """Zero-order hold: the decay and the weight of the input."""
    decay = np.exp(np.exp(log_step) * a)
    return decay, (decay - 1) / a


def s4d(x, log_step, a_re, a_im, c_re, c_im, skip, re0, im0):
    decay, weight = held(log_step[:, None], a_re + 1j * a_im)
    s, last = linear(decay, weight * x[..., None], re0 + 1j * im0)
    return parts(2 * np.einsum("btdn,dn->btd", s, c_re + 1j * c_im).real + skip * x, last)


def s5(x, log_step, a_re, a_im, b_re, b_im, c_re, c_im, skip, re0, im0):
    decay, weight = held(log_step, a_re + 1j * a_im)
    s, last = linear(decay, weight * (x @ (b_re + 1j * b_im).T), re0 + 1j * im0)
    return parts(2 * (s @ (c_re + 1j * c_im).T).real + skip * x, last)


def gate_loop(q, k, v, alpha, beta, re0, im0):
    s, last = linear(sigmoid(alpha) * np.exp(1j * beta), k * v + 0j, re0 + 1j * im0)
    return parts(q * s.real, last)


def cema(x, alpha, delta, theta, gamma_re, gamma_im, omega, re0, im0):
    n = alpha.shape[1]
    p, angle = sigmoid(alpha), np.arange(1, n + 1) * (2 * np.pi / n) * sigmoid(theta)[:, None]
    decay = (1 - p * sigmoid(delta)) * np.exp(1j * angle)
    h, last = linear(decay, p * x[..., None] + 0j, re0 + 1j * im0)
    read = (gamma_re + 1j * gamma_im) / np.sqrt(n)
    return parts(np.einsum("btdn,dn->btd", h, read).real + omega * x, last)


# S4D's own ranges: re a = -1/2, im a = π n, Δ in [1e-3, 1e-1].
modes = {"a_re": -0.5, "log_step": lambda v: np.log(1e-3) + np.log(100) * sigmoid(v)}
angles = {"a_im": lambda v: np.pi * np.arange(v.shape[-1])}
CASES = [
    (lru, [dict(I=1, N=1, O=1), dict(I=5, N=17, O=3), dict(I=16, N=64, O=16)], {"nu": lambda v: v - 3, "theta": lambda v: v - 1}),
    (s4d, [dict(D=1, N=1), dict(D=17, N=3), dict(D=8, N=16)], modes | angles),
    (s5, [dict(D=1, N=1), dict(D=5, N=17), dict(D=16, N=64)], modes | angles),
    (gate_loop, [dict(D=1), dict(D=17), dict(D=64)], {"alpha": lambda v: v + 2, "beta": lambda v: 2 * v}),
    (cema, [dict(D=1, N=1), dict(D=17, N=3), dict(D=8, N=16)], {}),
]
rng = np.random.default_rng(8)
for oracle, shapes, changes in CASES:
    library.check_special_values(library.Cell(oracle.__name__, **shapes[1]), rng, **changes)
    for sizes in shapes:
        every = sizes is shapes[1]
        lengths = library.LENGTHS if every else [2, 33]
        for dtype, tolerance in (("f32", 5e-5), ("f64", 1e-12))[: 1 + every]:
            cell = library.Cell(oracle.__name__, dtype, **sizes)
            for B in library.BATCHES:
                for T in lengths if dtype == "f32" else [33]:
                    values = cell.values(rng, B, T, **changes)
                    library.check(cell, values, oracle(*library.wide(values)), tolerance, tolerance)

# A step of 1e-6: exp(Δ a) - 1 keeps its digits in f32.
for oracle, sizes in ((s4d, dict(D=3, N=4)), (s5, dict(D=3, N=4))):
    cell = library.Cell(oracle.__name__, **sizes)
    zero = {"s_re0": 0, "s_im0": 0, "skip": 0}
    values = cell.values(rng, 1, 2, **modes | angles | zero | {"log_step": np.log(1e-6)})
    expected = oracle(*library.wide(values))
    library.check(cell, values, expected, 1e-6, 1e-12)
