# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Functions with versions: each call gives the bits of the plan that its sizes ask for, at and beside the borders,
with the scratch of that plan, in one call, in streams and from threads."""

import re
import subprocess

import numpy as np

import plans
import version_steps
from bits import expect_same
from compiled import Stats, compile_text, context, levels, tool

TANH = """
    %s = arith.mulf %h, %w
    %a = arith.addf %s, %x
    %n = math.tanh %a
"""


def versions(source, extra):
    """The ranges of sizes in which each version runs: (dimension of %u, from, below)."""
    command = [tool("seqc"), "-", "--emit=scheduled", "-o", "-", *extra]
    scheduled = subprocess.run(command, input=source, capture_output=True, text=True, check=True).stdout
    found = re.findall(r"#seq.version<@f, argument = 0, dimension = (\d)(?:, from = (\d+))?(?:, below = (\d+))?>", scheduled)
    return [(int(d), int(lo or 0), int(hi or 1 << 62)) for d, lo, hi in found]


def guesses(stats):
    """True if a plan ran that counts sequences: one that guesses states."""
    return stats.sequences > 0


def check(D, march, hidden):
    extra = [f"--march={march}"]
    source = version_steps.text(D, hidden, TANH, "%n")
    ranges = versions(source, extra)
    assert ranges, f"no versions for D = {D} on {march}"
    auto = compile_text(source, march=march)["f"]
    fused = compile_text(source, "fused", march)["f"]
    edges = {0: [0, 1, 3], 1: [0, 1, 65, 5000]}
    for dimension, low, high in ranges:
        for edge in (low, high):
            if 0 < edge < 10**6:
                edges[dimension] += [edge - 1, edge, edge + 1]
    ran = set()
    for B in sorted(set(edges[0])):
        for T in sorted(set(edges[1])):
            args = version_steps.values(D, B, T, hidden)
            stats = Stats()
            got = auto(*args, context=context(stats=stats))
            expect_same(got, fused(*args), f"D = {D}, B = {B}, T = {T}, {march}")
            inside = any(low <= (B, T)[dimension] < high for dimension, low, high in ranges)
            if B > 0:
                assert guesses(stats) == (not inside), (B, T, ranges)
                ran.add(inside)
    assert ran == {True, False}, ran
    args = version_steps.values(D, 1, 5000, hidden)
    plans.check_splits(auto, args, fused(*args), f"streams of D = {D}", np.random.default_rng(1))


for level in levels():
    for hidden_state in (False, True):
        check(16 if level == "x86-64-v4" else 8, level, hidden_state)
