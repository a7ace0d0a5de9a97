# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Plans `segments` and `newton` give the bits of plan `fused`, whatever the states do: every cell of the library
for which they are legal, by weights, biases, lengths, starts, widths, batches and threads.

`%python segments.py --all` takes every combination instead of a part of them."""

import itertools
import sys
import threading

import numpy as np

import bits
import plans
from compiled import SeqcError, compile_text, context, levels
from library import Cell, names
from segment_cases import LENGTHS, LONG, STARTS, Pair, spoil, start

ALL = "--all" in sys.argv
SCALES = (0.1, 0.5, 0.9, 1, 2, 4, 12, 100)
BIASES = (0, -3, -6, 2, 6)
LEGAL = ("biquad", "ema", "gate_loop", "hgrn", "logcumsumexp", "min_gru", "min_lstm", "para_gru", "para_lstm",
         "qrnn", "rwkv4_wkv", "s5", "sru", "sru_peephole")  # fmt: skip


def values_of(cell, rng, B, T, scale, bias, begin, special):
    """Random arguments: gates that open by `bias` (their first block), weights of size `scale`."""
    values = cell.values(rng, B, T)
    for (name, kind, shape, element), value in zip(cell.arguments, values):
        if kind == "state":
            value[...] = start(rng, value.shape, begin)
        elif name == "b":
            value[: cell.sizes["H"]] = bias
        elif kind == "weight" and name not in ("w", "b_re", "b_im"):
            value *= scale
        elif kind == "in" and special:
            spoil(rng, value)
    return values


def settings(rng):
    """(scale, bias, start, special values) of some evaluations, of all with --all."""
    every = list(itertools.product(SCALES, BIASES, STARTS, (False, True)))
    if ALL:
        return every
    return [every[i] for i in rng.choice(len(every), 4, replace=False)]


def check_cell(name, H, dtype="f32", march="native", threads=1, plan="segments"):
    cell = Cell(name, dtype, H=H, I=2, D=H, N=2)
    rng = np.random.default_rng([H, len(name), threads])
    pair = Pair(cell.program(), march, threads, plan=plan)
    assert pair.in_segments(cell.values(rng, 1, 16)), f"{name} is not in segments"
    for n, (scale, bias, begin, special) in enumerate(settings(rng)):
        for T in LENGTHS if ALL else rng.choice(LENGTHS, 5):
            B = int(rng.choice([0, 1, 1, 3]))
            what = f"{name} {dtype} B={B} T={T} H={H} scale={scale} bias={bias} {begin} {special}"
            pair.check(values_of(cell, rng, B, int(T), scale, bias, begin, special), what)
        if n == 0 or ALL:
            pair.check(values_of(cell, rng, 1, LONG, scale, bias, begin, special), f"{name} H={H} long {scale} {bias}")


def legal():
    """The list of cells is complete: the others are refused."""
    for name in names():
        try:
            compile_text(Cell(name, H=2, I=2, D=2, N=2, K=2, S=2, G=2, M=2, O=2).program(), "segments")
            ok = True
        except SeqcError as error:
            assert "expected a step for which plan 'segments' is legal, but" in str(error), error
            ok = False
        assert ok == (name in LEGAL or name == "lru"), f"{name}: {'legal' if ok else 'refused'}"


def widths():
    for n, name in enumerate(LEGAL):
        for H in (1, 2, 3, 4, 5, 8, 16) if ALL else (1, (2, 3, 5)[n % 3], (4, 8, 16)[n % 3]):
            if H <= 16 or "x86-64-v4" in levels():
                check_cell(name, H)


def kinds():
    """States of f64; vectors of other widths."""
    for name in LEGAL if ALL else ("para_gru", "para_lstm", "biquad"):
        check_cell(name, 2, dtype="f64")
        for march, H in (("x86-64-v2", 1), ("x86-64-v2", 4), ("x86-64-v3", 3), ("x86-64-v3", 8)):
            check_cell(name, H, march=march)


def tasks():
    """A row is cut in tasks; there are more and fewer of them than threads."""
    for name in LEGAL if ALL else ("para_gru", "para_lstm", "ema"):
        for threads in (2, 3):
            check_cell(name, 2 if threads == 2 else 1, threads=threads)


def newton():
    """Guesses of all steps, then the same certificate."""
    for n, name in enumerate(LEGAL):
        for H in (1, 2, 4, 16) if ALL else ((1, 4, 2)[n % 3],):
            check_cell(name, H, plan="newton")
    check_cell("para_gru", 1, march="x86-64-v3", plan="newton")
    check_cell("para_lstm", 2, dtype="f64", plan="newton")
    check_cell("para_lstm", 1, threads=3, plan="newton")


def at_once():
    """Two calls from two threads, with memory of their own, the library's."""
    for threads in (1, 3):
        cell = Cell("para_lstm", H=2, I=2)
        pair = Pair(cell.program(), threads=threads)
        rng = np.random.default_rng(threads)
        inputs = [values_of(cell, rng, B, T, 2, -3, "normal", False) for B, T in ((1, 20000), (3, 9000)) * 3]
        results = [None] * len(inputs)

        def call(i):
            hook = context(plans.in_parts(3, threads=True, seed=i)) if i % 2 else None
            results[i] = pair.segments(*inputs[i], context=hook)

        workers = [threading.Thread(target=call, args=(i,)) for i in range(len(inputs))]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        for i, values in enumerate(inputs):
            bits.expect_same(results[i], pair.fused(*values), f"call {i} of some at once")


def streams():
    """A state may leave a sequence at any step and go on."""
    for name in ("para_lstm", "qrnn"):
        cell = Cell(name, H=2, I=2)
        pair = Pair(cell.program())
        rng = np.random.default_rng(3)
        for T in (17, 800):
            values = values_of(cell, rng, 2, T, 1, 0, "normal", False)
            plans.check_splits(pair.segments, values, pair.fused(*values), f"{name} T={T}", rng)


if __name__ == "__main__":
    for part in (legal, widths, kinds, tasks, newton, at_once, streams):
        part()
        print(part.__name__, flush=True)
