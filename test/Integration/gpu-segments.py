# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Plan `segments` on an emulated GPU gives the bits of plan `reference`, whatever the states do, with every access checked
and in several orders of threads: every cell of the library for which it is legal, by widths and types, and all forms of
the op. (gpu-segments-slow.py: plan `newton`, states that hardly forget, launches and bytes; gpu-segments-random.py:
steps that never forget, and what is noticed when a part of the certificate is left out.)

`%python gpu-segments.py --all` takes more of all of these."""

import importlib
import sys

import numpy as np

from compiled import SeqcError
from gpu_segments import LENGTHS, GpuPair
from gpu_tools import on_gpu
from library import Cell, names
from segment_cases import STARTS

ALL = "--all" in sys.argv
cells, forms = (importlib.import_module(name) for name in ("segments", "segments-forms"))


def check_cell(name, H, dtype="f32", plan="segments", lengths=2):
    cell = Cell(name, dtype, H=H, I=2, D=H, N=2)
    rng = np.random.default_rng([H, len(name)])
    pair = GpuPair(cell.program(), plan, seeds=(1, 2, 3) if H < 8 else (1, 2))
    for scale, bias, begin, special in cells.settings(rng):
        for T in LENGTHS if ALL else rng.choice(LENGTHS, lengths):
            B = int(rng.choice([0, 1, 1, 2]))
            values = cells.values_of(cell, rng, B, int(T), scale, bias, begin, special)
            pair.check(values, f"{name} {dtype} B={B} T={T} H={H} scale={scale} bias={bias} {begin} {special}")


def legal():
    """As on CPUs, but for any number of channels; the others are refused with the same sentences."""
    for name in names():
        text = Cell(name, H=40, I=2, D=40, N=2, K=2, S=2, G=2, M=2, O=2).program()
        try:
            on_gpu(text, "segments")
            ok = True
        except SeqcError as error:
            assert "expected a step for which plan 'segments' is legal, but" in str(error), error
            ok = False
        assert ok == (name in cells.LEGAL or name == "lru"), f"{name}: {'legal' if ok else 'refused'}"


def widths():
    """One channel, some that fill no warp, a warp, more than one; thread blocks that are not full."""
    for n, name in enumerate(cells.LEGAL):
        for H in (1, 3, 5, 32, 33, 70) if ALL else (1, (2, 3, 5)[n % 3], (32, 33, 40)[n % 3]):
            check_cell(name, H)


def types():
    for name in cells.LEGAL if ALL else ("para_gru", "para_lstm", "biquad"):
        check_cell(name, 2, dtype="f64")
        check_cell(name, 33, dtype="f64", lengths=1)


def kinds():
    """All kinds of operands: the functions of segments-forms.py."""
    for n, (name, text) in enumerate(zip(forms.FUNCTIONS, forms.TEXTS, strict=True)):
        pair = GpuPair(text.replace(f"@{name}(", "@f("), seeds=(1, 2))
        rng = np.random.default_rng(len(name))
        for i, T in enumerate(LENGTHS):
            if ALL or (i + n) % 3 == 0:
                B, special = int(rng.choice([0, 1, 2, 3])), bool(rng.random() < 0.2)
                begin = STARTS[(i + n) % 4]
                pair.check(forms.values_of(pair.fused, rng, B, T, begin, special), f"{name} B={B} T={T} {begin} {special}")


if __name__ == "__main__":
    for part in (legal, widths, types, kinds):
        part()
        print(part.__name__, flush=True)
