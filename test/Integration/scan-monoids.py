# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Cells that are proved to be associations, by plan `scan`, against float64: guarded softmax
(logcumsumexp), with decay (rwkv4_wkv), and with nothing seen yet at the start (-inf); and against
NumPy over all steps so far, with states of several shapes: attention of one query (aaren), the running
maximum with its index (cummax) and moments of groups (timestep_norm)."""

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


def call(name, types, results):
    """The cell's function by plans scan and reference."""
    global CELLS
    CELLS = {name: (types, results)}
    return [compile_text(program(name), plan)[name] for plan in ("scan", "reference")]


def expect_close(got, sequential, want, what, history=None):
    """The contract's error, over all of a result. `history`: what a last state was at all steps."""
    keep = np.isfinite(want)
    assert np.array_equal(np.isfinite(got), keep), what
    error, other = (np.abs(np.where(keep, v - np.where(keep, want, 0), 0)).max(initial=0) for v in (got, sequential))
    top = np.abs(np.where(keep, want, 0)).max(initial=0) if history is None else np.abs(history).max()
    assert error <= max(2 * other, 8 * 2.0**-23 * top), f"{what}: {error}, sequential {other}"


def attention():
    for D in (1, 2, 8):
        x, v, h, w = "tensor<?x?xf32>", f"tensor<?x?x{D}xf32>", "tensor<?xf32>", f"tensor<?x{D}xf32>"
        functions = call("aaren", [x, v, h, h, w], [v, h, h, w])
        for T in (0, 1, 2, 63, 1031):
            s = rng.standard_normal((3, T)).astype(np.float32) * 3
            s[1, : T // 3] = -np.inf  # nothing is seen in the first steps of one sequence
            values = rng.standard_normal((3, T, D)).astype(np.float32)
            none = [np.full(3, -np.inf, np.float32), np.zeros(3, np.float32), np.zeros((3, D), np.float32)]
            (y, m, u, w_last), sequential = (f(s, values, *none) for f in functions)
            # The average of all values so far, from the definition.
            with np.errstate(all="ignore"):
                scores = np.exp(s[:, None].astype(np.float64) - s.max(axis=1, initial=-30)[:, None, None])
                weights = np.tril(np.broadcast_to(scores, (3, T, T)))
                want = weights @ values.astype(np.float64) / weights.sum(axis=2, keepdims=True)
            expect_close(y, sequential[0], want, f"aaren D={D} T={T}")
            assert np.array_equal(m, s.max(axis=1, initial=-np.inf)), f"aaren D={D} T={T}: maximum"
            seen = np.exp(s.astype(np.float64) - m[:, None]) if T else np.zeros((3, 0))
            expect_close(u, sequential[2], seen.sum(axis=1), f"aaren D={D} T={T} u")
            expect_close(w_last, sequential[3], (seen[..., None] * values).sum(axis=1), f"aaren D={D} T={T} w")


def maximum():
    for D in (1, 3, 8):
        x, i, h = f"tensor<?x?x{D}xf32>", f"tensor<?x?x{D}xi64>", f"tensor<?x{D}xf32>"
        types = [x, h, f"tensor<?x{D}xi64>", "tensor<?xi64>"]
        function = call("cummax", types, [x, i, *types[1:]])[0]
        for T in (0, 1, 2, 63, 1031, 65537):
            values = rng.integers(-T, T, (2, T, D)).astype(np.float32) if T else np.zeros((2, 0, D), np.float32)
            start = [np.full((2, D), -np.inf, np.float32), np.zeros((2, D), np.int64), np.array([0, 5])]
            y, at, m, last, count = function(values, *start)
            want = np.maximum.accumulate(values, axis=1)
            new = np.diff(want, axis=1, prepend=-np.inf) > 0
            first = np.maximum.accumulate(np.where(new, np.arange(T)[:, None], 0), axis=1)
            first += start[2][:, None, None]
            assert np.array_equal(y, want) and np.array_equal(at, first), f"cummax D={D} T={T}"
            assert np.array_equal(count, start[2] + T)
            if T:
                assert np.array_equal(m, want[:, -1]) and np.array_equal(last, first[:, -1])


def moments():
    for G, S in ((1, 1), (2, 2), (2, 4), (4, 1), (1, 8)):
        x, w, h = f"tensor<?x?x{G}x{S}xf32>", f"tensor<{G}x{S}xf32>", f"tensor<?x{G}xf32>"
        functions = call("timestep_norm", [x, w, w, "tensor<f32>", "tensor<?xi64>", h, h], [x, "tensor<?xi64>", h, h])
        for T in (0, 1, 2, 63, 1031):
            values = rng.standard_normal((3, T, G, S)).astype(np.float32) + 1
            weight, bias = rng.standard_normal((2, G, S)).astype(np.float32)
            zero, eps = np.zeros((3, G), np.float32), np.float32(1e-3)
            rest = [weight, bias, eps, np.zeros(3, np.int64), zero, zero]
            got, sequential = (f(values, *rest) for f in functions)
            exact = values.astype(np.float64)
            n = np.arange(1, T + 1)[:, None] * S
            mean = exact.sum(axis=3).cumsum(axis=1) / n
            var = (exact**2).sum(axis=3).cumsum(axis=1) / n - mean**2
            y = (exact - mean[..., None]) / np.sqrt(var + eps)[..., None] * (1 + weight) + bias
            what = f"timestep_norm {G}x{S} T={T}"
            expect_close(got[0], sequential[0], y, what)
            assert (got[1] == T).all(), what
            if T:
                expect_close(got[2], sequential[2], mean[:, -1], what, mean)
                expect_close(got[3], sequential[3], var[:, -1], what, var)


if __name__ == "__main__":
    for part in (attention, maximum, moments):
        part()
