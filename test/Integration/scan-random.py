# RUN: %python %s cpu
# REQUIRES: numpy, x86-host
"""Random scans (Inputs/random_scans.py) by plan `scan`: the contract's error, or a refusal in one sentence. The argument is
the device: `cpu`, with one and with three threads, or `gpu`, the emulated one, where bits do not depend on the order of threads.

SEQC_TEST_SECONDS (default 40) limits the time; `%python scan-random.py cpu SEED` repeats a step and prints its text.
"""

import os
import sys
import time

from bits import expect_same
from compiled import SeqcError, compile_text, context, levels
from gpu_tools import everywhere, on_gpu
from plans import in_parts
from random_scans import RandomScan

CHUNKS = "<scan, vector_bits = {}, batch_tile = 3, chunk = {}, strip = 16, rows = {}, vectors = {}>"
REFUSALS = [
    "is legal, but ",
    "expected no batch_tile, no channel_tile and one vector for plan 'scan' on a GPU",  # sums of outs are outside of the step
]


def of_cpu(modes):
    return ["", "", CHUNKS.format(256, 104, 1, 2), CHUNKS.format(512, 128, 2, 1)]


def of_gpu(modes):
    tile = "channel_tile = 8, " if modes else ""
    sizes = ((2, 2), (1, 1), (4, 4))
    return ["", "", *(f"<scan, vector_bits = 32, {tile}chunk = {c}, rows = {r}, vectors = 1>" for c, r in sizes)]


def on_cpu(scan, plan):
    model = compile_text(scan.text(), plan, levels()[-1])["f"]

    def call(values, what):
        got = model(*values, context=context(in_parts(1)))
        expect_same(model(*values, context=context(in_parts(3, threads=True))), got, f"{what}, three threads")
        return got

    return call


def on_emulated_gpu(scan, plan):
    model = on_gpu(scan.text(), plan)
    return lambda values, what: everywhere(model, values, what)


DEVICES = {"cpu": (of_cpu, on_cpu), "gpu": (of_gpu, on_emulated_gpu)}


def check(seed, schedules, compiled):
    """True if plan `scan` takes the step."""
    scan = RandomScan(seed, schedules)
    try:
        run = compiled(scan, "auto" if scan.case.schedule else "scan")
    except SeqcError as error:
        assert any(reason in str(error) for reason in REFUSALS), f"seed {seed}: {error}"
        return False
    reference = compile_text(scan.text(schedule=False), "reference")["f"]
    for values in scan.calls():
        what = f"seed {seed}, first of {values[0].shape}"
        scan.expect_within(run(values, what), reference(*values), values, what)
    return True


def main():
    (schedules, compiled), seeds = DEVICES[sys.argv[1]], [int(s) for s in sys.argv[2:]]
    for seed in seeds:
        print(RandomScan(seed, schedules).text(), file=sys.stderr)
    end = time.monotonic() + float(os.environ.get("SEQC_TEST_SECONDS", "40"))
    done, ran, failed = 0, 0, []
    for seed in seeds or range(100000):
        if time.monotonic() > end or len(failed) == 5:
            break
        done += 1
        try:
            ran += check(seed, schedules, compiled)
        except (AssertionError, SeqcError) as error:
            failed.append(seed)
            print(f"seed {seed} failed: {error}")
    print(f"{done} steps, {ran} by plan scan, {len(failed)} failed")
    assert not failed and (seeds or ran >= 5)


main()
