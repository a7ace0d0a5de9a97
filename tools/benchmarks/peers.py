"""What users would pick today: ONNX Runtime, JAX, numba and torch, one thread each.

Every function takes the row's arrays and returns a Candidate; a package that cannot be imported raises
Missing, and only its own entry fails. Weights are given as each peer likes them, outside the timing.
"""
import importlib
import re

import numpy as np

from .programs import Candidate, Missing


def package(name):
    try:
        return importlib.import_module(name)
    except Exception as error:  # torch raises OSError when its libraries are missing
        reason = re.sub(r"\S*/", "", str(error).splitlines()[0])  # no machine's paths
        raise Missing(f"{name} is not here ({reason[:80]})")


def jax_candidate(name, function, arguments, arrange=np.asarray):
    """`function` of jax arrays, compiled; `arrange` lays its result out as the oracle's."""
    jax = package("jax")
    compiled, values, kept = jax.jit(function), [jax.numpy.asarray(a) for a in arguments], {}

    def run():
        kept["result"] = jax.block_until_ready(compiled(*values))

    return Candidate(name, "peer", run, lambda: arrange(np.asarray(kept["result"])))


def numba_candidate(function, arguments, result):
    """`function` compiled with fast-math; its last argument is `result`."""
    compiled = package("numba").njit(fastmath=True)(function)
    return Candidate("numba", "peer", lambda: compiled(*arguments, result), lambda: result)


def torch_candidate(name, make, arrange=np.asarray):
    """`make(torch)` gives a function without arguments that returns a tensor."""
    torch = package("torch")
    torch.set_num_threads(1)
    run_model, kept = make(torch), {}

    def run():
        with torch.inference_mode():
            kept["result"] = run_model()

    return Candidate(name, "peer", run, lambda: arrange(kept["result"].numpy()))


def onnx_candidate(name, nodes, initializers, feeds, output_shape, arrange=np.asarray):
    """A graph of `nodes` in ONNX Runtime; the first node's first output is the result."""
    onnx, runtime = package("onnx"), package("onnxruntime")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        nodes, "bench", [helper.make_tensor_value_info(n, kind, a.shape) for n, a in feeds.items()],
        [helper.make_tensor_value_info("y", kind, output_shape)],
        [onnx.numpy_helper.from_array(np.ascontiguousarray(a), n) for n, a in initializers.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = runtime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    kept = {}

    def run():
        kept["result"] = session.run(["y"], feeds)[0]

    return Candidate(name, "peer", run, lambda: arrange(kept["result"]))


def affine(a, x, out):
    """Factories for h = a h + x over [B, T, D], by name."""
    def jax_loop():
        jax = package("jax")

        def scan(a, x):
            step = lambda h, ax: ((n := ax[0] * h + ax[1]), n)
            both = (a.swapaxes(0, 1), x.swapaxes(0, 1))
            return jax.lax.scan(step, jax.numpy.zeros_like(x[:, 0]), both)[1].swapaxes(0, 1)

        return jax_candidate("JAX lax.scan", scan, [a, x])

    def jax_tree():
        jax = package("jax")
        combine = lambda l, r: (l[0] * r[0], r[0] * l[1] + r[1])
        scan = lambda a, x: jax.lax.associative_scan(combine, (a, x), axis=1)[1]
        return jax_candidate("JAX associative_scan", scan, [a, x])

    def numba():
        def scan(a, x, o):
            for b in range(x.shape[0]):
                for d in range(x.shape[2]):
                    o[b, 0, d] = x[b, 0, d]
                for t in range(1, x.shape[1]):
                    for d in range(x.shape[2]):
                        o[b, t, d] = a[b, t, d] * o[b, t - 1, d] + x[b, t, d]

        return numba_candidate(scan, [a, x], out)

    def torch_loop():
        def make(torch):
            ta, tx, result = torch.from_numpy(a), torch.from_numpy(x), torch.empty(x.shape)

            def run():
                h = torch.zeros_like(tx[:, 0])
                for t in range(tx.shape[1]):
                    h = torch.addcmul(tx[:, t], ta[:, t], h)
                    result[:, t] = h
                return result

            return run

        return torch_candidate("torch loop", make)

    def onnx_scan():
        helper = package("onnx").helper
        value = lambda name: helper.make_tensor_value_info(name, 1, [x.shape[0], x.shape[2]])
        body = helper.make_graph(
            [helper.make_node("Mul", ["a_t", "h"], ["kept"]), helper.make_node("Add", ["kept", "x_t"], ["next"]),
             helper.make_node("Identity", ["next"], ["out"])],
            "step", [value("h"), value("a_t"), value("x_t")], [value("next"), value("out")])
        node = helper.make_node("Scan", ["h0", "a", "x"], ["last", "y"], num_scan_inputs=2, body=body,
                                scan_input_axes=[1, 1], scan_output_axes=[1])
        start = np.zeros((x.shape[0], x.shape[2]), np.float32)
        return onnx_candidate("ORT Scan", [node], {"h0": start}, {"a": a, "x": x}, x.shape)

    return [jax_loop, jax_tree, numba, torch_loop, onnx_scan]


def para_gru(weights, u, out):
    """Factories for ParaGRU, u [B, T, 3, D]."""
    def jax_loop():
        jax = package("jax")

        def scan(w, u):
            def step(h, ut):
                z = jax.nn.sigmoid(w[0] * h + ut[:, 0])
                r = jax.nn.sigmoid(w[1] * h + ut[:, 1])
                n = h + z * (jax.numpy.tanh(w[2] * h * r + ut[:, 2]) - h)
                return n, n

            start = jax.numpy.zeros_like(u[:, 0, 0])
            return jax.lax.scan(step, start, u.swapaxes(0, 1))[1].swapaxes(0, 1)

        return jax_candidate("JAX lax.scan", scan, [weights, u])

    def numba():
        def scan(w, u, o):
            for b in range(u.shape[0]):
                h = np.zeros(u.shape[3], np.float32)
                for t in range(u.shape[1]):
                    for d in range(u.shape[3]):
                        z = np.float32(1) / (np.float32(1) + np.exp(-(w[0, d] * h[d] + u[b, t, 0, d])))
                        r = np.float32(1) / (np.float32(1) + np.exp(-(w[1, d] * h[d] + u[b, t, 1, d])))
                        n = np.tanh(w[2, d] * h[d] * r + u[b, t, 2, d])
                        h[d] = h[d] + z * (n - h[d])
                        o[b, t, d] = h[d]

        return numba_candidate(scan, [weights, u], out)

    def torch_loop():
        def make(torch):
            w, tu, result = torch.from_numpy(weights), torch.from_numpy(u), torch.empty(out.shape)

            def run():
                h = torch.zeros_like(tu[:, 0, 0])
                for t in range(tu.shape[1]):
                    zr = torch.sigmoid(w[:2] * h[:, None] + tu[:, t, :2])
                    n = torch.tanh(w[2] * h * zr[:, 1] + tu[:, t, 2])
                    h = torch.lerp(h, n, zr[:, 0])
                    result[:, t] = h
                return result

            return run

        return torch_candidate("torch loop", make)

    return [jax_loop, numba, torch_loop]


def selective_scan(dt, decay, b, c, x, out):
    """Factories for Mamba-1's scan of one sequence: dt, x [T, D], decay [N, D], b, c [T, N]."""
    def jax_loop():
        jax = package("jax")

        def scan(dt, decay, b, c, x):
            def step(h, row):
                dt_t, b_t, c_t, x_t = row
                h = jax.numpy.exp(dt_t * decay) * h + b_t[:, None] * (dt_t * x_t)
                return h, c_t @ h

            return jax.lax.scan(step, jax.numpy.zeros_like(decay), (dt, b, c, x))[1]

        return jax_candidate("JAX lax.scan", scan, [dt, decay, b, c, x])

    def numba():
        def scan(dt, decay, b, c, x, o):
            h = np.zeros(decay.shape, np.float32)
            for t in range(dt.shape[0]):
                o[t] = 0
                for n in range(decay.shape[0]):
                    for d in range(decay.shape[1]):
                        h[n, d] = np.exp(dt[t, d] * decay[n, d]) * h[n, d] + dt[t, d] * x[t, d] * b[t, n]
                        o[t, d] += c[t, n] * h[n, d]

        return numba_candidate(scan, [dt, decay, b, c, x], out)

    return [jax_loop, numba]


def gated(kind, x, w, r, b, c):
    """Factories for a whole LSTM or GRU (input projection included) on x [B, T, I]; weights in torch's
    layout. The oracle's layout is [B, T, H]."""
    hidden, batch, steps = r.shape[1], x.shape[0], x.shape[1]
    time_major = np.ascontiguousarray(x.swapaxes(0, 1))
    back = lambda y: y.swapaxes(0, 1)

    def onnx_op():
        # ONNX: LSTM gates i, o, f, c; GRU gates z, r, h.
        order = [0, 3, 1, 2] if kind == "LSTM" else [1, 0, 2]
        swap = lambda m: m.reshape(len(order), hidden, -1)[order].reshape(1, -1, *m.shape[1:])
        helper = package("onnx").helper
        extra = {} if kind == "LSTM" else {"linear_before_reset": 1}
        node = helper.make_node(kind, ["x", "w", "r", "b"], ["y"], hidden_size=hidden, **extra)
        bias = np.concatenate([swap(b), swap(c)], axis=1)
        return onnx_candidate(f"ORT {kind}", [node], {"w": swap(w), "r": swap(r), "b": bias},
                              {"x": time_major}, [steps, 1, batch, hidden], lambda y: back(y[:, 0]))

    def torch_module():
        def make(torch):
            module = getattr(torch.nn, kind)(x.shape[2], hidden)
            with torch.no_grad():
                for parameter, value in zip(module.parameters(), (w, r, b, c)):
                    parameter.copy_(torch.from_numpy(value))
            value = torch.from_numpy(time_major)
            return lambda: module(value)[0]

        return torch_candidate(f"torch nn.{kind}", make, back)

    def jax_loop():
        jax = package("jax")
        sigmoid, tanh = jax.nn.sigmoid, jax.numpy.tanh

        def lstm(state, row, r):
            h, cell = state
            i, f, g, o = jax.numpy.split(row + h @ r, 4, axis=1)
            cell = sigmoid(f) * cell + sigmoid(i) * tanh(g)
            h = sigmoid(o) * tanh(cell)
            return (h, cell), h

        def gru(state, row, r):
            (h,) = state
            inside = h @ r + c
            reset, z = (sigmoid(row[:, k:k + hidden] + inside[:, k:k + hidden]) for k in (0, hidden))
            n = tanh(row[:, 2 * hidden:] + reset * inside[:, 2 * hidden:])
            h = n + z * (h - n)
            return (h,), h

        def whole(x, w, r, b):
            rows = x @ w + b
            start = jax.numpy.zeros((batch, hidden), x.dtype)
            if kind == "LSTM":
                return jax.lax.scan(lambda s, row: lstm(s, row, r), (start, start), rows)[1]
            return jax.lax.scan(lambda s, row: gru(s, row, r), (start,), rows)[1]

        bias = b + c if kind == "LSTM" else b
        transposed = np.ascontiguousarray(w.T), np.ascontiguousarray(r.T)
        return jax_candidate("JAX lax.scan", whole, [time_major, *transposed, bias], back)

    return [onnx_op, jax_loop, torch_module]
