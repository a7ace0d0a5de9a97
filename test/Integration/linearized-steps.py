# RUN: %python %s
# REQUIRES: numpy, x86-host
"""What seq.linearized holds, in float64: its next states are those of the step, and its partials are
what differences of the step show; pairs that it leaves out are zero. Random steps of one to three states,
and the cells whose channels do not mix.
"""

import os
import random
import re
import subprocess

import numpy as np

import cells
from compiled import compile_text, tool
from derivatives import STEP, derived

V, W, S = "tensor<5xf64>", "tensor<?x?x5xf64>", "tensor<?x5xf64>"
BINARY = ["arith.addf", "arith.subf", "arith.mulf", "arith.maximumf", "arith.minimumf"]
UNARY = ["math.tanh", "math.sin", "math.exp", "arith.negf", "math.erf", "sigmoid"]


def random_step(rng):
    """The text of @f: 8 ops on inputs, captures and states; next states are bounded by tanh."""
    states = rng.randint(1, 3)
    values, lines = ["%x", "%w", *(f"%h{i}" for i in range(states))], []

    def op(text):
        values.append(f"%v{len(lines)}")
        lines.append(f"{values[-1]} = {text} : {V}")
        return values[-1]

    for _ in range(8):
        kind = rng.choice(BINARY + UNARY)
        a, b = rng.choice(values), rng.choice(values)
        if kind == "sigmoid":
            e = op(f"math.exp {op(f'arith.negf {a}')}")
            op(f"arith.divf %one, {op(f'arith.addf {e}, %one')}")
        elif kind == "math.exp":
            op(f"math.exp {op(f'math.tanh {a}')}")
        else:
            op(f"{kind} {a}" + (f", {b}" if kind in BINARY else ""))
    nexts = [op(f"math.tanh {rng.choice(values[3:])}") for _ in range(states)]
    initial = ", ".join(f"%h{i}: {V} = %i{i}" for i in range(states))
    arguments = ", ".join([f"%u: {W}", f"%w: {V}"] + [f"%i{i}: {S}" for i in range(states)])
    types, results = ", ".join([W] + [S] * states), ", ".join([S] * states)
    return "\n".join([
        f"func.func @f({arguments}) -> ({results}) {{",
        f"%one = arith.constant dense<1.0> : {V}",
        f"%r:{states} = seq.recurrence (%x: {V} in %u) states({initial}) {{",
        *lines,
        f"seq.yield next({', '.join(nexts)} : {', '.join([V] * states)})",
        f"}} : ({types}) -> ({results})",
        f"return {', '.join(f'%r#{i}' for i in range(states))} : {results}",
        "}",
    ])


def region_as_step(text):
    """@f with the region of its seq.linearized as the step and the partials as outs; the pairs."""
    lines = text.splitlines()
    at = next(i for i, l in enumerate(lines) if "seq.linearized" in l)
    to, from_ = ([int(n) for n in re.findall(r"\d+", part)] for part in
                 re.search(r"to \[(.*)\] from \[(.*)\]", lines[at]).groups())
    header = next(i for i in range(at, 0, -1) if "seq.recurrence" in lines[i])
    states = re.findall(r"(%\w+): ", lines[header].split("states(")[1])
    end = next(i for i in range(at, len(lines)) if re.fullmatch(r"\s*\}( low .*)?", lines[i]))
    close = next(i for i in range(end, len(lines)) if lines[i].lstrip().startswith("} :"))
    region = "\n".join(lines[at + 2 : end])
    for argument, state in zip(re.findall(r"(%\w+): ", lines[at + 1]), states, strict=True):
        region = re.sub(rf"{argument}\b", state, region)
    step = re.search(r": (tensor<[^>]*>)", lines[at + 1]).group(1)
    whole, last = (step.replace("tensor<", f"tensor<{d}") for d in ("?x?x", "?x"))
    results = ", ".join([whole] * len(to) + [last] * len(states))
    count = len(to) + len(states)
    function = next(i for i, l in enumerate(lines) if "func.func @" in l)
    lines[function] = re.sub(r"-> .* \{$", f"-> ({results}) {{", lines[function])
    lines[header] = re.sub(r"%\w+(:\d+)? = seq", f"%all:{count} = seq", lines[header])
    lines[close] = re.sub(r"-> .*", f"-> ({results})", lines[close])
    names = ", ".join(f"%all#{i}" for i in range(count))
    body = [*lines[: header + 1], region, lines[close], f"return {names} : {results}", "}", "}"]
    return "\n".join(body), list(zip(to, from_))


def linearized(text):
    run = subprocess.run([tool("seqc-opt"), "--seq-linearize=all"], input=text, capture_output=True,
                         text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def check(text, name, values, first_state, states, outs, what):
    """`values` are arguments for one step; the states are the arguments from `first_state`."""
    formed, pairs = region_as_step(linearized(derived(text, ["--canonicalize"])))
    step, region = compile_text(text, "reference")[name], compile_text(formed, "reference")[name]
    results = region(*values)
    nexts = step(*values)[outs:]
    for a, b in zip(results[len(pairs):], nexts, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12, err_msg=what)
    for j in range(states):
        def moved(e):
            changed = list(values)
            changed[first_state + j] = values[first_state + j] + e
            return step(*changed)[outs:]

        rough, fine = ([(a - b) / (2 * e) for a, b in zip(moved(e), moved(-e))] for e in (STEP, STEP / 2))
        for i in range(states):
            partial = results[pairs.index((i, j))][:, 0] if (i, j) in pairs else np.zeros(())
            error = np.abs(partial - fine[i]) - np.abs(fine[i] - rough[i])
            scale = max(1.0, np.abs(fine[i]).max())
            assert error.max() <= 1e-7 * scale, f"{what} {i} {j}\n{partial}\n{fine[i]}"
    return len(pairs)


def main():
    first, last = map(int, os.environ.get("SEQC_TEST_SEEDS", "0:25").split(":"))
    found = 0
    for seed in range(first, last):
        text = random_step(random.Random(seed))
        numbers = np.random.default_rng(seed)
        states = len(re.findall(r"%i\d: ", text))
        values = [numbers.uniform(-1, 1, (2, 1, 5)), numbers.uniform(-1, 1, 5)]
        values += [numbers.uniform(-1, 1, (2, 5)) for _ in range(states)]
        found += check(text, "f", values, 2, states, 0, f"seed {seed}\n{text}")
    for name, states in (("para_gru", 1), ("para_lstm", 2)):
        values = cells.inputs(name, 2, 1, 5, 3, dtype=np.float64)
        found += check(cells.program(name, 5, 3, dtype="f64"), name, values, len(values) - states, states, 1, name)
    assert found > last - first
    print(f"{found} partials")


main()
