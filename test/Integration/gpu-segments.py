# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Plans `segments` and `newton` on an emulated GPU give the bits of plan `reference`, whatever the states do, with every
access checked and in several orders of threads: every cell of the library for which they are legal, gates that hardly
forget and weights that make chaos, all forms of the op; the number of launches does not depend on values; bytes and
sectors. (gpu-segments-random.py: steps that never forget, random ones, and what is noticed when a part of the
certificate is left out; gpu-resources.py: what `ptxas` says.)

`%python gpu-segments.py --all` takes more of all of these."""

import importlib
import sys

import numpy as np

import gpu_tools
from compiled import SeqcError, compile_text
from gpu_segments import LENGTHS, SMALL, GpuPair
from library import Cell, names
from segment_cases import STARTS
from segment_steps import Form, Step

ALL = "--all" in sys.argv
cells, forms = (importlib.import_module(name) for name in ("segments", "segments-forms"))
SECTOR = 32


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
            compile_text(text, "segments", None, ["--target=cuda", "--device=emulate"])
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


def newton():
    for n, name in enumerate(cells.LEGAL):
        check_cell(name, (1, 4, 33)[n % 3], plan="newton", lengths=2)
    check_cell("para_lstm", 2, dtype="f64", plan="newton")


def slow():
    """Long sequences, gates that hardly forget, weights that make chaos: Newton's method and the rest are at work."""
    for name, H, T in (("para_gru", 1, 3000), ("para_lstm", 2, 3000), ("para_gru", 33, 1000)):
        cell = Cell(name, H=H, I=2)
        for plan in ("segments", "newton"):
            pair = GpuPair(cell.program(), plan, seeds=(1, 2))
            for scale, bias in ((1, -3), (1, -6), (12, 0), (100, 2)):
                rng = np.random.default_rng([H, scale])
                pair.check(cells.values_of(cell, rng, 2, T, scale, bias, "normal", False), f"{name} {scale} {bias}")


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


def launches():
    """As many for states that meet at once, that hardly forget, that never do, and for a few steps."""
    step = Step("f", "ff", "a = mulf x1 h0; t = tanh a; n = addf t x0", "n", "n")
    form = Form(step, (3,))
    for plan, kernels in (("segments", 13), ("newton", 26)):
        text = form.text(SMALL.format(plan, 64, 8, 4))
        for gain in (0.5, 0.99, 30):
            for T in (1, 16, 3000):
                x0, x1, h = form.values(np.random.default_rng(3), (2,), T, "normal", False)
                got = gpu_tools.counts(text, "auto", [x0, np.full_like(x1, gain), h])
                # What has no item is no launch.
                assert got["launches"] == (kernels if T >= 16 else got["launches"]) <= kernels, (plan, gain, T, got)


def counts():
    """Bytes against the least, sectors of a request: a step that forgets in some tens of steps."""
    step = Step("f", "f", "a = mulf half h0; t = tanh a; n = addf t x0", "n", "n")
    for shape, T in ((64,), 8192), ((1,), 65536), ((4,), 16384):
        form = Form(step, shape)
        x0, h = form.values(np.random.default_rng(3), (2,), T, "normal", False)
        text = form.text(SMALL.format("segments", 1024, 8, 4))
        for seed in (1, 2, 3):
            got = gpu_tools.counts(text, "auto", [x0, h], seed)
            least = 2 * x0.nbytes + 2 * h.nbytes
            what = f"{shape}: {got}, {got['bytes'] / least:.3f} times the least bytes"
            assert least <= got["bytes"] <= 1.1 * least and got["bank conflicts"] == 0, what
            assert got["sectors"] <= 4.1 * got["requests"] and got["sectors"] * SECTOR <= 1.1 * got["bytes"], what
        print(f"{what}, {got['sectors'] / got['requests']:.2f} sectors a request")


if __name__ == "__main__":
    for part in (legal, widths, types, newton, slow, kinds, launches, counts):
        part()
        print(part.__name__, flush=True)
