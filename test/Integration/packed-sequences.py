# RUN: %python %s
# REQUIRES: numpy
"""Packed sequences (`cu_seqlens`) give the bits that each sequence gives alone: every step of
Inputs/packed_steps.py, under `reference` and `fused`, for lengths 0 … 33 and 1024, empty
sequences first, last and between, one sequence, none, several threads, i32, i64 and index."""

import numpy as np

import bits
import packed_steps
from compiled import DTYPES, compile_text, context, levels
from plans import in_parts

rng = np.random.default_rng(5)
LENGTHS = [
    [],
    [0],
    [0, 0, 0],
    [1],
    [1024],
    [0, 3, 0, 0, 17, 1, 0],
    [5, 1024, 2],
    list(range(34)),
    list(rng.permutation(34)),
]
OFFSETS = {"i32": np.int32, "i64": np.int64, "index": np.int64}


def make(kind, sizes, dtype, N, T):
    shape = {"in": (T,), "given": (N,), "state": (N,), "weight": ()}[kind] + tuple(sizes)
    if dtype == "i1":
        return rng.random(shape) < 0.2
    if dtype == "i8":
        return np.zeros(shape, np.int8)
    return np.asarray(rng.standard_normal(shape) * 0.5, DTYPES[dtype])


def alone(function, arguments, results, values, cu):
    """The results of each sequence as a batch of one, put together."""
    parts = [[] for _ in results]
    for n, (begin, end) in enumerate(zip(cu, cu[1:])):
        own = []
        for (_, kind, *_), value in zip(arguments, values):
            if kind == "in":
                value = value[None, begin:end]
            own.append(value if kind in ("in", "weight") else value[n : n + 1])
        for part, (kind, *_), got in zip(parts, results, function(*own)):
            part.append(got[0] if kind == "out" else got)
    return [np.concatenate(p) if p else None for p in parts]


def test(name, module, lengths, label, runs):
    _, arguments, results = packed_steps.PAIRS[name]
    arguments = [(a, k, s, *(d or ["f32"])) for a, k, s, *d in arguments]
    cu = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    N, T = len(lengths), int(cu[-1])
    values = [make(k, s, d, N, T) for _, k, s, d in arguments]
    expected = alone(module[name + "_alone"], arguments, results, values, cu)
    offsets = DTYPES[module[name].arguments[-1]["dtype"]]
    for run in runs:
        actual = module[name](*values, cu.astype(offsets), context=context(run) if run else None)
        for (kind, sizes, *d), got, want in zip(results, actual, expected):
            assert got.shape == ((T,) if kind == "out" else (N,)) + tuple(
                s for size in sizes for s in map(int, str(size).split("x"))
            )
            if want is not None:
                bits.expect_same([got], [want], f"{label}: {name} {kind} {lengths}")


RUNS = [None, in_parts(3), in_parts(4, threads=True)]
for march in levels():
    for schedule in ("reference", "fused"):
        for dtype in OFFSETS:
            module = compile_text(packed_steps.module(dtype), schedule, march)
            for name in packed_steps.PAIRS:
                large = name.startswith("wide")
                for lengths in LENGTHS[5:7] if large else LENGTHS if dtype == "i32" else LENGTHS[5:6]:
                    test(name, module, lengths, f"{march} {schedule} {dtype}", RUNS)

