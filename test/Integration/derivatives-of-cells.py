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
SIZES = {"d0": 2, "d1": 3}  # sequences, steps
STEP = 2e-6


def derived(text):
    """The module with `f_jvp` beside each public `f`."""
    seq = subprocess.run([tool("seqc"), "-", "--emit=seq", "-o", "-"], input=text, capture_output=True,
                         text=True, check=False)
    assert seq.returncode == 0, seq.stderr
    passes = ["--seq-expand-ops", "--seq-expand-complex", "--seq-derive"]
    run = subprocess.run([tool("seqc-opt"), *passes], input=seq.stdout, capture_output=True, text=True,
                         check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def check_with_jax(name):
    def oracle(*arguments):
        cells.np = jnp  # traced by JAX
        try:
            return cells.oracle(name, arguments)
        finally:
            cells.np = np

    for B, T, H, I, N in [(1, 1, 1, 1, 1), (2, 9, 5, 3, 2)]:
        jvp = compile_text(derived(cells.program(name, H, I, N, "f64")), "reference")[f"{name}_jvp"]
        values = cells.inputs(name, B, T, H, I, N, dtype=np.float64)
        changes = cells.inputs(name, B, T, H, I, N, seed=1, dtype=np.float64)
        with jax.disable_jit():
            want, slopes = jax.jvp(oracle, tuple(values), tuple(changes))
        for a, b in zip(jvp(*values, *changes), [*want, *slopes], strict=True):
            scale = max(1.0, float(jnp.abs(b).max()))
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-12 * scale, err_msg=f"{name} B={B} T={T}")


def numbers(rng, argument):
    """Random values for one argument."""
    shape = [SIZES[s] if isinstance(s, str) else s for s in argument["shape"]]
    if argument["dtype"] != "f64":
        return rng.integers(0, 2, shape)
    return rng.uniform(0.1, 0.9, shape)


def check_with_differences(path):
    """f(x + e d) - f(x - e d) is 2 e f'(x) d, but for rounding and e²."""
    library = compile_text(derived(caller(path).replace("f32", "f64")), "reference")
    rng = np.random.default_rng(3)
    f, jvp = library["use"], library["use_jvp"]
    values = [numbers(rng, a) for a in f.arguments]
    changes = [rng.uniform(-1, 1, v.shape) if a["dtype"] == "f64" else None
               for v, a in zip(values, f.arguments)]
    moved = lambda e: f(*[v if c is None else v + e * c for v, c in zip(values, changes)])
    got = jvp(*values, *[c for c in changes if c is not None])
    for a, b in zip(got, f(*values)):
        np.testing.assert_array_equal(a, b, err_msg=path.stem)
    floats = [i for i, r in enumerate(f.results) if r["dtype"] == "f64"]
    up, down = moved(STEP), moved(-STEP)
    for i, slope in zip(floats, got[len(f.results):], strict=True):
        want = (up[i] - down[i]) / (2 * STEP)
        scale = max(1.0, np.abs(want).max(), np.abs(up[i]).max())
        np.testing.assert_allclose(slope, want, rtol=0, atol=1e-8 * scale, err_msg=f"{path.stem} #{i}")


paths = sorted(pathlib.Path(sys.argv[1]).glob("*.mlir"))
for path in paths:
    check_with_differences(path)
print(f"{len(paths)} cells against differences")
for name in cells.CELLS:
    check_with_jax(name)
print(f"{len(cells.CELLS)} cells against JAX")
