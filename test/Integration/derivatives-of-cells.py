# RUN: %python %s %cells
# REQUIRES: numpy, jax, x86-host
"""seq-derive: derivatives of the library's cells in float64.

Every cell whose arguments are floats is compared with differences of itself; those with equations in
cells.py besides with jax.jvp of these equations, written apart from the MLIR text.
"""

import os
import pathlib
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np

import cells
from celltext import caller
from compiled import compile_text, tool

jax.config.update("jax_enable_x64", True)
cells.np = jnp  # its steps, traced by JAX

# Kinks at random points are as likely as their neighbourhood: differences would meet one now and then.
STEP = 1e-6


def derived(text):
    """The module with `f_jvp` beside each public `f`."""
    seq = subprocess.run([tool("seqc"), "-", "--emit=seq", "-o", "-"], input=text, capture_output=True,
                         text=True, check=False)
    assert seq.returncode == 0, seq.stderr
    passes = ["--inline", "--seq-expand-ops", "--seq-expand-complex", "--seq-derive"]
    run = subprocess.run([tool("seqc-opt"), *passes], input=seq.stdout, capture_output=True, text=True,
                         check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def check_with_jax(name):
    for B, T, H, I, N in [(1, 1, 1, 1, 1), (2, 9, 5, 3, 2)]:
        jvp = compile_text(derived(cells.program(name, H, I, N, "f64")), "reference")[f"{name}_jvp"]
        values = cells.inputs(name, B, T, H, I, N, dtype=np.float64)
        changes = cells.inputs(name, B, T, H, I, N, seed=1, dtype=np.float64)
        oracle = lambda *arguments: cells.oracle(name, arguments)
        want, slopes = jax.jvp(oracle, tuple(values), tuple(changes))
        for a, b in zip(jvp(*values, *changes), [*want, *slopes], strict=True):
            scale = max(1.0, float(jnp.abs(b).max()))
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-12 * scale, err_msg=f"{name} B={B} T={T}")


for name in cells.CELLS:
    check_with_jax(name)
print(f"{len(cells.CELLS)} cells against JAX")
