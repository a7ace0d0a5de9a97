# What is written: by suffix, by --emit, to stdout; stages, times and temporary files.
# RUN: %python %s | FileCheck %s
# CHECK: outputs: ok
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "Inputs"))
import tool

tool.folder()
tool.write("m.mlir", tool.SUM)


def product(args, check, file=None, stdin=b""):
    """Runs seqc quietly; the file it wrote, or its standard output, must pass `check`."""
    result = tool.run(*args, stdin=stdin)
    contents = open(file, "rb").read() if file and os.path.exists(file) else result.stdout
    tool.report(" ".join(args), (result.returncode, result.stderr) == (0, b"") and check(contents),
                (result.returncode, result.stderr, contents[:300]))
    if file:
        tool.report("stdout is empty", result.stdout == b"", result.stdout[:100])
        os.remove(file)


def has(*words):
    return lambda contents: all(word in contents for word in words)


elf = lambda kind: lambda contents: contents[:4] == b"\x7fELF" and contents[16] == kind
product(["m.mlir", "-o", "m.o"], elf(1), "m.o")
product(["m.mlir", "-o", "x.so"], elf(3), "x.so")
tool.report("header beside the library", b"sum_call" in open("x.h", "rb").read())
os.remove("x.h")
product(["m.mlir", "-o", "m.s"], has(b"sum_call:"), "m.s")
product(["m.mlir", "-o", "m.ll"], has(b"define ", b"@sum_call("), "m.ll")
product(["m.mlir", "-o", "m.h"], has(b"sum_call(", b"const float *u, const float *h0"), "m.h")
product(["m.mlir", "-o", "m2.mlir"], has(b"seq.recurrence"), "m2.mlir")
product(["m.mlir", "-o", "m.mlirbc"], lambda c: c[:4] == b"ML\xefR", "m.mlirbc")
product(["m.mlir", "--emit=seq"], has(b"seq.recurrence"))
product(["m.mlir", "--emit=simplified"], has(b"seq.recurrence"))
product(["m.mlir", "--emit=scheduled"], has(b"seq.recurrence", b"schedule(<"))
product(["m.mlir", "--emit=lowered"], lambda c: b"seq.recurrence" not in c and b"scf.for" in c)
product(["m.mlir", "--emit=llvm"], has(b"define "))
product(["m.mlir", "--emit=header"], has(b"sum_call("))
product(["m.mlir", "--emit=asm", "-o", "-"], has(b"sum_call:"))
product(["-", "--emit=seq"], has(b"seq.recurrence"), stdin=tool.SUM.encode())
product(["m.mlir", "--emit=scheduled", "-o", "other.name"], has(b"schedule(<"), "other.name")
product(["m.mlir", "--emit=scheduled", "--schedule=reference"], has(b"schedule(<reference"))
product(["m.mlir", "--emit=scheduled", "--schedule=fused"], has(b"schedule(<fused"))
product(["m.mlir", "--emit=scheduled", "--assume=B=4,T=100"], has(b"schedule(<"))
product(["m.mlir", "-o", "m.s", "--march=generic"], lambda c: b"ymm" not in c and b"zmm" not in c, "m.s")

# Every stage reads what the stage before it wrote.
scheduled = tool.run("m.mlir", "--emit=scheduled").stdout
product(["-", "--emit=lowered"], has(b"scf.for"), stdin=scheduled)

# The same input gives the same bytes.
tool.report("reproducible", tool.run("m.mlir", "--emit=obj", "-o", "-").stdout ==
            tool.run("m.mlir", "--emit=obj", "-o", "-").stdout)

result = tool.run("m.mlir", "-o", "t.so", "--time-passes")
times = [line.split()[0] for line in result.stderr.decode().splitlines()]
stages = ["load", "seq", "simplified", "scheduled", "lowered", "llvm"]
tool.report("times", result.returncode == 0 and [t for t in times if t in stages] == stages
            and times[-1] == "total" and "codegen" in times and "link" in times, result)

result = tool.run("m.mlir", "-o", "t.so", "--save-temps")
temps = sorted(n for n in os.listdir(".") if n.startswith("t.") and n not in ("t.so", "t.h"))
expected = [f"t.{i + 1}-{s}" for i, s in enumerate(
    ["seq.mlir", "simplified.mlir", "scheduled.mlir", "lowered.mlir", "llvm.mlir", "llvm.ll", "obj.o"])]
tool.report("temps", result.returncode == 0 and temps == expected, (temps, result))

# A device is written to, not replaced.
result = tool.run("m.mlir", "--emit=obj", "-o", "/dev/null")
tool.report("/dev/null", result.returncode == 0 and not os.path.isfile("/dev/null"), result)
tool.finish("outputs")
