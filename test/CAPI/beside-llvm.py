# RUN: %python %s %S/Inputs/forms.mlir
# REQUIRES: numpy, no-sanitizer
"""libseqc compiles and runs in a process that has another LLVM, loaded before or after it."""

import ctypes
import glob
import subprocess
import sys

import numpy as np

SCRIPT = """
import ctypes, sys
def other():
    ctypes.CDLL(sys.argv[2], mode=ctypes.RTLD_GLOBAL)
if sys.argv[3] == "before":
    other()
import numpy as np, seqc
model = seqc.compile(sys.argv[1])
if sys.argv[3] == "after":
    other()
    model = seqc.compile(sys.argv[1], cache=False)
assert model.twice(np.float32(2)) == 4
"""

prefix = subprocess.run(["llvm-config", "--libdir"], capture_output=True, text=True).stdout.strip()
libraries = sorted(glob.glob(f"{prefix}/libLLVM*.so*"))
assert libraries, "expected libLLVM beside llvm-config"
for when in ("before", "after"):
    subprocess.run([sys.executable, "-c", SCRIPT, sys.argv[1], libraries[0], when], check=True)
