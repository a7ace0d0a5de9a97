# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Chunks of a scan whose decays forget: the product of a chunk is that of its last steps, unless what lies before
them could last. Infinities, NaN, numbers that overflow, growth and slow decays early in a chunk reach all that they
reach step by step, and nothing else; threads change no bits."""

import numpy as np

import plans
from bits import expect_same
from compiled import compile_text, context, levels

T = 70001
CHUNK = 8192
STEP = """
func.func @f(%a: tensor<?x?x{D}x{F}> {{seqc.dims = ["B", "T"]}}, %u: tensor<?x?x{D}x{F}>, %h0: tensor<?x{D}x{F}>)
    -> (tensor<?x?x{D}x{F}>, tensor<?x{D}x{F}>) {{
  %y, %last = seq.recurrence (%x: tensor<{D}x{F}> in %a, %z: tensor<{D}x{F}> in %u)
      states(%h: tensor<{D}x{F}> = %h0) {{
    %m = arith.mulf %x, %h : tensor<{D}x{F}>
    %n = arith.addf %m, %z : tensor<{D}x{F}>
    seq.yield next(%n : tensor<{D}x{F}>) out(%n : tensor<{D}x{F}>)
  }} {schedule} : (tensor<?x?x{D}x{F}>, tensor<?x?x{D}x{F}>, tensor<?x{D}x{F}>)
      -> (tensor<?x?x{D}x{F}>, tensor<?x{D}x{F}>)
  return %y, %last : tensor<?x?x{D}x{F}>, tensor<?x{D}x{F}>
}}
"""
SCAN = "schedule(<scan, vector_bits = {bits}, batch_tile = {threads}, chunk = {chunk}, strip = 16, rows = {rows}, vectors = 4>)"


def quiet(rng, shape):
    return rng.uniform(0.2, 0.8, shape), rng.normal(size=shape)


def spoiled(at, **what):
    """`quiet`, but for some values at step `at` of the first channel."""

    def make(rng, shape):
        a, u = quiet(rng, shape)
        for name, value in what.items():
            (a if name == "a" else u)[:, at, 0] = value
        return a, u

    return make


def slow(rng, shape):
    return rng.uniform(0.995, 1, shape), rng.normal(size=shape)


def mixed(rng, shape):
    """One channel forgets, another does not."""
    a, u = quiet(rng, shape)
    a[..., -1] = 0.99999
    return a, u


def growing(rng, shape):
    a, u = quiet(rng, shape)
    a[:, 30000:30400] = 1.5
    return a, u


def forgetting_by_zero(rng, shape):
    a, u = quiet(rng, shape)
    a[:, 20000::9000] = 0
    return a, u


EARLY = (12288 + 7, 20480 + 100, 50000)  # in heads and in other chunks, far from their ends
CASES = {"quiet": quiet, "slow": slow, "mixed": mixed, "growing": growing, "zeros": forgetting_by_zero}
for step in EARLY:
    CASES |= {
        f"infinite at {step}": spoiled(step, u=np.inf),
        f"NaN at {step}": spoiled(step, u=np.nan),
        f"NaN coefficient at {step}": spoiled(step, a=np.nan),
        f"infinite coefficient at {step}": spoiled(step, a=np.inf),
        f"huge at {step}": spoiled(step, u=3e38),
        f"large at {step}": spoiled(step, u=1e25),
        f"coefficient -1e10 at {step}": spoiled(step, a=-1e10),
    }


def exact(a, u, h):
    a, u, h, out = (np.asarray(v, np.longdouble) for v in (a, u, h, np.empty(a.shape)))
    for t in range(a.shape[1]):
        h = a[:, t] * h + u[:, t]
        out[:, t] = h
    return out


def check(name, make, D, dtype, march, bits, threads):
    F = "f32" if dtype == np.float32 else "f64"
    schedule = SCAN.format(bits=bits, chunk=CHUNK, rows=3 if bits == 512 else 2, threads=threads)
    scan = compile_text(STEP.format(D=D, F=F, schedule=schedule), march=march)["f"]
    fused = compile_text(STEP.format(D=D, F=F, schedule=""), "fused", march)["f"]
    rng = np.random.default_rng(7)
    with np.errstate(all="ignore"):
        a, u = (v.astype(dtype) for v in make(rng, (1, T, D)))
        h = rng.normal(size=(1, D)).astype(dtype)
        got, want, truth = scan(a, u, h), fused(a, u, h), exact(a, u, h)
        what = f"{name}, D = {D}, {F}, {march}, {threads} chunks at once"
        finite = np.isfinite(want[0])
        assert (np.isfinite(got[0]) == finite).all(), what
        scale = np.where(finite, abs(want[0]), 0).max(1, keepdims=True)
        error = lambda y: np.where(finite, abs(y - truth), 0).max(1)
        bound = np.maximum(2 * error(want[0]), 8 * np.spacing(scale[:, 0].astype(dtype)))
        assert (error(got[0]) <= bound).all(), f"{what}: {error(got[0])} beyond {bound}"
    for parts in (1, 2, 5):
        expect_same(scan(a, u, h, context=context(plans.in_parts(parts, seed=parts))), got, f"{what}, {parts} parts")


for level in levels():
    width = 512 if level == "x86-64-v4" else 256
    for title, case in CASES.items():
        check(title, case, 1, np.float32, level, width, 2)
    for title in ("quiet", "mixed", "growing", f"infinite at {EARLY[0]}", f"huge at {EARLY[1]}"):
        check(title, CASES[title], 3, np.float32, level, width, 3)
        if title != "mixed":  # f64 has no wider type for a decay that is constant and close to 1
            check(title, CASES[title], 2, np.float64, level, width, 4)
