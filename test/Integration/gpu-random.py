# RUN: %python %s
# REQUIRES: numpy, scipy, x86-host
"""Random steps (Inputs/random_steps.py) on an emulated GPU by plan `fused`: the bits of `reference` on a CPU without a fast divider, or
a refusal in one sentence.

SEQC_TEST_SECONDS (default 40) limits the time; `%python gpu-random.py SEED` repeats a program and prints its text.
"""

import os
import sys
import time


from bits import expect_same
from compiled import SeqcError, compile_text
from random_steps import RandomProgram

SIZES = [(3, 5), (1, 0), (0, 3), (2, 1), (1, 33), (5, 17)]
REFUSALS = [
    "expected work that is parallel over channels or sequences for a GPU",
    "expected an op whose operands are read at its own indices for a GPU",
    "expected steps without calls of the C library for a GPU",
]


def check(seed):
    """True if the program has kernels."""
    program = RandomProgram(seed)
    try:
        gpu = compile_text(program.text, "fused", march=None, extra=["--target=cuda", "--device=emulate"])["f"]
    except SeqcError as error:
        assert any(reason in str(error) for reason in REFUSALS), f"seed {seed}: {error}"
        return False
    reference = compile_text(program.text, "reference", "x86-64-v3")["f"]
    for B, T in SIZES:
        values = program.arguments(B, T)
        os.environ["SEQC_EMULATE_SEED"] = str(seed + T)
        expect_same(gpu(*values), reference(*values), f"seed {seed}, B = {B}, T = {T}")
    return True


def main():
    if len(sys.argv) > 1:
        seeds = [int(s) for s in sys.argv[1:]]
        print("\n".join(RandomProgram(s).text for s in seeds), file=sys.stderr)
    else:
        seeds = range(100000)
    end = time.monotonic() + float(os.environ.get("SEQC_TEST_SECONDS", "40"))
    failed, done, ran = [], 0, 0
    for seed in seeds:
        if time.monotonic() > end or len(failed) == 5:
            break
        done += 1
        try:
            ran += check(seed)
        except (AssertionError, SeqcError) as error:
            failed.append(seed)
            print(f"seed {seed} failed: {error}")
    print(f"{done} programs, {ran} with kernels, {len(failed)} failed")
    assert not failed and (len(sys.argv) > 1 or ran >= 5)


main()
