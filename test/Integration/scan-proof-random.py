# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Random steps: what is proved to be affine is affine in numbers, what is proved to be a scan computes
the same in scan form, and few affine steps are missed. The grammar is described in docs/Testing.md.

SEQC_TEST_SEEDS=100:200 names the seeds; each seed is one module of 20 steps.
"""

import os
import random
import re
import subprocess

import numpy as np

from compiled import compile_text

TOOL = os.path.join(os.environ["SEQC_BUILD_DIR"], "bin", "seqc-opt")
V, W, S, F = "tensor<5xf64>", "tensor<?x?x5xf64>", "tensor<?x5xf64>", "tensor<?x?x5xi1>"


class Step:
    """One step; `affine` is true if every op was chosen so that the next states are affine."""

    def __init__(self, rng, name):
        self.rng, self.lines, self.affine = rng, [], True
        self.states = rng.randint(1, 2)
        self.strict = rng.random() < 0.7
        nexts = [self.value(rng.randint(1, 4)) for _ in range(self.states)]
        args = f"%u0: {W}, %u1: {W}, %r: {F}, %i0: {S}, %i1: {S}"
        initial = ", ".join(f"%h{i}: {V} = %i{i}" for i in range(self.states))
        types = ", ".join([W, W, F] + [S] * self.states)
        results = ", ".join([W] + [S] * self.states)
        values = ", ".join(f"%z#{i}" for i in range(self.states + 1))
        self.text = "\n".join([
            f"func.func @{name}({args}) -> ({results}) {{",
            f"%half = arith.constant dense<0.5> : {V}",
            f"%z:{self.states + 1} = seq.recurrence (%x0: {V} in %u0, %x1: {V} in %u1, "
            f"%f: tensor<5xi1> in %r) states({initial}) {{",
            *self.lines,
            f"seq.yield next({', '.join(nexts)} : {', '.join([V] * self.states)}) out({nexts[0]} : {V})",
            f"}} : ({types}) -> ({results})", f"return {values} : {results}", "}",
        ])

    def op(self, text, typed=False):
        name = f"%v{len(self.lines)}"
        self.lines.append(f"{name} = {text}" + ("" if typed else f" : {V}"))
        return name

    def free(self):
        x = self.rng.choice(["%x0", "%x1", "%half"])
        return self.op(f"math.tanh {x}") if self.rng.random() < 0.3 else x

    def value(self, depth):
        rng = self.rng
        if depth == 0:
            return f"%h{rng.randrange(self.states)}" if rng.random() < 0.7 else self.free()
        kind = rng.choice(["addf", "subf", "mulf", "negf", "divf", "select"])
        if not self.strict and rng.random() < 0.25:
            self.affine = False
            kind = rng.choice(["tanh", "square", "maximumf"])
        a = self.value(depth - 1)
        if kind in ("addf", "subf", "maximumf"):
            return self.op(f"arith.{kind} {a}, {self.value(depth - 1)}")
        if kind == "mulf":
            return self.op(f"arith.mulf {', '.join(rng.sample([a, self.free()], 2))}")
        if kind == "divf":
            size = self.op(f"math.absf {self.free()}")
            return self.op(f"arith.divf {a}, {self.op(f'arith.addf {size}, %half')}")
        if kind == "select":
            b = self.value(depth - 1)
            return self.op(f"arith.select %f, {a}, {b} : tensor<5xi1>, {V}", typed=True)
        if kind == "square":
            return self.op(f"arith.mulf {a}, {a}")
        return self.op(f"arith.negf {a}" if kind == "negf" else f"math.tanh {a}")


def explained(text):
    """Class and proof of each step, the proof empty without one."""
    flags = ["--seqc-explain-steps", "--remark-format=emitRemark", "--remarks-filter=seqc.*",
             "--remark-policy=all"]
    run = subprocess.run([TOOL, *flags], input=text, capture_output=True, text=True, check=True)
    found = re.findall(r"Function=(\w+).*class=\"?([\w()-]+)(?:.*proof=\"?([^\"\n]*))?", run.stderr)
    return {name: (kind, proof) for name, kind, proof in found}


def formed(text):
    """The steps in scan form, their combinations inlined."""
    run = subprocess.run([TOOL, "--seq-form-scans=all inline-combines"], input=text,
                         capture_output=True, text=True, check=True)
    return run.stdout


def check_superposition(step, run, numbers):
    """One step at λ a + (1 - λ) b is what it is at a and b, in the same proportion."""
    inputs = [numbers.uniform(-1, 1, (2, 1, 5)) for _ in range(2)] + [numbers.random((2, 1, 5)) < 0.3]
    a, b = numbers.uniform(-1, 1, (2, 2, 2, 5))
    after = lambda states: np.array(run(*inputs, *states)[1:])
    at_a, at_b = after(a), after(b)
    scale = max(1.0, np.abs(at_a).max(), np.abs(at_b).max())
    for share in (0.5, -1.0, 3.0):
        want = share * at_a + (1 - share) * at_b
        got = after(share * a + (1 - share) * b)
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-11 * scale, err_msg=step.text)


def check_form(step, before, after, numbers):
    """The step and the step in scan form compute the same."""
    for T in (0, 1, 6):
        values = [numbers.uniform(-1, 1, (2, T, 5)) for _ in range(2)]
        values += [numbers.random((2, T, 5)) < 0.3]
        values += [numbers.uniform(-1, 1, (2, 5)) for _ in range(2)]
        with np.errstate(all="ignore"):
            for a, b in zip(before(*values), after(*values), strict=True):
                scale = max(1.0, float(np.abs(a).max())) if a.size else 1.0
                np.testing.assert_allclose(b, a, rtol=1e-9, atol=1e-9 * scale, err_msg=step.text)


def check(seed):
    """Numbers of affine steps, of those that were missed, of steps that were proved affine and
    of all proved ones."""
    rng = random.Random(seed)
    steps = {f"s{i}": Step(rng, f"s{i}") for i in range(20)}
    text = "\n".join(s.text for s in steps.values())
    facts = explained(text)
    before, after = compile_text(text, "reference"), compile_text(formed(text), "reference")
    numbers = np.random.default_rng(seed)
    by_class = {n for n, (kind, _) in facts.items() if kind.startswith(("affine", "none"))}
    proved = {n for n, (_, proof) in facts.items() if proof}
    affine = {n for n, s in steps.items() if s.affine}
    assert set(facts) == set(steps), facts
    for name, step in steps.items():
        if name in by_class:
            check_superposition(step, before[name], numbers)
        if name in proved:
            check_form(step, before[name], after[name], numbers)
    return len(affine), len(affine - (proved & by_class)), len(by_class), len(proved)


def main():
    first, last = os.environ.get("SEQC_TEST_SEEDS", "0:3").split(":")
    totals = np.sum([check(seed) for seed in range(int(first), int(last))], axis=0)
    affine, missed, by_class, proved = map(int, totals)
    print(f"{affine} affine steps, {missed} missed ({100 * missed / affine:.1f} %); "
          f"{by_class} proved affine, {proved} proved to be scans")
    assert affine > 20 and missed < 0.05 * affine and by_class <= proved


main()
