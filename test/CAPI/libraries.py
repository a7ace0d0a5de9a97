# RUN: %python %s %source/docs/examples/c-api/smooth.mlir %t
# REQUIRES: numpy, no-sanitizer
"""seqc_load on libraries that are cut short, damaged or foreign: a sentence, never a crash."""

import os
import random
import shutil
import subprocess
import sys

import seqc

MODEL, FOLDER = sys.argv[1], sys.argv[2]
shutil.rmtree(FOLDER, ignore_errors=True)
os.makedirs(FOLDER)
path = os.path.join(FOLDER, "smooth.so")
seqc.compile(MODEL).save(path)
with open(path, "rb") as file:
    good = file.read()


def refused(content, name):
    other = os.path.join(FOLDER, name)
    with open(other, "wb") as file:
        file.write(content)
    try:
        seqc.load(other)
    except (seqc.LoadError, seqc.CompileError) as error:
        return str(error)
    return ""


# The section headers stand last: without them only our own check can say what is missing.
for i, length in enumerate([0, 3, 4, 63, 64, 200, len(good) // 4, len(good) // 2, len(good) - 1]):
    message = refused(good[:length], f"cut{i}.so")
    assert message.startswith(FOLDER), (length, message)
rng = random.Random(5)
for i in range(20):
    assert refused(bytes(rng.randrange(256) for _ in range(300)), f"random{i}.so")
wrong = bytearray(good)
wrong[18:20] = (183).to_bytes(2, "little") if wrong[18] == 62 else (62).to_bytes(2, "little")
assert "expected a library for " in refused(wrong, "machine.so")
wrong = bytearray(good)
wrong[16:18] = (1).to_bytes(2, "little")
assert "expected a shared library, but got another ELF file" in refused(wrong, "object.so")
source = os.path.join(FOLDER, "foreign.c")
with open(source, "w") as file:
    file.write("int answer(void) { return 42; }\n")
foreign = os.path.join(FOLDER, "foreign.so")
subprocess.run(["gcc", "-shared", "-fPIC", source, "-o", foreign], check=True)
with open(foreign, "rb") as file:
    assert "expected a library that seqc wrote" in refused(file.read(), "copy.so")
# A name without a folder is a file here, not one that the loader searches for.
os.chdir(FOLDER)
assert seqc.load("smooth.so").smooth.streams
# A library for another processor: its description asks for what this one lacks.
if os.uname().machine == "x86_64":
    seqc.compile(MODEL, march="x86-64-v3").save(path)
    with open(path, "rb") as file:
        assert "expected a processor with fma4, but this one lacks it" in refused(
            file.read().replace(b'"avx2"', b'"fma4"'), "feature.so")
