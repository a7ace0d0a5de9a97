# RUN: %python %s %S/../CAPI/Inputs/forms.mlir %t
# REQUIRES: numpy
"""Calls, types, streams, saving and loading with the Python module."""

import copy
import os
import shutil
import subprocess
import sys
import threading

import numpy as np
import seqc

PATH, FOLDER = sys.argv[1], sys.argv[2]
shutil.rmtree(FOLDER, ignore_errors=True)
os.makedirs(FOLDER)
MODEL = seqc.compile(PATH, schedule="fused")
rng = np.random.default_rng(0)


def sums(x, s):
    out = np.empty_like(x)
    for t in range(x.shape[1]):
        s = s + x[:, t]
        out[:, t] = s
    return out, s


def test_scalar():
    y = MODEL.twice(1.5)
    assert type(y) is np.float32 and y == 3
    assert MODEL.twice(np.float32(2)) == 4 and MODEL["twice"](np.array(2, np.float32)) == 4


def test_types():
    kinds = [p.dtype for p in MODEL.types.arguments]
    values = [np.array([0, 1, 1, 0, 1]).astype(k) for k in kinds]
    if "ml_dtypes" not in sys.modules:
        values[3] = values[3] * 0x3F80  # the bits of 1.0
    for kind, value, result in zip(kinds, values, MODEL.types(*values)):
        assert result.dtype == kind and result.shape == (5,)
        if kind == np.uint16:
            assert list(result) == [0, 0x4000, 0x4000, 0, 0x4000]
        else:
            factor = 1 if kind == bool else 2
            assert np.array_equal(result.astype(float), factor * value.astype(float)), kind


def test_layouts():
    """Views, transposed and unaligned arrays give the same as contiguous ones; inputs stay."""
    x = rng.standard_normal((2, 7, 3)).astype(np.float32)
    s = rng.standard_normal((2, 3)).astype(np.float32)
    kept = x.copy(), s.copy()
    expected = sums(x, s)
    raw = np.zeros(x.nbytes + 1, np.uint8)
    unaligned = np.frombuffer(raw.data, np.float32, x.size, 1).reshape(x.shape)
    unaligned[...] = x
    for view in (x, np.asfortranarray(x), np.repeat(x, 2, axis=1)[:, ::2], unaligned):
        for actual, wanted in zip(MODEL.sum(view, s), expected):
            assert np.array_equal(actual, wanted)
    assert np.array_equal(x, kept[0]) and np.array_equal(s, kept[1])


def test_sizes():
    for B, T in ((0, 5), (1, 0), (1, 1), (3, 65)):
        x = rng.standard_normal((B, T, 3)).astype(np.float32)
        s = rng.standard_normal((B, 3)).astype(np.float32)
        for actual, wanted in zip(MODEL.sum(x, s), sums(x, s)):
            assert actual.shape == wanted.shape and np.array_equal(actual, wanted)


def test_stream():
    x = rng.standard_normal((2, 10, 3)).astype(np.float32)
    s = rng.standard_normal((2, 3)).astype(np.float32)
    whole, _ = sums(x, s)
    for cuts in ([10], [1] * 10, [0, 3, 7], [4, 0, 6]):
        stream = MODEL.sum.stream(s)
        parts = []
        for n in cuts:
            parts.append(stream.step(x[:, sum(map(len_of, parts)) :][:, :n]))
        assert np.array_equal(np.concatenate(parts, 1), whole), cuts
    zeros = MODEL.sum.stream(B=2)
    assert np.array_equal(zeros.step(x), sums(x, np.zeros((2, 3), np.float32))[0])
    assert zeros.sizes == {"B": 2}


def len_of(part):
    return part.shape[1]


def test_snapshots():
    x = rng.standard_normal((1, 6, 3)).astype(np.float32)
    stream = MODEL.sum.stream()
    stream.step(x[:, :3])
    kept, twin, same = stream.state, stream.copy(), copy.copy(stream)
    first = stream.step(x[:, 3:])
    assert np.array_equal(first, twin.step(x[:, 3:]))
    assert np.array_equal(first, same.step(x[:, 3:]))
    stream.state = kept
    assert np.array_equal(first, stream.step(x[:, 3:]))


def test_copied_module():
    """A copy does not release what the original still uses."""
    model = seqc.compile(PATH)
    other, function = copy.copy(model), model.twice
    assert other.twice(1.5) == 3
    del model, other
    assert function(1.5) == 3


def test_files():
    path = os.path.join(FOLDER, "forms.so")
    MODEL.save(path)
    assert os.path.exists(path[:-3] + ".h")
    loaded = seqc.load(path)
    x = np.ones((1, 4, 3), np.float32)
    assert np.array_equal(loaded.sum(x, x[:, 0])[0], MODEL.sum(x, x[:, 0])[0])
    assert loaded.info == MODEL.info and repr(loaded) == repr(MODEL)
    with open(PATH) as file:
        assert seqc.compile(file.read()).twice(1) == 2
    bytecode = os.path.join(FOLDER, "forms.mlirbc")
    subprocess.run(["seqc", PATH, "--emit=seq", "-o", bytecode], check=True)
    assert seqc.compile(bytecode).twice(1) == 2
    with open(bytecode, "rb") as file:
        assert seqc.compile(file.read()).twice(1) == 2


def test_inspection():
    f = MODEL.sum
    assert f.signature == (
        "sum(x: f32[B, T, 3], s0: f32[B, 3]) -> (sums: f32[B, T, 3], total: f32[B, 3])"
    )
    assert f.__doc__ == f.signature and f.signature in repr(MODEL)
    assert f.streams and f.time == "T" and f.sizes == ["B", "T"] and f.numbers == "bitwise"
    assert list(MODEL.functions) == ["twice", "types", "sum", "backwards"]
    assert not MODEL.backwards.streams and MODEL.backwards.why_not
    assert "sum" in dir(MODEL) and seqc.__version__ in seqc.version()


def test_schedules():
    x = rng.standard_normal((3, 33, 3)).astype(np.float32)
    s = np.zeros((3, 3), np.float32)
    reference = seqc.compile(PATH, schedule="reference", assume={"B": 3})
    assert np.array_equal(MODEL.sum(x, s)[0], reference.sum(x, s)[0])


def test_threads():
    x = rng.standard_normal((2, 50, 3)).astype(np.float32)
    s = np.zeros((2, 3), np.float32)
    expected, failures = MODEL.sum(x, s)[0], []

    def work(number):
        model = MODEL if number % 2 else seqc.compile(PATH, schedule="fused")
        for _ in range(50):
            if not np.array_equal(model.sum(x, s)[0], expected):
                failures.append(number)
            try:
                model.sum(x[:, :, :number], s)
                failures.append(number)
            except ValueError as error:
                if f"[2,50,{number}]" not in str(error):
                    failures.append(str(error))

    threads = [threading.Thread(target=work, args=(n,)) for n in (0, 1, 2, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


for name, test in list(globals().items()):
    if name.startswith("test_"):
        test()
