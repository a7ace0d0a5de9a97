# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Plan `segments` of steps that mix channels, under the certificate `backward`: every step is bitwise the step of the
state before it, except behind blocks where the state jumps by no more than the threshold. Checked by replaying
every step of whole calls; adversaries are those of what a seam cannot see.

`%python segments-backward.py --all` takes every combination instead of a part of them."""

import itertools
import sys

import numpy as np

import plans
from dense_steps import BLOCK, SEGMENTS, Dense, weights

ALL = "--all" in sys.argv
CALLS = {"calls": 0, "jumps": 0, "one by one": 0, "repaired": 0}


def note(stats):
    CALLS["calls"] += 1
    CALLS["jumps"] += stats.jumps
    CALLS["one by one"] += stats.one_by_one
    CALLS["repaired"] += stats.repaired


def draw(rng, dense, T, B=1, gain=1.0, bias=0.0):
    form = dense.form
    shape = (B, T, dense.I) if form.get("batched", True) else (T, dense.I)
    if form.get("time_major"):
        shape = (T, B, dense.I)
    values = [rng.standard_normal(shape).astype(dense.dtype)]
    values += weights(rng, dense.cell, dense.H, dense.I, form.get("dtype", "f32"), gain, bias)
    G = len(values[3])
    if form.get("shared"):
        values.append(rng.standard_normal((T, G)).astype(dense.dtype))
    if form.get("given"):
        values.append(rng.standard_normal((B, G)).astype(dense.dtype))
    state = (B, dense.H) if form.get("batched", True) else (dense.H,)
    return values + [(rng.standard_normal(state) / 2).astype(dense.dtype) for _ in range(dense.states)]


def lengths():
    """Around blocks, segments of one and two blocks, and long ones of a prime length."""
    unit = BLOCK * SEGMENTS
    return (0, 1, BLOCK - 1, BLOCK, BLOCK + 1, unit - 1, unit, 2 * unit - 1, 2 * unit, 2 * unit + 1, 997, 2 * 997, 4099)


def forms():
    """Operands, layouts, dtypes, widths that fill no vector."""
    rng = np.random.default_rng(7)
    cases = [("lstm", 16, {}), ("gru", 20, {}), ("elman", 5, {}), ("lstm", 7, {"dtype": "f64"}),
             ("gru", 16, {"reverse": True}), ("lstm", 8, {"time_major": True}), ("elman", 17, {"batched": False}),
             ("lstm", 9, {"shared": True}), ("gru", 8, {"given": True, "shared": True, "reverse": True})]
    for (cell, H, form), (B, T) in itertools.product(cases, [(1, 2053), (3, 1031), (2, 300), (1, 0), (1, 5)]):
        dense = Dense(cell, H, **form)
        if not form.get("batched", True) and B > 1:
            continue
        values = draw(rng, dense, T, B)
        note(dense.check(values, f"{cell} {H} {form}, B={B}, T={T}")[1])


def sizes_and_gates():
    """Weight scales, biases and lengths; chaotic ones are finished one segment after the other."""
    gains, biases = (0.5, 1.0, 2.0, 4.0, 12.0), (0.0, 2.0, 4.0)
    for cell, H in (("lstm", 24), ("gru", 16), ("elman", 32)):
        dense = Dense(cell, H)
        every = list(itertools.product(gains, biases if cell != "elman" else (0.0,), lengths(), range(4 if ALL else 1)))
        for i, (gain, bias, T, seed) in enumerate(every):
            if ALL or i % 3 == 0 or T > 4000:
                rng = np.random.default_rng([H, i, seed])
                note(dense.check(draw(rng, dense, T, 1, gain, bias), f"{cell} {H}, gain {gain}, bias {bias}, T={T}")[1])


def special_values():
    """NaN and infinity in the middle of the input: nothing is accepted that is not finite."""
    dense = Dense("lstm", 16)
    for value, T in itertools.product((np.nan, np.inf, -np.inf, 3e38), (2053, 4099)):
        values = draw(np.random.default_rng(T), dense, T)
        values[0][0, T // 2, 0] = value
        note(dense.check(values, f"{value} at {T // 2} of {T}")[1])


def threads():
    """The schedule alone decides about bits."""
    for count in (2, 3):
        dense = Dense("lstm", 16, threads=count)
        values = draw(np.random.default_rng(count), dense, 5003)
        first = dense.check(values, f"{count} threads")
        for parts in (1, 2, 5):
            again = dense.check(values, f"{count} threads, {parts} parts", plans.in_parts(parts, threads=True, seed=parts))
            for a, b in zip(first[0], again[0]):
                assert a.tobytes() == b.tobytes(), (count, parts)


# --- adversaries -----------------------------------------------------------------------------


def lstm_by_hand(H, I):
    """Weights of 0 with open output gates; `set(gate, unit, bias, inputs, units)`."""
    w, r, b = (np.zeros(s, np.float32) for s in ((4 * H, I), (4 * H, H), (4 * H,)))
    order = {"i": 0, "f": 1, "g": 2, "o": 3}
    b[3 * H :] = 20

    def put(gate, unit, bias=0.0, inputs={}, units={}):
        row = order[gate] * H + unit
        b[row] = bias
        for k, v in inputs.items():
            w[row, k] = v
        for k, v in units.items():
            r[row, k] = v

    return [w, r, b], put


def forgetful(put, first, units={}):
    """The units from `first` on: usual gates, fed by inputs 1 and 2, themselves and `units`."""
    for unit in range(first, 8):
        put("i", unit), put("f", unit)
        put("g", unit, 0.0, {1: 1.0, 2: 0.5}, {unit: 0.5, **units})


def hand_check(dense, x, three, what, near=None):
    start = np.zeros((1, dense.H), np.float32)
    values = [x, *three, start, start]
    results, stats, _ = dense.check(values, what)
    note(stats)
    assert stats.repaired or stats.one_by_one < 1, f"{what}: the probe has refused it"
    if near is not None:
        right = dense.fused(*values)
        worst = max(np.abs(a - b).max() for a, b in zip(results, right))
        assert worst <= near, f"{what}: {worst} away from the sequential result"
    return stats


def integrator(extra=()):
    """A: an integrator of 1e-10 a step, read by a weight of 2e6 whose gate opens in the middle of segments only. Its
    difference at seams is no trace in absolute terms; 32 units of its own size see it. Reset in the beginning, where
    the probe looks."""
    dense = Dense("lstm", 8, I=4, extra=extra)
    for seed in range(20 if ALL else 4):
        rng, T = np.random.default_rng([1, seed]), 8192
        three, put = lstm_by_hand(8, 4)
        put("f", 0, 40.0, {3: -80.0})
        put("i", 0, 40.0)
        put("g", 0, 1e-10)
        put("f", 1, -40.0)
        put("i", 1, -30.0, {0: 60.0})
        put("g", 1, 0.0, units={0: 2e6})
        forgetful(put, 2)
        x = rng.standard_normal((1, T, 4)).astype(np.float32)
        x[..., 0] = x[..., 3] = 0
        x[0, :40, 3] = 1
        x[0, T // SEGMENTS // 2 :: T // SEGMENTS, 0] = 1
        hand_check(dense, x, three, f"integrator {seed}", 1e-5)


def latch(extra=()):
    """B: a memory that is written about every 3000 steps, and in the beginning, where the probe looks."""
    dense = Dense("lstm", 8, I=3, extra=extra)
    for seed in range(20 if ALL else 4):
        rng, T = np.random.default_rng([2, seed]), 8192
        three, put = lstm_by_hand(8, 3)
        put("f", 0, 40.0, {0: -80.0})
        put("i", 0, -40.0, {0: 80.0})
        put("g", 0, 0.0, {1: 1.0})
        forgetful(put, 1, {0: 0.7})
        x = rng.standard_normal((1, T, 3)).astype(np.float32)
        x[..., 0] = rng.random((1, T)) < 1 / 3000
        x[0, :3, 0] = 1
        hand_check(dense, x, three, f"latch {seed}", 1e-5)


def bursts():
    """C: some steps of chaos just behind a seam: the backward statement alone."""
    H = 16
    dense = Dense("lstm", H, I=2)
    for seed, length in itertools.product(range(10 if ALL else 2), (20, 40, 80)):
        rng, T = np.random.default_rng([3, seed, length]), 8192
        three = weights(rng, "lstm", H, 2, gain=1.0)
        three[1] *= 8
        three[2][:H] = -20  # the input gate is shut but in a burst
        three[0][:H, 0] = 22
        x = rng.standard_normal((1, T, 2)).astype(np.float32)
        x[..., 0] = 0
        unit = T // SEGMENTS
        for s in range(1, SEGMENTS):
            x[0, s * unit + 3 : s * unit + 3 + length, 0] = 1
        hand_check(dense, x, three, f"burst {seed} of {length}")


def separatrix():
    """D: one event leaves a bistable unit, which the first steps have decided, next to its separatrix."""
    dense = Dense("lstm", 8, I=4)
    for seed in range(20 if ALL else 4):
        rng, T = np.random.default_rng([4, seed]), 8192
        three, put = lstm_by_hand(8, 4)
        put("f", 0, -40.0)
        put("i", 0, 40.0, {3: -80.0})
        put("g", 0, 0.0, {0: 1.0}, {0: 2.0, 1: 1e-5})
        forgetful(put, 1)
        x = rng.standard_normal((1, T, 4)).astype(np.float32)
        x[..., 0] = x[..., 3] = 0
        x[0, :5, 0] = 5
        x[0, T // 3, 3] = 1
        x[0, T // 3 + 1, 0] = rng.choice([-1, 1]) * 10.0 ** rng.uniform(-6, -4)
        hand_check(dense, x, three, f"separatrix {seed}")


def partial_resets():
    """E: a partial reset before every seam and a hold between: nothing adds up."""
    dense = Dense("lstm", 8, I=3)
    for seed in range(10 if ALL else 3):
        rng, T = np.random.default_rng([5, seed]), 8192
        three, put = lstm_by_hand(8, 3)
        for unit in range(8):
            put("f", unit, 40.0, {0: -40.0}), put("i", unit, -40.0, {0: 40.0})
            put("g", unit, 0.0, {1: 1.0, 2: 0.5}, {(unit + 1) % 8: 0.5})
        x = rng.standard_normal((1, T, 3)).astype(np.float32)
        unit = T // SEGMENTS
        x[..., 0] = (np.arange(T) % unit) > unit - 90
        x[0, :90, 0] = 1
        hand_check(dense, x, three, f"partial resets {seed}", 1e-5)


# --- the forward error, where it means something ------------------------------------------------


def in_double(values, H):
    """h of an LSTM in float64."""
    x, w, r, b, h, c = (np.asarray(v, np.float64) for v in values)
    rows, path = x[0] @ w.T + b, []
    h, c = h[0], c[0]
    for row in rows:
        i, f, g, o = np.split(row + r @ h, 4)
        i, f, o = (1 / (1 + np.exp(-v)) for v in (i, f, o))
        c = f * c + i * np.tanh(g)
        h = o * np.tanh(c)
        path.append(h)
    return np.array(path)


def forward():
    """Where another order of sums and a start that is moved by one unit in the last place agree with the sequential
    result, the error against float64 is at most twice the greatest of these three, and 4 units more."""
    H, epsilon, meant = 32, 2.0**-23, 0
    dense = Dense("lstm", H, I=8)
    for gain, bias, seed in itertools.product((1.0, 2.0), (0.0, 1.0), range(8 if ALL else 2)):
        rng = np.random.default_rng([6, int(gain), int(bias), seed])
        values = draw(rng, dense, 4096, 1, gain, bias)
        turned = np.arange(H)[::-1]
        rows = np.concatenate([k * H + turned for k in range(4)])
        x, w, r, b, h, c = values
        other = dense.fused(x, w[rows], r[rows][:, turned], b[rows], h[:, turned], c[:, turned])[0][..., turned]
        moved = dense.fused(x, w, r, b, np.nextafter(h, np.float32(9)), c)[0]
        plain, right = dense.fused(*values)[0], in_double(values, H)
        if max(np.abs(other - plain).max(), np.abs(moved - plain).max()) > 64 * epsilon:
            continue
        meant += 1
        results, stats, _ = dense.check(values, f"forward {gain} {bias} {seed}")
        note(stats)
        error = lambda y: np.abs(y[0] - right).max()
        most = 2 * max(error(plain), error(other), error(moved)) + 4 * epsilon
        assert error(results[0]) <= most, f"gain {gain}, bias {bias}, seed {seed}: {error(results[0])} > {most}"
    assert meant >= 4, meant


def plain(extra=(), H=24, gain=1.0, bias=0.0):
    """An LSTM of usual gates."""
    dense = Dense("lstm", H, extra=extra)
    for seed in range(6):
        note(dense.check(draw(np.random.default_rng(seed), dense, 4099, 1, gain, bias), f"{H} units {seed}")[1])


def narrow(extra=()):
    """Two units whose outputs come near before their memories do."""
    plain(extra, 2, 4.0, 2.0)


def weakened():
    """Each part of the certificate that is left out is noticed."""
    for part, case in (("one-state", narrow), ("no-checkpoint", plain), ("no-repair", plain), ("one-bound", integrator),
                       ("no-repair", latch)):
        case()
        try:
            case([f"--test-weaken={part}"])
        except AssertionError:
            continue
        raise AssertionError(f"{part} left out: nobody noticed in {case.__name__}")


for part in (forms, sizes_and_gates, special_values, threads, integrator, latch, bursts, separatrix, partial_resets, forward,
             weakened):
    part()
print(", ".join(f"{count} {name}" for name, count in CALLS.items()))
assert CALLS["jumps"] and CALLS["one by one"] and CALLS["repaired"], CALLS
