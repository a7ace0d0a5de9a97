# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Steps in scan form, their combinations inlined, compute what the steps as written compute.

Each step is compiled by plan `reference` as it is and after `--seq-form-scans="all
inline-combines"`; results agree within rounding, for no step, one step and with resets.
"""

import os
import subprocess

import numpy as np

from compiled import compile_text

TOOL = os.path.join(os.environ["SEQC_BUILD_DIR"], "bin", "seqc-opt")
V = "tensor<8xf32>"
W = "tensor<?x?x8xf32>"
S = "tensor<?x8xf32>"

# name -> (number of inputs, initial values of the states, lines of the step, next states, out)
STEPS = {
    "affine": (2, [0.5], "a = mulf x0 h0; n = addf a x1", "n", "n"),
    "sum": (1, [0.0], "n = addf h0 x0", "n", "n"),
    "product": (1, [1.0], "n = mulf h0 x0", "n", "n"),
    "maximum": (1, [-1.0], "n = maximumf h0 x0", "n", "n"),
    "max-plus": (2, [0.0], "a = addf h0 x0; n = maximumf a x1", "n", "n"),
    "complex": (
        2,
        [0.5, -0.5],
        "a = mulf x0 h0; b = mulf x1 h1; c = subf a b; d = mulf x1 h0; e = mulf x0 h1; f = addf d e; "
        "g = addf c x0",
        "g f",
        "f",
    ),
    "biquad": (
        2,
        [0.5, -0.5],
        "a = mulf x0 h0; b = mulf x1 h1; c = addf a b; n = addf c x0",
        "n h0",
        "n",
    ),
    "momentum": (2, [0.5, -0.5], "a = mulf x0 h0; v = addf a x1; p = subf h1 v", "v p", "p"),
    "log-sum-exp": (
        2,
        [float("-inf")],
        "p = addf h0 x1; m = maximumf p x0; a = subf p m; b = subf x0 m; ea = exp a; eb = exp b; "
        "s = addf ea eb; l = log s; n = addf m l",
        "n",
        "n",
    ),
    "softmax": (
        3,
        [float("-inf"), 0.0, 0.0],
        "p = addf h0 x1; m = maximumf p x0; a = subf p m; b = subf x0 m; ea = exp a; eb = exp b; "
        "u = mulf h1 ea; v = mulf eb x2; un = addf u v; w = mulf h2 ea; wn = addf w eb; "
        "o = divf un wn",
        "m un wn",
        "o",
    ),
    "welford": (
        1,
        [0.0, 0.0, 0.0],
        "n = addf h0 one; d = subf x0 h1; q = divf d n; m = addf h1 q; e = subf x0 m; "
        "p = mulf d e; s = addf h2 p",
        "n m s",
        "s",
    ),
}


def program(step, resets):
    inputs, initial, lines, next_, out = step
    args = [f"%u{i}: {W}" for i in range(inputs)] + [f"%i{i}: {S}" for i in range(len(initial))]
    args += ["%r: tensor<?x?xi1>"] * resets
    body = []
    for line in lines.split("; "):
        name, _, op, *operands = line.split()
        dialect = "math" if op in ("exp", "log") else "arith"
        body.append(f"%{name} = {dialect}.{op} {', '.join('%' + o for o in operands)} : {V}")
    nexts = next_.split()
    ins = ", ".join(f"%x{i}: {V} in %u{i}" for i in range(inputs))
    states = ", ".join(f"%h{i}: {V} = %i{i}" for i in range(len(initial)))
    types = ", ".join([W] * inputs + ["tensor<?x?xi1>"] * resets + [S] * len(initial))
    results = ", ".join([W] + [S] * len(initial))
    names = ", ".join(f"%z#{i}" for i in range(len(initial) + 1))
    return "\n".join([
        f"func.func @f({', '.join(args)}) -> ({results}) {{",
        f"%one = arith.constant dense<1.0> : {V}",
        f"%z:{len(initial) + 1} = seq.recurrence ({ins}) {'resets(%r) ' * resets}states({states}) {{",
        *body,
        f"seq.yield next({', '.join('%' + n for n in nexts)} : {', '.join([V] * len(nexts))}) "
        f"out(%{out} : {V})",
        f"}} : ({types}) -> ({results})",
        f"return {names} : {results}",
        "}",
    ])


def formed(text):
    run = subprocess.run(
        [TOOL, "--seq-desugar-resets", "--seq-form-scans=all inline-combines"],
        input=text, capture_output=True, text=True, check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.replace(" {seqc.state}", "")  # an attribute of later stages


def check(name, step, resets):
    text = program(step, resets)
    scan = formed(text)
    assert scan.count("linalg.fill") or name in ("sum", "product", "maximum", "welford"), scan
    before, after = (compile_text(t, "reference")["f"] for t in (text, scan))
    rng = np.random.default_rng(7)
    for T in (0, 1, 2, 17):
        values = [rng.uniform(-0.9, 0.9, (3, T, 8)).astype(np.float32) for _ in range(step[0])]
        values += [np.full((3, 8), v, np.float32) for v in step[1]]
        if resets:
            values.append(rng.random((3, T)) < 0.2)
        for a, b in zip(before(*values), after(*values), strict=True):
            np.testing.assert_allclose(b, a, rtol=2e-5, atol=2e-5, err_msg=f"{name} T={T}")


def main():
    for name, step in STEPS.items():
        for resets in (False, True):
            check(name, step, resets)
    print(f"{len(STEPS)} steps")


main()
