# RUN: %python %s
# REQUIRES: numpy
"""seq.scan against numpy's accumulations: sums, products, maxima with their index, logaddexp;
exclusive, reverse, resets, time-major data, no batch, lengths 0 and 1, f64."""

import numpy as np

import bits
from compiled import compile_text


def scan(name, dtype="f32", flags="", batch="?x", attributes="", resets=False, body="arith.addf"):
    x, h = f"tensor<{batch}?x5x{dtype}>", f"tensor<{batch}5x{dtype}>"
    step = f"tensor<5x{dtype}>"
    clause, argument, type_ = (" resets(%r)", ", %r: tensor<?x?xi1>", ", tensor<?x?xi1>") if resets else ("", "", "")
    return f"""func.func @{name}(%u: {x}, %h0: {h}{argument}) -> ({x}, {h}) {{
  %y, %l = seq.scan {flags} (%x: {step} in %u){clause} initial(%h0) lift {{
    seq.yield next(%x : {step})
  }} combine(%a: {step}) with(%b: {step}) {{
    %c = {body} %a, %b : {step}
    seq.yield next(%c : {step})
  }} {attributes} : ({x}{type_}, {h}) -> ({x}, {h})
  return %y, %l : {x}, {h}
}}
"""


ARGMAX = """
func.func @cummax(%u: tensor<?x?x5xf32>, %i: tensor<?xi64>, %m0: tensor<?x5xf32>, %k0: tensor<?x5xi64>)
    -> (tensor<?x?x5xf32>, tensor<?x?x5xi64>, tensor<?x5xf32>, tensor<?x5xi64>) {
  %y, %k, %l, %m = seq.scan (%x: tensor<5xf32> in %u, %t: tensor<i64> shared %i) initial(%m0, %k0) lift {
    %e = tensor.empty() : tensor<5xi64>
    %b = linalg.broadcast ins(%t : tensor<i64>) outs(%e : tensor<5xi64>) dimensions = [0]
    seq.yield next(%x, %b : tensor<5xf32>, tensor<5xi64>)
  } combine(%a: tensor<5xf32>, %p: tensor<5xi64>) with(%b: tensor<5xf32>, %q: tensor<5xi64>) {
    %first = arith.cmpf oge, %a, %b : tensor<5xf32>
    %v = arith.select %first, %a, %b : tensor<5xi1>, tensor<5xf32>
    %n = arith.select %first, %p, %q : tensor<5xi1>, tensor<5xi64>
    seq.yield next(%v, %n : tensor<5xf32>, tensor<5xi64>)
  } : (tensor<?x?x5xf32>, tensor<?xi64>, tensor<?x5xf32>, tensor<?x5xi64>)
    -> (tensor<?x?x5xf32>, tensor<?x?x5xi64>, tensor<?x5xf32>, tensor<?x5xi64>)
  return %y, %k, %l, %m : tensor<?x?x5xf32>, tensor<?x?x5xi64>, tensor<?x5xf32>, tensor<?x5xi64>
}
func.func @logcumsumexp(%u: tensor<?x?x5xf64>, %m0: tensor<?x5xf64>, %s0: tensor<?x5xf64>)
    -> (tensor<?x?x5xf64>, tensor<?x5xf64>, tensor<?x5xf64>) {
  %one = arith.constant dense<1.0> : tensor<5xf64>
  %y, %m, %s = seq.scan (%x: tensor<5xf64> in %u) initial(%m0, %s0) lift {
    seq.yield next(%x, %one : tensor<5xf64>, tensor<5xf64>)
  } combine(%m1: tensor<5xf64>, %s1: tensor<5xf64>) with(%m2: tensor<5xf64>, %s2: tensor<5xf64>) {
    %m = arith.maximumf %m1, %m2 : tensor<5xf64>
    %d1 = arith.subf %m1, %m : tensor<5xf64>
    %d2 = arith.subf %m2, %m : tensor<5xf64>
    %e1 = math.exp %d1 : tensor<5xf64>
    %e2 = math.exp %d2 : tensor<5xf64>
    %p1 = arith.mulf %s1, %e1 : tensor<5xf64>
    %p2 = arith.mulf %s2, %e2 : tensor<5xf64>
    %s = arith.addf %p1, %p2 : tensor<5xf64>
    seq.yield next(%m, %s : tensor<5xf64>, tensor<5xf64>)
  } read(%x: tensor<5xf64>, %m: tensor<5xf64>, %s: tensor<5xf64>) {
    %l = math.log %s : tensor<5xf64>
    %y = arith.addf %m, %l : tensor<5xf64>
    seq.yield out(%y : tensor<5xf64>)
  } : (tensor<?x?x5xf64>, tensor<?x5xf64>, tensor<?x5xf64>) -> (tensor<?x?x5xf64>, tensor<?x5xf64>, tensor<?x5xf64>)
  return %y, %m, %s : tensor<?x?x5xf64>, tensor<?x5xf64>, tensor<?x5xf64>
}
"""
TEXT = (scan("sum") + scan("sum64", "f64", batch="") + scan("product", "f64", body="arith.mulf", batch="?x?x")
        + scan("before", flags="exclusive") + scan("backwards", flags="reverse exclusive")
        + scan("time_major", attributes="{time = 0 : i64}") + scan("restarted", resets=True)
        + scan("restarted_before", flags="exclusive", resets=True) + ARGMAX)


def prefixes(operation, x, h):
    """Inclusive prefixes along axis -2 with `h` first, in float64: [initial, s_0, …, s_{T-1}]."""
    both = np.concatenate([h[..., None, :], x], axis=-2).astype(np.float64)
    return operation.accumulate(both, axis=-2)


for schedule in ("reference", "auto"):
    module = compile_text(TEXT, schedule=schedule)
    rng = np.random.default_rng(7)
    for T in (0, 1, 2, 31, 257):
        close = lambda name, got, want: bits.expect_close(got, want, f"{schedule} {name} T={T}", 2e-6, 2e-6)
        x, h = rng.standard_normal((3, T, 5)).astype(np.float32), rng.standard_normal((3, 5)).astype(np.float32)
        s = prefixes(np.add, x, h)
        close("sum", module["sum"](x, h), [s[:, 1:], s[:, -1]])
        close("before", module["before"](x, h), [s[:, :-1], s[:, -1]])
        swap = lambda v: v.swapaxes(0, 1)
        close("time_major", module["time_major"](swap(x), h), [swap(s[:, 1:]), s[:, -1]])
        back = prefixes(np.add, x[:, ::-1], h)
        close("backwards", module["backwards"](x, h), [back[:, :-1][:, ::-1], back[:, -1]])
        s = prefixes(np.add, x[0].astype(np.float64), h[0].astype(np.float64))
        bits.expect_close(module["sum64"](x[0].astype(np.float64), h[0].astype(np.float64)), [s[1:], s[-1]], "sum64", 1e-14, 1e-14)
        x4, h4 = rng.uniform(0.5, 1.5, (2, 3, T, 5)), rng.uniform(0.5, 1.5, (2, 3, 5))
        s = prefixes(np.multiply, x4, h4)
        bits.expect_close(module["product"](x4, h4), [s[..., 1:, :], s[..., -1, :]], "product", 1e-12, 1e-12)
        r = rng.random((3, T)) < 0.2
        after, before, last = np.empty(x.shape), np.empty(x.shape), np.array(h, np.float64)
        for b in range(3):
            ends = [0, *np.flatnonzero(r[b]), T]
            for start, end in zip(ends, ends[1:]):
                s = prefixes(np.add, x[b, start:end], h[b])
                after[b, start:end], before[b, start:end], last[b] = s[1:], s[:-1], s[-1]
        close("restarted", module["restarted"](x, h, r), [after, last])
        close("restarted_before", module["restarted_before"](x, h, r), [before, last])
        # Integers, so that there are ties: the earliest wins, and an initial -inf never does.
        whole = rng.integers(0, 9, (3, T, 5)).astype(np.float32)
        never = np.full((3, 5), -np.inf, np.float32)
        got = module["cummax"](whole, np.arange(T), never, np.full((3, 5), -1))
        top = np.maximum.accumulate(whole, axis=1)
        first = np.empty((3, T, 5), np.int64)
        for t in range(T):
            first[:, t] = np.argmax(whole[:, : t + 1], axis=1)
        lasts = [top[:, -1], first[:, -1]] if T else [never, np.full((3, 5), -1)]
        for a, e in zip(got, [top, first, *lasts], strict=True):
            assert np.array_equal(a, e), f"{schedule} cummax T={T}"
        x = rng.uniform(-300, 300, (3, T, 5))
        y, m, s = module["logcumsumexp"](x, np.full((3, 5), -1e300), np.zeros((3, 5)))
        bits.expect_close([y], [np.logaddexp.accumulate(x, axis=1)], f"{schedule} logcumsumexp T={T}", 1e-13, 1e-13)
        if T:
            assert np.array_equal(m, x.max(axis=1)), "the running maximum"
