"""What tests of GPUs share: NVIDIA's programs, and functions that this machine emulates.

    function = on_gpu(text)                          its only function f, by plan `scan`
    results = everywhere(function, values, "what")   the same bits whatever the order of threads
    count = counter(text, "scan")                    what the emulator counts in a call
    numbers = count(values, seed=2)
"""

import glob
import os
import re
import subprocess
import sys

import numpy as np

import bits
from compiled import FOLDER, compile_text, tool

VERSION = "13.0.88"  # of ptxas, as tools/dev/requirements-data.txt pins it
EMULATED = ["--target=cuda", "--device=emulate"]


def ptxas():
    """The pinned one that set-up installs: a gate that cannot run is a failure."""
    found = [p for folder in sys.path for p in glob.glob(os.path.join(folder, "nvidia", "cu13", "bin", "ptxas"))]
    assert found, "expected ptxas from nvidia-cuda-nvcc, which tools/dev/setup installs, but found none"
    text = subprocess.run([found[0], "--version"], capture_output=True, text=True, check=True).stdout
    assert f"V{VERSION}" in text, f"expected ptxas {VERSION}, but got {text}"
    return found[0]


def on_gpu(text, schedule="scan", extra=()):
    return compile_text(text, schedule, march=None, extra=[*EMULATED, *extra])["f"]


def everywhere(function, values, what, seeds=(1, 2, 3), **call):
    """The results, which do not depend on the order of threads."""
    results = []
    for seed in seeds:
        os.environ["SEQC_EMULATE_SEED"] = str(seed)
        results.append(function(*values, **call))
        bits.expect_same(results[-1], results[0], f"{what} seed {seed}")
    return results[0]


def counter(source, schedule):
    """A function that counts calls of the only function of `source`, with some arrays or with those of some sizes:
    a dict of the emulator's counts."""
    path = lambda name: os.path.join(FOLDER.name, name)
    with open(path("counts.mlir"), "w") as file:
        file.write(source)
    command = [tool("seqc"), path("counts.mlir"), *EMULATED, f"--schedule={schedule}", "-o", path("counts.so")]
    subprocess.run(command, check=True)

    def count(values=(), seed=1, **sizes):
        inputs = [argument for name, size in sizes.items() for argument in ("--size", f"{name}={size}")]
        for i, value in enumerate(values):
            np.save(path(f"{i}.npy"), value)
            inputs.append(f"--input={path(f'{i}.npy')}")
        environment = os.environ | {"SEQC_EMULATE_REPORT": "1", "SEQC_EMULATE_SEED": str(seed)}
        done = subprocess.run([tool("seqc-run"), path("counts.so"), *inputs], capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        (report,) = re.findall(r"emulated: (.*)", done.stderr)
        return {key: int(n) for key, n in re.findall(r"([a-z][a-z ]*) (\d+)", report)}

    return count
