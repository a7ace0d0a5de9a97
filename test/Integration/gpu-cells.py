# RUN: %python %s
# REQUIRES: numpy, x86-host
"""The cell library on an emulated GPU, by plan `fused`: each cell has kernels, and what becomes PTX gives the bits of
`reference` on a CPU without a fast divider, whatever the order of blocks and threads, with every access checked.
Dense cells also in f64 and with heads of up to 200, whose weights do not all fit in registers.
(gpu-resources.py: what `ptxas` says of the same kernels.)"""

import numpy as np

import library
from bits import expect_same
from compiled import compile_text
from gpu_reports import sizes_of
from gpu_tools import everywhere, on_gpu

SHAPES = [(0, 3), (1, 0), (1, 1), (3, 7), (2, 33), (5, 2)]


def check_bits(name, cell, shapes=SHAPES):
    source = cell.program()
    gpu = on_gpu(source, "fused")
    cpu = compile_text(source, "reference", "x86-64-v3")["f"]
    rng = np.random.default_rng(5)
    for B, T in shapes:
        values = cell.values(rng, B, T)
        sizes = f"{name}, B = {B}, T = {T}"
        expect_same(everywhere(gpu, values, sizes), cpu(*values), sizes)
    print(f"{name}: equal bits")


for cell_name in library.names():
    check_bits(cell_name, library.Cell(cell_name, **sizes_of(cell_name)))
for cell_name in ("lstm", "gru"):
    check_bits(f"{cell_name} of f64", library.Cell(cell_name, "f64", I=5, H=40), [(2, 7), (1, 1)])
for cell_name, head in [("lstm", 64), ("lstm", 128), ("gru", 128), ("elman", 200)]:
    check_bits(f"{cell_name} of {head}", library.Cell(cell_name, I=3, H=head), [(2, 3)])
