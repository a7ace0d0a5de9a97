"""The two cells of ParaRNN (arXiv 2510.21450) in NumPy, from their equations: steps, Jacobians, data.

Arrays end in [3, D] (gates, channels) for projected inputs and weights, in [2, D] for peepholes, in [D] for
states; what stands before them broadcasts. Types follow the arguments: float64 is the oracle.
"""
import numpy as np


def sigmoid(x):
    with np.errstate(over="ignore"):  # of steep cells: exp is infinite, the gate is 0
        return 1 / (1 + np.exp(-x))


def gate(array, number):
    return array[..., number, :]


class Gru:
    """ParaGRU: gates z, r, n. z close to 0 keeps the state."""

    name, file, states, slow = "ParaGRU", "para-gru", 1, 1
    operations = 75  # two sigmoids and a tanh by polynomials are about 60

    @staticmethod
    def weights(draw, channels):
        """[a [3, D]], `draw(shape)` each."""
        return [draw((3, channels))]

    @staticmethod
    def gates(weights, u, state):
        (a,), (h,) = weights, state
        z, r = sigmoid(gate(a, 0) * h + gate(u, 0)), sigmoid(gate(a, 1) * h + gate(u, 1))
        return z, r, np.tanh(gate(a, 2) * h * r + gate(u, 2))

    @classmethod
    def step(cls, weights, u, state):
        (h,), (z, _, n) = state, cls.gates(weights, u, state)
        return (h + z * (n - h),)

    @classmethod
    def linearized(cls, weights, u, state):
        """(step, its Jacobian by rows of new and columns of old states)."""
        (a,), (h,), (z, r, n) = weights, state, cls.gates(weights, u, state)
        by_z, by_r = z * (1 - z) * gate(a, 0), r * (1 - r) * gate(a, 1)
        by_n = (1 - n * n) * gate(a, 2) * (r + h * by_r)
        return (h + z * (n - h),), [[1 - z + (n - h) * by_z + z * by_n]]


class Cifg:
    """ParaLSTM: gates f, g, o, peepholes f, o; the output h comes before the memory c. f close to 1 keeps the
    memory."""

    name, file, states, slow = "ParaLSTM", "para-lstm", 2, -1
    operations = 105  # two sigmoids and two tanh

    @staticmethod
    def weights(draw, channels):
        """[a [3, D], p [2, D]]."""
        return [draw((3, channels)), draw((2, channels))]

    @staticmethod
    def gates(weights, u, state):
        """(f, g, the new memory, o)."""
        (a, p), (h, c) = weights, state
        f = sigmoid(gate(a, 0) * h + gate(p, 0) * c + gate(u, 0))
        g = np.tanh(gate(a, 1) * h + gate(u, 1))
        new = g + f * (c - g)
        return f, g, new, sigmoid(gate(a, 2) * h + gate(p, 1) * new + gate(u, 2))

    @classmethod
    def step(cls, weights, u, state):
        _, _, new, o = cls.gates(weights, u, state)
        return o * np.tanh(new), new

    @classmethod
    def linearized(cls, weights, u, state):
        (a, p), (_, c), (f, g, new, o) = weights, state, cls.gates(weights, u, state)
        s = np.tanh(new)
        steep = f * (1 - f) * (c - g)
        c_by_h, c_by_c = steep * gate(a, 0) + (1 - f) * (1 - g * g) * gate(a, 1), f + steep * gate(p, 0)
        by_o = o * (1 - o) * s
        by_new = by_o * gate(p, 1) + o * (1 - s * s)
        return (o * s, new), [[by_o * gate(a, 2) + by_new * c_by_h, by_new * c_by_c], [c_by_h, c_by_c]]


def sequence(cell, weights, u):
    """The outputs [T, ...] of one step after the other over u [T, ..., 3, D] from zero, in the type of `u`."""
    state = (np.zeros(u.shape[1:-2] + u.shape[-1:], u.dtype),) * cell.states
    result = np.empty((len(u), *state[0].shape), u.dtype)
    for t, row in enumerate(u):
        state = cell.step(weights, row, state)
        result[t] = state[0]
    return result


def slowed(cell, u, bias):
    """Adds `bias` to the update gate of u [..., 3, D] in place: the more negative, the slower. ParaLSTM's gate is
    that of forgetting, so its sign is turned."""
    u[..., 0, :] += cell.slow * bias
    return u
