# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Boxes that are claimed for random steps hold: states that start anywhere, driven by inputs from tiny
to huge, stay in the hull of the box and the initial values that it names, within the margin.
"""

import os
import random
import re
import subprocess

import numpy as np

from compiled import compile_text, tool

V, W, S = "tensor<5xf32>", "tensor<?x?x5xf32>", "tensor<?x5xf32>"
MARGIN = 1 / 1024


class Step:
    """Two states, each the mean, the choice, the sum or the function of values of depth 2."""

    def __init__(self, rng, name):
        self.rng, self.lines = rng, []
        nexts = [self.mix(self.value(2), self.value(2)) for _ in range(2)]
        self.text = "\n".join([
            f"func.func @{name}(%u0: {W}, %u1: {W}, %i0: {S}, %i1: {S}) -> ({W}, {W}) {{",
            *(f"%{n} = arith.constant dense<{v}> : {V}" for n, v in
              (("one", 1.0), ("half", 0.5), ("most", 0.75), ("low", -2.0), ("high", 3.0))),
            f"%y:4 = seq.recurrence (%x0: {V} in %u0, %x1: {V} in %u1) "
            f"states(%h0: {V} = %i0, %h1: {V} = %i1) {{",
            *self.lines,
            f"seq.yield next({', '.join(nexts)} : {V}, {V}) out({', '.join(nexts)} : {V}, {V})",
            f"}} : ({W}, {W}, {S}, {S}) -> ({W}, {W}, {S}, {S})",
            f"return %y#0, %y#1 : {W}, {W}", "}",
        ])

    def op(self, name, *operands):
        self.lines.append(f"%v{len(self.lines)} = {name} {', '.join(operands)} : {V}")
        return f"%v{len(self.lines) - 1}"

    def leaf(self):
        return self.rng.choice(["%h0", "%h1", "%h0", "%h1", "%x0", "%x1", "%half", "%low", "%high"])

    def gate(self):
        kind = self.rng.choice(["sigmoid", "sigmoid", "%half", "%most", "clamp", "abs"])
        if kind == "sigmoid":
            e = self.op("math.exp", self.op("arith.negf", self.leaf()))
            return self.op("arith.divf", "%one", self.op("arith.addf", e, "%one"))
        if kind == "clamp":
            return self.op("arith.minimumf", self.op("math.absf", self.leaf()), "%one")
        return self.op("math.absf", self.op("math.tanh", self.leaf())) if kind == "abs" else kind

    def mix(self, a, b):
        w, kind = self.gate(), self.rng.randrange(6)
        if kind == 0:
            v = self.op("arith.subf", "%one", w)
            return self.op("arith.addf", self.op("arith.mulf", w, a), self.op("arith.mulf", b, v))
        if kind == 1:
            return self.op("arith.addf", b, self.op("arith.mulf", self.op("arith.subf", a, b), w))
        if kind == 2:
            return self.op("arith.subf", b, self.op("arith.mulf", w, self.op("arith.subf", b, a)))
        if kind == 3:  # two gates that do not know of each other
            v = self.gate()
            return self.op("arith.addf", self.op("arith.mulf", w, a), self.op("arith.mulf", v, b))
        if kind == 4:
            return self.op(self.rng.choice(["arith.maximumf", "arith.minimumf", "arith.maxnumf"]), a, b)
        return self.op("arith.mulf", w, a)

    def value(self, depth):
        kind = self.rng.randrange(5) if depth else 0
        if kind <= 1:
            return self.leaf()
        if kind == 2:
            return self.op("math.tanh", self.value(depth - 1))
        if kind == 3:
            return self.op(self.rng.choice(["arith.addf", "arith.subf", "arith.mulf"]),
                           self.value(depth - 1), self.value(depth - 1))
        return self.mix(self.value(depth - 1), self.value(depth - 1))


def boxes(text):
    """name -> for each state None or (lo, hi, states whose initial values count)."""
    flags = ["--seqc-explain-steps", "--remark-format=emitRemark", "--remarks-filter=seqc.*",
             "--remark-policy=all"]
    run = subprocess.run([tool("seqc-opt"), *flags], input=text, capture_output=True, text=True, check=True)
    found = {}
    for name, sentence in re.findall(r'Function=(\w+) \| box="([^"]*)"', run.stderr):
        found[name] = []
        for part in re.split(r", (?=state #)", sentence):
            numbers = re.search(r"\[(\S+), (\S+)\]", part)
            lo, hi = map(float, numbers.groups()) if numbers else (np.inf, -np.inf)
            initial = [int(n) for n in re.findall(r"value of state #(\d)", part)]
            found[name].append(None if "has no box" in part else (lo, hi, initial))
    return found


def check(seed):
    """The number of boxes that were claimed."""
    rng, numbers = random.Random(seed), np.random.default_rng(seed)
    steps = {f"s{i}": Step(rng, f"s{i}") for i in range(40)}
    text = "\n".join(s.text for s in steps.values())
    library, claims = compile_text(text, "reference"), boxes(text)
    for name, states in claims.items():
        for scale in (1e-3, 1, 30, 1e30):
            inputs = [(scale * numbers.standard_normal((3, 400, 5))).astype(np.float32) for _ in range(2)]
            initial = [numbers.uniform(-4, 4, (3, 5)).astype(np.float32) for _ in range(2)]
            for y, box in zip(library[name](*inputs, *initial), states, strict=True):
                if box is None:
                    continue
                lo, hi, joined = box
                lo = np.minimum.reduce([np.full((3, 5), lo), *(initial[j] for j in joined)])
                hi = np.maximum.reduce([np.full((3, 5), hi), *(initial[j] for j in joined)])
                room = MARGIN * np.maximum(abs(lo), abs(hi))
                inside = (y >= (lo - room)[:, None]) & (y <= (hi + room)[:, None])
                assert (inside | np.isnan(y)).all(), f"seed {seed} {name} {box}\n{steps[name].text}"
    return sum(box is not None for states in claims.values() for box in states)


first, last = map(int, os.environ.get("SEQC_TEST_SEEDS", "0:3").split(":"))
claimed = sum(check(seed) for seed in range(first, last))
print(f"{claimed} boxes of {80 * (last - first)} states")
assert claimed > 10 * (last - first)
