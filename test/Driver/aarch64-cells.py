# Every cell compiles for NEON from any host: vector arithmetic, no call per element, and a library.
# REQUIRES: aarch64-cross, numpy
# RUN: %python %s | FileCheck %s
# CHECK: aarch64 cells: ok
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "Inputs"))
import library
import tool

EM_AARCH64 = 183
TARGET = "--target=aarch64-unknown-linux-gnu"
SIZES = dict(D=24, G=3, H=24, I=17, K=3, M=5, N=4, O=24, S=24)
# Each of the others multiplies and adds on vectors.
VECTORS = {"biquad": ["fmla"], "cummax": ["fcmeq"], "ema": ["fmla"], "viterbi": ["fadd"], "viterbi_path": ["fcmeq"]}
# What a step in scalar code is told.
SCALAR = ("biquad_cascade", "kalman")
tool.folder()

for name in library.names():
    tool.write("cell.mlir", library.Cell(name, **SIZES).program())
    result = tool.run("cell.mlir", TARGET, "--emit=asm")
    assembly = result.stdout.decode()
    remarks = [l for l in result.stderr.splitlines() if b"remark: this step runs as scalar code" in l]
    tool.report(f"{name} compiles", result.returncode == 0, result.stderr)
    tool.report(f"{name} has a vector form", len(remarks) == (name in SCALAR), result.stderr)
    for instruction in VECTORS.get(name, () if name in SCALAR else ("fmla", "fadd")):
        found = re.search(rf"^\t{instruction}\tv\d+\.4s, v\d+\.4s", assembly, re.M)
        tool.report(f"{name} has {instruction} on vectors", found)
    calls = re.findall(r"\bbl\t(expf|exp|expm1f|tanhf|tanh|logf|log1pf|sinf|cosf|rsqrtf)\b", assembly)
    tool.report(f"{name} calls no function per element", not calls, calls)

    result = tool.run("cell.mlir", TARGET, "-o", f"{name}.so")
    tool.report(f"{name} links", result.returncode == 0, result.stderr)
    with open(f"{name}.so", "rb") as file:
        head = file.read(20)
    machine = int.from_bytes(head[18:20], "little")
    tool.report(f"{name} is for AArch64", (head[:4], machine) == (b"\x7fELF", EM_AARCH64), head)
    with open(f"{name}.h") as file:
        tool.report(f"{name} has its header", "f_call(" in file.read())
tool.finish("aarch64 cells")
