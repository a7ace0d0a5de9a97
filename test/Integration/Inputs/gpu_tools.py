"""NVIDIA's programs for tests of GPUs, and what the emulator counts."""

import glob
import os
import re
import subprocess
import sys

import numpy as np

from compiled import FOLDER, tool


def ptxas():
    """The pinned one that set-up installs: a gate that cannot run is a failure."""
    found = [p for folder in sys.path for p in glob.glob(os.path.join(folder, "nvidia", "cu13", "bin", "ptxas"))]
    assert found, "expected ptxas from nvidia-cuda-nvcc, which tools/dev/setup installs, but found none"
    return found[0]


def counts(source, schedule, values, seed=1):
    """What the emulator counts in a call of the only function of `source` with arrays `values`, a dict."""
    path = lambda name: os.path.join(FOLDER.name, name)
    with open(path("counts.mlir"), "w") as file:
        file.write(source)
    command = [tool("seqc"), path("counts.mlir"), "--target=cuda", "--device=emulate", f"--schedule={schedule}"]
    subprocess.run([*command, "-o", path("counts.so")], check=True)
    inputs = []
    for i, value in enumerate(values):
        np.save(path(f"{i}.npy"), value)
        inputs.append(f"--input={path(f'{i}.npy')}")
    environment = os.environ | {"SEQC_EMULATE_REPORT": "1", "SEQC_EMULATE_SEED": str(seed)}
    done = subprocess.run([tool("seqc-run"), path("counts.so"), *inputs], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    report = re.search(r"emulated: (.*)", done.stderr).group(1)
    return {key: int(n) for key, n in re.findall(r"([a-z][a-z ]*) (\d+)", report)}
