"""The figures: time over channels for every plan, and errors over the size of recurrent weights."""
import math

from . import grid, newton
from .pararnn import Cifg, Gru
from .programs import Missing
from .segment_grid import Arena, Cell
from .svg import Chart

COMMAND = "Written by: tools/bench --figures docs/figures"
CHANNELS, STEPS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64), 65536
SLOW = "update gate -6"


def crossing(first, second):
    """Where the line of `first` rises above that of `second`, both [(x, y)]; None if nowhere."""
    other = dict(second)
    gaps = [(x, math.log(y / other[x])) for x, y in first if x in other]
    for (x, below), (later, above) in zip(gaps, gaps[1:]):
        if below < 0 <= above:
            return x * (later / x) ** (below / (below - above))
    return None


def verdict(name, points, fused):
    """A sentence on where a plan beats plan fused."""
    if at := crossing(points, fused):
        return f"{name}: as fast as fused at {at:.1f} channels"
    faster = all(seconds < dict(fused)[channels] for channels, seconds in points)
    return f"{name}: {'faster' if faster else 'not faster'} than fused up to {points[-1][0]} channels, legal to there"


def measured(seqc, cell, cores):
    """Cells by channels with the times of all plans, where numbers are gentle and where they are slow."""
    cells = [Cell(cell, numbers, 1, STEPS, channels) for numbers in ("gentle", SLOW) for channels in CHANNELS]
    grid.compile_all(seqc, cells, grid.plans(seqc), cores)
    arena = Arena(max(made.bytes for made in cells) + (1 << 16))
    for made in cells:
        if "auto" not in made.schedules:
            raise Missing("; ".join(made.refused.values()))
        grid.measure(seqc, made, arena)
        if made.wrong:
            raise Missing(f"{made.name}: WRONG: {made.wrong}")
    return cells[:len(CHANNELS)], cells[len(CHANNELS):]


def times(cells, plan):
    """[(channels, nanoseconds of a step)] where the plan is legal."""
    return [(made.sizes[2], 1e9 * made.times[plan] / STEPS) for made in cells if plan in made.times]


def over_channels(seqc, cell, cores):
    """The chart of a cell; a plan whose time depends on how fast the cell forgets has two lines."""
    gentle, slow = measured(seqc, cell, cores)
    series = [("fused", times(gentle, "fused"))]
    for plan in grid.plans(seqc):
        if plan not in ("fused", "scan") and times(gentle, plan):
            series += [(plan, times(gentle, plan)), (f"{plan}, {SLOW}", times(slow, plan))]
    notes = [verdict(name, points, series[0][1]) for name, points in series[1:]]
    marks = [at for _, points in series[1:] if (at := crossing(points, series[0][1]))]
    taken = [made.sizes[2] for made in gentle if made.chosen != "fused"]
    notes.append(f"auto: not fused at {', '.join(map(str, taken)) or 'no'} channels")
    return Chart(f"{cell.name}, one sequence of {STEPS} steps: time of a step", ("channels", "nanoseconds"), series,
                 {channels: str(channels) for channels in CHANNELS}, [*notes, COMMAND], marks)


def over_scale(seqc, cell):
    """The chart of a cell: fixed numbers of Newton passes beside seqc."""
    cases, found = newton.study(seqc, cell, (STEPS,))
    scales = [(float(case), number) for number, case in enumerate(cases) if case != "init"]
    series = [(name, [(scale, column[number]) for scale, number in scales])
              for name, column in list(zip(newton.COLUMNS, found[STEPS]))[2:]]
    notes = [f"{newton.CHANNELS} channels; Newton passes over the whole trajectory from two guesses; seqc's own choice"]
    return Chart(f"{cell.name}, {STEPS} steps, f32: largest error to float64",
                 ("largest recurrent weight", "error (open: not finite)"), series,
                 {scale: f"{scale:g}" for scale, _ in scales}, [*notes, COMMAND])


def run(seqc, folder, cores):
    """The exit code of tools/bench --figures."""
    folder.mkdir(parents=True, exist_ok=True)
    for cell in (Gru, Cifg):
        for name, chart in (("time-over-channels", over_channels(seqc, cell, cores)),
                            ("error-over-weights", over_scale(seqc, cell))):
            path = folder / f"{name}-{cell.file}.svg"
            path.write_text("\n".join(chart.text()) + "\n")
            print(f"{path}: {chart.notes[0]}", flush=True)
    return 0
