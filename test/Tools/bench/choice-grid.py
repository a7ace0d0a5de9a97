# RUN: %python %s
# REQUIRES: numpy
"""How tools/bench --grid judges a choice, from times that are given here."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "tools"))
from benchmarks import grid  # noqa: E402


def cell(fused, scan, chosen, own=None):
    made = grid.Cell("diagonal", 1, 16, 4)
    made.schedules = {"auto": f"{chosen}, rows = 1", "fused": "fused, rows = 1", "scan": "scan, rows = 1"}
    made.times = {"fused": fused, "scan": scan}
    made.times["auto"] = own or made.times[chosen]
    if own:
        made.schedules["auto"] = f"{chosen}, rows = 2"
    return made


# Static sizes everywhere, no names of dynamic ones; initial states end in 0.
for kind, names in {"diagonal": ["a", "x", "h0"], "complex": ["ar", "ai", "xr", "xi", "r0", "i0"],
                    "2x2 block": ["a", "x", "g0", "h0"], "softmax": ["s", "v", "m0", "u0", "w0"]}.items():
    made = grid.Cell(kind, 8, 256, 4)
    assert "?" not in made.text and "seqc.dims" not in made.text
    assert [name for name, _ in made.inputs] == names
    assert made.results[0] == (8, 256, 4)
assert grid.Cell("diagonal", 8, 256, 4).bytes == 4 * (3 * 8 * 256 * 4 + 2 * 8 * 4)

# A choice counts where plans differ by more than 15 %; the same schedule is the same library.
assert not cell(1.0, 1.1, "scan").decides and cell(1.0, 1.2, "scan").decides
assert grid.twin(cell(1.0, 2.0, "fused")) == "fused" and grid.twin(cell(1.0, 2.0, "fused", 0.5)) is None
assert cell(1.0, 2.0, "fused", 0.5).ratio == 1 and cell(1.0, 2.0, "scan").ratio == 2

right, wrong = cell(1.0, 2.0, "fused"), cell(1.0, 1.6, "scan")
sentences = list(grid.summary([right] * 19 + [wrong]))
assert sentences[0].startswith("20 cells measured, in 20 ")
assert sentences[1].endswith("in 95.0% of them (bar 95%), met"), sentences[1]
assert "1.60 times the best (bar 1.5), missed: diagonal (1,16,4)" in sentences[2], sentences[2]
assert list(grid.summary([right, wrong]))[1].endswith("50.0% of them (bar 95%), missed")
assert "**1.60×**" in grid.entry(wrong) and "**" not in grid.entry(right)

# A refusal keeps a plan out of the choice, and its reason is counted once.
alone = cell(1.0, 2.0, "fused")
del alone.times["scan"], alone.schedules["scan"]
alone.refused["scan"] = "seqc: exit code 1: cell.mlir:1:2: error: not affine"
assert not alone.decides
assert "scan: refused in 2 cells, first diagonal (1,16,4): not affine" in list(grid.summary([alone, alone]))
