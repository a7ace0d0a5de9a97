# RUN: %python %s %S/../CAPI/Inputs/forms.mlir
# REQUIRES: numpy
"""Every wrong use of the Python module: which exception, and what it says."""

import json
import os
import subprocess
import sys

import numpy as np
import seqc

PATH = sys.argv[1]
MODEL = seqc.compile(PATH)
X, S = np.zeros((2, 5, 3), np.float32), np.zeros((2, 3), np.float32)


def expect(kind, text, call):
    try:
        call()
    except kind as error:
        assert text in str(error), f"expected {text!r}, but got {error!s}"
        return error
    raise AssertionError(f"expected {kind.__name__} with {text!r}")


# Compilation and files.
error = expect(seqc.CompileError, "<text>:1:14: error: ", lambda: seqc.compile("func.func @f(\n"))
assert error.diagnostics == str(error) and error.code == 101
error = expect(seqc.CompileError, "{", lambda: seqc.compile("func.func @f(\n", json_diagnostics=True))
assert json.loads(error.diagnostics.splitlines()[0])["severity"] == "error"
expect(seqc.CompileError, "MLIR bytecode", lambda: seqc.compile(b"no bytecode"))
expect(seqc.LoadError, "no-such.mlir", lambda: seqc.compile("no-such.mlir"))
expect(seqc.LoadError, "no-such.so", lambda: seqc.load("no-such.so"))
expect(seqc.CompileError, PATH, lambda: seqc.load(PATH))
expect(OSError, "no-such.so", lambda: seqc.load("no-such.so"))
expect(ValueError, "did you mean 'fused'", lambda: seqc.compile(PATH, schedule="fusd"))
expect(ValueError, "C identifier", lambda: seqc.compile(PATH, name="a b"))
expect(seqc.CompileError, "z80", lambda: seqc.compile(PATH, march="z80"))
expect(ValueError, "'.so'", lambda: MODEL.save("model.o"))
expect(seqc.LoadError, "no-such-folder", lambda: MODEL.save("/no-such-folder/model.so"))
expect(seqc.LoadError, "linker", lambda: MODEL.save("model.so", linker="/no-such-linker"))

# Calls.
expect(AttributeError, "expected one of the functions twice, types, sum, backwards, but got sun",
       lambda: MODEL.sun)
expect(KeyError, "expected one of twice, types, sum, backwards, but got sun", lambda: MODEL["sun"])
expect(TypeError, "sum: expected 2 arguments (x: f32[B, T, 3], s0: f32[B, 3]), but got 1",
       lambda: MODEL.sum(X))
expect(TypeError, "sum: argument 'x': expected float32, but got float64",
       lambda: MODEL.sum(X.astype(np.float64), S))
expect(TypeError, "sum: argument 'x': expected float32, but got int64",
       lambda: MODEL.sum([[[1, 2, 3]]], S))
expect(TypeError, "twice: argument 'x': expected a number that fits f32, but got 'a'",
       lambda: MODEL.twice("a"))
expect(ValueError, "sum: argument 'x': expected f32[?,?,3], but got f32[2,3]",
       lambda: MODEL.sum(S, S))
expect(ValueError, "sum: argument 'x': ", lambda: MODEL.sum(X[:, :, :2], S))
expect(ValueError, "sum: argument 's0': ", lambda: MODEL.sum(X, S[:1]))

# Streams.
expect(ValueError, "backwards: expected a step form, but it has none: ",
       lambda: MODEL.backwards.stream())
expect(TypeError, "sum: expected at most 1 initial states, but got 2",
       lambda: MODEL.sum.stream(S, S))
expect(TypeError, "sum: expected sizes named B, T, but got C", lambda: MODEL.sum.stream(C=1))
expect(TypeError, "sum: argument 's0': expected float32", lambda: MODEL.sum.stream(S > 0))
expect(ValueError, "sum: state 's0': expected size B=3 as in 'sizes', but got 2",
       lambda: MODEL.sum.stream(S, B=3))
expect(ValueError, "sum: expected B of at most 2**63 - 1, but got 18446744073709551618",
       lambda: MODEL.sum.stream(B=2**64 + 2))
expect(TypeError, "sum: expected an int as B, but got 2.5", lambda: MODEL.sum.stream(B=2.5))
expect(ValueError, "sum: expected size B of at least 0, but got -1",
       lambda: MODEL.sum.stream(B=-1))
stream = MODEL.sum.stream(B=2)
expect(TypeError, "sum: expected 1 arguments (x: f32[B, T, 3]), but got 2",
       lambda: stream.step(X, S))
expect(ValueError, "sum: ", lambda: stream.step(X[:1]))
size = len(stream.state)
expect(ValueError, f"expected a state of {size} bytes, but got 3",
       lambda: setattr(stream, "state", b"abc"))
stream.state = bytes(size)
expect(ValueError, "expected a streaming state made by its state_init, but got other bytes",
       lambda: stream.step(X))

# The library itself is missing.
environment = {**os.environ, "SEQC_LIBRARY": "/no/such/libseqc.so"}
process = subprocess.run([sys.executable, "-c", "import seqc"], env=environment, text=True,
                         capture_output=True)
assert "ImportError: cannot load libseqc.so: /no/such/libseqc.so" in process.stderr, process.stderr
