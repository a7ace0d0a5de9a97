# RUN: %python %s
# REQUIRES: numpy, x86-host
"""The scratch memory of plan `fused` does not grow with time: what a cell keeps per step is kept per strip."""

import cells
from compiled import compile_text, levels

for name in cells.CELLS:
    function = compile_text(cells.program(name, 24, 17), "fused", levels()[-1])[name]
    for B in (1, 3):
        sizes = {T: function.scratch_bytes(*cells.inputs(name, B, T, 24, 17)) for T in (100, 1000, 5000)}
        assert len(set(sizes.values())) == 1, f"{name} B={B}: bytes of scratch by number of steps: {sizes}"
        print(f"{name} B={B}: {sizes[100]} bytes for any number of steps")
