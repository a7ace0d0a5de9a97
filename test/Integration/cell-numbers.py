# RUN: %python %s
# REQUIRES: numpy
"""Every cell of the library against float64, at the lengths, batches and widths that break
loops: nothing, one, primes, a tile more or less."""

import sys

import bits
import cells
from compiled import compile_text

LENGTHS = [0, 1, 2, 3, 31, 32, 33, 1023, 1024, 1025]
BATCHES = [1, 2, 3, 7, 64]
WIDTHS = [1, 3, 15, 16, 17, 64, 100]

# A cell's float32 error grows along time by its own dynamics; it stays far below these.
TOLERANCE = 2e-5


def check(name, B, T, H, I=None, dtype="f32", tolerance=TOLERANCE):
    function = compile_text(cells.program(name, H, I, dtype=dtype))[name]
    values = cells.inputs(name, B, T, H, I, seed=1, dtype=dtype.replace("f", "float"))
    what = f"{name} {dtype} B={B} T={T} H={H} I={I}"
    print(what, file=sys.stderr)
    actual = function(*values, where="start" if T % 2 else "end")
    bits.expect_close(actual, cells.oracle(name, values), what, tolerance, tolerance)


for name in cells.CELLS:
    for T in LENGTHS:
        check(name, 2, T, 16)
    for B in BATCHES:
        check(name, B, 5, 16)
    for H in WIDTHS:
        check(name, 3, 4, H, I=7)
    check(name, 1, 4096, 3)
    check(name, 1, 65537, 1)
    check(name, 3, 33, 17, dtype="f64", tolerance=1e-12)
