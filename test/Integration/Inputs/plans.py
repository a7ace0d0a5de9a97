"""The numbers contract: plan `fused` gives the bits of plan `reference` for every split of a
sequence over calls, batch size, alignment and thread count."""

import threading

import numpy as np

from bits import expect_same
from compiled import compile_text, context, levels


def pairs(text):
    """(march, reference library, fused library) for each level that this host can run."""
    for march in levels():
        yield march, compile_text(text, "reference", march), compile_text(text, "fused", march)


def in_parts(parts, threads=False, seed=0):
    """A parallel_for that cuts [0, n) into `parts` uneven ranges, in a shuffled order."""

    def run(n, body):
        rng = np.random.default_rng([seed, n])
        cuts = np.sort(rng.integers(0, n + 1, parts - 1))
        ranges = list(zip([0, *cuts], [*cuts, n]))
        rng.shuffle(ranges)
        if not threads:
            for begin, end in ranges:
                body(int(begin), int(end))
            return
        workers = [threading.Thread(target=body, args=(int(b), int(e))) for b, e in ranges]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    return run


def bind(function, values):
    """Dynamic sizes by name, read off the arguments."""
    sizes = {}
    for value, argument in zip(values, function.arguments):
        for name, size in zip(argument["shape"], np.shape(value)):
            if isinstance(name, str):
                sizes[name] = size
    return sizes


def stepwise(function, values, splits, context=None):
    """Outputs of f_step over the given chunk lengths, joined along time, and the state's bytes."""
    signature = function.signature
    time, sizes = signature["time"], bind(function, values)
    order = [s["argument"] for s in signature["states"] if s["argument"] < len(values)]
    stream = function.stream([values[i] for i in order], **sizes)
    kept = [i for i in range(len(values)) if i not in stream.state_arguments]
    outs = [r for i, r in enumerate(function.results) if i not in stream.state_results]
    axis = lambda tensor: tensor["shape"].index(time) if time in tensor["shape"] else None
    begin, pieces = 0, []
    for length in splits:
        chunk = []
        for i in kept:
            a = axis(function.arguments[i])
            cut = (slice(None),) * (a or 0) + (slice(begin, begin + length),)
            chunk.append(values[i] if a is None else np.ascontiguousarray(values[i][cut]))
        now = sizes | {time: length}
        shapes = [tuple(now[d] if isinstance(d, str) else d for d in r["shape"]) for r in outs]
        pieces.append(stream.step(*chunk, result_shapes=shapes, context=context))
        begin += length
    joined = [np.concatenate(p, axis(r)) for p, r in zip(zip(*pieces), outs)]
    return joined, stream.blob_bytes()


def splits_of(T, rng):
    """A few ways to cut T steps: at once, one by one (if few), unevenly, with an empty chunk."""
    yield [T]
    if 0 < T <= 33:
        yield [1] * T
    if T > 1:
        first = int(rng.integers(1, T))
        yield [first, 0, T - first]
        yield [16] * (T // 16) + [T % 16]


def check_calls(reference, fused, values, what, seed=0):
    """One call under both plans: alignments, threads, caller's scratch. Returns the result."""
    expected = reference(*values)
    expect_same(fused(*values, where="end"), expected, f"{what}, fused, end of page")
    expect_same(fused(*values, where="start"), expected, f"{what}, fused, start of page")
    offset = 1 + seed % 15
    inside = fused(*values, where="inside", seed=offset)
    expect_same(inside, expected, f"{what}, fused, off by {offset} elements")
    expect_same(reference(*values, where="inside", seed=offset), expected, f"{what}, reference, moved")
    return expected


def check_threads(function, values, expected, what):
    for parts in (1, 2, 3, 7):
        hook = context(in_parts(parts, seed=parts))
        expect_same(function(*values, context=hook), expected, f"{what}, {parts} parts")
    hook = context(in_parts(3, threads=True))
    expect_same(function(*values, context=hook), expected, f"{what}, 3 threads")
    scratch = np.empty(function.scratch_bytes(*values) + 1, np.uint8)[1:]
    hook = context(in_parts(2), scratch)
    expect_same(function(*values, context=hook), expected, f"{what}, caller's scratch")


def check_splits(function, values, expected, what, rng):
    """Stepwise equals whole; the streaming state does not depend on the split."""
    signature = function.signature
    results = {s["result"] for s in signature["states"]}
    outs = [e for i, e in enumerate(expected) if i not in results]
    sizes = bind(function, values)
    final = None
    for splits in splits_of(sizes[signature["time"]], rng):
        joined, blob = stepwise(function, values, splits)
        expect_same(joined, outs, f"{what}, in steps of {splits[:4]}…")
        assert final in (None, blob), f"{what}: the state depends on the split {splits[:4]}…"
        final = blob


def check_batch(function, values, expected, what, batch_name):
    """Each sequence alone gives what it gives in the batch."""
    size = bind(function, values)[batch_name]
    along = lambda t: t["shape"].index(batch_name) if batch_name in t["shape"] else None
    for b in {0, size // 2, size - 1} if size else set():
        pick = lambda v, t: v if along(t) is None else np.ascontiguousarray(v.take([b], along(t)))
        alone = function(*[pick(v, t) for v, t in zip(values, function.arguments)])
        wanted = [pick(e, t) for e, t in zip(expected, function.results)]
        expect_same(alone, wanted, f"{what}, sequence {b} of {size} alone")
