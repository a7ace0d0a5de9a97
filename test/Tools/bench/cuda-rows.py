# RUN: %python %s
# REQUIRES: numpy, x86-host
"""tools/bench --device=cuda: refused without a GPU, in a sentence; what is predicted, and a table in which that and
what was measured stand apart. An emulated device stands in for the GPU, and NumPy for torch."""

import contextlib
import io
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import types

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools"))
from benchmarks import cuda, rows, scans  # noqa: E402

BUILD = pathlib.Path(os.environ["SEQC_BUILD_DIR"])


def missing(name):
    raise OSError(f"/somewhere/lib{name}.so: cannot open\nmore")


def torch_with(available):
    return lambda name: types.SimpleNamespace(cuda=types.SimpleNamespace(is_available=lambda: available))


WANT = "expected a CUDA device for --device=cuda, but got none: "
assert cuda.refusal(missing) == WANT + "torch is not here (libtorch.so: cannot open)"
assert cuda.refusal(torch_with(False)) == WANT + "torch finds no driver, or no GPU"
assert cuda.refusal(torch_with(True)) == ""

assert [cuda.architecture(c) for c in ((7, 5), (8, 0), (8, 9), (9, 0), (10, 3), (12, 0))] == [
    "sm_80", "sm_80", "sm_80", "sm_90", "sm_100", "sm_100"]

# The program: one sentence, a code of its own, and no file.
with tempfile.TemporaryDirectory() as folder:
    hidden = os.environ | {"CUDA_VISIBLE_DEVICES": "", "TMPDIR": folder}
    done = subprocess.run([sys.executable, ROOT / "tools/bench", "--device=cuda", f"--build-dir={folder}"], cwd=folder,
                          capture_output=True, text=True, env=hidden)
    assert (done.returncode, done.stdout) == (4, "") and os.listdir(folder) == [], done
    assert done.stderr.startswith("bench: " + WANT) and done.stderr.count("\n") == 1, done

# The rows: all have a model and names of their own, and none is of a size that only a CPU is given.
names = [row.name for row in cuda.table()]
assert len(set(names)) == len(names) and {"affine (8,4096,1536)", "LSTM T1024 B16 H768"} <= set(names), names
assert all(row.size >= 1 << 20 for row in cuda.table())


class Array(np.ndarray):
    """What of a torch tensor the bench uses."""

    def data_ptr(self):
        return self.ctypes.data

    def copy_(self, other):
        self[...] = other


class Emulated(cuda.Device):
    """A device of DLPack's kind CPU, whose kernels this machine emulates."""

    kind, number, options, name = 1, 0, ("--target=cuda", "--device=emulate"), "emulated"

    def __init__(self, cumsum=np.cumsum):
        self.torch = types.SimpleNamespace(cumsum=cumsum, uint8=np.uint8, inference_mode=contextlib.nullcontext)

    def array(self, values):
        return np.array(values).view(Array)

    def empty(self, shape, like):
        return np.zeros(shape, like).view(Array)

    def numbers(self, array):
        return np.asarray(array)

    def stream(self):
        return None

    def times(self, run, runs):
        def once():
            start = time.perf_counter()
            run()
            return time.perf_counter() - start

        return [once() for _ in range(runs)]


def table(device, *chosen, pattern=""):
    """(exit code, lines) of the bench's run over these rows."""
    args = types.SimpleNamespace(build_dir=BUILD, rows=pattern, rounds=1)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as printed:
        code = cuda.run(args, folder, device, chosen)
    return code, printed.getvalue().splitlines()


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


affine, cumsum = rows.Affine(2, 40, 64), scans.Running("cumsum", 300)
code, lines = table(Emulated(), affine, cumsum)
assert code == 0 and lines[0] == "emulated", lines
head = cells(lines[2])
measured, predicted = (next(i for i, cell in enumerate(head) if word in cell) for word in ("seqc, measured", "predicted"))
assert head[predicted] == cuda.LABEL and "measured" not in head[predicted] and "predicted" not in head[measured], head
for line, name in zip(lines[4:6], (affine.name, cumsum.name)):
    row = cells(line)
    assert len(row) == len(head) and row[0] == name, line
    assert " / " in row[measured] and " to " in row[predicted] and " to " not in row[measured], line
assert "accelerated-scan: not run" in lines[4] and "torch " in lines[5] and "×" in lines[5], lines
assert any(l.startswith(f"{affine.name}, accelerated-scan: not run: accelerated_scan.warp is not here") for l in lines)
assert table(Emulated(), affine, cumsum, pattern="cumsum")[1][4].startswith("| cumsum")

# Numbers that are wrong are not timed, and end with a code of their own.
code, lines = table(Emulated(lambda x, axis: np.cumsum(x, axis) + 1), cumsum)
assert code == 1 and "torch: not run" in lines[4] and any("WRONG" in line for line in lines), lines

# Nothing that runs.
broken = Emulated()
broken.options = ("--target=cuda", "--device=emulate", "--schedule=reference")
code, lines = table(broken, rows.ParaGru(1, 8, 32))
assert code == 4 and cells(lines[4])[measured] == "not run" and " to " in cells(lines[4])[predicted], lines

# A CPU's explanation predicts nothing.
with tempfile.TemporaryDirectory() as folder:
    model = pathlib.Path(folder, "m.mlir")
    model.write_text(rows.model("affine", D=64))
    run = lambda *options: subprocess.run([BUILD / "bin/seqc", model, "--explain=json", *options], capture_output=True,
                                          text=True, check=True).stdout
    assert cuda.prediction(run("--march=x86-64-v3")) is None
    found = cuda.prediction(run("--target=cuda", "--assume=B=8,T=4096"))
    assert found.plan == "scan" and 0 < found.least < found.most < 1, found
