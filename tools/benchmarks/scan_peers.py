"""JAX, numba, SciPy, pandas, NumPy, torch and ONNX Runtime on scans, averages and running reductions.

As peers.py: every function gives factories; what a peer may prepare (kernels of convolutions, layouts it
likes better) is prepared outside the timing.
"""
import numpy as np

from .peers import jax_candidate, numba_candidate, onnx_candidate, package, torch_candidate
from .programs import Candidate


def named(label, function):
    """`function`, as the bench names it where it does not run."""
    function.label = label
    return function


def loop(make, arguments, arrange=np.asarray):
    """JAX lax.scan: `make(jax, *arguments)` gives (step, initial, sequences)."""
    def factory():
        jax = package("jax")

        def scan(*values):
            step, start, sequences = make(jax, *values)
            return jax.lax.scan(step, start, sequences)[1]

        return jax_candidate("JAX lax.scan", scan, arguments, arrange)

    return named("JAX lax.scan", factory)


def tree(make, arguments, arrange=np.asarray):
    """JAX associative_scan over the first axis: `make(jax, *arguments)` gives (combine, elements, read)."""
    def factory():
        jax = package("jax")

        def scan(*values):
            combine, elements, read = make(jax, *values)
            return read(jax.lax.associative_scan(combine, elements))

        return jax_candidate("JAX associative_scan", scan, arguments, arrange)

    return named("JAX associative_scan", factory)


def affine_combine(earlier, later):
    return later[0] * earlier[0], later[0] * earlier[1] + later[1]


def constant_series(value, like):
    """`value` for every step of `like`, as associative_scan wants it."""
    import jax.numpy as jnp

    return jnp.broadcast_to(value, like.shape[:1] + value.shape)


def result_of(name, function):
    """A candidate for a NumPy-like function without arguments."""
    kept = {}

    def run():
        kept["result"] = function()

    return Candidate(name, "peer", run, lambda: np.asarray(kept["result"]))


def diagonal(a, x):
    """h = a h + x over [T, ...], real or complex."""
    def steps(jax, a, x):
        def step(h, row):
            h = row[0] * h + row[1]
            return h, h

        return step, jax.numpy.zeros_like(x[0]), (a, x)

    return [loop(steps, [a, x]), tree(lambda jax, a, x: (affine_combine, (a, x), lambda p: p[1]), [a, x])]


def series(a, x, out):
    """h = a h + x of one series."""
    def rows():  # as users of [B, T, D] write it; the next one keeps its state in a register
        def scan(a, x, o):
            o[0] = x[0]
            for t in range(1, x.shape[0]):
                o[t] = a[t] * o[t - 1] + x[t]

        return numba_candidate(scan, [a, x], out)

    def numba():
        def scan(a, x, o):
            h = np.float32(0)
            for t in range(x.shape[0]):
                h = a[t] * h + x[t]
                o[t] = h

        made = numba_candidate(scan, [a, x], out)
        made.name = "numba, register"
        return made

    def banded():
        solve = package("scipy.linalg").solve_banded
        bands = np.ones((2, x.size), np.float32)  # h_t - a_t h_{t-1} = x_t
        bands[1, :-1] = -a[1:]
        return result_of("SciPy solve_banded", lambda: solve((1, 0), bands, x, check_finite=False))

    return [*diagonal(a, x), named("numba", rows), named("numba, register", numba),
            named("SciPy solve_banded", banded)]


def block(a, x):
    """h = A h + x over a [T, 2, 2, D], x [T, 2, D]."""
    def steps(jax, a, x):
        def step(h, row):
            h = (row[0] * h[None]).sum(1) + row[1]
            return h, h

        return step, jax.numpy.zeros_like(x[0]), (a, x)

    def elements(jax, a, x):
        def combine(p, q):
            product = (q[0][:, :, :, None] * p[0][:, None]).sum(2)
            return product, (q[0] * p[1][:, None]).sum(2) + q[1]

        return combine, (a, x), lambda p: p[1]

    return [loop(steps, [a, x]), tree(elements, [a, x])]


def running(kind, x):
    """cumsum, cummax or logcumsumexp of one series."""
    def numpy():
        code = {"cumsum": np.add, "cummax": np.maximum, "logcumsumexp": np.logaddexp}[kind]
        return result_of("NumPy", lambda: code.accumulate(x))

    def torch():
        def make(torch):
            value, code = torch.from_numpy(x), getattr(torch, kind)
            if kind == "cummax":
                return lambda: code(value, 0)[0]
            return lambda: code(value, 0)

        return torch_candidate("torch", make)

    def jax():
        lax = package("jax").lax
        return jax_candidate("JAX", {"cumsum": lax.cumsum, "cummax": lax.cummax,
                                     "logcumsumexp": lax.cumlogsumexp}[kind], [x])

    def onnx():
        node = package("onnx").helper.make_node("CumSum", ["x", "axis"], ["y"])
        return onnx_candidate("ORT CumSum", [node], {"axis": np.array(0, np.int64)}, {"x": x}, x.shape)

    peers = [named("NumPy", numpy), named("torch", torch), named("JAX", jax)]
    return [*peers, named("ORT", onnx)] if kind == "cumsum" else peers  # ONNX has no operator for the others


def aaren(s, v):
    """Softmax over the scores s [T] so far, of the values v [T, D]."""
    def steps(jax, s, v):
        def step(state, row):
            m, u, w = state
            top = jax.numpy.maximum(m, row[0])
            old, new = jax.numpy.exp(m - top), jax.numpy.exp(row[0] - top)
            u, w = u * old + new, w * old + row[1] * new
            return (top, u, w), w / u

        return step, (jax.numpy.float32(-np.inf), jax.numpy.float32(0), jax.numpy.zeros_like(v[0])), (s, v)

    def elements(jax, s, v):
        def combine(p, q):
            m = jax.numpy.maximum(p[0], q[0])
            old, new = jax.numpy.exp(p[0] - m), jax.numpy.exp(q[0] - m)
            return m, p[1] * old + q[1] * new, p[2] * old[:, None] + q[2] * new[:, None]

        return combine, (s, jax.numpy.ones_like(s), v), lambda p: p[2] / p[1][:, None]

    return [loop(steps, [s, v]), tree(elements, [s, v])]


def rwkv4(k, v, decay, bonus):
    """WKV over k, v [T, D]."""
    def steps(jax, k, v, decay, bonus):
        exp, maximum = jax.numpy.exp, jax.numpy.maximum

        def step(state, row):
            p, a, b = state
            k, v = row
            top = maximum(p, bonus + k)
            past, now = exp(p - top), exp(bonus + k - top)
            y = (past * a + now * v) / (past * b + now)
            top = maximum(p + decay, k)
            old, new = exp(p + decay - top), exp(k - top)
            return (top, old * a + new * v, old * b + new), y

        zero = jax.numpy.zeros_like(k[0])
        return step, (zero - 1e38, zero, zero), (k, v)

    def elements(jax, k, v, decay, bonus):
        exp, maximum = jax.numpy.exp, jax.numpy.maximum

        def combine(e, l):
            m = maximum(e[1] + l[0], l[1])
            old, new = exp(e[1] + l[0] - m), exp(l[1] - m)
            return e[0] + l[0], m, old * e[2] + new * l[2], old * e[3] + new * l[3]

        def read(prefix):
            shifted = lambda value, first: jax.numpy.concatenate([first[None], value[:-1]])
            zero = jax.numpy.zeros_like(k[0])
            p, a, b = (shifted(value, first) for value, first in zip(prefix[1:], (zero - 1e38, zero, zero)))
            top = maximum(p, bonus + k)
            past, now = exp(p - top), exp(bonus + k - top)
            return (past * a + now * v) / (past * b + now)

        return combine, (constant_series(decay, k), k, v, jax.numpy.ones_like(k)), read

    return [loop(steps, [k, v, decay, bonus]), tree(elements, [k, v, decay, bonus])]


def welford(x):
    """Mean and variance of x [T, D] so far."""
    def steps(jax, x):
        def step(state, x):
            n, m, v = state
            n, off = n + 1, x - m
            part = off / n
            m, v = m + part, (1 - 1 / n) * (v + part * off)
            return (n, m, v), (m, v)

        zero = jax.numpy.zeros_like(x[0])
        return step, (jax.numpy.float32(0), zero, zero), x

    def elements(jax, x):
        def combine(e, l):
            n = e[0] + l[0]
            r = (l[0] / n)[:, None]
            off = l[1] - e[1]
            return n, e[1] + r * off, (1 - r) * e[2] + r * l[2] + (1 - r) * r * off * off

        ones = jax.numpy.ones(x.shape[0], x.dtype)
        return combine, (ones, x, jax.numpy.zeros_like(x)), lambda p: (p[1], p[2])

    return [pair(loop, steps, [x]), pair(tree, elements, [x])]


def pair(form, make, arguments):
    """`form` where the results are two arrays, which are stacked outside the timing."""
    def factory():
        jax = package("jax")

        def scan(*values):
            if form is loop:
                step, start, sequences = make(jax, *values)
                return jax.lax.scan(step, start, sequences)[1]
            combine, elements, read = make(jax, *values)
            return read(jax.lax.associative_scan(combine, elements))

        compiled, values, kept = jax.jit(scan), [jax.numpy.asarray(a) for a in arguments], {}

        def run():
            kept["result"] = jax.block_until_ready(compiled(*values))

        return Candidate(name, "peer", run, lambda: np.stack([np.asarray(a) for a in kept["result"]]))

    name = "JAX lax.scan" if form is loop else "JAX associative_scan"
    return named(name, factory)


def modes(x, q, p, g):
    """y = Re sum over n of g h, h = q h + p x, with q, p, g [N, D] real or complex, x [T, D]: by steps, as a
    tree, and as a convolution whose kernel is transformed once, outside the timing."""
    p = p.astype(q.dtype)

    def steps(jax, x, q, p, g):
        def step(h, x):
            h = q * h + p * x
            return h, (g * h).sum(0).real

        return step, jax.numpy.zeros_like(q), x

    def elements(jax, x, q, p, g):
        written = p * x[:, None]
        return affine_combine, (constant_series(q, x), written), lambda h: (g * h[1]).sum(1).real

    def convolution():
        jax = package("jax")
        length, kernel = 2 * x.shape[0], np.zeros(x.shape)
        power = (g * p).astype(np.complex128)
        for t in range(x.shape[0]):
            kernel[t] = power.sum(0).real
            power = power * q
        spectrum = np.fft.rfft(kernel, length, axis=0).astype(np.complex64)

        def convolve(x, spectrum):
            product = jax.numpy.fft.rfft(x, length, axis=0) * spectrum
            return jax.numpy.fft.irfft(product, length, axis=0)[:x.shape[0]]

        return jax_candidate("JAX FFT", convolve, [x, spectrum])

    return [loop(steps, [x, q, p, g]), tree(elements, [x, q, p, g]), named("JAX FFT", convolution)]


def s5(x, a, b, c, d):
    """y = Re(C h) + d x, h = a h + B x, with a [N], b [D, N], c [N, D] complex, x [T, D]: the products of
    all steps at once, the states by steps or as a tree."""
    def states(jax, values, form):
        x, a, b, c, d = values
        written = x @ b
        if form == "tree":
            h = jax.lax.associative_scan(affine_combine, (constant_series(a, x), written))[1]
        else:
            def step(h, row):
                h = a * h + row
                return h, h

            h = jax.lax.scan(step, jax.numpy.zeros_like(a), written)[1]
        return h.real @ c.real - h.imag @ c.imag + d * x

    def factory(name, form):
        def make():
            jax = package("jax")
            return jax_candidate(name, lambda *values: states(jax, values, form), [x, a, b, c, d])

        return named(name, make)

    return [factory("JAX lax.scan", "loop"), factory("JAX associative_scan", "tree")]


def ema(x, alpha):
    """h = h + alpha (x - h) of one series from h = x_0."""
    decay = np.float32(1 - alpha)

    def scipy():
        lfilter = package("scipy.signal").lfilter
        b, a = np.array([alpha], np.float32), np.array([1, -decay], np.float32)
        start = np.array([decay * x[0]], np.float32)
        return result_of("SciPy lfilter", lambda: lfilter(b, a, x, zi=start)[0])

    def pandas():
        frame = package("pandas").Series(x)
        return result_of("pandas ewm", lambda: frame.ewm(alpha=alpha, adjust=False).mean())

    def steps(jax, x):
        def step(h, x):
            h = h + np.float32(alpha) * (x - h)
            return h, h

        return step, x[0], x

    def elements(jax, x):
        written = (np.float32(alpha) * x).at[0].set(x[0])
        return affine_combine, (jax.numpy.full_like(x, decay), written), lambda p: p[1]

    return [named("SciPy lfilter", scipy), named("pandas ewm", pandas), loop(steps, [x]), tree(elements, [x])]
