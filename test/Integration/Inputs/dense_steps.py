"""Steps that mix channels, with the trajectories of all their states as outs, and how plan `segments` is held to
the backward certificate: every step is bitwise the step of the state before it, except at places where that
state jumps by no more than the threshold."""

import numpy as np

from compiled import DTYPES, Stats, compile_text, context

SCALES = {"lstm": (1, 4), "gru": (1,), "elman": (1,)}
GATES = {"lstm": 4, "gru": 3, "elman": 1}
BLOCK, SEGMENTS = 8, 16


def _sigmoid(name, value, N, F):
    return f"""    %{name}_n = arith.negf %{value} : tensor<{N}x{F}>
    %{name}_e = math.exp %{name}_n : tensor<{N}x{F}>
    %{name}_d = arith.addf %one, %{name}_e : tensor<{N}x{F}>
    %{name} = arith.divf %one, %{name}_d : tensor<{N}x{F}>
"""


def _slice(name, source, k, N, G, F):
    return f"    %{name} = tensor.extract_slice %{source}[{k * N}] [{N}] [1] : tensor<{G * N}x{F}> to tensor<{N}x{F}>\n"


def _body(cell, N, F):
    G, V = GATES[cell], f"tensor<{N}x{F}>"
    cut = lambda name, source, k: _slice(name, source, k, N, G, F)
    if cell == "elman":
        return f"""    %sum = arith.addf %input, %recurrent : {V}
    %next = math.tanh %sum : {V}
    seq.yield next(%next : {V}) out(%next : {V})
"""
    if cell == "lstm":
        return (
            f"    %sum = arith.addf %input, %recurrent : tensor<{4 * N}x{F}>\n"
            + "".join(cut(f"{g}_sum", "sum", k) for k, g in enumerate("ifgo"))
            + "".join(_sigmoid(g, f"{g}_sum", N, F) for g in "ifo")
            + f"""    %g = math.tanh %g_sum : {V}
    %kept = arith.mulf %f, %cell : {V}
    %written = arith.mulf %i, %g : {V}
    %next_cell = arith.addf %kept, %written : {V}
    %squashed = math.tanh %next_cell : {V}
    %next = arith.mulf %o, %squashed : {V}
    seq.yield next(%next, %next_cell : {V}, {V}) out(%next, %next_cell : {V}, {V})
"""
        )
    return (
        "".join(cut(f"{g}_in", "input", k) + cut(f"{g}_re", "recurrent", k) for k, g in enumerate("rzn"))
        + f"    %r_sum = arith.addf %r_in, %r_re : {V}\n    %z_sum = arith.addf %z_in, %z_re : {V}\n"
        + _sigmoid("r", "r_sum", N, F)
        + _sigmoid("z", "z_sum", N, F)
        + f"""    %gated = arith.mulf %r, %n_re : {V}
    %n_sum = arith.addf %n_in, %gated : {V}
    %n = math.tanh %n_sum : {V}
    %away = arith.subf %h, %n : {V}
    %part = arith.mulf %z, %away : {V}
    %next = arith.addf %n, %part : {V}
    seq.yield next(%next : {V}) out(%next : {V})
"""
    )


def program(cell, H, I=3, dtype="f32", reverse=False, time_major=False, shared=False, given=False, batched=True):
    """Function f of x, weights, optional operands and initial states: outs of all states, then their finals.

    shared: an input of [T, H] that all sequences have; given: one of [B, H] that all steps have. Both are
    added to the first state's input part."""
    N, F, G = H, dtype, GATES[cell]
    states = ["h", "cell"][: len(SCALES[cell])]
    lead = "?x?x" if batched else "?x"
    row = "?x" if batched else ""
    V = f"tensor<{N}x{F}>"
    arguments = [f"%x: tensor<{lead}{I}x{F}>", f"%w: tensor<{G * N}x{I}x{F}>", f"%u: tensor<{G * N}x{N}x{F}>",
                 f"%b: tensor<{G * N}x{F}>"]
    operands, types = [f"%x_t: tensor<{I}x{F}> in %x"], [f"tensor<{lead}{I}x{F}>"]
    if shared:
        arguments.append(f"%s: tensor<?x{G * N}x{F}>")
        operands.append(f"%s_t: tensor<{G * N}x{F}> shared %s")
        types.append(f"tensor<?x{G * N}x{F}>")
    if given:
        arguments.append(f"%v: tensor<{row}{G * N}x{F}>")
        operands.append(f"%v_t: tensor<{G * N}x{F}> given %v")
        types.append(f"tensor<{row}{G * N}x{F}>")
    arguments += [f"%{s}0: tensor<{row}{N}x{F}>" for s in states]
    types += [f"tensor<{row}{N}x{F}>"] * len(states)
    results = [f"tensor<{lead}{N}x{F}>"] * len(states) + [f"tensor<{row}{N}x{F}>"] * len(states)
    more, last = "", "input0"
    for flag, name in ((shared, "s_t"), (given, "v_t")):
        if flag:
            more += f"    %with_{name} = arith.addf %{last}, %{name} : tensor<{G * N}x{F}>\n"
            last = f"with_{name}"
    names = ", ".join(f"%out{i}" for i in range(2 * len(states)))
    attributes = " {time = 0}" if time_major else ""
    return f"""func.func @f({', '.join(arguments)}) -> ({', '.join(results)}) {{
  %one = arith.constant dense<1.0> : {V}
  %none = arith.constant dense<0.0> : tensor<{G * N}x{F}>
  {names} = seq.recurrence{' reverse' if reverse else ''} ({', '.join(operands)})
      states({', '.join(f'%{s}: {V} = %{s}0' for s in states)}) {{
    %input0 = linalg.matvec ins(%w, %x_t : tensor<{G * N}x{I}x{F}>, tensor<{I}x{F}>)
        outs(%b : tensor<{G * N}x{F}>) -> tensor<{G * N}x{F}>
{more}    %input = arith.addf %{last}, %none : tensor<{G * N}x{F}>
    %recurrent = linalg.matvec ins(%u, %h : tensor<{G * N}x{N}x{F}>, {V})
        outs(%none : tensor<{G * N}x{F}>) -> tensor<{G * N}x{F}>
{_body(cell, N, F)}  }}{attributes} : ({', '.join(types)}) -> ({', '.join(results)})
  return {names} : {', '.join(results)}
}}
"""


def weights(rng, cell, H, I=3, dtype="f32", gain=1.0, bias=0.0):
    """PyTorch's initialisation times `gain`; `bias` moves the gate that keeps (f of an LSTM, z of a GRU)."""
    G, bound = GATES[cell], H**-0.5
    draw = lambda *shape: (rng.uniform(-bound, bound, shape) * gain).astype(DTYPES[dtype])
    w, r, b = draw(G * H, I), draw(G * H, H), draw(G * H)
    if cell != "elman":
        b[H : 2 * H] += bias
    return [w, r, b]


class Dense:
    """f under plan `fused` and under plan `segments` with the certificate `backward`."""

    def __init__(self, cell, H, I=3, threads=1, extra=(), **form):
        self.cell, self.H, self.I, self.form = cell, H, I, form
        self.dtype = DTYPES[form.get("dtype", "f32")]
        self.states = len(SCALES[cell])
        text = program(cell, H, I, **form)
        self.fused = compile_text(text, "fused")["f"]
        options = ["--certificate=backward", f"--threads={threads}", *extra]
        self.segments = compile_text(text, "segments", extra=options)["f"]

    def axis(self):
        return 0 if self.form.get("time_major") or not self.form.get("batched", True) else 1

    def run(self, values, run=None):
        """(results, stats, scratch) of plan `segments`."""
        scratch = np.empty(self.segments.scratch_bytes(*values) + 64, np.uint8)
        scratch[:] = np.random.default_rng(scratch.size).integers(0, 256, scratch.size)
        offset = -scratch.ctypes.data % 64
        scratch, stats = scratch[offset:], Stats()
        results = self.segments(*values, context=context(run, scratch, stats))
        return results, stats, scratch

    def check(self, values, what, run=None):
        """The certificate, exactly; returns the results, the stats and the jumps (sequence, step)."""
        results, stats, scratch = self.run(values, run)
        if self._steps(values[0]).shape[0] > 1:
            return self._check_each(values, results, stats, what)
        paths = [self._steps(v) for v in results[: self.states]]
        finals = results[self.states : 2 * self.states]
        initial = [np.atleast_2d(v) for v in values[-self.states :]]
        B, T = paths[0].shape[:2]
        for path, final, start in zip(paths, finals, initial):
            last = path[:, -1] if T else start
            assert last.tobytes() == np.atleast_2d(final).tobytes(), f"{what}: final states"
        jumps = []
        if T:
            before = [np.concatenate([s[:, None], p[:, :-1]], 1) for s, p in zip(initial, paths)]
            after = self._step(values, before)
            wrong = np.zeros((B, T), bool)
            for path, right in zip(paths, after):
                integers = f"u{path.dtype.itemsize}"
                wrong |= (np.ascontiguousarray(path).view(integers) != right.view(integers)).any(-1)
            for n, t in np.argwhere(wrong):
                assert t % BLOCK == 0 and t > 0, f"{what}: step {t} of sequence {n} is not that of the state before it"
                self._explain(values, scratch, [b[n, t] for b in before], [p[n, t] for p in paths],
                              [p[n, max(0, t - BLOCK) : t] for p in paths], int(n), int(t), what)
                jumps.append((int(n), int(t)))
        assert len(jumps) <= stats.jumps, f"{what}: {len(jumps)} jumps, but {stats.jumps} were reported"
        assert stats.sequences == B and stats.steps == B * T, (what, stats.sequences, stats.steps)
        assert stats.evaluated >= B * T, (what, stats.evaluated)
        if not stats.jumps:
            for a, b in zip(results, self.fused(*values)):
                assert np.array_equal(a, b, equal_nan=True), f"{what}: no jump, but not what plan fused computes"
        return results, stats, jumps

    def _check_each(self, values, results, stats, what):
        """Sequences one by one, because the next one overwrites what the memory shows of a jump."""
        batch = 1 if self.form.get("time_major") else 0
        B, jumps, places = values[0].shape[batch], 0, []
        for n in range(B):
            own = [np.take(values[0], [n], batch), *values[1:4]]
            for i, v in enumerate(values[4:], 4):
                is_shared = self.form.get("shared") and i == 4
                own.append(v if is_shared else v[n : n + 1])
            alone, counted, found = self.check(own, f"{what}, sequence {n}")
            jumps += counted.jumps
            places += [(n, t) for _, t in found]
            for i, (a, b) in enumerate(zip(alone, results)):
                b = np.take(b, [n], batch if i < self.states else 0)
                assert a.tobytes() == b.tobytes(), f"{what}: sequence {n} is another one alone"
        assert (stats.sequences, stats.jumps) == (B, jumps), (what, stats.sequences, stats.jumps, jumps)
        return results, stats, places

    def _steps(self, v):
        """[B, T, H] in the direction of time."""
        v = v if self.form.get("batched", True) else v[None]
        v = np.moveaxis(v, self.axis(), 1) if self.form.get("time_major") else v
        return v[:, ::-1] if self.form.get("reverse") else v

    def _step(self, values, before, where=None):
        """One step of each state in `before` [B, T, H], by plan fused: all of them are a batch of sequences of one
        step. `where`: only that sequence and step, from [N, H]."""
        x = self._steps(values[0])
        B, T = x.shape[:2]
        first = 4
        more = []
        if self.form.get("shared"):
            s = values[first][::-1] if self.form.get("reverse") else values[first]
            more.append(np.broadcast_to(s[None], (B, T, s.shape[-1])))
            first += 1
        if self.form.get("given"):
            more.append(np.broadcast_to(values[first][:, None], (B, T, values[first].shape[-1])))
        form = {k: v for k, v in self.form.items() if k in ("dtype",)}
        # Operands that are the same for many steps become inputs of each: the sums are in the same order.
        single = compile_text(program(self.cell, self.H, self.I, **form) if not more else
                              _with_inputs(self.cell, self.H, self.I, len(more), **form), "fused")["f"]
        pick = (lambda v: v.reshape(B * T, *v.shape[2:])) if where is None else (
            lambda v: np.repeat(v[where[0], where[1]][None], len(before[0]), 0))
        inputs = [np.ascontiguousarray(pick(v))[:, None] for v in (x, *more)]
        starts = [b.reshape(-1, self.H) for b in before]
        results = single(inputs[0], *values[1:4], *inputs[1:], *starts)
        shape = (B, T, self.H) if where is None else (-1, self.H)
        return [np.ascontiguousarray(r[:, 0]).reshape(shape) for r in results[: self.states]]

    def _explain(self, values, scratch, old, new, recent, n, t, what):
        """A state that is near `old` and leads to `new` bit for bit lies in what the call left in scratch memory."""
        epsilon = np.finfo(self.dtype).eps
        words = scratch[: scratch.size // self.dtype().itemsize * self.dtype().itemsize].view(self.dtype)
        windows = np.lib.stride_tricks.sliding_window_view(words, self.H)
        candidates = []
        for state, path, scale in zip(old, recent, SCALES[self.cell]):
            limit = np.minimum(4 * epsilon * scale, 32 * epsilon * np.abs(path).max(0))
            with np.errstate(invalid="ignore"):
                near = np.flatnonzero(np.abs(words[: len(windows)] - state[0]) <= limit[0])
                near = [i for i in near if (np.abs(windows[i] - state) <= limit).all()]
            candidates.append(np.unique(np.array([windows[i] for i in near]).reshape(-1, self.H), axis=0))
        assert all(len(c) for c in candidates), f"{what}: step {t} of sequence {n}: no state is near enough"
        grid = np.array(np.meshgrid(*[np.arange(len(c)) for c in candidates])).reshape(len(candidates), -1)
        starts = [c[i] for c, i in zip(candidates, grid)]
        after = self._step(values, starts, (n, t))
        right = np.ones(grid.shape[1], bool)
        for a, b in zip(after, new):
            right &= (a.view(f"u{a.itemsize}") == np.ascontiguousarray(b).view(f"u{a.itemsize}")).all(-1)
        assert right.any(), f"{what}: step {t} of sequence {n}: no state within the threshold leads there"


def _with_inputs(cell, H, I, count, dtype="f32"):
    """The program in which what was shared or given is an input of each step, added in the same order."""
    text = program(cell, H, I, dtype=dtype, shared=count > 0, given=count > 1)
    G = GATES[cell] * H
    text = text.replace(" shared ", " in ").replace(" given ", " in ")
    for name in "sv"[:count]:
        text = text.replace(f"%{name}: tensor<?x{G}x{dtype}>", f"%{name}: tensor<?x?x{G}x{dtype}>")
    head, types = text.rsplit("} : (", 1)
    return head + "} : (" + types.replace(f"tensor<?x{G}x{dtype}>", f"tensor<?x?x{G}x{dtype}>", count)
