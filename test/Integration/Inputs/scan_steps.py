"""Steps that are scans: their MLIR text, random inputs that suit them, and their value in NumPy.

A step is written as lines `name = operation operands` over inputs x0, x1, … and states h0, h1, …

    case = Case(STEPS["affine"], shape=[3], batch_rank=1)
    model = compile_text(case.text(), schedule="scan")
    values = case.inputs(rng, B=(2,), T=100)
    expected = case.evaluate(values)             float64, one step after the other
"""

import numpy as np


ELEMENT = {"i64": np.int64, "i32": np.int32}
FUNCTIONS = {
    "addf": np.add, "subf": np.subtract, "mulf": np.multiply, "divf": np.divide, "negf": np.negative,
    "maximumf": np.maximum, "minimumf": np.minimum, "exp": np.exp, "log": np.log,
    "addi": np.add, "muli": np.multiply, "maxsi": np.maximum, "minsi": np.minimum, "ori": np.bitwise_or,
    "xori": np.bitwise_xor, "andi": np.bitwise_and,
}  # fmt: skip
SOFTMAX = ("m = maximumf p x0; a = subf p m; b = subf x0 m; ea = exp a; eb = exp b; u = mulf h1 ea; "
           "v = mulf eb x2; un = addf u v; w = mulf h2 ea; wn = addf w eb; o = divf un wn")  # fmt: skip
LOGADDEXP = ("m = maximumf p x0; a = subf p m; b = subf x0 m; ea = exp a; eb = exp b; s = addf ea eb; "
             "l = log s; n = addf m l")  # fmt: skip


class Step:
    """`draw` gives the inputs: f(rng, shape) for each; `initial` the states' usual start."""

    def __init__(self, draw, initial, lines, next_, outs, element="f32", constants=()):
        self.draw, self.initial = draw, initial
        self.lines = [line.split() for line in lines.split("; ")]
        self.next, self.outs = next_.split(), outs.split()
        self.element, self.constants = element, dict(constants)

    def evaluate(self, x, h, kind):
        """One step on arrays: next states and outs."""
        names = {f"x{i}": v for i, v in enumerate(x)} | {f"h{i}": v for i, v in enumerate(h)}
        names |= {k: kind(v) for k, v in self.constants.items()}
        for name, _, operation, *operands in self.lines:
            names[name] = FUNCTIONS[operation](*[names[o] for o in operands])
        return [names[n] for n in self.next], [names[o] for o in self.outs]


def normal(rng, shape):
    return rng.standard_normal(shape)


def gate(rng, shape):
    return rng.uniform(0, 1, shape)


def shrink(rng, shape):
    return -rng.exponential(0.3, shape)


def near_one(rng, shape):
    return np.exp(rng.normal(0, 0.05, shape))


def integers(rng, shape):
    return rng.integers(-100, 100, shape)


def constant(value):
    return lambda rng, shape: np.full(shape, value)


def choice(*values):
    return lambda rng, shape: rng.choice(np.array(values), shape)


def rotation(part):
    """cos or sin of one angle for each element, the same in both calls."""
    return lambda rng, shape: 0.99 * part(0.1 + np.arange(int(np.prod(shape))).reshape(shape) % 7)


def scaled(rng, shape, low, high):
    return rng.uniform(low, high, shape)


AFFINE = ("a = mulf x0 h0; n = addf a x1", "n", "n")
BIQUAD = "a = mulf x0 h0; b = mulf x1 h1; c = addf a b; n = addf c x2"
STEPS = {
    "affine": Step([gate, normal], [0.5], *AFFINE),
    "affine, old state": Step([gate, normal], [0.5], *AFFINE[:2], "h0 n"),
    "ema": Step([normal], [0.5], "d = subf x0 h0; m = mulf k d; n = addf h0 m", "n", "n",
                constants={"k": 0.125}),
    "complex": Step([rotation(np.cos), rotation(np.sin), normal], [0.5, -0.5],
                    "a = mulf x0 h0; b = mulf x1 h1; c = subf a b; d = mulf x1 h0; e = mulf x0 h1; "
                    "f = addf d e; g = addf c x2", "g f", "g f"),
    "block": Step([lambda r, s: r.uniform(-0.5, 0.5, s)] * 4 + [normal], [0.5, -0.5],
                  "a = mulf x0 h0; b = mulf x1 h1; c = addf a b; d = mulf x2 h0; e = mulf x3 h1; "
                  "f = addf d e; g = addf c x4", "g f", "g f"),
    "biquad": Step([constant(1.6), constant(-0.8), normal], [0.5, -0.5], BIQUAD, "n h0", "n"),
    "momentum": Step([gate, normal], [0.5, -0.5],
                     "a = mulf x0 h0; v = addf a x1; p = subf h1 v", "v p", "p"),
    "cumsum": Step([normal], [0.25], "n = addf h0 x0", "n", "n"),
    "cumprod": Step([near_one], [1.5], "n = mulf h0 x0", "n", "n"),
    "cummax": Step([normal], [-1.0], "n = maximumf h0 x0", "n", "n"),
    "cummin": Step([normal], [1.0], "n = minimumf h0 x0", "n", "n h0"),
    "max-plus": Step([normal, shrink], [0.0], "p = addf h0 x1; n = maximumf p x0", "n", "n"),
    "logcumsumexp": Step([normal], [0.1], LOGADDEXP.replace(" p ", " h0 "), "n", "n"),
    "log-sum-exp with shift": Step([normal, shrink], [0.1], "p = addf h0 x1; " + LOGADDEXP, "n", "n"),
    "softmax": Step([normal, normal, normal], [0.0, 0.5, 1.0], SOFTMAX.replace(" p ", " h0 "),
                    "m un wn", "o"),
    "softmax with decay": Step([normal, shrink, normal], [0.0, 0.5, 1.0], "p = addf h0 x1; " + SOFTMAX,
                               "m un wn", "o m un wn"),
    "welford": Step([normal], [0.0, 0.0, 0.0],
                    "n = addf h0 one; d = subf x0 h1; q = divf d n; m = addf h1 q; e = subf x0 m; "
                    "p = mulf d e; s = addf h2 p", "n m s", "m s", constants={"one": 1.0}),
    "counts": Step([integers], [3], "n = addi h0 x0", "n", "n", element="i32"),
    "largest": Step([integers], [-5], "n = maxsi h0 x0", "n", "h0 n", element="i64"),
    "bits": Step([integers], [5], "n = xori h0 x0", "n", "n", element="i32"),
    "sum and maximum": Step([normal], [0.5, 0.5], "n = addf h0 x0; m = maximumf h1 x0", "n m", "n m"),
}  # fmt: skip


class Case:
    """One step in one form: shape of a state, rank of the batch, flags, dtypes; the first `fixed`
    inputs have no batch and no time."""

    def __init__(self, step, shape=(3,), batch_rank=1, reverse=False, resets=False, time=None,
                 element=None, data=None, schedule="", static=None, fixed=0, packed=False):  # fmt: skip
        self.step, self.shape, self.rank = step, tuple(shape), batch_rank
        self.reverse, self.resets, self.schedule = reverse, resets, schedule
        self.packed = packed  # one batch dimension: T of inputs() is the list of lengths
        self.time = 0 if packed else batch_rank if time is None else time
        self.element = element or step.element
        self.data = data or self.element
        self.static, self.fixed = static, fixed

    def _type(self, leading, element):
        sizes = "".join(f"{d}x" for d in self.shape)
        return f"tensor<{leading}{sizes}{element}>"

    def text(self, name="f"):
        step, e = self.step, self.element
        lead = "?x" * self.rank
        each = "?x" if self.packed else lead + "?x"
        whole = self._type(each, self.data)
        out, state, value = self._type(each, e), self._type(lead, e), self._type("", e)
        data, flags, offsets = self._type("", self.data), f"tensor<{each}i1>", "tensor<?xi64>"
        inputs, states = range(len(step.draw)), range(len(step.initial))
        kinds = [data if i < self.fixed else whole for i in inputs]
        args = [f"%u{i}: {kind}" for i, kind in enumerate(kinds)] + [f"%i{i}: {state}" for i in states]
        args += [f"%r: {flags}"] * self.resets + [f"%cu: {offsets}"] * self.packed
        body = []
        for k, number in step.constants.items():
            body.append(f"%{k} = arith.constant dense<{number!r}> : {value}")
        wide = "w" if self.data != e else "x"
        if wide == "w":
            body += [f"%w{i} = arith.extf %x{i} : {data} to {value}" for i in inputs]
        for target, _, operation, *operands in step.lines:
            dialect = "math" if operation in ("exp", "log") else "arith"
            is_input = lambda o: o[0] == "x" and o[1:].isdigit()
            letter = lambda o: "u" if wide == "x" and int(o[1:]) < self.fixed else wide
            names = ", ".join("%" + (letter(o) + o[1:] if is_input(o) else o) for o in operands)
            body.append(f"%{target} = {dialect}.{operation} {names} : {value}")
        listed = lambda names: f"{', '.join('%' + n for n in names)} : {', '.join([value] * len(names))}"
        results = ", ".join([out] * len(step.outs) + [state] * len(states))
        count = len(step.outs) + len(states)
        bind = ", ".join(f"%x{i}: {data} in %u{i}" for i in inputs[self.fixed :])
        carry = ", ".join(f"%h{i}: {value} = %i{i}" for i in states)
        listed_types = kinds[self.fixed :] + [flags] * self.resets + [offsets] * self.packed + [state] * len(states)
        types = ", ".join(listed_types)
        attributes = f" {{time = {self.time} : i64}}" if self.time != self.rank and not self.packed else ""
        return "\n".join([
            f"func.func @{name}({', '.join(args)}) -> ({results}) {{",
            f"%z:{count} = seq.recurrence{' reverse' * self.reverse} ({bind})"
            f"{' resets(%r)' * self.resets}{' cu_seqlens(%cu)' * self.packed} states({carry}) {{",
            *body,
            f"seq.yield next({listed(step.next)}) out({listed(step.outs)})",
            f"}}{f' schedule({self.schedule})' if self.schedule else ''}{attributes} : ({types}) -> ({results})",
            f"return {', '.join(f'%z#{i}' for i in range(count))} : {results}",
            "}",
        ])  # fmt: skip

    def inputs(self, rng, B, T):
        """Random arguments, already in the dtype of the data."""
        from compiled import DTYPES

        lengths, B = (T, (len(T),)) if self.packed else (None, B)
        lead = [sum(T)] if self.packed else list(B)
        if not self.packed:
            lead.insert(self.time, T)
        leads = [[] if i < self.fixed else lead for i in range(len(self.step.draw))]
        values = [d(rng, (*l, *self.shape)).astype(DTYPES[self.data]) for d, l in zip(self.step.draw, leads)]
        values += [np.full((*B, *self.shape), v, DTYPES[self.element]) for v in self.step.initial]
        if self.resets:
            values.append(rng.random(lead) < 0.15)
        return values + [np.cumsum([0, *lengths])] if self.packed else values

    def evaluate(self, values, kind=None):
        """Outs, final states and states over time; in `kind`, or in floats of twice the width."""
        if kind is None:
            kind = {"f64": np.longdouble, "f32": np.float64}.get(self.element) or ELEMENT[self.element]
        n, states = len(self.step.draw), len(self.step.initial)
        if self.packed:
            return self._evaluate_packed(values, n, states, kind)
        x = [np.moveaxis(v, self.time, 0).astype(kind) for v in values[self.fixed : n]]
        same = [v.astype(kind) for v in values[: self.fixed]]
        initial = [v.astype(kind) for v in values[n : n + states]]
        flags = np.moveaxis(values[-1], self.time, 0) if self.resets else None
        h, T = initial, x[0].shape[0]
        outs = [np.empty(x[0].shape, kind) for _ in self.step.outs]
        history = [np.empty(x[0].shape, kind) for _ in h]
        with np.errstate(all="ignore"):
            for t in reversed(range(T)) if self.reverse else range(T):
                if flags is not None:
                    flag = flags[t].reshape(flags[t].shape + (1,) * len(self.shape))
                    h = [np.where(flag, i, v) for i, v in zip(initial, h)]
                h, values = self.step.evaluate(same + [v[t] for v in x], h, kind)
                for out, v in zip(outs, values):
                    out[t] = v
                for past, v in zip(history, h):
                    past[t] = v
        return [np.moveaxis(o, 0, self.time) for o in outs] + h + [np.moveaxis(o, 0, self.time) for o in history]

    def _evaluate_packed(self, values, n, states, kind):
        """Each sequence on its own, put together."""
        alone = Case(self.step, self.shape, 0, self.reverse, self.resets, 0, self.element, self.data)
        parts, cu = [], values[-1]
        for i, (begin, end) in enumerate(zip(cu, cu[1:])):
            own = [v[begin:end] for v in values[:n]] + [v[i] for v in values[n : n + states]]
            parts.append(alone.evaluate(own + [v[begin:end] for v in values[n + states : -1]], kind))
        outs = len(self.step.outs)
        join = lambda k: np.stack if outs <= k < outs + states else np.concatenate
        return [join(k)(part) for k, part in enumerate(zip(*parts))]


def _error(got, want):
    """|got - want|, 0 for the same infinity or NaN and infinite where only one is such."""
    wide = np.asarray(got, want.dtype)
    with np.errstate(invalid="ignore", over="ignore"):
        stored = want.astype(got.dtype).astype(want.dtype)
        finite = np.isfinite(stored) & np.isfinite(wide)
        same = (np.isnan(wide) & np.isnan(stored)) | (wide == stored)
        return np.where(same, 0, np.where(finite, np.abs(wide - want), np.inf))


def relative_errors(case, results, exact, least=0.0):
    """For each out and each final state: the largest error in ulp of its channel's largest |h|, or of `least`.
    `exact` begins with the results in float64 and ends with the states' values over time."""
    outs, measured = len(case.step.outs), []
    for i, got in enumerate(results):
        errors, sizes = _error(got, exact[i]), np.abs(np.where(np.isfinite(exact[i]), exact[i], 0))
        if i < outs:
            errors, sizes = (v.max(axis=case.time, initial=0) for v in (errors, sizes))
        else:
            over = np.abs(exact[len(results) + i - outs])
            sizes = np.maximum(sizes, np.where(np.isfinite(over), over, 0).max(axis=case.time, initial=0))
        if got.dtype.kind != "f":
            measured.append(errors.max(initial=0))
            continue
        most, sizes = np.finfo(got.dtype).max, np.maximum(sizes, least)
        top = np.minimum(sizes, np.nextafter(most, got.dtype.type(0))).astype(got.dtype)
        measured.append((errors / np.spacing(top)).max(initial=0))
    return measured


def expect_within(case, scan, sequential, values, what, few=1, least=0.0):
    """The contract: at most twice the error of a sequential evaluation of the same input (its
    worst channel's), or 8 ulp of the channel's largest |h|. Integers are exact. Both errors are
    random walks: with a channel or two, where luck decides, `few` = 2 doubles the bound. What a channel holds is at least
    `least`: its initial state, if no later one is as large."""
    return expect_close_to(case, scan, sequential, case.evaluate(values), what, few, least)


def expect_close_to(case, scan, sequential, exact, what, few=1, least=0.0):
    """The same for results whose value in float64 is known."""
    got, other = (relative_errors(case, results, exact, least) for results in (scan, sequential))
    for i, next_ in enumerate(case.step.next):  # a final state is the last of some outs
        same = [k for k, out in enumerate(case.step.outs) if out == next_]
        other[len(case.step.outs) + i] = max(other[k] for k in [len(case.step.outs) + i, *same])
    for i, (error, limit) in enumerate(zip(got, other)):
        bound = few * max(2 * limit, 8) if scan[i].dtype.kind == "f" else 0
        assert error <= bound, f"{what}: result {i}: {error:.3g} ulp, sequential {limit:.3g} ulp"
    return got, other
