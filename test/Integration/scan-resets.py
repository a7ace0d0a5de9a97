# RUN: %python %s
# REQUIRES: numpy, x86-host
"""seq.scan with resets by plan `scan`: a declared combination starts over from the initial values,
in vectors as in the reference: inclusive, exclusive, with a pair of components, every length around
the vectors, and where every or no step is a reset."""

import numpy as np

import bits
from compiled import compile_text


def total(name, flags):
    x, h = "tensor<?x?x2xf32>", "tensor<?x2xf32>"
    return f"""func.func @{name}(%u: {x}, %h0: {h}, %r: tensor<?x?xi1>) -> ({x}, {h}) {{
  %y, %l = seq.scan {flags} (%x: tensor<2xf32> in %u) resets(%r) initial(%h0) lift {{
    seq.yield next(%x : tensor<2xf32>)
  }} combine(%a: tensor<2xf32>) with(%b: tensor<2xf32>) {{
    %c = arith.addf %a, %b : tensor<2xf32>
    seq.yield next(%c : tensor<2xf32>)
  }} : ({x}, tensor<?x?xi1>, {h}) -> ({x}, {h})
  return %y, %l : {x}, {h}
}}
"""


# Affine maps as a declared tuple: h' = a h + u is the second component.
AFFINE = """func.func @affine(%a: tensor<?x?xf32>, %u: tensor<?x?xf32>, %p0: tensor<?xf32>, %h0: tensor<?xf32>,
    %r: tensor<?x?xi1>) -> (tensor<?x?xf32>, tensor<?xf32>, tensor<?xf32>) {
  %y, %p, %h = seq.scan (%a_t: tensor<f32> in %a, %u_t: tensor<f32> in %u) resets(%r) initial(%p0, %h0) lift {
    seq.yield next(%a_t, %u_t : tensor<f32>, tensor<f32>)
  } combine(%a1: tensor<f32>, %u1: tensor<f32>) with(%a2: tensor<f32>, %u2: tensor<f32>) {
    %c = arith.mulf %a1, %a2 : tensor<f32>
    %d = arith.mulf %a2, %u1 : tensor<f32>
    %e = arith.addf %d, %u2 : tensor<f32>
    seq.yield next(%c, %e : tensor<f32>, tensor<f32>)
  } read(%a_t: tensor<f32>, %u_t: tensor<f32>, %c: tensor<f32>, %e: tensor<f32>) {
    seq.yield out(%e : tensor<f32>)
  } : (tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xi1>, tensor<?xf32>, tensor<?xf32>)
    -> (tensor<?x?xf32>, tensor<?xf32>, tensor<?xf32>)
  return %y, %p, %h : tensor<?x?xf32>, tensor<?xf32>, tensor<?xf32>
}
"""
TEXT = total("inclusive", "") + total("exclusive", "exclusive") + total("backwards", "reverse") + AFFINE


def sums(x, h, r, exclusive):
    """In float64, step by step."""
    y, s = np.empty(x.shape), h.astype(np.float64)
    for t in range(x.shape[1]):
        s = np.where(r[:, t, None], h, s)
        before, s = s, s + x[:, t]
        y[:, t] = before if exclusive else s
    return [y, s]


def maps(a, u, p0, h0, r):
    y, p, h = np.empty(a.shape), p0.astype(np.float64), h0.astype(np.float64)
    for t in range(a.shape[1]):
        p, h = np.where(r[:, t], p0, p) * a[:, t], a[:, t] * np.where(r[:, t], h0, h) + u[:, t]
        y[:, t] = h
    return [y, p, h]


reference, scan = compile_text(TEXT, "reference"), compile_text(TEXT, "scan")
rng = np.random.default_rng(3)
for T in (0, 1, 2, 31, 32, 33, 257, 1025):
    for share in (0, 0.05, 0.5, 1):
        r = rng.random((3, T)) < share
        x, h = rng.standard_normal((3, T, 2)).astype(np.float32), rng.standard_normal((3, 2)).astype(np.float32)
        back = sums(x[:, ::-1], h, r[:, ::-1], False)
        wanted = {
            "inclusive": sums(x, h, r, False),
            "exclusive": sums(x, h, r, True),
            "backwards": [back[0][:, ::-1], back[1]],
        }
        a, u = rng.uniform(-1, 1, (2, 3, T)).astype(np.float32)
        p0, h0 = rng.uniform(-1, 1, (2, 3)).astype(np.float32)
        for plan, module in (("reference", reference), ("scan", scan)):
            for name, want in wanted.items():
                bits.expect_close(module[name](x, h, r), want, f"{plan} {name} T={T} {share}", 1e-5, 1e-4)
            got = module["affine"](a, u, p0, h0, r)
            bits.expect_close(got, maps(a, u, p0, h0, r), f"{plan} affine T={T} {share}", 1e-5, 1e-5)
# Infinity before a reset does not reach behind it.
x = np.ones((1, 64, 2), np.float32)
x[0, 10, 0] = np.inf
r = np.zeros((1, 64), bool)
r[0, 20] = True
y, last = scan["inclusive"](x, np.zeros((1, 2), np.float32), r)
assert np.isinf(y[0, 10:20, 0]).all() and np.array_equal(y[0, 20:, 0], np.arange(1.0, 45.0)), y[0, :, 0]
assert np.array_equal(y[0, :20, 1], np.arange(1.0, 21.0)), "another channel"
print("ok")
