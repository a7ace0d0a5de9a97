# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Steps whose states change their order (channels innermost) give the bits of `reference`: sums over modes, weights and
constants of every shape, a state read by several ops, both kinds of final state, few steps and many, streams."""

import subprocess

import numpy as np

import plans
from compiled import compile_text, levels, tool

# Two states of one shape: sums over modes, a weighted one by a generic op that reads its weights transposed, a readout
# that changes over time, a product with a vector of modes, a constant, and a tensor for each sequence.
STEP = """
#dn = affine_map<(d, n) -> (d, n)>
#nd = affine_map<(d, n) -> (n, d)>
#d = affine_map<(d, n) -> (d)>
#n = affine_map<(d, n) -> (n)>
func.func @f(%x: tensor<{BS}?x{D}xF> {{seqc.dims = [{names}]}}, %c: tensor<{BS}?x{N}xF>, %a: tensor<{D}x{N}xF>, %wt: tensor<{N}x{D}xF>,
             %v: tensor<{N}xF>, %g: tensor<{B}{D}x{N}xF>, %h0: tensor<{B}{D}x{N}xF>,
             %k0: tensor<{B}{D}x{N}xF>) -> (tensor<{BS}?x{D}xF>, tensor<{B}{D}x{N}xF>, tensor<{B}{D}x{N}xF>) {{
  %y, %hl, %kl = seq.recurrence {reverse} (%u: tensor<{D}xF> in %x, %c_t: tensor<{N}xF> in %c, %scale: tensor<{D}x{N}xF> given %g)
      states(%h: tensor<{D}x{N}xF> = %h0, %k: tensor<{D}x{N}xF> = %k0) {{
    %e = tensor.empty() : tensor<{D}x{N}xF>
    %half = arith.constant dense<0.5> : tensor<{D}x{N}xF>
    %wide = linalg.broadcast ins(%u : tensor<{D}xF>) outs(%e : tensor<{D}x{N}xF>) dimensions = [1]
    %ah = arith.mulf %a, %h : tensor<{D}x{N}xF>
    %next_h = arith.addf %ah, %wide : tensor<{D}x{N}xF>
    %mixed = linalg.generic {{indexing_maps = [#dn, #dn, #n, #nd, #dn], iterator_types = ["parallel", "parallel"]}}
        ins(%k, %h, %v, %wt : tensor<{D}x{N}xF>, tensor<{D}x{N}xF>, tensor<{N}xF>, tensor<{N}x{D}xF>)
        outs(%e : tensor<{D}x{N}xF>) {{
    ^bb0(%p: F, %q: F, %r: F, %s: F, %o: F):
      %1 = arith.mulf %p, %r : F
      %2 = arith.mulf %q, %s : F
      %3 = arith.addf %1, %2 : F
      linalg.yield %3 : F
    }} -> tensor<{D}x{N}xF>
    %scaled = arith.mulf %mixed, %scale : tensor<{D}x{N}xF>
    %less = arith.mulf %scaled, %half : tensor<{D}x{N}xF>
    %next_k = math.tanh %less : tensor<{D}x{N}xF>
    %sum = linalg.reduce {{ arith.addf }} ins(%next_h : tensor<{D}x{N}xF>) outs(%u : tensor<{D}xF>) dimensions = [1]
    %weighted = linalg.generic {{indexing_maps = [#dn, #n, #d], iterator_types = ["parallel", "reduction"]}}
        ins(%next_k, %c_t : tensor<{D}x{N}xF>, tensor<{N}xF>) outs(%sum : tensor<{D}xF>) {{
    ^bb0(%p: F, %q: F, %o: F):
      %1 = arith.mulf %p, %q : F
      %2 = arith.addf %o, %1 : F
      linalg.yield %2 : F
    }} -> tensor<{D}xF>
    %out = {out}
    seq.yield next(%next_h, %next_k : tensor<{D}x{N}xF>, tensor<{D}x{N}xF>) out(%out : tensor<{D}xF>)
  }} : (tensor<{BS}?x{D}xF>, tensor<{BS}?x{N}xF>, tensor<{B}{D}x{N}xF>, tensor<{B}{D}x{N}xF>, tensor<{B}{D}x{N}xF>)
      -> (tensor<{BS}?x{D}xF>, tensor<{B}{D}x{N}xF>, tensor<{B}{D}x{N}xF>)
  return %y, %hl, %kl : tensor<{BS}?x{D}xF>, tensor<{B}{D}x{N}xF>, tensor<{B}{D}x{N}xF>
}}
"""
OUTS = {
    "apart": "arith.negf %weighted : tensor<{D}xF>",
    "gated": "arith.mulf %weighted, %u : tensor<{D}xF>",
}


def text(D, N, dtype, out, reverse, batched):
    B = "?x" if batched else ""
    names = '"B", "T"' if batched else '"T"'
    made = STEP.format(D=D, N=N, B=B, BS=B, names=names, reverse=reverse, out=OUTS[out].format(D=D))
    return made.replace("xF", f"x{dtype}").replace(": F", f": {dtype}")


def values(rng, D, N, B, T, dtype):
    lead = () if B is None else (B,)
    normal = lambda *shape: (rng.normal(size=shape) / 3).astype(dtype)
    state = lambda: normal(*lead, D, N)
    return [normal(*lead, T, D), normal(*lead, T, N), rng.uniform(0.1, 0.99, (D, N)).astype(dtype), normal(N, D), normal(N), state(),
            state(), state()]


def check(D, N, out, march, dtype="f32", reverse="", batched=True):
    source = text(D, N, dtype, out, reverse, batched)
    numpy_type = {"f32": np.float32, "f64": np.float64}[dtype]
    made = subprocess.run([tool("seqc"), "-", f"--march={march}", "--emit=scheduled", "-o", "-"], input=source,
                          capture_output=True, text=True, check=True).stdout
    for part in ("linalg.transpose", "dimension = 1, below = 8>" if batched else "dimension = 0, below = 8>"):
        assert part in made, f"D = {D}, N = {N}, {out} on {march}: no '{part}' in\n{made}"
    auto = compile_text(source, march=march)["f"]
    reference = compile_text(source, "reference", march)["f"]
    rng = np.random.default_rng([D, N])
    for B, T in [(0, 9), (1, 0), (1, 1), (3, 7), (2, 8), (1, 9), (2, 141)]:
        args = values(rng, D, N, B if batched else None, T, numpy_type)
        what = f"D = {D}, N = {N}, {out}, B = {B}, T = {T}, {dtype} {reverse} on {march}"
        expected = plans.check_calls(reference, auto, args, what, seed=D + N)
        if not reverse:
            plans.check_splits(auto, args, expected, what, rng)
        plans.check_threads(auto, args, expected, what)


for level in [*levels(), "native"]:
    check(16, 2, "apart", level)
    check(512, 16, "apart", level)
    check(48, 17, "gated", level)
check(40, 40, "apart", "native")  # a square: sizes do not say which dimension is which
check(130, 3, "apart", "native", "f64")
check(64, 9, "gated", "native", reverse="reverse")
check(33, 5, "apart", "native", batched=False)
