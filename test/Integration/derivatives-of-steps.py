# RUN: %python %s
# REQUIRES: numpy, scipy, x86-host
"""seq-derive on random programs (Inputs/random_steps.py) in float64, against differences: contractions,
reductions, slices, branches, nested recurrences, resets, reversed and time-major data.

A program that loops (scf.for) must be refused; SEQC_TEST_SEEDS=100:200 names the seeds.
"""

import os

import numpy as np

import derivatives
from random_steps import RandomProgram


def check(seed):
    """True if the program was derived."""
    program = RandomProgram(seed)
    if "f16" in program.text:  # conversions between f64 and f64 are none
        return False
    text = program.text.replace("f32", "f64")
    rng = np.random.default_rng(seed)
    values = [np.asarray(v) for v in program.arguments(2, 4)]
    values = [v.astype(np.float64) if v.dtype.kind == "f" else v for v in values]
    changes = [rng.uniform(-1, 1, v.shape) if v.dtype == np.float64 else None for v in values]
    try:
        derivatives.check(text, "f", values, changes, 1e-6, f"seed {seed}\n{text}")
    except AssertionError as error:
        if "but got 'scf.for'" not in str(error):
            raise
        return False
    assert "scf.for" not in text
    return True


first, last = map(int, os.environ.get("SEQC_TEST_SEEDS", "0:60").split(":"))
derived = sum(check(seed) for seed in range(first, last))
print(f"{derived} of {last - first} programs")
assert derived * 5 > last - first
