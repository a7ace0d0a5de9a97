"""What the rows of one sequence share."""
import numpy as np

from . import memory
from .row import Row, model


def normal(random, *shape):
    array = memory.empty(shape)
    random.standard_normal(out=array, dtype=np.float32)
    return array


class Scan(Row):
    """One sequence of `steps`. A subclass's prepare() sets `inputs`, the shapes of the `results`, of which
    the first `compare` are compared, and `out` for the kernels; rows of the oracle and of peers have no
    batch."""

    batch, compare, hands = 1, 1, ()

    def __init__(self, name, file, steps, channels, bars=(), **sizes):
        self.name, self.file, self.bars = name, file, bars
        self.steps, self.channels, self.sizes = steps, channels, sizes

    def zeros(self, *shape):
        return memory.empty((1, *shape))

    def peers(self):
        return []

    def by_hand(self, hand):
        return []

    def compiled(self, seqc, label="seqc", pool=None, options=()):
        made = seqc.candidate(self.file, model(self.file, D=self.channels, **self.sizes), self.inputs, self.results,
                              options=[f"--assume=B=1,T={self.steps}", *options], compare=self.compare, label=label,
                              pool=pool)
        whole = made.result
        made.result = lambda: whole()[0] if self.compare == 1 else whole()[:, 0]
        return made

    def candidates(self, seqc, hand):
        return [lambda: self.compiled(seqc), *self.by_hand(hand), *self.peers()]


def as_column(candidate):
    """`candidate` of a series, laid out as one channel."""
    whole = candidate.result
    candidate.result = lambda: np.asarray(whole())[:, None]
    return candidate
