# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Plan `scan` in chunks: the same bits for any number of threads and any order of tasks, and for
any grouping of them; the contract's error; pieces of a sequence agree with the whole of it."""

import threading

import numpy as np

import bits
from compiled import compile_text, context
from scan_steps import STEPS, Case, expect_within

SMALL = "<scan, vector_bits = 512, batch_tile = 3, chunk = 128, strip = 16, rows = 2, vectors = 2{}>"
ODD = "<scan, vector_bits = 256, batch_tile = 2, chunk = 104, strip = 16, rows = 1, vectors = 1{}>"


def in_order(order):
    def run(n, body):
        for i in order(n):
            body(int(i), int(i) + 1)
    return run


def threads(count):
    def run(n, body):
        borders = [n * i // count for i in range(count + 1)]
        workers = [threading.Thread(target=body, args=border) for border in zip(borders, borders[1:])]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    return run


RUNS = {
    "backwards": in_order(lambda n: range(n - 1, -1, -1)),
    "shuffled": in_order(lambda n: np.random.default_rng(n).permutation(n)),
    "all at once": lambda n, body: body(0, n),
    "2 threads": threads(2),
    "3 threads": threads(3),
}


def orders():
    rng = np.random.default_rng(1)
    forms = [("affine", [1]), ("affine, old state", [3]), ("softmax with decay", [2]), ("biquad", []),
             ("welford", [4]), ("counts", [2]), ("cumprod", [4])]  # fmt: skip
    for i, (name, shape) in enumerate(forms):
        form = dict(batch_rank=i % 3, reverse=i % 4 == 1, resets=i % 3 == 1)
        plain = compile_text(Case(STEPS[name], shape, **form).text(), "reference")["f"]
        for schedule in (SMALL, ODD):
            for stream in ("", ", stream_bytes = 4"):
                case = Case(STEPS[name], shape, schedule=schedule.format(stream), **form)
                function = compile_text(case.text())["f"]
                for T in (0, 1, 103, 104, 129, 384, 1040, 2049):
                    values = case.inputs(rng, (2, 1)[: i % 3], T)
                    alone = function(*values)
                    expect_within(case, alone, plain(*values), values, f"{name} {case.schedule} T={T}", few=2)
                    for how, run in RUNS.items():
                        again = function(*values, context=context(run))
                        bits.expect_same(alone, again, f"{name} T={T} {how}")


def automatic():
    """--threads=N picks chunks; bits do not depend on the threads at run time."""
    rng = np.random.default_rng(2)
    for count in (2, 3):
        case = Case(STEPS["affine"], [1], 0)
        function = compile_text(case.text(), "scan", extra=[f"--threads={count}"])["f"]
        values = case.inputs(rng, (), 300_001)
        alone = function(*values)
        for how, run in RUNS.items():
            bits.expect_same(alone, function(*values, context=context(run)), f"--threads={count} {how}")
        plain = compile_text(case.text(), "reference")["f"](*values)
        bits.expect_close(alone, plain, f"--threads={count}", 1e-6, 1e-6)


def pieces():
    """A stream's steps of any size agree with the whole sequence."""
    rng = np.random.default_rng(3)
    for name in ("affine", "complex", "softmax", "cumsum", "welford", "largest"):
        case = Case(STEPS[name], [3])
        function = compile_text(case.text(), "scan")["f"]
        T, outs = 400, len(case.step.outs)
        values = case.inputs(rng, (2,), T)
        inputs, initial = values[: len(case.step.draw)], values[len(case.step.draw) :]
        names = function.signature["symbols"]
        stream = function.stream(initial, **{n: 2 for n in names})
        got, at = [], 0
        for n in (1, 2, 0, 17, 64, 100, 3, 200, 13):
            got.append(stream.step(*[v[:, at : at + n] for v in inputs], result_shapes=[(2, n, 3)] * outs))
            at += n
        whole = [np.concatenate(parts, axis=1) for parts in zip(*got)]
        bits.expect_close(whole, function(*values)[:outs], f"{name} in pieces", 2e-6, 2e-6)


if __name__ == "__main__":
    for part in (orders, automatic, pieces):
        part()
