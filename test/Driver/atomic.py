# Two compiles of one output at once leave a pair; an interrupted compile leaves nothing.
# RUN: %python %s | FileCheck %s
# CHECK: atomic: ok
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "Inputs"))
import tool

tool.folder()
tool.write("a.mlir", tool.SUM.replace("@sum", "@first"))
tool.write("b.mlir", tool.SUM.replace("@sum", "@second"))


def start(*args, on_interrupt=signal.SIG_DFL):
    # lit's workers ignore SIGINT, which children inherit.
    return subprocess.Popen([tool.SEQC, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            preexec_fn=lambda: signal.signal(signal.SIGINT, on_interrupt))


for round in range(6):
    both = [start(name, "-o", "m.so") for name in ("a.mlir", "b.mlir")]
    ends = [(p.communicate()[1], p.returncode) for p in both]
    tool.report("status", ends == [(b"", 0)] * 2, ends)
    header, library = open("m.h").read(), open("m.so", "rb").read()
    for name in ("first", "second"):
        inside = f"{name}_call".encode() in library
        tool.report(f"pair of {name}", inside == (f"{name}_call" in header))
names = sorted(os.listdir("."))
tool.report("no rest", names == ["a.mlir", "b.mlir", "m.h", "m.so"], names)

# Interrupted at many moments: the old pair or the new one, and no other file.
pairs = {}
for name in ("a", "b"):
    tool.run(f"{name}.mlir", "-o", "m.so")
    pairs[name] = [open(n, "rb").read() for n in ("m.so", "m.h")]
begin = time.monotonic()
tool.run("a.mlir", "-o", "m.so")
length = time.monotonic() - begin
for number in (signal.SIGINT, signal.SIGTERM):
    for part in range(12):
        process = start("b.mlir" if part % 2 else "a.mlir", "-o", "m.so")
        time.sleep(length * (part + 1) / 12)
        process.send_signal(number)
        process.communicate()
        tool.report("ended", process.returncode in (0, -number, 128 + number), process.returncode)
        now = [open(n, "rb").read() for n in ("m.so", "m.h")]
        tool.report("a pair", now in pairs.values(), part)
        names = sorted(os.listdir("."))
        tool.report("no rest", names == ["a.mlir", "b.mlir", "m.h", "m.so"], names)

# A compile that was told to ignore an interrupt goes on.
for part in range(4):
    process = start("a.mlir", "-o", "m.so", on_interrupt=signal.SIG_IGN)
    time.sleep(length * (part + 1) / 5)
    process.send_signal(signal.SIGINT)
    ends = process.communicate()[1], process.returncode
    tool.report("ignored", ends == (b"", 0), ends)

# A fresh output that is interrupted does not appear half-written.
process = start("a.mlir", "-o", "fresh.so")
process.send_signal(signal.SIGKILL)
process.communicate()
tool.report("fresh", os.path.exists("fresh.so") == os.path.exists("fresh.h"), os.listdir("."))
tool.finish("atomic")
