# RUN: %python %s sizes
# REQUIRES: numpy, x86-host
"""Plan `scan` on an emulated GPU where outs add up modes: the contract's error, the same bits whatever the order of blocks,
warps and lanes; modes and channels that fill no round and no warp; traps of products; bytes and sectors.
Arguments are parts; others have tests of their own, gpu-scan-modes-forms.py and gpu-scan-modes-rows.py."""

import importlib
import sys

import numpy as np

import bits
import gpu_reports
import library
from compiled import compile_text
from gpu_tools import counter, everywhere, on_gpu
from mode_steps import ModeCase, expect_within
from scan_steps import STEPS, Step, gate, near_one, normal, shrink

traps = importlib.import_module("scan-plan-traps")
SMALL = "<scan, vector_bits = 32, channel_tile = {}, chunk = {}, rows = {}, vectors = 1>"
SELECTIVE = Step([gate, normal, normal, normal, shrink], [0.5],
                 "r = mulf x0 x4; a = exp r; k = mulf a h0; b = mulf x0 x2; u = mulf b x1; n = addf k u; o = mulf n x3",
                 "n", "o")  # fmt: skip
SELECTIVE_KINDS = ["channel", "channel", "mode", "mode", "weight"]
AVERAGE = Step([normal, gate, normal, normal], [0.5],
               "k = mulf x1 h0; u = mulf x2 x0; n = addf k u; o = mulf n x3", "n", "o")  # fmt: skip
AVERAGE_KINDS = ["channel", "weight", "weight", "weight"]


def check(what, case, batch, lengths, few=2, seeds=(1, 2, 3)):
    rng = np.random.default_rng(len(what))
    scan = on_gpu(case.text(), "auto" if case.schedule else "scan")
    other = compile_text(case.text(schedule=""), "reference")["f"]
    for T in lengths:
        values = case.inputs(rng, batch, T)
        got = everywhere(scan, values, f"{what} T={T}", seeds)
        expect_within(case, got, other(*values), values, f"{what} T={T}", few)


def sizes():
    """Channels and modes of all kinds, in tiles of the usual size and in small ones."""
    for modes, channels in ((1, 33), (2, 5), (16, 1), (16, 64), (64, 32), (9, 40), (3, 7)):
        for name, step, kinds in (("selective", SELECTIVE, SELECTIVE_KINDS), ("average", AVERAGE, AVERAGE_KINDS)):
            what = f"{name} {modes} x {channels}"
            check(what, ModeCase(step, modes, channels, kinds), (1,), (0, 1, 2, 131))
            for width, chunk, rows in ((8, 2, 2), (32, 4, 1), (5, 1, 4)) if modes > 1 else ():
                case = ModeCase(step, modes, channels, kinds, schedule=SMALL.format(width, chunk, rows))
                check(f"{what} {width}", case, (3,), (1, 7, 8, 9, 61), seeds=(1, 2))


def tiles():
    """Lengths around tiles of the schedule that is chosen."""
    for name, step, kinds, T in (("selective", SELECTIVE, SELECTIVE_KINDS, 64), ("average", AVERAGE, AVERAGE_KINDS, 256)):
        check(name, ModeCase(step, 3, 8, kinds), (2,), (T - 1, T, T + 1, 2 * T + 17), seeds=(1, 2))
    check("wide", ModeCase(SELECTIVE, 20, 96, SELECTIVE_KINDS), (1,), (257,), seeds=(1, 2))


def forms():
    """Steps of one state and of more, with resets, in reverse, in other types, with modes innermost, with outs of modes."""
    each = {"affine": ["all", "channel"], "affine, old state": ["mode", "all"], "complex": ["all", "weight", "channel"],
            "ema": ["channel"], "cummax": ["all"], "biquad": ["weight", "weight", "channel"],
            "softmax with decay": ["channel", "mode", "all"], "cumprod": ["mode"]}  # fmt: skip
    for i, (name, kinds) in enumerate(each.items()):
        for j, (modes, channels) in enumerate(((5, 9), (4, 33))):
            flags = (i + j) % 4
            form = dict(reverse=flags in (1, 3), resets=flags in (2, 3), inner="modes" if j else "channels",
                        whole=name == "affine, old state", batch_rank=(i + j) % 3)  # fmt: skip
            case = ModeCase(STEPS[name], modes, channels, kinds, schedule=SMALL.format(8, 2, 2), **form)
            check(f"{name} {form}", case, (2, 2)[: form["batch_rank"]], (0, 1, 13, 97), few=4, seeds=(1, 2))
    for name, step, kinds in (("selective", SELECTIVE, SELECTIVE_KINDS), ("average", AVERAGE, AVERAGE_KINDS)):
        check(f"{name} f64", ModeCase(step, 5, 33, kinds, element="f64"), (2,), (0, 1, 65, 300), seeds=(1, 2))
        for data in ("bf16", "f16"):
            check(f"{name} {data}", ModeCase(step, 5, 33, kinds, data=data), (2,), (1, 129, 300), seeds=(1, 2))


def packed():
    """Packed sequences: the contract, and the bits of each sequence alone."""
    for name, step, kinds in (("selective", SELECTIVE, SELECTIVE_KINDS), ("average", AVERAGE, AVERAGE_KINDS)):
        for i, lengths in enumerate(([0], [1], [0, 3, 0, 17, 1], [33, 130, 0, 7])):
            form = dict(reverse=i % 2 == 1, resets=i > 1, schedule=SMALL.format(8, 2, 2))
            case, one = ModeCase(step, 6, 9, kinds, packed=True, **form), ModeCase(step, 6, 9, kinds, batch_rank=0, **form)
            values = case.inputs(np.random.default_rng(3), (), lengths)
            what = f"packed {name} {lengths}"
            got = everywhere(on_gpu(case.text(), "auto"), values, what)
            expect_within(case, got, compile_text(case.text(schedule=""), "reference")["f"](*values), values, what, few=4)
            alone, cu, n = on_gpu(one.text(), "auto"), values[-1], len(kinds)
            for k, (begin, end) in enumerate(zip(cu, cu[1:])):
                own = [v if j < n and kinds[j] == "weight" else v[k] if j == n else v[begin:end]
                       for j, v in enumerate(values[:-1])]  # fmt: skip
                bits.expect_same([got[0][begin:end], got[1][k]], alone(*own), f"{what} sequence {k}")


def products():
    """Products that overflow, vanish or cancel where states do not, in each mode or in one of them."""
    modes, channels = 3, 5
    for kind in ("affine", "cumprod", "block", "complex"):
        case = ModeCase(STEPS[kind], modes, channels, ["all"] * len(STEPS[kind].draw), 0)
        scan, other = on_gpu(case.text()), compile_text(case.text(), "reference")["f"]
        for what, (a, u, h) in traps.GROWTH.items():
            def column(v):
                full = np.broadcast_to(np.asarray(v, np.float32).reshape(-1, 1, 1), (traps.T, modes, channels)).copy()
                full[:, 1:, 2] = 0.5  # here other modes are tame
                return full
            A, U, zero = column(a), column(np.full(traps.T, u)), column(np.zeros(traps.T))
            x = {"affine": [A, U], "cumprod": [A], "block": [A, zero, zero, A, U], "complex": [A, zero, U]}[kind]
            values = [*x, *[np.full((modes, channels), h, np.float32)] * len(case.step.initial)]
            got = everywhere(scan, values, what, (1, 2))
            expect_within(case, got, other(*values), values, f"{kind} {what}", few=2)


def spread():
    """One NaN or ∞: other channels, rows and earlier steps keep their bits."""
    for kinds in (["all", "channel"], ["mode", "all"]):
        case = ModeCase(STEPS["affine"], 4, 9, kinds)
        scan, other = on_gpu(case.text()), compile_text(case.text(), "reference")["f"]
        clean = case.inputs(np.random.default_rng(9), (2,), 1100)
        before = scan(*clean)
        for i, kind in enumerate(kinds):
            for bad in (np.nan, np.inf, -np.inf):
                values = [v.copy() for v in clean]
                values[i][(1, 545) + (1,) * len(case.shape(kind))] = bad
                got, want = scan(*values), other(*values)
                for g, w in zip(got, want):
                    assert (np.isfinite(g) == np.isfinite(w)).all(), (kinds, i, bad)
                keep = np.ones(got[0].shape, bool)
                keep[1, 545:, slice(None) if kind == "mode" else 1] = False
                np.testing.assert_allclose(got[0][keep], before[0][keep], 1e-5, 1e-5, err_msg=f"{kinds} {i} {bad}")


def tame(cell, B, T):
    """Values whose products can stand for their steps: decays are below 1."""
    values = [np.tanh(v) if v.dtype.kind == "f" else v for v in cell.values(np.random.default_rng(5), B, T)]
    return [-np.abs(v) if a[0] in ("a", "a_re") else v for a, v in zip(cell.arguments, values)]


def cells():
    """The library's, which have modes."""
    for name, given in (("mega_ema", {}), ("cema", {}), ("s4d", {}), ("selective_scan", dict(N=16, D=64)),
                        ("signed_selective_scan", dict(N=64, D=32)), ("mega_ema", dict(N=16, D=8))):  # fmt: skip
        cell = library.Cell(name, **gpu_reports.sizes_of(name) | given)
        scan, reference = on_gpu(cell.program()), compile_text(cell.program(), "reference")["f"]
        for B, T in [(0, 3), (1, 0), (1, 1), (3, 7), (2, 33), (1, 300)]:
            values = tame(cell, B, T)
            got = everywhere(scan, values, f"{name}, B = {B}, T = {T}")
            bits.expect_close(got, reference(*values), f"{name}, B = {B}, T = {T}", 2e-5, 3e-6)


def carried():
    """From 512 rows on a block has all tiles of a row: the bits are those of blocks that look back."""
    for modes, channels, width in ((3, 2, 8), (5, 3, 2)):
        for name, step, kinds in (("selective", SELECTIVE, SELECTIVE_KINDS), ("average", AVERAGE, AVERAGE_KINDS),
                                  ("biquad", STEPS["biquad"], ["mode", "weight", "channel"])):  # fmt: skip
            case = ModeCase(step, modes, channels, kinds, schedule=SMALL.format(width, 1, 2), reverse=modes == 5)
            scan = on_gpu(case.text(), "auto")
            for T in (0, 1, 2 * 32 // width * 2 + 3):
                values = case.inputs(np.random.default_rng(T), (512,), T)
                few = [v if kind == "weight" else v[:64] for kind, v in zip([*kinds, *case.step.initial], values)]
                what = f"carried {name} {modes} x {channels} T={T}"
                got = everywhere(scan, values, what, (1, 2))
                bits.expect_same([g[:64] for g in got], scan(*few), what)


def counts():
    """Inputs and outs go over the bus once, in whole sectors, and shared memory has no bank conflicts. Where rows are
    fewer than 512, blocks tell each other products and states of each mode, and some ask again and again."""
    for name, B, T, most, given in (
        ("mega_ema", 512, 1024, 1.1, dict(D=8, N=4)), ("s4d", 512, 512, 1.1, dict(D=8, N=4)),
        ("cema", 512, 512, 1.1, dict(D=8, N=4)), ("selective_scan", 512, 512, 1.1, dict(D=8, N=8)),
        ("mega_ema", 2, 2048, 1.2, dict(D=32, N=4)), ("selective_scan", 2, 2048, 2, dict(D=32, N=4)),
        ("selective_scan", 2, 2048, 2.5, dict(D=32, N=16)),
    ):  # fmt: skip
        cell = library.Cell(name, **given)
        count = counter(cell.program(), "scan")
        times = {"in": B * T, "state": B, "weight": 1}
        least = sum(times[k] * int(np.prod(s)) * 4 for k, s, _ in [*(a[1:] for a in cell.arguments), *cell.results])
        for seed in (1,) if B > 2 else (1, 2, 3):
            got = count(tame(cell, B, T), seed)
            ratio = got["sectors"] * 32 / least
            what = f"{name} {given}, {B} sequences of {T} steps"
            print(f"{what}: sectors of {ratio:.3f} times the least bytes, {got['sectors'] / got['requests']:.2f} a request")
            assert got["bank conflicts"] == 0 and (B == 2 or got["sectors"] * 32 <= 1.1 * got["bytes"]), (what, got)
            assert ratio <= most, f"{what}: {ratio:.3f} times the least bytes, {got}"


if __name__ == "__main__":
    for part in sys.argv[1:]:
        globals()[part]()
