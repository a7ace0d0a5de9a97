"""Steps of scan_steps.py with modes: states [modes, channels] (or the other way round), outs that are sums over modes.

    case = ModeCase(STEPS["affine"], modes=16, channels=5, kinds=["all", "channel"])

Input i has a value for each mode and channel ("all"), for each channel ("channel"), for each mode ("mode"), or is a weight
that no step changes ("weight", of each mode and channel). Each out of the step is summed over modes, from zero on, and the
first one from input 0 on, if that is one of channels. With `whole`, the step's last out is stored for each mode as well.
"""

import numpy as np

from compiled import DTYPES
from scan_steps import Case


class ModeCase:
    def __init__(self, step, modes, channels, kinds, batch_rank=1, reverse=False, resets=False, element="f32", data=None,
                 inner="channels", whole=False, schedule="", packed=False):  # fmt: skip
        self.step, self.modes, self.channels, self.kinds = step, modes, channels, kinds
        self.rank, self.reverse, self.resets = batch_rank, reverse, resets
        self.element, self.data, self.inner, self.whole = element, data or element, inner, whole
        self.schedule, self.packed = schedule, packed
        self.begins = kinds[0] == "channel"
        assert len(kinds) == len(step.draw)

    def shape(self, kind):
        both = (self.modes, self.channels) if self.inner == "channels" else (self.channels, self.modes)
        return {"all": both, "weight": both, "channel": (self.channels,), "mode": (self.modes,)}[kind]

    def _type(self, kind, leading="", element=None):
        sizes = "".join(f"{d}x" for d in self.shape(kind))
        return f"tensor<{leading}{sizes}{element or self.element}>"

    def text(self, name="f", schedule=None):
        step, e = self.step, self.element
        lead = "?x" * self.rank
        each = "?x" if self.packed else lead + "?x"
        state, value = self._type("all", lead), self._type("all")
        types = [self._type(k, "" if k == "weight" else each, self.data) for k in self.kinds]
        flags, offsets = f"tensor<{each}i1>", "tensor<?xi64>"
        args = [f"%u{i}: {t}" for i, t in enumerate(types)] + [f"%i{i}: {state}" for i in range(len(step.initial))]
        args += [f"%flags: {flags}"] * self.resets + [f"%cu: {offsets}"] * self.packed
        body = [f"%{k} = arith.constant dense<{v!r}> : {value}" for k, v in step.constants.items()]
        body += [f"%blank = tensor.empty() : {value}"]
        read = []  # the inputs, of each mode and channel
        for i, kind in enumerate(self.kinds):
            own, source = self._type(kind), f"%x{i}" if kind != "weight" else f"%u{i}"
            if self.data != e:
                body.append(f"%w{i} = arith.extf {source} : {self._type(kind, element=self.data)} to {own}")
                source = f"%w{i}"
            if kind in ("channel", "mode"):
                along = (kind == "channel") != (self.inner == "channels")  # the dimension that it lacks
                body.append(f"%y{i} = linalg.broadcast ins({source} : {own}) outs(%blank : {value}) dimensions = [{int(along)}]")
                source = f"%y{i}"
            read.append(source)
        for target, _, operation, *operands in step.lines:
            dialect = "math" if operation in ("exp", "log") else "arith"
            named = ", ".join(read[int(o[1:])] if o[0] == "x" and o[1:].isdigit() else "%" + o for o in operands)
            body.append(f"%{target} = {dialect}.{operation} {named} : {value}")
        channel, along = self._type("channel"), int(self.inner != "channels")
        outs = []
        for k, out in enumerate(step.outs):
            source = "%zero"
            if k == 0 and self.begins:
                source = "%w0" if self.data != e else "%x0"
            body.append(f"%s{k} = linalg.reduce {{ arith.addf }} ins(%{out} : {value}) outs({source} : {channel}) "
                        f"dimensions = [{along}]")
            outs.append((f"%s{k}", channel, self._type("channel", each)))
        if self.whole:
            outs.append((f"%{step.outs[-1]}", value, self._type("all", each)))
        body.insert(0, f"%zero = arith.constant dense<0.0> : {channel}")
        results = ", ".join([t for _, _, t in outs] + [state] * len(step.initial))
        timed = [i for i, kind in enumerate(self.kinds) if kind != "weight"]
        bind = ", ".join(f"%x{i}: {self._type(self.kinds[i], element=self.data)} in %u{i}" for i in timed)
        carry = ", ".join(f"%h{i}: {value} = %i{i}" for i in range(len(step.initial)))
        operands = ", ".join([types[i] for i in timed] + [flags] * self.resets + [offsets] * self.packed
                             + [state] * len(step.initial))
        count = len(outs) + len(step.initial)
        schedule = self.schedule if schedule is None else schedule
        return "\n".join([
            f"func.func @{name}({', '.join(args)}) -> ({results}) {{",
            f"%q:{count} = seq.recurrence{' reverse' * self.reverse} ({bind})"
            f"{' resets(%flags)' * self.resets}{' cu_seqlens(%cu)' * self.packed} states({carry}) {{",
            *body,
            f"seq.yield next({', '.join('%' + n for n in step.next)} : {', '.join([value] * len(step.next))}) "
            f"out({', '.join(n for n, _, _ in outs)} : {', '.join(t for _, t, _ in outs)})",
            f"}}{f' schedule({schedule})' if schedule else ''} : ({operands}) -> ({results})",
            f"return {', '.join(f'%q#{i}' for i in range(count))} : {results}",
            "}",
        ])  # fmt: skip

    def inputs(self, rng, B, T):
        """Random arguments; T is the list of lengths of packed sequences."""
        batch = (len(T),) if self.packed else tuple(B)
        lead = (sum(T),) if self.packed else (*batch, T)
        values = [d(rng, (() if kind == "weight" else lead) + self.shape(kind)).astype(DTYPES[self.data])
                  for d, kind in zip(self.step.draw, self.kinds)]  # fmt: skip
        values += [np.full((*batch, *self.shape("all")), v, DTYPES[self.element]) for v in self.step.initial]
        if self.resets:
            values.append(rng.random(lead) < 0.1)
        return values + [np.cumsum([0, *T])] if self.packed else values

    def spread(self, values):
        """The arguments of `plain`, in floats of twice the width: as if all inputs had all modes and channels."""
        n, kind = len(self.kinds), {"f64": np.longdouble, "f32": np.float64}[self.element]
        lead = values[n + len(self.step.initial)].shape if self.resets else None
        for i, k in enumerate(self.kinds):
            if k != "weight" and lead is None:
                lead = values[i].shape[: values[i].ndim - len(self.shape(k))]
        wide = []
        for value, k in zip(values, self.kinds):
            value = value.astype(kind)
            if k in ("channel", "mode"):
                value = np.expand_dims(value, -1 if (k == "channel") != (self.inner == "channels") else -2)
            wide.append(np.broadcast_to(value, lead + self.shape("all")))
        return wide + list(values[n:])

    def plain(self):
        """The step on all modes and channels without sums."""
        return Case(self.step, self.shape("all"), self.rank, self.reverse, self.resets, element=self.element,
                    packed=self.packed)  # fmt: skip

    def evaluate(self, values):
        """(results, magnitudes) in floats of twice the width: of each channel the largest that was added up."""
        plain, outs = self.plain(), len(self.step.outs)
        wide = self.spread(values)
        found = plain.evaluate(wide)
        axis = -2 if self.inner == "channels" else -1
        results, sizes = [], []
        time = plain.time
        most = lambda v: np.max(np.where(np.isfinite(v), np.abs(v), 0), axis=time, initial=0)
        with np.errstate(all="ignore"):
            for k, out in enumerate(found[:outs]):
                total = np.sum(out, axis=axis)
                size = np.sum(most(out), axis=axis)
                if k == 0 and self.begins:
                    total = total + values[0].astype(total.dtype)
                    size = size + most(values[0].astype(total.dtype))
                results.append(total)
                sizes.append(size)
        if self.whole:
            results.append(found[outs - 1])
            sizes.append(most(found[outs - 1]))
        states = len(self.step.initial)
        for k in range(states):
            results.append(found[outs + k])
            last = np.where(np.isfinite(results[-1]), np.abs(results[-1]), 0)
            sizes.append(np.maximum(most(found[outs + states + k]), last))
        return results, sizes


def expect_within(case, scan, sequential, values, what, few=1, least=0.0):
    """The contract, of states and of sums of them: at most twice the error of a sequential evaluation of the same input
    (its worst channel's), or 8 ulp of what a channel's terms may be, or of `least`."""
    exact, sizes = case.evaluate(values)
    time = case.plain().time
    for i, (got, other, want, size) in enumerate(zip(scan, sequential, exact, sizes)):
        timed = i < len(scan) - len(case.step.initial)
        errors = []
        for result in (got, other):
            with np.errstate(all="ignore"):
                stored = want.astype(result.dtype).astype(want.dtype)
                wide = result.astype(want.dtype)
                same = (np.isnan(wide) & np.isnan(stored)) | (wide == stored)
                error = np.where(same, 0, np.where(np.isfinite(wide) & np.isfinite(stored), np.abs(wide - want), np.inf))
                if timed:
                    error = error.max(axis=time, initial=0)
                top = np.clip(size, least, np.finfo(result.dtype).max / 2).astype(result.dtype)
                errors.append((error / np.spacing(np.abs(top))).max(initial=0))
        bound = few * max(2 * errors[1], 8)
        assert errors[0] <= bound, f"{what}: result {i}: {errors[0]:.3g} ulp, sequential {errors[1]:.3g} ulp"
