# RUN: %python %s
# REQUIRES: numpy, x86-host
"""The cell library on an emulated GPU, by plan `fused`: the kernels that become PTX give the bits of `reference` on a CPU without a fast
divider, whatever the order of blocks and threads, with every access checked. What GPUs do not have yet is refused for
the reason that stands here. (gpu-resources.py: what `ptxas` says of the same kernels.)"""

import os

import numpy as np

import library
from bits import expect_same
from compiled import compile_text
from gpu_reports import refusal, sizes_of

# Why a cell has no kernels yet.
UNAVAILABLE = {}


def check_bits(name, cell):
    source = cell.program()
    gpu = compile_text(source, "fused", extra=["--target=cuda", "--device=emulate"], march=None)["f"]
    cpu = compile_text(source, "reference", "x86-64-v3")["f"]
    rng = np.random.default_rng(5)
    for B, T in [(0, 3), (1, 0), (1, 1), (3, 7), (2, 33), (5, 2)]:
        values = cell.values(rng, B, T)
        want = cpu(*values)
        for seed in (1, 2, 3):
            os.environ["SEQC_EMULATE_SEED"] = str(seed)
            expect_same(gpu(*values), want, f"{name}, B = {B}, T = {T}, seed {seed}")


for cell_name in library.names():
    cell = library.Cell(cell_name, **sizes_of(cell_name))
    found = refusal(cell.program())
    if found:
        reason = UNAVAILABLE.get(cell_name)
        assert reason and reason in found, f"{cell_name}: {found}"
        print(f"{cell_name}: not yet: {reason}")
        continue
    assert cell_name not in UNAVAILABLE, f"{cell_name} has kernels now"
    check_bits(cell_name, cell)
    print(f"{cell_name}: equal bits")
