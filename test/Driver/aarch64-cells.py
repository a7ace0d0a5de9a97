# Every cell compiles for NEON from any host: vector arithmetic, no call per element, and a library.
# REQUIRES: aarch64-cross, numpy
# RUN: %python %s | FileCheck %s
# CHECK: aarch64 cells: ok
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "Inputs"))
import cells
import tool

EM_AARCH64 = 183
TARGET = "--target=aarch64-unknown-linux-gnu"
tool.folder()
library = os.path.join(os.environ["SEQC_SOURCE_DIR"], "lib", "Cells")
texts = sorted(n.removesuffix(".mlir") for n in os.listdir(library) if n.endswith(".mlir"))
tool.report("all cells", texts == sorted(cells.CELLS), texts)

for name in texts:
    tool.write("cell.mlir", cells.program(name, 24, 17))
    result = tool.run("cell.mlir", TARGET, "--emit=asm")
    assembly = result.stdout.decode()
    tool.report(f"{name} compiles", (result.returncode, result.stderr) == (0, b""), result.stderr)
    for instruction in ("fmla", "fadd"):
        found = re.search(rf"^\t{instruction}\tv\d+\.4s, v\d+\.4s", assembly, re.M)
        tool.report(f"{name} has {instruction} on vectors", found)
    calls = re.findall(r"\bbl\t(expf|exp|tanhf|tanh|log1pf)\b", assembly)
    tool.report(f"{name} calls no function per element", not calls, calls)

    result = tool.run("cell.mlir", TARGET, "-o", f"{name}.so")
    tool.report(f"{name} links", (result.returncode, result.stderr) == (0, b""), result.stderr)
    with open(f"{name}.so", "rb") as file:
        head = file.read(20)
    machine = int.from_bytes(head[18:20], "little")
    tool.report(f"{name} is for AArch64", (head[:4], machine) == (b"\x7fELF", EM_AARCH64), head)
    with open(f"{name}.h") as file:
        tool.report(f"{name} has its header", f"{name}_call(" in file.read())
tool.finish("aarch64 cells")
