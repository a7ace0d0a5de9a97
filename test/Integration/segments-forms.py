# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Plan `segments` gives the bits of plan `fused` for each function of Inputs/segment-forms.mlir: all
kinds of operands, matrices, one recurrence after the other, states of several types, no inputs,
branches, complex numbers, static sizes."""

import os
import re

import numpy as np

from compiled import DTYPES, levels
from segment_cases import LENGTHS, STARTS, Pair, spoil, start

with open(os.path.join(os.path.dirname(__file__), "Inputs", "segment-forms.mlir")) as file:
    FUNCTIONS = re.findall(r"^func\.func @(\w+)\(.*?^}$", file.read(), re.M | re.S)
    file.seek(0)
    TEXTS = re.findall(r"^func\.func @\w+\(.*?^}$", file.read(), re.M | re.S)


def values_of(function, rng, B, T, begin, special):
    """Random arguments by their types: of the argument's shape, with B rows and T steps."""
    values = []
    for argument in function.arguments:
        dtype, number = DTYPES[argument["dtype"]], {"B": B, "T": T}
        shape = [number[d] if isinstance(d, str) else d for d in argument["shape"]]
        if argument["scalar"]:
            values.append(np.int64(T))
        elif dtype == np.bool_:
            values.append(rng.random(shape) < 0.2)
        elif np.dtype(dtype).kind == "i":
            values.append(rng.integers(-99, 99, shape).astype(dtype))
        else:
            drawn = rng.standard_normal(shape) if "T" in argument["shape"] else start(rng, shape, begin)
            if special and "T" in argument["shape"]:
                spoil(rng, drawn)
            with np.errstate(all="ignore"):
                if np.dtype(dtype).kind == "c":
                    drawn = drawn + 1j * np.flip(drawn)
                values.append(np.asarray(drawn).astype(dtype))
    return values


def check(name, text, march, threads):
    pair = Pair(text.replace(f"@{name}(", "@f("), march, threads)
    rng = np.random.default_rng([threads, len(name)])
    assert pair.in_segments(values_of(pair.fused, rng, 1, 16, "normal", False)), f"{name} is not in segments"
    for T in (*LENGTHS, 20001):
        for begin in STARTS:
            B, special = int(rng.choice([0, 1, 1, 2, 3])), bool(rng.random() < 0.2)
            values = values_of(pair.fused, rng, B, T, begin, special)
            pair.check(values, f"{name} B={B} T={T} {begin} {special} tasks={threads}")


if __name__ == "__main__":
    for name, text in zip(FUNCTIONS, TEXTS, strict=True):
        for march, threads in ((levels()[-1], 1), (levels()[0], 2)):
            check(name, text, march, threads)
    print(f"{len(TEXTS)} functions")
