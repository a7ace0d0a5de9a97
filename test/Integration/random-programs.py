# RUN: %python %s
# REQUIRES: numpy, scipy, x86-host
"""Random steps (Inputs/random_steps.py): plan `fused` gives the bits of `reference`, also in tiles of
channels where the step keeps them apart, and both are as close to float64 as float32 can be.

SEQC_TEST_SECONDS (default 75) limits the time, SEQC_TEST_SEEDS=100:200 names the seeds. A failure
prints its seed; `%python random-programs.py SEED` repeats it and prints the text.
"""

import os
import re
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


def in_channel_tiles(text, march):
    """The program with tiles of one vector of channels, or None where its step mixes channels."""
    bits = {"x86-64-v3": 256, "x86-64-v4": 512}.get(march, 128)
    schedule = (
        f"schedule(<fused, vector_bits = {bits}, channel_tile = {bits // 32}, strip = 3, "
        "rows = 2, vectors = 2, prefetch = 1>)"
    )
    tiled, count = re.subn(r"(?m)^  \}(?=( \{.*\})? : \()", "  } " + schedule, text)
    assert count == 1, text
    try:
        return compile_text(tiled, "fused", march)["f"]
    except SeqcError as error:
        if "keeps channels apart" in str(error) or "vectors of states" in str(error):
            return None
        raise


def check(seed):
    """Checks one program; True if it also ran in tiles of channels."""
    program = RandomProgram(seed)
    march = levels()[seed % len(levels())]
    reference, fused = (compile_text(program.text, p, march)["f"] for p in ("reference", "fused"))
    tiled = in_channel_tiles(program.text, march)
    rng = np.random.default_rng(seed)
    for B, T in SIZES:
        what = f"seed {seed} {march} B={B} T={T}"
        values = program.arguments(B, T)
        expected = plans.check_calls(reference, fused, values, what, seed)
        if T <= 20:
            check_oracle(program, values, expected, what)
        plans.check_threads(fused, values, expected, what)
        if tiled:
            plans.check_calls(reference, tiled, values, what + " in tiles of channels", seed)
        if fused.signature["streams"]:
            plans.check_splits(fused, values, expected, what, rng)
    return tiled is not None


def main():
    if len(sys.argv) > 1:
        seeds = [int(s) for s in sys.argv[1:]]
        print("\n".join(RandomProgram(s).text for s in seeds), file=sys.stderr)
    else:
        first, last = os.environ.get("SEQC_TEST_SEEDS", "0:100000").split(":")
        seeds = range(int(first), int(last))
    end = time.monotonic() + float(os.environ.get("SEQC_TEST_SECONDS", "75"))
    failed = done = tiled = 0
    for seed in seeds:
        if time.monotonic() > end:
            break
        done += 1
        print(f"seed {seed}", file=sys.stderr, flush=True)
        try:
            tiled += check(seed)
        except (AssertionError, SeqcError) as error:
            failed += 1
            print(f"seed {seed} failed: {error}")
            if failed == 5:
                break
    print(f"{done} programs, {tiled} also in tiles of channels, {failed} failed")
    assert done >= 5 and not failed and (tiled or done < 20)


main()
