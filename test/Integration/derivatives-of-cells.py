# RUN: %python %s %cells
# REQUIRES: numpy, jax, x86-host
"""seq-derive: derivatives of the library's cells in float64, with respect to all arguments together.

Every cell is compared with differences of itself, and those whose equations are in cells.py with
jax.jvp of these equations, which were written apart from the MLIR text.
"""

import pathlib
import sys

import jax
import jax.numpy as jnp
import numpy as np

import cells
import derivatives
from celltext import caller
from compiled import compile_text

jax.config.update("jax_enable_x64", True)
SIZES = {"d0": 2, "d1": 3}  # sequences, steps


def equations(name, values, changes):
    """Results and their changes, by JAX."""

    def traced(*arguments):
        cells.np = jnp
        try:
            return cells.oracle(name, arguments)
        finally:
            cells.np = np

    with jax.disable_jit():
        want, slopes = jax.jvp(traced, tuple(values), tuple(changes))
    return [*want, *slopes]


def check_with_jax(name):
    for B, T, H, I, N in [(1, 1, 1, 1, 1), (2, 9, 5, 3, 2)]:
        text = derivatives.derived(cells.program(name, H, I, N, "f64"))
        jvp = compile_text(text, "reference")[f"{name}_jvp"]
        values = cells.inputs(name, B, T, H, I, N, dtype=np.float64)
        changes = cells.inputs(name, B, T, H, I, N, seed=1, dtype=np.float64)
        for a, b in zip(jvp(*values, *changes), equations(name, values, changes), strict=True):
            scale = max(1.0, float(jnp.abs(b).max()))
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-12 * scale, err_msg=f"{name} B={B} T={T}")


def numbers(rng, argument):
    shape = [SIZES[s] if isinstance(s, str) else s for s in argument["shape"]]
    return rng.uniform(0.1, 0.9, shape) if argument["dtype"] == "f64" else rng.integers(0, 2, shape)


def check_with_differences(path):
    text = caller(path).replace("f32", "f64")
    rng = np.random.default_rng(3)
    values = [numbers(rng, a) for a in compile_text(text, "reference")["use"].arguments]
    changes = [rng.uniform(-1, 1, v.shape) if v.dtype == np.float64 else None for v in values]
    derivatives.check(text, "use", values, changes, 1e-8, path.stem)


for path in sorted(pathlib.Path(sys.argv[1]).glob("*.mlir")):
    check_with_differences(path)
for name in cells.CELLS:
    check_with_jax(name)
