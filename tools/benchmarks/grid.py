"""The chooser's grid: every plan that seqc offers on many shapes, beside the plan that it chose.

A cell is a kind of step at static sizes, so that the choice is for that shape. A plan that seqc refuses is
not legal there. Plans are compared with one another before they are timed; in turns, the least of several.
"""
import concurrent.futures
import ctypes
import itertools
import os
import re
import subprocess
import time

import numpy as np

from . import memory
from .measuring import distance, once
from .programs import Missing
from .report import duration
from .row import model

KINDS = {"diagonal": "affine", "complex": "complex-split", "2x2 block": "block", "softmax": "aaren"}
BATCHES, STEPS, CHANNELS = (1, 2, 8, 64), (16, 256, 4096, 65536), (1, 4, 16, 64, 512)
LARGEST = 1 << 30  # bytes that the arrays of a cell may have
BUDGET = 0.2  # seconds of timing in a cell
CLOSE, SHARE, WORST = 1.15, 0.95, 1.5  # near enough to the best; how often; how far off at most


class Cell:
    """`file` is the kind's model. `number` names the libraries, which cells of the same text share."""

    tolerance = 1e-3

    def __init__(self, kind, batch, steps, channels, file=None):
        self.kind, self.sizes, self.number = kind, (batch, steps, channels), None
        self.name = f"{kind} ({batch},{steps},{channels})"
        text = re.sub(r" \{seqc.dims = [^}]*\}", "", model(file or KINDS[kind], D=channels))
        self.text = text.replace("tensor<?x?x", f"tensor<{batch}x{steps}x").replace("tensor<?x", f"tensor<{batch}x")
        head, results = self.text[self.text.index("func.func"):self.text.index("{\n")].split("->")
        shape = lambda sizes: tuple(map(int, sizes.split("x")))
        self.inputs = [(name, shape(sizes)) for name, sizes in re.findall(r"%(\w+): tensor<([\dx]+)xf32>", head)]
        self.results = [shape(sizes) for sizes in re.findall(r"tensor<([\dx]+)xf32>", results)]
        self.bytes = 4 * sum(int(np.prod(s)) for s in [*(s for _, s in self.inputs), *self.results])
        self.schedules, self.refused, self.times, self.wrong = {}, {}, {}, None

    @property
    def best(self):
        return min(self.times.values())

    @property
    def ratio(self):
        """Seconds of what was chosen against the fastest."""
        return self.times["auto"] / self.best

    @property
    def decides(self):
        """Whether at least two legal plans differ enough for the choice to matter."""
        forced = [seconds for plan, seconds in self.times.items() if plan != "auto"]
        return len(forced) > 1 and max(forced) > CLOSE * min(forced)

    @property
    def chosen(self):
        return re.match(r"\w+", self.schedules["auto"]).group()


def plans(seqc):
    """The plans that seqc's help offers, without the naive one."""
    if not seqc.program.exists():
        raise Missing("seqc is not built")
    text = subprocess.run([seqc.program, "--help=all"], capture_output=True, text=True, check=True).stdout
    offered = re.search(r"--schedule=PLAN\s+(.*)", text).group(1)
    return [plan for plan in re.findall(r"\w+", offered) if plan not in ("auto", "default", "reference", "or")]


def compile_cell(seqc, cell, names):
    """Fills `schedules` by plan, and leaves a library for each that is legal."""
    number = cell.number
    source = seqc.folder / f"cell-{number}.mlir"
    source.write_text(cell.text)
    for plan in ["auto", *names]:
        scheduled, library = (source.with_name(f"cell-{number}-{plan}{end}") for end in (".mlir", ".so"))
        try:
            seqc.command(source, f"--schedule={plan}", "--emit=scheduled", "-o", scheduled)
            schedule = re.search(r"schedule\(<([^>]*)>\)", scheduled.read_text())
            cell.schedules[plan] = schedule.group(1) if schedule else plan
            if plan != "auto":  # which is one of the others, as a rule
                seqc.command(source, f"--schedule={plan}", "-o", library)
        except Missing as reason:
            cell.schedules.pop(plan, None)
            cell.refused[plan] = str(reason)
    if "auto" in cell.schedules and not twin(cell):
        seqc.command(source, "-o", source.with_name(f"cell-{number}-auto.so"))


def twin(cell):
    """The plan whose schedule `auto` chose to the letter; None if its numbers are its own."""
    return next((p for p, s in cell.schedules.items() if p != "auto" and s == cell.schedules["auto"]), None)


def compile_all(seqc, cells, names, cores):
    """Compiles on all cores that this process was given."""
    def everywhere():
        if cores:
            os.sched_setaffinity(0, {*cores, *os.sched_getaffinity(0)})

    texts = {}
    for number, cell in enumerate(cells, seqc.libraries):  # names that nothing of this process has loaded
        first = texts.setdefault(cell.text, cell)
        cell.number = number if first is cell else first.number
        cell.schedules, cell.refused = first.schedules, first.refused
    seqc.libraries += len(cells)
    with concurrent.futures.ThreadPoolExecutor(len(cores) + 1, initializer=everywhere) as pool:
        jobs = [pool.submit(compile_cell, seqc, cell, names) for cell in texts.values()]
        for cell, job in zip(texts.values(), jobs):
            try:
                job.result()
            except Missing as reason:
                cell.refused["auto"] = str(reason)


class Arena:
    """Memory for any cell: numbers that keep every kind of step within bounds, and room for results."""

    def __init__(self, size):
        block = np.random.default_rng(7).uniform(-0.7, 0.7, 1 << 20).astype(np.float32)
        self.data, self.room = memory.empty((size // 4,)), memory.empty((size // 4,))
        for at in range(0, self.data.size, block.size):
            self.data[at:at + block.size] = block[:self.data.size - at]

    def arrays(self, cell):
        """(inputs, results) of a cell; initial states, whose names end in 0, are zero."""
        inputs, at = [], 0
        for name, shape in cell.inputs:
            count = int(np.prod(shape))
            inputs.append(np.zeros(shape, np.float32) if name.endswith("0") else self.data[at:at + count].reshape(shape))
            at += -(-count // 16) * 16
        return inputs, self.results(cell)

    def results(self, cell):
        """Room for the results of a cell, one behind the other at multiples of 64 bytes."""
        results, at = [], 0
        for shape in cell.results:
            count = int(np.prod(shape))
            results.append(self.room[at:at + count].reshape(shape))
            at += -(-count // 16) * 16
        return results


def measure(seqc, cell, arena):
    """Fills `times` by plan, "auto" among them."""
    inputs, results = arena.arrays(cell)
    candidates, expected = {}, None
    for plan in cell.schedules:
        path = seqc.folder / f"cell-{cell.number}-{plan}.so"
        if not path.exists():
            continue
        candidates[plan] = seqc.bind(ctypes.CDLL(str(path)), inputs, results, label=plan)
        candidates[plan].run()
        if expected is None:
            expected = results[0].astype(np.float64)
        elif not (off := distance(results[0], expected)) <= cell.tolerance:
            cell.wrong = f"{plan} is {off:.1e} from {next(iter(candidates))}"
    first = {plan: min(once(c.run) for _ in range(2)) for plan, c in candidates.items()}
    least, end, rounds = dict(first), time.perf_counter() + BUDGET, 0
    while rounds < 2 or (time.perf_counter() < end and rounds < 50):
        for plan, candidate in candidates.items():
            runs = max(2, min(64, int(BUDGET / 20 / first[plan])))
            least[plan] = min(least[plan], *candidate.times(runs)[1:])
        rounds += 1
    cell.times = least
    if "auto" not in least and (same := twin(cell)) in least:
        cell.times["auto"] = least[same]


def line(cell):
    if "auto" not in cell.times:
        return f"{cell.name:26} not measured: {'; '.join(cell.refused.values())}"
    forced = ", ".join(f"{plan} {duration(seconds)}" for plan, seconds in cell.times.items() if plan != "auto")
    own = "" if twin(cell) else f" with numbers of its own, {duration(cell.times['auto'])}"
    note = f"  {cell.ratio:.2f} x the best" if cell.decides else ""
    return f"{cell.name:26} {forced}; chosen: {cell.chosen}{own}{note}" + (f"  WRONG: {cell.wrong}" if cell.wrong else "")


def entry(cell):
    """The cell in a Markdown table: the chosen plan and its time, then the others."""
    if cell is None or "auto" not in cell.times:
        return "–"
    others = [f"{plan} {duration(seconds)}" for plan, seconds in cell.times.items() if plan not in ("auto", twin(cell))]
    missed = f" **{cell.ratio:.2f}×**" if cell.decides and cell.ratio > CLOSE else ""
    return f"{cell.chosen} {duration(cell.times['auto'])}" + (f" ({', '.join(others)})" if others else "") + missed


def tables(cells):
    """One Markdown table for every kind: rows by batch and time, columns by channels."""
    by_name = {(cell.kind, *cell.sizes): cell for cell in cells}
    batches, times, widths = (sorted(set(sizes)) for sizes in zip(*(cell.sizes for cell in cells)))
    for kind in dict.fromkeys(cell.kind for cell in cells):
        yield f"\n{kind}: the chosen plan, the others in parentheses\n"
        yield "| B | T | " + " | ".join(f"D {d}" for d in widths) + " |"
        yield "|---" * (2 + len(widths)) + "|"
        for batch, steps in itertools.product(batches, times):
            row = [entry(by_name.get((kind, batch, steps, channels))) for channels in widths]
            if any(text != "–" for text in row):
                yield f"| {batch} | {steps} | " + " | ".join(row) + " |"


def summary(cells):
    """Sentences about how good the choice was, and the refusals by plan and reason."""
    measured = [cell for cell in cells if "auto" in cell.times]
    deciding = [cell for cell in measured if cell.decides]
    yield f"{len(measured)} cells measured, in {len(deciding)} two or more legal plans differ by more than 15 %"
    refusals = {}
    for cell in cells:
        for plan, reason in cell.refused.items():
            alike = re.sub(r"cell-\d+", "cell", reason.split("error: ")[-1])
            refusals.setdefault((plan, alike), []).append(cell)
    for (plan, reason), refusing in refusals.items():
        yield f"{plan}: refused in {len(refusing)} cells, first {refusing[0].name}: {reason}"
    if not deciding:
        yield "choice within 15 % of the best: not measured"
        return
    share = sum(cell.ratio <= CLOSE for cell in deciding) / len(deciding)
    worst = max(deciding, key=lambda cell: cell.ratio)
    yield f"choice within 15 % of the best in {share:.1%} of them (bar {SHARE:.0%}), {'met' if share >= SHARE else 'missed'}"
    met = "met" if worst.ratio <= WORST else "missed"
    yield f"worst choice {worst.ratio:.2f} times the best (bar {WORST}), {met}: {worst.name}"
    for kind in dict.fromkeys(cell.kind for cell in deciding):
        own = [cell for cell in deciding if cell.kind == kind]
        near = sum(cell.ratio <= CLOSE for cell in own)
        worst = max(own, key=lambda cell: cell.ratio)
        yield f"{kind}: {near} of {len(own)}, worst {worst.ratio:.2f} times the best: {worst.name}"


def all_cells():
    """Every kind at every size."""
    return [Cell(kind, *sizes) for kind in KINDS for sizes in itertools.product(BATCHES, STEPS, CHANNELS)]


def run(seqc, args, cells, make_arena):
    """The exit code of tools/bench --grid."""
    start, names = time.monotonic(), plans(seqc)
    cells = [cell for cell in cells if cell.bytes <= LARGEST and re.search(args.rows, cell.name)]
    if not cells:
        return 0
    compile_all(seqc, cells, names, args.cores)
    print(f"{len(cells)} cells, plans {', '.join(names)}: compiled in {time.monotonic() - start:.0f} s", flush=True)
    arena = make_arena(max(cell.bytes for cell in cells) + (1 << 16))
    for cell in cells:
        measure(seqc, cell, arena)
        if not args.markdown or cell.wrong:
            print(line(cell), flush=True)
    if args.markdown:
        print(*tables(cells), sep="\n")
    mark = "- " if args.markdown else ""
    print("", *(mark + text for text in summary(cells)), sep="\n")
    print(f"\n{time.monotonic() - start:.0f} s")
    return 1 if any(cell.wrong for cell in cells) else 0 if any(cell.times for cell in cells) else 4
