# Bytecode: cut at every length and with 2,000 seeded bit flips, no crash, hang or signal.
# RUN: %python %s | FileCheck %s
# CHECK: bytecode: ok
import concurrent.futures
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "Driver", "Inputs"))
import tool

tool.folder()
tool.write("m.mlir", tool.SUM)
tool.report("write", tool.run("m.mlir", "-o", "m.mlirbc").returncode == 0)
good = open("m.mlirbc", "rb").read()
text = tool.run("m.mlir", "--emit=seq").stdout
again = tool.run("m.mlirbc", "--emit=seq")
tool.report("round trip", (again.returncode, again.stdout) == (0, text), again)
again = tool.run("-", "--emit=seq", stdin=good)
tool.report("from stdin", (again.returncode, again.stdout) == (0, text), again)
seeded = random.Random(2)
cases = [(f"cut at {size}", good[:size]) for size in range(4, len(good))]
for i in range(2000):
    bit = seeded.randrange(8 * len(good))
    flipped = bytearray(good)
    flipped[bit // 8] ^= 1 << bit % 8
    cases.append((f"flip of bit {bit}", bytes(flipped)))


def judge(case):
    result = tool.run("-", "--emit=seq", stdin=case[1], timeout=120)
    cut = case[0].startswith("cut")
    fine = result.returncode == 1 and b"error: " in result.stderr or result.returncode == 0 and not cut
    return case[0], fine, (result.returncode, result.stderr[:300])


with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    verdicts = list(pool.map(judge, cases))
for what, fine, detail in verdicts:
    tool.report(what, fine, detail)
died = sum(b"crash or stall the reader" in detail[1] for _, _, detail in verdicts)
print(f"{len(cases)} files, {died} would have crashed the reader")
tool.finish("bytecode")
