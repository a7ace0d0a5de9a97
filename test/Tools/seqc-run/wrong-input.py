# RUN: %python %s %source/test/CAPI/Inputs/forms.mlir %t
# REQUIRES: numpy
"""Wrong inputs of seqc-run: exit status 1 and the sentence. First the .npy files."""

import io
import os
import shutil
import subprocess
import sys

import numpy as np

FOLDER = sys.argv[2]
shutil.rmtree(FOLDER, ignore_errors=True)
os.makedirs(FOLDER)
# Compiled once: what follows is not about the compiler.
MODEL = os.path.join(FOLDER, "forms.so")
subprocess.run(["seqc", sys.argv[1], "-o", MODEL], check=True)


def expect(text, *arguments):
    process = subprocess.run(["seqc-run", MODEL, *arguments], capture_output=True, text=True)
    assert process.returncode == 1, (arguments, process)
    assert process.stderr.startswith("seqc-run: error: "), process.stderr
    assert text in process.stderr, f"expected {text!r}, but got {process.stderr}"


def file(content, name="x.npy"):
    path = os.path.join(FOLDER, name)
    with open(path, "wb") as out:
        out.write(content)
    return "--input=" + path


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def header(text, version=1):
    length = len(text).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + length + text.encode()


X = np.zeros((2, 5, 3), np.float32)
GOOD = npy(X)
SUM = "--function=sum"
expect("no.npy: No such file or directory", SUM, "--input=" + os.path.join(FOLDER, "no.npy"))
expect("x.npy: expected a .npy file, but its first bytes are others", SUM, file(b"hello, world"))
expect("x.npy: expected a .npy file", SUM, file(b""))
expect("expected .npy version 1, 2 or 3, but got 9", SUM, file(b"\x93NUMPY\x09\x00" + GOOD[8:]))
expect("bytes, but the file ends earlier", SUM, file(GOOD[:40]))
expect("bytes, but the file ends earlier", SUM, file(GOOD[:9]))
expect("expected a header of at most 1 MiB, but its length is", SUM,
       file(b"\x93NUMPY\x02\x00\xff\xff\xff\xff"))
for text in ("{", "[]", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': 0, 'shape': ()}",
             "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
             "{'descr': '<f4', 'fortran_order': False, 'shape': (1 2)}",
             "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 5, 3), 'x': True}",
             "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 5, 3)} junk",
             "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}"):
    expect("expected a header with descr, fortran_order and shape, but got: ", SUM,
           file(header(text)))
expect("expected sizes that fit into memory", SUM,
       file(header("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}")))
expect("the array is in Fortran order", SUM, file(npy(np.asfortranarray(np.ones((2, 5, 3), np.float32)))))
expect("expected elements of f32, but the file holds '>f4'", SUM, file(npy(X.astype(">f4"))))
expect("expected f32[?,?,3], but got complex64[2,5,3]", SUM, file(npy(X.astype(np.complex64))))
expect("expected 120 bytes of data, but got 119", SUM, file(GOOD[:-1]))
expect("expected 120 bytes of data, but the file goes on", SUM, file(GOOD + b"x"))
expect("Is a directory", SUM, "--input=" + FOLDER)

# What the call itself says.
expect("sum: argument 'x': expected f32[?,?,3], but got f64[2,5,3]", SUM, file(npy(X.astype(float))),
       "--size", "B=2")
expect("sum: argument 'x': expected f32[?,?,3], but got f32[2,5]", SUM, file(npy(X[:, :, 0])),
       "--size", "B=2")
expect("sum: argument 's0': ", SUM, file(GOOD), file(npy(X[:1, 0]), "s.npy"))
expect("expected a function with a step form, but 'backwards' has none: ", "--function=backwards",
       "--size=B=1", "--size=T=2", "--step")

# Random arguments.
expect("expected --size T=N for the argument 'x'", SUM, "--size", "B=2")
expect("expected a size of 'sum', but got 'Q'", SUM, "--size=Q=2")
expect("expected a scalar argument of 'twice', but got 'y'", "--function=twice", "--scalar=y=2")
expect("expected at most 1 inputs, but got 2", "--function=twice", file(GOOD), file(GOOD))
expect("expected sizes that fit into memory", SUM, "--size=B=1099511627776", "--size=T=1099511627776")

# Outputs and models.
expect("no/y.npy: cannot write: No such file or directory", "--function=twice",
       "--output=" + os.path.join(FOLDER, "no", "y.npy"))
process = subprocess.run(["seqc-run", os.path.join(FOLDER, "no.mlir")], capture_output=True, text=True)
assert process.returncode == 1 and "no.mlir" in process.stderr, process
with open(os.path.join(FOLDER, "wrong.mlir"), "w") as out:
    out.write("func.func @f(")
process = subprocess.run(["seqc-run", out.name], capture_output=True, text=True)
assert process.returncode == 1 and process.stderr.startswith(out.name + ":1:13: error: "), process
