# RUN: %python %s
# REQUIRES: numpy
"""The bench's scans at small sizes: each model gives what the row's float64 oracle gives, and every bar
names rivals that the row has."""

import os
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "tools"))
from benchmarks import scans  # noqa: E402
from benchmarks.bars import Scaling  # noqa: E402
from benchmarks.measuring import distance  # noqa: E402
from benchmarks.programs import Missing, Seqc  # noqa: E402


class NoHand:
    def calls(self):
        raise Missing("no compiler in this test")


ROWS = [
    scans.Series(77), scans.Complex(33, 24, True), scans.Block(33, 24), scans.Running("cumsum", 77),
    scans.Running("cummax", 77), scans.Running("logcumsumexp", 77), scans.Aaren(33, 24), scans.Rwkv4(33, 24),
    scans.Welford(33, 24), scans.Modes("Mega", "mega", 33, 24), scans.Modes("CEMA", "cema", 33, 24),
    scans.S5(33, 24, 16), scans.Ema(77),
]
assert {row.file for row in ROWS} == {row.file for row in scans.table()} - {"complex"}
with tempfile.TemporaryDirectory() as folder:
    seqc = Seqc(pathlib.Path(os.environ["SEQC_BUILD_DIR"]), folder, NoHand())
    for row in ROWS:
        row.prepare()
        expected, candidate = row.oracle(), row.compiled(seqc)
        candidate.run()
        assert candidate.result().shape == expected.shape, row.name
        off = distance(candidate.result(), expected)
        assert off <= 1e-5, f"{row.name}: {off}"
        candidate.result()[...] += 1  # an error is seen
        assert row.compare > 1 or distance(candidate.result(), expected) > 1e-2, row.name

interleaved = scans.Complex(33, 24, False)
interleaved.prepare()
for row in scans.table():
    assert row.bars, row.name
    small = next(r for r in [*ROWS, interleaved] if r.file == row.file)
    names = {getattr(make, "label", "hand") for make in small.candidates(None, None)[1:]}
    for bar in row.bars:
        for rival in [] if isinstance(bar, Scaling) else bar.rivals.split("|"):
            assert any(re.match(rival, name) for name in names), f"{row.name}: {rival}"
