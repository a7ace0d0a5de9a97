# RUN: %python %s
# REQUIRES: numpy, x86-host
"""The comparison of segments.py notices each part of the certificate that is left out: with
--test-weaken=PART some bits are wrong. The plan as it is has the right ones for
the same inputs."""

import os
import subprocess

import numpy as np

from compiled import FOLDER, tool
from library import Cell
from segment_cases import Pair
from segment_steps import STEPS, Form

FORGETS = "a forgetful and a counting state"


def cell_values(cell, bias):
    """Like segments.py: gates that open by `bias`, weights of size 1."""

    def draw(rng, T):
        values = cell.values(rng, 1, T)
        values[[a[0] for a in cell.arguments].index("b")][: cell.sizes["H"]] = bias
        return values

    return draw


def subjects():
    """(name, text, values of a seed and a length)."""
    for name, H, bias in (("para_lstm", 1, 0), ("para_gru", 1, 0), ("para_gru", 4, -6)):
        cell = Cell(name, H=H, I=2)
        yield f"{name} {H} {bias}", cell.program(), cell_values(cell, bias)
    for name in (FORGETS, "held until far", "modulo", "counter", "logistic", "slow", "latch"):
        form = Form(STEPS[name], [1])
        yield name, form.text(), lambda rng, T, form=form: form.values(rng, (1,), T)


# Where each part must be missed. What has one state has no others that could be forgotten; where the
# plan gives up, step by step is right again whatever a block of segments did.
PARTS = {
    "one-state": {FORGETS, "held until far", "para_lstm 1 0"},
    "no-checkpoint": {FORGETS, "held until far"},
    "guess": {"modulo"},
    "tail-bit": {"para_lstm 1 0", "para_gru 1 0", "latch"},
    "no-repair": {"para_lstm 1 0", "para_gru 1 0", "para_gru 4 -6", "counter", "logistic", "slow", FORGETS},
    "no-rest": {"counter", "logistic", "slow", "para_gru 4 -6"},
}


def missed(name, text, draw):
    """The parts without which bits are wrong; the plan as it is has the right ones."""
    wanted = [part for part, names in PARTS.items() if name in names]
    found = set()
    for threads in (1, 2):
        pair = Pair(text, threads=threads)
        for seed in range(4):
            for T in (769, 5000, 20000):
                values = draw(np.random.default_rng([seed, T]), T)
                pair.check(values, f"{name}, seed {seed}, T={T}")
                for part in wanted:
                    if (part, threads) not in found and pair.differs(values, pair.weakened(part)):
                        found.add((part, threads))
    return {part for part in wanted if (part, 1) in found and (part, 2) in found}


def refused():
    """A part that is none is an error with what there is."""
    path = os.path.join(FOLDER.name, "refused.mlir")
    with open(path, "w") as file:
        file.write(Form(STEPS["counter"], [1]).text())
    command = [tool("seqc"), path, "--emit=lowered", "--schedule=segments", "--test-weaken=nothing"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and "for the part to leave out, but got 'nothing'" in done.stderr, done


if __name__ == "__main__":
    missing = {part: set(names) for part, names in PARTS.items()}
    for subject in subjects():
        for part in missed(*subject):
            missing[part].remove(subject[0])
    for part, names in missing.items():
        assert not names, f"{part} left out: the bits are right of {', '.join(sorted(names))}"
    refused()
