"""The rows of recurrences that may run along time: one sequence, few channels, or an associative step."""
import numpy as np

from . import memory, scan_peers
from .bars import Bar, Scaling
from .layers import S5, Aaren, Ema, Modes, Rwkv4, Welford
from .scan import Scan, as_column, normal

HAND, JAX_FORMS = "hand", [Bar("JAX associative_scan", 4), Bar("JAX lax.scan", 2)]


class Series(Scan):
    """h = a h + x of one series."""

    tolerance = 1e-5

    def __init__(self, steps, bars=()):
        super().__init__(f"affine (1,{steps},1)", "affine", steps, 1, bars)
        self.size, self.operations = 3 * 4 * steps, 2 * steps

    def prepare(self):
        random = np.random.default_rng(11)
        self.a, self.x = memory.empty((self.steps,)), normal(random, self.steps)
        random.random(out=self.a, dtype=np.float32)
        self.out = memory.empty((self.steps,))
        whole = (1, self.steps, 1)
        self.inputs, self.results = [self.a.reshape(whole), self.x.reshape(whole), self.zeros(1)], [whole, (1, 1)]

    def oracle(self):
        result, h = np.empty(self.steps), 0.0
        for t, (a, x) in enumerate(zip(self.a.tolist(), self.x.tolist())):
            h = a * h + x
            result[t] = h
        return result[:, None]

    def by_hand(self, hand):
        arguments, result = [self.a, self.x, self.out, self.steps], lambda: self.out[:, None]
        return [lambda: hand.candidate("hand", "hand_series", arguments, result),
                lambda: hand.candidate("hand, past caches", "hand_series_stream", arguments, result)]

    def peers(self):
        column = lambda make: scan_peers.named(make.label, lambda: as_column(make()))
        return [column(make) for make in scan_peers.series(self.a, self.x, self.out)]


class TwoThreads(Series):
    """The same over two threads, beside what a copy of as many bytes gains by them."""

    def __init__(self, steps, bars=()):
        super().__init__(steps, bars)
        self.name = f"affine (1,{steps},1), two threads"

    def peers(self):
        return []

    def candidates(self, seqc, hand):
        source, target = memory.empty((self.steps * 3 // 2,)), memory.empty((self.steps * 3 // 2,))
        right = lambda: self.expected  # a copy computes nothing that could be wrong here

        def both():
            return self.compiled(seqc, pool=hand.pool(2), options=["--threads=2"])

        def copies():
            pool = hand.pool(2)
            made = hand.candidate("copy, two threads", "limit_copy_threads", [source, target, source.size, pool.handle],
                                  right)
            made.pool = pool
            return made

        return [both, scan_peers.named("seqc, one thread", lambda: self.compiled(seqc, "seqc, one thread")),
                lambda: hand.candidate("copy", "limit_copy", [source, target, source.size], right),
                scan_peers.named("copy, two threads", copies)]

    def oracle(self):
        self.expected = super().oracle()
        return self.expected


class Complex(Scan):
    """h = a h + x of complex numbers, interleaved, or with parts in arrays of their own."""

    tolerance = 1e-5

    def __init__(self, steps, channels, split, bars=()):
        name = f"complex diagonal (1,{steps},{channels})" + (", parts apart" if split else "")
        super().__init__(name, "complex-split" if split else "complex", steps, channels, bars)
        self.split, self.compare = split, 2 if split else 1
        self.size, self.operations = 3 * 8 * steps * channels, 8 * steps * channels

    def prepare(self):
        random = np.random.default_rng(12)
        shape = (self.steps, self.channels)
        size, turn = random.uniform(0.8, 1, shape), random.uniform(-np.pi, np.pi, shape)
        self.a = memory.copy(size * np.exp(1j * turn))
        self.x = memory.copy(random.standard_normal(shape) + 1j * random.standard_normal(shape))
        whole, state = (1, *shape), (1, self.channels)
        if self.split:
            self.parts = [memory.copy(part) for array in (self.a, self.x) for part in (array.real, array.imag)]
            self.inputs = [part.reshape(whole) for part in self.parts] + [memory.empty(state) for _ in range(2)]
            self.results, self.out = [whole, whole, state, state], [memory.empty(shape) for _ in range(2)]
        else:
            start = memory.empty(state, np.complex64)
            self.inputs = [self.a.reshape(whole), self.x.reshape(whole), start]
            self.results, self.out = [whole, state], memory.empty(shape, np.complex64)

    def oracle(self):
        result, h = np.empty(self.a.shape, np.complex128), 0
        for t in range(self.steps):
            h = self.a[t].astype(np.complex128) * h + self.x[t]
            result[t] = h
        return np.stack([result.real, result.imag]) if self.split else result

    def by_hand(self, hand):
        arrays = [*self.parts, *self.out] if self.split else [self.a, self.x, self.out]
        arguments = [*arrays, 1, self.steps, self.channels]
        name, result = ("hand_complex_split", lambda: np.stack(self.out)) if self.split else ("hand_complex", self.out)
        return [lambda: hand.candidate("hand", name, arguments, result),
                lambda: hand.candidate("hand, prefetch", f"{name}_prefetch", arguments, result)]

    def peers(self):
        def parts(make):
            def factory():
                made = make()
                whole = made.result
                made.result = lambda: np.stack([whole().real, whole().imag])
                return made

            return scan_peers.named(make.label, factory)

        found = scan_peers.diagonal(self.a, self.x)
        return [parts(make) for make in found] if self.split else found


class Block(Scan):
    """h = A h + x with a 2x2 matrix for every channel."""

    tolerance, compare = 1e-5, 2

    def __init__(self, steps, channels, bars=()):
        super().__init__(f"2x2 blocks (1,{steps},{channels})", "block", steps, channels, bars)
        self.size, self.operations = 8 * 4 * steps * channels, 8 * steps * channels

    def prepare(self):
        random = np.random.default_rng(13)
        whole, state = (1, self.steps, self.channels), (1, self.channels)
        self.a = memory.copy(random.uniform(-0.5, 0.5, (self.steps, 2, 2, self.channels)))
        self.x = normal(random, self.steps, 2, self.channels)
        self.out = [memory.empty(whole[1:]) for _ in range(2)]
        self.inputs = [self.a.reshape(1, self.steps, 4, self.channels), self.x[None], memory.empty(state),
                       memory.empty(state)]
        self.results = [whole, whole, state, state]

    def oracle(self):
        result, h = np.empty((2, self.steps, self.channels)), np.zeros((2, self.channels))
        for t in range(self.steps):
            h = (self.a[t].astype(np.float64) * h[None]).sum(1) + self.x[t]
            result[:, t] = h
        return result

    def by_hand(self, hand):
        arguments, result = [self.a, self.x, *self.out, 1, self.steps, self.channels], lambda: np.stack(self.out)
        return [lambda: hand.candidate("hand", "hand_block", arguments, result),
                lambda: hand.candidate("hand, prefetch", "hand_block_prefetch", arguments, result)]

    def peers(self):
        def turned(make):
            def factory():
                made = make()
                whole = made.result
                made.result = lambda: whole().swapaxes(0, 1)
                return made

            return scan_peers.named(make.label, factory)

        return [turned(make) for make in scan_peers.block(self.a, self.x)]


class Running(Scan):
    """cumsum, cummax or logcumsumexp of one series."""

    def __init__(self, kind, steps, bars=()):
        super().__init__(f"{kind} (1,{steps},1)", kind, steps, 1, bars)
        # Two exponentials and a logarithm by polynomials: about 40 operations. Step by step, the logarithm's
        # last bits are as large as what a step adds; so it is for NumPy.
        self.tolerance = 1e-2 if kind == "logcumsumexp" else 1e-4
        self.size, self.operations = 2 * 4 * steps, (45 if kind == "logcumsumexp" else 1) * steps

    def prepare(self):
        self.x = normal(np.random.default_rng(14), self.steps)
        whole, start = (1, self.steps, 1), self.zeros(1)
        start[...] = 0 if self.file == "cumsum" else -np.inf
        self.inputs, self.results = [self.x.reshape(whole), start], [whole, (1, 1)]

    def oracle(self):
        code = {"cumsum": np.add, "cummax": np.maximum, "logcumsumexp": np.logaddexp}[self.file]
        return code.accumulate(self.x.astype(np.float64))[:, None]

    def peers(self):
        column = lambda make: scan_peers.named(make.label, lambda: as_column(make()))
        return [column(make) for make in scan_peers.running(self.file, self.x)]


def table():
    """These rows, in the order in which they are printed."""
    return [
        Series(1 << 20, [Bar(HAND, 0.93), Bar("JAX|numba|SciPy", 14)]),
        Series(1 << 14, [Bar(HAND, 0.93), Bar("JAX|numba|SciPy", 14)]),
        TwoThreads(1 << 22, [Scaling(0.85)]),
        Complex(16384, 256, False, [Bar(HAND, 0.8)]),
        Complex(16384, 256, True, [Bar(HAND, 0.8)]),
        Block(16384, 256, [Bar(HAND, 0.8)]),
        Running("cumsum", 1 << 20, [Bar("NumPy|torch|JAX|ORT", 1)]),
        Running("cummax", 1 << 20, [Bar("NumPy|torch|JAX", 1)]),
        Running("logcumsumexp", 1 << 20, [Bar("NumPy|torch|JAX", 4)]),
        Aaren(4096, 64, JAX_FORMS),
        Rwkv4(4096, 512, JAX_FORMS),
        Welford(4096, 512, JAX_FORMS),
        Modes("Mega damped EMA", "mega", 4096, 512, [Bar("JAX", 4)]),
        Modes("CEMA", "cema", 4096, 512, [Bar("JAX", 4)]),
        S5(4096, 96, 64, [Bar("JAX", 4)]),
        Ema(1 << 20, [Bar("SciPy|pandas", 15)]),
    ]
