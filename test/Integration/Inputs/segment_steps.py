"""Steps for plan `segments`: ones that never forget, written by hand, and random ones.

    step = STEPS["logistic"]                     a Step: lines of states h0, h1, … and inputs x0, …
    form = Form(step, shape=[3], batch_rank=1)   how it is used
    pair = Pair(form.text());  values = form.values(rng, B=(2,), T=100, begin="normal", special=False)

A line is `name = operation operands`, optionally `: type`, where f is the element type of the form,
i an integer of 32 bits and b a bool. A name without a line is an input, a state or a constant.

A random step (`random_step(rng)`) has 1 to 4 states, each a float or an integer, and 4 to 16 lines,
each an operation on values drawn at random, late ones more often: sums, products, quotients, maxima
and minima, exp, log, tanh, absolute values, selections by comparisons, sums and products of
integers, logical ones, conversions from an integer. A next state is a drawn value, its tanh, an
input, itself plus a number (a counter), r h (1 - h), half of itself plus a
drawn value, a gate's mean of itself and a drawn value (most often), or a selection between the two.
"""

import numpy as np

from compiled import DTYPES
from segment_cases import spoil, start

MATH = ("exp", "log", "tanh", "absf")
CONSTANTS = {"one": 1.0, "half": 0.5, "r": 3.99, "two": 2.0, "slow": 0.999, "cos": 0.8, "sin": 0.6, "tiny": 1e-3}
INTEGERS = {"i1": 1, "i3": 3, "i7": 7, "odd": 1664525, "add": 1013904223}


class Step:
    """`states` is one letter a state, f or i; `inputs` likewise. `draw`: how inputs are made."""

    def __init__(self, states, inputs, lines, next_, outs, scale=1.0):
        self.states, self.inputs, self.scale = states, inputs, scale
        self.lines = [line.split() for line in lines.split("; ")] if lines else []
        self.next, self.outs = next_.split(), outs.split()


TENT = "a = subf one h0; m = minimumf h0 a; n = mulf two m"
STEPS = {
    "counter": Step("f", "f", "n = addf h0 one", "n", "n"),
    "walk": Step("f", "f", "n = addf h0 x0", "n", "n"),
    "logistic": Step("f", "f", "a = subf one h0; b = mulf h0 a; n = mulf r b", "n", "n"),
    "forced logistic": Step("f", "f", "a = subf one h0; b = mulf h0 a; c = mulf r b; t = tanh c; u = tanh x0; "
                            "v = mulf tiny u; n = addf t v", "n", "n"),
    "tent": Step("f", "f", TENT, "n", "n"),
    "rotation": Step("ff", "f", "a = mulf cos h0; b = mulf sin h1; c = mulf sin h0; d = mulf cos h1; n = subf a b; "
                     "e = addf c d; m = addf e x0", "n m", "n m"),
    "explosion": Step("f", "f", "a = mulf two h0; n = addf a x0", "n", "n"),
    "square": Step("f", "f", "a = mulf h0 h0; n = subf a x0", "n", "n"),
    "sign": Step("f", "f", "n = negf h0", "n", "n h0"),
    "zeros of two signs": Step("f", "f", "m = minimumf x0 half; a = mulf m h0; n = mulf tiny a", "n", "n"),
    "ramp": Step("f", "f", "a = addf h0 x0; z = subf one one; n = maximumf a z", "n", "n"),
    "latch": Step("f", "f", "c = ogt x0 two : b; n = select c x0 h0", "n", "n"),
    "slow": Step("f", "f", "a = mulf slow h0; n = addf a x0", "n", "n"),
    "held until far": Step("ff", "f", "a = mulf half h0; n = addf a x0; s = mulf slow h1; m = addf s n", "n m", "n"),
    "a forgetful and a counting state": Step("ff", "f", "a = mulf half h0; n = addf a x0; m = addf h1 one; o = mulf n m", "n m",
                                             "o"),
    "two lines and a slow state": Step("fff", "f", "a = mulf slow h2; n = addf a h1; o = subf n h0",
                                       "x0 h0 n", "o"),
    "a state that never changes": Step("ff", "f", "a = mulf half h0; n = addf a x0", "n h1", "h1 n"),
    "generator": Step("i", "f", "a = muli h0 odd; n = addi a add; y = sitofp n : if", "n", "y"),
    "modulo": Step("i", "f", "a = addi h0 i1; c = eq a i3 : bi; z = subi a a; n = select c z a : i; y = sitofp n : if",
                   "n", "y"),
    "integers and floats": Step("if", "fi", "n = xori h0 x1; y = sitofp h0 : if; t = tanh y; a = mulf half h1; "
                                "m = addf a t", "n m", "m"),
    "largest of integers": Step("i", "i", "n = maxsi h0 x0; y = sitofp n : if", "n", "y"),
}  # fmt: skip


def random_step(rng):
    """A Step at random; see the top of this file."""
    states = "".join(rng.choice(["f", "f", "f", "i"], rng.integers(1, 5)))
    inputs = "f" + "".join(rng.choice(["f", "i"], rng.integers(0, 3)))
    pools = {k: [f"h{n}" for n, s in enumerate(states) if s == k] + [f"x{n}" for n, s in enumerate(inputs) if s == k]
             for k in "fi"}  # fmt: skip
    pools["f"] += ["one", "half"]
    pools["i"] += ["i1", "i7"]
    lines = []

    def pick(kind):
        names = pools[kind]
        weights = np.arange(1, len(names) + 1, dtype=float)
        return names[rng.choice(len(names), p=weights / weights.sum())]

    def line(kind, operation, *operands, annotation=""):
        name = f"v{len(lines)}"
        lines.append(f"{name} = {operation} {' '.join(operands)}{' : ' + annotation if annotation else ''}")
        if kind in pools:
            pools[kind].append(name)
        return name

    def condition():
        if rng.random() < 0.7:
            return line("b", rng.choice(["ogt", "ole", "une", "uno", "ult"]), pick("f"), pick("f"), annotation="b")
        return line("b", rng.choice(["eq", "slt", "uge"]), pick("i"), pick("i"), annotation="bi")

    def operation():
        roll = rng.random()
        if roll < 0.5:
            line("f", rng.choice(["addf", "subf", "mulf", "mulf", "divf", "maximumf", "minimumf"]), pick("f"), pick("f"))
        elif roll < 0.7:
            line("f", rng.choice([*MATH, "negf"]), pick("f"))
        elif roll < 0.8:
            line("f", "select", condition(), pick("f"), pick("f"))
        elif roll < 0.85:
            line("f", "sitofp", pick("i"), annotation="if")
        elif roll < 0.9:
            line("i", "select", condition(), pick("i"), pick("i"), annotation="i")
        else:
            line("i", rng.choice(["addi", "subi", "muli", "xori", "andi", "ori", "maxsi", "minsi"]), pick("i"), pick("i"))

    def next_float(h):
        roll = rng.integers(12)
        if roll == 0:
            return line("f", "addf", h, "one")
        if roll == 1:
            rest = line("f", "subf", "one", h)
            return line("f", "mulf", "r", line("f", "mulf", h, rest))
        if roll in (2, 6, 7, 8):
            gate = line("f", "mulf", "half", line("f", "addf", "one", line("f", "tanh", pick("f"))))
            change = line("f", "subf", pick("f"), h)
            return line("f", "addf", h, line("f", "mulf", gate, change))
        if roll == 9:
            return line("f", "addf", line("f", "mulf", "half", h), pick("f"))
        if roll == 3:
            return line("f", "select", condition(), h, pick("f"))
        if roll == 4:
            return "x0"
        return pick("f") if roll == 5 else line("f", "tanh", pick("f"))

    def next_integer(h):
        roll = rng.integers(4)
        if roll == 0:
            return line("i", "addi", h, "i1")
        if roll == 1:
            return line("i", "andi", pick("i"), "i7")
        return pick("i") if roll == 2 else line("i", "select", condition(), h, pick("i"), annotation="i")

    for _ in range(rng.integers(4, 17)):
        operation()
    next_ = [(next_float if s == "f" else next_integer)(f"h{n}") for n, s in enumerate(states)]
    outs = [pick("f") for _ in range(rng.integers(1, 3))] + [f"h{n}" for n, s in enumerate(states) if s == "f"][:1]
    step = Step(states, inputs, "", " ".join(next_), " ".join(outs), float(rng.choice([0.1, 1, 1, 4, 30])))
    step.lines = [text.split() for text in lines]
    return step


class Form:
    """One step in one form: the shape of a state, the batch's rank, directions, resets, types."""

    def __init__(self, step, shape=(3,), batch_rank=1, reverse=False, resets=False, time=None, element="f32", data=None):
        self.step, self.shape, self.rank = step, tuple(int(d) for d in shape), batch_rank
        self.reverse, self.resets = reverse, resets
        self.time = batch_rank if time is None else time
        self.types = {"f": element, "i": "i32", "b": "i1"}
        self.data = {"f": data or element, "i": "i32"}

    def _type(self, leading, element):
        return f"tensor<{leading}{''.join(f'{d}x' for d in self.shape)}{element}>"

    def _body(self):
        """The step's lines in MLIR."""
        value = {k: self._type("", t) for k, t in self.types.items()}
        body = [f"%{k} = arith.constant dense<{v!r}> : {value['f']}" for k, v in CONSTANTS.items()]
        body += [f"%{k} = arith.constant dense<{v}> : {value['i']}" for k, v in INTEGERS.items()]
        for i, kind in enumerate(self.step.inputs):
            own = self._type("", self.data[kind])
            if kind == "f" and self.data["f"] != self.types["f"]:
                body.append(f"%x{i} = arith.extf %d{i} : {own} to {value['f']}")
        for name, _, operation, *rest in self.step.lines:
            operands, kind = (rest[: rest.index(":")], rest[-1]) if ":" in rest else (rest, None)
            values = ", ".join("%" + o for o in operands)
            if kind in ("b", "bi"):
                compared = "i" if kind == "bi" else "f"
                body.append(f"%{name} = arith.cmp{compared} {operation}, {values} : {value[compared]}")
            elif operation == "sitofp":
                body.append(f"%{name} = arith.sitofp {values} : {value['i']} to {value['f']}")
            elif operation == "select":
                body.append(f"%{name} = arith.select {values} : {value['b']}, {value[kind or 'f']}")
            else:
                kind = "i" if operation.endswith("i") else "f"
                dialect = "math" if operation in MATH else "arith"
                body.append(f"%{name} = {dialect}.{operation} {values} : {value[kind]}")
        return body

    def text(self, schedule=""):
        step, value = self.step, lambda k: self._type("", self.types[k])
        lead, wide = "?x" * self.rank, self.data["f"] != self.types["f"]
        whole = [self._type(lead + "?x", self.data[k]) for k in step.inputs]
        states = [self._type(lead, self.types[k]) for k in step.states]
        results = [self._type(lead + "?x", self.types["f"]) for _ in step.outs] + states
        inputs, flags = range(len(whole)), f"tensor<{lead}?xi1>"
        args = [f"%u{i}: {t}" for i, t in enumerate(whole)] + [f"%s{i}: {t}" for i, t in enumerate(states)]
        args += [f"%f: {flags}"] * self.resets
        given = lambda i: "d" if wide and step.inputs[i] == "f" else "x"
        bind = ", ".join(f"%{given(i)}{i}: {self._type('', self.data[step.inputs[i]])} in %u{i}" for i in inputs)
        carry = ", ".join(f"%h{i}: {value(k)} = %s{i}" for i, k in enumerate(step.states))
        listed = lambda names, kinds: f"{', '.join('%' + n for n in names)} : {', '.join(value(k) for k in kinds)}"
        types = ", ".join(whole + [flags] * self.resets + states)
        time = f" {{time = {self.time} : i64}}" if self.time != self.rank else ""
        return "\n".join([
            f"func.func @f({', '.join(args)}) -> ({', '.join(results)}) {{",
            f"%z:{len(results)} = seq.recurrence{' reverse' * self.reverse} ({bind})"
            f"{' resets(%f)' * self.resets} states({carry}) {{",
            *self._body(),
            f"seq.yield next({listed(step.next, step.states)}) out({listed(step.outs, 'f' * len(step.outs))})",
            f"}}{f' schedule(<{schedule}>)' * bool(schedule)}{time} : ({types}) -> ({', '.join(results)})",
            f"return {', '.join(f'%z#{i}' for i in range(len(results)))} : {', '.join(results)}",
            "}",
        ])  # fmt: skip

    def values(self, rng, B, T, begin="normal", special=False):
        """Random arguments; B has a size for each batch dimension."""
        lead, values = list(B), []
        lead.insert(self.time, T)
        for kind in self.step.inputs:
            dtype = DTYPES[self.data[kind]]
            if kind == "i":
                values.append(rng.integers(-9, 9, (*lead, *self.shape)).astype(dtype))
                continue
            drawn = self.step.scale * rng.standard_normal((*lead, *self.shape))
            if special:
                spoil(rng, drawn)
            with np.errstate(all="ignore"):
                values.append(drawn.astype(dtype))
        for kind in self.step.states:
            drawn = start(rng, (*B, *self.shape), begin)
            if kind == "i":
                drawn = rng.integers(-100, 100, drawn.shape) if begin != "zero" else drawn
            values.append(drawn.astype(DTYPES[self.types[kind]]))
        return values + ([rng.random(lead) < 0.01] if self.resets else [])


def random_form(rng, step):
    """A form that suits vectors of 512 and 256 bits."""
    shapes = [(), (1,), (1,), (2,), (3,), (4,), (5,), (8,), (2, 2), (3, 2), (1, 4)]
    rank = int(rng.choice([0, 1, 1, 1, 2]))
    element = "f64" if rng.random() < 0.15 else "f32"
    data = rng.choice(["bf16", "f16"]) if rng.random() < 0.2 and element == "f32" else None
    return Form(step, shapes[rng.integers(len(shapes))], rank, bool(rng.random() < 0.25), bool(rng.random() < 0.25),
                0 if rng.random() < 0.25 else None, element, data)  # fmt: skip
