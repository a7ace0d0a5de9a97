# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Plan `scan` on packed sequences (`cu_seqlens`): each is a row of its own span of time, whose states
begin anew. Against float64, and the bits that each sequence has alone, in every form of the op; in
chunks, the same bits for any threads; past the caches; at offsets that are wrong, an error."""

import numpy as np

import bits
from compiled import SeqcError, compile_text, context
from plans import in_parts
from scan_steps import STEPS, Case, expect_within

rng = np.random.default_rng(6)
LENGTHS = [
    [0],
    [0, 0],
    [1],
    [65537],
    [0, 3, 0, 0, 17, 1, 0],
    [2, 1031, 0, 127, 1, 4099],
    [31, 32, 33, 63, 64, 65, 129],
]
CHUNKS = "<scan, vector_bits = 256, batch_tile = 3, chunk = 104, strip = 16, rows = 2, vectors = 2{}>"


def run(case, what, lengths, schedule="scan"):
    """Expects the contract, and the bits of each sequence alone; returns function and arguments."""
    one = Case(case.step, case.shape, 0, case.reverse, case.resets, data=case.data, schedule=case.schedule)
    alone = compile_text(one.text(), schedule)["f"]
    scan = compile_text(case.text(), schedule)["f"]
    other = compile_text(case.text().replace(case.schedule or "\0", "<reference>"), "reference")["f"]
    for some in lengths:
        values = case.inputs(rng, (), some)
        got, label = scan(*values), f"{what} {some}"
        expect_within(case, got, other(*values), values, label, few=4)
        cu, n, outs = values[-1], len(case.step.draw), len(case.step.outs)
        for i, (begin, end) in enumerate(zip(cu, cu[1:])):
            own = [v[i] if n <= k < n + len(case.step.initial) else v[begin:end] for k, v in enumerate(values[:-1])]
            parts = [v[begin:end] for v in got[:outs]] + [v[i] for v in got[outs:]]
            bits.expect_same(parts, alone(*own), label)
    return scan, values


def forms():
    for i, name in enumerate(STEPS):
        form = dict(reverse=i % 2 == 1, resets=i % 3 == 1, packed=True)
        run(Case(STEPS[name], [3], **form), name, LENGTHS[:3] + LENGTHS[4:])
    for shape in ([], [1], [2], [8]):
        run(Case(STEPS["affine, old state"], shape, packed=True), f"{shape}", LENGTHS)
    for data in ("bf16", "f16"):
        for reverse in (False, True):
            case = Case(STEPS["affine"], [3], 1, reverse, True, data=data, packed=True)
            run(case, f"{data} reverse={reverse}", LENGTHS[4:])


def chunks():
    """Few sequences, some of them long: chunks of each on its own."""
    for name, shape in (("affine", [1]), ("softmax with decay", [2]), ("welford", [4]), ("counts", [])):
        for stream in ("", ", stream_bytes = 4"):
            for reverse in (False, True):
                schedule = CHUNKS.format(stream)
                case = Case(STEPS[name], shape, 1, reverse, name == "welford", schedule=schedule, packed=True)
                empty = compile_text(case.text())["f"](*case.inputs(rng, (), []))
                assert all(v.size == 0 for v in empty)
                for lengths in ([0], [313], [0, 5000], [1, 0], [5104, 209]):
                    scan, values = run(case, f"{name} reverse={reverse} {schedule}", [lengths], "auto")
                    alone = scan(*values)
                    for parts in (in_parts(3), in_parts(4, threads=True)):
                        again = scan(*values, context=context(parts))
                        bits.expect_same(alone, again, f"{name} {lengths} in parts")


def independent():
    """A sequence's bits do not depend on what lies before and behind it, NaN included."""
    case = Case(STEPS["affine"], [3], packed=True)
    scan = compile_text(case.text(), "scan")["f"]
    values = case.inputs(rng, (), [70, 301, 65])
    alone = scan(*values)
    changed = [v.copy() for v in values]
    for v in changed[:2]:
        v[:70], v[371:] = np.nan, np.inf
    again = scan(*changed)
    bits.expect_same([alone[0][70:371], alone[1][1]], [again[0][70:371], again[1][1]], "neighbours")


def hostile():
    for schedule in ("", CHUNKS.format("")):
        case = Case(STEPS["affine"], [2], packed=True, schedule=schedule)
        scan = compile_text(case.text(), "auto" if schedule else "scan")["f"]
        values = case.inputs(rng, (), [20, 0, 20])
        low, high = np.iinfo(np.int64).min, np.iinfo(np.int64).max
        for cu in ([1, 2, 3, 40], [0, 3, 2, 40], [0, 0, 41, 40], [0, low, 0, 40], [0, high, high, 40], [40] * 4):
            try:
                scan(*values[:-1], np.array(cu))
            except SeqcError as error:
                assert "expected" in str(error) and "offset" in str(error), error
            else:
                raise AssertionError(f"{cu} was accepted")


if __name__ == "__main__":
    for part in (forms, chunks, independent, hostile):
        part()
