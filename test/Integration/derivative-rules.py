# RUN: %python %s %source
# REQUIRES: numpy, x86-host
"""The rule of each elementwise op for derivatives, against differences, on tensors of dynamic size, as
bodies of linalg.generic, and at points where a formula of parts would make 0 · ∞.
"""

import pathlib
import re
import sys

import numpy as np

import derivatives
from compiled import compile_text

D = "tensor<?xf64>"
ABOVE_ONE = {"math.acosh"}
TWO = {"arith.addf", "arith.subf", "arith.mulf", "arith.divf", "arith.remf", "math.copysign", "math.powf",
       "math.atan2", "arith.maximumf", "arith.minimumf", "arith.maxnumf", "arith.minnumf"}


def program(op):
    """The op on tensors and, as @g, in the body of a generic op."""
    names = ["%x", "%y", "%z"][: 3 if op == "math.fma" else 2 if op in TWO else 1]
    operands = ", ".join(names)
    args = ", ".join(f'{n}: {D} {{seqc.dims = ["N"]}}' for n in names)
    scalars = ", ".join(f"{n}i" for n in names)
    maps = ", ".join(["affine_map<(d0) -> (d0)>"] * (len(names) + 1))
    block = ", ".join(f"{n}i: f64" for n in names + ["%o"])
    return f"""
func.func @f({args}) -> {D} {{
  %r = {op} {operands} : {D}
  return %r : {D}
}}
func.func @g({args}) -> {D} {{
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : {D}
  %e = tensor.empty(%n) : {D}
  %r = linalg.generic {{indexing_maps = [{maps}], iterator_types = ["parallel"]}}
      ins({operands} : {", ".join([D] * len(names))}) outs(%e : {D}) {{
  ^bb0({block}):
    %v = {op} {scalars} : f64
    linalg.yield %v : f64
  }} -> {D}
  return %r : {D}
}}"""


def check(op):
    count = 3 if op == "math.fma" else 2 if op in TWO else 1
    rng = np.random.default_rng(5)
    values = [rng.uniform(0.15, 0.85, 17) for _ in range(count)]
    if op in ABOVE_ONE:
        values[0] += 1
    elif op in ("arith.addf", "math.absf", "math.tanh", "arith.maximumf"):
        values[0][::2] *= -1
    changes = [rng.uniform(-1, 1, 17) for _ in values]
    for name in "fg":
        derivatives.check(program(op), name, values, changes, 1e-8, f"{op} @{name}")


def rules(source):
    """The ops that have a rule, from the table and the lists in DerivativeRules.cpp."""
    text = (source / "lib/Dialect/Seq/Transforms/DerivativeRules.cpp").read_text()
    table = set(re.findall(r'\{"((?:arith|math)\.\w+)",', text))
    assert len(table) > 30
    return sorted(table | {"arith.maximumf", "arith.minimumf", "arith.maxnumf", "arith.minnumf"})


LIMITS = f"""
func.func @f(%x: {D}) -> ({D}, {D}, {D}, {D}) {{
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : {D}
  %1 = arith.constant 1.0 : f64
  %one = tensor.splat %1[%n] : {D}
  %m = arith.negf %x : {D}
  %e = math.exp %m : {D}
  %d = arith.addf %one, %e : {D}
  %sigmoid = arith.divf %one, %d : {D}
  %silu = arith.divf %x, %d : {D}
  %p = math.exp %x : {D}
  %softplus = math.log1p %p : {D}
  %q = arith.addf %p, %one : {D}
  %log = math.log %q : {D}
  return %sigmoid, %silu, %softplus, %log : {D}, {D}, {D}, {D}
}}"""


def check_limits():
    """Where exp overflows, a sigmoid is flat and a softplus is straight."""
    jvp = compile_text(derivatives.derived(LIMITS), "reference")["f_jvp"]
    x = np.array([-1e4, 0.0, 1e4])
    sigmoid, silu, softplus, log = jvp(x, np.ones(3))[4:]
    np.testing.assert_array_equal(sigmoid, [0, 0.25, 0])
    np.testing.assert_array_equal(silu, [0, 0.5, 1])
    np.testing.assert_array_equal(softplus, [0, 0.5, 1])
    np.testing.assert_array_equal(log, [0, 0.5, 1])


for op in rules(pathlib.Path(sys.argv[1])):
    check(op)
check_limits()
