# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Dense cells under schedules written by hand give the bits of `reference`: tiles of registers, strips
and tiles of the batch that divide no size."""

import os
import subprocess

import numpy as np

import cells
import plans
from compiled import FOLDER, compile_text, levels, tool

I = 17
BITS = {"x86-64-v3": 256, "x86-64-v4": 512, "native": 128}
TILES = [(1, 1), (1, 4), (2, 2), (3, 4), (5, 1), (6, 2), (6, 4)]
REST = [(1, 3), (5, 1), (16, 64), (5, 64), (16, 3)]  # strip, batch_tile
SIZES = [(1, 0), (1, 1), (2, 7), (3, 16), (7, 33), (65, 6)]
TAIL = "\n    } : ("
END = "schedule(<fused, vector_bits = {}, batch_tile = {}, strip = {}, rows = {}, vectors = {}>)"


def with_recurrence(name, H, march):
    """The module with the cell's recurrence in place of the call."""
    path = os.path.join(FOLDER.name, f"{name}{H}.mlir")
    with open(path, "w") as file:
        file.write(cells.program(name, H, I))
    command = [tool("seqc"), path, "--emit=seq", f"--march={march}"]
    text = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert text.count(TAIL) == 1, text
    return text


def check(name, H, march):
    text = with_recurrence(name, H, march)
    reference = compile_text(text, "reference", march)[name]
    for n, (rows, vectors) in enumerate(TILES):
        strip, batch_tile = REST[n % len(REST)]
        schedule = END.format(BITS[march], batch_tile, strip, rows, vectors)
        fused = compile_text(text.replace(TAIL, f"\n    }} {schedule} : ("), "fused", march)[name]
        for B, T in SIZES:
            what = f"{name} H={H} {march} {schedule} B={B} T={T}"
            values = cells.inputs(name, B, T, H, I, seed=n)
            expected = plans.check_calls(reference, fused, values, what, n)
            plans.check_threads(fused, values, expected, what)
            plans.check_splits(fused, values, expected, what, np.random.default_rng([n, B, T]))


for march in levels():
    for name in ("elman", "gru", "lstm"):
        for H in (24, 37):
            check(name, H, march)
print("every schedule gives the same bits")
