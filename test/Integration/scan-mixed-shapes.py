# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Plan `scan` where states or outs have the leading sizes of the largest one: a scalar or one number a
head beside vectors. Against float64 NumPy with the contract's error; proved and declared, reversed,
with resets, packed, of bf16 and f16 data, in chunks; NaN stay in their row."""

import numpy as np

import bits
from compiled import DTYPES, compile_text, context
from plans import in_parts

LENGTHS = (0, 1, 2, 31, 97, 1031)
CHUNKS = "schedule(<scan, vector_bits = 256, batch_tile = 3, chunk = 104, strip = 16, rows = 1, vectors = 2>)"
# (head's sizes, largest sizes)
SHAPES = [((), (4,)), ((), (1,)), ((), (3,)), ((1,), (8,)), ((2,), (2, 3)), ((2, 1), (2, 4)), ((2,), (2, 2, 2))]

# w by ea and v by eb, of which the latter two have fewer sizes; and their quotient.
MIX = """%wn = linalg.generic {{indexing_maps = [{w_map}, {w_map}, {h_map}, {h_map}, {w_map}], iterator_types = [{loops}]}}
        ins({both}, %ea, %eb : {w}, {w}, {h}, {h}) outs(%empty : {w}) {{
    ^bb0(%i: f32, %j: f32, %p: f32, %q: f32, %o: f32):
      %c = arith.mulf %i, %p : f32
      %d = arith.mulf %j, %q : f32
      %e = arith.addf %c, %d : f32
      linalg.yield %e : f32
    }} -> {w}"""
MEAN = """%r = linalg.generic {{indexing_maps = [{w_map}, {h_map}, {w_map}], iterator_types = [{loops}]}}
        ins(%wn, %un : {w}, {h}) outs(%empty : {w}) {{
    ^bb0(%i: f32, %j: f32, %o: f32):
      %c = arith.divf %i, %j : f32
      linalg.yield %c : f32
    }} -> {w}"""

# m' = max(m, s), u' = u e^(m - m') + e^(s - m'), w' = w e^(m - m') + v e^(s - m'), outs w'/u', m', h.
PROVED = """func.func @f(%s: {Th}, %v: {Tw}, %m0: {Bh}, %u0: {Bh}, %w0: {Bw}{arg}) -> ({To}, {Fo}, {Fo}, {Bh}, {Bh}, {Bw}) {{
  %empty = tensor.empty() : {w}
  %y, %top, %old, %l0, %l1, %l2 = seq.recurrence {reverse} (%s_t: {hd} in %s, %v_t: {wd} in %v) {resets} {cu}
      states(%m: {h} = %m0, %u: {h} = %u0, %x: {w} = %w0) {{
    {widen}
    %n = arith.maximumf %m, %s_w : {h}
    %a = arith.subf %m, %n : {h}
    %b = arith.subf %s_w, %n : {h}
    %ea = math.exp %a : {h}
    %eb = math.exp %b : {h}
    %k = arith.mulf %u, %ea : {h}
    %un = arith.addf %k, %eb : {h}
    {mix}
    {mean}
    seq.yield next(%n, %un, %wn : {h}, {h}, {w}) out(%r, %n, %u : {w}, {h}, {h})
  }} {schedule} : ({Th}, {Tw}, {types}{Bh}, {Bh}, {Bw}) -> ({To}, {Fo}, {Fo}, {Bh}, {Bh}, {Bw})
  return %y, %top, %old, %l0, %l1, %l2 : {To}, {Fo}, {Fo}, {Bh}, {Bh}, {Bw}
}}""".replace("{mix}", MIX.replace("{both}", "%x, %v_w")).replace("{mean}", MEAN)

# The same with a declared combination of (m, u, w); its outs are what is read of the state.
DECLARED = """func.func @f(%s: {Th}, %v: {Tw}, %m0: {Bh}, %u0: {Bh}, %w0: {Bw}{arg}) -> ({To}, {Fo}, {Fo}, {Bh}, {Bh}, {Bw}) {{
  %empty = tensor.empty() : {w}
  %one = arith.constant dense<1.0> : {h}
  %y, %top, %old, %l0, %l1, %l2 = seq.scan {reverse} (%s_t: {hd} in %s, %v_t: {wd} in %v) {resets} {cu}
      initial(%m0, %u0, %w0) lift {{
    {widen}
    seq.yield next(%s_w, %one, %v_w : {h}, {h}, {w})
  }} combine(%m1: {h}, %u1: {h}, %x1: {w}) with(%m2: {h}, %u2: {h}, %x2: {w}) {{
    %n = arith.maximumf %m1, %m2 : {h}
    %a = arith.subf %m1, %n : {h}
    %b = arith.subf %m2, %n : {h}
    %ea = math.exp %a : {h}
    %eb = math.exp %b : {h}
    %k = arith.mulf %u1, %ea : {h}
    %l = arith.mulf %u2, %eb : {h}
    %un = arith.addf %k, %l : {h}
    {mix}
    seq.yield next(%n, %un, %wn : {h}, {h}, {w})
  }} read(%s_t: {hd}, %v_t: {wd}, %n: {h}, %un: {h}, %wn: {w}) {{
    {mean}
    seq.yield out(%r, %n, %un : {w}, {h}, {h})
  }} {schedule} : ({Th}, {Tw}, {types}{Bh}, {Bh}, {Bw}) -> ({To}, {Fo}, {Fo}, {Bh}, {Bh}, {Bw})
  return %y, %top, %old, %l0, %l1, %l2 : {To}, {Fo}, {Fo}, {Bh}, {Bh}, {Bw}
}}""".replace("{mix}", MIX.replace("{both}", "%x1, %x2")).replace("{mean}", MEAN)


def text(program, head, wide, reverse=False, resets=False, packed=False, data="f32", schedule=""):
    sizes = lambda lead, shape, of="f32": "tensor<" + lead + "".join(f"{n}x" for n in shape) + of + ">"
    each = "?x" if packed else "?x?x"
    dims = ", ".join(f"d{i}" for i in range(len(wide)))
    at = ", ".join(f"d{i}" if n == wide[i] else "0" for i, n in enumerate(head))
    h, w, hd, wd = sizes("", head), sizes("", wide), sizes("", head, data), sizes("", wide, data)
    same = f"%s_w = arith.addf %s_t, %zero : {h}\n    %v_w = arith.addf %v_t, %zeros : {w}"
    zeros = f"%zero = arith.constant dense<-0.0> : {h}\n    %zeros = arith.constant dense<-0.0> : {w}\n    "
    wider = f"%s_w = arith.extf %s_t : {hd} to {h}\n    %v_w = arith.extf %v_t : {wd} to {w}"
    flags, offsets = f"tensor<{each}i1>", "tensor<?xi64>"
    return program.format(
        h=h, w=w, hd=hd, wd=wd, Th=sizes(each, head, data), Tw=sizes(each, wide, data),
        To=sizes(each, wide), Fo=sizes(each, head), Bh=sizes("?x", head), Bw=sizes("?x", wide),
        widen=wider if data != "f32" else zeros + same, schedule=schedule,
        w_map=f"affine_map<({dims}) -> ({dims})>", h_map=f"affine_map<({dims}) -> ({at})>",
        loops=", ".join(['"parallel"'] * len(wide)), reverse="reverse" * reverse,
        resets="resets(%again)" * resets, cu="cu_seqlens(%cu)" * packed,
        arg=f", %again: {flags}" * resets + f", %cu: {offsets}" * packed,
        types=f"{flags}, " * resets + f"{offsets}, " * packed,
    )  # fmt: skip


def steps(s, v, m, u, w, flags, reverse, old):
    """One row in float64, step by step."""
    start, T = (m, u, w), len(s)
    s, v, m, u, w = (a.astype(np.float64) for a in (s, v, m, u, w))
    over = lambda a: a.reshape(s.shape[1:] + (1,) * (w.ndim - m.ndim))
    y, tops, olds = np.empty((T, *w.shape)), np.empty((T, *m.shape)), np.empty((T, *m.shape))
    for t in reversed(range(T)) if reverse else range(T):
        if flags is not None and flags[t]:
            m, u, w = (a.astype(np.float64) for a in start)
        n = np.maximum(m, s[t])
        a, b = np.exp(m - n), np.exp(s[t] - n)
        before, m, u, w = u, n, u * a + b, w * over(a) + v[t] * over(b)
        y[t], tops[t], olds[t] = w / over(u), m, before if old else u
    return y, tops, olds, m, u, w


def exact(values, resets, packed, reverse, old):
    s, v, *initial = values[:5]
    flags = values[5] if resets else None
    if packed:
        rows = [slice(a, b) for a, b in zip(values[-1], values[-1][1:])]
    else:
        rows = range(len(s))
    flag = lambda r: None if flags is None else flags[r]
    parts = [steps(s[r], v[r], *[a[i] for a in initial], flag(r), reverse, old) for i, r in enumerate(rows)]
    join = [np.concatenate if packed and k < 3 else np.stack for k in range(6)]
    return [f(part) for f, part in zip(join, zip(*parts))]


def draw(rng, head, wide, B, T, resets=False, packed=False, data="f32"):
    lead, rows = ((sum(T),), len(T)) if packed else ((B, T), B)
    values = [rng.standard_normal((*lead, *shape)).astype(DTYPES[data]) for shape in (head, wide)]
    values += [np.full((rows, *head), a, np.float32) for a in (0.25, 1)] + [np.ones((rows, *wide), np.float32)]
    values += [rng.random(lead) < 0.1] * resets
    return [*values, np.cumsum([0, *T])] if packed else values


def expect_contract(got, sequential, wanted, what):
    """At most twice the error of the sequential f32 evaluation, or 8 ulp of the largest."""
    for i, (a, b, c) in enumerate(zip(got, sequential, wanted, strict=True)):
        top = np.spacing(np.abs(c).max(initial=0).astype(np.float32))
        allowed = max(2 * np.abs(b - c).max(initial=0), 8 * top)
        assert np.abs(a - c).max(initial=0) <= allowed, f"{what}: result {i}"


def check(program, head, wide, cases, what, B=5, schedule="", **form):
    rng = np.random.default_rng(7)
    scan = compile_text(text(program, head, wide, schedule=schedule, **form), "auto" if schedule else "scan")["f"]
    other = compile_text(text(program, head, wide, **form), "reference")["f"]
    known = {k: v for k, v in form.items() if k in ("resets", "packed", "data")}
    for T in cases:
        values = draw(rng, head, wide, B, T, **known)
        wanted = exact(values, form.get("resets"), form.get("packed"), form.get("reverse"), program is PROVED)
        got = scan(*values)
        expect_contract(got, other(*values), wanted, f"{what} {head} {wide} {form} T={T}")
    return scan, values, got


def shapes():
    for head, wide in SHAPES:
        check(PROVED, head, wide, LENGTHS, "proved")
        check(DECLARED, head, wide, LENGTHS, "declared")
    check(PROVED, (), (2,), (65537,), "long", B=2)


def forms():
    for program in (PROVED, DECLARED):
        for head, wide in (((), (3,)), ((2,), (2, 3))):
            for reverse, resets in ((True, False), (False, True), (True, True)):
                check(program, head, wide, LENGTHS[:5], "flags", reverse=reverse, resets=resets)
                packs = ([0], [0, 3, 0, 130, 1], [33, 700])
                check(program, head, wide, packs, "packed", reverse=reverse, resets=resets, packed=True)
    for data in ("bf16", "f16"):
        check(PROVED, (2,), (2, 3), LENGTHS[:5], data, data=data)


def chunks():
    for program in (PROVED, DECLARED):
        for head, wide in (((), (3,)), ((2,), (2, 2))):
            scan, values, got = check(program, head, wide, (0, 313, 2049), "chunks", B=1, schedule=CHUNKS)
            for parts in (in_parts(3), in_parts(4, threads=True)):
                bits.expect_same(got, scan(*values, context=context(parts)), f"{head} {wide} in parts")


def spread():
    scan, values, clean = check(PROVED, (2,), (2, 3), (300,), "clean")
    values[1][3, 100, 1, 2] = np.nan
    got = scan(*values)
    keep = np.ones(clean[0].shape, bool)
    keep[3, 100:, 1, 2] = False
    assert np.isnan(got[0][~keep]).all()
    np.testing.assert_allclose(got[0][keep], clean[0][keep], 1e-5, 1e-6)
    for a, b in zip(got[1:5], clean[1:5]):  # numbers of a head do not read values
        np.testing.assert_allclose(a, b, 1e-5, 1e-6)


if __name__ == "__main__":
    for part in (shapes, forms, chunks, spread):
        part()
