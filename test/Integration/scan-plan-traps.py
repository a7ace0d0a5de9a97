# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Plan `scan` where products of coefficients overflow, vanish or cancel and the states do not; NaN
and infinities spread forwards in time only, within their channel; alone and in chunks."""

import numpy as np

from compiled import compile_text
from scan_steps import STEPS, Case, Step, expect_within

F, T = np.float32, 1100
CHUNKS = "<scan, vector_bits = 256, batch_tile = 3, chunk = 128, strip = 16, rows = 2, vectors = 2>"


def cycle(*values):
    return np.resize(np.array(values, F), T)


def runs(*parts):
    """(count, value) …, then ones."""
    head = np.concatenate([np.full(count, value, F) for count, value in parts])
    return np.concatenate([head, np.ones(T - len(head), F)])


def models(name, shape, **form):
    """The step by plan scan, the same in chunks, and by plan reference."""
    case = Case(STEPS[name] if isinstance(name, str) else name, shape, **form)
    chunks = Case(case.step, shape, schedule=CHUNKS, **form)
    scan, other = (compile_text(case.text(), s)["f"] for s in ("scan", "reference"))
    chunked = compile_text(chunks.text())["f"]
    return case, [("scan", scan), ("chunks", chunked)], other


# What a coefficient does over time, u, and the initial state.
GROWTH = {
    "zero times growth": (cycle(2), 0, 0),
    "unstable fixpoint": (cycle(2), -1, 1),
    "up then down": (cycle(1e30, 1e30, 1e-30, 1e-30), 0, 1e-30),
    "down then up": (cycle(1e-30, 1e-30, 1e30, 1e30), 0, 1e30),
    "down in a block, up in the next": (runs((2, 1e-30), (254, 1), (2, 1e30)), 0, 1e30),
    "down, up within a block": (runs((20, 1e-3), (60, 11)), 0, 1e30),
    "down by little, up by much": (runs((4, 1e-15), (30, 25)), 0, 1e30),
    "slowly down and up": (runs((T // 2, 0.97), (T // 2, 1.0105)), 0, 1e30),
    "down to inputs": (cycle(1e-25), 1, 1e30),
}


def growth():
    """A coefficient alone, as a product, and on the diagonal of blocks."""
    for D in (1, 3):
        column = lambda v: np.broadcast_to(np.asarray(v, F).reshape(-1, 1), (T, D)).copy()
        for kind in ("affine", "cumprod", "block", "complex", "biquad"):
            case, scans, other = models(kind, [D], batch_rank=0)
            for what, (a, u, h) in GROWTH.items():
                A, U, zero = column(a), column(np.full(T, u)), column(np.zeros(T))
                x = {"affine": [A, U], "cumprod": [A], "block": [A, zero, zero, A, U],
                     "complex": [A, zero, U], "biquad": [A, zero, U]}[kind]  # fmt: skip
                values = [*x, *[np.full(D, h, F)] * len(case.step.initial)]
                for plan, scan in scans:
                    got = scan(*values)
                    expect_within(case, got, other(*values), values, f"{kind} {D} {what} {plan}")
                    if "zero" in what:
                        assert not got[0].any(), (kind, D, what, plan)
                    if "fixpoint" in what and kind == "affine":
                        assert (got[0] == 1).all(), (kind, D, what, plan)


def declared():
    """The same for a declared combination of (a, u)."""
    text = """func.func @f(%a: tensor<?xf32>, %u: tensor<?xf32>, %a0: tensor<f32>, %h0: tensor<f32>) -> tensor<?xf32> {
  %y, %k, %l = seq.scan (%x: tensor<f32> in %a, %v: tensor<f32> in %u) initial(%a0, %h0) lift {
    seq.yield next(%x, %v : tensor<f32>, tensor<f32>)
  } combine(%a1: tensor<f32>, %u1: tensor<f32>) with(%a2: tensor<f32>, %u2: tensor<f32>) {
    %p = arith.mulf %a2, %a1 : tensor<f32>
    %m = arith.mulf %a2, %u1 : tensor<f32>
    %s = arith.addf %m, %u2 : tensor<f32>
    seq.yield next(%p, %s : tensor<f32>, tensor<f32>)
  } read(%x: tensor<f32>, %v: tensor<f32>, %p: tensor<f32>, %s: tensor<f32>) {
    seq.yield out(%s : tensor<f32>)
  } : (tensor<?xf32>, tensor<?xf32>, tensor<f32>, tensor<f32>) -> (tensor<?xf32>, tensor<f32>, tensor<f32>)
  return %y : tensor<?xf32>
}"""
    scan, other = (compile_text(text, s)["f"] for s in ("scan", "reference"))
    for what, (a, u, h) in GROWTH.items():
        values = [a, np.full(T, u, F), F(1), F(h)]
        (got,), (want,) = scan(*values), other(*values)
        wide = np.abs(np.where(np.isfinite(want), want, 0)).max()
        assert (np.isfinite(got) == np.isfinite(want)).all(), what
        ok = np.isfinite(want)
        assert np.abs(got[ok].astype(float) - want[ok]).max() <= 1e-4 * wide, what


def overflow():
    """Partial sums overflow where sums do not."""
    case, scans, other = models("cumsum", [2], batch_rank=0)
    values = [np.repeat(cycle(3e38, 3e38, -3e38, -3e38)[:, None], 2, 1), np.full(2, -3e38, F)]
    for plan, scan in scans:
        expect_within(case, scan(*values), other(*values), values, f"sums {plan}")


def spread():
    """One NaN, ∞ or -∞ in each input: other channels, rows and earlier steps keep their values,
    and what is not finite is so in the same places."""
    for name, step in STEPS.items():
        if step.element[0] != "f":
            continue
        case, scans, other = models(name, [3], batch_rank=1)
        clean = case.inputs(np.random.default_rng(9), (2,), 700)
        for i in range(len(step.draw)):
            for bad in (np.nan, np.inf, -np.inf):
                values = [v.copy() for v in clean]
                values[i][1, 345, 1] = bad
                want = other(*values)
                for plan, scan in scans:
                    got, before = scan(*values), scan(*clean)
                    for k, (g, w, c) in enumerate(zip(got, want, before)):
                        what = f"{name} input {i} {bad} {plan} result {k}"
                        assert (np.isfinite(g) == np.isfinite(w)).all(), what
                        if k < len(step.outs):
                            keep = np.ones(g.shape, bool)
                            keep[1, 345:, 1] = False
                            np.testing.assert_allclose(g[keep], c[keep], 1e-4, 1e-4, err_msg=what)


if __name__ == "__main__":
    for part in (growth, declared, overflow, spread):
        part()
