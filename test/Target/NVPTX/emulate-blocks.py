# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Tasks of blocks (Inputs/blocks.c: shared memory, barriers, shuffles, a counter, a look-back) from LLVM IR: their PTX
passes ptxas, and the emulator runs the same module. Right values at every size and seed; planted faults are errors."""

import glob
import json
import os
import re
import subprocess
import sys
import tempfile

import numpy as np

from compiled import Library, SeqcError, tool

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs")
CLANG = ["clang", "--target=nvptx64-nvidia-cuda", "-march=sm_80", "-Xclang", "-target-feature", "-Xclang", "+ptx80"]
TENSOR = {"dtype": "i32", "scalar": False, "shape": ["N"]}
FUNCTION = {
    "name": "f",
    "numbers": "bitwise",
    "symbols": ["N"],
    "arguments": [TENSOR | {"name": "x"}],
    "results": [TENSOR | {"name": "y"}],
    "hiddenArguments": [],
    "hiddenResults": [],
    "states": [],
    "streams": False,
    "notStreamable": "no steps",
    "time": None,
}
SIGNATURE = {"abi": 1, "module": "blocks", "triple": "x86_64-unknown-linux-gnu", "features": [], "functions": [FUNCTION]}
RACE = "expected no two threads of a launch at bytes that one of them writes, but got a "
FAULTS = {
    "NO_BARRIER": "but got a load of i32",
    "NO_ACQUIRE": RACE + "load of i32",
    "NO_RELEASE": RACE + "load of i32",
    "STATIC_TILES": "expected progress, but got a ",
    "PLAIN_LOOK": "but got a ",
    "NOT_WRITTEN": "expected bytes that were written before they are read, but got a load of",
    "PAST_THE_END": "expected an address inside of its array in shared memory, but got a load of i32",
    "DIVERGENT": "expected a barrier that all threads of the block come to, but got a barrier",
    "NO_WAIT": "expected bytes that were written before they are read, but got a load of i32",
    "EARLY_WAIT": "expected bytes that were written before they are read, but got a load of i32",
    "NO_MEETING": "of 'copied'",
    "SMALL_MASK": "expected a lane in its own mask, but got a shfl.sync.up.i32",
}


def build(folder, fault):
    path = os.path.join(folder, fault)
    command = CLANG + ["-O1", "-ffreestanding", "-S", "-emit-llvm", f"-DFAULT={fault}", os.path.join(HERE, "blocks.c")]
    text = subprocess.run(command + ["-o", "-"], capture_output=True, text=True, check=True).stdout
    text = re.sub(r'"target-(cpu|features)"="[^"]*"', "", text)
    text, marked = re.subn(r"(define .*@scan_block\(.*\)) (.*\{)", r'\1 "seqc.threads"="64" \2', text)
    assert marked == 1
    # clang's scope for NVIDIA is the system.
    text = re.sub(r"((?:load|store) atomic .*) (acquire|release|monotonic),", r'\1 syncscope("device") \2,', text)
    with open(path + ".ll", "w") as file:
        file.write(text)
    with open(path + ".json", "w") as file:
        json.dump(SIGNATURE | {"module": fault}, file)
    command = [tool("seqc-test-kernels"), path + ".json", path + ".ll", "-o", path + ".so", f"--ptx={path}.ptx"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Library(path + ".so")["f"], path + ".ptx"


def run(function, n, seed):
    os.environ["SEQC_EMULATE_SEED"] = str(seed)
    x = np.arange(n, dtype=np.int32) % 101 - 50
    return x, function(x)[0]


def check_ptx(path, more):
    with open(path) as file:
        text = file.read()
    for wanted in (".maxntid 64", "bar.sync", "shfl.sync.up", "atom", ".shared", *more):
        assert wanted in text, wanted
    found = [p for folder in sys.path for p in glob.glob(os.path.join(folder, "nvidia", "cu13", "bin", "ptxas"))]
    assert found, "expected ptxas, which tools/dev/setup installs"
    subprocess.run([found[0], "-arch=sm_80", path, "-o", path + ".cubin"], check=True)


with tempfile.TemporaryDirectory() as folder:
    for way, more in {
        "NONE": ["ld.acquire.gpu", "st.release.gpu"],
        "FENCES": ["fence.acq_rel"],
        "VOTES": ["redux.sync.add", "shfl.sync.bfly", "vote.sync.ballot", "bar.warp.sync", "cas"],
        "COPIES": ["cp.async.ca.shared.global", "cp.async.wait_group"],
    }.items():
        right, ptx = build(folder, way)
        check_ptx(ptx, more)
        for n in (0, 1, 31, 33, 64, 65, 1000, 3000):
            for seed in range(1, 13):
                x, y = run(right, n, seed)
                assert np.array_equal(y, np.cumsum(x)), (way, n, seed)
    for fault, what in FAULTS.items():
        wrong, _ = build(folder, fault)
        for seed in range(1, 21):
            try:
                run(wrong, 3000, seed)
            except SeqcError as error:
                message = str(error)
            else:
                raise AssertionError(f"{fault}: no error at seed {seed}")
            assert "emulated kernel 'f_1'" in message and what in message, (fault, seed, message)
        print(f"{fault}: {message}")
