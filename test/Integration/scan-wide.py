# RUN: %python %s
# REQUIRES: numpy, x86-host
"""States of more than half a vector of channels and one sequence for some threads: plan `scan` by parts
of the channels and chunks of time, and plan `fused` by tiles of channels without strips. The contract's
error (`fused`: the bits of the reference); the same bits for any number of threads."""

import numpy as np

import bits
from compiled import compile_text, context
from plans import in_parts
from scan_steps import STEPS, Case, expect_within

rng = np.random.default_rng(12)
CHUNKS = "<scan, vector_bits = {bits}, batch_tile = {most}, chunk = 112, strip = 16, rows = 2, vectors = 1>"
TILES = "<fused, vector_bits = {bits}, batch_tile = 1, channel_tile = {tile}, rows = 2, vectors = 2>"
RUNS = (in_parts(3), in_parts(5, threads=True))
STEPS_ = ("affine, old state", "complex", "softmax with decay", "cumprod", "welford", "largest", "counts")


def everywhere(function, values, what):
    alone = function(*values)
    for run in RUNS:
        bits.expect_same(alone, function(*values, context=context(run)), f"{what} in parts")
    return alone


def scans():
    for i, name in enumerate(STEPS_):
        for shape in ([10], [16], [24], [64], [2, 16], [4, 2, 6], [40]):
            form = dict(batch_rank=i % 3, reverse=i % 2 == 1, resets=i % 3 == 0)
            other = compile_text(Case(STEPS[name], shape, **form).text(), "reference")["f"]
            for most in (0, 3, 64):  # whole rows; as many parts as tasks or not; chunks in any case
                schedule = CHUNKS.format(bits=256 if most == 3 else 512, most=most)
                schedule = schedule.replace("chunk = 112, ", "" if most == 0 else "chunk = 112, ")
                case = Case(STEPS[name], shape, schedule=schedule, **form)
                scan = compile_text(case.text())["f"]
                for T in (0, 1, 113, 337) + (1031,) * (shape == [24]):
                    values = case.inputs(rng, (2, 1)[: i % 3], T)
                    what = f"{name} {shape} {schedule} T={T}"
                    got, want = everywhere(scan, values, what), other(*values)
                    expect_within(case, got, want, values, what, few=2)
                    if most == 0:  # steps one after the other
                        bits.expect_close(got, want, what, 2e-6, 2e-6)


def packed():
    for shape in ([24], [2, 16]):
        for schedule in (CHUNKS.format(bits=512, most=64), "<scan, vector_bits = 512, rows = 1, vectors = 1>"):
            case = Case(STEPS["affine, old state"], shape, 1, True, True, packed=True, schedule=schedule)
            scan = compile_text(case.text())["f"]
            other = compile_text(case.text().replace(schedule, "<reference>"), "reference")["f"]
            for lengths in ([0], [0, 300, 1, 0, 57], [1031, 2]):
                values = case.inputs(rng, (), lengths)
                got = everywhere(scan, values, f"packed {shape} {lengths}")
                expect_within(case, got, other(*values), values, f"packed {shape} {lengths}", few=4)


def tiles():
    for i, name in enumerate(STEPS_ + ("affine", "biquad")):
        for shape in ([32], [50], [2, 67], [512]):
            form = dict(batch_rank=i % 3, reverse=i % 2 == 1, resets=i % 3 == 0)
            other = compile_text(Case(STEPS[name], shape, **form).text(), "reference")["f"]
            for lanes, count in ((8, 1), (8, 2), (16, 1), (16, 2)):
                schedule = TILES.format(bits=32 * lanes, tile=count * lanes)
                case = Case(STEPS[name], shape, schedule=schedule.replace("rows", "strip = 0, rows"), **form)
                fused = compile_text(case.text())["f"]
                for T in (0, 1, 37):
                    values = case.inputs(rng, (2, 3)[: i % 3], T)
                    what = f"{name} {shape} {schedule} T={T}"
                    bits.expect_same(everywhere(fused, values, what), other(*values), what)
    # What --threads=N chooses, and the same bits.
    case = Case(STEPS["affine"], [200], 0)
    values = case.inputs(rng, (), 1031)
    plain = compile_text(case.text(), "reference")["f"](*values)
    for count in (1, 2, 3, 64):
        function = compile_text(case.text(), "fused", extra=[f"--threads={count}"])["f"]
        bits.expect_same(everywhere(function, values, "automatic"), plain, f"--threads={count}")


if __name__ == "__main__":
    for part in (scans, packed, tiles):
        part()
