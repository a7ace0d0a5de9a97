# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Plans `segments` and `newton` on an emulated GPU give the bits of plan `reference` where guesses are made by Newton's
method, gates hardly forget, or weights make chaos; the number of launches does not depend on values; bytes and sectors."""

import importlib

import numpy as np

import gpu_tools
from gpu_segments import SMALL, GpuPair
from library import Cell
from segment_steps import Form, Step

cells, gpu = (importlib.import_module(name) for name in ("segments", "gpu-segments"))
SECTOR = 32


def newton():
    for n, name in enumerate(cells.LEGAL):
        gpu.check_cell(name, (1, 4, 33)[n % 3], plan="newton", lengths=2)
    gpu.check_cell("para_lstm", 2, dtype="f64", plan="newton")


def slow():
    """Long sequences, gates that hardly forget, weights that make chaos: Newton's method and the rest are at work."""
    for name, H, T in (("para_gru", 1, 3000), ("para_lstm", 2, 3000), ("para_gru", 33, 1000)):
        cell = Cell(name, H=H, I=2)
        for plan in ("segments", "newton"):
            pair = GpuPair(cell.program(), plan, seeds=(1, 2))
            for scale, bias in ((1, -3), (1, -6), (12, 0), (100, 2)):
                rng = np.random.default_rng([H, scale])
                pair.check(cells.values_of(cell, rng, 2, T, scale, bias, "normal", False), f"{name} {scale} {bias}")


def launches():
    """As many for states that meet at once, that hardly forget, that never do, and for a few steps."""
    step = Step("f", "ff", "a = mulf x1 h0; t = tanh a; n = addf t x0", "n", "n")
    form = Form(step, (3,))
    for plan, kernels in (("segments", 13), ("newton", 26)):
        count = gpu_tools.counter(form.text(SMALL.format(plan, 64, 8, 4)), "auto")
        for gain in (0.5, 0.99, 30):
            for T in (1, 16, 3000):
                x0, x1, h = form.values(np.random.default_rng(3), (2,), T, "normal", False)
                got = count([x0, np.full_like(x1, gain), h])
                # What has no item is no launch.
                assert got["launches"] == (kernels if T >= 16 else got["launches"]) <= kernels, (plan, gain, T, got)


def counts():
    """Bytes against the least, sectors of a request: a step that forgets in some tens of steps."""
    step = Step("f", "f", "a = mulf half h0; t = tanh a; n = addf t x0", "n", "n")
    for shape, T in ((64,), 8192), ((1,), 65536), ((4,), 16384):
        form = Form(step, shape)
        x0, h = form.values(np.random.default_rng(3), (2,), T, "normal", False)
        count = gpu_tools.counter(form.text(SMALL.format("segments", 1024, 8, 4)), "auto")
        for seed in (1, 2, 3):
            got = count([x0, h], seed)
            least = 2 * x0.nbytes + 2 * h.nbytes
            what = f"{shape}: {got}, {got['bytes'] / least:.3f} times the least bytes"
            assert least <= got["bytes"] <= 1.1 * least and got["bank conflicts"] == 0, what
            assert got["sectors"] <= 4.1 * got["requests"] and got["sectors"] * SECTOR <= 1.1 * got["bytes"], what
        print(f"{what}, {got['sectors'] / got['requests']:.2f} sectors a request")


if __name__ == "__main__":
    for part in (newton, slow, launches, counts):
        part()
        print(part.__name__, flush=True)
