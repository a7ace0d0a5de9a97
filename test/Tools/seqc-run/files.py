# RUN: %python %s %source/test/CAPI/Inputs/forms.mlir %t
# REQUIRES: numpy
"""NumPy reads what seqc-run writes and the other way round: every type, every file version."""

import io
import os
import shutil
import stat
import subprocess
import sys

import numpy as np

MODEL, FOLDER = sys.argv[1], sys.argv[2]
shutil.rmtree(FOLDER, ignore_errors=True)
os.makedirs(FOLDER)
TYPES = [np.float64, np.float32, np.float16, np.uint16, np.int64, np.int32, np.int16, np.int8, np.bool_]


def run(*arguments):
    return subprocess.run(["seqc-run", MODEL, *arguments], check=True, capture_output=True,
                          text=True).stdout


def name(kind, i):
    return os.path.join(FOLDER, f"{kind}{i}.npy")


def test_types(version):
    inputs = [np.array([0, 1, 1, 0, 1, 0, 1]).astype(k) for k in TYPES]
    inputs[3] = inputs[3] * np.uint16(0x3F80)  # 1.0 in bfloat16
    arguments = ["--function=types", "--guard=end"]
    for i, array in enumerate(inputs):
        with open(name("in", i), "wb") as file:
            np.lib.format.write_array(file, array, version=(version, 0))
        arguments += [f"--input={name('in', i)}", f"--output={name('out', i)}"]
    run(*arguments)
    for i, array in enumerate(inputs):
        out = np.load(name("out", i))
        out = out.view(np.uint16) if i == 3 else out
        expected = array if i == 8 else array + array
        expected = np.where(array, np.uint16(0x4000), np.uint16(0)) if i == 3 else expected
        assert out.dtype == array.dtype and np.array_equal(out, expected), TYPES[i]
    # What was written is read again: bfloat16 as V2.
    again = [f"--input={name('out', i)}" for i in range(len(TYPES))]
    run("--function=types", *again)


def test_scalars_and_empty():
    assert run("--function=twice", "--scalar", "x=1.5", f"--output={name('y', 0)}").startswith(
        "result0: f32[] ")
    assert np.load(name("y", 0)) == 3 and np.load(name("y", 0)).shape == ()
    np.save(name("in", 0), np.zeros((3, 0, 3), np.float32))
    run("--function=sum", f"--input={name('in', 0)}", f"--output={name('y', 0)}")
    assert np.load(name("y", 0)).shape == (3, 0, 3)
    np.save(name("in", 0), np.asfortranarray(np.ones(4, np.float64)))  # one dimension: no order


def test_seeds():
    def sums(*arguments):
        return run("--function=sum", "--size", "B=2", "--size=T=9", *arguments)

    assert sums() == sums("--seed=0") != sums("--seed=1")
    run("--function=sum", "--size=B=64", "--size=T=1", f"--output={name('y', 1)}")
    values = np.load(name("y", 1))
    assert values.min() < -1 and values.max() > 1 and np.all(values * 1024 % 1 == 0)


def test_pipe():
    """What is no regular file is written in place, and stays what it is."""
    os.mkfifo(name("pipe", 0))
    reader = subprocess.Popen(["cat", name("pipe", 0)], stdout=subprocess.PIPE)
    run("--function=twice", "--scalar", "x=1.5", f"--output={name('pipe', 0)}")
    written = reader.communicate(timeout=60)[0]
    assert stat.S_ISFIFO(os.stat(name("pipe", 0)).st_mode)
    assert np.load(io.BytesIO(written)) == 3


for version in (1, 2, 3):
    test_types(version)
test_scalars_and_empty()
test_seeds()
test_pipe()
