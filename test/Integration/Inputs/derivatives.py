"""Derivatives by seq-derive, and by differences of the compiled function itself, in float64."""

import subprocess

import numpy as np

from compiled import compile_text, tool

STEP = 2e-6
PASSES = ["--seq-expand-ops", "--seq-expand-complex", "--seq-derive"]


def derived(text, passes=PASSES):
    """The module with `f_jvp` beside each public `f`; cells are linked in."""
    commands = [[tool("seqc"), "-", "--emit=seq", "-o", "-"], [tool("seqc-opt"), *passes]]
    for command in commands:
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        text = done.stdout
    return text


def check(text, name, values, changes, tolerance, what):
    """f(x + e d) - f(x - e d) is 2 e f'(x) d, but for rounding and e². A change is None for integers,
    which have none. The values beside the derivatives are those of `f`, but for rounding: where
    a product has another use, no fused multiply-add is formed."""
    library = compile_text(derived(text), "reference")
    f, jvp = library[name], library[f"{name}_jvp"]
    got = jvp(*values, *[c for c in changes if c is not None])
    for a, b in zip(got, f(*values)):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9, err_msg=what)
    moved = lambda e: f(*[v if c is None else v + e * c for v, c in zip(values, changes, strict=True)])
    floats = [i for i, r in enumerate(f.results) if r["dtype"] == "f64"]
    wide, narrow = ((moved(e), moved(-e), e) for e in (STEP, STEP / 2))
    for i, slope in zip(floats, got[len(f.results):], strict=True):
        if not slope.size:
            continue
        rough, want = ((up[i] - down[i]) / (2 * e) for up, down, e in (wide, narrow))
        # Where f bends so much that two differences disagree, they are no better than that.
        scale = max(1.0, np.abs(want).max(), np.abs(narrow[0][i]).max())
        error = np.abs(slope - want) - np.abs(want - rough)
        assert error.max() <= tolerance * scale, f"{what} #{i}\n{slope}\n{want}"
