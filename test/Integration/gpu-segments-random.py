# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Plans `segments` and `newton` on an emulated GPU give the bits of plan `reference` for steps that never forget, chaotic,
exploding and counting ones, with other numbers in the schedule, and for random steps in every form of the op; each part
of the certificate that is left out is noticed.

`%python gpu-segments-random.py --all` takes more of all of these."""

import importlib
import sys

import numpy as np

from compiled import SeqcError
from gpu_segments import LENGTHS, SMALL, GpuPair
from segment_cases import STARTS
from segment_steps import STEPS, Form, random_form, random_step

ALL = "--all" in sys.argv
weakened = importlib.import_module("segments-weakened")
# Newton's method finds the starts of a counter in one pass, and nothing is left for the rest.
ALSO_RIGHT = {"no-rest": {"counter"}}


def by_hand():
    """Segments of one block to many; threads with one step at once, or a block's; warps alone."""
    for n, (name, step) in enumerate(STEPS.items()):
        form = Form(step, ((1,), (3,), (40,), ())[n % 4])
        for chunk, strip, rows in ((16, 1, 1), (48, 4, 2), (256, 16, 4))[:: 1 if ALL else 2]:
            plan = ("segments", "newton")[n % 2] if "i" not in step.states else "segments"
            try:
                pair = GpuPair(form.text(), by_hand=form.text(SMALL.format(plan, chunk, strip, rows)), seeds=(1, 2))
            except SeqcError as error:
                assert plan == "newton" and "the derivative of" in str(error), error
                continue
            rng = np.random.default_rng([n, chunk])
            for T in (0, 1, 16, 33, 500, 1111):
                values = form.values(rng, (2,) * form.rank, T, str(rng.choice(STARTS)), bool(rng.random() < 0.3))
                pair.check(values, f"{name} {form.shape} {plan} {chunk} {strip} {rows} T={T}")


def unchanged():
    """An out that is a state which no step changes, and lanes of a warp in which its value differs at first."""
    for plan in ("segments", "newton"):
        for shape in ((1,), (4,), (5,), (33,)):
            form = Form(STEPS["a state that never changes"], shape)
            pair = GpuPair(form.text(), plan, seeds=(1, 2, 3))
            rng = np.random.default_rng(shape)
            for T in (1, 129, 500):
                pair.check(form.values(rng, (2,) * form.rank, T, "normal", False), f"unchanged {shape} {plan} T={T}")


def at_random():
    count = 0
    for seed in range(400 if ALL else 40):
        rng = np.random.default_rng(seed)
        form = random_form(rng, random_step(rng))
        pair = GpuPair(form.text(), seeds=(1, 2))
        count += pair.segments.scratch_bytes(*form.values(rng, (1,) * form.rank, 16, "normal", False)) > 0
        for T in rng.choice(LENGTHS, 3):
            values = form.values(rng, tuple(rng.choice([1, 2, 0], form.rank)), int(T), str(rng.choice(STARTS)), False)
            pair.check(values, f"random step {seed} T={T}")
    assert count > 0.9 * (400 if ALL else 40), count


def parts():
    """What segments-weakened.py leaves out on CPUs is missed here, too."""
    wanted = {part: subjects - ALSO_RIGHT.get(part, set()) for part, subjects in weakened.PARTS.items()}
    missing = {part: set(subjects) for part, subjects in wanted.items()}
    for name, text, draw in weakened.subjects():
        pair = GpuPair(text, seeds=(1,))
        for part in [p for p, subjects in wanted.items() if name in subjects]:
            function = pair.weakened(part)
            for seed, T in ((0, 769), (1, 3000), (2, 3000), (3, 9000)):
                if pair.differs(draw(np.random.default_rng([seed, T]), T), function):
                    missing[part].remove(name)
                    break
    for part, subjects in missing.items():
        assert not subjects, f"{part} left out: the bits are right of {', '.join(sorted(subjects))}"


if __name__ == "__main__":
    for part in (by_hand, unchanged, at_random, parts):
        part()
        print(part.__name__, flush=True)
