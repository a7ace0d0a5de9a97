"""The rows of the bench: shapes, data, a float64 oracle, candidates, and the bars they are held to."""
import importlib.machinery
import importlib.util
import pathlib
import re

import numpy as np

from . import memory, peers, scans, segments
from .bars import Bar
from .pararnn import Gru, sequence, sigmoid
from .programs import HERE, Candidate, Missing
from .row import Row, model

ROOT = HERE.parents[1]


class Affine(Row):
    tolerance = 1e-5

    def __init__(self, batch, steps, channels, bars=()):
        self.shape, self.bars = (batch, steps, channels), bars
        self.name = f"affine ({batch},{steps},{channels})"
        self.size, self.operations = 3 * 4 * batch * steps * channels, 2 * batch * steps * channels

    def prepare(self):
        random = np.random.default_rng(1)
        self.a, self.x, self.out = (memory.empty(self.shape) for _ in range(3))
        random.random(out=self.a, dtype=np.float32)
        random.standard_normal(out=self.x, dtype=np.float32)
        self.start = memory.empty((self.shape[0], self.shape[2]))

    def oracle(self):
        result, h = np.empty(self.shape), np.zeros((self.shape[0], self.shape[2]))
        for t in range(self.shape[1]):
            h = self.a[:, t] * h + self.x[:, t]
            result[:, t] = h
        return result

    def candidates(self, seqc, hand):
        arrays = [self.a, self.x, self.out, *self.shape]
        return [lambda: seqc.candidate("affine", model("affine", D=self.shape[2]), [self.a, self.x, self.start],
                                       [self.shape, self.start.shape]),
                lambda: hand.candidate("hand", "hand_affine", arrays, self.out),
                lambda: hand.candidate("hand, prefetch", "hand_affine_prefetch", arrays, self.out),
                *peers.affine(self.a, self.x, self.out)]


class ParaGru(Row):
    def __init__(self, batch, steps, channels, bars=()):
        self.shape, self.bars = (batch, steps, channels), bars
        self.name = f"ParaGRU ({batch},{steps},{channels})"
        # Two sigmoids and a tanh by polynomials: about 60 operations.
        self.size, self.operations = 4 * 4 * batch * steps * channels, 75 * batch * steps * channels

    def prepare(self):
        batch, steps, channels = self.shape
        random = np.random.default_rng(2)
        self.weights = memory.copy(random.uniform(-0.9, 0.9, (3, channels)))
        self.u, self.out = memory.empty((batch, steps, 3, channels)), memory.empty(self.shape)
        random.standard_normal(out=self.u, dtype=np.float32)
        self.start = memory.empty((batch, channels))

    def oracle(self):
        return sequence(Gru, [self.weights.astype(np.float64)], self.u.swapaxes(0, 1).astype(np.float64)).swapaxes(0, 1)

    def candidates(self, seqc, hand):
        arrays = [self.weights, self.u, self.out, *self.shape]
        text = model("para-gru", D=self.shape[2])
        return [lambda: seqc.candidate("para-gru", text, [self.u, self.weights, self.start],
                                       [self.shape, self.start.shape]),
                lambda: hand.candidate("hand", "hand_para_gru", arrays, self.out),
                lambda: hand.candidate("hand, division", "hand_para_gru_divide", arrays, self.out),
                *peers.para_gru(self.weights, self.u, self.out)]


class SelectiveScan(Row):
    def __init__(self, steps, channels, bars=()):
        self.steps, self.channels, self.states, self.bars = steps, channels, 16, bars
        self.name = f"Mamba-1 scan (1,{steps},{channels}) N16"
        self.size = 3 * 4 * steps * channels
        # exp, two products and two fused sums for every state.
        self.operations = 16 * steps * channels * 16

    def prepare(self):
        random = np.random.default_rng(3)
        rows, pairs = (1, self.steps, self.channels), (1, self.steps, self.states)
        self.dt = memory.copy(np.exp(random.uniform(np.log(1e-3), np.log(0.1), rows)))
        self.x = memory.copy(random.standard_normal(rows))
        self.decay = memory.copy(-np.arange(1, self.states + 1)[:, None] * random.uniform(0.8, 1.2, self.channels))
        self.b, self.c = memory.copy(random.standard_normal(pairs)), memory.copy(random.standard_normal(pairs))
        self.out = memory.empty(rows)
        self.start = memory.empty((1, *self.decay.shape))

    def oracle(self):
        result, h = np.empty(self.out.shape), np.zeros(self.decay.shape)
        dt, decay, x = (array.astype(np.float64) for array in (self.dt[0], self.decay, self.x[0]))
        for t in range(self.steps):
            h = np.exp(dt[t] * decay) * h + self.b[0, t][:, None] * (dt[t] * x[t])
            result[0, t] = self.c[0, t] @ h
        return result

    def candidates(self, seqc, hand):
        one = [self.dt[0], self.decay, self.b[0], self.c[0], self.x[0]]
        text = model("selective-scan", D=self.channels, N=self.states)
        return [lambda: seqc.candidate("selective-scan", text,
                                       [self.dt, self.decay, self.b, self.c, self.x, self.start],
                                       [self.out.shape, self.start.shape]),
                lambda: hand.candidate("hand", "hand_selective_scan",
                                       [*one, self.out, self.steps, self.channels], self.out),
                *peers.selective_scan(*one, self.out[0])]


class Gated(Row):
    """A whole LSTM or GRU, input projection included, as many inputs as units."""

    def __init__(self, kind, steps, batch, hidden, bars=()):
        self.kind, self.steps, self.batch, self.hidden, self.bars = kind, steps, batch, hidden, bars
        self.gates = 4 if kind == "LSTM" else 3
        self.name = f"{kind} T{steps} B{batch} H{hidden}"
        self.operations = 2 * 2 * self.gates * hidden * hidden * batch * steps
        self.size = 4 * 2 * steps * batch * hidden

    def prepare(self):
        random = np.random.default_rng(4)
        scale, rows = self.hidden ** -0.5, self.gates * self.hidden
        uniform = lambda *shape: random.uniform(-scale, scale, shape).astype(np.float32)
        self.w, self.r, self.b, self.c = (uniform(rows, self.hidden), uniform(rows, self.hidden), uniform(rows),
                                          uniform(rows))
        self.x = memory.copy(random.standard_normal((self.batch, self.steps, self.hidden)))

    def oracle(self):
        w, r, b, c = (array.astype(np.float64) for array in (self.w, self.r, self.b, self.c))
        h, cell = np.zeros((self.batch, self.hidden)), np.zeros((self.batch, self.hidden))
        result = np.empty((self.batch, self.steps, self.hidden))
        for t in range(self.steps):
            inside, outside = h @ r.T + c, self.x[:, t] @ w.T + b
            if self.kind == "LSTM":
                i, f, g, o = np.split(inside + outside, 4, axis=1)
                cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
                h = sigmoid(o) * np.tanh(cell)
            else:
                (r1, z1, n1), (r2, z2, n2) = np.split(outside, 3, axis=1), np.split(inside, 3, axis=1)
                z = sigmoid(z1 + z2)
                n = np.tanh(n1 + sigmoid(r1 + r2) * n2)
                h = n + z * (h - n)
            result[:, t] = h
        return result

    def units(self, matrix):
        """Rows by [gate][unit] in the kernels' order [unit / 16][gate][16 units]."""
        return matrix.reshape(self.gates, self.hidden // 16, 16, -1).transpose(1, 0, 2, 3)

    def by_hand(self, hand):
        """The kernels' call: weights packed outside the timing."""
        gates, hidden, rows = self.gates, self.hidden, self.gates * self.hidden
        columns = self.units(self.w).reshape(rows // 32, 32, hidden).transpose(0, 2, 1)
        panels = self.units(self.r).reshape(hidden // 16, gates * 16, hidden)
        if (self.kind, self.batch, hidden) == ("LSTM", 1, 64):
            panels = panels.transpose(2, 0, 1)  # [k][16 sums]
        else:
            panels = panels.transpose(0, 2, 1)
        inner = np.zeros_like(self.c)
        inner[2 * hidden:] = self.c[2 * hidden:]
        bias = self.b + self.c if self.kind == "LSTM" else self.b + self.c - inner
        x = memory.copy(self.x.swapaxes(0, 1))
        projected = memory.empty((self.steps, self.batch, rows))
        h = memory.empty((self.steps + 1, self.batch, hidden))
        weights = [x, memory.copy(columns), memory.copy(self.units(bias)), memory.copy(panels)]
        sizes = [self.steps, self.batch, hidden, hidden]
        if self.kind == "LSTM":
            arguments = [*weights, projected, memory.empty((self.batch, hidden)), h, *sizes]
        else:
            arguments = [*weights, memory.copy(self.units(inner)), projected, h, *sizes]
        return hand.candidate("hand", f"hand_{self.kind.lower()}", arguments, h[1:].swapaxes(0, 1))

    def candidates(self, seqc, hand):
        sizes = {"I": self.hidden, "H": self.hidden, "H3": 3 * self.hidden, "H4": 4 * self.hidden}
        states = [memory.empty((self.batch, self.hidden)) for _ in range(2 if self.kind == "LSTM" else 1)]
        name = self.kind.lower()
        return [lambda: seqc.candidate(name, model(name, **sizes), [self.x, *states],
                                       [self.x.shape, *(s.shape for s in states)],
                                       {"w": self.w, "r": self.r, "b": self.b, "c": self.c},
                                       [f"--assume=B={self.batch},T={self.steps}"]),
                lambda: self.by_hand(hand),
                *peers.gated(self.kind, self.x, self.w, self.r, self.b, self.c)]


class Silero(Row):
    """The main job: 930 chunks of speech, streaming or whole, against ONNX Runtime."""

    operations = 0

    def __init__(self, form, bars=()):
        self.form, self.bars, self.name = form, bars, f"Silero VAD, {form}, a chunk"

    def prepare(self):
        path = ROOT / "docs/examples/silero-vad/run"
        loader = importlib.machinery.SourceFileLoader("silero_vad_run", str(path))
        self.job = importlib.util.module_from_spec(importlib.util.spec_from_loader("silero_vad_run", loader))
        loader.exec_module(self.job)
        spec = importlib.util.find_spec("silero_vad")
        folder = pathlib.Path("/usr/share/pocketsphinx/test/data/librivox")
        if spec is None or not any(folder.glob("*.wav")):
            raise Missing("the network (PyPI silero-vad) or the speech (pocketsphinx-testdata) is not here")
        self.network = pathlib.Path(spec.submodule_search_locations[0]) / "data"
        self.chunks = memory.copy(self.job.speech(folder)[0])
        self.divide = len(self.chunks)
        # Fourier transform, four convolutions and the LSTM of a chunk.
        frames = 4 * 256 * 258 + 3 * (4 * 129 * 128 + 2 * 128 * 64 + 64 * 64 + 64 * 128)
        self.operations = 2 * (frames + 2 * 128 * 512) * self.divide

    def oracle(self):
        """ONNX Runtime itself is the reference here; the float64 equations are a test of their own."""
        self.runtime = self.job.OnnxRuntime(self.network, self.chunks)
        return self.runtime.streaming().astype(np.float64)

    def candidates(self, seqc, hand):
        return [lambda: self.compiled(seqc), self.no_hand, self.onnx]

    def no_hand(self):
        raise Missing("no hand-written kernel of the whole network")

    def onnx(self):
        kept, form = {}, getattr(self.runtime, self.form)

        def run():
            kept["result"] = form()

        return Candidate("ORT", "peer", run, lambda: kept["result"])

    def compiled(self, seqc):
        weights, target = seqc.folder / "silero.safetensors", seqc.folder / f"vad-{self.form}.so"
        folder = ROOT / "docs/examples/silero-vad"
        spec = importlib.util.spec_from_file_location("convert_weights", folder / "convert-weights.py")
        converter = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(converter)
        memory.write_safetensors(weights, converter.convert(str(self.network / "silero_vad_16k_op15.onnx")))
        seqc.command(folder / "silero-vad.mlir", f"--weights={weights}", "-o", target)
        library = self.job.SavedLibrary(target, self.chunks)
        return Candidate("seqc", "seqc", getattr(library, self.form), lambda: library.result)


def cells():
    """(name, MLIR) of every cell of the library, wrapped in one public function, from its own usage note."""
    for path in sorted((ROOT / "lib/Cells").glob("*.mlir")):
        lines = path.read_text().split("// Usage:\n")[1].split("\n")
        note = " ".join(line[2:].strip() for line in lines[:next(i for i, l in enumerate(lines) if l[:2] != "//")])
        head, results = note.split("->")
        symbol, arguments = re.match(r"func.func private (@[\w.]+)\((.*)\)\s*$", head.strip()).groups()
        types, results = re.findall(r"tensor<[^>]*>|index", arguments), results.strip()
        count = len(re.findall("tensor<", results))
        named = [f"%{i}: {t}" for i, t in enumerate(types)]
        yield path.stem, (
            f"{note}\nfunc.func @run({', '.join(n.replace('%', '%arg') for n in named)}) -> {results} {{\n"
            f"  %r{':' + str(count) if count > 1 else ''} = call {symbol}"
            f"({', '.join(f'%arg{i}' for i in range(len(types)))}) : ({', '.join(types)}) -> {results}\n"
            f"  return {', '.join(f'%r#{i}' for i in range(count)) if count > 1 else '%r'} : {results.strip('()')}\n}}\n")


def table():
    """All rows, in the order in which they are printed."""
    return [
        Affine(8, 4096, 512, [Bar("hand", 0.95), Bar("JAX lax.scan", 19)]),
        Affine(1, 65536, 512, [Bar("hand", 0.95)]),
        ParaGru(8, 2048, 256, [Bar("hand", 0.8), Bar("JAX lax.scan", 25)]),
        ParaGru(1, 16384, 64),
        SelectiveScan(2048, 1536, [Bar("hand", 0.9), Bar("JAX lax.scan", 5)]),
        Gated("LSTM", 1000, 1, 64, [Bar("ORT", 1.3)]),
        Gated("LSTM", 100, 1, 512, [Bar("ORT", 1 / 1.1)]),
        Gated("LSTM", 100, 64, 512, [Bar("ORT|torch", 1 / 1.2)]),
        Gated("GRU", 100, 1, 512),
        Gated("GRU", 100, 64, 512),
        Silero("streaming", [Bar("ORT", 1.5)]),
        Silero("whole", [Bar("ORT", 1.2)]),
        *scans.table(),
        *segments.table(),
    ]
