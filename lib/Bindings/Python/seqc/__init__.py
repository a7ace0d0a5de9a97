"""seqc: recurrences, compiled. NumPy arrays in, NumPy arrays out.

    import numpy as np, seqc

    model = seqc.compile("model.mlir", weights="model.safetensors")
    h, last = model.scan(u, h0)          # whole sequences

    stream = model.scan.stream(B=1)      # the same function, step by step
    y = stream.step(chunk)               # any number of steps at a time

    model.save("model.so")               # and model.h
    model = seqc.load("model.so")        # needs no compiler

`compile` takes the path of a `.mlir` or `.mlirbc` file, MLIR text, or bytecode as `bytes`.
`print(model)` lists the functions, `help(model.scan)` shows arguments, sizes and types.

Contiguous arrays are used where they are; others are copied to contiguous ones first. The type
of an array is never changed: a wrong one is a TypeError. Calls release the interpreter's lock,
so threads run side by side. A bfloat16 array has ml_dtypes' type if that package is there, and
otherwise holds the raw bits as uint16.
"""

from ._library import CompileError, Error, LoadError, version
from ._module import Function, Module, Stream, clear_cache, compile, load

__all__ = [
    "CompileError",
    "Error",
    "Function",
    "LoadError",
    "Module",
    "Stream",
    "clear_cache",
    "compile",
    "load",
    "version",
]
__version__ = version().split()[0]
