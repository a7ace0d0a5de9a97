# RUN: %python %s reference
# RUN: %python %s auto
# REQUIRES: numpy, scipy
"""Ordinary upstream IR around recurrences (func, arith, math, tensor, linalg, scf) against NumPy,
with static and dynamic shapes, empty ones included."""

import os
import sys

import ml_dtypes
import numpy as np
from scipy.signal import correlate

import bits
from compiled import compile_text

with open(os.path.join(os.path.dirname(__file__), "Inputs", "upstream-ops.mlir")) as file:
    MODULE = compile_text(file.read(), schedule=sys.argv[1])
rng = np.random.default_rng(2)
SIZES = [0, 1, 2, 3, 16, 17, 65]


def normal(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def near(name, arguments, expected, tolerance=1e-5):
    for where in ("end", "start"):
        actual = MODULE[name](*arguments, where=where)
        shapes = [np.shape(a) for a in arguments]
        bits.expect_close(actual, expected, f"{name} {shapes}", tolerance, tolerance)


def convolved(x, k):
    """The valid correlation of x with k."""
    return correlate(x.astype(np.float64), k.astype(np.float64), "valid")


for n in SIZES:
    a, b, s = normal(n, 7), normal(n, 7), np.float32(0.3)
    y = np.tanh(a.astype(np.float64)) * s + b
    near("elementwise", [a, b, s], [y, y < b])

    i, j, k = *rng.integers(-1000, 1000, (2, n)).astype(np.int32), np.int32(77)
    y = np.maximum((i * k) ^ j, i)
    near("integers", [i, j, k], [y, y, y], 0)

    a, b = normal(n, 5, 9), normal(n, 9, 6)
    near("batch_matmul", [a, b], [a.astype(np.float64) @ b])

    x, k, bias = normal(2, n, 4), normal(3, 4, 8), normal(8)
    padded = np.pad(x, ((0, 0), (1, 1), (0, 0))).astype(np.float64)
    y = sum(padded[:, t : t + n] @ k[t] for t in range(3)) + bias
    near("conv1d", [x, k, bias], [y])

    x = normal(n, 37) * 4
    e = np.exp(x - x.max(1, keepdims=True, initial=-np.inf).astype(np.float64))
    near("softmax", [x], [e / e.sum(1, keepdims=True)])

    x = normal(n)
    near("gathered", [x], [x[::-1]])

    x, y = normal(n, 4, 6), normal(n, 24)
    flat = x.reshape(n, 24)
    near("shapes", [x, y], [flat, x.T, x[:, 1::2, :5:2], np.concatenate([flat, y], 1)], 0)

    for trips, flag in ((0, True), (1, False), (4, True)):
        x = normal(n)
        y = x.astype(np.float64)
        for _ in range(trips):
            y = np.tanh(y) + x
        y = -y if flag else y
        near("loops", [x, trips, flag], [y, y.sum()])

    x = rng.standard_normal(n) / 4
    near("calls", [x], [np.exp(np.exp(x))], 1e-13)

    x, y = normal(n).astype(ml_dtypes.bfloat16), normal(n).astype(np.float16)
    product = x.astype(np.float32) * y.astype(np.float32)
    near("halves", [x, y], [product, product.astype(ml_dtypes.bfloat16)], 0)

for m, k, n in [(0, 3, 4), (1, 1, 1), (3, 0, 2), (7, 33, 5), (16, 16, 16), (65, 17, 31), (5, 300, 64)]:
    a, b = normal(m, k), normal(k, n)
    near("matmul", [a, b], [a.astype(np.float64) @ b])

for m, n in [(0, 0), (1, 1), (3, 17), (33, 64), (100, 5), (2, 0)]:
    x = normal(m, n)
    wide = x.astype(np.float64)
    near("reductions", [x], [wide.sum(1), x.max(0, initial=-np.inf), wide.sum()])

a, b, c = normal(33, 17), normal(17, 65), normal(33, 65)
near("matmul_static", [a, b, c], [a.astype(np.float64) @ b + c])

x, k = normal(2, 1, 130), normal(6, 1, 10)
y = np.array([[convolved(row[0], f[0])[::4] for f in k] for row in x])
near("conv1d_strided", [x, k], [y])

for n in (0, 1, 3):
    x, k = normal(n, 9, 11, 3), normal(3, 3, 3, 5)
    y = np.zeros((n, 7, 9, 5))
    for image, o in np.ndindex(n, 5):
        y[image, :, :, o] = convolved(x[image], k[..., o])[:, :, 0]
    near("conv2d", [x, k], [y])

x, k = normal(2, 20, 6), normal(4, 6)
y = np.stack([[convolved(x[b, :, c], k[:, c]) for c in range(6)] for b in range(2)])
near("depthwise", [x, k], [y.transpose(0, 2, 1)])
