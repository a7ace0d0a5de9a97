# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Plan `segments` gives the bits of plan `fused` for steps that never forget, chaotic, exploding and
counting ones, and for random steps (Inputs/segment_steps.py), in every form of the op.

`%python segments-random.py --all` runs 10,000 cases; how many had to be repaired and how many gave
up is seen by what the plan computes without these parts. `… SEED` repeats one seed and prints the
text. SEQC_TEST_SECONDS (default 12) limits the random part of a short run, of six programs at least.
"""

import os
import sys
import time
from collections import Counter

import numpy as np

from compiled import levels
from segment_cases import LENGTHS, LONG, STARTS, Pair
from segment_steps import STEPS, Form, random_form, random_step

ALL = "--all" in sys.argv
CASES = 10000
seconds, counts = Counter(), Counter()


def compared(pair, form, rng, T, what):
    """One case. With --all it is counted by what the plan had to do."""
    batch = tuple(int(n) for n in rng.choice([1, 1, 2, 3, 0], form.rank))
    begin, special = str(rng.choice(STARTS)), bool(rng.random() < 0.3)
    values = form.values(rng, batch, int(T), begin, special)
    begun = time.monotonic()
    pair.check(values, f"{what} B={batch} T={T} {begin} {special}")
    counts["cases"] += 1
    seconds["run"] += time.monotonic() - begun
    if ALL:
        repaired, left = (pair.differs(values, pair.weakened(p)) for p in ("no-repair", "no-rest"))
        counts["repaired" if repaired else "right at once"] += 1
        counts["gave up"] += left
        seconds["count"] += time.monotonic() - begun


def schedule_by_hand(form, rng):
    """Other numbers of vectors side by side and of tasks, vectors of other widths; mostly none."""
    if rng.random() < 0.6:
        return None
    bits = int(rng.choice([b for b in (128, 256, 512) if 32 * np.prod(form.shape) <= b]))
    rows, tasks = int(rng.integers(1, 9)), int(rng.choice([0, 0, 1, 2, 5, 64]))
    return form.text(f"segments, vector_bits = {bits}, batch_tile = {tasks}, strip = 16, rows = {rows}, vectors = 1")


def built(form, rng):
    begun = time.monotonic()
    march = str(rng.choice([*levels(), "x86-64-v2"]))
    if march == "x86-64-v2" and int(np.prod(form.shape)) > 4 or march == "x86-64-v3" and int(np.prod(form.shape)) > 8:
        march = "native"
    pair = Pair(form.text(), march, int(rng.choice([1, 1, 2, 3])), schedule_by_hand(form, rng))
    counts["in segments"] += pair.in_segments(form.values(rng, (1,) * form.rank, 16))
    seconds["compile"] += time.monotonic() - begun
    counts["programs"] += 1
    return pair


def named():
    """The steps written by hand, at every length."""
    for n, (name, step) in enumerate(STEPS.items()):
        for shape in ((1,), (3,)) if ALL else (((1,), (3,), (4,), ())[n % 4],):
            rng = np.random.default_rng([n, len(shape)])
            form = Form(step, shape)
            pair = built(form, rng)
            for T in (*LENGTHS, LONG):
                compared(pair, form, rng, T, f"{name} {shape}")


def check(seed):
    rng = np.random.default_rng(seed)
    form = random_form(rng, random_step(rng))
    if str(seed) in sys.argv:
        print(form.text())
    pair = built(form, rng)
    for T in (*rng.choice(LENGTHS, 6 if ALL else 3), *rng.integers(700, 30000, 6 if ALL else 2)):
        compared(pair, form, rng, T, f"seed {seed}")
    if seed % 10 == 0:
        compared(pair, form, rng, LONG, f"seed {seed}")


def main():
    seeds = [int(a) for a in sys.argv[1:] if a.isdigit()]
    if not seeds:
        named()
    end, seed = time.monotonic() + float(os.environ.get("SEQC_TEST_SECONDS", "12")), 0
    while not seeds and (counts["cases"] < CASES if ALL else seed < 6 or time.monotonic() < end):
        check(seed)
        seed += 1
        if ALL and seed % 50 == 0:
            print(dict(counts), flush=True)
    for seed in seeds:
        check(seed)
    print(dict(counts), {k: round(v, 1) for k, v in seconds.items()})
    assert counts["in segments"] >= 0.85 * counts["programs"] or seeds
    assert counts["programs"] >= 1 and (seeds or counts["programs"] > len(STEPS) + 5)


main()
