# RUN: %python %s
# REQUIRES: numpy, x86-host
"""What an emulated GPU counts: steps that keep channels apart read their inputs once and write their outs once, a warp's
request asks for no more sectors than its bytes fill, and counts do not depend on the order of threads."""

import library
from gpu_tools import counter

B, T, D = 3, 200, 64
SECTOR = 32


def counts(source, seed, T=T):
    return counter(source, "fused")(seed=seed, B=B, T=T)


def least_bytes(cell, T=T):
    """Each input, state and weight once, each result once."""
    times = {"in": B * T, "state": B, "weight": 1}
    total = 0
    for kind, shape, _ in [*(a[1:] for a in cell.arguments), *cell.results]:
        elements = 1
        for size in shape:
            elements *= size
        total += times[kind] * elements * 4
    return total


for name in ("biquad", "ema", "gate_loop", "logcumsumexp", "rwkv4_wkv"):
    cell = library.Cell(name, D=D)
    got = counts(cell.program(), 1)
    assert got == counts(cell.program(), 7), name
    assert got["launches"] == 1, (name, got)
    ratio = got["bytes"] / least_bytes(cell)
    assert 1 <= ratio <= 1.1, f"{name}: {got['bytes']} bytes, {ratio:.3f} times the least"
    # 32 floats side by side are 4 sectors.
    assert got["sectors"] * SECTOR == got["bytes"], (name, got)
    assert got["sectors"] == 4 * got["requests"], (name, got)
    print(f"{name}: {ratio:.3f} times the least bytes, {got['sectors'] / got['requests']} sectors a request")

# Several modes of each channel: kernels in front move weights and states once, so that more steps are needed.
for name in ("mega_ema", "cema", "s4d"):
    cell = library.Cell(name, D=D, N=4)
    got = counts(cell.program(), 1, T=1000)
    ratio, sectors = got["bytes"] / least_bytes(cell, T=1000), got["sectors"] * SECTOR / got["bytes"]
    assert 1 <= ratio <= 1.1 and 1 <= sectors <= 1.1, f"{name}: {ratio:.3f} times the least bytes, {sectors:.3f} of them"
    print(f"{name}: {ratio:.3f} times the least bytes, sectors of {sectors:.3f} times those")

# Where a block carries a sequence, what its threads share is read and written without bank conflicts.
for name in ("elman", "gru", "gru_reset_before", "lstm"):
    for head, steps in ((64, T), (128, 20)):
        got = counts(library.Cell(name, H=head, I=16).program(), 1, steps)
        assert got["shared requests"] >= B * steps and got["barriers"] >= B * steps, (name, got)
        assert got["bank conflicts"] == 0, (name, got)
        print(f"{name} of {head}: {got['shared requests']} requests of shared memory, no bank conflicts")

# A warp whose threads are at the end of one row of all transitions and at the beginning of the next reads two words of one
# bank: one conflict, where states fill no whole warps. Rows of whole warps would have more requests than there are conflicts.
for name in ("hmm_forward", "viterbi"):
    for states in (9, 33, 48, 64, 100):
        got = counts(library.Cell(name, S=states).program(), 1, T=20)
        most = 0.12 * got["shared requests"] if states > 32 and states % 32 else 0
        assert got["bank conflicts"] <= most, (name, states, got)
        print(f"{name} of {states}: {got['shared requests']} requests of shared memory, {got['bank conflicts']} bank conflicts")

# Weights that registers do not hold are in shared memory: a step reads inputs and writes outs, and nothing else. (Of the
# LSTM's 128 terms 5 do not fit there either, on sm_80.)
for name, terms in (("gru", 0), ("gru_reset_before", 0), ("lstm", 5)):
    cell = library.Cell(name, H=128, I=16)
    few, many = (counts(cell.program(), 1, steps) for steps in (20, 40))
    gates = {"gru": 3, "gru_reset_before": 3, "lstm": 4}[name]
    # Input products are written and read for each step, and inputs read for them; weights of the terms that are left.
    most = B * 20 * 4 * (16 * 128 * gates + 128 * gates * (3 + terms + 16 / 8) + 2 * 128)
    assert many["bytes"] - few["bytes"] <= most, (name, few, many)
