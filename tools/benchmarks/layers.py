"""The rows of layers and averages over one sequence: softmax scans, statistics, multi-mode averages."""
import numpy as np

from . import memory, scan_peers
from .scan import Scan, as_column, normal


class Aaren(Scan):
    def __init__(self, steps, channels, bars=()):
        super().__init__(f"Aaren's softmax T{steps} D{channels}", "aaren", steps, channels, bars)
        self.size, self.operations = 2 * 4 * steps * channels, 5 * steps * channels + 40 * steps

    def prepare(self):
        random = np.random.default_rng(15)
        self.s, self.v = memory.copy(3 * random.standard_normal(self.steps)), normal(random, self.steps, self.channels)
        lowest = memory.copy(np.full(1, -np.inf))
        self.inputs = [self.s[None], self.v[None], lowest, memory.empty((1,)), self.zeros(self.channels)]
        self.results = [(1, self.steps, self.channels), (1,), (1,), (1, self.channels)]

    def oracle(self):
        weight = np.exp(self.s.astype(np.float64))[:, None]
        return np.cumsum(weight * self.v, 0) / np.cumsum(weight, 0)

    def peers(self):
        return scan_peers.aaren(self.s, self.v)


class Rwkv4(Scan):
    def __init__(self, steps, channels, bars=()):
        super().__init__(f"RWKV-4 WKV T{steps} D{channels}", "rwkv4", steps, channels, bars)
        # Four exponentials and a division.
        self.size, self.operations = 3 * 4 * steps * channels, 70 * steps * channels

    def prepare(self):
        random = np.random.default_rng(16)
        self.k, self.v = (normal(random, self.steps, self.channels) for _ in range(2))
        self.decay = memory.copy(-np.exp(random.uniform(-5, 1, self.channels)))
        self.bonus = memory.copy(random.standard_normal(self.channels))
        lowest = self.zeros(self.channels)
        lowest[...] = -1e38
        state = (1, self.channels)
        self.inputs = [self.k[None], self.v[None], self.decay, self.bonus, lowest, memory.empty(state),
                       memory.empty(state)]
        self.results = [(1, self.steps, self.channels), state, state, state]

    def oracle(self):
        k, v, decay, bonus = (array.astype(np.float64) for array in (self.k, self.v, self.decay, self.bonus))
        result, above, below = np.empty(k.shape), np.zeros(self.channels), np.zeros(self.channels)
        for t in range(self.steps):
            own, new = np.exp(bonus + k[t]), np.exp(k[t])
            result[t] = (above + own * v[t]) / (below + own)
            above, below = np.exp(decay) * above + new * v[t], np.exp(decay) * below + new
        return result

    def peers(self):
        return scan_peers.rwkv4(self.k, self.v, self.decay, self.bonus)


class Welford(Scan):
    compare = 2

    def __init__(self, steps, channels, bars=()):
        super().__init__(f"Welford T{steps} D{channels}", "welford", steps, channels, bars)
        self.size, self.operations = 3 * 4 * steps * channels, 7 * steps * channels

    def prepare(self):
        self.x = normal(np.random.default_rng(17), self.steps, self.channels)
        whole, state = (1, self.steps, self.channels), (1, self.channels)
        self.inputs = [self.x[None], memory.empty((1,)), memory.empty(state), memory.empty(state)]
        self.results = [whole, whole, (1,), state, state]

    def oracle(self):
        count = np.arange(1, self.steps + 1)[:, None]
        x = self.x.astype(np.float64)
        mean = np.cumsum(x, 0) / count
        return np.stack([mean, np.cumsum(x * x, 0) / count - mean * mean])

    def peers(self):
        return scan_peers.welford(self.x)


class Modes(Scan):
    """Mega's damped EMA, or Megalodon's complex one: 16 modes of each channel, read as one number."""

    def __init__(self, name, file, steps, channels, bars=()):
        super().__init__(f"{name} T{steps} D{channels} N16", file, steps, channels, bars, N=16)
        self.size = 2 * 4 * steps * channels
        self.operations = (6 if file == "mega" else 14) * 16 * steps * channels

    def prepare(self):
        random = np.random.default_rng(18)
        shape = (16, self.channels)
        self.x = normal(random, self.steps, self.channels)
        size = 1 - np.exp(random.uniform(np.log(1e-3), np.log(0.5), shape))
        self.p, self.g = memory.copy(1 - size), memory.copy(random.standard_normal(shape) / 4)
        states = [self.zeros(*shape)]
        if self.file == "mega":
            self.q, weights = memory.copy(size), []
            weights = [self.q, self.p, self.g]
        else:
            turn = np.arange(1, 17)[:, None] * 2 * np.pi / 16 * random.uniform(0, 1, self.channels)
            self.q = memory.copy(size * np.exp(1j * turn))
            self.g = memory.copy(self.g + 1j * random.standard_normal(shape) / 4)
            weights = [*map(memory.copy, (self.q.real, self.q.imag)), self.p,
                       *map(memory.copy, (self.g.real, self.g.imag))]
            states.append(self.zeros(*shape))
        self.inputs = [self.x[None], *weights, *states]
        self.results = [(1, self.steps, self.channels), *(state.shape for state in states)]

    def oracle(self):
        result, h = np.empty(self.x.shape), 0
        q, g = self.q.astype(np.complex128), self.g.astype(np.complex128)
        for t in range(self.steps):
            h = q * h + self.p * self.x[t].astype(np.float64)
            result[t] = (g * h).sum(0).real
        return result

    def peers(self):
        return scan_peers.modes(self.x, self.q, self.p, self.g)


class S5(Scan):
    def __init__(self, steps, channels, modes, bars=()):
        super().__init__(f"S5 T{steps} D{channels} N{modes}", "s5", steps, channels, bars, N=modes)
        self.modes, self.size = modes, 2 * 4 * steps * channels
        self.operations = (8 * channels + 8) * modes * steps

    def prepare(self):
        random, shape = np.random.default_rng(19), (self.channels, self.modes)
        complex_normal = lambda *shape: random.standard_normal(shape) + 1j * random.standard_normal(shape)
        self.x = normal(random, self.steps, self.channels)
        step = np.exp(random.uniform(np.log(1e-3), np.log(0.1), self.modes))
        self.a = memory.copy(np.exp(step * (-0.5 + 1j * np.pi * np.arange(self.modes))))
        self.b = memory.copy(complex_normal(*shape) * step / self.channels ** 0.5)
        self.c = memory.copy(complex_normal(*shape[::-1]) / self.modes ** 0.5)
        self.d = memory.copy(random.standard_normal(self.channels))
        parts = [memory.copy(part) for array in (self.a, self.b, self.c) for part in (array.real, array.imag)]
        self.inputs = [self.x[None], *parts, self.d, self.zeros(self.modes), self.zeros(self.modes)]
        self.results = [(1, self.steps, self.channels), (1, self.modes), (1, self.modes)]

    def oracle(self):
        written = self.x.astype(np.float64) @ self.b.astype(np.complex128)
        h = np.zeros(self.modes, np.complex128)
        for t in range(self.steps):
            h = self.a.astype(np.complex128) * h + written[t]
            written[t] = h
        return (written @ self.c.astype(np.complex128)).real + self.d.astype(np.float64) * self.x

    def peers(self):
        return scan_peers.s5(self.x, self.a, self.b, self.c, self.d)


class Ema(Scan):
    """One exponential moving average of a long series."""

    alpha = 0.05

    def __init__(self, steps, bars=()):
        super().__init__(f"EMA (1,{steps},1)", "ema", steps, 1, bars)
        self.size, self.operations = 2 * 4 * steps, 2 * steps

    def prepare(self):
        self.x = normal(np.random.default_rng(20), self.steps)
        whole = (1, self.steps, 1)
        self.inputs = [self.x.reshape(whole), memory.copy(np.array([self.alpha])), self.x[:1].reshape(1, 1).copy()]
        self.results = [whole, (1, 1)]

    def oracle(self):
        result, h, alpha = np.empty(self.steps), float(self.x[0]), float(np.float32(self.alpha))
        for t, x in enumerate(self.x.tolist()):
            h += alpha * (x - h)
            result[t] = h
        return result[:, None]

    def peers(self):
        column = lambda make: scan_peers.named(make.label, lambda: as_column(make()))
        return [column(make) for make in scan_peers.ema(self.x, self.alpha)]
