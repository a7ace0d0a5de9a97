# RUN: %python %s
# REQUIRES: numpy, x86-host
"""What an emulated GPU counts: steps that keep channels apart read their inputs once and write their outs once, a warp's
request asks for no more sectors than its bytes fill, and counts do not depend on the order of threads."""

import os
import re
import subprocess

import library
from compiled import FOLDER, tool

B, T, D = 3, 200, 64
SECTOR = 32


def counts(source, seed, T=T):
    path = os.path.join(FOLDER.name, "counts.mlir")
    with open(path, "w") as file:
        file.write(source)
    model = path.replace(".mlir", ".so")
    subprocess.run([tool("seqc"), path, "--target=cuda", "--schedule=fused", "--device=emulate", "-o", model], check=True)
    environment = os.environ | {"SEQC_EMULATE_REPORT": "1", "SEQC_EMULATE_SEED": str(seed)}
    command = [tool("seqc-run"), model, "--size", f"B={B}", "--size", f"T={T}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    found = re.findall(
        r"emulated: launches (\d+), instructions (\d+), accesses (\d+), bytes (\d+), requests (\d+), sectors (\d+)",
        done.stderr,
    )
    assert len(found) == 1, done.stderr
    counted = dict(zip(("launches", "instructions", "accesses", "bytes", "requests", "sectors"), map(int, found[0])))
    others = re.findall(r", (shared requests|bank conflicts|barriers) (\d+)", done.stderr)
    return counted | {name: int(number) for name, number in others}


def least_bytes(cell, T=T):
    """Each input, state and weight once, each result once."""
    times = {"in": B * T, "state": B, "weight": 1}
    total = 0
    for kind, shape, _ in [*(a[1:] for a in cell.arguments), *cell.results]:
        elements = 1
        for size in shape:
            elements *= size
        total += times[kind] * elements * 4
    return total


for name in ("biquad", "ema", "gate_loop", "logcumsumexp", "rwkv4_wkv"):
    cell = library.Cell(name, D=D)
    got = counts(cell.program(), 1)
    assert got == counts(cell.program(), 7), name
    assert got["launches"] == 1, (name, got)
    ratio = got["bytes"] / least_bytes(cell)
    assert 1 <= ratio <= 1.1, f"{name}: {got['bytes']} bytes, {ratio:.3f} times the least"
    # 32 floats side by side are 4 sectors.
    assert got["sectors"] * SECTOR == got["bytes"], (name, got)
    assert got["sectors"] == 4 * got["requests"], (name, got)
    print(f"{name}: {ratio:.3f} times the least bytes, {got['sectors'] / got['requests']} sectors a request")

# Several modes of each channel: kernels in front move weights and states once, so that more steps are needed.
for name in ("mega_ema", "cema", "s4d"):
    cell = library.Cell(name, D=D, N=4)
    got = counts(cell.program(), 1, T=1000)
    ratio, sectors = got["bytes"] / least_bytes(cell, T=1000), got["sectors"] * SECTOR / got["bytes"]
    assert 1 <= ratio <= 1.1 and 1 <= sectors <= 1.1, f"{name}: {ratio:.3f} times the least bytes, {sectors:.3f} of them"
    print(f"{name}: {ratio:.3f} times the least bytes, sectors of {sectors:.3f} times those")

# Where a block carries a sequence, what its threads share is read and written without bank conflicts.
for name in ("elman", "gru", "gru_reset_before", "lstm"):
    cell = library.Cell(name, H=64, I=16)
    got = counts(cell.program(), 1)
    assert got["shared requests"] >= B * T and got["barriers"] >= B * T and got["bank conflicts"] == 0, (name, got)
    print(f"{name}: {got['shared requests']} requests of shared memory, no bank conflicts")
