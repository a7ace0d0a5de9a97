"""The rows of nonlinear recurrences that may run along time: ParaRNN's cells, and LSTMs under a certificate.

What a call takes depends on how fast the cell forgets, so rows have several seeds of weights and inputs; every
candidate of seqc runs all of them in turn. Peers take the same time whatever the numbers are, and run the first.
"""
import math
import statistics

import numpy as np

from . import memory, peers, segment_peers
from .bars import Bar, Scaling
from .measuring import distance
from .pararnn import Cifg, Gru, sequence, slowed
from .programs import Candidate, Missing
from .row import Row, model
from .scan import Scan, normal
from .scan_peers import named

PEERS = {Gru: segment_peers.gru, Cifg: segment_peers.lstm}
FULL = (8, 2048, 256)  # ParaGRU with enough channels to fill the machine


class Seeds(Candidate):
    """The same call on the arrays of several seeds. A run's time is `pick` of those of the seeds; `cases` keeps
    the least of every seed."""

    def __init__(self, name, made, pick):
        self.made, self.pick, self.cases = made, pick, [math.inf] * len(made)
        super().__init__(name, "seqc", self.run_all, lambda: np.stack([one.result() for one in made]))

    def run_all(self):
        for one in self.made:
            one.run()

    def times(self, runs):
        seconds = [one.times(runs) for one in self.made]
        self.cases = [min(least, *(row[1:] or row)) for least, row in zip(self.cases, seconds)]
        return [self.pick(column) for column in zip(*seconds)]


class Diagonal(Row):
    """One sequence of ParaGRU or ParaLSTM: weights uniform within `scale`, inputs normal, the update gate moved
    by `bias`. `chaotic` cells are compared with plan fused, bit for bit."""

    def __init__(self, cell, steps, channels, bars=(), bias=0, scale=0.9, seeds=1, chaotic=False, rivals="",
                 wide=False):
        notes = ([f"update gate {bias}"] if bias else []) + ([f"weights {scale}"] if chaotic else [])
        self.name = ", ".join([f"{cell.name} (1,{steps},{channels})", *notes])
        self.cell, self.steps, self.channels, self.bars = cell, steps, channels, bars
        self.bias, self.scale, self.seeds, self.chaotic = bias, scale, seeds, chaotic
        self.rivals, self.wide, self.tolerance = rivals, wide, 0 if chaotic else 1e-4
        self.size, self.operations = 4 * 4 * steps * channels, cell.operations * steps * channels

    def prepare(self):
        self.data = []
        for seed in range(self.seeds):
            random = np.random.default_rng(100 + seed)
            draw = lambda shape: memory.copy(random.uniform(-self.scale, self.scale, shape))
            weights = self.cell.weights(draw, self.channels)
            self.data.append((weights, slowed(self.cell, normal(random, self.steps, 3, self.channels), self.bias)))

    def oracle(self):
        if self.chaotic:
            return self.fused
        weights = [np.stack(parts).astype(np.float64) for parts in zip(*(w for w, _ in self.data))]
        u = np.stack([u for _, u in self.data], 1).astype(np.float64)
        self.expected = sequence(self.cell, weights, u).swapaxes(0, 1)
        return self.expected

    def compiled(self, seqc, name, options=(), pool=None):
        """A candidate that runs every seed."""
        state = (1, self.channels)
        results = [(1, self.steps, self.channels), *[state] * self.cell.states]
        library = seqc.library(self.cell.file, model(self.cell.file, D=self.channels),
                               options=[f"--assume=B=1,T={self.steps}", *options])

        def bound(weights, u):
            inputs = [u[None], *weights, *(memory.empty(state) for _ in range(self.cell.states))]
            made = seqc.bind(library, inputs, [memory.empty(shape) for shape in results], label=name, pool=pool)
            whole = made.result
            made.result = lambda: whole()[0]
            return made

        return Seeds(name, [bound(*data) for data in self.data], max if self.chaotic else statistics.median)

    def plan(self, seqc, name):
        return named(name, lambda: self.compiled(seqc, name, [f"--schedule={name}"]))

    def candidates(self, seqc, hand):
        if self.chaotic:
            fused = self.compiled(seqc, "fused", ["--schedule=fused"])
            fused.run()
            self.fused = fused.result()
            return [lambda: self.compiled(seqc, "seqc"), named("fused", lambda: fused)]
        plans = ["fused", "newton"] if self.channels == 1 else ["fused"]
        found = [lambda: self.compiled(seqc, "seqc"), *(self.plan(seqc, name) for name in plans)]
        if self.wide:
            found.append(named("full speed", lambda: self.full_speed(seqc)))
        return found + [self.first(make) for make in self.peers()]

    def peers(self):
        weights, u = self.data[0]
        return [make for make in PEERS[self.cell](weights, u[None]) if make.label in self.rivals.split("|")]

    def first(self, make):
        """A peer, which computes the first seed alone."""
        def factory():
            made = make()
            whole = made.result
            made.result = lambda: np.concatenate([whole(), self.expected[1:]])
            return made

        return named(make.label, factory)

    def full_speed(self, seqc):
        """What as many steps of a channel take where the machine is full; wrong numbers there do not count."""
        (batch, steps, channels), cell = FULL, self.cell
        random, state = np.random.default_rng(2), (batch, channels)
        weights = cell.weights(lambda shape: memory.copy(random.uniform(-0.9, 0.9, shape)), channels)
        u, states = normal(random, batch, steps, 3, channels), [memory.empty(state)] * cell.states
        made = seqc.candidate(cell.file, model(cell.file, D=channels), [u, *weights, *states],
                              [FULL, *[state] * cell.states])
        made.run()
        expected = sequence(cell, [w.astype(np.float64) for w in weights], u.swapaxes(0, 1).astype(np.float64))
        if not (off := distance(made.result(), expected.swapaxes(0, 1))) <= self.tolerance:
            raise Missing(f"WRONG: {off:.1e} from float64")
        share = self.steps * self.channels / (batch * steps * channels)
        return Candidate("full speed", "seqc", made.run, lambda: self.expected,
                         lambda runs: [share * seconds for seconds in made.times(runs)])


class TwoThreads(Diagonal):
    """One sequence over two threads, beside what registers alone gain by them."""

    rounds = 1 << 20

    def __init__(self, steps, bars=()):
        super().__init__(Gru, steps, 1, bars)
        self.name += ", two threads"

    def oracle(self):
        """One step after the other in Python's floats: arrays of one number are ten times as slow."""
        ((az,), (ar,), (an,)), u = self.data[0][0][0].tolist(), self.data[0][1][:, :, 0].tolist()
        result, h, sigmoid = np.empty((1, self.steps, 1)), 0.0, lambda x: 1 / (1 + math.exp(-x))
        for t, (uz, ur, un) in enumerate(u):
            h += sigmoid(az * h + uz) * (math.tanh(an * h * sigmoid(ar * h + ur) + un) - h)
            result[0, t, 0] = h
        self.expected = result
        return result

    def candidates(self, seqc, hand):
        right = lambda: self.expected  # a loop over registers computes nothing that could be wrong here

        def both():
            return self.compiled(seqc, "seqc", ["--threads=2"], hand.pool(2))

        def loops():
            pool = hand.pool(2)
            made = hand.candidate("FMA, two threads", "limit_peak_threads", [self.rounds, pool.handle], right)
            made.pool = pool
            return made

        return [both, named("seqc, one thread", lambda: self.compiled(seqc, "seqc, one thread")),
                named("FMA", lambda: hand.candidate("FMA", "limit_peak", [self.rounds], right)),
                named("FMA, two threads", loops)]


class Dense(Scan):
    """A whole LSTM on one long sequence under the backward certificate: PyTorch's initialisation, and inputs
    whose part of a gate has the deviation 0.58, as of as many inputs as units."""

    width = 32

    def __init__(self, steps, hidden, bars=()):
        super().__init__(f"LSTM T{steps} B1 H{hidden}, backward certificate", "lstm", steps, hidden, bars)
        self.operations = 2 * 4 * hidden * (hidden + self.width) * steps
        self.size = 4 * steps * (hidden + self.width)

    def prepare(self):
        random, hidden = np.random.default_rng(21), self.channels
        bound = hidden ** -0.5
        uniform = lambda *shape: random.uniform(-bound, bound, shape).astype(np.float32)
        self.weights = {"w": uniform(4 * hidden, self.width), "r": uniform(4 * hidden, hidden),
                        "b": uniform(4 * hidden), "c": uniform(4 * hidden)}
        self.x = memory.copy(random.standard_normal((1, self.steps, self.width)) * (hidden / self.width) ** 0.5)

    def oracle(self):
        w, r, b, c = (array.astype(np.float64) for array in self.weights.values())
        rows, h, memo = self.x[0] @ w.T + (b + c), np.zeros(self.channels), np.zeros(self.channels)
        result = np.empty((1, self.steps, self.channels))
        sigmoid = lambda x: 1 / (1 + np.exp(-x))
        for t, row in enumerate(rows):
            i, f, g, o = np.split(row + r @ h, 4)
            memo = sigmoid(f) * memo + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(memo)
            result[0, t] = h
        return result

    def compiled(self, seqc, label="seqc", options=("--certificate=backward",)):
        sizes, state = {"I": self.width, "H": self.channels, "H4": 4 * self.channels}, (1, self.channels)
        return seqc.candidate("lstm", model("lstm", **sizes), [self.x, memory.empty(state), memory.empty(state)],
                              [(1, self.steps, self.channels), state, state], self.weights,
                              [f"--assume=B=1,T={self.steps}", *options], label=label)

    def candidates(self, seqc, hand):
        return [lambda: self.compiled(seqc), named("fused", lambda: self.compiled(seqc, "fused", ["--schedule=fused"])),
                *peers.gated("LSTM", self.x, *self.weights.values())]


def gentle(cell, channels, bias, factor, *more, rivals="JAX lax.scan", wide=False):
    bars = [Bar("fused", factor), *more]
    return Diagonal(cell, 65536, channels, bars, bias, seeds=5, rivals=rivals, wide=wide)


def chaotic(cell, channels):
    return Diagonal(cell, 65536, channels, [Bar("fused", 1 / 1.3, min)], scale=12, seeds=16, chaotic=True)


def table():
    """These rows, in the order in which they are printed."""
    jax, rows = Bar("JAX lax.scan", 20), []
    every = "JAX lax.scan|numba|ORT GRU|torch nn.GRU|ORT LSTM|torch loop"
    for cell in (Gru, Cifg):
        first = [jax, Bar("full speed", 0.35)] if cell is Gru else []
        rows += [gentle(cell, 1, 0, 16, *first, rivals=every, wide=cell is Gru),
                 gentle(cell, 1, -3, 12), gentle(cell, 1, -6, 3.5), gentle(cell, 4, 0, 6, rivals=every),
                 gentle(cell, 4, -3, 5), gentle(cell, 4, -6, 2), chaotic(cell, 1), chaotic(cell, 4),
                 *(Diagonal(cell, 65536, channels, [jax], rivals="JAX lax.scan") for channels in (64, 256))]
    return [*rows, TwoThreads(1 << 20, [Scaling(0.85, "FMA")]), Dense(16384, 256, [Bar("fused", 1.8)]),
            Dense(16384, 64)]
