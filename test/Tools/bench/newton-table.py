# RUN: %python %s
# REQUIRES: numpy
"""The bench's Newton passes: Jacobians against differences, exact prefixes, convergence where the recurrence is
gentle and none where it is steep, and the table and the figures of that."""

import pathlib
import sys
import xml.etree.ElementTree as tree

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "tools"))
from benchmarks import figures, newton  # noqa: E402
from benchmarks.pararnn import Cifg, Gru, sequence  # noqa: E402
from benchmarks.svg import Chart  # noqa: E402

random = np.random.default_rng(5)
for cell in (Gru, Cifg):
    weights = cell.weights(lambda shape: random.uniform(-2, 2, shape), 6)
    u, state = random.standard_normal((9, 3, 6)), tuple(random.uniform(-1, 1, (cell.states, 9, 6)))
    stepped, jacobian = cell.linearized(weights, u, state)
    assert all(np.allclose(a, b, atol=1e-14) for a, b in zip(stepped, cell.step(weights, u, state)))
    for column in range(cell.states):
        ends = [cell.step(weights, u, tuple(part + sign * 1e-6 * (column == at) for at, part in enumerate(state)))
                for sign in (-1, 1)]
        for row in range(cell.states):
            slope = (ends[1][row] - ends[0][row]) / 2e-6
            assert np.abs(slope - jacobian[row][column]).max() < 1e-8, (cell.name, row, column)

    # In float64, as many passes as steps give the sequence, however steep; k passes its first k steps.
    weights, u = cell.weights(lambda shape: random.uniform(-6, 6, shape), 4), random.standard_normal((8, 3, 4))
    expected = sequence(cell, weights, u)
    for first in (False, True):
        for number, (states, updates) in zip(range(1, 10), newton.passes(cell, weights, u, first)):
            assert np.abs(states[:number] - expected[:number]).max() < 1e-9, (cell.name, first, number)
        assert updates.max() < 1e-9

    setting = newton.Setting(cell, 300)
    tiled = np.tile(setting.u, len(setting.cases))
    expected = sequence(cell, [part.astype(np.float64) for part in setting.weights], tiled.astype(np.float64))
    for first in (False, True):
        needed, errors = setting.newton(expected, (100, 300), first)
        at = {case: number for number, case in enumerate(setting.cases)}
        assert needed[300][at["init"]] <= 5 and errors[300][at["init"]] < 1e-5
        assert needed[300][at["3"]] is None or needed[300][at["3"]] > newton.FIXED + 2
        assert errors[300][at["3"]] > 1e-2 and errors[300][at["0.1"]] < 1e-6
        assert all(a <= b for a, b in zip(errors[100], errors[300]))  # a prefix of the same trajectory
    broken = expected.copy()
    broken[50, setting.channels("0.9")] = np.nan
    assert [np.isfinite(e) for e in setting.errors(broken, expected, 300)] == [c != "0.9" for c in setting.cases]

lines = list(newton.table(Gru, ["init"], {256: [[4], [None], [1e-7], [float("inf")], [1e-7], [2e-7]]}))
assert lines[-1] == "| init | 256 | 4 | > 12 | 1.0e-07 | not finite | 1.0e-07 | 2.0e-07 |", lines

# Lines that are 1, 2, 4 against 2 cross at the second point; a plan may be legal for few channels.
assert figures.crossing([(1, 1), (4, 4)], [(1, 2), (2, 2), (4, 2)]) == 2
assert figures.crossing([(1, 1), (2, 1.5)], [(1, 2), (2, 2), (4, 2)]) is None
assert figures.verdict("p", [(1, 1), (2, 1.5)], [(1, 2), (2, 2), (4, 2)]).startswith("p: faster than fused up to 2 ")
assert figures.verdict("p", [(1, 3), (2, 3)], [(1, 2), (2, 2)]).startswith("p: not faster")

made = Chart("a < b", ("x", "y"), [("one", [(1, 1), (10, 100)]), ("two", [(1, 10), (10, float("inf")), (5, 0)])],
             {1: "1", 10: "10"}, ["note"], [3])
root = tree.fromstring("\n".join(made.text()))
circles = [c for c in root.iter() if c.tag.endswith("circle")]
assert len(circles) == 4 and [c.get("fill") for c in circles].count("#ffffff") == 1
heights = [float(c.get("cy")) for c in circles]
assert heights[0] > heights[2] > heights[1] == heights[3]  # 1, 10, 100; what is not finite on the border
assert abs(heights[0] - 2 * heights[2] + heights[1]) < 0.2
