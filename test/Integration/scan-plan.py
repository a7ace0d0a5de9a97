# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Plan `scan`: error against float64 at most twice the sequential one's or 8 ulp of the channel's
largest |h|, for every step of scan_steps.py, at all listed lengths, in every form of the op."""

import os
import re
import subprocess
import tempfile

import numpy as np

from assembly import LIBM
from compiled import compile_text, tool
from scan_steps import STEPS, Case, Step, expect_within

LENGTHS = (0, 1, 2, 3, 31, 32, 33, 1023, 1024, 1025, 4096)
CONSTANT = lambda value: lambda rng, shape: np.full(shape, value)
DECAYS = {
    "0": CONSTANT(0), "1": CONSTANT(1), "-1": CONSTANT(-1), "tiny": CONSTANT(1e-30),
    "above 1": lambda rng, shape: rng.uniform(1, 1.01, shape), "2": CONSTANT(2),
    "normal": lambda rng, shape: rng.standard_normal(shape),
}  # fmt: skip


def check(what, case, batch, lengths, rng, march="native"):
    scan, other = (compile_text(case.text(), s, march)["f"] for s in ("scan", "reference"))
    for T in lengths:
        values = case.inputs(rng, batch, T)
        expect_within(case, scan(*values), other(*values), values, f"{what} T={T}")


def lengths():
    """Each step at each length; the longest for some."""
    for name, step in STEPS.items():
        check(name, Case(step, [2]), (8,), LENGTHS, np.random.default_rng(1))
    for name in ("affine", "cumsum", "cummax", "softmax", "counts"):
        check(name, Case(STEPS[name], []), (16,), (65537,), np.random.default_rng(2))


def shapes():
    """Channels that fill vectors evenly and ones that do not; ranks of state and batch."""
    rng = np.random.default_rng(3)
    for name in ("affine, old state", "complex", "softmax with decay", "largest"):
        for shape in ([], [1], [3], [4], [5], [8], [2, 2]):
            check(f"{name} {shape}", Case(STEPS[name], shape), (5,), (0, 1, 33, 300), rng)
        for rank, batch in ((0, ()), (2, (3, 2))):
            check(f"{name} batch {batch}", Case(STEPS[name], [3], rank), batch, (0, 5, 300), rng)


def flags():
    """Directions, resets, time-major data, in every combination."""
    rng = np.random.default_rng(4)
    for name in ("affine, old state", "biquad", "cumsum", "cumprod", "softmax", "welford", "cummin", "bits"):
        for reverse, resets, time in ((1, 0, 1), (0, 1, 1), (0, 0, 0), (1, 1, 0)):
            case = Case(STEPS[name], [3], 1, bool(reverse), bool(resets), time)
            check(f"{name} reverse={reverse} resets={resets} time={time}", case, (4,), (0, 1, 40, 700), rng)


def types():
    """States of f64; data of bf16 and f16."""
    rng = np.random.default_rng(5)
    for name in ("affine", "block", "cumprod", "log-sum-exp with shift", "welford", "cummax"):
        check(f"{name} f64", Case(STEPS[name], [2], element="f64"), (4,), (0, 1, 33, 1025), rng)
    for data in ("bf16", "f16"):
        for name in ("affine", "cumsum", "softmax"):
            check(f"{name} {data}", Case(STEPS[name], [3], data=data), (4,), (0, 1, 33, 1025), rng)
        case = Case(STEPS["affine"], [3], 1, True, True, 0, data=data)
        check(f"affine {data} reverse", case, (4,), (1, 33, 1025), rng)


def decays():
    for name, draw in DECAYS.items():
        normal = STEPS["affine"].draw[1]
        step = Step([draw, normal], [0.5], "a = mulf x0 h0; n = addf a x1", "n", "n")
        check(f"decay {name}", Case(step, [2]), (8,), (3, 33, 1025, 4096), np.random.default_rng(6))
        step = Step([draw], [0.5], "n = mulf x0 h0", "n", "n")
        check(f"product of {name}", Case(step, [2]), (8,), (3, 33, 1025, 4096), np.random.default_rng(7))
        step = Step([draw, normal], [0.5, -0.5], "a = mulf x0 h0; b = mulf x0 h1; c = addf a x1", "c b", "b")
        check(f"pair with {name}", Case(step, [2]), (8,), (3, 33, 1025), np.random.default_rng(8))


def levels():
    """AVX2 and SSE vectors; no calls of libm and no gathers where there are FMAs."""
    for march, channels in (("x86-64-v3", 3), ("x86-64-v2", 2)):
        for name in ("affine", "block", "softmax with decay", "cumsum", "counts", "welford"):
            case = Case(STEPS[name], [channels])
            check(f"{march} {name}", case, (8,), (0, 1, 33, 1025), np.random.default_rng(9), march)
    for march in ("x86-64-v3", "x86-64-v4"):
        for name in ("softmax", "logcumsumexp", "log-sum-exp with shift"):
            text = assembly_of(Case(STEPS[name], [3]).text(), march)
            calls = set(re.findall(r"^\s+(?:call|jmp)q?\s+(\w+)", text, re.M))
            assert calls, "assembly with calls of the runtime"
            assert not [c for c in calls if LIBM.fullmatch(c)], f"{march} {name}: {calls}"
            assert not re.search(r"\bv?p?gather", text), f"{march} {name}: a gather"


def assembly_of(text, march):
    with tempfile.TemporaryDirectory() as folder:
        source, target = os.path.join(folder, "f.mlir"), os.path.join(folder, "f.s")
        with open(source, "w") as file:
            file.write(text)
        subprocess.run([tool("seqc"), source, "-o", target, "--schedule=scan", f"--march={march}"], check=True)
        with open(target) as file:
            return file.read()


if __name__ == "__main__":
    for part in (lengths, shapes, flags, types, decays, levels):
        part()
