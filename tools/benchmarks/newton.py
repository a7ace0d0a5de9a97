"""ParaRNN's setting: a fixed number of Newton passes over the whole trajectory, in single precision.

Unknowns are the states of all steps. A pass linearizes every step at the present guess, and solves what is
left, r_t = f(h_{t-1}, x_t) - h_t, by the recurrence d_t = J_t d_{t-1} + r_t; then h_t += d_t. ParaRNN makes
three passes and does not look at the last one's size. Here are its cells, its initialisation (weights normal with
variance 4 / (5 D), inputs projected by two heads, Xavier, gate 0 biased by 0 to -1), and weights uniform within
a scale. A step depends on earlier ones alone, so one trajectory serves every shorter length.
"""
import numpy as np

from . import memory
from .pararnn import Cifg, Gru, sequence
from .row import model

CHANNELS, STEPS = 16, (256, 4096, 65536)
SCALES = (0.1, 0.25, 0.5, 0.9, 1.5, 2, 3, 4)
FIXED, MOST = 3, 12  # ParaRNN's passes; ours until we give up
SMALL = 1e-6  # the last update of a guess that has converged
COLUMNS = ("passes from 0", "passes from f(0, x)", f"{FIXED} passes from 0", f"{FIXED} passes from f(0, x)",
           "step by step, NumPy", "seqc")


def solve(jacobian, left):
    """d_t = J_t d_{t-1} + r_t along the first axis; states are a list, J a list of rows."""
    size = len(left)
    result, d = [np.empty_like(part) for part in left], [np.zeros_like(left[0][0])] * size
    for t in range(len(left[0])):
        d = [sum((jacobian[row][column][t] * d[column] for column in range(size)), left[row][t])
             for row in range(size)]
        for row in range(size):
            result[row][t] = d[row]
    return result


def shifted(states):
    """The state before every step, the first one's being zero."""
    return tuple(np.concatenate([np.zeros_like(part[:1]), part[:-1]]) for part in states)


def passes(cell, weights, u, first):
    """Yields (trajectory of outputs, update of all states) after every pass. The guess before is zero, or
    f(0, x) where `first` is set. Views of arrays that the next pass overwrites."""
    zeros = tuple(np.zeros((len(u), *u.shape[1:-2], u.shape[-1]), u.dtype) for _ in range(cell.states))
    states = cell.step(weights, u, zeros) if first else zeros
    while True:
        with np.errstate(all="ignore"):  # what overflows is seen in the result
            computed, jacobian = cell.linearized(weights, u, shifted(states))
            updates = solve(jacobian, [new - old for new, old in zip(computed, states)])
            states = tuple(old + update for old, update in zip(states, updates))
        yield states[0], np.maximum.reduce([np.abs(update) for update in updates])


class Setting:
    """A cell at ParaRNN's initialisation and at all scales side by side: `cases` are their names, and case k has
    the channels from k D on."""

    def __init__(self, cell, steps=STEPS[-1]):
        random, self.cell = np.random.default_rng(31), cell
        self.cases = ["init", *(f"{scale:g}" for scale in SCALES)]
        draws = [lambda shape: random.normal(0, (4 / (5 * CHANNELS)) ** 0.5, shape)]
        draws += [lambda shape, scale=scale: random.uniform(-scale, scale, shape) for scale in SCALES]
        parts = [cell.weights(draw, CHANNELS) for draw in draws]
        self.weights = [np.concatenate(rows, -1).astype(np.float32) for rows in zip(*parts)]
        half = CHANNELS // 2
        x, bound = random.standard_normal((steps, 2, half)), (6 / (2 * half)) ** 0.5
        projection = random.uniform(-bound, bound, (2, half, 3, half))
        u = np.einsum("thi,higd->tghd", x, projection).reshape(steps, 3, CHANNELS)
        u[:, 0] -= np.linspace(0, 1, CHANNELS)
        self.u = u.astype(np.float32)

    def channels(self, case):
        return slice(self.cases.index(case) * CHANNELS, (self.cases.index(case) + 1) * CHANNELS)

    def errors(self, got, expected, steps):
        """By case: the largest difference over so many steps, infinite where something is not finite."""
        found = np.abs(got[:steps].astype(np.float64) - expected[:steps])
        found[~np.isfinite(found)] = np.inf
        return [float(found[:, self.channels(case)].max()) for case in self.cases]

    def newton(self, expected, lengths, first):
        """({length: passes by case}, {length: errors by case after the fixed number of passes})."""
        u = np.tile(self.u, len(self.cases))
        needed, errors = {steps: [None] * len(self.cases) for steps in lengths}, {}
        for number, (states, updates) in enumerate(passes(self.cell, self.weights, u, first), 1):
            for steps in lengths:
                sizes = [np.max(updates[:steps, self.channels(case)]) for case in self.cases]  # NaN is not small
                needed[steps] = [n or (number if size <= SMALL else None) for n, size in zip(needed[steps], sizes)]
                if number == FIXED:
                    errors[steps] = self.errors(states, expected, steps)
            if number >= FIXED and (number == MOST or all(all(counts) for counts in needed.values())):
                return needed, errors

    def compiled(self, seqc):
        """What seqc computes, [T, cases and channels]."""
        steps, state, library = len(self.u), (1, CHANNELS), None
        library = seqc.library(self.cell.file, model(self.cell.file, D=CHANNELS), options=[f"--assume=B=1,T={steps}"])
        results = []
        for case in self.cases:
            weights = [memory.copy(part[:, self.channels(case)]) for part in self.weights]
            inputs = [memory.copy(self.u[None]), *weights, *(memory.empty(state) for _ in range(self.cell.states))]
            outputs = [memory.empty((1, steps, CHANNELS)), *(memory.empty(state) for _ in range(self.cell.states))]
            seqc.bind(library, inputs, outputs).run()
            results.append(outputs[0][0])
        return np.concatenate(results, -1)


def study(seqc, cell, lengths=STEPS):
    """(cases, {length: columns}) as COLUMNS names them; what seqc refuses is None."""
    setting = Setting(cell, lengths[-1])
    u = np.tile(setting.u, len(setting.cases))
    expected = sequence(cell, [w.astype(np.float64) for w in setting.weights], u.astype(np.float64))
    plain = sequence(cell, setting.weights, u)
    own = setting.compiled(seqc)
    runs = [setting.newton(expected, lengths, first) for first in (False, True)]
    return setting.cases, {
        steps: [*(needed[steps] for needed, _ in runs), *(errors[steps] for _, errors in runs),
                setting.errors(plain, expected, steps), setting.errors(own, expected, steps)] for steps in lengths}


def entry(column, value):
    if column < 2:
        return f"> {MOST}" if value is None else str(value)
    return f"{value:.1e}" if np.isfinite(value) else "not finite"


def table(cell, cases, found):
    """The Markdown table of a study."""
    yield f"\n{cell.name}, {CHANNELS} channels: largest error to float64; passes until the update is below {SMALL:g}\n"
    yield "| weights | T | " + " | ".join(COLUMNS) + " |"
    yield "|---" * (2 + len(COLUMNS)) + "|"
    for number, case in enumerate(cases):
        for steps, columns in found.items():
            values = [entry(at, column[number]) for at, column in enumerate(columns)]
            yield f"| {case} | {steps} | " + " | ".join(values) + " |"


def run(seqc):
    """The exit code of tools/bench --newton."""
    for cell in (Gru, Cifg):
        print(*table(cell, *study(seqc, cell)), sep="\n", flush=True)
    return 0
