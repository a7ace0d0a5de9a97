"""Random steps that are scans, in random forms, for tests of plan `scan`.

    scan = RandomScan(seed, lambda modes: [""])
    scan.case                    a Case (scan_steps.py) or, for some seeds, a ModeCase (mode_steps.py)
    for values in scan.calls():  arguments; T is 0, 1, or around what a tile holds

A step has one to three parts, each with states of its own, that share inputs: affine in one state or in two, a maximum or
minimum of shifted states, a logarithm of a sum of exponentials. Its outs are states or computed from them. Coefficients
are such that states stay within bounds, so that an error means something.
"""

import random

import numpy as np

import mode_steps
import scan_steps
from scan_steps import LOGADDEXP, Case, Step, gate, normal, shrink

SHAPES = ([], [1], [2], [3], [5], [8], [31], [33], [2, 17], [64])
FLOATS = ("f32", "f32", "f32", "f64")
DATA = ("", "", "", "bf16", "f16")
LENGTHS = (2, 7, 8, 9, 31, 33, 64, 65, 127, 130, 257, 300)
MOST_ELEMENTS = 6000  # of one sequence


class RandomScan:
    def __init__(self, seed, schedules):
        """`schedules` gives those to choose from, for steps with modes or without; empty ones are the compiler's choice."""
        self.rng = rng = random.Random(seed)
        self.draw, self.lines, self.initial, self.next, self.constants = [], [], [], [], {}
        self.modes = rng.random() < 0.3
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            rng.choice([self.affine, self.affine, self.average, self.coupled, self.extreme, self.logarithm])()
        outs = [self.out() for _ in range(rng.choice((1, 1, 2)))]
        step = Step(self.draw, self.initial, "; ".join(self.lines), " ".join(self.next), " ".join(outs),
                    constants=self.constants)  # fmt: skip
        self.rank, self.packed = rng.randrange(3), rng.random() < 0.2
        element = rng.choice(FLOATS)
        data = rng.choice(DATA) if element == "f32" else ""
        form = dict(reverse=rng.random() < 0.4, resets=rng.random() < 0.4, element=element, data=data or element,
                    packed=self.packed, schedule=rng.choice(schedules(self.modes)))  # fmt: skip
        self.rank = 1 if self.packed else self.rank
        if self.modes:
            kinds = [rng.choice(("all", "channel", "mode", "weight")) for _ in self.draw]
            kinds[rng.randrange(len(kinds))] = rng.choice(("all", "channel", "mode"))  # one input has time
            self.case = mode_steps.ModeCase(step, rng.choice((2, 3, 5, 8, 16)), rng.choice((1, 2, 5, 9, 33)), kinds, self.rank,
                                            inner=rng.choice(("channels", "modes")), whole=rng.random() < 0.2, **form)  # fmt: skip
        else:
            time = None if self.packed or rng.random() < 0.7 else 0
            self.case = Case(step, rng.choice(SHAPES), self.rank, time=time, **form)
        self.seed = seed

    # Parts of a step.

    def line(self, text):
        name = f"v{len(self.lines)}"
        self.lines.append(f"{name} = {text}")
        return name

    def input(self, draw):
        """A new input, or one that is drawn alike."""
        alike = [i for i, d in enumerate(self.draw) if d is draw]
        if alike and self.rng.random() < 0.4:
            return f"x{self.rng.choice(alike)}"
        self.draw.append(draw)
        return f"x{len(self.draw) - 1}"

    def constant(self, value):
        name = f"k{len(self.constants)}"
        self.constants[name] = value
        return name

    def state(self, initial):
        """A new one, whose next value takes the place of None."""
        self.initial.append(initial)
        self.next.append(None)
        return f"h{len(self.initial) - 1}"

    def decay(self):
        """Of a magnitude up to 1."""
        kind = self.rng.choice(("gate", "gate", "exp", "product", "negative", "constant"))
        if kind == "constant":
            return self.constant(self.rng.choice((0.5, -0.75, 0.9375, 1.0)))
        if kind == "exp":
            return self.line(f"exp {self.input(shrink)}")
        if kind == "product":
            return self.line(f"mulf {self.input(gate)} {self.decay()}")
        return self.line(f"negf {self.input(gate)}") if kind == "negative" else self.input(gate)

    def drive(self):
        x = self.input(normal)
        return self.line(f"mulf {x} {self.input(self.rng.choice((gate, normal)))}") if self.rng.random() < 0.4 else x

    def affine(self):
        h = self.state(0.5)
        product = self.line(f"mulf {self.decay()} {h}")
        self.next[-1] = self.line(f"{self.rng.choice(('addf', 'subf'))} {product} {self.drive()}")

    def average(self):
        h, a = self.state(-0.5), self.input(gate)
        gap = self.line(f"subf {self.drive()} {h}")
        self.next[-1] = self.line(f"addf {h} {self.line(f'mulf {a} {gap}')}")

    def coupled(self):
        """Two states; of each row the magnitudes add up to at most 1."""
        h, half = [self.state(0.25), self.state(-0.5)], self.constant(0.5)
        first = len(self.next) - 2
        for k in range(2):
            terms = [self.line(f"mulf {self.line(f'mulf {half} {self.decay()}')} {h[j]}") for j in range(2)
                     if j == k or self.rng.random() < 0.7]  # fmt: skip
            terms += [self.drive()] * (k == 0 or self.rng.random() < 0.5)
            total = terms[0]
            for term in terms[1:]:
                total = self.line(f"addf {total} {term}")
            self.next[first + k] = total

    def extreme(self):
        h, least = self.state(0.5), self.rng.random() < 0.4
        shifted = self.line(f"{'subf' if least else 'addf'} {h} {self.input(shrink)}") if self.rng.random() < 0.6 else h
        self.next[-1] = self.line(f"{'minimumf' if least else 'maximumf'} {shifted} {self.input(normal)}")

    def logarithm(self):
        h, x = self.state(0.1), self.input(normal)
        p = self.line(f"addf {h} {self.input(shrink)}") if self.rng.random() < 0.6 else h
        names = {"p": p, "x0": x}
        for text in LOGADDEXP.split("; "):
            name, _, operation, *operands = text.split()
            names[name] = self.line(" ".join([operation, *[names[o] for o in operands]]))
        self.next[-1] = names["n"]

    def out(self):
        k = self.rng.randrange(len(self.next))
        value = self.next[k] if self.rng.random() < 0.8 else f"h{k}"
        kind = self.rng.choice(("state", "state", "product", "sum", "maximum", "quotient"))
        if kind == "product":
            return self.line(f"mulf {value} {self.input(normal)}")
        if kind == "sum":
            return self.line(f"addf {value} {self.rng.choice(self.next)}")
        if kind == "maximum":
            return self.line(f"maximumf {value} {self.input(normal)}")
        if kind == "quotient":
            return self.line(f"divf {value} {self.line(f'exp {self.input(gate)}')}")
        return value

    # What is called and compared.

    def text(self, schedule=True):
        if self.modes:
            return self.case.text(schedule=None if schedule else "")
        kept, self.case.schedule = self.case.schedule, self.case.schedule if schedule else ""
        text, self.case.schedule = self.case.text(), kept
        return text

    def calls(self):
        numbers = np.random.default_rng(self.seed)
        elements = self.case.modes * self.case.channels if self.modes else int(np.prod(self.case.shape))
        lengths = [T for T in LENGTHS if T * elements <= MOST_ELEMENTS]
        for T in (0, 1, *self.rng.sample(lengths, 2)):
            if self.packed:
                T = [self.rng.choice((0, 1, T)) for _ in range(self.rng.randrange(1, 4))] + [T]
            batch = tuple(self.rng.choice((1, 2)) for _ in range(self.rank))
            yield self.case.inputs(numbers, () if self.packed else batch, T)

    def expect_within(self, scan, sequential, values, what):
        """The contract, four times: a few channels only, where luck decides."""
        module = mode_steps if self.modes else scan_steps
        module.expect_within(self.case, scan, sequential, values, what, few=4, least=max(map(abs, self.initial)))
