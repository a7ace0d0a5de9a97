# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Plan `scan` keeps the contract where a decay is the same at each step, or nearly so, and close to
1: the rounding of its powers is the same in each block and must not add up."""

import threading

import numpy as np

from compiled import compile_text, context
from scan_steps import AFFINE, BIQUAD, STEPS, Case, Step, expect_close_to, normal

F, REPEATS = np.float32, 8
SCALARS = {f"1{sign:+d}*2^-{k}": 1 + sign * 2.0**-k for k in range(1, 21) for sign in (-1, 1)}
SCALARS |= {str(a): a for a in (0.97, 0.99, 0.999, 0.9999, -0.999, -0.97, 0.998123)}
PATTERNS = {
    "two alternate": [0.999, 0.9995], "three": [0.999, 1.0005, 0.998], "signs": [0.9995, -0.9995],
    "near and far": [0.9999] * 70 + [0.5],
}  # fmt: skip
GATES = {
    "saturated": lambda rng, T: 1 - 2.0**-24 * rng.integers(0, 9, T),
    "sigmoid": lambda rng, T: 1 / (1 + np.exp(-rng.normal(8, 1, T))),
}
ANGLES = (0.0, 0.1, 1.0, np.pi / 2, 2.0, np.pi - 1e-3)
SMALL = "<scan, vector_bits = 512, batch_tile = 3, chunk = 1024, strip = 16, rows = 2, vectors = 2>"
ROTATION = ("a = mulf x0 h0; b = mulf x1 h1; c = subf a b; d = mulf x1 h0; e = mulf x0 h1; "
            "f = addf d e; g = addf c x2", "g f", "g f")  # fmt: skip
EMA = ("d = subf x1 h0; m = mulf x0 d; n = addf h0 m", "n", "n")


def two_threads(n, body):
    workers = [threading.Thread(target=body, args=(n * i // 2, n * (i + 1) // 2)) for i in (0, 1)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def check(what, case, columns, T, seed=1, schedule="scan", extra=(), threads=None):
    """`columns`: name -> the step's coefficients over time, [coefficient][T]. Each is one part of the
    batch, compared with a sequential evaluation of the same."""
    rng, draws = np.random.default_rng(seed), len(case.step.draw)
    sizes = (T, *case.shape)
    rows = [c for column in columns.values() for c in [column] * REPEATS]
    values = case.inputs(rng, (len(rows),), T)
    for i in range(len(rows[0])):
        wide = np.array([np.asarray(row[i], float) for row in rows]).reshape(len(rows), T, *(1,) * len(case.shape))
        values[i] = np.broadcast_to(wide, (len(rows), *sizes)).astype(F)
        values[draws - 1][grows(values[i])] = np.abs(values[draws - 1][grows(values[i])])
    assert draws == len(rows[0]) + 1
    scan = compile_text(case.text(), schedule, extra=list(extra))["f"]
    got = scan(*values, context=context(threads) if threads else None)
    compare(what, case, columns, got, values)


def grows(a):
    """Rows whose states grow. Their inputs get one sign: where the inputs cancel, both evaluations
    keep little of the state, and luck says which keeps less."""
    return np.abs(a).max(axis=tuple(range(1, a.ndim))) > 1


def compare(what, case, columns, got, values):
    other, exact = compile_text(plain(case).text(), "reference")["f"](*values), case.evaluate(values)
    for i, name in enumerate(columns):
        part = lambda results: [v[i * REPEATS : (i + 1) * REPEATS] for v in results]
        expect_close_to(case, part(got), part(other), part(exact), f"{what} {name}")


def plain(case):
    """The case without its schedule."""
    return Case(case.step, case.shape, case.rank, case.reverse, case.resets, case.time, fixed=case.fixed)


def affine_columns(T):
    rng = np.random.default_rng(7)
    columns = {name: [np.full(T, a)] for name, a in SCALARS.items()}
    columns |= {name: [np.resize(np.array(p), T)] for name, p in PATTERNS.items()}
    return columns | {name: [draw(rng, T)] for name, draw in GATES.items()}


AFFINE_STEP = Step([normal, normal], [0.5], *AFFINE)
CHANNELS = ([], [1], [2], [3], [4], [8])


def filled():
    """Coefficients are inputs that hold the same at each step, or a pattern."""
    check("filled", Case(AFFINE_STEP, []), affine_columns(65537), 65537)
    for shape in CHANNELS:
        for reverse in (False, True):
            check(f"filled {shape} {reverse}", Case(AFFINE_STEP, shape, 1, reverse), affine_columns(4097), 4097)
    check("resets", Case(AFFINE_STEP, [2], resets=True), affine_columns(4097), 4097)
    product = Step([normal], [1.5], "n = mulf x0 h0", "n", "n")
    columns = {str(a): a for a in (0.99, 0.999, 0.9999, 1.0001, -0.999)}
    for shape in ([], [3]):
        case, T = Case(product, shape), 4097
        rows = np.repeat(list(columns.values()), REPEATS).reshape(-1, 1, *(1,) * len(shape))
        values = [np.broadcast_to(rows, (len(rows), T, *shape)).astype(F), np.full((len(rows), *shape), 1.5, F)]
        compare(f"product {shape}", case, columns, compile_text(case.text(), "scan")["f"](*values), values)


def averages():
    """h + k (x - h): 1 - k is rounded where the step as written rounds no such thing."""
    T, few = 65537, (0.3, 0.1, 0.01, 1e-3, 1e-4)
    step = Step([normal, normal], [0.5], *EMA)
    check("average", Case(step, []), {f"{k}": [np.full(T, k)] for k in few}, T)
    for shape in CHANNELS:
        check(f"average {shape}", Case(step, shape), {f"{k}": [np.full(4097, k)] for k in few}, 4097)
        for k in few:
            one = Step([normal], [0.5], "d = subf x0 h0; m = mulf k d; n = addf h0 m", "n", "n",
                       constants={"k": float(F(k))})  # fmt: skip
            check(f"average {shape}, constant {k}", Case(one, shape), {"": []}, 4097)
    for k in few:
        run_fixed(f"average, fixed {k}", Case(step, [2], fixed=1), [np.full((2,), k, F)], 4097)


def run_fixed(what, case, coefficients, T):
    values = case.inputs(np.random.default_rng(3), (REPEATS,), T)
    values[: case.fixed] = coefficients
    if max(np.abs(c).max() for c in coefficients) > 1 and case.fixed == 1:
        values[1] = np.abs(values[1])
    compare(what, case, [""], compile_text(case.text(), "scan")["f"](*values), values)


def fixed():
    """Coefficients that have no time."""
    for shape in CHANNELS:
        case = Case(AFFINE_STEP, shape, fixed=1)
        for name, a in SCALARS.items():
            run_fixed(f"fixed {name} {shape}", case, [np.full(shape, a, F)], 4097)
    for shape in ([], [2], [4]):
        for angle in ANGLES:
            parts = [np.full(shape, 0.9995 * f(angle), F) for f in (np.cos, np.sin)]
            run_fixed(f"fixed complex {angle} {shape}", Case(Step([normal] * 3, [0.5, -0.5], *ROTATION), shape, fixed=2),
                      parts, 4097)  # fmt: skip
            pole = [np.full(shape, v, F) for v in (2 * 0.9995 * np.cos(angle), -(0.9995**2))]
            run_fixed(f"biquad {angle} {shape}", Case(Step([normal] * 3, [0.5, -0.5], BIQUAD, "n h0", "n h0"), shape, fixed=2),
                      pole, 4097)  # fmt: skip


def rotations():
    """Complex numbers and blocks near the unit circle, the same at each step or with changing angle."""
    T = 16385
    turns = {f"angle {x}": np.full(T, x) for x in ANGLES} | {"angles": np.resize(np.array([0.1, 0.7, 2.9]), T)}
    columns = {k: [0.9995 * np.cos(v), 0.9995 * np.sin(v)] for k, v in turns.items()}
    for shape in ([], [2], [4]):
        check(f"complex {shape}", Case(Step([normal] * 3, [0.5, -0.5], *ROTATION), shape), columns, T)
    blocks = {k: [c, -s, s, c] for k, (c, s) in columns.items()}
    for shape in ([], [2]):
        check(f"block {shape}", Case(STEPS["block"], shape), blocks, T)
    check("momentum", Case(STEPS["momentum"], [2]), {str(a): [np.full(4097, a)] for a in (0.9, 0.99, 0.999)}, 4097)


def chunks():
    """Products of chunks, and any number of threads."""
    T = 65537
    for schedule, extra in ((SMALL, ()), ("", ("--threads=2",))):
        case = Case(AFFINE_STEP, [], schedule=schedule)
        kind = "auto" if schedule else "scan"
        for name, column in affine_columns(T).items():
            single(f"chunks {name}", case, column, T, kind, extra)
        for angle in (0.1, 2.0):
            rotation = Case(Step([normal] * 3, [0.5, -0.5], *ROTATION), [2], schedule=schedule)
            column = [np.full(T, 0.9995 * f(angle)) for f in (np.cos, np.sin)]
            single(f"chunks complex {angle}", rotation, column, T, kind, extra)
        average = Case(Step([normal, normal], [0.5], *EMA), [3], schedule=schedule)
        single("chunks average", average, [np.full(T, 1e-3)], T, kind, extra)


def single(what, case, column, T, kind, extra):
    """Rows that are fewer than the chunks: one."""
    values = case.inputs(np.random.default_rng(5), (1,), T)
    for i, v in enumerate(column):
        values[i] = np.broadcast_to(v.reshape(1, T, *(1,) * len(case.shape)), values[i].shape).astype(F)
    scan = compile_text(case.text(), kind, extra=list(extra))["f"]
    other, exact = compile_text(plain(case).text(), "reference")["f"](*values), case.evaluate(values)
    expect_close_to(case, scan(*values, context=context(two_threads)), other, exact, what, few=2)


DECLARED = """func.func @f(%a: tensor<?xf32>, %u: tensor<?xf32>, %a0: tensor<f32>, %h0: tensor<f32>) -> tensor<?xf32> {
  %y, %k, %l = seq.scan (%x: tensor<f32> in %a, %v: tensor<f32> in %u) initial(%a0, %h0) lift {
    seq.yield next(%x, %v : tensor<f32>, tensor<f32>)
  } combine(%a1: tensor<f32>, %u1: tensor<f32>) with(%a2: tensor<f32>, %u2: tensor<f32>) {
    %p = arith.mulf %a2, %a1 : tensor<f32>
    %m = arith.mulf %a2, %u1 : tensor<f32>
    %s = arith.addf %m, %u2 : tensor<f32>
    seq.yield next(%p, %s : tensor<f32>, tensor<f32>)
  } read(%x: tensor<f32>, %v: tensor<f32>, %p: tensor<f32>, %s: tensor<f32>) {
    seq.yield out(%s : tensor<f32>)
  } : (tensor<?xf32>, tensor<?xf32>, tensor<f32>, tensor<f32>) -> (tensor<?xf32>, tensor<f32>, tensor<f32>)
  return %y : tensor<?xf32>
}"""


def declared():
    """The same for a declared combination of (a, u)."""
    scan = compile_text(DECLARED, "scan")["f"]
    case, T = Case(AFFINE_STEP, [], 0), 65537
    other = compile_text(case.text(), "reference")["f"]
    for name, column in affine_columns(T).items():
        values = case.inputs(np.random.default_rng(6), (), T)
        values[0] = column[0].astype(F)
        exact, want = case.evaluate(values), other(*values)
        got = [scan(values[0], values[1], F(1), values[2])[0], want[1]]
        expect_close_to(case, got, want, exact, f"declared {name}", few=2)


if __name__ == "__main__":
    for part in (filled, averages, fixed, rotations, chunks, declared):
        part()
