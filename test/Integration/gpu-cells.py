# RUN: %python %s
# REQUIRES: numpy, x86-host
"""The cell library on an emulated GPU: the kernels that become PTX give the bits of `reference` on a CPU without a fast
divider, whatever the order of blocks and threads, with every access checked; `ptxas` makes them without spills. What
GPUs do not have yet is refused for the reason that stands here."""

import os
import re
import subprocess

import numpy as np

import library
from bits import expect_same
from compiled import FOLDER, compile_text, tool
from gpu_tools import ptxas

ARCHITECTURES = ("sm_80", "sm_90", "sm_100")
REGISTERS, THREADS = 65536, 128  # of an SM, of a block
MIXES = "steps that mix channels are not available on GPUs yet"
# Why a cell has no kernels yet.
UNAVAILABLE = dict.fromkeys(
    ["elman", "gru", "gru_reset_before", "hmm_forward", "kalman", "lstm", "viterbi", "viterbi_path"], MIXES
) | {"biquad_cascade": "expected work that is parallel over channels or sequences for a GPU"}


def compile_ptx(source, arch):
    path = os.path.join(FOLDER.name, "gpu.mlir")
    with open(path, "w") as file:
        file.write(source)
    command = [tool("seqc"), path, "--target=cuda", f"--cuda-arch={arch}", "-o", path + ".ptx"]
    return subprocess.run(command, capture_output=True, text=True), path + ".ptx"


def check_resources(name, source):
    """No spills, no memory of a thread's own, registers for as many blocks as the kernel says, on each architecture."""
    rows = []
    for arch in ARCHITECTURES:
        done, path = compile_ptx(source, arch)
        assert done.returncode == 0, done.stderr
        report = subprocess.run([ptxas(), "-v", f"-arch={arch}", path, "-o", path + ".cubin"], capture_output=True,
                                text=True)
        assert report.returncode == 0, f"{name} {arch}: {report.stdout}{report.stderr}"
        text = report.stdout + report.stderr
        used = re.findall(r"Compiling entry function '(\w+)'.*?Used (\d+) registers", text, re.S)
        registers = {kernel: int(n) for kernel, n in used}
        memory = re.findall(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", text)
        assert registers and len(registers) == len(memory), text
        assert all(set(m) == {"0"} for m in memory), f"{name} {arch}: {text}"
        with open(path) as file:
            wanted = re.findall(r"\.entry (\w+)\(.*?\.minnctapersm (\d+)", file.read(), re.S)
        blocks = {kernel: int(n) for kernel, n in wanted}
        assert blocks.keys() == registers.keys(), path
        for kernel, count in registers.items():
            assert count * THREADS * blocks[kernel] <= REGISTERS, f"{name} {kernel}: {count}, {blocks[kernel]} blocks"
        rows.append(max(registers.values()))
    return rows


def check_bits(name, cell):
    source = cell.program()
    gpu = compile_text(source, extra=["--target=cuda", "--device=emulate"], march=None)["f"]
    cpu = compile_text(source, "reference", "x86-64-v3")["f"]
    rng = np.random.default_rng(5)
    for B, T in [(0, 3), (1, 0), (1, 1), (3, 7), (2, 33), (5, 2)]:
        values = cell.values(rng, B, T)
        want = cpu(*values)
        for seed in (1, 2, 3):
            os.environ["SEQC_EMULATE_SEED"] = str(seed)
            expect_same(gpu(*values), want, f"{name}, B = {B}, T = {T}, seed {seed}")


for cell_name in library.names():
    cell = library.Cell(cell_name, **library.sizes_of(cell_name))
    done, _ = compile_ptx(cell.program(), "sm_80")
    if done.returncode:
        reason = UNAVAILABLE.get(cell_name)
        assert reason and reason in done.stderr, f"{cell_name}: {done.stderr}"
        print(f"{cell_name}: not yet: {reason}")
        continue
    assert cell_name not in UNAVAILABLE, f"{cell_name} has kernels now"
    registers = check_resources(cell_name, cell.program())
    check_bits(cell_name, cell)
    print(f"{cell_name}: registers {registers}")

# As many modes as models have.
for cell_name in ("mega_ema", "cema", "s4d", "selective_scan", "signed_selective_scan"):
    for modes in (16, 64) if "scan" in cell_name else (16,):
        cell = library.Cell(cell_name, D=64, N=modes)
        print(f"{cell_name}, {modes} modes: registers {check_resources(cell_name, cell.program())}")
