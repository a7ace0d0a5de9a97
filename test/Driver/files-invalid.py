# Files that cannot be read or written, a linker that is missing, writes that fail half-way.
# RUN: %python %s | FileCheck %s
# CHECK: files: ok
import os
import resource
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "Inputs"))
import tool

tool.folder()
tool.write("m.mlir", tool.SUM)
os.mkdir("d")
before = sorted(os.listdir("."))


def wrong(message, *args):
    tool.expect(1, f"seqc: error: {message}\n", *args)


wrong("cannot read 'no.mlir': No such file or directory", "no.mlir", "--emit=seq")
wrong("cannot read 'd': it is a directory", "d", "--emit=seq")
os.mkdir("d.so")
wrong("cannot write 'd.so': it is a directory", "m.mlir", "-o", "d.so")
os.rmdir("d.so")
os.mkdir("e.s")
wrong("cannot write 'e.s': it is a directory", "m.mlir", "-o", "e.s")
os.rmdir("e.s")
wrong("cannot write 'no/m.so': No such file or directory", "m.mlir", "-o", "no/m.so")
wrong("cannot write 'no/e.json': No such file or directory", "m.mlir", "--explain=json:no/e.json")
os.mkdir("h.h")
wrong("cannot write 'h.h': it is a directory", "m.mlir", "-o", "h.so")
os.rmdir("h.h")

# A missing linker is found before any work is done.
result = tool.run("m.mlir", "-o", "m.so", "--linker=no-such-linker")
tool.report("linker", result.returncode == 1 and b"no-such-linker" in result.stderr
            and b"expected a linker" in result.stderr, result)
# A linker that fails is quoted.
result = tool.run("m.mlir", "-o", "m.so", "--linker=false")
tool.report("linker false", result.returncode == 1 and result.stderr.startswith(b"seqc: error: "), result)
tool.report("nothing written", sorted(os.listdir(".")) == before, os.listdir("."))

# A write that fails half-way (no space, RLIMIT_FSIZE) leaves the old pair.
tool.report("first", tool.run("m.mlir", "-o", "m.so").returncode == 0)
old = [open(n, "rb").read() for n in ("m.so", "m.h")]
tool.write("n.mlir", tool.SUM.replace("@sum", "@other_sum"))
names = sorted(os.listdir("."))
for limit in (512, 4096, 8192):
    result = tool.run("n.mlir", "-o", "m.so", preexec_fn=lambda: resource.setrlimit(
        resource.RLIMIT_FSIZE, (limit, limit)))
    tool.report(f"limit {limit}", result.returncode == 1 and b"error: " in result.stderr, result)
    tool.report("old pair", [open(n, "rb").read() for n in ("m.so", "m.h")] == old, limit)
    tool.report("no rest", sorted(os.listdir(".")) == names, os.listdir("."))

# Standard output that is full or closed.
with open("/dev/full", "wb") as full:
    import subprocess

    result = subprocess.run([tool.SEQC, "m.mlir", "--emit=seq"], stdout=full, stderr=subprocess.PIPE)
tool.report("full", (result.returncode, result.stderr) ==
            (1, b"seqc: error: cannot write to stdout: No space left on device\n"), result)
tool.finish("files")
