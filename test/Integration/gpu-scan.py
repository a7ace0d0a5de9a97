# RUN: %python %s lengths forms near_one cells counts
# REQUIRES: numpy, x86-host
"""Plan `scan` on an emulated GPU: the contract's error, the same bits whatever the order of blocks, warps and lanes, with
every access checked; lengths around tiles, few channels, many, and numbers of them that fill no warp; traps of products;
bytes, sectors and bank conflicts. (gpu-resources-scan.py: what `ptxas` says of the library's kernels.) Arguments are
parts; the others have a test of their own, gpu-scan-traps.py."""

import importlib
import sys

import numpy as np

import bits
import gpu_reports
import library
from compiled import SeqcError, compile_text
from gpu_tools import counter, everywhere, on_gpu
from scan_steps import STEPS, Case, Step, expect_close_to, expect_within, normal

decays, traps = (importlib.import_module(f"scan-plan-{name}") for name in ("decays", "traps"))
SMALL = "<scan, vector_bits = 32, chunk = {}, rows = {}, vectors = 1>"
SECTOR = 32


def check(what, case, batch, lengths, few=1, seeds=(1, 2, 3)):
    rng = np.random.default_rng(len(what))
    scan = on_gpu(case.text(), "auto" if case.schedule else "scan")
    plain = Case(case.step, case.shape, case.rank, case.reverse, case.resets, case.time, case.element, case.data)
    other = compile_text(plain.text(), "reference")["f"]
    for T in lengths:
        values = case.inputs(rng, batch, T)
        got = everywhere(scan, values, f"{what} T={T}", seeds)
        expect_within(case, got, other(*values), values, f"{what} T={T}", few)


def lengths():
    """Each step, with tiles of 8 * 4 to 8 * 16 steps, and with many small ones."""
    for name, step in STEPS.items():
        check(name, Case(step, [33]), (2,), (0, 1, 2, 3, 31, 64, 127, 257))
        check(f"{name}, small", Case(step, [33], schedule=SMALL.format(2, 2)), (2,), (3, 4, 5, 97), few=2)
    # Lanes along time: tiles of 2048, 1024, 512 steps; runs shorter and longer than a warp has.
    for name in ("affine, old state", "softmax with decay", "counts"):
        for shape, around in (([], 2048), ([2], 1024), ([3], 512)):
            steps = around // 2 if name[0] == "s" else around * 2 if name[0] == "c" else around
            check(f"{name} {shape}", Case(STEPS[name], shape), (3,), (0, 1, 33, steps - 1, steps, steps + 1, 3 * steps + 17), 2, (1, 2))
        for chunk, rows in ((1, 1), (2, 4), (32, 2)):
            case = Case(STEPS[name], [5], schedule=SMALL.format(chunk, rows))
            check(f"{name} {case.schedule}", case, (2,), (1, 127, 128, 129, 700), 2, (1, 2))


def forms():
    """Ranks of batch and state, directions, resets, data along time first; small tiles."""
    for i, name in enumerate(("affine, old state", "complex", "biquad", "cumprod", "welford", "cummin", "bits", "block")):
        for j, shape in enumerate(([], [1], [4], [2, 17], [64])):
            rank, flags = (i + j) % 3, (i + j) % 4
            form = dict(batch_rank=rank, reverse=flags in (1, 3), resets=flags in (2, 3), time=0 if j % 2 else rank)
            case = Case(STEPS[name], shape, schedule=SMALL.format(2, 2), **form)
            check(f"{name} {shape} {form}", case, (2, 1)[:rank], (0, 1, 40, 301), 2, (1, 2))


PACKED = [[], [0], [0, 0], [1], [0, 3, 0, 0, 17, 1, 0], [2, 131, 0, 127, 1, 300], [7, 8, 9, 15, 16, 17, 33, 64, 65]]


def packed():
    """Sequences end to end, whose offsets the host does not know: each gives the bits that it has alone."""
    for i, (name, shape) in enumerate((n, s) for n in ("affine, old state", "complex", "welford", "counts")
                                      for s in ([], [5], [40])):  # fmt: skip
        for schedule in ("", SMALL.format(2, 2)):
            form = dict(reverse=i % 2 == 1, resets=i % 3 == 1, schedule=schedule)
            case, one = Case(STEPS[name], shape, packed=True, **form), Case(STEPS[name], shape, 0, **form)
            plan = "auto" if schedule else "scan"
            alone, scan = on_gpu(one.text(), plan), on_gpu(case.text(), plan)
            plain = Case(STEPS[name], shape, packed=True, **form | dict(schedule=""))
            other = compile_text(plain.text(), "reference")["f"]
            for lengths in PACKED:
                what = f"packed {name} {shape} {form} {lengths}"
                values = case.inputs(np.random.default_rng(7), (), lengths)
                got = everywhere(scan, values, what, (1, 2, 3))
                if lengths:
                    expect_within(case, got, other(*values), values, what, few=4)
                n, outs, cu = len(case.step.draw), len(case.step.outs), values[-1]
                for k, (begin, end) in enumerate(zip(cu, cu[1:])):
                    own = [v[k] if n <= j < n + len(case.step.initial) else v[begin:end] for j, v in enumerate(values[:-1])]
                    parts = [v[begin:end] for v in got[:outs]] + [v[k] for v in got[outs:]]
                    bits.expect_same(parts, alone(*own), f"{what} sequence {k}")


def types():
    for name in ("affine", "block", "log-sum-exp with shift", "cummax"):
        check(f"{name} f64", Case(STEPS[name], [33], element="f64"), (2,), (0, 1, 31, 33, 257), 2)
        check(f"{name} f64", Case(STEPS[name], [2], element="f64"), (2,), (0, 1, 33, 1025), 2)
    for data in ("bf16", "f16"):
        for name in ("affine", "cumsum", "softmax"):
            for shape in ([3], [40]):
                check(f"{name} {data}", Case(STEPS[name], shape, data=data), (2,), (0, 1, 33, 257), 2)


def products():
    """Products that overflow, vanish or cancel where states do not."""
    for D in (1, 33):
        column = lambda v: np.broadcast_to(np.asarray(v, np.float32).reshape(-1, 1), (traps.T, D)).copy()
        for kind in ("affine", "cumprod", "block", "complex", "biquad"):
            case = Case(STEPS[kind], [D], 0)
            scan, other = on_gpu(case.text()), compile_text(case.text(), "reference")["f"]
            for what, (a, u, h) in traps.GROWTH.items():
                A, U, zero = column(a), column(np.full(traps.T, u)), column(np.zeros(traps.T))
                x = {"affine": [A, U], "cumprod": [A], "block": [A, zero, zero, A, U],
                     "complex": [A, zero, U], "biquad": [A, zero, U]}[kind]  # fmt: skip
                values = [*x, *[np.full(D, h, np.float32)] * len(case.step.initial)]
                got = everywhere(scan, values, what, (1, 2))
                expect_within(case, got, other(*values), values, f"{kind} {D} {what}")
                if "fixpoint" in what and kind == "affine":
                    assert (got[0] == 1).all(), (kind, D, what)


def spread():
    """One NaN or ∞: other channels, rows and earlier steps keep their values."""
    for name in ("affine", "complex", "cummax", "logcumsumexp", "softmax with decay", "welford"):
        for shape in ([3], [34]):
            case = Case(STEPS[name], shape)
            scan, other = on_gpu(case.text()), compile_text(case.text(), "reference")["f"]
            clean = case.inputs(np.random.default_rng(9), (2,), 300)
            before = scan(*clean)
            for i in range(len(case.step.draw)):
                for bad in (np.nan, np.inf, -np.inf):
                    values = [v.copy() for v in clean]
                    values[i][1, 145, 1] = bad
                    for k, (g, w, c) in enumerate(zip(scan(*values), other(*values), before)):
                        what = f"{name} {shape} input {i} {bad} result {k}"
                        assert (np.isfinite(g) == np.isfinite(w)).all(), what
                        if k < len(case.step.outs):
                            keep = np.ones(g.shape, bool)
                            keep[1, 145:, 1] = False
                            np.testing.assert_allclose(g[keep], c[keep], 1e-4, 1e-4, err_msg=what)


def near_one():
    """Decays that are the same at each step and close to 1."""
    T = 4097
    step, average = Step([normal, normal], [0.5], *decays.AFFINE), Step([normal, normal], [0.5], *decays.EMA)
    columns = decays.affine_columns(T)
    some = {name: columns[name] for i, name in enumerate(columns) if i % 4 == 0 or name in decays.PATTERNS}
    decays.compile_text = lambda text, schedule, extra=(): {"f": on_gpu(text)} if schedule == "scan" else compile_text(text, schedule)
    for shape in ([], [33]):
        decays.REPEATS = 8 if shape == [] else 1
        decays.check(f"near one {shape}", Case(step, shape), some, T)
        decays.check(f"average {shape}", Case(average, shape), {f"{k}": [np.full(T, k)] for k in (0.3, 1e-2, 1e-4)}, T)
        turn = {f"{x}": [0.9995 * np.cos(np.full(T, x)), 0.9995 * np.sin(np.full(T, x))] for x in decays.ANGLES[1:3]}
        decays.check(f"complex {shape}", Case(Step([normal] * 3, [0.5, -0.5], *decays.ROTATION), shape), turn, T)


def cells():
    """The library's, as far as they are scans; those with modes are in gpu-scan-modes.py."""
    ran = 0
    for name in library.names():
        if name in ("mega_ema", "cema", "s4d") or "selective" in name:
            continue
        cell = library.Cell(name, **gpu_reports.sizes_of(name))
        try:
            scan = on_gpu(cell.program())
        except SeqcError as error:
            assert "plan 'scan' is legal" in str(error), error
            continue
        reference, ran = compile_text(cell.program(), "reference")["f"], ran + 1
        for B, T in [(0, 3), (1, 0), (1, 1), (3, 7), (2, 33), (1, 300)]:
            values = [np.tanh(v) if v.dtype.kind == "f" else v for v in cell.values(np.random.default_rng(5), B, T)]
            got = everywhere(scan, values, f"{name}, B = {B}, T = {T}", (1, 2))
            bits.expect_close(got, reference(*values), f"{name}, B = {B}, T = {T}", 2e-5, 3e-6)
    assert ran >= 15


def counts():
    """Bytes against the least, sectors of a request, bank conflicts; the launches are two."""
    for name, shape, T in (("affine", [64], 256), ("complex", [64], 256), ("logcumsumexp", [96], 256),
                           ("softmax with decay", [32], 256), ("cumsum", [], 16384), ("affine", [4], 2048)):  # fmt: skip
        case = Case(STEPS[name], shape)
        count, least = counter(case.text(), "scan"), 0
        # More rows than blocks that the emulator has at once: they seldom wait for each other, and polls are few.
        values = case.inputs(np.random.default_rng(4), (16,), T)
        for i, value in enumerate(values):
            least += value.nbytes * (2 if i >= len(case.step.draw) else 1)  # states are results, too
        least += len(case.step.outs) * 16 * T * int(np.prod(shape)) * 4
        for seed in (1, 2, 3):
            got = count(values, seed)
            what = f"{name} {shape}: {got}"
            assert got["launches"] == 2 and got["bank conflicts"] == 0, what
            assert least <= got["bytes"] <= 1.1 * least, f"{got['bytes'] / least:.3f} times the least, {what}"
            # 32 floats side by side are 4 sectors.
            assert got["sectors"] <= 4 * got["requests"] and got["sectors"] * SECTOR <= 1.05 * got["bytes"], what
            print(f"{name} {shape}: {got['bytes'] / least:.3f} times the least bytes, "
                  f"{got['sectors'] / got['requests']:.2f} sectors a request")


if __name__ == "__main__":
    for part in sys.argv[1:]:
        globals()[part]()
