"""JAX, torch, numba and ONNX Runtime on ParaRNN's cells over one sequence, u [1, T, 3, D].

ONNX's and torch's layers have dense recurrent weights; with diagonal matrices and an input projection that
only sorts the gates they compute these cells. That is quick while channels are few.
"""
import numpy as np

from . import peers
from .peers import jax_candidate, onnx_candidate, package, torch_candidate
from .scan_peers import named

FEW = 16  # channels


def diagonal(rows):
    """Diagonal matrices for rows [gates, D], below one another."""
    return np.concatenate([np.diag(row) for row in rows]).astype(np.float32)


def picks(order, signs, channels):
    """The projection that takes the gates of u in `order`."""
    blocks = np.zeros((len(order), channels, 3, channels), np.float32)
    for row, (taken, sign) in enumerate(zip(order, signs)):
        blocks[row, :, taken] = sign * np.eye(channels)
    return blocks.reshape(len(order) * channels, 3 * channels)


def gru(weights, u):
    """ParaGRU as a GRU: torch's gates are r, z, n, and its z keeps the state."""
    (a,), channels = weights, u.shape[-1]
    loop, numba, _ = peers.para_gru(a, u, np.empty((*u.shape[:2], channels), np.float32))
    made = [named("JAX lax.scan", loop), named("numba", numba)]
    if channels > FEW:
        return made
    none = np.zeros(3 * channels, np.float32)
    flat = np.ascontiguousarray(u.reshape(*u.shape[:2], -1))
    operator, _, module = peers.gated("GRU", flat, picks([1, 0, 2], [1, -1, 1], channels),
                                      diagonal([a[1], -a[0], a[2]]), none, none)
    return [*made, named("ORT GRU", operator), named("torch nn.GRU", module)]


def lstm(weights, u):
    """ParaLSTM; torch has no peepholes, so there it is a loop."""
    return [named("JAX lax.scan", lambda: jax_lstm(weights, u)), named("ORT LSTM", lambda: onnx_lstm(weights, u)),
            named("torch loop", lambda: torch_lstm(weights, u))]


def jax_lstm(weights, u):
    jax = package("jax")

    def scan(a, p, u):
        def step(state, row):
            h, c = state
            f = jax.nn.sigmoid(a[0] * h + p[0] * c + row[0])
            g = jax.numpy.tanh(a[1] * h + row[1])
            c = g + f * (c - g)
            h = jax.nn.sigmoid(a[2] * h + p[1] * c + row[2]) * jax.numpy.tanh(c)
            return (h, c), h

        zero = jax.numpy.zeros_like(u[0, 0, 0])
        return jax.lax.scan(step, (zero, zero), u[0])[1][None]

    return jax_candidate("JAX lax.scan", scan, [*weights, u])


def onnx_lstm(weights, u):
    """ONNX's gates are i, o, f, c with peepholes i, o, f; i = 1 - f is f's sigmoid of the negative."""
    (a, p), (_, steps, _, channels) = weights, u.shape
    node = package("onnx").helper.make_node("LSTM", ["x", "w", "r", "", "", "", "", "p"], ["y"], hidden_size=channels)
    initializers = {"w": picks([0, 2, 0, 1], [-1, 1, 1, 1], channels)[None],
                    "r": diagonal([-a[0], a[2], a[0], a[1]])[None],
                    "p": np.concatenate([-p[0], p[1], p[0]])[None]}
    x = np.ascontiguousarray(u.reshape(steps, 1, 3 * channels))
    return onnx_candidate("ORT LSTM", [node], initializers, {"x": x}, [steps, 1, 1, channels],
                          lambda y: y[:, 0].swapaxes(0, 1))


def torch_lstm(weights, u):
    def make(torch):
        (a, p), rows = map(torch.from_numpy, weights), torch.from_numpy(u[0])
        result = torch.empty((len(rows), rows.shape[-1]))

        def run():
            h = c = torch.zeros(rows.shape[-1])
            for t, row in enumerate(rows.unbind(0)):
                f = torch.sigmoid(a[0] * h + p[0] * c + row[0])
                c = torch.lerp(torch.tanh(a[1] * h + row[1]), c, f)
                h = torch.sigmoid(a[2] * h + p[1] * c + row[2]) * torch.tanh(c)
                result[t] = h
            return result

        return run

    return torch_candidate("torch loop", make, lambda y: y[None])
