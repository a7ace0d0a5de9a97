# RUN: %python %s
# REQUIRES: numpy, scipy, x86-host
"""Random steps (Inputs/random_steps.py): plan `fused` gives the bits of `reference`, and both are
as close to float64 as float32 can be.

SEQC_TEST_SECONDS (default 75) limits the time, SEQC_TEST_SEEDS=100:200 names the seeds. A failure
prints its seed; `%python random-programs.py SEED` repeats it and prints the text.
"""

import os
import sys
import time

import numpy as np

import plans
from compiled import SeqcError, compile_text, levels
from random_steps import RandomProgram

SIZES = [(3, 5), (1, 0), (2, 1), (1, 33), (9, 17), (17, 2)]


def check_oracle(program, values, results, what):
    """Where a program magnifies rounding too much to say anything, only bits are compared."""
    for i, (r, e, t) in enumerate(
        zip(results, program.evaluate(values), program.tolerance(values), strict=True)
    ):
        assert r.shape == e.shape, f"{what}: result {i}: {r.shape}, expected {e.shape}"
        error = float(np.abs(r - e).max()) if r.size else 0.0
        assert t > 0.05 or error <= t, f"{what}: result {i}: error {error:.3g} above {t:.3g}"


def check(seed):
    program = RandomProgram(seed)
    march = levels()[seed % len(levels())]
    reference, fused = (compile_text(program.text, p, march)["f"] for p in ("reference", "fused"))
    rng = np.random.default_rng(seed)
    for B, T in SIZES:
        what = f"seed {seed} {march} B={B} T={T}"
        values = program.arguments(B, T)
        expected = plans.check_calls(reference, fused, values, what, seed)
        if T <= 20:
            check_oracle(program, values, expected, what)
        plans.check_threads(fused, values, expected, what)
        if fused.signature["streams"]:
            plans.check_splits(fused, values, expected, what, rng)


def main():
    if len(sys.argv) > 1:
        seeds = [int(s) for s in sys.argv[1:]]
        print("\n".join(RandomProgram(s).text for s in seeds), file=sys.stderr)
    else:
        first, last = os.environ.get("SEQC_TEST_SEEDS", "0:100000").split(":")
        seeds = range(int(first), int(last))
    end = time.monotonic() + float(os.environ.get("SEQC_TEST_SECONDS", "75"))
    failed = done = 0
    for seed in seeds:
        if time.monotonic() > end:
            break
        done += 1
        print(f"seed {seed}", file=sys.stderr, flush=True)
        try:
            check(seed)
        except (AssertionError, SeqcError) as error:
            failed += 1
            print(f"seed {seed} failed: {error}")
            if failed == 5:
                break
    print(f"{done} programs, {failed} failed")
    assert done >= 5 and not failed


main()
