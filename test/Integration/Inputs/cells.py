"""The cells of lib/Cells as test subjects: their programs, random inputs, and steps in float64.

The steps are the equations of the papers in NumPy, written apart from the MLIR text; LSTM, GRU
and Elman are besides compared with ONNX (see test/Integration/onnx-*.py).
"""

from dataclasses import dataclass

import numpy as np


def sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


def softplus(x):
    return np.logaddexp(0, x)


def split(x, n):
    return np.split(x, n, axis=-1)


def elman(x, h, w, r, b, c):
    h = np.tanh(x @ w.T + b + h @ r.T + c)
    return (h,), (h,)


def lstm(x, h, m, w, r, b, c):
    i, f, g, o = split(x @ w.T + b + h @ r.T + c, 4)
    m = sigmoid(f) * m + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(m)
    return (h, m), (h,)


def gru(x, h, w, r, b, c):
    (xr, xz, xn), (hr, hz, hn) = split(x @ w.T + b, 3), split(h @ r.T + c, 3)
    z = sigmoid(xz + hz)
    n = np.tanh(xn + sigmoid(xr + hr) * hn)
    h = (1 - z) * n + z * h
    return (h,), (h,)


def gru_reset_before(x, h, w, r, b, c):
    xr, xz, xn = split(x @ w.T + b, 3)
    (rr, rz, rn), (cr, cz, cn) = np.split(r, 3), np.split(c, 3)
    z = sigmoid(xz + h @ rz.T + cz)
    n = np.tanh(xn + (sigmoid(xr + h @ rr.T + cr) * h) @ rn.T + cn)
    h = (1 - z) * n + z * h
    return (h,), (h,)


def min_gru(x, h, w, b):
    z, n = split(x @ w.T + b, 2)
    h = (1 - sigmoid(z)) * h + sigmoid(z) * n
    return (h,), (h,)


def para_gru(x, h, w, b, a):
    xz, xr, xn = split(x @ w.T + b, 3)
    z, r = sigmoid(a[0] * h + xz), sigmoid(a[1] * h + xr)
    n = np.tanh(a[2] * h * r + xn)
    h = z * n + (1 - z) * h
    return (h,), (h,)


def para_lstm(x, h, m, w, b, a, p):
    xf, xg, xo = split(x @ w.T + b, 3)
    f = sigmoid(a[0] * h + p[0] * m + xf)
    m = f * m + (1 - f) * np.tanh(a[1] * h + xg)
    h = sigmoid(a[2] * h + p[1] * m + xo) * np.tanh(m)
    return (h, m), (h,)


def selective_scan(u, delta, b, c, h, a, skip, bias):
    step = softplus(delta + bias)
    h = np.exp(step[..., None] * a) * h + (step * u)[..., None] * b[..., None, :]
    return (h,), (np.einsum("...dn,...n->...d", h, c) + skip * u,)


@dataclass
class Cell:
    """`arguments` in IR order: name, kind (in, weight, state) and sizes."""

    name: str
    step: object
    arguments: list
    results: list


def gated(name, step, blocks, states=1):
    rows = f"{blocks}H"
    return Cell(
        name,
        step,
        [("x", "in", "I"), ("w", "weight", f"{rows} I"), ("r", "weight", f"{rows} H")]
        + [("b", "weight", rows), ("c", "weight", rows)]
        + [("h0", "state", "H"), ("c0", "state", "H")][:states],
        [("y", "out", "H"), ("h_last", "final", "H"), ("c_last", "final", "H")][: states + 1],
    )


CELLS = {
    cell.name: cell
    for cell in [
        gated("elman", elman, 1),
        gated("lstm", lstm, 4, states=2),
        gated("gru", gru, 3),
        gated("gru_reset_before", gru_reset_before, 3),
        Cell(
            "min_gru",
            min_gru,
            [("x", "in", "I"), ("w", "weight", "2H I"), ("b", "weight", "2H"), ("h0", "state", "H")],
            [("y", "out", "H"), ("h_last", "final", "H")],
        ),
        Cell(
            "para_gru",
            para_gru,
            [("x", "in", "I"), ("w", "weight", "3H I"), ("b", "weight", "3H")]
            + [("a", "weight", "3 H"), ("h0", "state", "H")],
            [("y", "out", "H"), ("h_last", "final", "H")],
        ),
        Cell(
            "para_lstm",
            para_lstm,
            [("x", "in", "I"), ("w", "weight", "3H I"), ("b", "weight", "3H")]
            + [("a", "weight", "3 H"), ("p", "weight", "2 H")]
            + [("h0", "state", "H"), ("c0", "state", "H")],
            [("y", "out", "H"), ("h_last", "final", "H"), ("c_last", "final", "H")],
        ),
        Cell(
            "selective_scan",
            selective_scan,
            [("u", "in", "H"), ("delta", "in", "H"), ("a", "weight", "H N")]
            + [("b", "in", "N"), ("c", "in", "N"), ("skip", "weight", "H")]
            + [("bias", "weight", "H"), ("h0", "state", "H N")],
            [("y", "out", "H"), ("h_last", "final", "H N")],
        ),
    ]
}


def shape(sizes, H, I, N):
    """[3H I] with numbers: (3 * H, I)."""
    letters = {"H": H, "I": I, "N": N}
    return tuple(
        int(s) if s.isdigit() else int(s[:-1] or 1) * letters[s[-1]] for s in sizes.split()
    )


LEADING = {"in": "?x?x", "out": "?x?x", "state": "?x", "final": "?x", "weight": ""}
NAMES = {"in": ' {seqc.dims = ["B", "T"]}', "state": ' {seqc.dims = ["B"]}', "weight": ""}


def program(name, H=8, I=None, N=4, dtype="f32", function=None):
    """A module's text with function `name`, which calls the cell with dynamic batch and time."""
    cell, I = CELLS[name], I or H
    function = function or name

    def type_of(kind, sizes):
        dims = "".join(f"{d}x" for d in shape(sizes, H, I, N))
        return f"tensor<{LEADING[kind]}{dims}{dtype}>"

    arguments = [(n, k, type_of(k, s)) for n, k, s in cell.arguments]
    results = [type_of(k, s) for _, k, s in cell.results]
    types = ", ".join(t for _, _, t in arguments)
    declared = ", ".join(f"%{n}: {t}{NAMES[k]}" for n, k, t in arguments)
    values = ", ".join(f"%{n}" for n, _, _ in arguments)
    out = ", ".join(results)
    callee = f"@seq.cells.{name}.{function}"
    return f"""func.func private {callee}({types}) -> ({out})
func.func @{function}({declared}) -> ({out}) {{
  %results:{len(results)} = call {callee}({values}) : ({types}) -> ({out})
  return {", ".join(f"%results#{i}" for i in range(len(results)))} : {out}
}}
"""


def inputs(name, B, T, H=8, I=None, N=4, seed=0, dtype=np.float32):
    """Random arguments in IR order, of moderate size, exactly representable in `dtype`."""
    rng = np.random.default_rng([seed, B, T, H])
    values = []
    for argument, kind, sizes in CELLS[name].arguments:
        dims = shape(sizes, H, I or H, N)
        leading = {"in": (B, T), "state": (B,)}.get(kind, ())
        value = rng.standard_normal(leading + dims)
        if kind == "weight":
            value *= 1 / np.sqrt(dims[-1]) if len(dims) > 1 and argument in "wr" else 0.5
        if argument == "a" and name == "selective_scan":
            value = -np.exp(value)
        values.append(value.astype(dtype))
    return values


def oracle(name, values):
    """Results in IR order, evaluated in float64 from the same numbers."""
    cell = CELLS[name]
    values = [np.asarray(v, np.float64) for v in values]
    pick = lambda kind: [v for v, a in zip(values, cell.arguments) if a[1] == kind]
    sequences, states, weights = pick("in"), pick("state"), pick("weight")
    B, T = sequences[0].shape[:2]
    outputs = []
    for t in range(T):
        states, out = cell.step(*[s[:, t] for s in sequences], *states, *weights)
        outputs.append(out[0])
    width = values[0].shape[-1] if name == "selective_scan" else states[0].shape[-1]
    y = np.stack(outputs, 1) if T else np.zeros((B, 0) + (width,))
    return [y, *states]
