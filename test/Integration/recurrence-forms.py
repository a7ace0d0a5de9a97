# RUN: %python %s
# REQUIRES: numpy
"""Every clause of seq.recurrence against NumPy in float64: the five kinds of operands, reverse,
resets, steps, time-major data, several states of different shapes, several batch dimensions,
final states only, captured scalars and weights, nesting, scf in a step, narrow data."""

import os

import ml_dtypes
import numpy as np

import bits
from compiled import SeqcError, compile_text

with open(os.path.join(os.path.dirname(__file__), "Inputs", "recurrence-forms.mlir")) as file:
    TEXT = file.read()
rng = np.random.default_rng(11)
# One compilation serves every size below.
MODULE = compile_text(TEXT)


def normal(*shape, dtype=np.float32):
    return rng.standard_normal(shape).astype(dtype)


def near(name, actual, expected, tolerance=1e-5):
    bits.expect_close(actual, expected, name, tolerance, tolerance)


def wide(*values):
    return [np.asarray(v, np.float64) for v in values]


def scan(step, sequences, states, reverse=False):
    """Outputs stacked along axis 1, then the final states."""
    T = sequences[0].shape[1]
    outputs = [None] * T
    for t in reversed(range(T)) if reverse else range(T):
        states, outputs[t] = step(*[s[:, t] for s in sequences], *states)
    return outputs, states


def stacked(outputs, like):
    return np.stack(outputs, 1) if outputs else like


def test_kinds(B, T):
    """h = tanh(d h + g + W x) s, all five kinds of operands in one step."""
    x, s, g, h, w, d = normal(B, T, 5), normal(T), normal(B, 8), normal(B, 8), normal(8, 5), normal()
    X, S, G, H, W, D = wide(x, s, g, h, w, d)
    ys = []
    for t in range(T):
        H = np.tanh(D * H + G + X[:, t] @ W.T) * S[t]
        ys.append(H)
    y = stacked(ys, np.zeros((B, 0, 8)))
    near("kinds", MODULE["kinds"](x, s, g, h, w, d), [y, H])


def test_reverse(B, T):
    x, h = normal(B, T, 6), normal(B, 6)
    outputs, (last,) = scan(lambda x, h: ((0.5 * h + x,), 0.5 * h + x), wide(x), wide(h), True)
    near("backwards", MODULE["backwards"](x, h), [stacked(outputs, np.zeros((B, 0, 6))), last])


def test_resets(B, T):
    x, h, r = normal(B, T, 6), normal(B, 6), rng.random((B, T)) < 0.3
    X, H0 = wide(x, h)
    for name in ("restarted", "restarted_backwards"):
        H, ys = H0, [np.zeros((B, 6))] * T
        for t in reversed(range(T)) if name.endswith("backwards") else range(T):
            H = np.where(r[:, t, None], H0, H)
            ys[t] = H = np.tanh(H) + X[:, t]
        near(name, MODULE[name](x, r, h), [stacked(ys, np.zeros((B, 0, 6))), H])


def test_steps(B, T):
    """A step without inputs: powers of a rotation, as many as another argument is long."""
    h, w = normal(B, 2), np.float32([[0.8, -0.6], [0.6, 0.8]])
    H, W = wide(h, w)
    ys = []
    for _ in range(T):
        H = H @ W.T
        ys.append(H)
    near("counted", MODULE["counted"](h, w, np.zeros(T, np.int8)), [stacked(ys, np.zeros((B, 0, 2))), H], 1e-4)


def test_steps_by_scalar(B, T):
    """The same by a scalar argument; another one is a state's size."""
    g, w = normal(B), np.float32([[0.8, -0.6], [0.6, 0.8]])
    G, W = wide(g, w)
    H, ys = np.zeros((B, 2)), []
    for _ in range(T):
        H = H @ W.T + 1
        ys.append(H)
    near("counted_by", MODULE["counted_by"](T, 3, g, w),
         [stacked(ys, np.zeros((B, 0, 2))), np.repeat(T * G[:, None], 3, 1)], 1e-4)
    try:
        MODULE["counted_by"](-1, 3, g, w)
    except SeqcError as error:
        assert "argument 'n': expected an index of at least 0, but got -1" in str(error), error
    else:
        raise AssertionError("expected an error for -1 steps")


def test_time_major(B, T):
    x, h = normal(T, B, 7), normal(B, 7)
    X, H = wide(x, h)
    ys = []
    for t in range(T):
        H = np.maximum(X[t], 0) - 0.25 * H
        ys.append(H)
    near("time_major", MODULE["time_major"](x, h), [np.stack(ys) if T else np.zeros((0, B, 7)), H])


def test_states(B, T):
    """A vector, a matrix and a scalar state that feed each other; integers count along."""
    k, v = normal(B, T, 3), normal(B, T, 4)
    h, m, s, n = normal(B, 3), normal(B, 3, 4), normal(B), rng.integers(0, 9, B).astype(np.int32)
    K, V, H, M, S = wide(k, v, h, m, s)
    count, ys, ns = n.astype(np.int64), [], []
    for t in range(T):
        M = 0.9 * M + K[:, t, :, None] * V[:, t, None, :]
        y = np.einsum("bk,bkv->bv", H, M)
        S = 0.5 * S + H.sum(1)
        H = np.tanh(H + K[:, t]) * S[:, None] / 4
        count = count + 1
        ys.append(y)
        ns.append(count)
    expected = [stacked(ys, np.zeros((B, 0, 4))), stacked(ns, np.zeros((B, 0))), H, M, S, count]
    near("several", MODULE["several"](k, v, h, m, s, n), expected, 5e-5)


def test_batches(B, T):
    """Two batch dimensions with time between them, and none."""
    x, h = normal(B, T, 3, 5), normal(B, 3, 5)
    X, H = wide(x, h)
    ys = []
    for t in range(T):
        H = 0.75 * H + X[:, t]
        ys.append(H)
    near("two", MODULE["two"](x, h), [stacked(ys, np.zeros((B, 0, 3, 5))), H])
    single = MODULE["single"](x[0, :, 0], h[0, 0])
    near("single", single, [stacked(ys, np.zeros((B, 0, 3, 5)))[0, :, 0], H[0, 0]])


def test_last(B, T):
    x, h = normal(B, T, 9), normal(B, 9)
    X, H = wide(x, h)
    for t in range(T):
        H = np.sin(X[:, t]) + 0.1 * H
    near("last", MODULE["last"](x, h), [H])


def test_nested(B, T):
    """A recurrence over chunks whose step is a recurrence inside the chunk."""
    x, g, h = normal(B, T, 4, 6), normal(B, 6), normal(B, 6)
    X, G, H = wide(x, g, h)
    ys = []
    for t in range(T):
        inner, zs = H, []
        for i in range(4):
            inner = G * np.tanh(inner) + X[:, t, i]
            zs.append(inner)
        ys.append(np.stack(zs, 1))
        H = 0.5 * (H + inner)
    near("nested", MODULE["nested"](x, g, h), [stacked(ys, np.zeros((B, 0, 4, 6))), H])


def test_control(B, T):
    """scf.if on a value of the step and scf.for in a step."""
    x, h, flag = normal(B, T, 5), normal(B, 5), rng.random((B, T)) < 0.5
    X, H = wide(x, h)
    ys = []
    for t in range(T):
        a = np.where(flag[:, t, None], np.tanh(H) + X[:, t], H - X[:, t])
        for i in range(3):
            a = 0.5 * a + i
        H = a
        ys.append(H)
    near("control", MODULE["control"](x, flag, h), [stacked(ys, np.zeros((B, 0, 5))), H])


def test_narrow(B, T):
    """bf16 and f16 data, f32 state, outputs rounded once."""
    for name, dtype in (("bf16", ml_dtypes.bfloat16), ("f16", np.float16)):
        x, h = normal(B, T, 17, dtype=dtype), normal(B, 17)
        X, H = wide(x, h)
        ys = []
        for t in range(T):
            H = 0.9 * H + X[:, t]
            ys.append(H)
        y = stacked(ys, np.zeros((B, 0, 17)))
        actual = MODULE[name](x, h)
        near(name, actual[1:], [H])
        assert actual[0].dtype == dtype
        bits.expect_close(actual[:1], [y], name, 2**-8 if name == "bf16" else 2**-11, 1e-6)


def test_dynamic(B, T):
    """Dynamic channels, too."""
    for D in (1, 3, 16, 100):
        x, h, w = normal(B, T, D), normal(B, D), normal(D, D) / np.float32(D)
        X, H, W = wide(x, h, w)
        ys = []
        for t in range(T):
            H = np.tanh(H @ W.T + X[:, t])
            ys.append(H)
        near(f"dynamic D={D}", MODULE["dynamic"](x, h, w), [stacked(ys, np.zeros((B, 0, D))), H])


for test in [value for name, value in list(globals().items()) if name.startswith("test_")]:
    for B, T in [(1, 0), (1, 1), (2, 2), (3, 3), (7, 31), (2, 32), (64, 5), (1, 1025)]:
        test(B, T)
