# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Hidden states on an emulated GPU: where a function fills its initial states and drops the final ones, a call writes these
where it reads those. Every cell and plan has the bits of the same plan with states as arguments, and no thread reads what
another one overwrites, whatever their order."""

import numpy as np

import library
from bits import expect_same
from compiled import SeqcError
from gpu_tools import everywhere, on_gpu

SIZES = dict(D=9, H=6, I=3, N=3, S=4)
ZERO = {"f32": "0.0", "i64": "0", "i32": "0", "i1": "false"}


def hidden(cell):
    """The cell's program with zeros for initial states and without final ones, or None."""
    lines = [f"  %{n}_B = tensor.dim %{cell.arguments[0][0]}, %index_0 : {cell.type(*cell.arguments[0][1:])}"
             f"\n  %{n}_e = tensor.empty(%{n}_B) : {cell.type(k, s, e)}"
             f"\n  %{n}_0 = arith.constant {ZERO[e]} : {e}"
             f"\n  %{n} = linalg.fill ins(%{n}_0 : {e}) outs(%{n}_e : {cell.type(k, s, e)}) -> {cell.type(k, s, e)}"
             for n, k, s, e in cell.arguments if k == "state"]  # fmt: skip
    outs = [i for i, (kind, *_) in enumerate(cell.results) if kind == "in"]
    if not lines or not outs or cell.arguments[0][1] != "in":
        return None, outs
    first, rest = cell.program().split("\n", 1)
    given = ", ".join(f"%{n}: {cell.type(k, s, e)}{library.NAMES[k]}" for n, k, s, e in cell.arguments if k != "state")
    types = ", ".join(cell.type(*cell.results[i]) for i in outs)
    call = rest.split("\n")[1]
    returned = f"  return {', '.join(f'%results#{i}' for i in outs)} : {types}\n}}\n"
    head = f"func.func @f({given}) -> ({types}) {{\n  %index_0 = arith.constant 0 : index\n"
    return "\n".join([first, head + "\n".join(lines), call, returned]), outs


def compiled(text, plan):
    try:
        return on_gpu(text, plan)
    except SeqcError as error:
        assert "is legal, but" in str(error), error
        return None


seen = dict.fromkeys(("fused", "scan", "segments", "newton"), 0)
for name in library.names():
    cell = library.Cell(name, **{k: SIZES.get(k[0], v) for k, v in library.sizes_of(name).items()})
    text, outs = hidden(cell)
    for plan in seen if text else ():
        own, given = compiled(text, plan), compiled(cell.program(), plan)
        if not own or not given:
            continue
        seen[plan] += 1
        for B, T in ((2, 1), (1, 300), (3, 70)):
            values = [np.tanh(v) if v.dtype.kind == "f" else v for v in cell.values(np.random.default_rng(7), B, T)]
            values = [np.zeros_like(v) if a[1] == "state" else v for a, v in zip(cell.arguments, values)]
            what = f"{name}, {plan}, B = {B}, T = {T}"
            got = everywhere(own, [v for a, v in zip(cell.arguments, values) if a[1] != "state"], what)
            want = given(*values)
            expect_same(got, [want[i] for i in outs], what)
print(seen)
assert seen["fused"] > 20 and seen["scan"] > 12 and seen["segments"] > 8 and seen["newton"] > 8, seen
