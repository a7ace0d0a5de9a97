# Files that cannot be read or written, a linker that is missing, writes that fail half-way.
# RUN: %python %s | FileCheck %s
# CHECK: files: ok
import os
import resource
import stat
import subprocess
import shutil
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

# A linker that is missing, one that fails, and none at all.
wrong("expected a linker, but found no program 'no-such-linker'",
      "m.mlir", "-o", "m.so", "--linker=no-such-linker")
failing = shutil.which("false")
wrong(f"linker '{failing}' failed", "m.mlir", "-o", "m.so", f"--linker={failing}")
tool.expect(1, "seqc: error: expected a linker, but found none of ld.lld-22, ld.lld, ld and cc; install lld or "
            "binutils, or name a linker\n", "m.mlir", "-o", "m.so", env={**os.environ, "PATH": "/nonexistent"})
tool.report("nothing written", sorted(os.listdir(".")) == before, os.listdir("."))

# A write that fails half-way (no space, RLIMIT_FSIZE) leaves the old pair.
tool.report("first", tool.run("m.mlir", "-o", "m.so").returncode == 0)
old = [open(n, "rb").read() for n in ("m.so", "m.h")]
tool.write("n.mlir", tool.SUM.replace("@sum", "@other_sum"))
names = sorted(os.listdir("."))
for limit in (0, 512, 4096, 8192, 20000):
    tool.expect(1, "seqc: error: could not write a temporary file: File too large\n", "n.mlir", "-o", "m.so",
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    tool.report("old pair", [open(n, "rb").read() for n in ("m.so", "m.h")] == old, limit)
    tool.report("no rest", sorted(os.listdir(".")) == names, os.listdir("."))

tool.expect(1, "seqc: error: could not write 'm.s': File too large\n", "n.mlir", "-o", "m.s",
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512)))
tool.report("no rest", sorted(os.listdir(".")) == names, os.listdir("."))

# Files without an end.
tool.expect(1, "seqc: error: expected at most 1 GiB in '/dev/zero', but got more\n", "/dev/zero", "-o", "z.so")
tool.expect(1, "/dev/zero: error: cannot read it: it is not a regular file\n",
            "m.mlir", "-o", "z.so", "--weights=/dev/zero")

# Standard output that is full or closed.
tool.report("a device", stat.S_ISCHR(os.stat("/dev/full").st_mode), "/dev/full")
with open("/dev/full", "r+b", buffering=0) as full:
    result = subprocess.run([tool.SEQC, "m.mlir", "--emit=seq"], stdout=full, stderr=subprocess.PIPE)
tool.report("full", (result.returncode, result.stderr) ==
            (1, b"seqc: error: cannot write to stdout: No space left on device\n"), result)
tool.finish("files")
