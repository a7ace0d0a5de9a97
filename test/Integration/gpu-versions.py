# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Functions with versions on an emulated GPU: each call has the bits and the launches of the plan that its sizes ask for, at
and beside the borders, with the scratch of that plan, whatever the order of threads."""

import re
import subprocess

import numpy as np

import bits
import version_steps
from compiled import tool
from gpu_tools import counter, everywhere, on_gpu

AFFINE = """
    %s = arith.mulf %h, %w
    %n = arith.addf %s, %x
    %o = arith.mulf %n, %x
"""


def ranges(source):
    """What the function itself has, and the others' plans with their ranges: (plan, dimension of %u, from, below)."""
    command = [tool("seqc"), "-", "--emit=scheduled", "--target=cuda", "-o", "-"]
    scheduled = subprocess.run(command, input=source, capture_output=True, text=True, check=True).stdout
    functions = [f for f in re.split(r"\n  func\.func", scheduled) if " schedule(<" in f]
    plan = lambda f: re.search(r" schedule\(<(\w+)", f)[1]
    own, others = [f for f in functions if "seq.version" not in f], [f for f in functions if "seq.version" in f]
    pattern = r"#seq.version<@f, argument = 0, dimension = (\d)(?:, from = (\d+))?(?:, below = (\d+))?>"
    return plan(own[-1]), [(plan(f), int(d), int(lo or 0), int(hi or 1 << 62)) for f in others for d, lo, hi in re.findall(pattern, f)]


for D, hidden in ((64, False), (33, True)):
    source = version_steps.text(D, hidden, AFFINE, "%o")
    usual, others = ranges(source)
    assert usual == "scan" and {"fused"} == {plan for plan, *_ in others}, (usual, others)
    borders = {d: lo or hi for _, d, lo, hi in others}
    assert borders.keys() == {0, 1}, others
    B, T = borders[0], borders[1]
    auto, plans = on_gpu(source, "auto"), {plan: on_gpu(source, plan) for plan in ("fused", "scan")}
    counts, seen = counter(source, "auto"), {"fused": 0, "scan": 0}
    for b, t in [(1, 0), (0, 1), (1, T - 1), (1, T), (1, T + 1), (3, 4 * T), (B - 1, T), (B, T), (B + 1, 3)]:
        inside = [plan for plan, d, lo, hi in others if lo <= (b, t)[d] < hi]
        plan = inside[0] if inside else usual
        v = version_steps.values(D, b, t, hidden)
        got = everywhere(auto, v, f"{D} {b} x {t}", (1, 2) if b < 10 else (1,))
        got, want, other = ([r] if isinstance(r, np.ndarray) else r for r in (got, *(plans[p](*v) for p in (plan, usual))))
        bits.expect_same(got, want, f"{D} {b} x {t}: {plan}")
        seen[plan] += any((g != o).any() for g, o in zip(got, other)) if plan != usual else 1
        if b and t and not hidden:
            launches = counts(v)["launches"]
            assert launches == {"fused": 1, "scan": 2}[plan], (b, t, plan, launches)
    # The plans differ in bits, so that the comparison means something.
    assert all(seen.values()), seen
    print(f"{D} channels: fused from {B} sequences on and below {T} steps")
