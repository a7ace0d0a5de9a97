"""Random recurrences: MLIR text and its value in NumPy, made from one seed.

    program = RandomProgram(seed)
    program.text                     a module with the function @f
    program.arguments(B, T)          random arguments in IR order
    program.evaluate(values, dtype)  results in IR order, every operation in `dtype`

Grammar. A step takes 1-3 `in` operands (f32, bf16 or f16 data), perhaps `shared` and `given` ones,
1-3 states of rank 0-2, and captured weights; it may have `reverse`, `resets`, `time = 0`, and
elementwise work before and after. Its body is 4-14 operations, each on values drawn at random:

    unary        tanh sigmoid exp(-|x|) sin erf log1p|x| sqrt|x| softplus negf absf
    binary       addf subf mulf maximumf minimumf x/(1+|y|) fma-shaped a*b+c
    contraction  matvec and vecmat by weights or by matrix values, matmul, dot, conv_1d
    shape        extract_slice insert_slice concat broadcast transpose expand/collapse reduce
    choice       select on comparisons, scf.if on an input, scf.for
    nesting      a recurrence over the first axis of a matrix value
    generic      linalg.generic with broadcasting maps

Next states are an input or a shift register of inputs (delay lines), or bounded (tanh, or a decay
plus a bounded term), so that sequences neither overflow nor amplify rounding beyond what
`tolerance` measures.
"""

import ml_dtypes
import numpy as np
from scipy.special import erf

STORED = {"f32": np.float32, "bf16": ml_dtypes.bfloat16, "f16": np.float16}


def ttype(shape, element="f32", leading=""):
    return f"tensor<{leading}{''.join(f'{d}x' for d in shape)}{element}>"


def logistic(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def contract(m, v):
    return np.matmul(m, v[..., None])[..., 0]


class Step:
    """The body under construction: text lines, and operations on arrays with a leading batch."""

    def __init__(self, program):
        self.program, self.rng = program, program.rng
        self.lines, self.code, self.shapes, self.pool = [], [], {}, []
        self.count = 0

    def fresh(self, shape):
        self.count += 1
        name = f"%v{self.count}"
        self.shapes[name] = tuple(shape)
        return name

    def emit(self, shape, text, function, *operands):
        """Appends `name = text` and remembers how to compute it."""
        name = self.fresh(shape)
        self.lines.append(f"{name} = {text}")
        self.code.append((name, function, operands))
        self.pool.append(name)
        return name

    def type(self, name):
        return ttype(self.shapes[name])

    def pick(self, rank=None, shape=None, least=0):
        """A value of the pool, recent ones more often; None if there is none."""
        names = [
            n
            for n in self.pool
            if (rank is None or len(self.shapes[n]) == rank)
            and (shape is None or self.shapes[n] == tuple(shape))
            and all(d >= least for d in self.shapes[n])
        ]
        if not names:
            return None
        weights = np.arange(1, len(names) + 1, dtype=float)
        return names[self.rng.choice(len(names), p=weights / weights.sum())]

    def constant(self, value, shape):
        """A splat; float32 rounds it once, in the text and here."""
        value = float(np.float32(value))
        name = self.fresh(shape)
        self.lines.append(f"{name} = arith.constant dense<{value!r}> : {ttype(shape)}")
        self.code.append((name, lambda: np.full((1, *shape), value), ()))
        return name

    def empty(self, shape):
        self.count += 1
        name = f"%v{self.count}"
        self.lines.append(f"{name} = tensor.empty() : {ttype(shape)}")
        return name

    def raw(self, op, shape, function, *operands):
        """An elementwise operation of arith or math."""
        return self.emit(shape, f"{op} {', '.join(operands)} : {ttype(shape)}", function, *operands)

    # Elementwise.

    def unary(self):
        x = self.pick()
        return self.apply_unary(self.rng.choice(UNARY), x)

    def apply_unary(self, kind, x):
        s = self.shapes[x]
        if kind in DIRECT:
            op, function = DIRECT[kind]
            return self.raw(op, s, function, x)
        if kind == "sigmoid":
            one = self.constant(1, s)
            e = self.raw("math.exp", s, np.exp, self.raw("arith.negf", s, np.negative, x))
            d = self.raw("arith.addf", s, np.add, one, e)
            return self.raw("arith.divf", s, np.divide, one, d)
        magnitude = self.raw("math.absf", s, np.abs, x)
        if kind == "log1p":
            return self.raw("math.log1p", s, np.log1p, magnitude)
        if kind == "sqrt":
            # Away from 0, where the square root would magnify rounding.
            shifted = self.raw("arith.addf", s, np.add, magnitude, self.constant(0.25, s))
            return self.raw("math.sqrt", s, np.sqrt, shifted)
        small = self.raw("math.exp", s, np.exp, self.raw("arith.negf", s, np.negative, magnitude))
        if kind == "exp":
            return small
        rest = self.raw("math.log1p", s, np.log1p, small)
        positive = self.raw("arith.maximumf", s, np.maximum, x, self.constant(0, s))
        return self.raw("arith.addf", s, np.add, positive, rest)

    def binary(self):
        x = self.pick()
        s = self.shapes[x]
        y = self.pick(shape=s)
        kind = self.rng.choice(["addf", "subf", "mulf", "maximumf", "minimumf", "ratio", "fma"])
        if kind == "ratio":
            d = self.raw("arith.addf", s, np.add, self.constant(1, s), self.raw("math.absf", s, np.abs, y))
            return self.raw("arith.divf", s, np.divide, x, d)
        if kind == "fma":
            product = self.raw("arith.mulf", s, np.multiply, self.bounded(x), self.bounded(y))
            return self.raw("arith.addf", s, np.add, product, self.pick(shape=s))
        if kind == "mulf":
            return self.raw("arith.mulf", s, np.multiply, self.bounded(x), y)
        function = {"addf": np.add, "subf": np.subtract, "maximumf": np.maximum, "minimumf": np.minimum}
        return self.raw(f"arith.{kind}", s, function[kind], x, y)

    def bounded(self, x):
        return self.apply_unary(self.rng.choice(["tanh", "sigmoid", "sin"]), x)

    def select(self):
        """Where x > y then x, else the middle of both: continuous, so rounding cannot jump."""
        x = self.pick()
        s = self.shapes[x]
        y = self.pick(shape=s)
        middle = self.raw("arith.mulf", s, np.multiply, self.raw("arith.addf", s, np.add, x, y), self.constant(0.5, s))
        predicate = self.rng.choice(["ogt", "oge", "ugt"])
        self.count += 1
        mask = f"%m{self.count}"
        self.lines.append(f"{mask} = arith.cmpf {predicate}, {x}, {y} : {ttype(s)}")
        text = f"arith.select {mask}, {x}, {middle} : {ttype(s, 'i1')}, {ttype(s)}"
        return self.emit(s, text, lambda a, b, c: np.where(a > b, a, c), x, y, middle)

    # Contractions.

    def dense(self):
        x = self.pick(rank=1)
        if x is None:
            return None
        (n,), m = self.shapes[x], self.program.width()
        if self.rng.random() < 0.5:
            w, out = self.program.weight((m, n)), self.accumulator((m,))
            text = f"linalg.matvec ins({w}, {x} : {ttype((m, n))}, {ttype((n,))})"
            function = lambda w, x, o: contract(w, x) + o
        else:
            w, out = self.program.weight((n, m)), self.accumulator((m,))
            text = f"linalg.vecmat ins({x}, {w} : {ttype((n,))}, {ttype((n, m))})"
            function = lambda w, x, o: contract(np.swapaxes(w, -1, -2), x) + o
        return self.emit((m,), f"{text} outs({out} : {ttype((m,))}) -> {ttype((m,))}", function, w, x, out)

    def accumulator(self, shape):
        """What a contraction starts from: zero, a bias, or a value of the step."""
        kind = self.rng.choice(["zero", "bias", "value"])
        value = self.pick(shape=shape) if kind == "value" else None
        if value:
            return value
        return self.program.weight(shape) if kind == "bias" else self.constant(0, shape)

    def read_matrix(self):
        m = self.pick(rank=2)
        if m is None:
            return None
        rows, columns = self.shapes[m]
        x = self.pick(shape=(columns,)) or self.program.weight((columns,))
        zero = self.constant(0, (rows,))
        text = f"linalg.matvec ins({m}, {x} : {self.type(m)}, {ttype((columns,))}) outs({zero} : {ttype((rows,))}) -> {ttype((rows,))}"
        return self.emit((rows,), text, lambda m, x, o: contract(m, x) + o, m, x, zero)

    def matmul(self):
        a = self.pick(rank=2)
        if a is None:
            return None
        (n, k), m = self.shapes[a], self.program.width()
        w, zero = self.program.weight((k, m)), self.constant(0, (n, m))
        text = f"linalg.matmul ins({a}, {w} : {self.type(a)}, {ttype((k, m))}) outs({zero} : {ttype((n, m))}) -> {ttype((n, m))}"
        return self.emit((n, m), text, lambda a, w, o: np.matmul(a, w) + o, a, w, zero)

    def dot(self):
        x = self.pick(rank=1)
        y = x and (self.pick(shape=self.shapes[x]) or x)
        if not y:
            return None
        zero = self.constant(0, ())
        text = f"linalg.dot ins({x}, {y} : {self.type(x)}, {self.type(y)}) outs({zero} : tensor<f32>) -> tensor<f32>"
        dot = self.emit((), text, lambda x, y, o: (x * y).sum(-1) + o, x, y, zero)
        return self.apply_unary("tanh", dot)

    def convolution(self):
        x = self.pick(rank=1, least=3)
        if x is None:
            return None
        (n,), taps = self.shapes[x], int(self.rng.integers(1, 4))
        w, out = self.program.weight((taps,)), (n - taps + 1,)
        zero = self.constant(0, out)
        text = f"linalg.conv_1d ins({x}, {w} : {self.type(x)}, {ttype((taps,))}) outs({zero} : {ttype(out)}) -> {ttype(out)}"
        function = lambda x, w, o: sum(x[:, i : i + out[0]] * w[:, i : i + 1] for i in range(taps)) + o
        return self.emit(out, text, function, x, w, zero)

    # Shapes.

    def slice(self):
        x = self.pick(rank=1, least=2)
        if x is None:
            return None
        (n,) = self.shapes[x]
        stride = int(self.rng.integers(1, 3))
        size = int(self.rng.integers(1, (n - 1) // stride + 2))
        start = int(self.rng.integers(0, n - (size - 1) * stride))
        text = f"tensor.extract_slice {x}[{start}] [{size}] [{stride}] : {self.type(x)} to {ttype((size,))}"
        return self.emit((size,), text, lambda x: x[:, start : start + (size - 1) * stride + 1 : stride], x)

    def row(self):
        x = self.pick(rank=2)
        if x is None:
            return None
        rows, columns = self.shapes[x]
        i = int(self.rng.integers(rows))
        text = f"tensor.extract_slice {x}[{i}, 0] [1, {columns}] [1, 1] : {self.type(x)} to {ttype((columns,))}"
        return self.emit((columns,), text, lambda x: x[:, i], x)

    def insert(self):
        x, y = self.pick(rank=1, least=2), self.pick(rank=1)
        if x is None or self.shapes[y][0] > self.shapes[x][0]:
            return None
        (n,), (k,) = self.shapes[x], self.shapes[y]
        start = int(self.rng.integers(0, n - k + 1))

        def function(x, y):
            x = np.broadcast_to(x, (max(len(x), len(y)), n)).copy()
            x[:, start : start + k] = y
            return x

        text = f"tensor.insert_slice {y} into {x}[{start}] [{k}] [1] : {self.type(y)} into {self.type(x)}"
        return self.emit((n,), text, function, x, y)

    def concat(self):
        x, y = self.pick(rank=1), self.pick(rank=1)
        if x is None or self.shapes[x][0] + self.shapes[y][0] > 40:
            return None
        n = self.shapes[x][0] + self.shapes[y][0]
        text = f"tensor.concat dim(0) {x}, {y} : ({self.type(x)}, {self.type(y)}) -> {ttype((n,))}"

        def function(x, y):
            B = max(len(x), len(y))
            return np.concatenate([np.broadcast_to(v, (B, *v.shape[1:])) for v in (x, y)], 1)

        return self.emit((n,), text, function, x, y)

    def broadcast(self):
        x, n = self.pick(rank=int(self.rng.integers(0, 2))), self.program.width()
        if x is None:
            return None
        shape, at = self.shapes[x], int(self.rng.integers(0, len(self.shapes[x]) + 1))
        out = (*shape[:at], n, *shape[at:])
        text = f"linalg.broadcast ins({x} : {self.type(x)}) outs({self.empty(out)} : {ttype(out)}) dimensions = [{at}]"
        return self.emit(out, text, lambda x: np.repeat(np.expand_dims(x, at + 1), n, at + 1), x)

    def transpose(self):
        x = self.pick(rank=2)
        if x is None:
            return None
        out = self.shapes[x][::-1]
        text = f"linalg.transpose ins({x} : {self.type(x)}) outs({self.empty(out)} : {ttype(out)}) permutation = [1, 0]"
        return self.emit(out, text, lambda x: np.swapaxes(x, 1, 2), x)

    def reshape(self):
        x = self.pick(rank=2)
        if x is None:
            return None
        n, m = self.shapes[x]
        if n * m > 60:
            return None
        text = f"tensor.collapse_shape {x} [[0, 1]] : {self.type(x)} into {ttype((n * m,))}"
        flat = self.emit((n * m,), text, lambda x: x.reshape(len(x), -1), x)
        text = f"tensor.expand_shape {flat} [[0, 1]] output_shape [{m}, {n}] : {ttype((n * m,))} into {ttype((m, n))}"
        return self.emit((m, n), text, lambda x: x.reshape(len(x), m, n), flat)

    def reduce(self):
        rank = int(self.rng.integers(1, 3))
        x = self.pick(rank=rank)
        if x is None:
            return None
        shape, at = self.shapes[x], int(self.rng.integers(rank))
        out = shape[:at] + shape[at + 1 :]
        kinds = [("addf", np.sum, 0), ("maximumf", np.max, -10), ("minimumf", np.min, 10)]
        op, numpy, start = kinds[self.rng.integers(3)]
        init = self.constant(start, out)
        text = f"linalg.reduce ins({x} : {self.type(x)}) outs({init} : {ttype(out)}) dimensions = [{at}] (%e: f32, %a: f32) {{ %r = arith.{op} %e, %a : f32 linalg.yield %r : f32 }}"
        return self.bounded(self.emit(out, text, lambda x, o: numpy(np.stack(np.broadcast_arrays(numpy(x, at + 1), o)), 0), x, init))

    def generic(self):
        """out[i, j] = a[i] * b[j] + m[i, j]"""
        a, b = self.pick(rank=1), self.pick(rank=1)
        if a is None or self.shapes[a][0] * self.shapes[b][0] > 200:
            return None
        out = self.shapes[a] + self.shapes[b]
        m = self.pick(shape=out) or self.constant(0.125, out)
        maps = "affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>"
        text = f"""linalg.generic {{indexing_maps = [{maps}], iterator_types = ["parallel", "parallel"]}}
      ins({a}, {b}, {m} : {self.type(a)}, {self.type(b)}, {ttype(out)}) outs({self.empty(out)} : {ttype(out)}) {{
    ^bb0(%p: f32, %q: f32, %s: f32, %o: f32):
      %t = arith.mulf %p, %q : f32
      %u = arith.addf %t, %s : f32
      linalg.yield %u : f32
    }} -> {ttype(out)}"""
        return self.bounded(self.emit(out, text, lambda a, b, m: a[:, :, None] * b[:, None, :] + m, a, b, m))

    # Control and nesting.

    def condition(self):
        if self.program.flag is None:
            return None
        x = self.pick()
        s = self.shapes[x]
        y = self.pick(shape=s)
        self.count += 1
        f = f"%f{self.count}"
        self.lines.append(f"{f} = tensor.extract {self.program.flag}[] : tensor<i1>")
        text = f"""scf.if {f} -> ({ttype(s)}) {{
      %p = math.tanh {x} : {ttype(s)}
      scf.yield %p : {ttype(s)}
    }} else {{
      %q = arith.subf {y}, {x} : {ttype(s)}
      scf.yield %q : {ttype(s)}
    }}"""
        grow = lambda f: f.reshape(-1, *[1] * len(s))
        function = lambda f, x, y: np.where(grow(f), np.tanh(x), y - x)
        return self.emit(s, text, function, self.program.flag, x, y)

    def loop(self):
        x = self.pick()
        s = self.shapes[x]
        y = self.pick(shape=s)
        trips = int(self.rng.integers(0, 4))
        self.count += 1
        k = self.count
        for name, value in (("lo", 0), ("hi", trips), ("st", 1)):
            self.lines.append(f"%{name}{k} = arith.constant {value} : index")
        half = self.constant(0.5, s)
        text = f"""scf.for %i = %lo{k} to %hi{k} step %st{k} iter_args(%a = {x}) -> ({ttype(s)}) {{
      %p = arith.mulf %a, {half} : {ttype(s)}
      %q = arith.addf %p, {y} : {ttype(s)}
      scf.yield %q : {ttype(s)}
    }}"""

        def function(x, y):
            for _ in range(trips):
                x = x * np.asarray(0.5, x.dtype) + y
            return x

        return self.bounded(self.emit(s, text, function, x, y))

    def nested(self):
        """A recurrence over the rows of a matrix, from a state of the outer step."""
        x = self.pick(rank=2)
        if x is None:
            return None
        n, d = self.shapes[x]
        start = self.pick(shape=(d,)) or self.constant(0.25, (d,))
        w = self.program.weight((d,))
        self.count += 1
        k = self.count
        ys, last = self.fresh((n, d)), self.fresh((d,))
        self.lines.append(
            f"""{ys}, {last} = seq.recurrence (%nx{k}: {ttype((d,))} in {x}) states(%ns{k}: {ttype((d,))} = {start}) {{
      %p = arith.mulf %ns{k}, {w} : {ttype((d,))}
      %q = arith.addf %p, %nx{k} : {ttype((d,))}
      %r = math.tanh %q : {ttype((d,))}
      seq.yield next(%r : {ttype((d,))}) out(%r : {ttype((d,))})
    }} : ({ttype((n, d))}, {ttype((d,))}) -> ({ttype((n, d))}, {ttype((d,))})"""
        )

        def run(x, s, w):
            out = []
            for i in range(n):
                s = np.tanh(s * w + x[:, i])
                out.append(s)
            return np.stack(out, 1)

        self.code.append((ys, run, (x, start, w)))
        self.code.append((last, lambda y: y[:, -1], (ys,)))
        self.pool += [ys, last]
        return last


DIRECT = {
    "tanh": ("math.tanh", np.tanh),
    "sin": ("math.sin", np.sin),
    "erf": ("math.erf", erf),
    "negf": ("arith.negf", np.negative),
    "absf": ("math.absf", np.abs),
}
# Work on whole sequences, before and after the recurrence.
OUTSIDE = [
    ("math.tanh {x} : {t}", np.tanh),
    ("arith.addf {x}, {x} : {t}", lambda x: x + x),
    ("math.absf {x} : {t}", np.abs),
]
UNARY = [*DIRECT, "tanh", "sigmoid", "sigmoid", "exp", "log1p", "sqrt", "softplus"]
OPERATIONS = (
    ["unary"] * 5
    + ["binary"] * 6
    + ["dense"] * 4
    + "read_matrix matmul dot convolution select select slice row insert concat broadcast".split()
    + "transpose reshape reduce reduce generic condition loop nested".split()
)


class RandomProgram:
    def __init__(self, seed):
        self.seed, self.rng = seed, np.random.default_rng([seed, 20240])
        self.weights, self.flag = [], None
        self.time_major = self.rng.random() < 0.2
        self.reverse = self.rng.random() < 0.2
        self.resets = self.rng.random() < 0.2
        # Few widths, so that shapes meet each other often.
        self.widths = self.rng.choice([1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 24, 33], 2, replace=False)
        self.step = Step(self)
        self.operands = []  # (name, clause, shape, element, name in the step)
        self.make_operands()
        self.make_body()
        self.text = self.print()

    def width(self):
        return int(self.rng.choice(self.widths))

    def weight(self, shape):
        """A captured argument, or a constant in the text."""
        scale = 1 / np.sqrt(shape[-1]) if len(shape) > 1 else 0.5
        name = f"%w{len(self.weights)}"
        values = (np.random.default_rng([self.seed, len(self.weights)]).standard_normal(shape) * scale)
        constant = self.rng.random() < 0.2
        self.weights.append((name, shape, values.astype(np.float32), constant))
        self.step.shapes[name] = tuple(shape)
        return name

    def shape(self, ranks):
        rank = int(self.rng.choice(ranks))
        return tuple(self.width() for _ in range(rank)) if rank < 2 else (self.width(), int(self.rng.integers(1, 6)))

    def operand(self, clause, shape, element="f32"):
        k = len(self.operands)
        inside = f"%{clause[0]}{k}"
        self.operands.append((f"%arg{k}", clause, shape, element, inside))
        if element in ("bf16", "f16"):
            text = f"arith.extf {inside} : {ttype(shape, element)} to {ttype(shape)}"
            self.step.emit(shape, text, lambda x: x, inside)
        elif element == "f32":
            self.step.shapes[inside] = shape
            self.step.pool.append(inside)
        return inside

    def make_operands(self):
        rng = self.rng
        for i in range(int(rng.integers(1, 4))):
            self.operand("in", self.shape([1, 1, 1, 0, 2]), str(rng.choice(["f32", "f32", "f32", "bf16", "f16"])))
        if rng.random() < 0.3:
            self.flag = self.operand("in", (), "i1")
        if rng.random() < 0.3:
            self.operand("shared", self.shape([0, 1]))
        if rng.random() < 0.3:
            self.operand("given", self.shape([1, 1, 2]))
        for i in range(int(rng.integers(1, 4))):
            self.operand("state", self.shape([1, 1, 1, 0, 2]))
        self.states = [o for o in self.operands if o[1] == "state"]

    def make_body(self):
        step, rng = self.step, self.rng
        for _ in range(int(rng.integers(4, 15))):
            getattr(step, rng.choice(OPERATIONS))()
        self.next = [self.next_state(o) for o in self.states]
        candidates = [n for n in step.pool if n.startswith("%v")]
        # Several late values become outputs, so that little of the body is dead.
        count = 0 if rng.random() < 0.1 else min(len(candidates), int(rng.integers(2, 6)))
        self.outs = [str(n) for n in rng.choice(candidates[-12:], count, replace=False)]
        wrap = lambda: OUTSIDE[rng.integers(len(OUTSIDE))] if rng.random() < 0.25 else None
        self.before = {o[4]: wrap() for o in self.operands if o[1] == "in" and o[3] == "f32"}
        self.after = [wrap() for _ in self.outs]

    def next_state(self, operand):
        """Of the state's shape and bounded; usually depends on the state."""
        step, rng, (_, _, shape, _, state) = self.step, self.rng, operand
        if rng.random() < 0.2 and (delayed := self.delay(shape, state)):
            return delayed
        value = step.pick(shape=shape)
        if value == state or value is None:
            value = state
        squashed = step.apply_unary(str(rng.choice(["tanh", "sin"])), value)
        if rng.random() < 0.5:
            return squashed
        decay = step.constant(rng.uniform(0.1, 0.9), shape)
        kept = step.raw("arith.mulf", shape, np.multiply, decay, state)
        return step.raw("arith.addf", shape, np.add, kept, squashed)

    def delay(self, shape, state):
        """An input as it is, or a shift register of the last inputs; None if no shape fits."""
        step = self.step
        inputs = [o[4] for o in self.operands if o[1] == "in" and o[3] == "f32"]
        for x in self.rng.permutation(inputs):
            x = str(x)
            if step.shapes[x] == shape:
                return x
            if len(shape) == len(step.shapes[x]) == 1 and step.shapes[x][0] < shape[0]:
                (k,), (n,) = step.shapes[x], shape
                text = f"tensor.extract_slice {state}[{k}] [{n - k}] [1] : {ttype(shape)} to {ttype((n - k,))}"
                kept = step.emit((n - k,), text, lambda s: s[:, k:], state)
                text = f"tensor.concat dim(0) {kept}, {x} : ({ttype((n - k,))}, {ttype((k,))}) -> {ttype(shape)}"
                return step.emit(shape, text, lambda s, x: np.concatenate([s, x], 1), kept, x)
        return None

    def leading(self, clause):
        return {"in": "?x?x", "shared": "?x", "given": "?x", "state": "?x"}[clause]

    def print(self):
        step = self.step
        outer = [(o[0], ttype(o[2], o[3], self.leading(o[1]))) for o in self.operands]
        ins = [o for o in self.operands if o[1] != "state"]
        order = [o for c in ("in", "shared", "given") for o in ins if o[1] == c]
        names = {"in": ["T", "B"] if self.time_major else ["B", "T"], "shared": ["T"], "given": ["B"], "state": ["B"]}
        dims = lambda clause: "[" + ", ".join(f'"{n}"' for n in names[clause]) + "]"
        arguments = [
            f"{n}: {t} {{seqc.dims = {dims(o[1])}}}" for (n, t), o in zip(outer, self.operands)
        ]
        if self.resets:
            arguments.append(f'%resets: tensor<?x?xi1> {{seqc.dims = {dims("in")}}}')
        arguments += [f"{n}: {ttype(s)}" for n, s, _, constant in self.weights if not constant]
        constants = [
            f"  {n} = arith.constant dense<{v.tolist()}> : {ttype(s)}"
            for n, s, v, constant in self.weights
            if constant
        ]
        wrapped = lambda new, x, work, t: f"  {new} = {work[0].format(x=x, t=t)}"
        whole = lambda o: f"{o[0]}_before" if self.before.get(o[4]) else o[0]
        prologue = [
            wrapped(whole(o), o[0], self.before[o[4]], ttype(o[2], o[3], "?x?x"))
            for o in order
            if self.before.get(o[4])
        ]
        bindings = ", ".join(f"{o[4]}: {ttype(o[2], o[3])} {o[1]} {whole(o)}" for o in order)
        states = ", ".join(f"{o[4]}: {ttype(o[2])} = {o[0]}" for o in self.states)
        types = [ttype(o[2], o[3], self.leading(o[1])) for o in order]
        types += ["tensor<?x?xi1>"] * self.resets + [ttype(o[2], leading="?x") for o in self.states]
        out_types = [ttype(step.shapes[n], leading="?x?x") for n in self.outs]
        results = out_types + [ttype(o[2], leading="?x") for o in self.states]
        joined = lambda names: ", ".join(names)
        next_ = f"next({joined(self.next)} : {joined(ttype(o[2]) for o in self.states)})"
        out = f" out({joined(self.outs)} : {joined(step.type(n) for n in self.outs)})" if self.outs else ""
        lines = "\n".join(f"    {l}" for l in step.lines)
        final = [f"%r#{i}" for i in range(len(results))]
        epilogue = []
        for i, work in enumerate(self.after):
            if work:
                epilogue.append(wrapped(f"%after{i}", final[i], work, out_types[i]))
                final[i] = f"%after{i}"
        return f"""func.func @f({joined(arguments)}) -> ({joined(results)}) {{
{chr(10).join(constants + prologue)}
  %r:{len(results)} = seq.recurrence{" reverse" * self.reverse} ({bindings}){" resets(%resets)" * self.resets} states({states}) {{
{lines}
    seq.yield {next_}{out}
  }}{" {time = 0 : i64}" * self.time_major} : ({joined(types)}) -> ({joined(results)})
{chr(10).join(epilogue)}
  return {joined(final)} : {joined(results)}
}}
"""

    def arguments(self, B, T, seed=0):
        rng = np.random.default_rng([self.seed, B, T, seed])
        values = []
        for _, clause, shape, element, _ in self.operands:
            leading = {"in": (T, B) if self.time_major else (B, T), "shared": (T,)}.get(clause, (B,))
            if element == "i1":
                values.append(rng.random(leading + shape) < 0.5)
            else:
                values.append(rng.standard_normal(leading + shape).astype(STORED[element]))
        if self.resets:
            values.append(rng.random((T, B) if self.time_major else (B, T)) < 0.2)
        return values + [v for _, _, v, constant in self.weights if not constant]

    def evaluate(self, values, dtype=np.float64):
        """Results in IR order. `dtype` float32 shows how much rounding this program magnifies."""
        count = len(self.operands)
        given = {o[4]: v for o, v in zip(self.operands, values)}
        resets = values[count] if self.resets else None
        time_first = lambda v: v if self.time_major else np.swapaxes(v, 0, 1)
        convert = lambda v: v if v.dtype == bool else v.astype(dtype)
        weights = {n: v.astype(dtype)[None] for n, _, v, _ in self.weights}
        sequences = {o[4]: convert(time_first(given[o[4]])) for o in self.operands if o[1] == "in"}
        sequences |= {n: w[1](sequences[n]) for n, w in self.before.items() if w}
        shared = {o[4]: convert(given[o[4]]) for o in self.operands if o[1] == "shared"}
        fixed = {o[4]: convert(given[o[4]]) for o in self.operands if o[1] == "given"}
        initial = {o[4]: convert(given[o[4]]) for o in self.states}
        T, B = next(iter(sequences.values())).shape[:2]
        states, outs = dict(initial), [None] * T
        for t in reversed(range(T)) if self.reverse else range(T):
            if resets is not None:
                mask = time_first(resets)[t]
                for name, first in initial.items():
                    states[name] = np.where(mask.reshape(-1, *[1] * (first.ndim - 1)), first, states[name])
            env = {**weights, **fixed, **states}
            env |= {n: v[t] for n, v in sequences.items()} | {n: v[t][None] for n, v in shared.items()}
            for name, function, operands in self.step.code:
                env[name] = np.asarray(function(*[env[o] for o in operands]), dtype)
            whole = lambda n: np.broadcast_to(env[n], (B, *self.step.shapes[n]))
            outs[t] = [whole(n) for n in self.outs]
            states = {o[4]: whole(n) for o, n in zip(self.states, self.next)}
        results = []
        for i, name in enumerate(self.outs):
            shape = (0, B, *self.step.shapes[name])
            y = np.stack([o[i] for o in outs]) if T else np.zeros(shape, dtype)
            y = self.after[i][1](y) if self.after[i] else y
            results.append(y if self.time_major else np.swapaxes(y, 0, 1))
        return results + list(states.values())

    def tolerance(self, values):
        """16 times the error of NumPy's own float32, per result, plus a little."""
        exact, rounded = self.evaluate(values), self.evaluate(values, np.float32)
        gap = lambda a, b: float(np.abs(a - b).max()) if a.size else 0.0
        return [16 * gap(a, b) + 2e-5 * (1 + (float(np.abs(a).max()) if a.size else 0)) for a, b in zip(exact, rounded)]
