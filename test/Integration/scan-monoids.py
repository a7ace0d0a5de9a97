# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Cells that are proved to be associations, by plan `scan` at two channels, against float64:
guarded softmax (logcumsumexp), with decay (rwkv4_wkv), and with nothing seen yet at the start (-inf)."""

import numpy as np

from compiled import compile_text

W, S = "tensor<?x?x2xf32>", "tensor<?x2xf32>"
C = "tensor<2xf32>"
CELLS = {
    "logcumsumexp": ([W, S, S], [W, S, S]),
    "rwkv4_wkv": ([W, W, C, C, S, S, S], [W, S, S, S]),
}


def program(name):
    types, results = CELLS[name]
    declared = ", ".join(f"%a{i}: {t}" for i, t in enumerate(types))
    values, inputs = ", ".join(f"%a{i}" for i in range(len(types))), ", ".join(types)
    outs, n = ", ".join(results), len(results)
    return f"""func.func private @seq.cells.{name}({inputs}) -> ({outs})
func.func @{name}({declared}) -> ({outs}) {{
  %r:{n} = call @seq.cells.{name}({values}) : ({inputs}) -> ({outs})
  return {", ".join(f"%r#{i}" for i in range(n))} : {outs}
}}
"""


def worst(values, exact):
    """The largest error of each channel; NaN where only one of them is a number or infinite."""
    with np.errstate(all="ignore"):
        error = np.where(values == exact, 0, np.abs(values - exact))
    return error.reshape(-1, 2).max(axis=0, initial=0)


def expect_contract(got, sequential, exact, what):
    """An error of at most twice that of the sequential f32 evaluation, or 8 ulp of the largest."""
    finite = np.where(np.isfinite(exact), np.abs(exact), 0).reshape(-1, 2).max(axis=0, initial=0)
    allowed = np.maximum(2 * worst(sequential, exact), 8 * 2.0**-23 * finite)
    error = worst(got, exact)
    assert (error <= allowed).all(), f"{what}: {error}, allowed {allowed}"


TEXT = "".join(program(name) for name in CELLS)
reference, scan = compile_text(TEXT, "reference"), compile_text(TEXT, "scan")
oracle = compile_text(TEXT.replace("f32", "f64"), "reference")
rng = np.random.default_rng(11)
for T in (0, 1, 2, 31, 32, 33, 1025, 4096):
    x, v = rng.standard_normal((2, 3, T, 2)).astype(np.float32) * 3
    never, zero = np.full((3, 2), -np.inf, np.float32), np.zeros((3, 2), np.float32)
    x[1, : T // 3] = -np.inf  # nothing is seen in the first steps of one sequence
    decay, bonus = np.array([-0.5, -0.01], np.float32), np.array([0.3, -0.2], np.float32)
    for name, values in (
        ("logcumsumexp", [x, never, zero]),
        ("rwkv4_wkv", [x, v, decay, bonus, zero, zero, never]),
    ):
        exact = oracle[name](*[a.astype(np.float64) for a in values])
        for i, (a, b, c) in enumerate(zip(scan[name](*values), reference[name](*values), exact, strict=True)):
            assert np.array_equal(np.isnan(a), np.isnan(c)), f"{name} T={T} {i}: NaN"
            keep = ~np.isnan(c)  # of 0 / 0 before anything is seen
            fix = lambda t: np.where(keep, t, 0)
            expect_contract(fix(a), fix(b), fix(c), f"{name} T={T} result {i}")
print("ok")
