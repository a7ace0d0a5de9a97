# RUN: %python %s
# REQUIRES: numpy, scipy
"""Hidden Markov models and the Kalman filter of the cell library. Oracles: SciPy's logsumexp, a search
over all paths, and the joint update of the covariance with NumPy's solver, in float64."""

import itertools

import numpy as np
from scipy.special import log_softmax, logsumexp

import library


def along_time(pieces, B, *shape):
    return np.stack(pieces, 1) if pieces else np.empty((B, 0, *shape))


def hmm_forward(e, transition, p):
    alphas, (B, _, S) = [], e.shape
    for t in range(e.shape[1]):
        alphas.append(p + e[:, t])
        with np.errstate(divide="ignore"):
            p = logsumexp(alphas[-1][:, :, None] + transition, 1)
    return [along_time(alphas, B, S), p]


def viterbi(e, transition, p):
    deltas, pointers, (B, _, S) = [], [], e.shape
    for t in range(e.shape[1]):
        deltas.append(p + e[:, t])
        paths = deltas[-1][:, :, None] + transition
        pointers.append(paths.argmax(1))
        p = paths.max(1)
    return [along_time(deltas, B, S), along_time(pointers, B, S), p]


def best_path(e, transition, p, last=-1):
    """Over all paths of one sequence: the best one, by the sum of its scores. Ties must not occur."""
    (T, S), best = e.shape, None
    for path in itertools.product(range(S), repeat=T):
        steps = [transition[i, j] for i, j in zip(path, [*path[1:], *([last] if last >= 0 else [])])]
        score = p[path[0]] + sum(e[range(T), path]) + sum(steps)
        best = max(best or (-np.inf, ()), (score, path))
    return best


def kalman(y, f, q, h, r, m, p):
    """One update by all observations at once, then the prediction."""
    means, covariances, (B, T, _), n = [], [], y.shape, len(f)
    for t in range(T):
        s = h @ p @ h.T + np.diag(r)
        gain = np.linalg.solve(s, h @ p).swapaxes(1, 2)
        m = m + np.einsum("bnm,bm->bn", gain, y[:, t] - m @ h.T)
        p = p - gain @ h @ p
        means.append(m)
        covariances.append(p)
        m, p = m @ f.T, f @ p @ f.T + q
    return [along_time(means, B, n), along_time(covariances, B, n, n), m, p]


rng = np.random.default_rng(47)
log_rows = {"transition": lambda v: log_softmax(3 * v, 1), "p0": lambda v: log_softmax(v, -1)}
eighths = lambda v: np.rint(8 * v) / 8
exact = {"e": eighths, "transition": eighths, "p0": eighths}

for name, sizes in (("hmm_forward", dict(S=17)), ("viterbi", dict(S=17)), ("kalman", dict(N=5, M=3))):
    library.check_special_values(library.Cell(name, **sizes), rng)
for B, T, S in itertools.product(library.BATCHES, library.LENGTHS, (1, 5, 16, 17)):
    cell = library.Cell("hmm_forward", S=S)
    values = cell.values(rng, B, T, **log_rows)
    library.check(cell, values, hmm_forward(*library.wide(values)), 5e-6, 2e-5)

    # Eighths add without rounding: scores and pointers are exact, ties included.
    cell = library.Cell("viterbi", S=S)
    values = cell.values(rng, B, T, **exact)
    expected = viterbi(*library.wide(values))
    scores, pointers, _ = library.check(cell, values, expected, 0, 0)
    back = library.Cell("viterbi_path", S=S)
    last = rng.integers(-1, S, B)
    path, state = np.empty((B, T)), last
    for t in reversed(range(T)):
        state = np.where(state < 0, scores[:, t].argmax(1), np.take_along_axis(pointers[:, t], state[:, None], 1)[:, 0])
        path[:, t] = state
    library.check(back, [scores, pointers, last], [path, state], 0, 0, streams=False)

# f64, and states that no path reaches.
cell = library.Cell("hmm_forward", "f64", S=9)
values = cell.values(rng, 3, 33, **log_rows)
library.check(cell, values, hmm_forward(*library.wide(values)), 1e-14, 1e-12)
for name, oracle in (("hmm_forward", hmm_forward), ("viterbi", viterbi)):
    cell = library.Cell(name, S=4)
    upper = np.where(np.tri(4, k=-1) > 0, -np.inf, np.log(0.5))
    values = cell.values(rng, 2, 31, transition=upper, p0=[-np.inf, 0, -np.inf, -200], e=lambda v: -50 * v**2)
    values[0][:, 20, 1] = -np.inf
    results = library.check(cell, values, oracle(*library.wide(values)), 1e-6, 1e-5)
    assert np.isneginf(results[0][:, :, 0]).all() and not np.isnan(results[0]).any(), results[0]

# Forward pass and backtracking find the best of all paths, also when the next state is given.
cell, back = library.Cell("viterbi", "f64", S=3), library.Cell("viterbi_path", "f64", S=3)
forward, backward = cell.compile(), back.compile()
for T, last in itertools.product((1, 2, 6), (-1, 2)):
    values = cell.values(rng, 4, T)
    scores, pointers, after = forward(*values)
    path, _ = backward(scores, pointers, np.full(4, last))
    for b in range(4):
        score, best = best_path(values[0][b], values[1], values[2][b], last)
        assert tuple(path[b]) == best, (T, last, path[b], best)
        found = scores[b, -1].max() if last < 0 else after[b, last]
        assert abs(found - score) < 1e-12, (found, score)

stable = {"f": lambda v: 0.9 * np.linalg.qr(v)[0], "q": lambda v: v @ v.T / len(v), "r": lambda v: 0.1 + v**2}
prior = {"p0": lambda v: v @ v.swapaxes(1, 2) + np.eye(v.shape[-1])}
for (N, M), B, T in itertools.product([(1, 1), (2, 1), (4, 2), (3, 5), (9, 17)], library.BATCHES, library.LENGTHS):
    cell = library.Cell("kalman", N=N, M=M)
    values = cell.values(rng, B, T, **stable, **prior)
    results = library.check(cell, values, kalman(*library.wide(values)), 2e-5, 2e-5)
    for p in (results[1], results[3][:, None]):
        assert np.array_equal(p, p.swapaxes(2, 3)) or not T, f"N={N} M={M} T={T}: not symmetric"
cell = library.Cell("kalman", "f64", N=4, M=2)
values = cell.values(rng, 2, 33, **stable, **prior)
library.check(cell, values, kalman(*library.wide(values)), 1e-12, 1e-12)
