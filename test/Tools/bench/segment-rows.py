# RUN: %python %s
# REQUIRES: numpy
"""The bench's nonlinear recurrences at small sizes: each model gives what the row's float64 oracle gives for
every seed, chaotic rows are compared bit for bit, and every bar names rivals that the row has."""

import os
import pathlib
import re
import statistics
import sys
import tempfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "tools"))
from benchmarks import segments  # noqa: E402
from benchmarks.bars import Bar, Scaling  # noqa: E402
from benchmarks.measuring import distance  # noqa: E402
from benchmarks.pararnn import Cifg, Gru  # noqa: E402
from benchmarks.programs import Candidate, Missing, Seqc  # noqa: E402
from benchmarks.report import Result  # noqa: E402


class NoHand:
    def calls(self):
        raise Missing("no compiler in this test")


def check(row, seqc):
    row.prepare()
    row.candidates(seqc, NoHand())
    expected, candidate = row.oracle(), row.compiled(seqc, "seqc")
    candidate.run()
    assert candidate.result().shape == expected.shape, row.name
    off = distance(candidate.result(), expected)
    assert off <= min(row.tolerance, 1e-5), f"{row.name}: {off}"
    return row, candidate, expected


def refusal(factory):
    try:
        factory()
    except Missing as reason:
        return str(reason)
    return ""


with tempfile.TemporaryDirectory() as folder:
    seqc = Seqc(pathlib.Path(os.environ["SEQC_BUILD_DIR"]), folder, NoHand())
    for cell in (Gru, Cifg):
        row, candidate, expected = check(segments.Diagonal(cell, 77, 3, bias=-3, seeds=3), seqc)
        assert expected.shape == (3, 77, 3) and distance(expected[1], expected[0]) > 1e-2  # seeds differ
        for part in range(3):  # an error in any seed is seen
            row.data[part][1][5, 0] += 3
            candidate.run()
            assert distance(candidate.result(), expected) > 1e-3, (row.name, part)
            row.data[part][1][5, 0] -= 3
        row, candidate, expected = check(segments.Diagonal(cell, 300, 2, scale=12, seeds=2, chaotic=True), seqc)
        assert row.tolerance == 0 and distance(candidate.result() * np.float32(1 + 1e-7), expected) > 0
        for plan in ("segments", "reference"):  # the oracle of chaotic rows
            other = row.compiled(seqc, plan, [f"--schedule={plan}"])
            other.run()
            assert distance(other.result(), expected) == 0, (row.name, plan)
        # A slower gate moves the state less in a step.
        slow, fast = (segments.Diagonal(cell, 500, 1, bias=bias) for bias in (-6, 0))
        moved = []
        for row in (slow, fast):
            row.prepare()
            moved.append(np.abs(np.diff(row.oracle()[0], axis=0)).mean())
        assert moved[0] < (0.1 if cell is Gru else 0.5) * moved[1], (cell.name, moved)
    row, candidate, expected = check(segments.TwoThreads(99), seqc)
    assert distance(expected, segments.Diagonal.oracle(row)) < 1e-12
    dense = segments.Dense(33, 16)
    dense.prepare()
    plain = dense.compiled(seqc, "fused", ["--schedule=fused"])
    plain.run()
    assert distance(plain.result(), dense.oracle()) <= 1e-5
    assert "nosuch" in refusal(lambda: row.compiled(seqc, "no", ["--schedule=nosuch"]))

# A run of several seeds takes the median or the worst of them; the least of every seed is kept.
slow, fast = (Candidate("x", "seqc", lambda: None, lambda: 0, lambda runs, s=s: [s] * runs) for s in (4.0, 1.0))
both = segments.Seeds("seqc", [slow, fast], max)
assert both.times(3) == [4, 4, 4] and both.cases == [4, 1]


class Made:
    def __init__(self, name, cases):
        self.name, self.kind, self.cases = name, "seqc", cases
        self.least = self.median = statistics.median(cases or [6.0])


class Bench:
    name, bars = "row", ()


times = {made: made for made in (Made("seqc", [1.0, 2.0, 4.0]), Made("fused", [6.0, 6.0, 6.0]), Made("JAX", None))}
result = Result(Bench(), times, [("newton", "refused")], (0, ""))
assert result.ratios("fused") == [6, 3, 1.5] == result.ratios("JAX")
assert Bar("fused", 3).judge(result)[1] and not Bar("fused", 3.1).judge(result)[1]
assert Bar("fused", 1.5, min).judge(result)[1] and not Bar("fused", 1.6, min).judge(result)[1]
assert "3.00 (fused; 1.50 to 6.00 over 3 seeds), met" in Bar("fused", 3).judge(result)[0]
assert not Bar("newton", 1).judge(result)[1]

rows = segments.table()
assert [bar.limit for row in rows for bar in row.bars if isinstance(bar, Scaling)] == ["FMA"]
for row in rows:
    chaotic = getattr(row, "chaotic", False)  # needs the compiler to name them: fused alone
    assert not chaotic or [bar.rivals for bar in row.bars] == ["fused"]
    if chaotic or isinstance(row, segments.TwoThreads):
        continue
    row.steps, row.channels = 5, min(row.channels, 32)
    row.prepare()
    names = {getattr(make, "label", "peer") for make in row.candidates(None, None)[1:]}
    for bar in row.bars:
        assert any(re.match(rival, name) for rival in bar.rivals.split("|") for name in names), (row.name, bar.rivals)
