"""Plan `fused` gives the bits of plan `reference` for every cell: all sizes, alignments, splits
over calls, batches, thread counts, at every --march level of the host. Tensors end at guard pages
and inputs are read-only."""

import sys

import numpy as np

import cells
import plans

SIZES = [(1, 0), (2, 1), (1, 2), (3, 3), (2, 31), (7, 32), (1, 33), (64, 5), (2, 257), (5, 1025)]


def check(name, H, I, sizes, dtype="f32"):
    text = cells.program(name, H, I, N=3, dtype=dtype)
    for march, reference, fused in plans.pairs(text):
        for n, (B, T) in enumerate(sizes):
            rng = np.random.default_rng([B, T, H])
            values = cells.inputs(name, B, T, H, I, N=3, seed=n, dtype=dtype.replace("f", "float"))
            what = f"{name} {dtype} {march} B={B} T={T} H={H} I={I}"
            print(what, file=sys.stderr)
            expected = plans.check_calls(reference[name], fused[name], values, what, seed=n)
            plans.check_threads(fused[name], values, expected, what)
            plans.check_batch(fused[name], values, expected, what, "B")
            for plan, library in (("reference", reference), ("fused", fused)):
                plans.check_splits(library[name], values, expected, f"{what} {plan}", rng)


def check_special_values(name):
    """NaN, infinities, denormals and huge numbers meet the same bits."""
    rng = np.random.default_rng(5)
    for march, reference, fused in plans.pairs(cells.program(name, 17, 5, N=3)):
        values = cells.inputs(name, 3, 9, 17, 5, N=3)
        for value in values:
            flat = value.reshape(-1)
            flat[rng.integers(0, flat.size, 2)] = rng.choice([np.nan, np.inf, -np.inf, 1e-42, 3e38, -0.0], 2)
        plans.check_calls(reference[name], fused[name], values, f"{name} {march} special values")


for name in sys.argv[1:] or cells.CELLS:
    check(name, 16, 16, SIZES)
    for H, I in [(1, 1), (3, 7), (15, 2), (17, 64), (64, 15), (100, 17)]:
        check(name, H, I, [(3, 5), (9, 34)])
    check(name, 5, 3, [(2, 19)], dtype="f64")
    check_special_values(name)
