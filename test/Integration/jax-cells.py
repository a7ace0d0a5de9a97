# RUN: %python %s
# REQUIRES: numpy, jax
"""The cells without an ONNX operator against JAX in float64: linear ones through
associative_scan, which adds in another order, nonlinear ones through lax.scan."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.nn import sigmoid, softplus

import bits
import cells
from compiled import compile_text

jax.config.update("jax_enable_x64", True)


def linear(a, u, h0):
    """All states of h_t = a_t h_{t-1} + u_t along axis 1."""
    combine = lambda l, r: (l[0] * r[0], l[1] * r[0] + r[1])
    product, total = jax.lax.associative_scan(combine, (a, u), axis=1)
    return total + product * h0[:, None]


def min_gru(x, w, b, h0):
    z, n = jnp.split(x @ w.T + b, 2, -1)
    h = linear(1 - sigmoid(z), sigmoid(z) * n, h0)
    return [h, h[:, -1]]


def selective_scan(u, delta, a, b, c, skip, bias, h0):
    step = softplus(delta + bias)[..., None]
    h = linear(jnp.exp(step * a), step * u[..., None] * b[:, :, None, :], h0)
    return [jnp.einsum("btdn,btn->btd", h, c) + skip * u, h[:, -1]]


def scanned(step, x, *states):
    last, y = jax.lax.scan(step, states, jnp.swapaxes(x, 0, 1))
    return [jnp.swapaxes(y, 0, 1), *last]


def para_gru(x, w, b, a, h0):
    def step(state, p):
        (h,), (xz, xr, xn) = state, jnp.split(p, 3, -1)
        z, r = sigmoid(a[0] * h + xz), sigmoid(a[1] * h + xr)
        h = h + z * (jnp.tanh(a[2] * h * r + xn) - h)
        return (h,), h

    return scanned(step, x @ w.T + b, h0)


def para_lstm(x, w, b, a, p, h0, c0):
    def step(state, projected):
        (h, c), (xf, xg, xo) = state, jnp.split(projected, 3, -1)
        g = jnp.tanh(a[1] * h + xg)
        c = g + sigmoid(a[0] * h + p[0] * c + xf) * (c - g)
        h = sigmoid(a[2] * h + p[1] * c + xo) * jnp.tanh(c)
        return (h, c), h

    return scanned(step, x @ w.T + b, h0, c0)


for name, oracle in [
    ("min_gru", min_gru),
    ("selective_scan", selective_scan),
    ("para_gru", para_gru),
    ("para_lstm", para_lstm),
]:
    for B, T, H, I, N in [(1, 1, 1, 1, 1), (2, 33, 17, 5, 3), (3, 257, 64, 16, 16)]:
        values = cells.inputs(name, B, T, H, I, N)
        expected = oracle(*[jnp.asarray(v, jnp.float64) for v in values])
        actual = compile_text(cells.program(name, H, I, N))[name](*values)
        what = f"{name} B={B} T={T} H={H} I={I} N={N}"
        bits.expect_close(actual, [np.asarray(e) for e in expected], what)
